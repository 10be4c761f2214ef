"""Thinking and content, told apart while they stream."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.prompt import ThinkingParser

Parts = tuple[str, str]


def split(*pieces: str, primed: bool = False) -> tuple[Parts, Parts]:
    """What the pieces bring in all, and what the end brings."""
    parser = ThinkingParser("<think>", "</think>", primed=primed)
    fed = [parser.feed(piece) for piece in pieces]
    return ("".join(thinking for thinking, _ in fed), "".join(content for _, content in fed)), parser.close()


@pytest.mark.parametrize(
    ("text", "fed", "held"),
    [
        ("", ("", ""), ("", "")),
        ("no tags", ("", "no tags"), ("", "")),
        ("\u00a0\n<think>\v a b \u2003</think>\x85\n c \n", ("a b \u2003", "c \n"), ("", "")),
        ("x<think>a</think>b", ("", "x<think>a</think>b"), ("", "")),
        ("a</think>b", ("", "a</think>b"), ("", "")),
        ("<think>a<think>b", ("a<think>b", ""), ("", "")),
        ("<think>a</think><think>b</think>c", ("a", "<think>b</think>c"), ("", "")),
        ("<think> \n</think> \n", ("", ""), ("", "")),
        ("<think>a</</think>b", ("a</", "b"), ("", "")),
        ("\x1f<think>a", ("", "\x1f<think>a"), ("", "")),
        # The answer ends before it is clear what it was.
        (" \n ", ("", ""), ("", " \n ")),
        (" \n<thin", ("", ""), ("", " \n<thin")),
        ("<think>a</thin", ("a", ""), ("</thin", "")),
        ("<think>a<</", ("a<", ""), ("</", "")),
        ("<think> \n", ("", ""), ("", "")),
    ],
)
def test_split(text: str, fed: Parts, held: Parts) -> None:
    assert split(text) == split(*text) == (fed, held)


@pytest.mark.parametrize(
    ("text", "fed"),
    [("\n a</think>\nb", ("a", "b")), ("a", ("a", "")), ("<think>a</think>b", ("<think>a", "b"))],
)
def test_a_prompt_may_have_opened_the_thinking(text: str, fed: Parts) -> None:
    assert split(text, primed=True)[0] == fed


def test_the_end_gives_what_was_held_once() -> None:
    parser = ThinkingParser("<think>", "</think>")
    parser.feed(" <th")
    assert parser.close() == ("", " <th")
    assert parser.close() == ("", "")


PIECES = st.lists(st.sampled_from(["<think>", "</think>", "<th", "ink>", "</", "<", "thi", "nk>", " ", "\n", "a", "é"]))


@given(PIECES, st.sets(st.integers(0, 40)), st.booleans())
def test_where_an_answer_is_cut_changes_nothing(pieces: list[str], cuts: set[int], primed: bool) -> None:
    text = "".join(pieces)
    ends = [*sorted(cuts), len(text)]
    chunks = [text[start:end] for start, end in pairwise([0, *ends])]
    assert split(*chunks, primed=primed) == split(text, primed=primed)


@pytest.mark.parametrize("piece", [" ", "<", "a", "</", "<think"])
@pytest.mark.parametrize("primed", [False, True])
def test_long_answers_take_linear_time(piece: str, primed: bool) -> None:
    parser = ThinkingParser("<think>", "</think>", primed=primed)
    start = time.perf_counter()
    for _ in range(200_000):
        parser.feed(piece)
    # A buffer that is copied with every piece would take minutes.
    assert time.perf_counter() - start < 5
