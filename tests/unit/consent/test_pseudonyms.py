"""Pseudonyms against vectors worked out from the definition of HMAC, and the secrecy of the key."""

import copy
import hashlib
import hmac
import os
import pickle
import stat
import traceback

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracle
from stedi import Pseudonyms
from stedi.consent.pseudonyms import key, keys
from stedi.errors import ConfigurationError, KeyMismatchError
from worlds import DEVICES, PEOPLE

COUNTING = bytes(range(32))
ZEROS = bytes(32)
LONG = b"k" * 100  # longer than a block of SHA-256: HMAC hashes it first

posix = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")


def by_hand(secret: bytes, message: bytes) -> str:
    """Return the first 16 bytes of HMAC-SHA256, from its definition (RFC 2104)."""
    block = secret if len(secret) <= 64 else hashlib.sha256(secret).digest()
    block = block.ljust(64, b"\x00")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).hexdigest()[:32]


@pytest.mark.parametrize(
    ("secret", "domain", "spelling", "expected"),
    [
        (COUNTING, "customer", "ann@example.com", "b0be60e1257d881eceb96963f5ef8e55"),
        (COUNTING, "customer", "stra\u00dfe@example.com", "e0970ae9f14585839a2b1396fd581c8a"),
        (
            COUNTING,
            "customer",
            "\u03bd\u03af\u03ba\u03bf\u03c2@example.gr",
            "999b5aabe86d107328553505ffe71946",
        ),
        (COUNTING, "device", "50a1b2c3-d4e5", "1b5b3e5fdfb5260bc7ecc8e14b946ab7"),
        (COUNTING, "customer", "50a1b2c3-d4e5", "79ce711df57379523af553b29f9e2201"),
        (ZEROS, "customer", "ann@example.com", "782d7ce9a131ae538fbaefcc19d8f619"),
        (ZEROS, "device", "50a1b2c3-d4e5", "e072db4921cb2e277a1774c0de1e92f7"),
        (LONG, "customer", "ann@example.com", "56656c578b38e56f71604d2280936b25"),
        (LONG, "device", "50a1b2c3-d4e5", "7d8d849af120fef2457e39771d996d1e"),
    ],
)
def test_golden_vectors(secret, domain, spelling, expected):
    pseudonyms = Pseudonyms(secret)
    made = pseudonyms.customer_id if domain == "customer" else pseudonyms.device_id
    message = domain.encode() + b"\x00" + spelling.encode("utf-8")
    assert made(spelling) == expected
    assert by_hand(secret, message) == expected
    assert hmac.new(secret, message, "sha256").digest()[:16].hex() == expected


def test_all_spellings_of_one_name_are_one_id_and_different_names_differ():
    pseudonyms = Pseudonyms(COUNTING)
    customers = [{pseudonyms.customer_id(spelling) for spelling in person} for person in PEOPLE]
    devices = [{pseudonyms.device_id(spelling) for spelling in device} for device in DEVICES]
    assert [len(ids) for ids in (*customers, *devices)] == [1] * (len(PEOPLE) + len(DEVICES))
    assert len(set.union(*customers, *devices)) == len(PEOPLE) + len(DEVICES)


@given(st.text(max_size=12), st.text(max_size=12))
def test_ids_are_equal_exactly_where_keys_are(one, other):
    pseudonyms = Pseudonyms(COUNTING)
    assert key(one) == oracle.key(one)
    assert (pseudonyms.customer_id(one) == pseudonyms.customer_id(other)) == (key(one) == key(other))
    assert pseudonyms.customer_id(one) == oracle.pseudonym(COUNTING, "customer", one)
    assert pseudonyms.device_id(one) == oracle.pseudonym(COUNTING, "device", one)


@given(
    st.text(alphabet=st.characters(codec="ascii"), max_size=12), st.sampled_from(" \t\r\n\u00a0\u3000\u2028")
)
def test_case_and_space_around_make_no_difference(text, space):
    assert key(f"{space}{text.upper()}{space}") == key(text)


