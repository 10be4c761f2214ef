"""What a model can do, judged from its layers as Ollama judges it (create §11)."""

import re
from collections.abc import Iterator, Sequence

from packllama.config import ModelConfig
from packllama.gguf import (
    GGUF,
    chat_template,
    has_inline_audio,
    has_inline_vision,
    is_embedding_model,
    projector_facts,
)

_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_THINK_SPLIT = re.compile(r"content\.split\((['\"])</think>\1\)")


def capabilities(
    config: ModelConfig, *, model: GGUF | None, projectors: Sequence[GGUF], template: str | None
) -> tuple[str, ...]:
    """The names of the capabilities, in Ollama's order. ``template`` is the model's Go template, if it has one."""
    found = [*config.capabilities]
    if model is not None:
        found += _of_gguf(model, rendered_by_it=template is None)
    for projector in projectors:
        found += _of_projector(projector)
    if template is not None:
        found += _of_template(template)
    return tuple(dict.fromkeys(found))


def _of_gguf(model: GGUF, *, rendered_by_it: bool) -> Iterator[str]:
    if rendered_by_it:
        yield from _of_jinja(chat_template(model) or "")
    yield "embedding" if is_embedding_model(model) else "completion"
    if has_inline_vision(model):
        yield "vision"
    if has_inline_audio(model):
        yield "audio"


def _of_jinja(text: str) -> Iterator[str]:
    if "tools" in text or "tool_call" in text:
        yield "tools"
    marked = "<think>" in text and "</think>" in text
    split = _THINK_SPLIT.search(text) and "reasoning_content" not in text and "<SPECIAL_12>" not in text
    if marked or split:
        yield "thinking"


def _of_projector(projector: GGUF) -> Iterator[str]:
    facts = projector_facts(projector)
    yield "vision"
    if facts.audio and facts.vision_type != "gemma3nv":
        yield "audio"


def _of_template(text: str) -> Iterator[str]:
    actions = " ".join(_ACTION.findall(text))
    for capability, identifier in (("tools", r"\.Tools\b"), ("insert", r"\.Suffix\b"), ("thinking", r"\.Thinking\b")):
        if re.search(identifier, actions):
            yield capability
