"""Answers held to a format, and thinking told from them, from pieces written down here."""

from collections.abc import Iterator

import pytest

from packllama.base.errors import EngineFailed
from packllama.engine import Chunk, Done, DoneReason
from packllama.engine.shaping import after_thinking, separated, whole_json
from packllama.prompt import Prompt

MARKS = ("<t>", "</t>")


def answer(*pieces: str, reason: DoneReason = DoneReason.STOP) -> Iterator[Chunk]:
    yield from map(Chunk, pieces)
    yield Chunk("", Done(reason, 7, 0, 0.1, len(pieces), 0.2))


def joined(chunks: Iterator[Chunk]) -> tuple[str, str]:
    """The thinking and the text; there is an end, and it comes last."""
    found = list(chunks)
    assert [chunk.done is not None for chunk in found] == [False] * (len(found) - 1) + [True]
    return "".join(chunk.thinking for chunk in found), "".join(chunk.text for chunk in found)


@pytest.mark.parametrize(
    ("prompt", "pieces", "thinking", "text"),
    [
        ("hi", ["<t>Hm", "m</", "t>", "Yes"], "Hmm", "Yes"),
        ("hi", ["Yes"], "", "Yes"),
        ("hi", ["<t>Hm </t"], "Hm </t", ""),
        ("hi", ["<", "t"], "", "<t"),
        ("hi <t>", ["Hm</t>Yes"], "Hm", "Yes"),
    ],
)
def test_thinking_is_told_from_content(prompt: str, pieces: list[str], thinking: str, text: str) -> None:
    parser = Prompt(prompt, thinking_marks=MARKS).thinking_parser()
    assert joined(separated(answer(*pieces), parser)) == (thinking, text)


def test_without_marks_nothing_is_told_apart() -> None:
    assert joined(separated(answer("<t>Hm</t>Yes"), None)) == ("", "<t>Hm</t>Yes")


@pytest.mark.parametrize(
    ("prompt", "said", "thinking", "second"),
    [
        pytest.param("hi", ["<t>", "Hm", "</t>", "Yes", "no"], "Hm", "hi<t>Hm</t>", id="thinks"),
        pytest.param("hi", ["\n<t>Hm</t>Yes"], "Hm", "hi\n<t>Hm</t>", id="thinks after a blank"),
        pytest.param("hi", ["<t>Hm</t>", "\n"], "Hm", "hi<t>Hm</t>", id="says nothing more"),
        pytest.param("hi", ["<t>Hm"], "Hm", "hi<t>Hm</t>", id="ends inside its thinking"),
        pytest.param("hi", ["Yes, ", "<t>no</t>"], "", "hi", id="does not think"),
        pytest.param("hi", [], "", "hi", id="says nothing"),
        pytest.param("hi<t>", ["Hm", "m</t>Yes"], "Hmm", "hi<t>Hmm</t>", id="the prompt opens it"),
        pytest.param("hi<t>", ["Hm"], "Hm", "hi<t>Hm</t>", id="the prompt opens it and nothing closes it"),
    ],
)
def test_the_second_question_repeats_the_thinking(prompt: str, said: list[str], thinking: str, second: str) -> None:
    asked: list[str] = []

    def free(text: str) -> Iterator[Chunk]:
        asked.append(text)
        return answer(*said)

    def shaped(text: str) -> Iterator[Chunk]:
        asked.append(text)
        return answer('{"a": 1}')

    chunks = after_thinking(Prompt(prompt, thinking_marks=MARKS), free=free, shaped=shaped)
    assert joined(chunks) == (thinking, '{"a": 1}')
    assert asked == [prompt, second]


def test_the_first_answer_is_left_where_its_thinking_ends() -> None:
    read: list[str] = []

    def free(text: str) -> Iterator[Chunk]:
        for chunk in answer("<t>Hm</t>", "Yes", "and a long story"):
            read.append(chunk.text)
            yield chunk

    list(after_thinking(Prompt("hi", thinking_marks=MARKS), free=free, shaped=lambda text: answer("{}")))
    assert read == ["<t>Hm</t>", "Yes"]


def test_no_room_is_left_for_an_answer() -> None:
    """The limit on tokens ended the thinking."""

    def shaped(text: str) -> Iterator[Chunk]:
        raise AssertionError(text)

    def free(text: str) -> Iterator[Chunk]:
        return answer("<t>Hm</", reason=DoneReason.LENGTH)

    chunks = list(after_thinking(Prompt("hi", thinking_marks=MARKS), free=free, shaped=shaped))
    assert joined(iter(chunks)) == ("Hm</", "")
    assert chunks[-1].done is not None


def test_a_model_that_does_not_think_is_asked_once() -> None:
    def free(text: str) -> Iterator[Chunk]:
        raise AssertionError(text)

    assert joined(after_thinking(Prompt("hi"), free=free, shaped=answer)) == ("", "hi")


@pytest.mark.parametrize("text", ["Hello", '{"a": 1', '{"a": 1} and more', "", "[" * 100_000])
def test_an_engine_that_ignores_the_format_is_found_out(text: str) -> None:
    with pytest.raises(EngineFailed, match="did not keep to the format") as caught:
        list(whole_json(answer(text)))
    assert "packllama[engine]" in caught.value.hint


def test_json_and_what_the_limit_cut_pass() -> None:
    assert joined(whole_json(answer('{"a":', " 1}"))) == ("", '{"a": 1}')
    assert joined(whole_json(answer('{"a":', reason=DoneReason.LENGTH))) == ("", '{"a":')
