"""A loaded model in an engine process: asked for tokens, prompts, answers and vectors, and closed.

An ``Engine`` may be used from several threads; the engine makes one answer at a time, in the order asked.
"""

import base64
import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType

from packllama.base.errors import EngineFailed, EngineRefused, NotSupported
from packllama.base.stop import Stop
from packllama.engine.answer import Chunk, Document, decode_event, decode_vector
from packllama.engine.conversation import template_body
from packllama.engine.failures import FETCH, explain
from packllama.engine.format import AnswerFormat
from packllama.engine.options import LoadOptions, SamplingOptions
from packllama.engine.process import EngineProcess
from packllama.engine.shorten import is_too_long, shortened
from packllama.engine.wire import Wire
from packllama.message import Message
from packllama.template import Think
from packllama.tool import Tool

# A connection may break a moment before the process is seen to be gone.
LAST_WORDS_SECONDS = 1.0
# All pictures of one request. The engine takes 100 MiB, in which they are written by a third longer.
_MOST_PICTURE_BYTES = 72 * 1024 * 1024
# Where a picture stands in a prompt, in the engines that do not say it.
_MARKER = "<__media__>"
# The engine's words for a prompt that is too long.
_NO_ROOM = "exceeds the available context size"
_BYTES = re.compile("[\ud800-\udfff]")


