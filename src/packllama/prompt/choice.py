"""Which of a model's two templates renders it, and what each of them offers."""

import re
from collections.abc import Iterator

from packllama.config import ModelConfig
from packllama.template import Template

# What renders a model that brings no template of any kind.
PLAIN_TEMPLATE = "{{ .Prompt }}"

_GPT_OSS = {"gptoss", "gpt-oss"}
_THINK_SPLIT = re.compile(r"content\.split\((['\"])</think>\1\)")
_JINJA_RESULT = re.compile(r"tool_response|tool_results|ipython|role['\"\])]*\s*==\s*(['\"])tool\1")
_JINJA_MARKS = ("<think>", "</think>")
_HARMONY_MARKS = ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>")
_GO_RESULT = ('eq .Role "tool"', "tool_response", "TOOL_RESULTS")


def is_gpt_oss(config: ModelConfig) -> bool:
    """Whether the model speaks in OpenAI's channels."""
    return config.model_family in _GPT_OSS


def is_harmony(config: ModelConfig, template: Template | None) -> bool:
    """Whether a Go template of such a model writes those channels; then it is the one that renders."""
    return template is not None and is_gpt_oss(config) and "<|start|>" in template.text and "<|end|>" in template.text


def uses_jinja(
    config: ModelConfig, *, template: Template | None, jinja: str | None, go_template: bool | None = None
) -> bool:
    """Whether the GGUF's own Jinja template renders the model, and not its Go template or code.

    ``go_template`` is the user's wish; None leaves it to what the two offer.
    """
    if not jinja or config.renderer or config.parser:
        return False
    if template is None:
        return True
    if is_harmony(config, template):
        return False
    return _offers_more(jinja, template) if go_template is None else not go_template


def _offers_more(jinja: str, template: Template) -> bool:
    """More of tools and thinking, or the same with an answer's way back from a tool that the Go template lacks."""
    theirs = set(jinja_capabilities(jinja))
    ours = set(template_capabilities(template)) - {"insert"}
    jinja_returns, template_returns = _jinja_round_trip(jinja), _template_round_trip(template)
    if len(theirs) > len(ours):
        return jinja_returns or not template_returns
    return theirs == ours and "tools" in ours and jinja_returns and not template_returns


def jinja_capabilities(jinja: str) -> Iterator[str]:
    """What a Jinja template offers, judged by its text."""
    if "tools" in jinja or "tool_call" in jinja:
        yield "tools"
    marked = "<think>" in jinja and "</think>" in jinja
    split = _THINK_SPLIT.search(jinja) and "reasoning_content" not in jinja and "<SPECIAL_12>" not in jinja
    if marked or split:
        yield "thinking"


def thinking_marks(
    config: ModelConfig, *, template: Template | None, jinja: str | None, by_jinja: bool
) -> tuple[str, str] | None:
    """What stands before and after the thinking in the model's answers; None when it is not marked."""
    if is_gpt_oss(config):
        return _HARMONY_MARKS
    if by_jinja:
        return _JINJA_MARKS if "thinking" in jinja_capabilities(jinja or "") else None
    return template.thinking_tags if template is not None and all(template.thinking_tags) else None


def template_capabilities(template: Template) -> Iterator[str]:
    """What a Go template offers, judged by its words."""
    if "tools" in template.words:
        yield "tools"
    if "suffix" in template.words:
        yield "insert"
    if all(template.thinking_tags):
        yield "thinking"


def _jinja_round_trip(jinja: str) -> bool:
    calls = "tool_calls" in jinja or "assistant_tool_call" in jinja
    return calls and _JINJA_RESULT.search(jinja) is not None


def _template_round_trip(template: Template) -> bool:
    return {"tools", "toolcalls"} <= template.words and any(mark in template.text for mark in _GO_RESULT)
