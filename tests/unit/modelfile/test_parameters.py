"""PARAMETER values, read as Go reads them."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.errors import ModelfileError
from packllama.jsonfields import Json
from packllama.modelfile import DEPRECATED, PARAMETERS, Kind, ParameterValue, parameter_texts, parse_parameter
from packllama.modelfile.strconv import parse_float32, parse_int


def test_the_table() -> None:
    kinds = {kind: sorted(name for name in PARAMETERS if PARAMETERS[name] is kind) for kind in Kind}
    assert kinds == {
        Kind.INT: sorted(
            [
                *("num_keep", "seed", "num_predict", "top_k", "repeat_last_n", "num_ctx", "num_batch"),
                *("num_gpu", "main_gpu", "num_thread", "draft_num_predict"),
            ]
        ),
        Kind.FLOAT: sorted(
            [
                *("top_p", "min_p", "typical_p", "temperature"),
                *("repeat_penalty", "presence_penalty", "frequency_penalty"),
            ]
        ),
        Kind.BOOL: ["use_mmap"],
        Kind.STRINGS: ["stop"],
    }
    assert len(DEPRECATED) == 9
    assert not DEPRECATED & set(PARAMETERS)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("num_ctx", "4096", 4096),
        ("num_ctx", "+4096", 4096),
        ("seed", "-1", -1),
        ("seed", "007", 7),
        ("seed", "9223372036854775807", 9223372036854775807),
        ("seed", "-9223372036854775808", -9223372036854775808),
        ("seed", "0" * 100 + "1", 1),
        ("temperature", "1", 1.0),
        ("temperature", "0.7", 0.7),
        ("temperature", ".5", 0.5),
        ("temperature", "5.", 5.0),
        ("temperature", "-1e-3", -0.001),
        ("temperature", "1E2", 100.0),
        ("temperature", "0.1234567890", 0.12345679),
        ("temperature", "1_000.5", 1000.5),
        ("temperature", "1_23.50_0_0e+1_2", 1.235e14),
        ("temperature", "0x1.8p3", 12.0),
        ("temperature", "0X1P-2", 0.25),
        ("temperature", "0x_1p2", 4.0),
        ("temperature", "0x.8p1", 1.0),
        ("temperature", "1e-400", 0.0),
        ("temperature", "0e99999999999", 0.0),
        ("temperature", "3.4028235e38", 3.4028235e38),
        ("temperature", "3.4028235677973365e38", 3.4028235e38),
        ("use_mmap", "true", True),
        ("use_mmap", "T", True),
        ("use_mmap", "1", True),
        ("use_mmap", "False", False),
        ("use_mmap", "f", False),
        ("use_mmap", "0", False),
        ("stop", "<|end|>", ("<|end|>",)),
        ("stop", "", ("",)),
        ("stop", "[1", ("[1",)),
    ],
)
def test_values(name: str, text: str, value: ParameterValue) -> None:
    found = parse_parameter(name, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("num_ctx", "4k", "invalid int value [4k]"),
        ("num_ctx", "4_096", "invalid int value [4_096]"),
        ("num_ctx", "1e3", "invalid int value [1e3]"),
        ("num_ctx", "1.048576e+06", "invalid int value [1.048576e+06]"),
        ("num_ctx", "4096.0", "invalid int value [4096.0]"),
        ("num_ctx", "0x10", "invalid int value [0x10]"),
        ("num_ctx", "", "invalid int value []"),
        ("num_ctx", "+", "invalid int value [+]"),
        ("num_ctx", "--1", "invalid int value [--1]"),
        ("num_ctx", "1\n", "invalid int value [1\n]"),
        ("num_ctx", "\u0661", "invalid int value [\u0661]"),
        ("seed", "9223372036854775808", "invalid int value [9223372036854775808]"),
        ("seed", "-9223372036854775809", "invalid int value [-9223372036854775809]"),
        ("temperature", "hot", "invalid float value [hot]"),
        ("temperature", "0,7", "invalid float value [0,7]"),
        ("temperature", "", "invalid float value []"),
        ("temperature", ".", "invalid float value [.]"),
        ("temperature", "1e", "invalid float value [1e]"),
        ("temperature", "1e400", "invalid float value [1e400]"),
        ("temperature", "3.5e38", "invalid float value [3.5e38]"),
        ("temperature", "3.4028235677973367e38", "invalid float value [3.4028235677973367e38]"),
        ("temperature", "1__0", "invalid float value [1__0]"),
        ("temperature", "1_.5", "invalid float value [1_.5]"),
        ("temperature", "_1", "invalid float value [_1]"),
        ("temperature", "0x1.8", "invalid float value [0x1.8]"),
        ("temperature", "0x.p1", "invalid float value [0x.p1]"),
        ("temperature", "0x1p", "invalid float value [0x1p]"),
        ("temperature", "1f", "invalid float value [1f]"),
        ("temperature", "-nan", "invalid float value [-nan]"),
        ("temperature", "infinit", "invalid float value [infinit]"),
        ("temperature", "inf", "json: unsupported value: +Inf"),
        ("temperature", "-Infinity", "json: unsupported value: -Inf"),
        ("temperature", "NaN", "json: unsupported value: NaN"),
        ("use_mmap", "yes", "invalid bool value [yes]"),
        ("use_mmap", "tRUE", "invalid bool value [tRUE]"),
        ("numa", "true", "unknown parameter 'numa'"),
        ("Temperature", "1", "unknown parameter 'Temperature'"),
        ("", "num_ctx 1", "unknown parameter ''"),
        ("mirostat", "1", "unknown parameter 'mirostat'"),
    ],
)
def test_errors_have_ollamas_words(name: str, text: str, message: str) -> None:
    with pytest.raises(ModelfileError) as caught:
        parse_parameter(name, text, where="Modelfile:3")
    assert caught.value.message == message
    assert caught.value.where == "Modelfile:3"


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("Temperature", "1", "Did you mean temperature?"),
        ("num_cxt", "1", "Did you mean num_ctx?"),
        ("num_ctx", "4k", "num_ctx: Write a whole number"),
        ("", "top_k 1", "one space"),
    ],
)
def test_hints_say_what_to_do(name: str, text: str, hint: str) -> None:
    with pytest.raises(ModelfileError) as caught:
        parse_parameter(name, text)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "1" * 1_000_000,
        "0." + "0" * 1_000_000 + "1",
        "1e" + "9" * 1_000_000,
        "0x1p-" + "9" * 1_000_000,
        "1_" * 1_000_000,
    ],
    ids=lambda text: text[:8],
)
def test_megabytes_of_digits_do_no_harm(text: str) -> None:
    parse_float32(text)
    parse_int(text)
    for name in ("seed", "min_p"):
        try:
            parse_parameter(name, text)
        except ModelfileError as error:
            assert len(str(error)) < 500


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_decimal_and_hexadecimal_spellings_of_a_float_agree(number: float) -> None:
    assert parse_float32(repr(number)) == number
    assert parse_float32(f"{number:.150e}") == number
    assert parse_float32(number.hex()) == number


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-3e38, max_value=3e38))
def test_rounds_once(number: float) -> None:
    (expected,) = struct.unpack("<f", struct.pack("<f", number))
    assert parse_float32(f"{number:.1100f}") == expected


def test_ties_and_what_lies_a_hair_beside_them() -> None:
    tie = "1.000000059604644775390625"  # halfway between 1 and the next 32-bit float
    above = 1.0000001192092896
    assert parse_float32(tie) == 1.0
    assert parse_float32(f"{tie}{'0' * 500}") == 1.0
    assert parse_float32(f"{tie}{'0' * 500}1") == above
    assert parse_float32("0x1.000001p0") == 1.0
    assert parse_float32(f"0x1.000001{'0' * 500}1p0") == above


def test_zero_keeps_its_sign() -> None:
    zero = parse_parameter("min_p", "-0")
    assert isinstance(zero, float)
    assert math.copysign(1, zero) == -1


@pytest.mark.parametrize(
    ("name", "value", "texts"),
    [
        ("num_ctx", 131072, ("131072",)),
        ("num_ctx", 131072.0, ("131072",)),
        ("num_ctx", 1.5, None),
        ("num_ctx", "8", None),
        ("num_ctx", True, None),
        ("num_ctx", 2**63, None),
        ("temperature", 1, ("1.0",)),
        ("temperature", 0.10000000149011612, ("0.1",)),
        ("temperature", 1e-7, ("1e-07",)),
        ("temperature", 1e300, None),
        ("temperature", [1], None),
        ("use_mmap", False, ("false",)),
        ("use_mmap", 1, None),
        ("stop", ["a", "\n"], ("a", "\n")),
        ("stop", "a", ("a",)),
        ("stop", [], ()),
        ("stop", ["a", 1], None),
        ("stop", {"a": 1}, None),
    ],
)
def test_texts_of_values_of_json(name: str, value: Json, texts: tuple[str, ...] | None) -> None:
    assert parameter_texts(name, value) == texts
