"""What of a model decides its prompts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from packllama.base.errors import RendererMissing
from packllama.config import ModelConfig
from packllama.gguf import GGUF, chat_template
from packllama.message import Message
from packllama.name import ModelName
from packllama.prompt.capabilities import capabilities
from packllama.prompt.choice import PLAIN_TEMPLATE, thinking_marks, uses_jinja
from packllama.template import Template


@dataclass(frozen=True, slots=True)
class PromptModel:
    """A model as its prompts see it. ``template`` is None when the GGUF's own Jinja template renders it.

    ``system`` and ``messages`` are what the model brings along; ``sees``: it has a projector; ``thinking_marks`` stand
    around the thinking in its answers.
    """

    name: ModelName
    config: ModelConfig
    template: Template | None
    capabilities: frozenset[str]
    system: str = ""
    messages: tuple[Message, ...] = ()
    sees: bool = False
    thinking_marks: tuple[str, str] | None = None

    @classmethod
    def of(
        cls,
        name: ModelName,
        config: ModelConfig,
        *,
        template: str | None,
        gguf: GGUF,
        projectors: Sequence[GGUF] = (),
        system: str = "",
        messages: tuple[Message, ...] = (),
        go_template: bool | None = None,
    ) -> Self:
        """The choice between a model's templates, made. ``template`` is the text of its layer, if it has one.

        ``go_template``: whether the user wants that template, or the GGUF's own; None leaves it to what they offer.

        Raises:
            RendererMissing: the model is rendered by code that packllama lacks.
            TemplateError: the layer does not parse.
        """
        layer = parsed_template(name, config, template)
        offered = capabilities(config, model=gguf, projectors=projectors, template=layer, go_template=go_template)
        jinja = chat_template(gguf)
        by_jinja = uses_jinja(config, template=layer, jinja=jinja, go_template=go_template)
        return cls(
            name=name,
            config=config,
            template=None if by_jinja else layer or Template.parse(PLAIN_TEMPLATE),
            capabilities=frozenset(offered),
            system=system,
            messages=messages,
            sees=bool(projectors),
            thinking_marks=thinking_marks(config, template=layer, jinja=jinja, by_jinja=by_jinja),
        )


def parsed_template(name: ModelName, config: ModelConfig, template: str | None) -> Template | None:
    """The template of a model's layer, if it has one.

    Raises: as `PromptModel.of` does.
    """
    if config.renderer:
        raise RendererMissing(config.renderer, where=name.short)
    return None if template is None else Template.parse(template, where=name.short)
