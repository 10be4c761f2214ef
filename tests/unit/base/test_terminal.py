"""No text from outside can steer a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.terminal import columns, escaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gemma3:12b", "gemma3:12b"),
        ("Grüße, 世界, 👋", "Grüße, 世界, 👋"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31mred", "\\x9b31mred"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "\\x1b]8;;http://x\\x07link\\x1b]8;;\\x07"),
        ("\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"),
        ("good\rbad", "good\\x0dbad"),
        ("a\nb\tc", "a\\x0ab\\x09c"),
        ("a\x00\x08\x7fb", "a\\x00\\x08\\x7fb"),
        ("abc\u202ecba", "abc\\u202ecba"),
        ("pay\u200bpal", "pay\\u200bpal"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("\ufeffx", "\\ufeffx"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\udcff", "\\udcff"),
        ("\ud83d", "\\ud83d"),
        ("\ue000", "\\ue000"),
        ("\U000e0041", "\\U000e0041"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_lines_may_be_kept() -> None:
    assert escaped("a\n\tb\x1b\r\n", keep="\n\t") == "a\n\tb\\x1b\\x0d\n"


@given(st.text(st.characters(exclude_categories=[])))
def test_what_comes_out_is_harmless_and_stays_so(text: str) -> None:
    shown = escaped(text)
    kept = {"\u200c", "\u200d"}
    assert not [c for c in shown if unicodedata.category(c)[0] == "C" and c not in kept]
    assert escaped(shown) == shown
    shown.encode()  # no lone surrogate is left


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("ä", 1),
        ("a\u0308", 1),
        ("世界", 4),
        ("ｆｕｌｌ", 8),
        ("👋", 2),
        ("می\u200cخ", 3),
        ("क्ष", 2),
        ("1\ufe0f\u20e3", 1),
    ],
)
def test_columns(text: str, count: int) -> None:
    assert columns(text) == count
