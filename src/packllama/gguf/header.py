"""The keys of a header and the table of its tensors, taken in one after the other."""

from packllama.base.errors import GGUFError
from packllama.gguf import limits
from packllama.gguf.arrays import skip_array, too_long
from packllama.gguf.layout import Layout
from packllama.gguf.quote import quoted
from packllama.gguf.tensor import TENSOR_TYPES, TensorInfo, TensorType
from packllama.gguf.value import Value
from packllama.gguf.valuetype import ValueType
from packllama.gguf.window import Window


class HeaderReader:
    """Decodes what follows magic and version. Used once, from front to back."""

    def __init__(self, window: Window, layout: Layout) -> None:
        self._window = window
        self._layout = layout
        self._text_bytes = 0

    def counts(self) -> tuple[int, int]:
        """How many tensors and keys follow: in the file, tensors come first.

        Raises: GGUFError, when there are too many, or more than the bytes left could hold.
        """
        tensors = self._window.integer(self._layout.total, "the number of tensors")
        keys = self._window.integer(self._layout.total, "the number of keys")
        for count, limit, what in ((keys, limits.KEYS, "keys"), (tensors, limits.TENSORS, "tensors")):
            if count > limit:
                raise self._bad(f"the header declares {count} {what}, more than the {limit} allowed")
        self._window.require(
            keys * self._layout.least_key_bytes + tensors * self._layout.least_tensor_bytes,
            f"a header of {keys} keys and {tensors} tensors",
        )
        return tensors, keys

    def keys(self, count: int) -> dict[str, Value]:
        """The next ``count`` keys, in the file's order."""
        metadata: dict[str, Value] = {}
        for number in range(1, count + 1):
            key = self._name(f"key {number} of {count}")
            if key in metadata:
                raise self._bad(f"key {quoted(key)} occurs twice")
            metadata[key] = self._value(f"the value of {quoted(key)}")
        return metadata

    def tensors(self, count: int) -> tuple[TensorInfo, ...]:
        """The next ``count`` entries of the tensor table; whether their data fits is checked elsewhere."""
        seen: set[str] = set()
        table: list[TensorInfo] = []
        for number in range(1, count + 1):
            tensor = self._tensor(f"tensor {number} of {count}")
            if tensor.name in seen:
                raise self._bad(f"tensor {quoted(tensor.name)} occurs twice")
            seen.add(tensor.name)
            table.append(tensor)
        return tuple(table)

    def _value(self, what: str) -> Value:
        code = self._u32(what)
        try:
            kind = ValueType(code)
        except ValueError:
            raise self._bad(f"{what} is of unknown type {code}") from None
        if kind is ValueType.STRING:
            return Value(kind, self._text(what, limits.STRING_BYTES))
        if kind is ValueType.ARRAY:
            return Value(kind, skip_array(self._window, self._layout, what=what))
        content = self._window.number(self._layout.scalars[kind], what)
        if kind is not ValueType.BOOL:
            return Value(kind, content)
        if content > 1:
            raise self._bad(f"{what} must be 0 or 1, being a bool, but is {content}")
        return Value(kind, content == 1)

    def _tensor(self, what: str) -> TensorInfo:
        name = self._name(what)
        what = f"tensor {quoted(name)}"
        dimensions = self._u32(what)
        if dimensions > limits.DIMENSIONS:
            raise self._bad(f"{what} has {dimensions} dimensions, more than the {limits.DIMENSIONS} allowed")
        shape = tuple(self._length(what) for _ in range(dimensions))
        code = self._u32(what)
        kind = TENSOR_TYPES.get(code)
        if kind is None:
            raise GGUFError(
                f"{what} is of unknown type {code}",
                where=self._window.where,
                hint="The file is damaged, or its quantisation is newer than this program, or long given up.",
            )
        size = self._size(what, kind, shape)
        return TensorInfo(name, kind, shape, self._window.integer(self._layout.u64, what), size)

    def _size(self, what: str, kind: TensorType, shape: tuple[int, ...]) -> int:
        """Bytes of data; a first dimension is always there, as 1 when nothing is written."""
        elements = 1
        for dimension in shape:
            # Engines divide by dimensions, so a 0 would end them with a signal.
            if not dimension:
                raise self._bad(f"{what} has a dimension of 0")
            elements *= dimension
            if elements > limits.ELEMENTS:
                raise self._bad(f"{what} has more than 2^63-1 elements")
        row = shape[0] if shape else 1
        if row % kind.block_elements:
            raise self._bad(
                f"{what} has a first dimension of {row}, "
                f"which is not divisible by the block size of {kind.name} ({kind.block_elements})"
            )
        return elements // kind.block_elements * kind.block_bytes

    def _name(self, what: str) -> str:
        """A key or a tensor's name: unlike values, it must be UTF-8, so that no two can look the same."""
        try:
            return self._text(f"the name of {what}", limits.NAME_BYTES).decode()
        except UnicodeDecodeError as error:
            raise self._bad(f"the name of {what} is not UTF-8") from error

    def _text(self, what: str, longest: int) -> bytes:
        length = self._length(what)
        if length > longest:
            raise too_long(what, length, longest, self._window.where)
        self._text_bytes += length
        if self._text_bytes > limits.TEXT_BYTES:
            raise too_long("the header", self._text_bytes, limits.TEXT_BYTES, self._window.where)
        return self._layout.text(self._window.take(length, what))

    def _length(self, what: str) -> int:
        return self._window.integer(self._layout.length, what)

    def _u32(self, what: str) -> int:
        return self._window.integer(self._layout.u32, what)

    def _bad(self, message: str) -> GGUFError:
        return GGUFError(message, where=self._window.where)
