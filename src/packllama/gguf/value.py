"""What a key of a GGUF holds, with the type it was stored as."""

from dataclasses import dataclass, field
from typing import TypeAlias

from packllama.gguf.layout import Layout
from packllama.gguf.valuetype import ValueType

Scalar: TypeAlias = int | float | bool
"""A number or a truth value."""

Element: TypeAlias = int | float | bool | str
"""One element of an array, decoded."""


@dataclass(frozen=True, slots=True)
class ArrayInfo:
    """Where an array is. Its elements stay in the file: a vocabulary has hundreds of thousands.

    ``offset`` is the byte in the file where the first element begins, ``size`` the bytes of all elements, ``layout``
    how they are written.
    """

    element_type: ValueType
    count: int
    offset: int
    layout: Layout = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True)
class Value:
    """A key's value as stored.

    ``content`` is an ``int`` for the integer types, a ``float`` for the float types, a ``bool``, the bytes of a
    string (which nothing forces to be UTF-8), or an :class:`ArrayInfo`.
    """

    type: ValueType
    content: Scalar | bytes | ArrayInfo

    @property
    def text(self) -> str | None:
        """A string's text, bytes that are not UTF-8 shown as U+FFFD; ``None`` if it is not a string."""
        return self.content.decode("utf-8", "replace") if isinstance(self.content, bytes) else None

    @property
    def array(self) -> ArrayInfo | None:
        """The array; ``None`` if it is none."""
        return self.content if isinstance(self.content, ArrayInfo) else None

    @property
    def number(self) -> int | float | None:
        """The number, whatever its width; ``None`` for strings, arrays and truth values."""
        if isinstance(self.content, bool) or not isinstance(self.content, int | float):
            return None
        return self.content
