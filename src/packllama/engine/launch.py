"""``start``: from load options to an engine that answers, or the engine's reason why not."""

import logging
import os
import re
import secrets
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from packllama.base.errors import EngineFailed, MissingFile
from packllama.base.observer import SILENT, Observer
from packllama.base.settings import LOAD_TIMEOUT_SECONDS
from packllama.base.stop import Stop
from packllama.engine import command
from packllama.engine.engine import LAST_WORDS_SECONDS, Engine
from packllama.engine.failures import explain, port_was_taken
from packllama.engine.options import LoadOptions
from packllama.engine.process import EngineProcess
from packllama.engine.progress import LoadProgress
from packllama.engine.wire import Wire

_log = logging.getLogger(__name__)

# llama.cpp builds below this have known holes in what reads the prompt and the template.
OLDEST_BUILD = 8146
_POLL_SECONDS = 0.005
_PORT_TRIES = 5


def start(
    load: LoadOptions,
    *,
    engine: Path | None = None,
    stop: Stop,
    load_timeout: float | None = LOAD_TIMEOUT_SECONDS,
    environ: Mapping[str, str] | None = None,
    observer: Observer = SILENT,
) -> Engine:
    """Load a model into an engine process and wait until it answers.

    Args:
        engine: a llama-server program; None is the xllamacpp package.
        load_timeout: seconds without a sign of life after which it is given up; None or ≤ 0 is never.
        environ: the environment of which the engine inherits the allowed part; None is this process's.
        observer: hears how many bytes are in memory, when it takes long.

    Raises:
        EngineMissing: there is no such engine.
        EngineFailed: it refused the model, crashed, or hung.
        MissingFile: one of the model's files is not there.
        Cancelled: the stop was set. Nothing is left running.
    """
    for path in load.files:
        if not path.is_file():
            raise MissingFile("there is no such file", where=str(path))
    environment = os.environ if environ is None else environ
    began = time.monotonic()
    progress = LoadProgress(load.files, observer)
    for attempt in range(1, _PORT_TRIES + 1):
        stop.check()
        key = secrets.token_hex(32)
        process = EngineProcess(_order(load, engine, key, environment), environ=command.allowed(environment))
        try:
            port = _await_ready(process, load, engine, stop=stop, limit=load_timeout, progress=progress)
            loaded = Engine(process, Wire(port, key), load, own=engine is None, stop=stop)
            if engine is not None:
                check_build(loaded.build, engine)
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
        try:
            probe.bind((command.HOST, 0))
        except OSError as error:
            raise EngineFailed(
                f"there is no free port on {command.HOST}: {error.strerror}",
                hint="Close programs that hold many connections, then try again.",
            ) from error
        port: int = probe.getsockname()[1]
        return port


def _await_ready(
    process: EngineProcess,
    load: LoadOptions,
    engine: Path | None,
    *,
    stop: Stop,
    limit: float | None,
    progress: LoadProgress,
) -> int:
    heard, since = 0, time.monotonic()
    while True:
        if process.ended:
            status = process.wait_end(LAST_WORDS_SECONDS)
            raise explain(process.tail.text(), status, where=str(load.model), program=str(engine or ""))
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
        progress.look(process.pid)
        stop.wait(_POLL_SECONDS)


def check_build(build: str, engine: Path) -> None:
    """Raises: EngineFailed, when a llama-server is too old."""
    found = re.match(r"b(\d+)", build)
    # Builds made outside of llama.cpp's own pipeline call themselves b0 or b1.
    if found and 1 < int(found[1]) < OLDEST_BUILD:
        raise EngineFailed(
            f"llama-server {build} is too old; its known holes were closed by b{OLDEST_BUILD}",
            where=str(engine),
            hint="Give a newer llama-server.",
        )
