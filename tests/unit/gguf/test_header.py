import tracemalloc

import pytest

from packllama.gguf import ValueType, limits
from tests.unit.gguf import builder
from tests.unit.gguf.builder import tensor

MAX = 2**64 - 1


def test_keys_keep_order_type_and_bytes() -> None:
    gguf = builder.parse(
        builder.gguf(
            [
                builder.string("z", b"raw \xff"),
                builder.scalar("i", ValueType.INT64, -5),
                builder.scalar("f", ValueType.FLOAT32, 0.5),
                builder.boolean("b", True),
            ]
        )
    )
    found = [(name, value.type.name, value.content) for name, value in gguf.metadata.items()]
    assert found == [("z", "STRING", b"raw \xff"), ("i", "INT64", -5), ("f", "FLOAT32", 0.5), ("b", "BOOL", True)]
    assert gguf.metadata["b"].content is True


def test_tensors_keep_order_and_shape() -> None:
    table = [tensor("b", (32, 4), kind=8, offset=32), tensor("a", (3,), kind=0), tensor("c", (), offset=192)]
    gguf = builder.parse(builder.gguf(tensors=table, data=193))
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


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ([builder.string("a", "1"), builder.string("a", "2")], 'key "a" occurs twice'),
        ([builder.key("a", 13, bytes(64))], 'the value of "a" is of unknown type 13'),
        ([builder.key("a", ValueType.BOOL, b"\2")], "must be 0 or 1, being a bool, but is 2"),
        ([builder.key(b"\xff", ValueType.BOOL, b"\1")], "the name of key 1 of 1 is not UTF-8"),
        ([builder.key("k" * 65_536, ValueType.BOOL, b"\1")], "65536 bytes of text, more than the 65535 allowed"),
        ([builder.key("a", 8, builder.u64(limits.STRING_BYTES + 1))], "more than the 16777216 allowed"),
        ([builder.key("a", 8, builder.u64(MAX))], "more than the 16777216 allowed"),
        ([builder.key("a", 8, builder.u64(100) + bytes(20))], "unexpected end of file"),
        ([builder.key("k" * 60_000, 13, b"")], 'kkk…" is of unknown type 13'),
    ],
)
def test_keys_that_lie(keys: list[bytes], words: str) -> None:
    error = builder.refused(builder.gguf(keys), words)
    assert len(error.message) < 300


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ([tensor("a"), tensor("a", offset=32)], 'tensor "a" occurs twice'),
        ([tensor("a", (1, 1, 1, 1, 1))], "5 dimensions, more than the 4 allowed"),
        ([tensor("a", (4, 0))], 'tensor "a" has a dimension of 0'),
        ([tensor("a", kind=5)], 'tensor "a" is of unknown type 5'),
        ([tensor("a", kind=2**32 - 1)], "is of unknown type 4294967295"),
        ([tensor("a", (33, 32), kind=8)], "33, which is not divisible by the block size of Q8_0 (32)"),
        ([tensor("a", (), kind=8)], "1, which is not divisible by the block size of Q8_0 (32)"),
        ([tensor("a", (2**32, 2**31))], "more than 2^63-1 elements"),
        ([tensor("a", (MAX, MAX, MAX, MAX))], "more than 2^63-1 elements"),
        ([tensor("a", (2**63,))], "more than 2^63-1 elements"),
        ([tensor(b"\xff")], "the name of tensor 1 of 1 is not UTF-8"),
        ([tensor("t" * 65_536)], "65536 bytes of text, more than the 65535 allowed"),
    ],
)
def test_tensors_that_lie(table: list[bytes], words: str) -> None:
    builder.refused(builder.gguf(tensors=table, data=4096), words)


@pytest.mark.parametrize(
    ("keys", "tensors", "words"),
    [
        (limits.KEYS + 1, 0, "declares 4097 keys, more than the 4096 allowed"),
        (MAX, 0, "keys, more than the 4096 allowed"),
        (0, limits.TENSORS + 1, "declares 65537 tensors, more than the 65536 allowed"),
        (0, MAX, "tensors, more than the 65536 allowed"),
        (100, 0, "a header of 100 keys and 0 tensors needs 1300 bytes"),
        (0, 100, "a header of 0 keys and 100 tensors needs 2400 bytes"),
    ],
)
def test_counts_are_checked_before_anything_else(keys: int, tensors: int, words: str) -> None:
    builder.refused(builder.gguf(key_count=keys, tensor_count=tensors, data=1000), words)


def test_text_that_is_kept_has_a_limit_in_all() -> None:
    keys = [builder.string(f"k{number}", bytes(limits.STRING_BYTES)) for number in range(3)]
    error = builder.refused(builder.gguf(keys), "the header has ")
    assert "bytes of text, more than the 33554432 allowed" in error.message


def test_many_small_keys_stay_small() -> None:
    keys = [builder.scalar(f"{number:x}", ValueType.UINT8, 0) for number in range(limits.KEYS)]
    data = builder.gguf(keys)
    tracemalloc.start()
    try:
        assert len(builder.parse(data).metadata) == limits.KEYS
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < len(data) + builder.SLACK
