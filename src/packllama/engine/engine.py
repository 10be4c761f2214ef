"""A loaded model: ``start`` gives one, ``close`` ends it.

``start`` returns when the model answers, or raises with the engine's reason. An ``Engine`` may be used
from several threads; the engine makes one answer at a time, in the order asked.
"""

import contextlib
import logging
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from packllama.base.errors import EngineFailed, MissingFile
from packllama.base.settings import LOAD_TIMEOUT_SECONDS
from packllama.base.stop import Stop
from packllama.engine import command
from packllama.engine.answer import Chunk, Document, decode_event
from packllama.engine.conversation import template_body
from packllama.engine.failures import FETCH, explain, port_was_taken
from packllama.engine.options import LoadOptions, SamplingOptions
from packllama.engine.process import EngineProcess
from packllama.engine.shorten import is_too_long, shortened
from packllama.engine.wire import Wire
from packllama.message import Message
from packllama.template import Think
from packllama.tool import Tool

_log = logging.getLogger(__name__)

# llama.cpp builds below this have known holes in what reads the prompt and the template.
OLDEST_BUILD = 8146
_POLL_SECONDS = 0.02
_PORT_TRIES = 5
# A connection may break a moment before the process is seen to be gone.
_LAST_WORDS_SECONDS = 1.0
_BYTES = re.compile("[\ud800-\udfff]")


class Engine(AbstractContextManager["Engine"]):
    """One model in one engine process. Made by ``start``."""

    def __init__(self, process: EngineProcess, wire: Wire, load: LoadOptions, *, stop: Stop) -> None:
        self._process = process
        self._wire = wire
        self._where = str(load.model)
        props = self._ask("GET", "/props", stop=stop)
        self.build = props.text("build_info")
        self.num_ctx = int(props.inner("default_generation_settings").number("n_ctx")) or load.context
        self._bos = self._own_bos(props.text("bos_token"), stop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

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

    def complete(self, prompt: str | Sequence[int], options: SamplingOptions, *, stop: Stop) -> Iterator[Chunk]:
        """The answer to a prompt, as it is made; the last chunk has ``done``. Tokens are taken as they are.

        Leaving the iterator early ends the engine's work after the batch it is at.

        Raises: EngineFailed, Cancelled.
        """
        body = options.request(context=self.num_ctx) | {
            "prompt": self._sendable(prompt) if isinstance(prompt, str) else list(prompt),
            "stream": True,
            "cache_prompt": True,
            # Signs of life while a long prompt is read.
            "return_progress": True,
        }
        with self._watched():
            for data in self._wire.events("/completion", body, stop=stop):
                chunk = decode_event(data)
                if chunk.text or chunk.done:
                    yield chunk
                if chunk.done:
                    return
            raise ConnectionResetError("the engine's answer breaks off")

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
    def _watched(self) -> Iterator[None]:
        """Turn a broken connection into the engine's last words."""
        try:
            yield
        except OSError as error:
            status = self._process.wait_end(_LAST_WORDS_SECONDS)
            if status is None:
                raise EngineFailed(f"the engine hung up: {error}", where=self._where, hint=FETCH) from error
            raise explain(self._process.tail.text(), status, where=self._where) from error


def start(
    load: LoadOptions,
    *,
    engine: Path | None = None,
    stop: Stop,
    load_timeout: float | None = LOAD_TIMEOUT_SECONDS,
    environ: Mapping[str, str] | None = None,
) -> Engine:
    """Load a model into an engine process and wait until it answers.

    Args:
        engine: a llama-server program; None is the xllamacpp package.
        load_timeout: seconds without a sign of life after which it is given up; None or ≤ 0 is never.
        environ: the environment of which the engine inherits the allowed part; None is this process's.

    Raises:
        EngineMissing: there is no such engine.
        EngineFailed: it refused the model, crashed, or hung.
        MissingFile: one of the model's files is not there.
        Cancelled: the stop was set. Nothing is left running.
    """
    for path in (load.model, *load.projectors, *load.adapters):
        if not path.is_file():
            raise MissingFile("there is no such file", where=str(path))
    environment = os.environ if environ is None else environ
    began = time.monotonic()
    for attempt in range(1, _PORT_TRIES + 1):
        stop.check()
        key = secrets.token_hex(32)
        process = EngineProcess(_order(load, engine, key, environment), environ=command.allowed(environment))
        try:
            port = _await_ready(process, load, stop, load_timeout)
            loaded = Engine(process, Wire(port, key), load, stop=stop)
            if engine is not None:
                _check_build(loaded.build, engine)
        except BaseException:
            process.close()
            if engine and attempt < _PORT_TRIES and port_was_taken(process.tail.text()) and not stop.is_set():
                continue
            raise
        _log.info("loaded %r in %.2f s, %r", str(load.model), time.monotonic() - began, loaded.build)
        return loaded
    raise AssertionError("the last attempt returns or raises")


def _order(load: LoadOptions, engine: Path | None, key: str, environ: Mapping[str, str]) -> command.Order:
    if engine is None:
        return command.xllamacpp(load, key=key, environ=environ)
    return command.llama_server(engine, load, key=key, port=_free_port(), environ=environ)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((command.HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _await_ready(process: EngineProcess, load: LoadOptions, stop: Stop, limit: float | None) -> int:
    heard, since = 0, time.monotonic()
    while True:
        if process.ended:
            status = process.wait_end(_LAST_WORDS_SECONDS)
            raise explain(process.tail.text(), status, where=str(load.model))
        if process.port is not None and Wire(process.port, "").healthy():
            return process.port
        if process.tail.heard != heard:
            heard, since = process.tail.heard, time.monotonic()
        if limit is not None and 0 < limit < time.monotonic() - since:
            raise EngineFailed(
                f"the engine gave no sign of life for {limit:.0f} s while loading",
                where=str(load.model),
                hint="Is the disk slow, or asleep? Try again, now that a part of the file is in memory.",
            )
        stop.wait(_POLL_SECONDS)


def _check_build(build: str, engine: Path) -> None:
    found = re.match(r"b(\d+)", build)
    # Builds made outside of llama.cpp's own pipeline call themselves b0 or b1.
    if found and 1 < int(found[1]) < OLDEST_BUILD:
        raise EngineFailed(
            f"llama-server {build} is too old; its known holes were closed by b{OLDEST_BUILD}",
            where=str(engine),
            hint="Give a newer llama-server.",
        )
