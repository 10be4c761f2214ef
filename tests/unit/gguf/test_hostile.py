"""Headers whose numbers are not to be believed, taken through systematically.

Whatever the bytes, reading ends in a :class:`GGUF` or a :class:`GGUFError`, and never takes much more memory
than the file is long.
"""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packllama.base.errors import GGUFError
from packllama.gguf import GGUF, ValueType, kind_of, limits, parameter_count
from tests.unit.gguf import builder
from tests.unit.gguf.builder import u32, u64

# Field, width in bytes, sound value, in the file's order. Texts stand between them as they are.
FIELDS: list[tuple[str, int, int] | bytes] = [
    b"GGUF",
    ("version", 4, 3),
    ("tensor count", 8, 2),
    ("key count", 8, 5),
    ("key length", 8, 20),
    b"general.architecture",
    ("string type", 4, ValueType.STRING.value),
    ("string length", 8, 5),
    b"llama",
    *(u64(17), b"general.alignment"),
    ("alignment type", 4, ValueType.UINT32.value),
    ("alignment", 4, 32),
    *(u64(1), b"b"),
    ("bool type", 4, ValueType.BOOL.value),
    ("bool", 1, 1),
    *(u64(1), b"w"),
    ("array type", 4, ValueType.ARRAY.value),
    ("element type", 4, ValueType.STRING.value),
    ("array count", 8, 2),
    ("element length", 8, 3),
    b"abc",
    *(u64(1), b"d"),
    *(u64(1), b"n", u32(ValueType.ARRAY.value)),
    ("number type", 4, ValueType.UINT16.value),
    ("number count", 8, 2),
    b"\1\0\2\0",
    ("name length", 8, 1),
    b"t",
    ("dimensions", 4, 2),
    ("first dimension", 8, 32),
    ("second dimension", 8, 4),
    ("tensor type", 4, 8),
    ("offset", 8, 0),
    builder.tensor("u", (8,), offset=160),
]
DATA = 160 + 8
SOUND = {field[0]: field[2] for field in FIELDS if isinstance(field, tuple)}
WIDTHS = {field[0]: field[1] for field in FIELDS if isinstance(field, tuple)}


def sample(**changes: int) -> bytes:
    """The sound file, with fields changed (``first_dimension=0``)."""
    values = SOUND | {name.replace("_", " "): value for name, value in changes.items()}
    head = b"".join(
        field if isinstance(field, bytes) else values[field[0]].to_bytes(field[1], "little") for field in FIELDS
    )
    return head + bytes(-len(head) % 32) + bytes(DATA)


HEADER_BYTES = len(sample()) - DATA
TABLE_END = sum(len(field) if isinstance(field, bytes) else field[1] for field in FIELDS)
END = "unexpected end of file"

# What 0, 1, the largest number, the one below it, and the sign bit alone lead to; None: it is accepted.
# A length or a type that is wrong but possible shifts what is read next, so the error comes there.
OUTCOMES: dict[str, tuple[str | None, ...]] = {
    "version": ("unknown GGUF version", "not supported yet", *(["unknown GGUF version"] * 3)),
    "tensor count": (None, None, *(["tensors, more than the 65536"] * 3)),
    "key count": ("8 dimensions, more than", "of unknown type", *(["keys, more than the 4096"] * 3)),
    "key length": ("of unknown type", "of unknown type", *(["of text, more than the 65535"] * 3)),
    "string type": (*(["the name of key 2"] * 2), *(["of unknown type"] * 3)),
    "string length": (*(["the name of key 2"] * 2), *(["of text, more than the 16777216"] * 3)),
    "alignment type": (*(["the name of key 3"] * 2), *(["of unknown type"] * 3)),
    "alignment": ("power of two", None, "power of two", "power of two", "exceeds file size"),
    "bool type": (None, None, *(["of unknown type"] * 3)),
    "bool": (None, None, *(["must be 0 or 1"] * 3)),
    "array type": (*(["the name of key 5"] * 2), *(["of unknown type"] * 3)),
    "element type": (*(["the name of key 5"] * 2), *(["an array of unknown type"] * 3)),
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
        top = 1 << 8 * WIDTHS[field]
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


def test_the_sample_is_sound() -> None:
    gguf = builder.parse(sample())
    assert [tensor.name for tensor in gguf.tensors] == ["t", "u"]
    assert gguf.data_offset == HEADER_BYTES


def test_the_table_has_every_field() -> None:
    assert OUTCOMES.keys() == SOUND.keys()


@pytest.mark.parametrize(("field", "number", "words"), list(cases()))
def test_a_field_at_its_limits(field: str, number: int, words: str | None) -> None:
    data = sample(**{field.replace(" ", "_"): number})
    if words is None:
        assert outcome(data) is not None
    else:
        builder.refused(data, words)


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


@pytest.mark.parametrize("kind", range(16))
@pytest.mark.parametrize("field", [name for name in SOUND if name.endswith(" type")])
def test_a_wrong_type_is_refused_or_read_as_what_it_says(field: str, kind: int) -> None:
    gguf = outcome(sample(**{field.replace(" ", "_"): kind}))
    if gguf is not None:
        assert stored_type(gguf, field) == kind
    else:
        assert kind != SOUND[field]


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (range(4), "supplied file was not in GGUF format"),
        (range(4, TABLE_END), END),
        (range(TABLE_END, HEADER_BYTES + DATA), "exceeds file size"),
    ],
)
def test_cut_anywhere(sizes: range, words: str) -> None:
    for size in sizes:
        builder.refused(sample()[:size], words)


@pytest.mark.parametrize("size", range(4, 17792, 251))
def test_a_real_header_cut_anywhere(gguf: Callable[[str], Path], size: int) -> None:
    with gguf("tiny.gguf").open("rb") as file:
        builder.refused(file.read(size), END)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, HEADER_BYTES - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_bytes_changed_anywhere(changes: list[tuple[int, int]]) -> None:
    data = bytearray(sample())
    for position, byte in changes:
        data[position] = byte
    outcome(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.integers(4, HEADER_BYTES), st.integers(0, 40), st.binary(max_size=40))
def test_a_piece_exchanged(position: int, removed: int, inserted: bytes) -> None:
    data = sample()
    outcome(data[:position] + inserted + data[position + removed :])


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(SOUND)), st.integers(0, 2**64 - 1), min_size=1, max_size=4))
def test_fields_changed_together(changes: dict[str, int]) -> None:
    fitting = {field.replace(" ", "_"): number % (1 << 8 * WIDTHS[field]) for field, number in changes.items()}
    outcome(sample(**fitting))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(SOUND)), st.integers(0, 2**32), min_size=1, max_size=3))
def test_a_huge_file_with_nothing_in_it(changes: dict[str, int]) -> None:
    """A hole of 1 TiB behind the header makes every claim about the file's end believable."""
    fitting = {field.replace(" ", "_"): number % (1 << 8 * WIDTHS[field]) for field, number in changes.items()}
    outcome(sample(**fitting), size=1 << 40)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_noise_behind_the_magic(noise: bytes) -> None:
    outcome(b"GGUF" + u32(3) + noise)
