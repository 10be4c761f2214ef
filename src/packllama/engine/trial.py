"""A translation tried before anybody relies on it: one prompt, and one picture where it has eyes.

A wrong projector does not fail when it is loaded: it ends the engine at the first picture. That engine is this one.
"""

import struct
import zlib
from collections.abc import Mapping

from packllama.base.errors import EngineFailed, NotSupported
from packllama.base.observer import Observer
from packllama.base.stop import Stop
from packllama.dialect import Dialect
from packllama.engine.launch import start
from packllama.engine.options import LoadOptions, SamplingOptions

# Pixels of a side. Every model scales pictures to its own size.
_SIDE = 64


def try_out(
    load: LoadOptions,
    dialect: Dialect,
    *,
    load_timeout: float,
    environ: Mapping[str, str] | None,
    where: str,
    observer: Observer,
    stop: Stop,
) -> None:
    """Load the files in an engine of their own and have them asked once.

    Raises: EngineFailed: they do not work, and what does instead. EngineMissing, Cancelled.
    """
    observer.began(f"trying {dialect.title}")
    try:
        with start(load, stop=stop, load_timeout=load_timeout, environ=environ, observer=observer) as engine:
            if load.embedding:
                engine.embed("Hello", truncate=True, stop=stop)
                return
            pictures = (_picture(),) if engine.sees else ()
            prompt = "[img-0] Hello" if pictures else "Hello"
            for _ in engine.complete(prompt, SamplingOptions(num_predict=1), pictures=pictures, stop=stop):
                pass
    except (EngineFailed, NotSupported) as error:
        raise EngineFailed(
            f"what {dialect.title} was translated into does not work, so it is not kept: {error.message}",
            where=where,
            hint=dialect.elsewhere,
        ) from error


def _picture() -> bytes:
    """A grey PNG."""
    rows = (b"\0" + b"\x80" * (3 * _SIDE)) * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