@given(st.text(max_size=12))
def test_the_two_domains_never_meet(text):
    pseudonyms = Pseudonyms(COUNTING)
    assert pseudonyms.customer_id(text) != pseudonyms.device_id(text)


def test_another_key_makes_other_ids():
    one, other = Pseudonyms.generate(), Pseudonyms.generate()
    assert one.customer_id("ann@example.com") != other.customer_id("ann@example.com")
    assert one.fingerprint != other.fingerprint


def test_the_fingerprint_is_of_the_key_alone():
    assert (
        Pseudonyms(COUNTING).fingerprint == by_hand(COUNTING, b"fingerprint\x00")[:16] == "34fa527b3d233f12"
    )


@pytest.mark.parametrize("length", [0, 1, 31])
def test_a_short_key_is_refused(length):
    with pytest.raises(ConfigurationError, match=f"has {length} bytes, and needs at least 32"):
        Pseudonyms(b"\xab" * length)


def forms_of(secret: bytes) -> tuple[str, ...]:
    return secret.hex(), secret.hex().upper(), repr(secret), str(list(secret))


def assert_untold(text: str, secret: bytes) -> None:
    for form in forms_of(secret):
        assert form not in text
        assert form[4:20] not in text


def test_the_key_is_in_no_text_of_the_object():
    secret = bytes(range(100, 140))
    pseudonyms = Pseudonyms(secret)
    for text in (
        repr(pseudonyms),
        str(pseudonyms),
        f"{pseudonyms}",
        f"{[pseudonyms]}",
        pseudonyms.fingerprint,
    ):
        assert_untold(text, secret)
    assert not hasattr(pseudonyms, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pseudonyms_are_not_pickled(protocol):
    with pytest.raises(ConfigurationError, match="not pickled"):
        pickle.dumps(Pseudonyms(COUNTING), protocol)
    with pytest.raises(ConfigurationError, match="not pickled"):
        pickle.dumps({"nested": [Pseudonyms(COUNTING)]}, protocol)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_pseudonyms_are_not_copied(copied):
    with pytest.raises(ConfigurationError):
        copied(Pseudonyms(COUNTING))


@pytest.mark.parametrize("damage", ["zz", "é", "0", " 12 34 5"])
def test_no_error_tells_the_key(damage, tmp_path):
    secret = bytes(range(100, 132))
    file = tmp_path / "key"
    file.write_text(secret.hex() + damage, encoding="utf-8")
    file.chmod(0o600)
    for read in (lambda: Pseudonyms.from_hex(secret.hex() + damage), lambda: Pseudonyms.from_file(file)):
        with pytest.raises(ConfigurationError) as caught:
            read()
        told = traceback.TracebackException.from_exception(caught.value).format()
        assert_untold("".join(told), secret)


def test_hex_may_have_space_around_it_and_either_case():
    expected = Pseudonyms(COUNTING).fingerprint
    assert Pseudonyms.from_hex(f"  {COUNTING.hex().upper()}\n").fingerprint == expected


@posix
def test_a_saved_key_is_its_owners_alone_and_comes_back(tmp_path):
    file = tmp_path / "new" / "folder" / "key"
    old = os.umask(0)
    try:
        pseudonyms = Pseudonyms.generate()
        pseudonyms.save(file)
    finally:
        os.umask(old)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    again = Pseudonyms.from_file(file)
    assert again.fingerprint == pseudonyms.fingerprint
    assert again.customer_id("ann@example.com") == pseudonyms.customer_id("ann@example.com")


def test_a_key_is_never_written_over_another(tmp_path):
    file = tmp_path / "key"
    first = Pseudonyms.generate()
    first.save(file)
    with pytest.raises(ConfigurationError, match="can't be written"):
        Pseudonyms.generate().save(file)
    assert Pseudonyms.from_file(file).fingerprint == first.fingerprint


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o620, 0o601, 0o777])
def test_a_key_that_others_can_read_is_refused(tmp_path, mode):
    file = tmp_path / "key"
    Pseudonyms(COUNTING).save(file)
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600") as caught:
        Pseudonyms.from_file(file)
    assert_untold(str(caught.value), COUNTING)


