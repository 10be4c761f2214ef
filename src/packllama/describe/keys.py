"""Every key of a GGUF with its type and value; long arrays are cut to their first elements."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

from packllama.base.reading import open_plain
from packllama.float32 import shortest_float32
from packllama.gguf import GGUF, ArrayInfo, Element, Value, ValueType, read_array

# Enough to see what an array holds; a vocabulary has hundreds of thousands.
SHOWN_ELEMENTS = 8
_LONGEST_ELEMENT = 120  # characters; tokens have a few, and a hostile one 16 MiB


@dataclass(frozen=True, slots=True)
class Key:
    """One key. ``type`` is the stored type in llama.cpp's word, of an array that of its elements.

    ``value`` of an array are its first elements, ``length`` is how many it has; ``None`` for what is no array.
    A number that JSON has no word for is a text: ``nan``, ``inf``.
    """

    name: str
    type: str
    length: int | None
    value: Element | tuple[Element, ...]


def metadata_keys(path: Path, gguf: GGUF) -> tuple[Key, ...]:
    """The keys in the file's order. ``path`` is the file that ``gguf`` came from.

    Raises: as :func:`packllama.gguf.read_array` does, when the file is no longer what it was.
    """
    descriptor = open_plain(path, what="a GGUF file")
    try:
        return tuple(_key(name, value, descriptor, gguf, str(path)) for name, value in gguf.metadata.items())
    finally:
        os.close(descriptor)


def _key(name: str, value: Value, descriptor: int, gguf: GGUF, where: str) -> Key:
    stored = value.type.name.lower()
    match value.content:
        case ArrayInfo() as array:
            first = read_array(descriptor, array, size=gguf.size, where=where, first=SHOWN_ELEMENTS)
            elements = tuple(_element(element, array.element_type) for element in first)
            return Key(name, array.element_type.name.lower(), array.count, elements)
        case bytes() as text:
            return Key(name, stored, None, text.decode("utf-8", "replace"))
        case scalar:
            return Key(name, stored, None, _element(scalar, value.type))


def _element(element: Element, stored: ValueType) -> Element:
    if isinstance(element, str):
        return element if len(element) <= _LONGEST_ELEMENT else f"{element[:_LONGEST_ELEMENT]}…"
    if isinstance(element, float) and not math.isfinite(element):
        return str(element)
    return shortest_float32(element) if stored is ValueType.FLOAT32 else element
