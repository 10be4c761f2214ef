"""Writes small GGUF files byte by byte, in every layout, sound ones and ones that lie."""

import os
import struct
import tempfile
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from packllama.base.errors import GGUFError
from packllama.gguf import GGUF, ByteOrder, ValueType, read_gguf

SLACK = 1 << 20
"""Memory that reading may take beyond the file's size, in bytes."""

_CODES = {
    ValueType.UINT8: "B",
    ValueType.INT8: "b",
    ValueType.UINT16: "H",
    ValueType.INT16: "h",
    ValueType.UINT32: "I",
    ValueType.INT32: "i",
    ValueType.FLOAT32: "f",
    ValueType.BOOL: "B",
    ValueType.UINT64: "Q",
    ValueType.INT64: "q",
    ValueType.FLOAT64: "d",
}


@dataclass(frozen=True)
class Writer:
    """Writes in one of the layouts. ``order``, ``total`` and ``length`` are codes of :mod:`struct`.

    ``total`` is how the numbers of tensors and keys are written, ``length`` how lengths and dimensions are;
    ``end`` is what stands behind a text and is counted in its length.
    """

    version: int = 3
    order: str = "<"
    magic: bytes = b"GGUF"
    total: str = "Q"
    length: str = "Q"
    end: bytes = b""

    def __str__(self) -> str:
        form = f"{self.length}{'0' if self.end else ''}"
        return f"v{self.version}{form}-{'little' if self.order == '<' else 'big'}-{self.magic.decode()}"

    @property
    def byte_order(self) -> ByteOrder:
        return ByteOrder.LITTLE if self.order == "<" else ByteOrder.BIG

    @property
    def length_bytes(self) -> int:
        return struct.calcsize(self.order + self.length)

    @property
    def start(self) -> int:
        """Where the first key begins."""
        return 8 + 2 * struct.calcsize(self.order + self.total)

    @property
    def most(self) -> int:
        """The largest length or dimension that can be written."""
        return (1 << 8 * self.length_bytes) - 1

    @property
    def most_total(self) -> int:
        """The largest number of tensors or keys that can be written."""
        return (1 << 4 * (self.start - 8)) - 1

    def pack(self, codes: str, *numbers: float) -> bytes:
        return struct.pack(self.order + codes, *numbers)

    def u32(self, number: int) -> bytes:
        return self.pack("I", number)

    def u64(self, number: int) -> bytes:
        return self.pack("Q", number)

    def size(self, number: int) -> bytes:
        """A length or a dimension."""
        return self.pack(self.length, number)

    def text(self, value: str | bytes) -> bytes:
        raw = (value.encode() if isinstance(value, str) else value) + self.end
        return self.size(len(raw)) + raw

    def key(self, name: str | bytes, kind: ValueType | int, payload: bytes) -> bytes:
        return self.text(name) + self.u32(kind if isinstance(kind, int) else kind.value) + payload

    def string(self, name: str, value: str | bytes) -> bytes:
        return self.key(name, ValueType.STRING, self.text(value))

    def scalar(self, name: str, kind: ValueType, value: float) -> bytes:
        return self.key(name, kind, self.pack(_CODES[kind], value))

    def uint32(self, name: str, value: int) -> bytes:
        return self.scalar(name, ValueType.UINT32, value)

    def boolean(self, name: str, value: bool) -> bytes:
        return self.scalar(name, ValueType.BOOL, value)

    def array(self, name: str, kind: ValueType | int, count: int, payload: bytes = b"") -> bytes:
        head = self.u32(kind if isinstance(kind, int) else kind.value) + self.size(count)
        return self.key(name, ValueType.ARRAY, head + payload)

    def numbers(self, name: str, kind: ValueType, values: Sequence[float]) -> bytes:
        return self.array(name, kind, len(values), self.pack(_CODES[kind] * len(values), *values))

    def strings(self, name: str, values: Sequence[str | bytes]) -> bytes:
        return self.array(name, ValueType.STRING, len(values), b"".join(map(self.text, values)))

    def tensor(self, name: str | bytes, shape: Sequence[int] = (1,), *, kind: int = 24, offset: int = 0) -> bytes:
        """An entry of the table; ``kind`` 24 is I8, one byte an element."""
        dimensions = self.u32(len(shape)) + b"".join(map(self.size, shape))
        return self.text(name) + dimensions + self.u32(kind) + self.u64(offset)

    def gguf(
        self,
        keys: Sequence[bytes] = (),
        tensors: Sequence[bytes] = (),
        *,
        version: int | None = None,
        key_count: int | None = None,
        tensor_count: int | None = None,
        data: int = 0,
        alignment: int = 32,
    ) -> bytes:
        """A file of these parts, padded, with ``data`` zero bytes behind."""
        head = (
            self.magic
            + self.u32(self.version if version is None else version)
            + self.pack(self.total, len(tensors) if tensor_count is None else tensor_count)
            + self.pack(self.total, len(keys) if key_count is None else key_count)
            + b"".join(keys)
            + b"".join(tensors)
        )
        return head + bytes(-len(head) % alignment) + bytes(data)


CURRENT = Writer()
"""What is written nowadays. Tests for which the layout does not matter use its methods as functions."""

u32, u64, text, key, string, scalar = (
    CURRENT.u32,
    CURRENT.u64,
    CURRENT.text,
    CURRENT.key,
    CURRENT.string,
    CURRENT.scalar,
)
uint32, boolean, array, numbers, strings, tensor, gguf = (
    CURRENT.uint32,
    CURRENT.boolean,
    CURRENT.array,
    CURRENT.numbers,
    CURRENT.strings,
    CURRENT.tensor,
    CURRENT.gguf,
)

FIRST = replace(CURRENT, version=1, total="I", length="I")
FIRST_ENDED = replace(FIRST, end=b"\0")
FIRST_WIDE = replace(FIRST_ENDED, length="Q")

LAYOUTS = [
    CURRENT,
    replace(CURRENT, order=">"),
    replace(CURRENT, order=">", magic=b"FUGG"),
    replace(CURRENT, version=2),
    FIRST,
    replace(FIRST, order=">"),
    FIRST_ENDED,
    FIRST_WIDE,
    replace(FIRST_WIDE, order=">", magic=b"FUGG"),
]
"""Ways to write the same file: each version, each form of version 1, each byte order of each width."""

every_layout = pytest.mark.parametrize("w", LAYOUTS, ids=str)
"""Gives a test ``w``, a writer of each layout."""


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
