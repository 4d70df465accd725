"""Erasing from landing objects that are packed, encoded, wrapped or torn: the person goes, others stay."""

import gzip
import json
from urllib.parse import quote

import pyarrow as pa
import pytest

import stedi
from lakes import lake_at, put, run, sent
from worlds import HOURS, customer, reading, step

ANN, BOB, CLEO = "ann@ex.com", "bob@ex.com", "cleo@ex.com"


def records(*emails):
    made = (customer(email, f"device-{email[:3]}", share=HOURS[0], customer_name="N") for email in emails)
    return [json.dumps(sent(each)) for each in made]


def lines(*emails):
    return "".join(f"{each}\n" for each in records(*emails)).encode()


def zipped(data):
    return gzip.compress(data, mtime=0)


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


def wide(*emails, order=""):
    return lines(*emails).decode().encode(f"utf-16{order}")


def doubled(*emails):
    return "".join('"' + each.replace('"', '""') + '"\n' for each in records(*emails)).encode()


def coloured(*emails):
    return lines(*emails).replace(b"@", b"\x1b[m\x1b[K@").replace(b'"email": "', b'"email": "\x1b[01;31m')


CLEAN = {
    "gzip twice": lambda *of: zipped(zipped(lines(*of))),
    "zstd in gzip": lambda *of: zipped(zstd(lines(*of))),
    "an array in gzip": lambda *of: zipped(f"[{', '.join(records(*of))}]".encode()),
    "UTF-16": wide,
    "UTF-16 without its mark": lambda *of: wide(*of, order="-be"),
    "CSV": doubled,
    "Python": lambda *of: "".join(f"{json.loads(each)}\n" for each in records(*of)).encode(),
    "JSON in a text": lambda *of: "".join(f"{json.dumps(each)}\n" for each in records(*of)).encode(),
    "percents": lambda *of: quote(lines(*of), safe="\n").encode(),
    "Latin-1": lambda *of: lines(*of).replace(b'"N"', b'"\xe9"'),
    "colours": coloured,
}
"""How records may lie of which one goes, and nothing else changes for whoever reads them."""

PARTS = {
    "two members": lambda first, last: zipped(first) + zipped(last),
    "lines, then gzip": lambda first, last: first + zipped(last),
    "gzip, then lines": lambda first, last: zipped(first) + last,
    "gzip, then zstd": lambda first, last: zipped(first) + zstd(last),
    "UTF-16 files": lambda first, last: first.decode().encode("utf-16") + last.decode().encode("utf-16"),
}

TORN = {
    "a torn member, then lines": lambda: zipped(lines(BOB))[:-6] + b"\n" + lines(ANN, CLEO),
    "a torn member": lambda: zipped(lines(BOB, CLEO, ANN))[:-9],
    "UTF-8 behind UTF-16": lambda: wide(BOB) + lines(ANN, CLEO),
}
"""What can't be cut: it stays as it is, and the receipt names it."""


def split(file):
    found = stedi.read_landing(file, "customer_landing")
    kept = found.kept.drop("_object", "_digest", "_position", "_run")
    return sorted(map(repr, kept.iter_rows())), sorted(found.rejected["raw"])


@pytest.fixture
def landing(tmp_path):
    root = tmp_path / "landing"
    people = (ANN, BOB, CLEO)
    put(root, "accelerometer/a.json", [sent(reading(email, HOURS[2])) for email in people])
    put(root, "step_trainer/a.json", [sent(step(f"device-{email[:3]}", HOURS[2])) for email in people])
    put(root, "customer/a.json", records("dave@ex.com"))
    return root


@pytest.fixture
def erase(tmp_path, landing):
    def erase(**options):
        lake = lake_at(tmp_path / "lake", buckets=2)
        run(lake, landing, max_rejected=1)
        receipt = lake.erase(email=ANN, landing=landing, **options)
        assert lake.verify().findings == ()
        held = lake.scan("quarantine", include_withdrawn=True).select("emails", "raw").collect()
        assert not any("ann@" in text for text in map(repr, held.iter_rows()))
        return receipt

    return erase


def test_a_person_goes_from_every_packing_and_wrapping(landing, erase, tmp_path):
    expected = {}
    (tmp_path / "without").mkdir()
    for name, written in (*CLEAN.items(), *PARTS.items()):
        for number, order in enumerate(((ANN, BOB, CLEO), (BOB, ANN, CLEO), (BOB, CLEO, ANN))):
            file = landing / "customer" / f"{name} {number}.json"
            left = tmp_path / "without" / file.name
            rest = [each for each in order if each != ANN]
            if name in CLEAN:
                file.write_bytes(written(*order))
                left.write_bytes(written(*rest))
            else:
                file.write_bytes(written(lines(*order[:2]), lines(*order[2:])))
                left.write_bytes(lines(*rest))
            expected[file] = split(left)
    receipt = erase()
    assert receipt.remains.objects == ()
    assert {file.name for file in expected if split(file) != expected[file]} == set()


def test_what_can_not_be_cut_stays_and_is_named(landing, erase):
    written = {landing / "customer" / f"{name}.json": make() for name, make in TORN.items()}
    for file, data in written.items():
        file.write_bytes(data)
    # A text that names two people lists the devices of each for both.
    receipt = erase(device="keep")
    assert len(receipt.remains.objects) == len(TORN)
    assert {file.read_bytes() == data for file, data in written.items()} == {True}


def test_a_rejected_record_stays_for_whom_it_denies_beside_the_person(landing, erase):
    time = 1655564376361
    texts = {
        "keys in two cases": f'{{"email": "{BOB}", "Email": "{ANN}", "lastUpdateDate": {time}}}\n',
        "the other behind": f'{{"email": "{ANN}", "EMAIL": "{BOB}", "lastUpdateDate": {time}}}\n',
        "a list": f'{{"email": "{ANN}", "lastUpdateDate": "x", "others": ["{BOB}"]}}\n',
        "too long": f'{{"email": "{ANN}", "others": "{"x" * 5_000_000}{BOB}", "lastUpdateDate": {time}}}\n',
    }
    for name, text in texts.items():
        (landing / "customer" / f"{name}.json").write_text(text)
    put(landing, "customer/c.json", records(ANN, BOB))
    receipt = erase(device="keep")
    whys = [left.why for left in receipt.remains.objects]
    assert whys == ["1 record of others names them too"] * len(texts)
    assert {name: (landing / "customer" / f"{name}.json").read_text() for name in texts} == texts


def test_a_long_word_takes_no_longer_than_its_length(landing, erase):
    # Looked for from each letter on, an e-mail in it would take hours.
    word = "x" * 2_000_000
    (landing / "customer" / "b.json").write_text(f'{{"picture": "{word}", "email": ["{ANN}"]}}\n')
    assert erase().remains.objects == ()
    assert (landing / "customer" / "b.json").read_bytes() == b""
