"""Headers whose numbers are not to be believed, taken through systematically.

Whatever the bytes, reading ends in a :class:`GGUF` or a :class:`GGUFError`, and never takes much more memory
than the file is long.
"""

import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packllama.base.errors import GGUFError
from packllama.gguf import GGUF, ValueType, kind_of, limits, parameter_count
from tests.unit.gguf import builder
from tests.unit.gguf.builder import CURRENT, LAYOUTS, Writer, every_layout

Field = tuple[str, int, int]
"""Name, width in bytes, sound value."""


def fields(w: Writer) -> list[Field | bytes]:
    """The sample, in the file's order. Texts stand between the fields as they are.

    A sound key comes first, so that the form of version 1 is beyond doubt.
    """
    total, length, end = (w.start - 8) // 2, w.length_bytes, w.end
    return [
        w.magic,
        ("version", 4, w.version),
        ("tensor count", total, 2),
        ("key count", total, 6),
        w.string("first", "x"),
        ("key length", length, 20 + len(end)),
        b"general.architecture" + end,
        ("string type", 4, ValueType.STRING.value),
        ("string length", length, 5 + len(end)),
        b"llama" + end,
        w.text("general.alignment"),
        ("alignment type", 4, ValueType.UINT32.value),
        ("alignment", 4, 32),
        w.text("b"),
        ("bool type", 4, ValueType.BOOL.value),
        ("bool", 1, 1),
        w.text("w"),
        ("array type", 4, ValueType.ARRAY.value),
        ("element type", 4, ValueType.STRING.value),
        ("array count", length, 2),
        ("element length", length, 3 + len(end)),
        b"abc" + end,
        w.text("d"),
        w.text("n") + w.u32(ValueType.ARRAY.value),
        ("number type", 4, ValueType.UINT16.value),
        ("number count", length, 2),
        w.pack("HH", 1, 2),
        ("name length", length, 1 + len(end)),
        b"t" + end,
        ("dimensions", 4, 2),
        ("first dimension", length, 32),
        ("second dimension", length, 4),
        ("tensor type", 4, 8),
        ("offset", 8, 0),
        w.tensor("u", (8,), offset=160),
    ]


DATA = 160 + 8
NAMES = [field[0] for field in fields(CURRENT) if isinstance(field, tuple)]
SOUND_TYPES = {field[0]: field[2] for field in fields(CURRENT) if isinstance(field, tuple)}


def widths(w: Writer) -> dict[str, int]:
    return {field[0]: field[1] for field in fields(w) if isinstance(field, tuple)}


def sample(w: Writer, changes: Mapping[str, int] = MappingProxyType({})) -> bytes:
    """The sound file, with fields changed; a number too large for its field is cut to fit."""
    table = table_of(w, changes)
    return table + bytes(-len(table) % 32) + bytes(DATA)


def table_of(w: Writer, changes: Mapping[str, int] = MappingProxyType({})) -> bytes:
    """The sample's header without padding."""

    def stored(name: str, width: int, sound: int) -> bytes:
        return (changes.get(name, sound) % (1 << 8 * width)).to_bytes(width, w.byte_order.value)

    return b"".join(field if isinstance(field, bytes) else stored(*field) for field in fields(w))


def header_bytes(w: Writer) -> int:
    return len(sample(w)) - DATA


END = "unexpected end of file"

# What 0, 1, the largest number, the one below it, and the sign bit alone lead to; None: it is accepted.
# A length or a type that is wrong but possible shifts what is read next, so the error comes there.
OUTCOMES: dict[str, tuple[str | None, ...]] = {
    "version": ("unknown GGUF version", "dimensions, more than", *(["unknown GGUF version"] * 3)),
    "tensor count": (None, None, *(["tensors, more than the 65536"] * 3)),
    "key count": ("8 dimensions, more than", "8 dimensions, more than", *(["keys, more than the 4096"] * 3)),
    "key length": ("of unknown type", "of unknown type", *(["of text, more than the 65535"] * 3)),
    "string type": (*(["the name of key 3"] * 2), *(["of unknown type"] * 3)),
    "string length": (*(["the name of key 3"] * 2), *(["of text, more than the 16777216"] * 3)),
    "alignment type": (*(["the name of key 4"] * 2), *(["of unknown type"] * 3)),
    "alignment": ("power of two", None, "power of two", "power of two", "exceeds file size"),
    "bool type": (None, None, *(["of unknown type"] * 3)),
    "bool": (None, None, *(["must be 0 or 1"] * 3)),
    "array type": (*(["the name of key 6"] * 2), *(["of unknown type"] * 3)),
    "element type": (*(["the name of key 6"] * 2), *(["an array of unknown type"] * 3)),
    "array count": (*(["the name of tensor 1"] * 2), *(["elements, more than the 67108864"] * 3)),
    "element length": ("bytes of text", END, *(["of text, more than the 16777216"] * 3)),
    "number type": (*(["the name of tensor 1"] * 2), *(["an array of unknown type"] * 3)),
    "number count": (*(["the name of tensor 1"] * 2), *(["elements, more than the 67108864"] * 3)),
    "name length": ("628 dimensions", None, *(["of text, more than the 65535"] * 3)),
    "dimensions": ("of unknown type 32", "of unknown type 2048", *(["dimensions, more than the 4"] * 3)),
    "first dimension": ("a dimension of 0", "not divisible", *(["2^63-1 elements"] * 3)),
    "second dimension": ("a dimension of 0", None, *(["2^63-1 elements"] * 3)),
    "tensor type": ("exceeds file size", "exceeds file size", *(["of unknown type"] * 3)),
    "offset": (None, "not a multiple", *(["exceeds file size"] * 3)),
}


