"""Values as JSON. What is expected, Go wrote."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.template.budget import Budget, OverBudget
from packllama.template.json import to_json
from packllama.template.values import INVALID, CallError, Map, Pairs, Slice, Struct, Type, Uint, Value

TEXTS = Type("[]string")
TEXTS_BY_NAME = Type("map[string]string")
PERSON = Type("main.Person", keys=("name", "age??", "friends?"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            "<a>&'\"\\/\n\r\t\x08\x0c\x00\x1f\x7f\xe9\U0001f600\u2028\u2029\udcff\udcfe",
            '"\\u003ca\\u003e\\u0026\'\\"\\\\/\\n\\r\\t\\b\\f\\u0000\\u001f\x7f\xe9\U0001f600\\u2028\\u2029\\ufffd\\ufffd"',
        ),
        (
            {"b": 1, "a": [None, True, False], "<": {}, "\xe9": []},
            '{"\\u003c":{},"a":[null,true,false],"b":1,"\xe9":[]}',
        ),
        (
            [1e20, 1e21, 1e-06, 1e-07, -0.0, 1.0, 1.5e300, 1e-10],
            "[100000000000000000000,1e+21,0.000001,1e-7,-0,1,1.5e+300,1e-10]",
        ),
        (Uint(18446744073709551615), "18446744073709551615"),
        (b"\x01\x02\x03", '"AQID"'),
        (None, "null"),
        (-5, "-5"),
        (INVALID, "null"),
        ("n\r", '"n\\r"'),
        (Slice(TEXTS, None), "null"),
        (Slice(TEXTS, []), "[]"),
        (Map(TEXTS_BY_NAME, None), "null"),
        (Map(TEXTS_BY_NAME, {}), "{}"),
        (Struct(PERSON, {"Name": "b", "Age": None, "Friends": Slice(TEXTS, [])}), '{"name":"b"}'),
        (Struct(PERSON, {"Name": "", "Age": 0, "Friends": Slice(TEXTS, ["a"])}), '{"name":"","age":0,"friends":["a"]}'),
        (Struct(Type("main.Bare"), {"B": 1, "A": 2}), '{"B":1,"A":2}'),
        (Struct(PERSON, None), "null"),
    ],
)
def test_values(value: Value, expected: str) -> None:
    assert to_json(value, Budget()) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.inf, "json: unsupported value: +Inf"),
        ([math.nan], "json: unsupported value: NaN"),
        (1j, "json: unsupported type: complex128"),
        (Pairs([], "iter.Seq"), "json: unsupported type: iter.Seq"),
    ],
)
def test_what_has_no_form(value: Value, message: str) -> None:
    with pytest.raises(CallError) as caught:
        to_json(value, Budget())
    assert str(caught.value) == message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    )
)  # fmt: skip
def test_reads_back(value: Value) -> None:
    assert json.loads(to_json(value, Budget()), parse_int=float) == value


def test_a_text_longer_than_what_is_escaped_at_once() -> None:
    text = "a<é\n" * 50_000
    assert json.loads(to_json(text, Budget())) == text


def test_bounds() -> None:
    value: Value = "x"
    for _ in range(1000):
        value = [value]
    with pytest.raises(OverBudget, match="nests"):
        to_json(value, Budget())
    with pytest.raises(OverBudget, match="bytes"):
        to_json("x" * 1000, Budget(size=999))
    with pytest.raises(OverBudget, match="steps"):
        to_json([0] * 1000, Budget(steps=999))
    with pytest.raises(OverBudget, match="steps"):
        to_json("<" * 1_000_000, Budget())
