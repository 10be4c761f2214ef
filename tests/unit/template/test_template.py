"""A TEMPLATE, rendered in its three modes."""

import pytest

from packllama.base.errors import TemplateError
from packllama.catalog.formats import FORMATS
from packllama.message import Message, ToolCall
from packllama.template import Template, Think
from packllama.template.budget import OverBudget
from packllama.tool import Tool, ToolFunction

TURNS = "{{ .System }}|{{ range .Messages }}[{{ .Role }}:{{ .Content }}]{{ end }}"
LEGACY = "{{ if .System }}S{{ .System }} {{ end }}{{ if .Prompt }}P{{ .Prompt }} {{ end }}R{{ .Response }}.\n"


def talk(*turns: str) -> list[Message]:
    """Messages from ``role: content``."""
    return [Message(role, content) for role, _, content in (turn.partition(": ") for turn in turns)]


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([], "|"),
        (talk("user: a"), "|[user:a]"),
        (talk("user: a", "user: ", "user: c"), "|[user:a\n\n\n\nc]"),
        (talk("system: s", "user: a", "system: t", "system: u"), "s\n\nt\n\nu|[system:s][user:a][system:t\n\nu]"),
        (talk("tool: 1", "tool: 2"), "|[tool:1][tool:2]"),
        (talk("User: a", "user: b", "x: c", "x: d"), "|[User:a][user:b][x:c\n\nd]"),
    ],
)
def test_messages(messages: list[Message], text: str) -> None:
    assert Template.parse(TURNS).render(messages) == text


def test_of_merged_messages_the_text_remains() -> None:
    first = Message("assistant", "a", thinking="t", images=(b"1",), tool_calls=(ToolCall("f"),))
    template = Template.parse(
        "{{ range .Messages }}{{ .Content }}|{{ .Thinking }}|{{ len .Images }}{{ .ToolCalls }}{{ end }}"
    )
    assert template.render([first, Message("assistant", "b", thinking="u")]) == "a\n\nb|t|1[{ {0 f {}}}]"
    assert template.render([Message("assistant", "b"), first]) == "b\n\na||0[]"


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([], "R"),
        (talk("user: a"), "Pa R"),
        (talk("system: s", "user: a"), "Ss Pa R"),
        (talk("user: a", "assistant: b", "user: c"), "Pa Rb.\nPc R"),
        (talk("user: a", "assistant: b"), "Pa Rb"),
        (talk("system: s", "user: a", "assistant: b", "user: c"), "Ss Pa Rb.\nPc R"),
        (talk("user: a", "system: s", "user: b"), "Pa R.\nSs Pb R"),
        (talk("user: a", "assistant: ", "user: b"), "Pb R"),
        (talk("user: a", "tool: t", "user: b"), "Pb R"),
        (talk("assistant: a", "system: s"), "Ra.\nSs R"),
    ],
)
def test_turn_by_turn(messages: list[Message], text: str) -> None:
    assert Template.parse(LEGACY).render(messages) == text


@pytest.mark.parametrize(
    ("text", "words", "rendered"),
    [
        ("", {"response"}, ""),
        ("{{ .Prompt }}", {"prompt", "response"}, "1\n\n2b3"),
        ("{{ $.Response }}x", {"$", "response"}, "bxx"),
        ("{{ range .messages }}x{{ end }}-", {"messages"}, "-"),
    ],
)
def test_the_response_is_appended_where_it_lacks(text: str, words: set[str], rendered: str) -> None:
    template = Template.parse(text)
    assert template.words == words
    assert template.text == text
    found = template.render(talk("user: 1", "user: 2", "assistant: b", "user: 3"))
    assert found == (rendered or "b")


@pytest.mark.parametrize("source", ["{{ json .Prompt }}", '{{ currentDate "x" }}', "{{ .Prompt | json }}"])
def test_the_last_turn_knows_no_functions_of_ollama(source: str) -> None:
    after = Template.parse("{{ .Response }}" + source)
    assert after.render(talk("user: a")) == ""
    with pytest.raises(TemplateError, match="is not a defined function") as caught:
        Template.parse(source + "{{ .Response }}").render(talk("user: a"))
    assert caught.value.line == 1


def test_the_last_turn_knows_no_other_templates() -> None:
    template = Template.parse('{{ define "t" }}x{{ end }}{{ template "t" . }}{{ .Response }}')
    with pytest.raises(TemplateError, match='template "t" not defined'):
        template.render(talk("user: a"))


