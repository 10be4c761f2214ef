import pytest

from packllama.gguf import ArrayInfo, ByteOrder, Value, ValueType
from packllama.gguf.layout import CURRENT


@pytest.mark.parametrize(
    ("value", "text", "number", "is_array"),
    [
        (Value(ValueType.STRING, b"gr\xc3\xbcn"), "grün", None, False),
        (Value(ValueType.STRING, b"\xff!"), "\ufffd!", None, False),
        (Value(ValueType.UINT8, 7), None, 7, False),
        (Value(ValueType.FLOAT32, 0.5), None, 0.5, False),
        (Value(ValueType.BOOL, True), None, None, False),
        (Value(ValueType.ARRAY, ArrayInfo(ValueType.INT8, 3, 99, CURRENT[ByteOrder.LITTLE], 3)), None, None, True),
    ],
)
def test_a_value_is_one_thing_only(value: Value, text: str | None, number: float | None, is_array: bool) -> None:
    assert value.text == text
    assert value.number == number
    assert (value.array is not None) is is_array


def test_integers_and_floats_are_told_apart() -> None:
    integers = {kind.name for kind in ValueType if kind.is_integer}
    floats = {kind.name for kind in ValueType if kind.is_float}
    assert integers == {"UINT8", "INT8", "UINT16", "INT16", "UINT32", "INT32", "UINT64", "INT64"}
    assert floats == {"FLOAT32", "FLOAT64"}
