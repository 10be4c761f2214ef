"""The file that a dialect is told by and translated from, as something to ask."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from packllama.base.errors import GGUFError
from packllama.base.reading import opened_plain
from packllama.base.stop import Stop
from packllama.gguf import (
    CURRENT,
    GGUF,
    ArrayInfo,
    Element,
    TensorInfo,
    ValueType,
    architecture,
    cut_array,
    read_array,
    read_element,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The file at ``path`` whose header is ``gguf``. Of its data nothing is read but what is asked for.

    What reads them raises as :func:`packllama.gguf.read_array` does.
    """

    gguf: GGUF
    path: Path
    stop: Stop | None = None

    def key(self, name: str) -> str:
        """The full name of a key; one that begins with a dot is the architecture's own."""
        return architecture(self.gguf) + name if name.startswith(".") else name

    def tensor(self, name: str) -> TensorInfo | None:
        return next((tensor for tensor in self.gguf.tensors if tensor.name == name), None)

    def dimension(self, tensor: str, index: int) -> int | None:
        """A tensor's dimension, counted from 0, the fastest; ``None`` when it has none, or is not there."""
        found = self.tensor(tensor)
        return found.shape[index] if found and len(found.shape) > index else None

    def integer(self, name: str) -> int | None:
        """A key's whole number; ``None`` when it holds none."""
        return self.gguf.integer(self.key(name))

    def number(self, name: str) -> int | float | None:
        """A key's number; ``None`` when it holds none."""
        return self.gguf.number(self.key(name))

    def token(self, number: int) -> str | None:
        """A token's text, read from the file; ``None`` when there is no such token."""
        tokens = self.gguf.array("tokenizer.ggml.tokens")
        if tokens is None or tokens.element_type is not ValueType.STRING or number >= tokens.count:
            return None
        return str(
            self._read(lambda fd, size, where: read_element(fd, tokens, number, size=size, where=where, stop=self.stop))
        )

    def elements(self, array: ArrayInfo, first: int | None = None) -> tuple[Element, ...]:
        """An array's elements, or the ``first`` so many."""
        return self._read(
            lambda fd, size, where: read_array(fd, array, size=size, where=where, first=first, stop=self.stop)
        )

    def numbers(self, tensor: TensorInfo) -> tuple[Element, ...]:
        """All numbers of a small tensor of F32."""
        offset, layout = self.gguf.data_offset + tensor.offset, CURRENT[self.gguf.byte_order]
        return self.elements(ArrayInfo(ValueType.FLOAT32, tensor.elements, offset, layout, tensor.size))

    def cut(self, array: ArrayInfo, count: int) -> ArrayInfo:
        """The first ``count`` elements of an array, which has as many."""
        return self._read(lambda fd, size, where: cut_array(fd, array, count, size=size, where=where, stop=self.stop))

    def bad(self, message: str) -> GGUFError:
        """The error for a file that is not what its architecture says."""
        return GGUFError(
            message,
            where=str(self.path),
            hint="It is damaged, made by hand, or of a converter that is not known; use a plain GGUF of the model.",
        )

    def _read(self, read: Callable[[int, int, str], T]) -> T:
        with opened_plain(self.path, what="a GGUF file") as descriptor:
            return read(descriptor, self.gguf.size, os.fspath(self.path))