class Engine(AbstractContextManager["Engine"]):
    """One model in one engine process. Made by ``start``.

    ``build`` is what the engine calls itself; ``num_ctx`` its context in tokens; ``sees``: it takes pictures; ``own``:
    it is the package, not a program that the user named.
    """

    def __init__(self, process: EngineProcess, wire: Wire, load: LoadOptions, *, own: bool, stop: Stop) -> None:
        self._process = process
        self._wire = wire
        self._where = str(load.model)
        props = self._ask("GET", "/props", stop=stop)
        self.build = props.text("build_info")
        self.own = own
        self.sees = bool(load.projectors)
        self._marker = props.text("media_marker") or _MARKER
        self.num_ctx = int(props.inner("default_generation_settings").number("n_ctx")) or load.context
        self._bos = self._own_bos(props.text("bos_token"), stop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def version(self) -> str:
        """What a person knows the engine by."""
        if not self.own:
            return f"llama-server {self.build}"
        import importlib.metadata  # noqa: PLC0415  only a receipt asks

        return f"xllamacpp {importlib.metadata.version('xllamacpp')}"

    @property
    def supervisor(self) -> int:
        """The process id that holds the engine, for those who list processes."""
        return self._process.pid

    def close(self) -> None:
        """End the engine and wait until it is gone. May be called again."""
        self._process.close()

    def apply_template(
        self, messages: Sequence[Message], *, tools: Sequence[Tool] = (), think: Think = None, stop: Stop
    ) -> str:
        """The prompt that the GGUF's own chat template makes of a conversation.

        ``think``: None leaves it to the template.

        Raises: EngineFailed, Cancelled.
        """
        return self._ask("POST", "/apply-template", template_body(messages, tools, think), stop=stop).text("prompt")

    def count_tokens(self, prompt: str, *, stop: Stop) -> int:
        """How many tokens ``complete`` would make of a prompt.

        Raises: EngineFailed, Cancelled.
        """
        return len(self._tokens(self._sendable(prompt), stop))

    def fitted(self, prompt: str, *, keep: int, stop: Stop) -> str | list[int]:
        """The prompt; or, when it does not fit into the context, the tokens that are left of it.

        ``keep`` is how many tokens at its beginning stay, below 0 for all.

        Raises: EngineFailed, Cancelled.
        """
        sendable = self._sendable(prompt)
        # A token is at least a byte.
        if not is_too_long(len(sendable.encode()) + 1, context=self.num_ctx):
            return prompt
        tokens = self._tokens(sendable, stop)
        if not is_too_long(len(tokens), context=self.num_ctx):
            return prompt
        return shortened(tokens, context=self.num_ctx, keep=keep + bool(self._bos) if keep >= 0 else keep)

    def complete(
        self,
        prompt: str | Sequence[int],
        options: SamplingOptions,
        *,
        pictures: Sequence[bytes] = (),
        answer_format: AnswerFormat | None = None,
        preserved: Sequence[str] = (),
        stop: Stop,
    ) -> Iterator[Chunk]:
        """The answer to a prompt, as it is made; the last chunk has ``done``. Tokens are taken as they are.

        ``pictures`` are PNG or JPEG files; ``[img-N]`` in the prompt is where the one of index N stands.
        ``preserved`` are marks that shall be seen in the answer though the model has tokens of its own for them.
        Leaving the iterator early ends the engine's work after the batch it is at.

        Raises:
            NotSupported: pictures for a model that has no eyes, or one for which the prompt has no place.
            EngineFailed, Cancelled.
        """
        shape = answer_format.request(guided=self.own) if answer_format else {}
        body = options.request(context=self.num_ctx) | {
            "prompt": self._prompt(prompt, pictures),
            "stream": True,
            "cache_prompt": True,
            # Signs of life while a long prompt is read.
            "return_progress": True,
            **({"preserved_tokens": list(preserved)} if preserved else {}),
            **shape,
        }
        with self._watched(), self._room_for(pictures):
            for data in self._wire.events("/completion", body, stop=stop):
                chunk = decode_event(data)
                if chunk.text or chunk.done:
                    yield chunk
                if chunk.done:
                    return
            raise ConnectionResetError("the engine's answer breaks off")

    def embed(self, text: str, *, truncate: bool, stop: Stop) -> list[float]:
        """The vector of a text, of length 1. ``truncate``: what does not fit into the context is left out.

        Raises:
            NotSupported: the text is too long.
            EngineFailed, Cancelled.
        """
        tokens = self._tokens(self._sendable(text), stop)
        if len(tokens) > self.num_ctx:
            if not truncate:
                raise NotSupported(
                    "the input length exceeds the context length",
                    where=f"{len(tokens)} tokens, where {self.num_ctx} fit",
                    hint="Give a shorter text, or leave --truncate=false away.",
                )
            # The last token ends the text for the model.
            tokens = [*tokens[: self.num_ctx - 1], tokens[-1]]
        with self._watched():
            return decode_vector(self._wire.fetch("POST", "/embedding", {"content": tokens}, stop=stop))

    def _prompt(self, prompt: str | Sequence[int], pictures: Sequence[bytes]) -> object:
        if not isinstance(prompt, str):
            return list(prompt)
        text = self._sendable(prompt)
        if not pictures:
            return text
        if not self.sees:
            raise NotSupported("the model has no eyes, so it takes no pictures", where=self._where)
        if sum(map(len, pictures)) > _MOST_PICTURE_BYTES:
            raise NotSupported(
                f"the pictures are more than {_MOST_PICTURE_BYTES:,} bytes together, which the engine cannot take",
                hint="Make them smaller, or show fewer of them; in a conversation /clear forgets those shown before.",
            )
        for index in range(len(pictures)):
            mark = f"[img-{index}]"
            if mark not in text:
                raise NotSupported(f"the model's template leaves no place for picture {index + 1}", where=self._where)
            text = text.replace(mark, self._marker, 1)
        # A model without a mark behind a picture, such as LLaVA, would have no token to go on from: its engine aborts.
        end = "\n" if text.endswith(self._marker) else ""
        return {
            "prompt_string": text + end,
            "multimodal_data": [base64.b64encode(picture).decode("ascii") for picture in pictures],
        }

    def _sendable(self, prompt: str) -> str:
        # The engine's tokenizer puts its own in front; templates write <bos> also for models that spell it
        # in another way.
        spellings = (self._bos, "<bos>") if self._bos else ()
        rest = next((prompt.removeprefix(text) for text in spellings if prompt.startswith(text)), prompt)
        # A template can cut characters into bytes, which JSON cannot carry.
        return _BYTES.sub("\ufffd", rest)

    def _own_bos(self, text: str, stop: Stop) -> str:
        """The text of the token that the tokenizer puts before every prompt, or empty if it puts none."""
        return text if text and self._tokens("", stop) else ""

    def _tokens(self, text: str, stop: Stop) -> list[int]:
        body = {"content": text, "add_special": True, "parse_special": True}
        items = self._ask("POST", "/tokenize", body, stop=stop).items("tokens")
        return [item for item in items if isinstance(item, int)]

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None, *, stop: Stop) -> Document:
        with self._watched():
            return self._wire.ask(method, path, body, stop=stop)

    @contextlib.contextmanager
    def _room_for(self, pictures: Sequence[bytes]) -> Iterator[None]:
        """Turn what the engine says of too many pictures into what to do; a text alone was cut before."""
        try:
            yield
        except EngineRefused as error:
            if not pictures or _NO_ROOM not in error.message:
                raise
            raise NotSupported(
                f"the text and its {len(pictures)} pictures do not fit into the context of {self.num_ctx} tokens",
                hint="Show fewer, or make room by PARAMETER num_ctx; in a conversation /clear forgets old ones.",
            ) from error

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Turn a broken connection into the engine's last words."""
        try:
            yield
        except OSError as error:
            status = self._process.wait_end(LAST_WORDS_SECONDS)
            if status is None:
                raise EngineFailed(f"the engine hung up: {error}", where=self._where, hint=FETCH) from error
            raise explain(self._process.tail.text(), status, where=self._where) from error
