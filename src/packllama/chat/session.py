"""One conversation: its messages and settings, and the model that answers next."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from packllama.base.errors import BadInput, ModelfileError, NotSupported
from packllama.base.stop import Stop
from packllama.build import create
from packllama.describe import Description, describe
from packllama.engine import AnswerFormat, Chunk, LoadedModel, Residence, has_eyes
from packllama.jsonfields import Json
from packllama.message import Message
from packllama.modelfile import Command, Modelfile, parse_parameter
from packllama.name import ModelName
from packllama.places.store import Store
from packllama.prompt import ChatRequest
from packllama.template import Think


class Session(AbstractContextManager["Session"]):
    """A conversation with a model of a store. Closing it unloads the model.

    ``think``, None for what the model does by itself, may be set at any time. ``engine`` is the program that answers,
    None the package, as ``residence`` has it. ``load_seconds`` is how long the last answer waited for its model.
    """

    def __init__(
        self,
        store: Store,
        name: ModelName,
        *,
        residence: Residence,
        engine: Path | None = None,
        go_template: bool | None = None,
        think: Think = None,
        answer_format: AnswerFormat | None = None,
    ) -> None:
        """Raises: ModelNotFound, IntegrityError, InvalidManifest, GGUFError, NotSupported; what `set_format` does."""
        self._store = store
        self._residence = residence
        self._engine = engine
        self._go_template = go_template
        self._described = self._describe(name)
        self._messages: list[Message] = []
        self._texts: dict[str, tuple[str, ...]] = {}
        self._options: dict[str, Json] = {}
        self._system = ""
        self.think = think
        self.load_seconds = 0.0
        self.set_format(answer_format)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._residence.__exit__(kind, error, trace)

    @property
    def name(self) -> ModelName:
        return self._described.parts.model.name

    @property
    def described(self) -> Description:
        """The model that answers."""
        return self._described

    @property
    def sees(self) -> bool:
        """The model takes pictures."""
        described = self._described
        return has_eyes(self._store, described.parts.model, engine=self._engine, gguf=described.gguf)

    @property
    def stored(self) -> tuple[Message, ...]:
        """What the model brings along as already said."""
        return self._described.parts.messages

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was said here."""
        return tuple(self._messages)

    @property
    def system(self) -> str:
        """The system message that was set here; empty: the model's own holds."""
        return self._system

    @property
    def options(self) -> Mapping[str, Json]:
        """The parameters that were set here."""
        return self._options

    def load(self, *, stop: Stop) -> float:
        """Load the model, so that the first answer need not wait for it. Returns the seconds that it took.

        Raises: as :func:`packllama.engine.loaded` does.
        """
        with self._residence.model(self.name, self._options, stop=stop) as model:
            return model.load_seconds

    def switch(self, name: ModelName, *, stop: Stop) -> None:
        """Talk to another model from now on; what was said is forgotten, what was set stays. On error nothing changes.

        Raises: as the constructor and `load` do; NotSupported, when it is an embedding model.
        """
        described = self._describe(name)
        if "embedding" in described.capabilities:
            raise NotSupported(
                "an embedding model makes vectors and does not talk",
                where=name.short,
                hint=f"'packllama run {name.short} TEXT' prints the vector of a text.",
            )
        with self._residence.model(described.parts.model.name, self._options, stop=stop):
            self._described = described
        self.clear()

    def ask(self, question: str, pictures: Sequence[bytes] = (), *, stop: Stop) -> Generator[Chunk]:
        """The answer to a question, as it is made. Both are remembered, an answer that is stopped as far as it came.

        ``pictures`` are as :func:`packllama.engine.sendable` makes them. An answer that is left early has to be closed
        before the next question.

        Raises: what :meth:`packllama.engine.LoadedModel.chat` does. A question without any answer is forgotten.
        """
        asked = Message("user", question, images=tuple(pictures))
        request = ChatRequest((*self._messages, asked), think=self.think)
        content, thinking, began = "", "", time.monotonic()
        try:
            with self._residence.model(self.name, self._options, stop=stop) as model:
                self.load_seconds = time.monotonic() - began
                self._notice(model)
                for chunk in model.chat(request, options=self._options, answer_format=self._answer_format, stop=stop):
                    content += chunk.text
                    thinking += chunk.thinking
                    yield chunk
        finally:
            if content or thinking:
                self._messages += [asked, Message("assistant", content, thinking=thinking)]

    def set_format(self, answer_format: AnswerFormat | None) -> None:
        """Have the answers to come in a format; None: in any.

        Raises: BadInput, EngineMissing: the engine cannot keep to it. The one before holds on.
        """
        if answer_format is not None:
            answer_format.check(guided=self._engine is None)
        self._answer_format = answer_format

    def set_parameter(self, name: str, values: Sequence[str]) -> None:
        """Set an option for what comes; ``stop`` takes several values, the others one.

        Raises: BadInput: there is no such parameter, or a value is not of its type.
        """
        if len(values) != 1 and (name != "stop" or not values):
            raise BadInput(f"the parameter {name!r} takes one value, not {len(values)}")
        try:
            parsed = parse_parameter(name, values[0])
        except ModelfileError as error:
            raise BadInput(error.message, hint=error.hint) from error
        self._texts[name] = tuple(values)
        self._options[name] = list(values) if isinstance(parsed, tuple) else parsed

    def set_system(self, text: str) -> None:
        """Say to the model how to be, from here on. One said directly before is replaced."""
        if self._messages and self._messages[-1].role == "system":
            self._messages.pop()
        self._system = text
        self._messages.append(Message("system", text))

    def clear(self) -> None:
        """Forget what was said; the system message stays."""
        self._messages = [Message("system", self._system)] if self._system else []

    def save(self, name: ModelName, *, stop: Stop) -> None:
        """Make a model of this conversation: the one that answers, with what was set and said.

        Raises: as :func:`packllama.build.create` does. The store is then as it was.
        """
        if any(message.images for message in self._messages):
            raise NotSupported("a model cannot hold pictures, which this conversation has", where=name.short)
        create(
            name,
            Modelfile(tuple(self._commands())),
            base=self._store.layout.root.absolute(),
            store=self._store,
            stop=stop,
        )

    def _notice(self, model: LoadedModel) -> None:
        """Say that somebody has given the name to another model since the last answer."""
        if model.parts.model.manifest.digest != self._described.parts.model.manifest.digest:
            self._described = self._describe(self.name)
            model.observer.noted(f"{self.name.short} was replaced in the store; the new one answers from here on")

    def _commands(self) -> Iterator[Command]:
        yield Command("model", self.name.full)
        if self._system:
            yield Command("system", self._system)
        for parameter, values in self._texts.items():
            for value in values:
                yield Command(parameter, value)
        for message in (*self.stored, *self._messages):
            if message.role != "system":
                yield Command("message", f"{message.role}: {message.content}")

    def _describe(self, name: ModelName) -> Description:
        return describe(self._store, self._store.find(name), go_template=self._go_template)