@pytest.mark.parametrize("content", ["", "\n", "not hex", "abcd", "00" * 31])
def test_a_file_without_a_key_is_refused(tmp_path, content):
    file = tmp_path / "key"
    file.write_text(content, encoding="ascii")
    file.chmod(0o600)
    with pytest.raises(ConfigurationError):
        Pseudonyms.from_file(file)


def test_an_address_is_no_file_of_a_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="is no file of this machine"):
        Pseudonyms.generate().save("s3://bucket/key")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="can't be read"):
        Pseudonyms.from_file(tmp_path / "none")
    with pytest.raises(ConfigurationError, match="can't be read"):
        Pseudonyms.from_file(tmp_path)


@given(
    st.lists(
        st.one_of(st.text(max_size=12), st.text(alphabet=st.characters(max_codepoint=0x100), max_size=12))
    )
)
def test_the_keys_of_a_column_are_the_keys_of_its_texts(texts):
    assert keys(pl.Series(texts, dtype=pl.String)).to_list() == [key(text) for text in texts]


@pytest.mark.parametrize("number", range(0x80))
def test_every_ascii_character_counts_alike_in_a_column(number):
    text = f"{chr(number)}A{chr(number)}"
    assert keys(pl.Series([text])).to_list() == [key(text)]


# Several keys ---------------------------------------------------------------------------------------


def test_golden_vectors_of_a_wrapped_tombstone_and_a_signature():
    """Made with ``printf 'tombstone\\0%s' ID | openssl dgst -sha256 -mac HMAC -macopt hexkey:KEY``.

    The signing key is the HMAC of ``receipt-signing-key\\0``; a text is signed with that.
    """
    newer = Pseudonyms(b"k" * 32, retired=[COUNTING])
    made_with = newer.fingerprints[::-1]
    expected = "6228f41e2e5bf9deb835f783fc445dca"
    assert newer.wrap("b0be60e1257d881eceb96963f5ef8e55") == expected
    assert newer.tombstone_maker("customer", made_with)(" Ann@example.com") == expected
    assert Pseudonyms(COUNTING).sign(b"a receipt") == (
        "33de03c654584d1aea027430ed1d2507d1a97c135590166d83350ab8bff866bc"
    )


def test_several_keys_are_written_and_read_the_newest_first(tmp_path):
    three = Pseudonyms(b"c" * 32, retired=[b"b" * 32, b"a" * 32])
    three.save(tmp_path / "keys")
    text = (tmp_path / "keys").read_text()
    assert text.split() == [(letter * 32).encode().hex() for letter in "cba"]
    for found in (Pseudonyms.from_file(tmp_path / "keys"), Pseudonyms.from_hex(text.replace("\n", ","))):
        assert found.fingerprints == three.fingerprints
        assert found.customer_id("ann@example.com") == Pseudonyms(b"c" * 32).customer_id("ann@example.com")
    assert three.using(three.fingerprints[1]).reveal_all() == (b"b" * 32, b"c" * 32, b"a" * 32)
    assert three.using("0" * 16) is None
    assert not any(secret.hex() in repr(three) for secret in three.reveal_all())


def test_a_key_that_is_given_twice_is_refused_in_any_length():
    with pytest.raises(ConfigurationError, match="given twice"):
        Pseudonyms(bytes(32), retired=[bytes(40)])


def test_a_digest_of_a_key_that_is_missing_names_its_fingerprint():
    with pytest.raises(KeyMismatchError, match=Pseudonyms(COUNTING).fingerprint):
        Pseudonyms(ZEROS).tombstone_maker("device", [Pseudonyms(COUNTING).fingerprint])
