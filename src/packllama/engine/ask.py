"""A stored model in a running engine, asked: its template, system prompt, messages and parameters hold."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from packllama.base.errors import NotSupported, TemplateError
from packllama.base.observer import Observer
from packllama.base.stop import Stop
from packllama.engine.answer import Chunk
from packllama.engine.engine import Engine
from packllama.engine.format import AnswerFormat
from packllama.engine.options import SamplingOptions, sampling_options
from packllama.engine.shaping import after_thinking, separated, whole_json
from packllama.engine.vector import unit
from packllama.places.store import ModelParts
from packllama.prompt import (
    ChatRequest,
    EngineSide,
    GenerateRequest,
    Prompt,
    PromptModel,
    chat_prompt,
    generate_prompt,
)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model of a store in a running engine. Made by :func:`loaded`; ``load_seconds`` is how long that took."""

    parts: ModelParts
    engine: Engine
    prompts: PromptModel
    observer: Observer
    is_embedding: bool = False
    load_seconds: float = 0.0

    def generate(
        self,
        request: GenerateRequest,
        *,
        options: Mapping[str, object] | None = None,
        answer_format: AnswerFormat | None = None,
        stop: Stop,
    ) -> Iterator[Chunk]:
        """The answer to one prompt, as it is made; the last chunk has ``done``.

        Of a prompt that is longer than the context the middle is left out, which the observer is told. ``options`` go
        over the model's parameters. Thinking is told from content also where the GGUF's own template is used.

        Raises:
            BadInput: an option of the wrong type, a broken picture, a format that the engine cannot keep to.
            NotSupported: the model cannot do what is asked.
            TemplateError: the model's template cannot be rendered.
            EngineFailed, Cancelled.
        """
        prompt = self.generate_prompt(request, stop=stop)
        return self._answer(prompt, options or {}, answer_format, stop)

    def chat(
        self,
        request: ChatRequest,
        *,
        options: Mapping[str, object] | None = None,
        answer_format: AnswerFormat | None = None,
        stop: Stop,
    ) -> Iterator[Chunk]:
        """The next turn of a conversation. As `generate`, but of a conversation that is too long the oldest turns go.

        Raises: as `generate` does.
        """
        with self._named():
            prompt = chat_prompt(request, model=self.prompts, engine=self._side(stop))
        return self._answer(prompt, options or {}, answer_format, stop)

    def embed(self, text: str, *, dimensions: int = 0, truncate: bool = True, stop: Stop) -> list[float]:
        """The vector of a text, of length 1, as 32-bit floats.

        ``dimensions`` above 0: only so many numbers of it, brought to length 1 again. ``truncate``: what does not fit
        into the context is left out.

        Raises: NotSupported, EngineFailed, Cancelled.
        """
        if not self.is_embedding:
            raise NotSupported("the model makes no vectors", where=self.prompts.name.short)
        vector = self.engine.embed(text, truncate=truncate, stop=stop)
        return unit(vector[:dimensions]) if 0 < dimensions < len(vector) else vector

    def generate_prompt(self, request: GenerateRequest, *, stop: Stop) -> Prompt:
        """What the model is given to read for a request.

        Raises: as `generate` does.
        """
        with self._named():
            return generate_prompt(request, model=self.prompts, engine=self._side(stop))

    def _side(self, stop: Stop) -> EngineSide:
        if self.is_embedding:
            raise NotSupported("an embedding model makes vectors and no answers", where=self.prompts.name.short)
        return EngineSide(
            num_ctx=self.engine.num_ctx,
            count_tokens=partial(self.engine.count_tokens, stop=stop),
            apply_jinja=partial(self.engine.apply_template, stop=stop),
        )

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Give a template's error the model's name."""
        try:
            yield
        except TemplateError as error:
            name = self.prompts.name.short
            error.where = error.where or name
            error.hint = error.hint or f"'packllama show --template {name}' prints it; create the model with another."
            raise

    def _answer(
        self, prompt: Prompt, options: Mapping[str, object], answer_format: AnswerFormat | None, stop: Stop
    ) -> Iterator[Chunk]:
        sampling = sampling_options(self.parts.parameters, options)
        if answer_format is not None:
            answer_format.check(guided=self.engine.own)

        def ask(text: str, answer_format: AnswerFormat | None = None) -> Iterator[Chunk]:
            return self.engine.complete(
                self._fitted(text, sampling, prompt.images, stop),
                sampling,
                pictures=prompt.images,
                answer_format=answer_format,
                preserved=prompt.thinking_marks or (),
                stop=stop,
            )

        if answer_format is None:
            return separated(ask(prompt.text), prompt.thinking_parser())
        shaped = after_thinking(prompt, free=ask, shaped=partial(ask, answer_format=answer_format))
        # A stop text may cut JSON short.
        return shaped if sampling.stop else whole_json(shaped)

    def _fitted(
        self, text: str, sampling: SamplingOptions, pictures: Sequence[bytes], stop: Stop
    ) -> str | Sequence[int]:
        # The engine itself says when pictures leave too little room.
        if pictures:
            return text
        fitted = self.engine.fitted(text, keep=sampling.num_keep, stop=stop)
        if not isinstance(fitted, str):
            self.observer.noted(
                f"the prompt does not fit into the context of {self.engine.num_ctx} tokens, so its middle is left out; "
                "PARAMETER num_ctx, or OLLAMA_CONTEXT_LENGTH, makes room"
            )
        return fitted
