"""How a file writes numbers and texts: their byte order, how wide counts and lengths are.

Everything in a header is read through a :class:`Layout`, so another byte order or version is another instance, not
another reader.

=======  ====================  ==========================  ============
version  numbers of tensors,   lengths of texts and        texts end
         of keys               arrays, dimensions          with a NUL
=======  ====================  ==========================  ============
1        32 bits               32 bits                     sometimes
1 wide   32 bits               64 bits                     yes
2, 3     64 bits               64 bits                     no
=======  ====================  ==========================  ============

llama.cpp wrote version 1 for a few days of August 2023, its ``quantize`` with a NUL that the length counts, its
converters without. The wide form is what Ollama takes version 1 to be.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from struct import Struct
from types import MappingProxyType

from packllama.gguf.valuetype import ValueType


class ByteOrder(Enum):
    """Which end of a number stands first in the file."""

    LITTLE = "little"
    BIG = "big"


_PREFIXES = {ByteOrder.LITTLE: "<", ByteOrder.BIG: ">"}

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


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """One way to write a header. Of each there is one instance, so two are equal when they are the same.

    ``total`` is for the numbers of tensors and keys, ``length`` for lengths of texts and arrays and for dimensions.
    ``scalars`` has an entry per fixed-width type. ``terminated``: texts may end with a NUL, which the length counts.
    """

    byte_order: ByteOrder
    total: Struct = field(repr=False)
    length: Struct
    terminated: bool
    u32: Struct = field(repr=False)
    u64: Struct = field(repr=False)
    scalars: Mapping[ValueType, Struct] = field(repr=False)

    @classmethod
    def of(cls, order: ByteOrder, *, total: str, length: str, terminated: bool = False) -> "Layout":
        """``total`` and ``length`` are codes of :mod:`struct`: ``I`` for 32 bits, ``Q`` for 64."""
        prefix = _PREFIXES[order]
        scalars = {kind: Struct(prefix + code) for kind, code in _CODES.items()}
        return cls(
            byte_order=order,
            total=Struct(prefix + total),
            length=Struct(prefix + length),
            terminated=terminated,
            u32=scalars[ValueType.UINT32],
            u64=scalars[ValueType.UINT64],
            scalars=MappingProxyType(scalars),
        )

    @property
    def least_key_bytes(self) -> int:
        """The smallest key: the length of an empty name, its type, one byte of value."""
        return self.length.size + self.u32.size + 1

    @property
    def least_tensor_bytes(self) -> int:
        """The smallest tensor entry: the length of an empty name, number of dimensions, type, offset."""
        return self.length.size + 2 * self.u32.size + self.u64.size

    def text(self, stored: bytes) -> bytes:
        """A text without the NUL at its end."""
        return stored.removesuffix(b"\0") if self.terminated else stored


CURRENT = {order: Layout.of(order, total="Q", length="Q") for order in ByteOrder}
"""Versions 2 and 3."""

FIRST = {order: Layout.of(order, total="I", length="I", terminated=True) for order in ByteOrder}
"""Version 1, as llama.cpp wrote it."""

FIRST_WIDE = {order: Layout.of(order, total="I", length="Q", terminated=True) for order in ByteOrder}
"""Version 1, as Ollama reads it."""
