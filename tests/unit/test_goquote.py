"""Quoting. What is expected, Go's strconv wrote."""

import pytest

from packllama.goquote import can_backquote, quote, quote_char


@pytest.mark.parametrize(
    ("text", "quoted", "in_ascii"),
    [
        ("", '""', '""'),
        ("it's", '"it\'s"', '"it\'s"'),
        ('"\\', '"\\"\\\\"', '"\\"\\\\"'),
        ("\a\b\f\n\r\t\v", '"\\a\\b\\f\\n\\r\\t\\v"', '"\\a\\b\\f\\n\\r\\t\\v"'),
        ("\0\x1b\x7f", '"\\x00\\x1b\\x7f"', '"\\x00\\x1b\\x7f"'),
        ("é😀", '"é😀"', '"\\u00e9\\U0001f600"'),
        ("\xa0\u2028\ufeff\U000e0001", '"\\u00a0\\u2028\\ufeff\\U000e0001"', '"\\u00a0\\u2028\\ufeff\\U000e0001"'),
        ("\udcff\ufffd", '"\\xff\ufffd"', '"\\xff\\ufffd"'),
    ],
)
def test_texts(text: str, quoted: str, in_ascii: str) -> None:
    assert quote(text) == quoted
    assert quote(text, ascii_only=True) == in_ascii


@pytest.mark.parametrize(
    ("char", "quoted"), [("a", "'a'"), ("'", "'\\''"), ('"', "'\"'"), ("\n", "'\\n'"), ("é", "'é'")]
)
def test_characters(char: str, quoted: str) -> None:
    assert quote_char(char) == quoted


def test_characters_in_ascii() -> None:
    assert quote_char("é", ascii_only=True) == "'\\u00e9'"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("a\tbé\u2028", True),
        ("`", False),
        ("\n", False),
        ("\x7f", False),
        ("\ufeff", False),
        ("\udcff", False),
    ],
)
def test_back_quotes(text: str, expected: bool) -> None:
    assert can_backquote(text) is expected
