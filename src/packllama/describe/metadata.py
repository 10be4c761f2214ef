"""A GGUF's metadata and tensors as ``show -v`` prints them, after Ollama's command line."""

import os
from collections.abc import Sequence
from pathlib import Path

from packllama import gojson
from packllama.base.reading import open_plain
from packllama.base.terminal import columns
from packllama.float32 import shortest_float32
from packllama.gguf import GGUF, ArrayInfo, Element, Value, ValueType, parameter_count, read_array

# What Ollama leaves out: the name is a publisher's free text, the template is shown by ``--template``.
_LEFT_OUT = {"general.name", "tokenizer.chat_template"}

# Ollama shows as much of an array as fits into so many columns, and one element at least.
_ARRAY_COLUMNS = 10


def metadata_rows(path: Path, gguf: GGUF) -> list[tuple[str, str]]:
    """Key and printed value, sorted by key. ``path`` is the file that ``gguf`` came from."""
    descriptor = open_plain(path, what="a GGUF file")
    try:
        rows = {
            key: _printed(descriptor, path, gguf, value) for key, value in gguf.metadata.items() if key not in _LEFT_OUT
        }
    finally:
        os.close(descriptor)
    # Ollama counts, and shows what it counted beside what the file says.
    rows["general.parameter_count"] = gojson.percent_v(float(parameter_count(gguf)))
    return sorted(rows.items())


def tensor_rows(gguf: GGUF) -> list[tuple[str, str, str]]:
    """Name, type and shape of each tensor, in the file's order."""
    return [(tensor.name, tensor.type.name, f"[{' '.join(map(str, tensor.shape))}]") for tensor in gguf.tensors]


def _printed(descriptor: int, path: Path, gguf: GGUF, value: Value) -> str:
    if value.array is not None:
        first = read_array(descriptor, value.array, size=gguf.size, where=str(path), first=_ARRAY_COLUMNS)
        return _shortened(first, value.array)
    if value.text is not None:
        return value.text
    content = value.content
    return _scalar(content, value.type) if isinstance(content, bool | int | float) else ""


def _scalar(content: Element, stored: ValueType) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, bool):
        return "true" if content else "false"
    number = shortest_float32(content) if stored is ValueType.FLOAT32 else float(content)
    return gojson.percent_v(number)


def _shortened(first: Sequence[Element], array: ArrayInfo) -> str:
    texts = [_scalar(element, array.element_type) for element in first]
    used, shown = 1, 0
    for text in texts:
        needed = columns(text) + (2 if shown else 0)
        if shown and used + needed > _ARRAY_COLUMNS:
            break
        used += needed
        shown += 1
    more = f" ...+{array.count - shown} more" if shown < array.count else ""
    return f"[{' '.join(texts[:shown])}{more}]"
