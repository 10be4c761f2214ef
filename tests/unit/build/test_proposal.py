"""The text of a proposal: whatever stands in it, it reads back as itself, and nothing gets out of its place."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from packllama.build import Line, Proposal
from packllama.modelfile import Command, Modelfile

WEIGHTS = Line("The weights.", Command("model", "./m.gguf"))
HOSTILE = st.text(st.sampled_from('"#F \t\r\n\x1b\u2028\u200b\ud800') | st.characters(), max_size=20)


def proposal(*lines: Line) -> Proposal:
    return Proposal(Path("m.gguf"), (WEIGHTS, *lines))


def commands(*lines: Line) -> list[tuple[str, str]]:
    """What a Modelfile of these lines says, besides its FROM."""
    found = Modelfile.parse(proposal(*lines).text).commands
    assert (found[0].name, found[0].argument) == ("model", "./m.gguf")
    return [(command.name, command.argument) for command in found[1:]]


def test_text() -> None:
    stops = [Line("By a format.", Command("stop", text)) for text in ("<a>", "b ")]
    suggestion = Line("The context.", Command("num_ctx", "8192"), active=False)
    assert proposal(*stops, Line("No licence."), suggestion).text.split("\n\n", 1)[1] == (
        "# The weights.\nFROM ./m.gguf\n\n"
        '# By a format.\nPARAMETER stop <a>\nPARAMETER stop "b "\n\n'
        "# No licence.\n\n"
        "# The context.\n# PARAMETER num_ctx 8192\n"
    )


def test_what_cannot_be_said_is_left_out() -> None:
    line = Line("A file.", Command("license", 'a"""\nFROM b'))
    assert line.text == "# LICENSE is left out: it holds what a Modelfile cannot.\n"
    assert commands(line) == []


@given(HOSTILE)
@example('"""\nFROM evil')
@example('x"\nFROM evil\nSYSTEM "y')
def test_hostile_texts(text: str) -> None:
    assert commands(Line("A file.", Command("license", text))) in ([("license", text)], [])


@given(HOSTILE)
@example("x\nFROM evil")
@example("x\rFROM evil")
def test_hostile_origins_and_suggestions(text: str) -> None:
    off = Line("A projector.", Command("model", text), active=False)
    assert commands(Line(text, Command("system", "x")), off) == [("system", "x")]


@pytest.mark.parametrize("text", ["\x1b[2J", "\u202e", "\u2028", "\u0085"])
def test_origins_are_harmless_on_a_terminal(text: str) -> None:
    assert text not in proposal(Line(f"a{text}b")).text
