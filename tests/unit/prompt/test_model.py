"""What of a model decides its prompts."""

import pytest

from packllama.base.errors import RendererMissing, TemplateError
from packllama.config import ModelConfig
from packllama.gguf import GGUF
from packllama.name import ModelName
from packllama.prompt import PromptModel
from tests.unit.gguf.builder import boolean, gguf, parse, string

NAME = ModelName.parse("m")


def weights(chat: str = "") -> GGUF:
    template = [string("tokenizer.chat_template", chat)] if chat else []
    return parse(gguf([string("general.architecture", "llama"), *template]))


@pytest.mark.parametrize(
    ("config", "layer", "chat", "wish", "text"),
    [
        (ModelConfig(), None, "", None, "{{ .Prompt }}"),
        (ModelConfig(), None, "jinja", None, None),
        (ModelConfig(), None, "jinja", True, None),
        (ModelConfig(), "", "jinja", None, ""),
        (ModelConfig(), "go", "", False, "go"),
        (ModelConfig(), "go", "jinja", None, "go"),
        (ModelConfig(), "go", "jinja", False, None),
        (ModelConfig(), "go", "tools", None, None),
        (ModelConfig(), "go", "tools", True, "go"),
        (ModelConfig(parser="qwen3"), "go", "tools", None, "go"),
        (ModelConfig(parser="qwen3"), None, "tools", None, "{{ .Prompt }}"),
    ],
)
def test_the_template(config: ModelConfig, layer: str | None, chat: str, wish: bool | None, text: str | None) -> None:
    model = PromptModel.of(NAME, config, template=layer, gguf=weights(chat), go_template=wish)
    assert (model.template.text if model.template else None) == text


def test_what_it_can_do() -> None:
    projector = parse(gguf([string("general.architecture", "clip"), boolean("clip.has_vision_encoder", True)]))
    model = PromptModel.of(NAME, ModelConfig(), template="{{ .Tools }}", gguf=weights(), projectors=[projector])
    assert model.capabilities == {"completion", "tools", "vision"}
    assert model.sees


def test_a_renderer_is_not_there() -> None:
    with pytest.raises(RendererMissing, match="not supported yet: gemma4") as caught:
        PromptModel.of(NAME, ModelConfig(renderer="gemma4"), template=None, gguf=weights())
    assert (caught.value.exit_status, caught.value.where) == (9, "m:latest")


def test_a_template_that_does_not_parse() -> None:
    with pytest.raises(TemplateError, match="unclosed action") as caught:
        PromptModel.of(NAME, ModelConfig(), template="{{", gguf=weights())
    assert caught.value.where == "m:latest"
