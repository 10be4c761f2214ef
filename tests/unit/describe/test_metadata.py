"""A header's keys and tensors as they are printed."""

import struct
from pathlib import Path

import pytest

from packllama.describe import metadata_rows, tensor_rows
from packllama.gguf import ValueType, open_gguf
from tests.unit.gguf import builder
from tests.unit.gguf.builder import array, boolean, gguf, scalar, string, strings, tensor, uint32


def rows(folder: Path, *keys: bytes) -> dict[str, str]:
    path = folder / "m.gguf"
    path.write_bytes(gguf(keys))
    return dict(metadata_rows(path, open_gguf(path)))


def integers(*values: int) -> bytes:
    return array("k", ValueType.UINT32, len(values), struct.pack(f"<{len(values)}I", *values))


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (uint32("k", 4096), "4096"),
        (uint32("k", 1_000_000), "1e+06"),
        (scalar("k", ValueType.UINT64, (1 << 64) - 1), "1.8446744073709552e+19"),
        (scalar("k", ValueType.INT32, -5), "-5"),
        (scalar("k", ValueType.FLOAT32, 0.1), "0.1"),
        (scalar("k", ValueType.FLOAT64, 0.1), "0.1"),
        (boolean("k", True), "true"),
        (string("k", "a\x1bb"), "a\x1bb"),
        (string("k", b"\xff"), "\ufffd"),
        (integers(), "[]"),
        (integers(1), "[1]"),
        (integers(3, 2, 3), "[3 2 3]"),
        (integers(3, 2, 3, *[4] * 263), "[3 2 3 ...+263 more]"),
        (integers(1_000_000_000, 1_000_000_000), "[1e+09 ...+1 more]"),
        (strings("k", ["[PAD]", "<unk>", *["x"] * 264]), "[[PAD] ...+265 more]"),
        (strings("k", ["a very long first token", "b"]), "[a very long first token ...+1 more]"),
    ],
)
def test_values(tmp_path: Path, key: bytes, shown: str) -> None:
    assert rows(tmp_path, key)["k"] == shown


def test_rows_are_sorted_and_what_was_counted_is_among_them(tmp_path: Path) -> None:
    found = rows(tmp_path, uint32("z", 1), uint32("general.parameter_count", 5), uint32("a", 1))
    assert list(found.items()) == [("a", "1"), ("general.parameter_count", "0"), ("z", "1")]


def test_what_is_left_out(tmp_path: Path) -> None:
    found = rows(tmp_path, string("general.name", "x"), string("tokenizer.chat_template", "x"), uint32("a", 1))
    assert list(found) == ["a", "general.parameter_count"]


def test_tensors_in_the_order_of_the_file() -> None:
    found = builder.parse(gguf([], [tensor("z", [64, 266]), tensor("a", [3], offset=17_024)], data=17_100))
    assert tensor_rows(found) == [("z", "I8", "[64 266]"), ("a", "I8", "[3]")]
