"""How a version of the format writes numbers: their byte order, and how wide counts are.

Every number of a header is read through a :class:`Layout`, so another byte order or version 1 (with 32-bit
counts) is another instance, not another reader.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from types import MappingProxyType

from packllama.gguf.value import ValueType

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


@dataclass(frozen=True, slots=True)
class Layout:
    """``count`` is for lengths, numbers of things and dimensions; ``scalars`` has an entry per fixed-width type."""

    u32: Struct
    u64: Struct
    count: Struct
    scalars: Mapping[ValueType, Struct]

    @classmethod
    def of(cls, order: str, count: str) -> "Layout":
        """``order`` and ``count`` are codes of :mod:`struct`: ``<`` or ``>``, ``I`` or ``Q``."""
        scalars = {kind: Struct(order + code) for kind, code in _CODES.items()}
        return cls(
            u32=Struct(order + "I"),
            u64=Struct(order + "Q"),
            count=Struct(order + count),
            scalars=MappingProxyType(scalars),
        )


LITTLE_ENDIAN = Layout.of("<", "Q")
"""Versions 2 and 3, which differ only in that 3 may be big-endian."""
