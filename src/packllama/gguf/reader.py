"""From a file to a :class:`GGUF`."""

import os
import stat
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from packllama.base.errors import GGUFError, MissingFile, from_os_error
from packllama.base.stop import Stop
from packllama.gguf.gguf import GGUF
from packllama.gguf.header import HeaderReader
from packllama.gguf.magic import read_magic
from packllama.gguf.quote import quoted
from packllama.gguf.tensor import TensorInfo
from packllama.gguf.value import Value
from packllama.gguf.valuetype import ValueType
from packllama.gguf.window import CUT_SHORT, Window

DEFAULT_ALIGNMENT = 32
_ALIGNMENT = "general.alignment"


def read_gguf(fd: int, *, size: int, where: str, stop: Stop | None = None) -> GGUF:
    """Read the header of the GGUF that is open as ``fd`` and ``size`` bytes long; ``where`` names it in errors.

    Everything it says is checked against the file's size and our limits before it is believed. Tensor data and
    arrays are not read. The descriptor stays open, its position untouched. ``stop`` ends even the longest header
    within a fraction of a second.

    Raises:
        GGUFError: no GGUF, a damaged or hostile one, or one of a version that is not known.
        FileChanged: the file became shorter while it was read.
        MachineError: the system could not read it.
        Cancelled: ``stop`` was set.
    """
    window = Window(fd, size=size, where=where, stop=stop)
    version, layout = read_magic(window)
    header = HeaderReader(window, layout)
    tensor_count, key_count = header.counts()
    metadata = header.keys(key_count)
    alignment = _alignment(metadata, where)
    tensors = header.tensors(tensor_count)
    data_offset = -(-window.position // alignment) * alignment
    _check_extents(tensors, alignment=alignment, data_offset=data_offset, size=size, where=where)
    return GGUF(
        version=version,
        byte_order=layout.byte_order,
        metadata=MappingProxyType(metadata),
        tensors=tensors,
        alignment=alignment,
        data_offset=data_offset,
        size=size,
    )


def open_gguf(path: str | os.PathLike[str], *, stop: Stop | None = None) -> GGUF:
    """Open a file, read its header, close it. See :func:`read_gguf`.

    Raises:
        GGUFError: as there, or the path leads to a directory, a pipe, a device.
        MissingFile: there is nothing at that path.
        NoRights: it may not be read.
    """
    where = os.fspath(path)
    try:
        # Looked at before it is opened, because opening a device can already do something.
        _refuse_special(Path(where).stat().st_mode, where)
        # Should a pipe take the file's place in between, O_NONBLOCK keeps the open from waiting for a writer.
        fd = os.open(where, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise from_os_error(error, doing="opening the GGUF", where=where) from error
    except ValueError as error:
        raise MissingFile("no file can have this name", where=where) from error
    try:
        status = os.fstat(fd)
        _refuse_special(status.st_mode, where)
        return read_gguf(fd, size=status.st_size, where=where, stop=stop)
    finally:
        os.close(fd)


_SPECIAL = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFSOCK: "a socket",
}


def _refuse_special(mode: int, where: str) -> None:
    if not stat.S_ISREG(mode):
        found = _SPECIAL.get(stat.S_IFMT(mode), "something else")
        raise GGUFError(f"expected a file, found {found}", where=where, hint="A model is read from a regular file.")


def _alignment(metadata: Mapping[str, Value], where: str) -> int:
    """The file's alignment in bytes.

    Raises: GGUFError, when it is not a uint32 or not a power of two: engines refuse such a file.
    """
    value = metadata.get(_ALIGNMENT)
    if value is None:
        return DEFAULT_ALIGNMENT
    alignment = value.content
    if value.type is not ValueType.UINT32 or not isinstance(alignment, int):
        raise GGUFError(f"{_ALIGNMENT} must be stored as uint32, but is {value.type.name.lower()}", where=where)
    if alignment == 0 or alignment & (alignment - 1):
        raise GGUFError(f"{_ALIGNMENT} must be a power of two, but is {alignment}", where=where)
    return alignment


def _check_extents(tensors: Sequence[TensorInfo], *, alignment: int, data_offset: int, size: int, where: str) -> None:
    """Every tensor's data lies in the file, aligned, and apart from the others'."""
    for tensor in tensors:
        end = data_offset + tensor.offset + tensor.size
        if end > size:
            raise GGUFError(
                f"tensor {quoted(tensor.name)} offset+size ({end}) exceeds file size ({size})",
                where=where,
                hint=CUT_SHORT,
            )
        if tensor.offset % alignment:
            raise GGUFError(
                f"tensor {quoted(tensor.name)} begins at {tensor.offset}, not a multiple of {alignment}", where=where
            )
    ordered = sorted(tensors, key=lambda tensor: tensor.offset)
    for before, after in pairwise(ordered):
        if before.offset + before.size > after.offset:
            raise GGUFError(f"tensors {quoted(before.name)} and {quoted(after.name)} overlap", where=where)
