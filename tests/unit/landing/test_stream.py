"""Compressed objects: whole, in several members, cut off, corrupt, and malicious."""

import gzip
import random
from io import BytesIO

import pyarrow as pa
import pytest

from stedi.contract import landing_contract
from stedi.errors import LandingError
from stedi.landing.fetch import fetch_object
from stedi.landing.limits import Limits
from stedi.landing.objects import local_object
from stedi.landing.split import Split
from stedi.landing.stream import Stream

CONTRACT = landing_contract("step_trainer")


def zstd(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data).to_pybytes()


def records(count: int, seed: int = 0) -> bytes:
    chance = random.Random(seed)  # noqa: S311 - no secret
    return b"".join(
        b'{"sensorReadingTime":%d,"serialNumber":"%d","distanceFromObject":%d}\n'
        % (1655564376361 + index, chance.randrange(10**12), chance.randrange(400))
        for index in range(count)
    )


def unpack(data: bytes, **limits: int) -> tuple[bytes, bool]:
    stream = Stream(lambda: BytesIO(data), size=len(data), limits=Limits(**limits), name="object")
    return b"".join(stream), stream.lost_end


@pytest.fixture
def read(tmp_path):
    def read(data: bytes, **limits: int) -> Split:
        file = tmp_path / "object"
        file.write_bytes(data)
        with fetch_object(local_object(str(file), CONTRACT), limits=Limits(**limits)) as fetched:
            return Split.concat(fetched.splits(CONTRACT, run=None), CONTRACT)

    return read


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
@pytest.mark.parametrize("size", [0, 1, 5000, 3_000_000])
def test_what_was_packed_comes_out(pack, size: int) -> None:
    data = random.Random(size).randbytes(size // 2) * 2  # noqa: S311 - no secret
    assert unpack(pack(b"{" + data)) == (b"{" + data, False)


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_members_one_after_the_other_come_out(pack) -> None:
    assert unpack(pack(b"one\n") + pack(b"") + pack(b"two\n")) == (b"one\ntwo\n", False)


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_what_comes_out_of_a_cut_off_object_is_read_and_one_record_stands_for_the_rest(
    read, pack, keep: float
) -> None:
    data = records(20_000)
    packed = pack(data)
    cut = packed[: int(len(packed) * keep)]
    text, lost = unpack(cut)
    assert lost
    assert data.startswith(text)
    assert len(text) >= (keep - 0.2) * len(data) - 200_000
    split = read(cut)
    assert len(split.kept) == text.count(b"}")
    assert split.rejected["reason"].to_list() == ["cut_off"]
    assert split.rejected["_position"].to_list() == [len(split.kept)]


def test_all_that_a_cut_off_gzip_holds_comes_out() -> None:
    data = records(20_000)
    assert unpack(gzip.compress(data)[:-8]) == (data, True)
    assert unpack(gzip.compress(data)[:-1]) == (data, True)


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_cut_between_records_is_seen(read, pack, end: bytes) -> None:
    whole = records(3).removesuffix(b"\n") + end
    split = read(pack(whole) + pack(b"more")[:5])
    assert len(split.kept) == 3
    assert split.rejected.select("reason", "raw", "_position").rows() == [("cut_off", "", 3)]


def test_a_corrupt_object_is_seen(read) -> None:
    packed = bytearray(gzip.compress(records(20_000)))
    packed[-6] ^= 0xFF
    split = read(bytes(packed))
    assert 10_000 < len(split.kept) <= 20_000
    assert split.rejected["reason"].to_list() == ["cut_off"]
    split = read(gzip.compress(records(3)) + b"trailing")
    assert (len(split.kept), split.rejected["reason"].to_list()) == (3, ["cut_off"])


def test_a_compressed_object_can_be_cut_to_its_magic_bytes(read) -> None:
    assert read(b"\x1f\x8b").rejected["reason"].to_list() == ["cut_off"]
    assert read(b"\x28\xb5\x2f\xfd").rejected["reason"].to_list() == ["cut_off"]
    assert read(b"\x1f").rejected["raw"].to_list() == ["\x1f"]


def test_a_bomb_stops_the_run_and_is_named_without_personal_data(tmp_path) -> None:
    file = tmp_path / "ann.example@test.com.json"
    file.write_bytes(gzip.compress(bytes(1_000_000)))
    limits = Limits(bomb_size=100_000, bomb_ratio=20)
    bomb = r"^<redacted>\.json \(object \w{12}\) unpacks to more than 20 times"
    with (
        fetch_object(local_object(str(file), CONTRACT), limits=limits) as fetched,
        pytest.raises(LandingError, match=bomb) as caught,
    ):
        list(fetched.splits(CONTRACT, run=None))
    assert "ann" not in str(caught.value)
    assert f"(object {fetched.digest[:12]})" in str(caught.value)


def test_a_ratio_is_no_bomb_while_it_is_small_and_a_size_is_none_at_a_low_ratio() -> None:
    assert unpack(gzip.compress(bytes(1000_000)), bomb_size=2_000_000, bomb_ratio=2)[0] == bytes(1_000_000)
    noise = random.Random(1).randbytes(1_000_000)  # noqa: S311 - no secret
    assert unpack(gzip.compress(noise), bomb_size=10, bomb_ratio=2)[0] == noise


def damaged(packed: bytes, place: int) -> bytes:
    changed = bytearray(packed)
    changed[place] ^= 0xFF
    return bytes(changed)


@pytest.mark.parametrize("place", [-8, -5, -40, 3000])
def test_what_unpacks_before_the_damage_of_a_gzip_is_read(place) -> None:
    data = records(20_000)
    packed = gzip.compress(data)
    text, lost = unpack(damaged(packed, place))
    assert lost
    alike = next((n for n, pair in enumerate(zip(text, data, strict=False)) if pair[0] != pair[1]), len(text))
    assert alike > 0.9 * len(data) * (place % len(packed)) / len(packed) - 1000


def test_only_what_a_damaged_block_of_a_zstd_holds_is_lost() -> None:
    data = records(20_000)
    packed = zstd(data)
    text, lost = unpack(damaged(packed, len(packed) // 2))
    assert lost
    assert data.startswith(text)
    assert len(text) > 0.3 * len(data)


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("many", [3, 60_000])
def test_what_nobody_packed_is_read_behind_what_was_packed(read, pack, many) -> None:
    data, plain = records(many), records(3, seed=1)
    assert unpack(pack(data) + plain) == (data + b"\n" + plain, False)
    split = read(pack(data) + plain)
    assert (len(split.kept), len(split.rejected)) == (many + 3, 0)


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("other", [gzip.compress, zstd])
@pytest.mark.parametrize("block", [4, 1000, 1 << 22])
def test_parts_are_read_however_each_is_packed(pack, other, block) -> None:
    one, two, three = records(300), records(3, seed=1).rstrip(), records(400, seed=2)
    assert unpack(two + pack(one), chunk=block) == (two + b"\n" + one, False)
    assert unpack(two + pack(one) + two + other(three), chunk=block) == (
        two + b"\n" + one + b"\n" + two + b"\n" + three,
        False,
    )
    between = b"" if pack is other else b"\n"
    assert unpack(pack(one) + other(three), chunk=block) == (one + between + three, False)
    assert unpack(pack(other(one)), chunk=block) == (one, False)
    assert unpack(pack(other(pack(one) + two)), chunk=block) == (one + b"\n" + two, False)


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("cut", [slice(-5), slice(-12), slice(4), slice(30)])
@pytest.mark.parametrize("noise", [b"", b"\xff" * 300])
def test_what_stands_behind_a_damage_is_read(read, pack, cut, noise) -> None:
    plain = records(3, seed=1)
    for behind in (plain, pack(plain), plain + pack(plain)):
        text, lost = unpack(pack(records(300))[cut] + noise + b"\n" + behind)
        assert lost
        assert text.endswith(b"\n" + plain)
        split = read(pack(records(300))[cut] + noise + b"\n" + behind)
        assert len(split.kept) >= behind.count(b"}") + 3 * (behind != plain)
        assert split.rejected["reason"].to_list()[-1] == "cut_off"


@pytest.mark.parametrize("noughts", [1, 8, 3_000_000])
def test_noughts_that_fill_up_a_gzip_are_no_damage(noughts) -> None:
    one, two = gzip.compress(b"one\n"), gzip.compress(b"two\n")
    assert unpack(one + bytes(noughts)) == (b"one\n", False)
    assert unpack(one + bytes(noughts) + two) == (b"one\ntwo\n", False)
    assert unpack(one + bytes(noughts) + two[:-9])[1]
    assert unpack(one + bytes(noughts) + two[:1])[0] == b"one\n\n\x1f"


def test_a_bomb_behind_a_damage_is_one() -> None:
    bomb = damaged(gzip.compress(b"one\n"), -8) + gzip.compress(bytes(1_000_000))
    padded = gzip.compress(b"one\n") + bytes(9) + gzip.compress(bytes(1_000_000))
    with pytest.raises(LandingError, match="decompression bomb"):
        unpack(bomb, bomb_size=100_000, bomb_ratio=20)
    with pytest.raises(LandingError, match="decompression bomb"):
        unpack(padded, bomb_size=100_000, bomb_ratio=20)
