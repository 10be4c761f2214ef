"""The table of printable characters, against what Python knows of them."""

import unicodedata

import pytest

from packllama.printable import is_printable


@pytest.mark.parametrize("char", ["a", " ", "~", "é", "\u0301", "€", "漢", "😀", "\ufffd", "\U000323af", "\U0001fae8"])
def test_printable(char: str) -> None:
    assert is_printable(char)


@pytest.mark.parametrize(
    "char",
    ["\0", "\t", "\n", "\r", "\x7f", "\x80", "\xa0", "\xad", "\u200b", "\u200d", "\u2028", "\u202e", "\u3000",
     "\ud800", "\udfff", "\ue000", "\ufeff", "\uffff", "\U000e0001", "\U0010ffff",
     "\U0001fae9"],  # the last one came with Unicode 16
)  # fmt: skip
def test_not_printable(char: str) -> None:
    assert not is_printable(char)


def test_agrees_with_python_where_python_is_no_newer() -> None:
    version = tuple(map(int, unicodedata.unidata_version.split(".")))
    for code in range(0x110000):
        if version <= (15, 0, 0) and chr(code).isprintable():
            assert is_printable(chr(code)), hex(code)
        if version >= (15, 0, 0) and is_printable(chr(code)):
            assert chr(code).isprintable(), hex(code)
