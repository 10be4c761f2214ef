"""Vectors of length 1, and the engine's answers that hold none."""

import math
import struct

import pytest

from packllama.base.errors import EngineFailed
from packllama.engine.answer import decode_vector
from packllama.engine.vector import unit


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ([3.0, 4.0], [0.6, 0.8]),
        ([-2.0], [-1.0]),
        ([0.0, 0.0], [0.0, 0.0]),
        ([], []),
        ([1e-30, 0.0], [0.0, 0.0]),  # its square is no 32-bit float above 0
    ],
)
def test_unit(vector: list[float], expected: list[float]) -> None:
    assert unit(vector) == pytest.approx(expected)


def test_all_numbers_are_32_bit_floats() -> None:
    vector = unit([1 / number for number in range(1, 100)])
    assert list(struct.unpack("<99f", struct.pack("<99f", *vector))) == vector
    assert math.hypot(*vector) == pytest.approx(1, abs=1e-6)


def test_a_vector_is_read() -> None:
    assert decode_vector(b'[{"index": 0, "embedding": [[0.5, 1]]}]') == [0.5, 1.0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"}",
        b"[]",
        b"{}",
        b"null",
        b'[{"embedding": []}]',
        b'[{"embedding": 5}]',
        b'[{"embedding": [5]}]',
        b'[{"embedding": [["x"]]}]',
        b'[{"embedding": [[null]]}]',
        b'[{"embedding": [[1e999]]}]',
        b'[{"embedding": [[NaN]]}]',
        b'[{"embedding": [[1%s]]}]' % (b"0" * 400),
        b'[{"embedding": [[]]}]',
        b"[" * 100_000,
    ],
)
def test_no_vector(data: bytes) -> None:
    with pytest.raises(EngineFailed, match="holds no vector"):
        decode_vector(data)