def cases() -> Iterator[tuple[str, int, str | None]]:
    for field, outcomes in OUTCOMES.items():
        top = 1 << 8 * widths(CURRENT)[field]
        for number, words in zip((0, 1, top - 1, top - 2, top >> 1), outcomes, strict=True):
            yield field, number, words


def outcome(data: bytes, *, size: int | None = None) -> GGUF | None:
    """What reading gives; ``None`` for a refusal. Any other exception, or much memory, fails the test."""
    tracemalloc.start()
    try:
        gguf = builder.parse(data, size=size)
    except GGUFError as error:
        assert error.message
        gguf = None
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < min(size or len(data), limits.TEXT_BYTES) + builder.SLACK
    if gguf is not None:
        assert kind_of(gguf).value
        assert parameter_count(gguf) < 1 << 63
        assert all(gguf.data_offset + tensor.offset + tensor.size <= gguf.size for tensor in gguf.tensors)
    return gguf


@every_layout
def test_the_sample_is_sound(w: Writer) -> None:
    gguf = builder.parse(sample(w))
    assert [tensor.name for tensor in gguf.tensors] == ["t", "u"]
    assert gguf.data_offset == header_bytes(w)
    assert (gguf.version, gguf.byte_order) == (w.version, w.byte_order)


def test_the_table_has_every_field() -> None:
    assert list(OUTCOMES) == NAMES


@pytest.mark.parametrize(("field", "number", "words"), list(cases()))
def test_a_field_at_its_limits(field: str, number: int, words: str | None) -> None:
    data = sample(CURRENT, {field: number})
    if words is None:
        assert outcome(data) is not None
    else:
        builder.refused(data, words)


NARROW_OUTCOMES = {
    "first dimension": ("not divisible", "not divisible", "exceeds file size"),
    "second dimension": ("exceeds file size",) * 3,
}
"""Dimensions of 32 bits are never too many numbers for a tensor, only for the file."""


@every_layout
@pytest.mark.parametrize("field", NAMES)
def test_a_field_at_its_limits_in_every_layout(w: Writer, field: str) -> None:
    """What a small number shifts differs between layouts; the largest are refused with the same words."""
    for number in (0, 1):
        outcome(sample(w, {field: number}))
    top = 1 << 8 * widths(w)[field]
    expected = OUTCOMES[field][2:]
    if w.length == "I":
        expected = NARROW_OUTCOMES.get(field, expected)
    for number, words in zip((top - 1, top - 2, top >> 1), expected, strict=True):
        assert words is not None
        builder.refused(sample(w, {field: number}), words)


def stored_type(gguf: GGUF, field: str) -> int:
    """The number of the type that was read for one of the sample's fields."""
    if field == "tensor type":
        return gguf.tensors[0].type.code
    keys = {"string type": "general.architecture", "alignment type": "general.alignment", "bool type": "b"}
    arrays = {"array type": "w", "element type": "w", "number type": "n"}
    value = gguf.metadata[(keys | arrays)[field]]
    if value.array is not None and field in ("element type", "number type"):
        return value.array.element_type.value
    return value.type.value


@every_layout
@pytest.mark.parametrize("field", [name for name in NAMES if name.endswith(" type")])
def test_a_wrong_type_is_refused_or_read_as_what_it_says(w: Writer, field: str) -> None:
    for kind in range(16):
        gguf = outcome(sample(w, {field: kind}))
        if gguf is not None:
            assert stored_type(gguf, field) == kind
        else:
            assert kind != SOUND_TYPES[field]


@every_layout
def test_cut_anywhere(w: Writer) -> None:
    whole, table = sample(w), len(table_of(w))
    for size in range(4):
        builder.refused(whole[:size], "supplied file was not in GGUF format")
    for size in range(4, table):
        builder.refused(whole[:size], END)
    for size in range(table, len(whole)):
        builder.refused(whole[:size], "exceeds file size")


@pytest.mark.parametrize("size", range(4, 17792, 251))
def test_a_real_header_cut_anywhere(gguf: Callable[[str], Path], size: int) -> None:
    with gguf("tiny.gguf").open("rb") as file:
        builder.refused(file.read(size), END)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(LAYOUTS), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6)
)
def test_bytes_changed_anywhere(w: Writer, changes: list[tuple[int, int]]) -> None:
    data = bytearray(sample(w))
    for position, byte in changes:
        data[position % header_bytes(w)] = byte
    outcome(bytes(data))


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.sampled_from(LAYOUTS), st.integers(4, 10_000), st.integers(0, 40), st.binary(max_size=40))
def test_a_piece_exchanged(w: Writer, position: int, removed: int, inserted: bytes) -> None:
    data = sample(w)
    position %= header_bytes(w)
    outcome(data[:position] + inserted + data[position + removed :])


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(LAYOUTS),
    st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2**64 - 1), min_size=1, max_size=4),
)
def test_fields_changed_together(w: Writer, changes: dict[str, int]) -> None:
    outcome(sample(w, changes))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.sampled_from(LAYOUTS), st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2**32), min_size=1, max_size=3))
def test_a_huge_file_with_nothing_in_it(w: Writer, changes: dict[str, int]) -> None:
    """A hole of 1 TiB behind the header makes every claim about the file's end believable."""
    outcome(sample(w, changes), size=1 << 40)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(LAYOUTS), st.binary(max_size=300))
def test_noise_behind_the_magic(w: Writer, noise: bytes) -> None:
    outcome(w.magic + w.u32(w.version) + noise)
