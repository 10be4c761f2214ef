"""Our templates: what they write, and that the choosing rule finds each by a Jinja text of the same format.

The samples of the catalogue were rendered by Ollama from its own templates, those of our formats by Go from ours.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from packllama.base.stop import Stop
from packllama.catalog.choose import Level, choose
from packllama.catalog.formats import FORMATS, OLLAMAS, Format
from packllama.catalog.tokens import SpecialTokens
from packllama.jsonfields import Json
from packllama.message import Message, decode_messages
from packllama.template.template import Template
from packllama.tool import decode_tools

DATA = Path(__file__).parents[2] / "data"
OURS = [name for name in FORMATS if name not in OLLAMAS]
# What a default system text brings that the format itself does not.
DEFAULTS = {
    "deepseek-coder": "You write programs.\n",
    "vicuna-spaced": "Somebody asks, and a polite machine answers.",
}
TALK = (Message("user", "U1"), Message("assistant", "A1"), Message("user", "U2"))


def samples(file: str) -> Iterator[object]:
    for line in (DATA / file).read_text("utf-8").splitlines():
        sample = json.loads(line)
        yield pytest.param(sample, id=f"{sample['template']}, {sample['case']}")


@pytest.mark.parametrize("sample", [*samples("catalogue-samples.jsonl"), *samples("format-samples.jsonl")])
def test_writes(sample: dict[str, Json]) -> None:
    template = Template.parse(FORMATS[str(sample["template"])].text(bos="<s>", eos="</s>"))
    think = sample.get("think")
    assert isinstance(think, bool | None)
    prompt = template.render(decode_messages(sample["messages"]), tools=decode_tools(sample.get("tools")), think=think)
    assert prompt == sample["expect"]


def test_every_sample_and_every_format_is_there() -> None:
    catalogue = (DATA / "catalogue-samples.jsonl").read_text("utf-8").splitlines()
    ours = (DATA / "format-samples.jsonl").read_text("utf-8").splitlines()
    assert len(catalogue) == 20 * 7
    assert {json.loads(line)["template"] for line in ours} == {*OURS, "command-r"}


@pytest.mark.parametrize("name", OURS)
def test_is_chosen_for_the_same_format_in_jinja(name: str) -> None:
    jinja = (DATA / "formats" / f"{name}.jinja").read_text("utf-8").removesuffix("\n")
    choice = choose(jinja, SpecialTokens(), stop=Stop())
    assert choice.format == FORMATS[name], choice.reason
    assert choice.level is (Level.DEFAULT if name in DEFAULTS else Level.EXACT)
    assert choice.system == DEFAULTS.get(name, "")


@pytest.mark.parametrize("format_", FORMATS.values(), ids=str)
def test_goes_over_the_messages_and_opens_an_answer(format_: Format) -> None:
    template = Template.parse(format_.text(bos="<s>", eos="</s>"))
    prompt = template.render(TALK)
    assert "messages" in template.words
    assert prompt.index("U1") < prompt.index("A1") < prompt.index("U2")
    assert len(prompt) > prompt.index("U2") + 2


@pytest.mark.parametrize("format_", FORMATS.values(), ids=str)
def test_stops_at_marks_that_it_writes(format_: Format) -> None:
    template = Template.parse(format_.text(bos="<s>", eos="</s>"))
    prompt = template.render((Message("system", "S"), *TALK))
    # As Ollama has them: a file says "Assistant:" where the format says "Falcon:", and the like.
    strange = {"falcon-instruct", "mistral-instruct", "chatqa"}
    assert format_.stops
    assert format_.name in strange or all(stop in prompt for stop in format_.stops)


@pytest.mark.parametrize(
    ("name", "thinking", "tool"),
    [
        ("chatml", ("", ""), "{"),
        ("qwen", ("", ""), "<tool_call>"),
        ("qwen-thinking", ("<think>", "</think>"), "<tool_call>"),
        ("mistral-v3", ("", ""), "[TOOL_CALLS] ["),
        ("mistral-tekken", ("", ""), "[TOOL_CALLS]["),
        ("llama3.1", ("", ""), "{"),
    ],
)
def test_marks_that_answers_are_read_by(name: str, thinking: tuple[str, str], tool: str) -> None:
    template = Template.parse(FORMATS[name].text())
    assert (template.thinking_tags, template.tool_tag) == (thinking, tool)


@pytest.mark.parametrize("name", OURS)
def test_end_of_text_is_the_models_own(name: str) -> None:
    assert "<s>" not in FORMATS[name].text()
    assert "</s>" not in FORMATS[name].text()


@pytest.mark.parametrize("token", ["<|eot|>", "{{", "x{", "{{ .Nothing }}", " \n", '"\\{{-', "{EOS}", "}}", "\0é"])
def test_tokens_are_written_as_they_are(token: str) -> None:
    template = Template.parse(FORMATS["llama2"].text(bos=token, eos=token))
    assert template.render(TALK) == f"[INST] U1 [/INST] A1 {token}{token}[INST] U2 [/INST]"


def test_a_token_that_names_another_is_not_filled_in() -> None:
    template = Template.parse(FORMATS["llama2"].text(bos="{EOS}", eos='" }}</s>'))
    assert template.render(TALK) == '[INST] U1 [/INST] A1 " }}</s>{EOS}[INST] U2 [/INST]'
