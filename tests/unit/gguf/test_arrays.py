import os
import struct
import tracemalloc

import pytest

from packllama.base.errors import FileChanged, GGUFError
from packllama.gguf import ArrayInfo, Element, ValueType, limits, read_array
from packllama.gguf.window import WINDOW_BYTES
from tests.unit.gguf import builder

VOCABULARY = 262_144


def elements(data: bytes, *, first: int | None = None) -> tuple[Element, ...]:
    """Element values of key ``a``."""
    info = builder.parse(data).array("a")
    assert info is not None
    with builder.descriptor(data) as fd:
        return read_array(fd, info, size=len(data), where="f", first=first)


@pytest.mark.parametrize(
    ("kind", "form", "values"),
    [
        (ValueType.UINT8, "<3B", (0, 1, 255)),
        (ValueType.INT8, "<3b", (-128, 0, 127)),
        (ValueType.UINT16, "<2H", (1, 65535)),
        (ValueType.INT16, "<2h", (-32768, 5)),
        (ValueType.UINT32, "<2I", (1, 2**32 - 1)),
        (ValueType.INT32, "<2i", (-(2**31), 5)),
        (ValueType.FLOAT32, "<2f", (0.5, -2.0)),
        (ValueType.BOOL, "<3B", (True, False, True)),
        (ValueType.UINT64, "<1Q", (2**64 - 1,)),
        (ValueType.INT64, "<1q", (-(2**63),)),
        (ValueType.FLOAT64, "<1d", (0.1,)),
        (ValueType.INT8, "<0b", ()),
    ],
)
def test_elements_of_every_type(kind: ValueType, form: str, values: tuple[Element, ...]) -> None:
    payload = struct.pack(form, *values)
    data = builder.gguf([builder.array("a", kind, len(values), payload), builder.uint32("after", 7)])
    assert builder.parse(data).uint32("after") == 7
    assert elements(data) == values
    assert all(type(found) is type(wanted) for found, wanted in zip(elements(data), values, strict=True))


def test_strings_and_the_first_few_of_them() -> None:
    data = builder.gguf([builder.strings("a", ["[PAD]", "", "grün", b"\xff"]), builder.uint32("after", 7)])
    assert builder.parse(data).uint32("after") == 7
    assert elements(data) == ("[PAD]", "", "grün", "\ufffd")
    assert elements(data, first=2) == ("[PAD]", "")
    assert elements(data, first=99) == elements(data)


@pytest.mark.parametrize("length", [0, 1, 100, WINDOW_BYTES - 8, WINDOW_BYTES, 3 * WINDOW_BYTES])
def test_strings_of_any_length_are_hopped_over(length: int) -> None:
    keys = [builder.strings("a", [b"x" * length] * 5), builder.uint32("after", 7)]
    assert builder.parse(builder.gguf(keys)).uint32("after") == 7


def test_a_large_vocabulary_is_passed_over_without_memory() -> None:
    tokens = [f"token {number}" for number in range(VOCABULARY)]
    scores = builder.array("scores", ValueType.FLOAT32, VOCABULARY, bytes(4 * VOCABULARY))
    data = builder.gguf([builder.strings("a", tokens), scores, builder.uint32("after", 7)])
    del tokens
    tracemalloc.start()
    try:
        gguf = builder.parse(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert gguf.uint32("after") == 7
    assert gguf.array("a") == ArrayInfo(ValueType.STRING, VOCABULARY, 24 + 8 + 1 + 4 + 4 + 8)
    assert peak < builder.SLACK
    assert elements(data, first=3) == ("token 0", "token 1", "token 2")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (builder.array("a", 9, 1, bytes(64)), '"a" is an array of arrays'),
        (builder.array("a", 13, 1, bytes(64)), '"a" is an array of unknown type 13'),
        (builder.array("a", 0, limits.ARRAY_ELEMENTS + 1), "67108865 elements, more than the 67108864 allowed"),
        (builder.array("a", 10, 5, bytes(39)), "needs 40 bytes"),
        (builder.array("a", 8, 5, bytes(39)), "needs 40 bytes"),
        (builder.array("a", 8, 2, builder.text("x") + builder.u64(9)), "unexpected end of file"),
        (
            builder.array("a", 8, 2, builder.u64(limits.STRING_BYTES + 1) + bytes(64)),
            "16777217 bytes of text, more than the 16777216 allowed",
        ),
    ],
)
def test_arrays_that_lie(damage: bytes, words: str) -> None:
    builder.refused(builder.gguf([damage], alignment=1), words)


def test_reading_again_from_a_file_that_was_cut() -> None:
    info = ArrayInfo(ValueType.UINT32, 10, 4)
    with builder.descriptor(bytes(20)) as fd:
        with pytest.raises(GGUFError, match="unexpected end of file"):
            read_array(fd, info, size=20, where="f")
        with pytest.raises(FileChanged):
            read_array(fd, info, size=44, where="f")


@pytest.mark.parametrize("length", [limits.TEXT_BYTES + 1, 2**64 - 1])
def test_reading_again_does_not_believe_lengths(length: int) -> None:
    info = ArrayInfo(ValueType.STRING, 1, 0)
    size = 1 << 30
    with builder.descriptor(builder.u64(length)) as fd, pytest.raises(GGUFError, match="bytes of text"):
        os.truncate(fd, size)
        read_array(fd, info, size=size, where="f")
