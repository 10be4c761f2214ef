"""A key's value as it will stand in a file: bytes of our own, or a range of the source."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from packllama.gguf import CURRENT, ArrayInfo, ByteOrder, Element, Value, ValueType

LAYOUT = CURRENT[ByteOrder.LITTLE]
"""How everything here is written: GGUF 3, little-endian."""


@dataclass(frozen=True, slots=True)
class Key:
    """A value and its type. ``element`` and ``count`` are those of an array.

    ``data`` is the value in the file's own form, of an array its elements: bytes, or where they are in the source.
    """

    type: ValueType
    data: bytes | ArrayInfo
    element: ValueType | None = None
    count: int = 1

    @classmethod
    def of(cls, value: Value) -> Self:
        """The value of a source's key, as it is."""
        content = value.content
        if isinstance(content, ArrayInfo):
            return cls.part_of(content)
        return cls(value.type, content if isinstance(content, bytes) else LAYOUT.scalars[value.type].pack(content))

    @classmethod
    def part_of(cls, array: ArrayInfo) -> Self:
        """An array that stays where it is, until it is written."""
        return cls(ValueType.ARRAY, array, array.element_type, array.count)

    @property
    def head(self) -> bytes:
        """What stands before the data: the type, and how long a text or an array is."""
        number, length = LAYOUT.u32, LAYOUT.length
        if self.element is not None:
            return number.pack(self.type.value) + number.pack(self.element.value) + length.pack(self.count)
        if self.type is ValueType.STRING and isinstance(self.data, bytes):
            return number.pack(self.type.value) + length.pack(len(self.data))
        return number.pack(self.type.value)

    @property
    def integer(self) -> int | None:
        """The whole number; ``None`` if it is none."""
        found = self.decode() if self.type.is_integer else None
        return found if isinstance(found, int) else None

    def decode(self) -> Element | tuple[Element, ...]:
        """The value of one whose bytes are here."""
        if not isinstance(self.data, bytes):
            raise TypeError("the array is in the source")
        if self.type is ValueType.STRING:
            return self.data.decode("utf-8", "replace")
        form = LAYOUT.scalars[self.element or self.type]
        numbers = tuple(number for (number,) in form.iter_unpack(self.data))
        if (self.element or self.type) is ValueType.BOOL:
            numbers = tuple(number != 0 for number in numbers)
        return numbers[0] if self.element is None else numbers


def u32(number: int) -> Key:
    return Key(ValueType.UINT32, LAYOUT.u32.pack(number))


def f32(number: float) -> Key:
    return Key(ValueType.FLOAT32, LAYOUT.scalars[ValueType.FLOAT32].pack(number))


def flag(truth: bool) -> Key:
    return Key(ValueType.BOOL, bytes([truth]))


def text(value: str) -> Key:
    return Key(ValueType.STRING, value.encode())


def numbers(element: ValueType, values: Sequence[int | float]) -> Key:
    """An array. Raises: struct.error, when a value is not of that type."""
    form = LAYOUT.scalars[element].format.replace("<", "")
    return Key(ValueType.ARRAY, struct.pack(f"<{len(values)}{form}", *values), element, len(values))
