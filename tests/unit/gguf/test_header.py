import tracemalloc
from collections.abc import Callable

import pytest

from packllama.gguf import ValueType, limits
from tests.unit.gguf import builder
from tests.unit.gguf.builder import Writer, every_layout, tensor

MAX = 2**64 - 1


@every_layout
def test_keys_keep_order_type_and_bytes(w: Writer) -> None:
    keys = [
        w.string("z", b"raw \xff"),
        w.scalar("i", ValueType.INT64, -5),
        w.scalar("f", ValueType.FLOAT32, 0.5),
        w.boolean("b", True),
    ]
    gguf = builder.parse(w.gguf(keys))
    found = [(name, value.type.name, value.content) for name, value in gguf.metadata.items()]
    assert found == [("z", "STRING", b"raw \xff"), ("i", "INT64", -5), ("f", "FLOAT32", 0.5), ("b", "BOOL", True)]
    assert gguf.metadata["b"].content is True


@every_layout
def test_tensors_keep_order_and_shape(w: Writer) -> None:
    table = [w.tensor("b", (32, 4), kind=8, offset=32), w.tensor("a", (3,), kind=0), w.tensor("c", (), offset=192)]
    gguf = builder.parse(w.gguf(tensors=table, data=193))
    found = [(t.name, t.type.name, t.shape, t.offset, t.size) for t in gguf.tensors]
    assert found == [
        ("b", "Q8_0", (32, 4), 32, 4 * 34),
        ("a", "F32", (3,), 0, 12),
        ("c", "I8", (), 192, 1),
    ]


def test_metadata_cannot_be_changed() -> None:
    metadata = builder.parse(builder.gguf([builder.string("a", "b")])).metadata
    with pytest.raises(TypeError):
        metadata["a"] = metadata["a"]  # type: ignore[index]


@every_layout
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (lambda w: w.string("a", "1") + w.string("a", "2"), 'key "a" occurs twice'),
        (lambda w: w.key("a", 13, bytes(64)), 'the value of "a" is of unknown type 13'),
        (lambda w: w.key("a", ValueType.BOOL, b"\2"), "must be 0 or 1, being a bool, but is 2"),
        (lambda w: w.key(b"\xff", ValueType.BOOL, b"\1"), "the name of key 2 of 3 is not UTF-8"),
        (lambda w: w.key("k" * 65_536, ValueType.BOOL, b"\1"), "bytes of text, more than the 65535 allowed"),
        (lambda w: w.key("a", 8, w.size(limits.STRING_BYTES + 1)), "more than the 16777216 allowed"),
        (lambda w: w.key("a", 8, w.size(w.most)), "more than the 16777216 allowed"),
        (lambda w: w.key("a", 8, w.size(100) + bytes(20)), "unexpected end of file"),
        (lambda w: w.key("k" * 60_000, 13, bytes(64)), 'kkk…" is of unknown type 13'),
    ],
)
def test_keys_that_lie(w: Writer, keys: Callable[[Writer], bytes], words: str) -> None:
    """Behind a key that is sound."""
    error = builder.refused(w.gguf([w.string("first", "x"), keys(w)], key_count=3), words)
    assert len(error.message) < 300


@every_layout
@pytest.mark.parametrize(
    ("table", "words"),
    [
        (lambda w: [w.tensor("a"), w.tensor("a", offset=32)], 'tensor "a" occurs twice'),
        (lambda w: [w.tensor("a", (1, 1, 1, 1, 1))], "5 dimensions, more than the 4 allowed"),
        (lambda w: [w.tensor("a", (4, 0))], 'tensor "a" has a dimension of 0'),
        (lambda w: [w.tensor("a", kind=5)], 'tensor "a" is of unknown type 5'),
        (lambda w: [w.tensor("a", kind=2**32 - 1)], "is of unknown type 4294967295"),
        (lambda w: [w.tensor("a", (33, 32), kind=8)], "33, which is not divisible by the block size of Q8_0 (32)"),
        (lambda w: [w.tensor("a", (), kind=8)], "1, which is not divisible by the block size of Q8_0 (32)"),
        (lambda w: [w.tensor("a", (2**31, 2**31, 2))], "more than 2^63-1 elements"),
        (lambda w: [w.tensor("a", (w.most, w.most, w.most, w.most))], "more than 2^63-1 elements"),
        (lambda w: [w.tensor(b"\xff")], "the name of tensor 1 of 1 is not UTF-8"),
        (lambda w: [w.tensor("t" * 65_536)], "bytes of text, more than the 65535 allowed"),
    ],
)
def test_tensors_that_lie(w: Writer, table: Callable[[Writer], list[bytes]], words: str) -> None:
    builder.refused(w.gguf([w.string("first", "x")], table(w), data=4096), words)


@pytest.mark.parametrize("shape", [(2**32, 2**31), (2**63,)])
def test_dimensions_of_64_bits_that_lie(shape: tuple[int, ...]) -> None:
    builder.refused(builder.gguf(tensors=[tensor("a", shape)], data=4096), "more than 2^63-1 elements")


@every_layout
@pytest.mark.parametrize(
    ("keys", "tensors", "words"),
    [
        (limits.KEYS + 1, 0, "declares 4097 keys, more than the 4096 allowed"),
        (MAX, 0, "keys, more than the 4096 allowed"),
        (0, limits.TENSORS + 1, "declares 65537 tensors, more than the 65536 allowed"),
        (0, MAX, "tensors, more than the 65536 allowed"),
        (200, 0, "a header of 200 keys and 0 tensors needs {} bytes"),
        (0, 100, "a header of 0 keys and 100 tensors needs {} bytes"),
    ],
)
def test_counts_are_checked_before_anything_else(w: Writer, keys: int, tensors: int, words: str) -> None:
    least = keys * (w.length_bytes + 5) + tensors * (w.length_bytes + 16)
    keys, tensors = min(keys, w.most_total), min(tensors, w.most_total)
    data = w.gguf([w.string("first", "x")], key_count=keys, tensor_count=tensors, data=1000)
    builder.refused(data, words.format(least))


@every_layout
def test_text_that_is_kept_has_a_limit_in_all(w: Writer) -> None:
    text = bytes(limits.STRING_BYTES - len(w.end))
    error = builder.refused(w.gguf([w.string(f"k{number}", text) for number in range(3)]), "the header has ")
    assert "bytes of text, more than the 33554432 allowed" in error.message


@every_layout
def test_many_small_keys_stay_small(w: Writer) -> None:
    keys = [w.scalar(f"{number:x}", ValueType.UINT8, 0) for number in range(limits.KEYS)]
    data = w.gguf(keys)
    tracemalloc.start()
    try:
        assert len(builder.parse(data).metadata) == limits.KEYS
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < len(data) + builder.SLACK
