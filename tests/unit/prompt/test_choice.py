"""Which of two templates renders a model."""

import pytest

from packllama.config import ModelConfig
from packllama.prompt import uses_jinja
from packllama.template import Template

PLAIN = ModelConfig()
GPT_OSS = ModelConfig(model_family="gptoss")
TOOLS = "tools message.tool_calls"
RETURNS = "tools message.tool_calls message['role'] == 'tool'"
GO_TOOLS = "{{ .Tools }}{{ .ToolCalls }}"
GO_RETURNS = '{{ .Tools }}{{ .ToolCalls }}{{ if eq .Role "tool" }}{{ end }}'


@pytest.mark.parametrize(
    ("config", "template", "jinja", "expected"),
    [
        (PLAIN, None, None, False),
        (PLAIN, None, "", False),
        (PLAIN, None, "plain", True),
        (PLAIN, "{{ .Prompt }}", None, False),
        (PLAIN, "{{ .Prompt }}", "plain", False),
        (PLAIN, "{{ .Prompt }}", "tools", True),
        (ModelConfig(renderer="x"), None, "tools", False),
        (ModelConfig(parser="x"), None, "tools", False),
        (GPT_OSS, "<|start|>{{ .Prompt }}<|end|>", "tools", False),
        (GPT_OSS, "{{ .Prompt }}", "tools", True),
        (PLAIN, GO_TOOLS, TOOLS, False),
        (PLAIN, GO_TOOLS, RETURNS, True),
        (PLAIN, GO_RETURNS, RETURNS, False),
        (PLAIN, GO_RETURNS, TOOLS + "<think></think>", False),
        (PLAIN, GO_RETURNS, RETURNS + "<think></think>", True),
        (PLAIN, GO_TOOLS, TOOLS + "<think></think>", True),
        (PLAIN, "{{ .Suffix }}", "tools", True),
    ],
)
def test_choice(config: ModelConfig, template: str | None, jinja: str | None, expected: bool) -> None:
    assert uses_jinja(config, template=parsed(template), jinja=jinja) is expected


@pytest.mark.parametrize(
    ("config", "template", "jinja", "wish", "expected"),
    [
        (PLAIN, "{{ .Prompt }}", "tools", True, False),
        (PLAIN, GO_RETURNS, "plain", False, True),
        (PLAIN, GO_RETURNS, None, False, False),
        (PLAIN, None, "plain", True, True),
        (ModelConfig(parser="x"), "{{ .Prompt }}", "tools", False, False),
        (GPT_OSS, "<|start|>{{ .Prompt }}<|end|>", "tools", False, False),
    ],
)
def test_the_users_wish(
    config: ModelConfig, template: str | None, jinja: str | None, wish: bool, expected: bool
) -> None:
    assert uses_jinja(config, template=parsed(template), jinja=jinja, go_template=wish) is expected


def parsed(text: str | None) -> Template | None:
    return None if text is None else Template.parse(text)
