"""A Modelfile's bytes become text, as Ollama decodes them, and never more of them than is sane.

Follows Ollama's Modelfile grammar, "Decoding the file".
"""

import codecs
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from packllama.base.errors import ModelfileError, from_os_error

# Real Modelfiles are kilobytes, and the longest licences and example dialogues stay below one MiB. A GGUF
# named by mistake is larger than this, and /dev/zero has no end.
MAX_BYTES = 16 * 1024 * 1024

_SURROGATE = re.compile("[\ud800-\udfff]")


def decode_modelfile(data: bytes) -> str:
    """The text of a Modelfile, by its byte-order mark or else as UTF-8.

    What is malformed becomes U+FFFD: one per ill-formed sequence, but after a UTF-8 mark one per byte,
    because Ollama reads such files through another decoder.
    """
    if data.startswith(codecs.BOM_UTF8):
        text = data[len(codecs.BOM_UTF8) :].decode("utf-8", "surrogateescape")
        return _SURROGATE.sub("\ufffd", text)
    if data.startswith(codecs.BOM_UTF16_LE):
        return data[2:].decode("utf-16-le", "replace")
    if data.startswith(codecs.BOM_UTF16_BE):
        return data[2:].decode("utf-16-be", "replace")
    return data.decode("utf-8", "replace")


def read_modelfile(source: str | os.PathLike[str] | BinaryIO) -> str:
    """The text of a Modelfile at a path, or of an open binary stream, which is left open.

    Reads at most one byte more than `MAX_BYTES`, and never waits for a path that is no plain file.

    Raises:
        MissingFile: there is no such file.
        NoRights: it may not be read.
        ModelfileError: it is too large, or a directory, pipe or device.
    """
    if isinstance(source, str | os.PathLike):
        where = os.fspath(source)
        with _open(where) as stream:
            data = _read(stream, where)
    else:
        where = str(getattr(source, "name", ""))
        data = _read(source, where)
    return decode_modelfile(data)


@contextmanager
def _open(path: str) -> Iterator[BinaryIO]:
    # Opening a named pipe would wait for a writer, were it not for O_NONBLOCK.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        _refuse_directory(path)
        descriptor = os.open(path, flags)
    except OSError as error:
        raise from_os_error(error, doing="opening the Modelfile", where=path) from error
    with os.fdopen(descriptor, "rb") as stream:
        kind = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(kind):
            raise ModelfileError(
                f"a Modelfile must be a plain file, and this is {_kind(kind)}",
                where=path,
                hint="To read a Modelfile from a pipe, give it on standard input.",
            )
        yield stream


def _refuse_directory(path: str) -> None:
    # Windows cannot even open a directory, and calls that a matter of rights.
    if Path(path).is_dir():
        raise ModelfileError(
            "a Modelfile must be a plain file, and this is a directory",
            where=path,
            hint="Name the file in it: for example Modelfile.",
        )


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "something else"


def _read(stream: BinaryIO, where: str) -> bytes:
    data = bytearray()
    try:
        while len(data) <= MAX_BYTES and (piece := stream.read(MAX_BYTES + 1 - len(data))):
            data += piece
    except OSError as error:
        raise from_os_error(error, doing="reading the Modelfile", where=where) from error
    if len(data) > MAX_BYTES:
        raise ModelfileError(
            f"a Modelfile may have {MAX_BYTES // 1024**2} MiB, and this is larger",
            where=where,
            hint="Is it a model? A GGUF belongs into a FROM line of a Modelfile.",
        )
    return bytes(data)
