"""Arrays: passed over when the header is read, read again when someone wants to see them."""

from collections.abc import Callable
from dataclasses import replace
from itertools import repeat
from struct import Struct

from packllama.base.errors import GGUFError
from packllama.base.stop import Stop
from packllama.gguf import limits
from packllama.gguf.layout import Layout
from packllama.gguf.value import ArrayInfo, Element
from packllama.gguf.valuetype import ValueType
from packllama.gguf.window import Window


def skip_array(window: Window, layout: Layout, *, what: str) -> ArrayInfo:
    """Note where an array is and move behind it. No element is decoded, no memory taken.

    Raises: GGUFError, for a nested array, an unknown type, or more elements than there is file left.
    """
    element_type = _element_type(window.integer(layout.u32, what), what=what, where=window.where)
    count = window.integer(layout.length, what)
    if count > limits.ARRAY_ELEMENTS:
        raise GGUFError(
            f"{what} has {count} elements, more than the {limits.ARRAY_ELEMENTS} allowed", where=window.where
        )
    form = layout.scalars.get(element_type)
    start = window.position
    if form is not None:
        window.skip(count * form.size, what)
    else:
        window.require(count * layout.length.size, what)
        _skip_strings(window, count, layout.length, what)
    return ArrayInfo(element_type, count, start, layout, window.position - start)


def read_array(
    fd: int, info: ArrayInfo, *, size: int, where: str, first: int | None = None, stop: Stop | None = None
) -> tuple[Element, ...]:
    """Read an array's elements, or only the ``first`` so many, from the file whose header gave ``info``.

    ``size`` is the file's, in bytes. Strings that are not UTF-8 show U+FFFD. A whole array is as large in memory
    as it wants to be, up to 64 Mi elements; strings together up to :data:`limits.TEXT_BYTES`.

    Raises: GGUFError, when the file is not what it was. FileChanged, when it became shorter. Cancelled, by ``stop``.
    """
    count = info.count if first is None else min(first, info.count)
    window = Window(fd, size=size, where=where, position=info.offset, stop=stop)
    what = "an array"
    form = info.layout.scalars.get(info.element_type)
    if form is None:
        return _read_strings(window, count, info.layout, what)
    window.require(count * form.size, what)
    if info.element_type is ValueType.BOOL:
        return tuple(window.number(form, what) != 0 for _ in range(count))
    return tuple(window.number(form, what) for _ in range(count))


def read_element(fd: int, info: ArrayInfo, index: int, *, size: int, where: str, stop: Stop | None = None) -> Element:
    """Read the one element at ``index``, which must be below the array's count. The others are passed over.

    Raises: as :func:`read_array` does.
    """
    window = Window(fd, size=size, where=where, position=info.offset, stop=stop)
    what = "an array"
    form = info.layout.scalars.get(info.element_type)
    if form is None:
        _skip_strings(window, index, info.layout.length, what)
        return _read_strings(window, 1, info.layout, what)[0]
    window.skip(index * form.size, what)
    number = window.number(form, what)
    return number != 0 if info.element_type is ValueType.BOOL else number


def cut_array(fd: int, info: ArrayInfo, count: int, *, size: int, where: str, stop: Stop | None = None) -> ArrayInfo:
    """The first ``count`` elements of an array, which must have as many, as an array.

    Raises: as :func:`read_array` does.
    """
    window = Window(fd, size=size, where=where, position=info.offset, stop=stop)
    form = info.layout.scalars.get(info.element_type)
    if form is None:
        _skip_strings(window, count, info.layout.length, "an array")
    else:
        window.skip(count * form.size, "an array")
    return replace(info, count=count, size=window.position - info.offset)


def _element_type(code: int, *, what: str, where: str) -> ValueType:
    if code == ValueType.ARRAY.value:
        raise GGUFError(f"{what} is an array of arrays, which is not supported", where=where)
    try:
        return ValueType(code)
    except ValueError:
        raise GGUFError(f"{what} is an array of unknown type {code}", where=where) from None


def _skip_strings(window: Window, count: int, form: Struct, what: str) -> None:
    """Hop from length to length.

    The hot loop of the room: its body runs for every token of a vocabulary, hence the local names.
    """
    unpack: Callable[[bytes, int], tuple[int]] = form.unpack_from
    width = form.size
    longest = limits.STRING_BYTES
    while count:
        block, start = window.view(width, what)
        index = start
        last = len(block) - width
        hopped = 0
        for _ in repeat(None, count):
            if index > last:
                break
            (length,) = unpack(block, index)
            if length > longest:
                raise too_long(what, length, longest, window.where)
            index += width + length
            hopped += 1
        window.skip(index - start, what)
        count -= hopped


def _read_strings(window: Window, count: int, layout: Layout, what: str) -> tuple[str, ...]:
    form = layout.length
    window.require(count * form.size, what)
    texts: list[str] = []
    kept = 0
    for _ in range(count):
        length = window.integer(form, what)
        kept += length
        if kept > limits.TEXT_BYTES:
            raise too_long(what, kept, limits.TEXT_BYTES, window.where)
        texts.append(layout.text(window.take(length, what)).decode("utf-8", "replace"))
    return tuple(texts)


def too_long(what: str, length: int, longest: int, where: str) -> GGUFError:
    """The error for a text that is larger than we are ready to hold."""
    return GGUFError(f"{what} has {length} bytes of text, more than the {longest} allowed", where=where)
