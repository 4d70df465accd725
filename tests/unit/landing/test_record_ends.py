"""Marks around a text, however many: files that were put together may hold any number."""

import pytest

from stedi.landing.record_ends import BOM, stripped


@pytest.mark.parametrize("marks", [BOM * 5000, (BOM + b"[\n") * 5000, b" ,]" * 5000, b""])
def test_any_number_of_marks_is_taken_away(marks):
    assert stripped(marks + b'{"x": 1}' + marks) == b'{"x": 1}'
    assert stripped(marks) == b""


def test_bytes_of_a_mark_that_are_none_stay():
    assert stripped(b"\xbf\xbb\xef{}\xef\xbb") == b"\xbf\xbb\xef{}\xef\xbb"
