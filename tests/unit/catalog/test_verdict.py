"""How well a template agrees with what a GGUF's own writes, conversation by conversation."""

import json
from collections.abc import Callable

import pytest

from packllama.catalog.abilities import Ability
from packllama.catalog.conversations import LATER, PLAIN, PROBES, THINKING, TOOLS, Request
from packllama.catalog.formats import FORMATS
from packllama.catalog.jinja import Refusal, Rendering
from packllama.catalog.verdict import Fit, Verdict, fit, rendered
from packllama.template import Template

CHATML = Template.parse(FORMATS["chatml"].text())
ALL = {**PLAIN, "u later": LATER, **TOOLS, **THINKING, **PROBES}
EXACT, DEFAULT, NEARLY, LEFT_OUT, OUT = Verdict

Change = Callable[[str, Request, str], Rendering]


def written(request: Request, *, first: str = "") -> str:
    """ChatML, by hand."""
    turns = [("system", first)] if first else []
    turns += [(str(message["role"]), str(message["content"])) for message in request.messages]
    return "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns) + "<|im_start|>assistant\n"


def compared(change: Change, template: Template = CHATML) -> Fit:
    return fit(template, {name: change(name, request, written(request)) for name, request in ALL.items()})


def by_default(_name: str, request: Request, text: str) -> str:
    return text if request.has_system else written(request, first="Be brief.")


def refusing(*names: str) -> Change:
    return lambda name, _request, text: Refusal("no") if name in names else text


def instead(**texts: Callable[[str], str]) -> Change:
    return lambda name, _request, text: texts[name](text) if name in texts else text


def everywhere(change: Callable[[str], str]) -> Change:
    return lambda _name, _request, text: change(text)


def refusing_system(_name: str, request: Request, text: str) -> Rendering:
    return Refusal("no") if request.has_system else text


def dropping_later(name: str, request: Request, text: str) -> str:
    if name != "suasu":
        return text
    kept = [turn for n, turn in enumerate(request.messages) if n == 0 or turn["role"] != "system"]
    return written(Request(tuple(kept)))


def dated(name: str, request: Request, text: str) -> str:
    day = "5 November" if name == "u later" else "14 March"
    return text if request.has_system else written(request, first=f"Today is {day}.")


CASES: dict[str, tuple[Change, Verdict]] = {
    "the same": (everywhere(str), EXACT),
    "messages trimmed": (instead(blanks=lambda text: text.replace("  \n", "").replace(" \n\n", "")), EXACT),
    "a default system message": (by_default, DEFAULT),
    "a default with blanks around": (
        lambda _name, request, text: text if request.has_system else written(request, first=" Be\nbrief.\n "),
        DEFAULT,
    ),
    "one blank more between turns": (everywhere(lambda text: text.replace("<|im_end|>\n", "<|im_end|>\n\n")), NEARLY),
    "a blank at the beginning": (everywhere(lambda text: f" {text}"), NEARLY),
    "no line end in the opener": (everywhere(lambda text: text.rstrip("\n")), OUT),
    "one line end more in the opener": (everywhere(lambda text: text + "\n"), OUT),
    "blanks inside a mark": (everywhere(lambda text: text.replace("<|im_end|>", "<|im_end |>")), OUT),
    "other marks": (everywhere(lambda text: text.replace("im_", "turn_")), OUT),
    "no end of turn": (everywhere(lambda text: text.replace("<|im_end|>", "")), OUT),
    "no opened answer": (everywhere(lambda text: text.removesuffix("<|im_start|>assistant\n")), OUT),
    "BOS in the prompt": (everywhere(lambda text: f"<s>{text}"), OUT),
    "a dated system message": (dated, OUT),
    "a default in short conversations only": (
        lambda name, request, text: text if name == "uauau" else by_default(name, request, text),
        OUT,
    ),
    "another default in longer ones": (
        lambda name, request, text: (
            text if request.has_system else written(request, first="Be brief." if name == "u" else "Be brief!")
        ),
        OUT,
    ),
    "system messages dropped": (
        lambda _name, request, _text: written(
            Request(tuple(turn for turn in request.messages if turn["role"] != "system"))
        ),
        OUT,
    ),
    "a later system message dropped": (dropping_later, EXACT),
    "system messages refused": (refusing_system, EXACT),
    "a question refused": (refusing("u"), OUT),
    "an answered question refused": (refusing("uau"), OUT),
    "odd texts changed": (instead(odd=lambda text: text.replace("<b>&amp;</b>", "<b>&</b>")), OUT),
    "odd texts on one line": (instead(odd=lambda text: text.replace("\n  two  blanks", " two blanks")), NEARLY),
    "a long one changed": (instead(uauau=lambda text: text.replace("Seven", "Eight")), OUT),
    "blanks that eat a word": (instead(blanks=lambda text: text.replace("noon", "")), OUT),
}


@pytest.mark.parametrize(("change", "worst"), CASES.values(), ids=CASES.keys())
def test_the_worst_verdict(change: Change, worst: Verdict) -> None:
    assert compared(change).worst is worst


def test_the_default_system_text_is_cut_out() -> None:
    assert compared(by_default).system == "Be brief."
    assert compared(everywhere(str)).system == ""


def test_each_conversation_has_its_verdict() -> None:
    found = compared(dropping_later)
    assert found.verdicts == dict.fromkeys(PLAIN, EXACT) | {"suasu": LEFT_OUT}
    assert (found.exact, found.first(LEFT_OUT), found.first(NEARLY)) == (9, "suasu", "")


def test_it_ends_with_the_first_that_is_out() -> None:
    found = compared(instead(su=lambda _text: "other"))
    assert list(found.verdicts)[-1] == found.first(OUT) == "su"


def tools_listed(_name: str, request: Request, text: str) -> str:
    return f"{json.dumps(request.tools, indent=1)}\n{text}" if request.tools else text


def tools_counted(_name: str, request: Request, text: str) -> str:
    return f"{len(request.tools)} tools\n{text}" if request.tools else text


def thinking_marked(_name: str, request: Request, text: str) -> str:
    return text + "<think>" * (request.think is True)


@pytest.mark.parametrize(
    ("change", "lost"),
    [(tools_listed, Ability.TOOLS), (tools_counted, Ability.TOOLS), (thinking_marked, Ability.THINKING)],
)
def test_no_ability_is_lost(change: Change, lost: Ability) -> None:
    found = compared(change)
    assert (found.worst, found.lost) == (OUT, frozenset({lost}))


TOOLED = Template.parse("{{ if .Tools }}{{ .Tools }}\n{{ end }}" + FORMATS["chatml"].text())


@pytest.mark.parametrize(
    ("change", "worst", "out"),
    [
        pytest.param(tools_listed, EXACT, "", id="json by value"),
        pytest.param(tools_counted, OUT, "u with tools", id="other words"),
        pytest.param(everywhere(str), OUT, "u with tools", id="tools ignored"),
    ],
)
def test_tools_must_agree(change: Change, worst: Verdict, out: str) -> None:
    found = compared(change, TOOLED)
    assert (found.worst, found.first(OUT)) == (worst, out)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_agrees_with_itself(name: str) -> None:
    template = Template.parse(FORMATS[name].text(eos="</s>"))
    own: dict[str, Rendering] = {name: rendered(template, request) or "" for name, request in ALL.items()}
    found = fit(template, own)
    assert set(found.verdicts.values()) == {EXACT}
    assert not found.lost
