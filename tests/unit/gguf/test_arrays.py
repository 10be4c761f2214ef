import os
import tracemalloc
from collections.abc import Callable

import pytest

from packllama.base.errors import Cancelled, FileChanged, GGUFError
from packllama.base.stop import Stop
from packllama.gguf import ArrayInfo, ByteOrder, Element, ValueType, limits, read_array, read_element
from packllama.gguf.layout import CURRENT
from packllama.gguf.window import WINDOW_BYTES
from tests.unit.gguf import builder
from tests.unit.gguf.builder import LAYOUTS, Writer, every_layout

VOCABULARY = 262_144


def elements(data: bytes, *, first: int | None = None) -> tuple[Element, ...]:
    """Element values of key ``a``."""
    info = builder.parse(data).array("a")
    assert info is not None
    with builder.descriptor(data) as fd:
        return read_array(fd, info, size=len(data), where="f", first=first)


def one_by_one(data: bytes) -> list[Element]:
    """The same, each read by itself."""
    info = builder.parse(data).array("a")
    assert info is not None
    with builder.descriptor(data) as fd:
        return [read_element(fd, info, index, size=len(data), where="f") for index in range(info.count)]


@every_layout
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (ValueType.UINT8, (0, 1, 255)),
        (ValueType.INT8, (-128, 0, 127)),
        (ValueType.UINT16, (1, 65535)),
        (ValueType.INT16, (-32768, 5)),
        (ValueType.UINT32, (1, 2**32 - 1)),
        (ValueType.INT32, (-(2**31), 5)),
        (ValueType.FLOAT32, (0.5, -2.0)),
        (ValueType.BOOL, (True, False, True)),
        (ValueType.UINT64, (2**64 - 1,)),
        (ValueType.INT64, (-(2**63),)),
        (ValueType.FLOAT64, (0.1,)),
        (ValueType.INT8, ()),
    ],
)
def test_elements_of_every_type(w: Writer, kind: ValueType, values: tuple[float, ...]) -> None:
    data = w.gguf([w.numbers("a", kind, values), w.uint32("after", 7)])
    assert builder.parse(data).uint32("after") == 7
    assert elements(data) == values
    assert all(type(found) is type(wanted) for found, wanted in zip(elements(data), values, strict=True))
    assert one_by_one(data) == list(values)


@every_layout
def test_strings_and_the_first_few_of_them(w: Writer) -> None:
    data = w.gguf([w.strings("a", ["[PAD]", "", "grün", b"\xff"]), w.uint32("after", 7)])
    assert builder.parse(data).uint32("after") == 7
    assert elements(data) == ("[PAD]", "", "grün", "\ufffd")
    assert one_by_one(data) == list(elements(data))
    assert elements(data, first=2) == ("[PAD]", "")
    assert elements(data, first=99) == elements(data)


@every_layout
@pytest.mark.parametrize("length", [0, 1, 100, WINDOW_BYTES - 8, WINDOW_BYTES - 4, WINDOW_BYTES, 3 * WINDOW_BYTES])
def test_strings_of_any_length_are_hopped_over(w: Writer, length: int) -> None:
    keys = [w.strings("a", [b"x" * length] * 5), w.uint32("after", 7)]
    assert builder.parse(w.gguf(keys)).uint32("after") == 7


@pytest.mark.parametrize(
    "w", [pytest.param(w, marks=[] if w == builder.CURRENT else pytest.mark.slow) for w in LAYOUTS], ids=str
)
def test_a_large_vocabulary_is_passed_over_without_memory(w: Writer) -> None:
    tokens = [f"token {number}" for number in range(VOCABULARY)]
    scores = w.array("scores", ValueType.FLOAT32, VOCABULARY, bytes(4 * VOCABULARY))
    data = w.gguf([w.strings("a", tokens), scores, w.uint32("after", 7)])
    del tokens
    tracemalloc.start()
    try:
        gguf = builder.parse(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert gguf.uint32("after") == 7
    info = gguf.array("a")
    assert info is not None
    assert (info.element_type, info.count) == (ValueType.STRING, VOCABULARY)
    assert info.offset == w.start + len(w.text("a")) + 4 + 4 + w.length_bytes
    assert info.layout.byte_order is w.byte_order
    assert peak < builder.SLACK
    assert elements(data, first=3) == ("token 0", "token 1", "token 2")


@every_layout
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda w: w.array("a", 9, 1, bytes(64)), '"a" is an array of arrays'),
        (lambda w: w.array("a", 13, 1, bytes(64)), '"a" is an array of unknown type 13'),
        (lambda w: w.array("a", 0, limits.ARRAY_ELEMENTS + 1), "67108865 elements, more than the 67108864 allowed"),
        (lambda w: w.array("a", 10, 5, bytes(39)), "needs 40 bytes"),
        (lambda w: w.array("a", 8, 5, bytes(5 * w.length_bytes - 1)), "unexpected end of file"),
        (lambda w: w.array("a", 8, 2, w.text("x") + w.size(9)), "unexpected end of file"),
        (
            lambda w: w.array("a", 8, 2, w.size(limits.STRING_BYTES + 1) + bytes(64)),
            "16777217 bytes of text, more than the 16777216 allowed",
        ),
        (lambda w: w.array("a", 8, 2, w.size(w.most) + bytes(64)), "bytes of text, more than the 16777216 allowed"),
    ],
)
def test_arrays_that_lie(w: Writer, damage: Callable[[Writer], bytes], words: str) -> None:
    builder.refused(w.gguf([damage(w)], alignment=1), words)


def test_reading_again_from_a_file_that_was_cut() -> None:
    info = ArrayInfo(ValueType.UINT32, 10, 4, CURRENT[ByteOrder.LITTLE], 40)
    with builder.descriptor(bytes(20)) as fd:
        with pytest.raises(GGUFError, match="unexpected end of file"):
            read_array(fd, info, size=20, where="f")
        with pytest.raises(FileChanged):
            read_array(fd, info, size=44, where="f")


@pytest.mark.parametrize("length", [limits.TEXT_BYTES + 1, 2**64 - 1])
def test_reading_again_does_not_believe_lengths(length: int) -> None:
    info = ArrayInfo(ValueType.STRING, 1, 0, CURRENT[ByteOrder.LITTLE], 40)
    size = 1 << 30
    with builder.descriptor(builder.u64(length)) as fd, pytest.raises(GGUFError, match="bytes of text"):
        os.truncate(fd, size)
        read_array(fd, info, size=size, where="f")


def test_reading_again_stops_when_asked() -> None:
    data = builder.gguf([builder.strings("a", ["x"])])
    info = builder.parse(data).array("a")
    assert info is not None
    stop = Stop()
    stop.set()
    with builder.descriptor(data) as fd, pytest.raises(Cancelled):
        read_array(fd, info, size=len(data), where="f", stop=stop)
