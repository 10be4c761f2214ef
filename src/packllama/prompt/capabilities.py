"""What a model can do, judged from its layers as Ollama judges it."""

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
from packllama.prompt.choice import is_gpt_oss, jinja_capabilities, template_capabilities, uses_jinja
from packllama.prompt.parsers import parser_capabilities
from packllama.template import Template

# Ollama's engine cannot feed sound to these, though their files bring a tower for it.
_DEAF = "nemotron_h_omni"


def capabilities(
    config: ModelConfig,
    *,
    model: GGUF | None,
    projectors: Sequence[GGUF],
    template: Template | None,
    go_template: bool | None = None,
) -> tuple[str, ...]:
    """The names of the capabilities, in Ollama's order.

    ``template`` is the model's Go template, if it has one; ``go_template`` is the user's wish between it and the
    GGUF's own.
    """
    jinja = chat_template(model) if model is not None else None
    by_jinja = uses_jinja(config, template=template, jinja=jinja, go_template=go_template)
    found = [*config.capabilities]
    if by_jinja:
        found += jinja_capabilities(jinja or "")
    if model is not None:
        found += _of_gguf(model)
    for projector in projectors:
        found += _of_projector(projector)
    if template is not None and not by_jinja:
        found += template_capabilities(template)
    found += parser_capabilities(config.parser)
    if is_gpt_oss(config):
        found.append("thinking")
    if config.model_family == _DEAF:
        found = [word for word in found if word != "audio"]
    return tuple(dict.fromkeys(found))


def _of_gguf(model: GGUF) -> Iterator[str]:
    yield "embedding" if is_embedding_model(model) else "completion"
    if has_inline_vision(model):
        yield "vision"
    if has_inline_audio(model):
        yield "audio"


def _of_projector(projector: GGUF) -> Iterator[str]:
    facts = projector_facts(projector)
    yield "vision"
    if facts.audio and facts.vision_type != "gemma3nv":
        yield "audio"
