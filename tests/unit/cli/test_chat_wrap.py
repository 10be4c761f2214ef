"""Text wrapped at words while it arrives, as a terminal shows it."""

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.terminal import columns
from packllama.cli.chat.wrap import Wrap

ROWS = 200


def shown(pieces: list[str], width: int) -> list[str]:
    """The lines of a terminal of that width, without the blanks at their ends."""
    screen = pyte.Screen(width, ROWS)
    stream = pyte.Stream(screen)
    wrap = Wrap(width)
    for piece in pieces:
        stream.feed(wrap.lines(piece).replace("\n", "\r\n"))
    assert screen.cursor.x < width, "the last column stays free"
    return "\n".join(line.rstrip() for line in screen.display).rstrip("\n").split("\n")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("short", ["short"]),
        ("one two three four five six", ["one two", "three four", "five six"]),
        ("one two x three", ["one two x", "three"]),
        ("abcdefghijk x", ["abcdefghijk", "x"]),
        ("abcdefghijkl x", ["abcdefghijk", "l x"]),
        ("x abcdefghijklmno", ["x", "abcdefghijk", "lmno"]),
        ("one\ntwo\n\nthree", ["one", "two", "", "three"]),
        ("abcde fghij\nk", ["abcde fghij", "k"]),
        ("abcdefghijk\nl", ["abcdefghijk", "l"]),
        ("abcdefghijk \nl", ["abcdefghijk", "l"]),
        ("abcdefghij   l", ["abcdefghij", "l"]),
        ("a\tb\tc", ["a       b", "c"]),
        ("  two blanks", ["  two", "blanks"]),
    ],
)
def test_twelve_columns(text: str, lines: list[str]) -> None:
    assert shown([text], 12) == lines
    assert shown(list(text), 12) == lines


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("中文字符可以断开", "中文字符可\n以断开"),
        ("ab中文字符可以", "ab中文字符\n可以"),
        ("中文字符 hello", "中文字符 he\x1b[2D\x1b[K\nhello"),
        ("中文字hello world", "中文字hello\nworld"),
        ("中文字hellos", "中文字hello\x1b[5D\x1b[K\nhellos"),
        ("中文字符可e\u0301", "中文字符可e\u0301"),
        ("中文字符可\u0301以", "中文字符可\u0301\n以"),
        ("\u0301", "\u0301"),
    ],
)
def test_wide_characters(text: str, written: str) -> None:
    assert Wrap(12).lines(text) == written


def test_in_no_room_nothing_is_done() -> None:
    assert Wrap(9).lines("one two three") == "one two three"
    assert Wrap(0).lines("one two three") == "one two three"


WORDS = st.text(alphabet="ab \n,x中文é", max_size=120)


@given(WORDS, st.integers(10, 40), st.data())
def test_nothing_but_white_space_changes_and_every_line_fits(text: str, width: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(text)))
    wrap = Wrap(width)
    written = wrap.lines(text[:cut]) + wrap.lines(text[cut:])
    assert written == Wrap(width).lines(text)
    final = _taken_back(written)
    assert "".join(final.split()) == "".join(text.split())
    assert all(columns(line) < width for line in final.split("\n"))
    assert final.count("\n") >= text.count("\n")


def _taken_back(written: str) -> str:
    """What is left to see where words were taken back."""
    before, back, rest = written.partition("\x1b[")
    while back:
        count, _, rest = rest.partition("D")
        before = before[: -int(count)] + rest.removeprefix("\x1b[K").partition("\x1b[")[0]
        _, back, rest = rest.removeprefix("\x1b[K").partition("\x1b[")
    return before