def test_a_missing_key_is_an_error_in_all_turns_but_the_last() -> None:
    template = Template.parse("{{ .Missing.Key }}{{ .Response }}")
    assert template.render(talk("user: a")) == "<no value>"
    with pytest.raises(TemplateError):
        template.render(talk("user: a", "assistant: b", "user: c"))


def test_an_else_that_crashes_ollama() -> None:
    template = Template.parse("{{ if .System }}{{ .Response }}{{ else }}x{{ end }}")
    for _ in range(2):
        with pytest.raises(TemplateError, match="Ollama crashes"):
            template.render(talk("user: a"))
    assert template.render(prompt="a", suffix="b") == "x"


@pytest.mark.parametrize("template", ["[{{ .Prompt }}|{{ .Suffix }}|{{ .Response }}]{{ .System }}", "{{ .Messages }}"])
def test_a_gap(template: str) -> None:
    text = Template.parse(template).render(talk("user: no"), prompt="a", suffix="b")
    assert text == ("[a|b|]<no value>" if "Prompt" in template else "<no value>")


def test_a_gap_needs_both_sides() -> None:
    template = Template.parse("{{ .Prompt }}|{{ .Suffix }}")
    assert template.render(talk("user: a"), prompt="b") == "a|<no value>"
    assert template.render(talk("user: a"), suffix="b") == "a|<no value>"


@pytest.mark.parametrize(
    ("think", "shown"),
    [
        (None, "false  false"),
        (False, "false  true"),
        (True, "true medium true"),
        ("low", "true low true"),
        ("max", "true max true"),
    ],
)
@pytest.mark.parametrize("mode", ["{{ .Response }}", "{{ range .Messages }}{{ end }}"])
def test_think(think: Think, shown: str, mode: str) -> None:
    template = Template.parse("{{ .Think }} {{ .ThinkLevel }} {{ .IsThinkSet }}" + mode)
    assert template.render(talk("user: a"), think=think) == shown
    assert template.render(prompt="a", suffix="b", think=think).startswith(shown)


@pytest.mark.parametrize(
    ("tools", "shown"),
    [
        (None, "null"),
        ((), "[]"),
        (
            (Tool("function", function=ToolFunction("f")),),
            '[{"type":"function","function":{"name":"f","description":"","parameters":{"type":"","properties":null}}}]',
        ),
    ],
)
def test_tools(tools: tuple[Tool, ...] | None, shown: str) -> None:
    assert Template.parse("{{ .Tools }}{{ range .Messages }}{{ end }}").render(tools=tools) == shown
    assert Template.parse("{{ .Tools }}").render(tools=tools) == "<no value>"


def test_halves_of_a_character_meet_between_turns() -> None:
    template = Template.parse(
        '{{ if .System }}{{ slice "é" 1 }}{{ end }}{{ .Response }}{{ if .Prompt }}{{ slice "é" 0 1 }}{{ end }}'
    )
    assert template.render(talk("user: a", "assistant: b", "system: s", "user: c")) == "bé"


def test_a_fault_names_its_place() -> None:
    with pytest.raises(TemplateError, match=r"template: :2: unclosed action") as caught:
        Template.parse("a\n  {{ .Prompt", where="m")
    assert (caught.value.line, caught.value.where) == (2, "m")
    with pytest.raises(TemplateError, match="undefined template specified"):
        Template.parse('{{ template "x" }}')


def test_all_turns_share_one_budget() -> None:
    template = Template.parse("{{ range 2000 }}{{ end }}{{ .Response }}")
    turns = talk("user: a", "assistant: b") * 1000
    with pytest.raises(OverBudget):
        template.render(turns)
    assert template.render(turns[:20])


@pytest.mark.parametrize("name", ["gemma3-instruct", "qwen-thinking", "mistral-v3"])
def test_a_conversation_of_ten_thousand_messages(name: str) -> None:
    messages = talk(*("user: a", "assistant: b") * 5000)
    assert Template.parse(FORMATS[name].text()).render(messages).count("b") >= 5000


def test_a_long_conversation_does_not_pay_for_a_loop_without_end() -> None:
    nested = "{{range $.Messages}}" * 2 + "{{end}}" * 2
    with pytest.raises(OverBudget):
        Template.parse(nested).render(talk(*["user: a", "assistant: b"] * 2000))
