"""From a request to the prompt, as literals."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from packllama.base.errors import NotSupported, TemplateError, UsageError
from packllama.config import ModelConfig
from packllama.jsonfields import Json
from packllama.message import Message, decode_messages
from packllama.name import ModelName
from packllama.prompt import ChatRequest, EngineSide, GenerateRequest, Prompt, PromptModel, chat_prompt, generate_prompt
from packllama.template import Template, Think
from packllama.tool import Tool, decode_tools

TAGGED = (
    "{{ if .System }}<sys>{{ .System }}</sys>{{ end }}{{ if .Prompt }}<user>{{ .Prompt }}</user>{{ end }}"
    "<bot>{{ .Response }}</bot>"
)
TURNS = "{{ range .Messages }}<{{ .Role }}>{{ .Content }}</{{ .Role }}>{{ end }}<bot>"
TOOLS = (
    "{{ if .Tools }}(tools) {{ json .Tools }} (end){{ end }}{{ range .Messages }}<{{ .Role }}>{{ .Content }}"
    '{{ range .ToolCalls }}<tool_call>{"name": "{{ .Function.Name }}", "arguments": {{ json .Function.Arguments }}}'
    "</tool_call>{{ end }}</{{ .Role }}>{{ end }}<bot>"
)
GAPS = "{{ if .Suffix }}<pre>{{ .Prompt }}<suf>{{ .Suffix }}<mid>{{ else }}<user>{{ .Prompt }}</user><bot>{{ end }}"
THINKS = "{{ .Think }} {{ .ThinkLevel }} {{ .IsThinkSet }}{{ range .Messages }}{{ end }}"
WEATHER: Json = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather of a city",
            "parameters": {
                "type": "object",
                "required": ["city"],
                "properties": {
                    "city": {"type": "string", "description": "The <city>"},
                    "unit": {"type": "string", "enum": ["c", "f"]},
                },
            },
        },
    }
]


def model(template: str | None, *able: str, **more: object) -> PromptModel:
    parsed = None if template is None else Template.parse(template)
    made = PromptModel(ModelName.parse("m"), ModelConfig(), parsed, frozenset(able))
    return replace(made, **more)  # type: ignore[arg-type]


def jinja(messages: Sequence[Message], *, tools: Sequence[Tool], think: Think) -> str:
    return f"{think} {len(tools)} " + " ".join(f"{message.role}:{message.content}" for message in messages)


ENGINE = EngineSide(1000, count_tokens=lambda text: len(text.split()), apply_jinja=jinja)


def chat(of: PromptModel, *turns: str, **more: object) -> str:
    messages = (turn.partition(": ") for turn in turns)
    request = ChatRequest(tuple(Message(role, content) for role, _, content in messages))
    return chat_prompt(replace(request, **more), model=of, engine=ENGINE).text  # type: ignore[arg-type]


def generate(of: PromptModel, prompt: str, **more: object) -> Prompt:
    request = replace(GenerateRequest(prompt), **more)  # type: ignore[arg-type]
    return generate_prompt(request, model=of, engine=ENGINE)


def test_what_ollama_builds_for_a_chat() -> None:
    """Three answers of the real Ollama to ``_debug_render_only``."""
    tagged = model(TAGGED, system="You are tiny & <brief>.")
    assert chat(tagged, "user: Hi") == "<sys>You are tiny & <brief>.</sys><user>Hi</user><bot>"
    history = model(
        TURNS,
        system="Stored system.",
        messages=(Message("user", "Stored question"), Message("assistant", "Stored answer")),
    )
    assert chat(history, "system: S", "user: Hi", "assistant: A", "user: Hi") == (
        "<user>Stored question</user><assistant>Stored answer</assistant><system>S</system>"
        "<user>Hi</user><assistant>A</assistant><user>Hi</user><bot>"
    )
    arguments: Json = {"city": "Paris", "a": 1}
    messages = decode_messages(
        [
            {"role": "user", "content": "Hi"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"id": "call_1", "function": {"index": 0, "name": "get_weather", "arguments": arguments}}
                ],
            },
            {"role": "tool", "content": "20 C", "tool_name": "get_weather"},
        ]
    )
    request = ChatRequest(messages, tools=decode_tools(WEATHER))
    assert chat_prompt(request, model=model(TOOLS, "tools"), engine=ENGINE).text == (
        '(tools) [{"type":"function","function":{"name":"get_weather","description":"Weather of a city",'
        '"parameters":{"type":"object","required":["city"],"properties":{"city":{"type":"string",'
        '"description":"The \\u003ccity\\u003e"},"unit":{"type":"string","enum":["c","f"]}}}}}] (end)'
        '<user>Hi</user><assistant><tool_call>{"name": "get_weather", "arguments": {"a":1,"city":"Paris"}}'
        "</tool_call></assistant><tool>20 C</tool><bot>"
    )


@pytest.mark.parametrize(("num_ctx", "counted"), [(10, ["<éß>..."]), (11, [])])
def test_only_what_may_not_fit_is_counted(num_ctx: int, counted: list[str]) -> None:
    texts: list[str] = []

    def count(text: str) -> int:
        texts.append(text)
        return 1

    engine = replace(ENGINE, num_ctx=num_ctx, count_tokens=count)
    request = ChatRequest((Message("system", "é"), Message("user", "ß")))
    assert chat_prompt(request, model=model("<{{ .System }}{{ .Prompt }}>..."), engine=engine).text == "<éß>..."
    assert texts == counted


def test_images_stand_before_the_text() -> None:
    request = ChatRequest((Message("user", "Hi", images=(b"1",)),))
    assert chat_prompt(request, model=model(TURNS), engine=ENGINE) == Prompt("<user>[img-0]Hi</user><bot>", (b"1",))


def test_the_ggufs_own_template_is_given_everything() -> None:
    of = model(None, "thinking", "tools", system="S")
    assert chat(of, "user: Hi") == "True 0 system:S user:Hi"
    assert chat(of, "user: Hi", tools=decode_tools(WEATHER), think="low") == "low 1 system:S user:Hi"
    assert generate(model(None), "Hi").text == "None 0 user:Hi"


@pytest.mark.parametrize(
    ("num_ctx", "projector", "text", "images"),
    [
        (5, False, "system:S user:[img-0]a b user:[img-1]c", b"12"),
        (4, False, "system:S user:[img-0]a b user:[img-1]c", b"12"),
        (3, False, "system:S user:[img-0]c", b"2"),
        (0, False, "system:S user:[img-0]c", b"2"),
        (4 + 2 * 768, True, "system:S user:[img-0]a b user:[img-1]c", b"12"),
        (4 + 2 * 768 - 1, True, "system:S user:[img-0]c", b"2"),
    ],
)
def test_what_does_not_fit_goes(num_ctx: int, projector: bool, text: str, images: bytes) -> None:
    messages = (
        Message("system", "S"),
        Message("user", "a b", images=(b"1",)),
        Message("user", "c", images=(b"2",)),
    )
    of = model(None, sees=projector)
    bare = replace(ENGINE, num_ctx=num_ctx, apply_jinja=lambda messages, **_: jinja(messages, tools=(), think=None)[7:])
    prompt = chat_prompt(ChatRequest(messages), model=of, engine=bare)
    assert (prompt.text, b"".join(prompt.images)) == (text, images)
    whole = chat_prompt(ChatRequest(messages, truncate=False), model=of, engine=bare)
    assert (whole.text, len(whole.images)) == ("system:S user:[img-0]a b user:[img-1]c", 2)


@pytest.mark.parametrize(
    ("family", "able", "asked", "shown"),
    [
        ("llama", (), None, "false  false"),
        ("llama", (), False, "false  true"),
        ("llama", ("thinking",), None, "true medium true"),
        ("llama", ("thinking",), False, "false  true"),
        ("llama", ("thinking",), True, "true medium true"),
        ("llama", ("thinking",), "max", "true max true"),
        ("gptoss", ("thinking",), "max", "true high true"),
        ("gpt-oss", ("thinking",), "low", "true low true"),
    ],
)
def test_think(family: str, able: tuple[str, ...], asked: Think, shown: str) -> None:
    of = model(THINKS, *able, config=ModelConfig(model_family=family))
    assert chat(of, "user: a", think=asked) == generate(of, "a", think=asked).text == shown


@pytest.mark.parametrize("think", [True, "low", "max"])
def test_a_model_that_cannot_think(think: Think) -> None:
    for ask in (lambda: chat(model(TURNS), "user: a", think=think), lambda: generate(model(TURNS), "a", think=think)):
        with pytest.raises(NotSupported, match='"m:latest" does not support thinking'):
            ask()


@pytest.mark.parametrize("raw", [False, True])
def test_what_else_a_model_cannot_do(raw: bool) -> None:
    with pytest.raises(NotSupported, match=r"^registry\.ollama\.ai/library/m:latest does not support tools"):
        chat(model(TURNS), "user: a", tools=decode_tools(WEATHER))
    with pytest.raises(NotSupported, match=r"^registry\.ollama\.ai/library/m:latest does not support insert"):
        generate(model(GAPS), "a", suffix="b", raw=raw)
    assert chat(model(TURNS), "user: a", tools=()) == "<user>a</user><bot>"


def test_one_image_a_message_for_mllama() -> None:
    of = model(TURNS, config=ModelConfig(model_families=("mllama",)))
    assert generate(of, "a", images=(b"1",)).text == "<user>[img-0]a</user><bot>"
    with pytest.raises(NotSupported, match="only supports one image"):
        generate(of, "a", images=(b"1", b"2"))


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "<sys>S</sys><user>Hi</user><bot>"),
        ({"system": "T"}, "<sys>T</sys><user>Hi</user><bot>"),
        ({"raw": True}, "Hi"),
        ({"context": "before "}, "before <sys>S</sys><user>Hi</user><bot>"),
        ({"template": "{{ .System }}: {{ .Prompt }}!"}, "S: Hi!"),
        ({"template": "{{ range .Messages }}{{ .Role }} {{ end }}{{ json .Tools }}"}, "system user []"),
        ({"template": "{{ .Prompt }}-{{ .Suffix }}", "suffix": "end"}, "Hi-end"),
    ],
)
def test_one_answer(more: dict[str, object], text: str) -> None:
    assert generate(model(TAGGED, "insert", system="S"), "Hi", **more).text == text


def test_a_gap() -> None:
    assert generate(model(GAPS, "insert"), "a", suffix="b").text == "<pre>a<suf>b<mid>"
    assert generate(model(GAPS, "insert"), "a").text == "<user>a</user><bot>"


@pytest.mark.parametrize("more", [{"raw": True}, {"template": "{{ .Prompt }}"}, {"suffix": "b"}])
def test_images_without_tags(more: dict[str, object]) -> None:
    prompt = generate(model(GAPS, "insert"), "a", images=(b"1",), **more)
    assert "[img" not in prompt.text
    assert prompt.images == (b"1",)


@pytest.mark.parametrize("more", [{"template": "x"}, {"system": "x"}, {"context": "x"}])
def test_raw_is_raw(more: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="raw mode does not support template, system, or context"):
        generate(model(TURNS), "a", raw=True, **more)


def test_a_template_in_the_request_that_does_not_parse() -> None:
    with pytest.raises(TemplateError, match="template: :1: unclosed action"):
        generate(model(TURNS), "a", template="{{")
