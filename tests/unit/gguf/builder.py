"""Writes small GGUF files byte by byte, sound ones and ones that lie."""

import os
import struct
import tempfile
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from packllama.base.errors import GGUFError
from packllama.gguf import GGUF, ValueType, read_gguf

SLACK = 1 << 20
"""Memory that reading may take beyond the file's size, in bytes."""

_CODES = {
    ValueType.UINT8: "<B",
    ValueType.INT8: "<b",
    ValueType.UINT16: "<H",
    ValueType.INT16: "<h",
    ValueType.UINT32: "<I",
    ValueType.INT32: "<i",
    ValueType.FLOAT32: "<f",
    ValueType.BOOL: "<B",
    ValueType.UINT64: "<Q",
    ValueType.INT64: "<q",
    ValueType.FLOAT64: "<d",
}


def u32(number: int) -> bytes:
    return struct.pack("<I", number)


def u64(number: int) -> bytes:
    return struct.pack("<Q", number)


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return u64(len(raw)) + raw


def key(name: str | bytes, kind: ValueType | int, payload: bytes) -> bytes:
    return text(name) + u32(kind if isinstance(kind, int) else kind.value) + payload


def string(name: str, value: str | bytes) -> bytes:
    return key(name, ValueType.STRING, text(value))


def scalar(name: str, kind: ValueType, value: float) -> bytes:
    return key(name, kind, struct.pack(_CODES[kind], value))


def uint32(name: str, value: int) -> bytes:
    return scalar(name, ValueType.UINT32, value)


def boolean(name: str, value: bool) -> bytes:
    return scalar(name, ValueType.BOOL, value)


def array(name: str, kind: ValueType | int, count: int, payload: bytes = b"") -> bytes:
    return key(name, ValueType.ARRAY, u32(kind if isinstance(kind, int) else kind.value) + u64(count) + payload)


def strings(name: str, values: Sequence[str | bytes]) -> bytes:
    return array(name, ValueType.STRING, len(values), b"".join(map(text, values)))


def tensor(name: str | bytes, shape: Sequence[int] = (1,), *, kind: int = 24, offset: int = 0) -> bytes:
    """An entry of the table; ``kind`` 24 is I8, one byte an element."""
    return text(name) + u32(len(shape)) + b"".join(map(u64, shape)) + u32(kind) + u64(offset)


def gguf(
    keys: Sequence[bytes] = (),
    tensors: Sequence[bytes] = (),
    *,
    version: int = 3,
    key_count: int | None = None,
    tensor_count: int | None = None,
    data: int = 0,
    alignment: int = 32,
) -> bytes:
    """A file of these parts, padded, with ``data`` zero bytes behind."""
    head = (
        b"GGUF"
        + u32(version)
        + u64(len(tensors) if tensor_count is None else tensor_count)
        + u64(len(keys) if key_count is None else key_count)
        + b"".join(keys)
        + b"".join(tensors)
    )
    return head + bytes(-len(head) % alignment) + bytes(data)


@contextmanager
def descriptor(data: bytes) -> Iterator[int]:
    """An open file with these bytes."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file.fileno()


def parse(data: bytes, *, size: int | None = None) -> GGUF:
    """Read a header from bytes; with a ``size``, the file is made that long by a hole at its end."""
    with descriptor(data) as fd:
        if size is not None:
            os.truncate(fd, size)
        return read_gguf(fd, size=len(data) if size is None else size, where="test.gguf")


def refused(data: bytes, words: str, *, size: int | None = None) -> GGUFError:
    """Assert that reading fails with an error that says ``words`` and takes no memory to speak of."""
    tracemalloc.start()
    try:
        with pytest.raises(GGUFError) as caught:
            parse(data, size=size)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert words in caught.value.message
    assert caught.value.where == "test.gguf"
    assert peak < len(data) + SLACK
    return caught.value
