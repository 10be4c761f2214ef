"""What a model can do, judged from its layers."""

import pytest

from packllama.config import ModelConfig
from packllama.gguf import GGUF
from packllama.prompt import capabilities
from packllama.template import Template
from tests.unit.gguf.builder import boolean, gguf, parse, string, uint32


def model(*keys: bytes, chat: str = "") -> GGUF:
    template = [string("tokenizer.chat_template", chat)] if chat else []
    return parse(gguf([string("general.architecture", "llama"), *keys, *template]))


def found(template: str | None = None, *, chat: str = "") -> tuple[str, ...]:
    parsed = None if template is None else Template.parse(template)
    return capabilities(ModelConfig(), model=model(chat=chat), projectors=(), template=parsed)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (None, ("completion",)),
        ("{{ .Prompt }}", ("completion",)),
        ("{{ if .Tools }}{{ end }}", ("completion", "tools")),
        ("{{- range .Tools }}\n{{ .Function }}{{ end }}{{ .Suffix }}", ("completion", "tools", "insert")),
        (
            "{{ range .Messages }}{{ if and $.IsThinkSet .Thinking }}<t>{{ .Thinking }}</t>{{ end }}{{ end }}",
            ("completion", "thinking"),
        ),
        ("{{ if and $.IsThinkSet .Thinking }}x{{ end }}", ("completion",)),
        ("{{ .ToolsX }}", ("completion",)),
        (".Tools", ("completion",)),
    ],
)
def test_of_a_go_template(template: str | None, expected: tuple[str, ...]) -> None:
    assert found(template) == expected


@pytest.mark.parametrize(
    ("chat", "expected"),
    [
        ("{{ messages }}", ("completion",)),
        ("{% if tools %}{% endif %}", ("tools", "completion")),
        ("{{ m.tool_calls }}", ("tools", "completion")),
        ("<think> </think>", ("thinking", "completion")),
        ("<think>", ("completion",)),
        ("content.split('</think>')[-1]", ("thinking", "completion")),
        ("content.split('</think>')[-1] reasoning_content", ("completion",)),
        ("content.split('</think>\")", ("completion",)),
    ],
)
def test_of_a_jinja_template(chat: str, expected: tuple[str, ...]) -> None:
    assert found(chat=chat) == expected


def test_a_go_template_hides_a_jinja_template_that_offers_no_more() -> None:
    assert found("{{ .Tools }}", chat="<think></think>") == ("completion", "tools")


def test_a_jinja_template_that_offers_more_hides_the_go_template() -> None:
    assert found("{{ .Suffix }}", chat="tools <think></think>") == ("tools", "thinking", "completion")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (ModelConfig(parser="qwen3-thinking"), ("completion", "tools", "thinking")),
        (ModelConfig(parser="qwen3-coder"), ("completion", "tools")),
        (ModelConfig(parser="olmo3-think"), ("completion", "thinking")),
        (ModelConfig(parser="passthrough"), ("completion",)),
        (ModelConfig(parser="unheard-of"), ("completion",)),
        (ModelConfig(renderer="gemma4"), ("completion",)),
        (ModelConfig(model_family="gptoss"), ("tools", "completion", "thinking")),
        (ModelConfig(model_family="gpt-oss"), ("tools", "completion", "thinking")),
    ],
)
def test_parsers_and_families(config: ModelConfig, expected: tuple[str, ...]) -> None:
    found = capabilities(config, model=model(chat="tools"), projectors=(), template=None)
    assert found == expected


def test_one_family_hears_nothing() -> None:
    sound = parse(
        gguf([string("general.architecture", "nemotron_h_omni"), uint32("nemotron_h_omni.audio.block_count", 1)])
    )
    for family, expected in (("nemotron_h_omni", ("completion",)), ("other", ("completion", "audio"))):
        config = ModelConfig(model_family=family)
        assert capabilities(config, model=sound, projectors=(), template=None) == expected


def test_an_embedding_model() -> None:
    bert = parse(gguf([string("general.architecture", "bert"), uint32("bert.pooling_type", 1)]))
    assert capabilities(ModelConfig(), model=bert, projectors=(), template=None) == ("embedding",)


def test_projectors() -> None:
    sees = parse(gguf([string("general.architecture", "clip"), boolean("clip.has_vision_encoder", True)]))
    both = parse(
        gguf([
            string("general.architecture", "clip"),
            boolean("clip.has_vision_encoder", True),
            boolean("clip.has_audio_encoder", True),
        ])
    )  # fmt: skip
    for projector, expected in ((sees, ("completion", "vision")), (both, ("completion", "vision", "audio"))):
        assert capabilities(ModelConfig(), model=model(), projectors=[projector], template=None) == expected


def test_what_the_config_says_comes_first_and_once() -> None:
    config = ModelConfig(capabilities=("tools", "completion"))
    assert capabilities(config, model=model(), projectors=(), template=Template.parse("{{ .Tools }}")) == (
        "tools",
        "completion",
    )
    assert capabilities(config, model=None, projectors=(), template=None) == ("tools", "completion")
