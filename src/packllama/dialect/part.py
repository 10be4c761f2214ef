"""A file that llama.cpp loads, described down to its last byte before the first one is written."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import FileChanged
from packllama.base.fs import NewFile
from packllama.base.observer import SILENT, Observer
from packllama.base.reading import opened_plain, pread_all
from packllama.base.stop import Stop
from packllama.dialect.key import LAYOUT, Key
from packllama.dialect.recipe import Tensor
from packllama.dialect.source import SourceFile
from packllama.gguf import DEFAULT_ALIGNMENT, MAGIC, ArrayInfo, Element, TensorInfo, TensorType

_VERSION = 3
# What one call to the kernel copies: short enough for a Ctrl-C.
_STEP_BYTES = 16 << 20
# Bytes of small numbers that are widened at once.
_WIDENED_BYTES = 1 << 18

WIDENED = (TensorType.F16, TensorType.BF16, TensorType.Q8_0, TensorType.Q4_0)
"""Types whose numbers can be written as F32."""


@dataclass(frozen=True, slots=True)
class Part:
    """Its keys and its tensors, in the order in which they are written. What is large is still in ``source``."""

    source: SourceFile
    keys: Mapping[str, Key]
    tensors: tuple[Tensor, ...]

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        head = sum(_length(piece) for piece in self._head())
        return self._padded(head) + sum(self._padded(_size(tensor)) for tensor in self.tensors)

    def value(self, name: str) -> Element | tuple[Element, ...]:
        """A key's value, decoded.

        Raises: KeyError. What reading an array of the source raises.
        """
        key = self.keys[name]
        return self.source.elements(key.data) if isinstance(key.data, ArrayInfo) else key.decode()

    def write(self, path: Path, *, observer: Observer = SILENT, stop: Stop | None = None) -> None:
        """Write the file, durably; a file of that name is replaced. Memory does not depend on the model's size.

        Raises: NoSpace, MachineError. FileChanged: the source became shorter. Cancelled: nothing is left.
        """
        with opened_plain(self.source.path, what="a GGUF file") as descriptor, NewFile(path.parent) as file:
            out = _Writer(file, descriptor, self.source, observer, stop or Stop())
            for piece in self._head():
                out.put(piece)
            out.pad(self._alignment)
            for tensor in self.tensors:
                out.tensor(tensor)
                out.pad(self._alignment)
            file.move_to(path)

    @property
    def _alignment(self) -> int:
        stated = self.keys.get("general.alignment")
        return (stated.integer if stated else None) or DEFAULT_ALIGNMENT

    def _padded(self, size: int) -> int:
        return -(-size // self._alignment) * self._alignment

    def _head(self) -> Iterator[bytes | ArrayInfo]:
        """Everything before the tensors' data and its padding."""
        totals = LAYOUT.total.pack(len(self.tensors)) + LAYOUT.total.pack(len(self.keys))
        yield MAGIC + LAYOUT.u32.pack(_VERSION) + totals
        for name, key in self.keys.items():
            yield _text(name) + key.head
            yield key.data
        offset = 0
        for tensor in self.tensors:
            shape = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
            yield _text(tensor.name) + shape + struct.pack("<IQ", tensor.type.code, offset)
            offset += self._padded(_size(tensor))


class _Writer:
    """One file being written: bytes of our own, ranges of the source, numbers made wider."""

    def __init__(self, file: NewFile, descriptor: int, source: SourceFile, observer: Observer, stop: Stop) -> None:
        self._file = file
        self._descriptor = descriptor
        self._source = source
        self._tensors = {tensor.name: tensor for tensor in source.gguf.tensors}
        self._observer = observer
        self._stop = stop
        self._size = 0

    def put(self, piece: bytes | ArrayInfo) -> None:
        if isinstance(piece, ArrayInfo):
            self._copy(piece.offset, piece.size)
        else:
            self._file.write(piece)
            self._passed(len(piece))

    def pad(self, alignment: int) -> None:
        self.put(bytes(-self._size % alignment))

    def tensor(self, tensor: Tensor) -> None:
        info = self._tensors[tensor.source]
        begin = self._source.gguf.data_offset + info.offset + tensor.begin
        if info.type is tensor.type:
            self._copy(begin, _size(tensor))
        else:
            self._widen(info, begin, byte_size(info.type, tensor.shape))

    def _copy(self, offset: int, count: int) -> None:
        end = offset + count
        while offset < end:
            wanted = min(_STEP_BYTES, end - offset)
            copied = self._file.copy_from(self._descriptor, offset, wanted, where=self._source.path)
            if not copied:
                raise self._shorter()
            offset += copied
            self._passed(copied)

    def _widen(self, info: TensorInfo, offset: int, count: int) -> None:
        step = _WIDENED_BYTES // info.type.block_bytes * info.type.block_bytes
        for start in range(0, count, step):
            wanted = min(step, count - start)
            data = pread_all(self._descriptor, wanted, offset + start, where=self._source.path)
            if len(data) < wanted:
                raise self._shorter()
            self.put(widened(data, info.type))

    def _passed(self, count: int) -> None:
        self._stop.check()
        self._size += count
        self._observer.advanced(count)

    def _shorter(self) -> FileChanged:
        hint = "Something still writes it. Wait until that is done."
        return FileChanged("the file became shorter while it was translated", where=str(self._source.path), hint=hint)


def widened(data: bytes, kind: TensorType) -> bytes:
    """Numbers of a type in ``WIDENED``, whole blocks of them, as F32: the same numbers."""
    count = len(data) // 2
    if kind is TensorType.F16:
        return struct.pack(f"<{count}f", *struct.unpack(f"<{count}e", data))
    if kind is TensorType.BF16:
        # The upper half of F32.
        wide = bytearray(4 * count)
        wide[2::4], wide[3::4] = data[::2], data[1::2]
        return bytes(wide)
    return _unpacked_q8_0(data) if kind is TensorType.Q8_0 else _unpacked_q4_0(data)


def _unpacked_q8_0(data: bytes) -> bytes:
    numbers = [scale * level for scale, *levels in struct.iter_unpack("<e32b", data) for level in levels]
    return struct.pack(f"<{len(numbers)}f", *numbers)


def _unpacked_q4_0(data: bytes) -> bytes:
    """Levels around 8: first the lower halves of a block's bytes, then the upper ones."""
    numbers: list[float] = []
    for scale, *pairs in struct.iter_unpack("<e16B", data):
        numbers += [scale * ((pair & 15) - 8) for pair in pairs]
        numbers += [scale * ((pair >> 4) - 8) for pair in pairs]
    return struct.pack(f"<{len(numbers)}f", *numbers)


def _text(name: str) -> bytes:
    raw = name.encode()
    return LAYOUT.length.pack(len(raw)) + raw


def _length(piece: bytes | ArrayInfo) -> int:
    return piece.size if isinstance(piece, ArrayInfo) else len(piece)


def _size(tensor: Tensor) -> int:
    return byte_size(tensor.type, tensor.shape)


def byte_size(kind: TensorType, shape: Sequence[int]) -> int:
    """Bytes of a tensor, without padding."""
    elements = 1
    for dimension in shape:
        elements *= dimension
    return elements // kind.block_elements * kind.block_bytes
