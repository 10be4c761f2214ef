"""Which of a model's two templates Ollama renders it with, and what each of them offers (templates B.9, C.1)."""

import re
from collections.abc import Iterator

from packllama.config import ModelConfig
from packllama.describe.template_words import template_words, thinking_tags

# What Ollama renders when a model brings no template of any kind.
PLAIN_TEMPLATE = "{{ .Prompt }}"

_GPT_OSS = {"gptoss", "gpt-oss"}
_THINK_SPLIT = re.compile(r"content\.split\((['\"])</think>\1\)")
_JINJA_RESULT = re.compile(r"tool_response|tool_results|ipython|role['\"\])]*\s*==\s*(['\"])tool\1")
_GO_RESULT = ('eq .Role "tool"', "tool_response", "TOOL_RESULTS")


def is_gpt_oss(config: ModelConfig) -> bool:
    """Whether the model speaks in OpenAI's channels."""
    return config.model_family in _GPT_OSS


def uses_jinja(config: ModelConfig, *, template: str | None, jinja: str | None) -> bool:
    """Whether the GGUF's own Jinja template renders the model, and not its Go template or code."""
    if not jinja or config.renderer or config.parser:
        return False
    if template is None:
        return True
    if is_gpt_oss(config) and "<|start|>" in template and "<|end|>" in template:
        return False
    return _jinja_offers_more(jinja, template)


def _jinja_offers_more(jinja: str, template: str) -> bool:
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


def template_capabilities(template: str) -> Iterator[str]:
    """What a Go template offers, judged by its words."""
    words = template_words(template)
    if "tools" in words:
        yield "tools"
    if "suffix" in words:
        yield "insert"
    if all(thinking_tags(template)):
        yield "thinking"


def _jinja_round_trip(jinja: str) -> bool:
    calls = "tool_calls" in jinja or "assistant_tool_call" in jinja
    return calls and _JINJA_RESULT.search(jinja) is not None


def _template_round_trip(template: str) -> bool:
    return {"tools", "toolcalls"} <= template_words(template) and any(mark in template for mark in _GO_RESULT)
