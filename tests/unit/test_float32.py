"""32-bit floats and the digits Go writes for them."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.errors import BadInput
from packllama.float32 import shortest_float32


@pytest.mark.parametrize(
    ("number", "shortest"),
    [
        (0.1234567890, 0.12345679),
        (0.1, 0.1),
        (0.7, 0.7),
        (0.0, 0.0),
        (1.0, 1.0),
        (16777217.0, 16777216.0),
        (1 / 3, 0.33333334),
        (3.4028234663852886e38, 3.4028235e38),
        (1e-45, 1e-45),
        (1e-50, 0.0),
        # Go's choice where two decimals are equally near
        (2097151.75, 2097151.8),
        (1048576.25, 1048576.2),
        (2.0**-12, 0.00024414063),
        (-(2.0**-12), -0.00024414063),
    ],
)
def test_shortest_float32(number: float, shortest: float) -> None:
    assert shortest_float32(number) == shortest


def test_zero_keeps_its_sign_in_32_bits() -> None:
    assert math.copysign(1, shortest_float32(-0.0)) == -1


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_the_shortest_decimal_names_the_same_32_bits(number: float) -> None:
    shortest = shortest_float32(number)
    assert struct.pack("<f", shortest) == struct.pack("<f", number)
    assert len(repr(shortest).split("e")[0].replace(".", "").strip("-0")) <= 9


def test_refuses_what_lies_beyond() -> None:
    with pytest.raises(BadInput, match="32-bit float"):
        shortest_float32(1e39)
