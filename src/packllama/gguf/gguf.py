"""A GGUF as its header describes it."""

from collections.abc import Mapping
from dataclasses import dataclass

from packllama.gguf.layout import ByteOrder
from packllama.gguf.tensor import TensorInfo
from packllama.gguf.value import ArrayInfo, Value
from packllama.gguf.valuetype import ValueType


@dataclass(frozen=True, slots=True)
class GGUF:
    """A header that was read and found sound. Holds no open file.

    ``metadata`` is read-only and keeps the file's order. ``alignment``, ``data_offset`` (where the tensors' data
    begins) and ``size`` (of the file) are bytes. In a file without tensors ``data_offset`` may lie behind its end.
    ``byte_order`` is that of all numbers, the tensors' data included.
    """

    version: int
    byte_order: ByteOrder
    metadata: Mapping[str, Value]
    tensors: tuple[TensorInfo, ...]
    alignment: int
    data_offset: int
    size: int

    def uint32(self, key: str) -> int | None:
        """The value if it is stored as uint32, else ``None``."""
        value = self._of(key, ValueType.UINT32)
        return value.content if value and isinstance(value.content, int) else None

    def boolean(self, key: str) -> bool | None:
        """The value if it is stored as bool, else ``None``."""
        value = self._of(key, ValueType.BOOL)
        return value.content if value and isinstance(value.content, bool) else None

    def string(self, key: str) -> str | None:
        """The value if it is stored as string, else ``None``. Bytes that are not UTF-8 become U+FFFD."""
        value = self.metadata.get(key)
        return value.text if value else None

    def integer(self, key: str) -> int | None:
        """The value if it is stored as an integer of any width, else ``None``."""
        number = self.number(key)
        return number if isinstance(number, int) else None

    def number(self, key: str) -> int | float | None:
        """The value if it is stored as an integer or float of any width, else ``None``."""
        value = self.metadata.get(key)
        return value.number if value else None

    def array(self, key: str) -> ArrayInfo | None:
        """Where the array is, if the value is one; :func:`packllama.gguf.read_array` reads it."""
        value = self.metadata.get(key)
        return value.array if value else None

    def _of(self, key: str, kind: ValueType) -> Value | None:
        value = self.metadata.get(key)
        return value if value and value.type is kind else None
