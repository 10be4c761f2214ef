"""Texts between triple quotation marks."""

import pytest

from packllama.cli.chat.quotes import is_open, system_text, unquoted


@pytest.mark.parametrize(
    ("text", "open_", "inner"),
    [
        ("", False, ""),
        ("hello", False, "hello"),
        ('"hello"', False, '"hello"'),
        ('say """hi"""', False, 'say """hi"""'),
        ('"""', True, ""),
        ('""""', True, '"'),
        ('"""a', True, "a"),
        ('"""a\n', True, "a\n"),
        ('"""a\nb"""', False, "a\nb"),
        ('"""a\nb""" \n', False, "a\nb"),
        ('"""a"""\nb', True, 'a"""\nb'),
        ('""""""', False, ""),
        ('"""one line"""', False, "one line"),
    ],
)
def test_a_question(text: str, open_: bool, inner: str) -> None:
    assert is_open(text) is open_
    assert unquoted(text) == inner


@pytest.mark.parametrize(
    ("line", "open_", "text"),
    [
        ("/set system Be brief.", False, "Be brief."),
        ("/set  system   Be  brief.", False, "Be  brief."),
        ('/set system """Be\nbrief."""', False, "Be\nbrief."),
        ('/set system """Be', True, "Be"),
        ("/set system", False, None),
        ("/set system ", False, None),
        ("/set systematic x", False, None),
        ("set system x", False, None),
    ],
)
def test_a_system_message(line: str, open_: bool, text: str | None) -> None:
    assert is_open(line) is open_
    assert system_text(line) == text
