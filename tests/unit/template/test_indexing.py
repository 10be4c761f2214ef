"""`len`, `index` and `slice`. What is expected, Go wrote."""

import pytest

from packllama.template.budget import Budget
from packllama.template.functions import FUNCTIONS
from packllama.template.printing import printed
from packllama.template.values import INVALID, Byte, CallError, Slice, Type, Value

NAMES = Type("main.Names")


def called(name: str, values: list[Value]) -> str:
    budget = Budget()
    return printed(FUNCTIONS[name].call(values, budget), budget)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("len", ["\xe9\udcff"], "3"),
        ("len", [[1, 2]], "2"),
        ("len", [{"a": 1}], "1"),
        ("len", [b"abc"], "3"),
        ("index", [[1, 2], 0], "1"),
        ("index", ["ab", 1], "98"),
        ("index", ["\xe9", 0], "195"),
        ("index", [b"ab", 1], "98"),
        ("index", [{"a": {"b": 5}}, "a", "b"], "5"),
        ("index", [{"a": 1}, "z"], "<no value>"),
        ("index", [[1], Byte(0)], "1"),
        ("index", [[1]], "[1]"),
        ("index", [[[1, 2]], 0, 1], "2"),
        ("slice", ["h\xe9llo", 0, 2], "h\udcc3"),
        ("slice", ["h\xe9llo", 2], "\udca9llo"),
        ("slice", ["ab"], "ab"),
        ("slice", ["ab", 2], ""),
        ("slice", [[1, 2, 3], 1], "[2 3]"),
        ("slice", [[1, 2, 3], 0, 2], "[1 2]"),
        ("slice", [[1, 2, 3], 0, 1, 2], "[1]"),
        ("slice", [[1, 2, 3], 3], "[]"),
        ("slice", [Slice(NAMES, "abc"), 1], "[b c]"),
        ("slice", [Slice(NAMES, "abcd")[1:], 1, 2], "[c]"),
        ("index", [Slice(NAMES, "abc")[1:], 1], "c"),
        ("json", [Slice(NAMES, "abc")[1:]], '["b","c"]'),
        ("json", [Slice(NAMES, None)[:0]], "null"),
    ],
)
def test_results(name: str, values: list[Value], expected: str) -> None:
    assert called(name, values) == expected


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("len", [5], "len of type int"),
        ("len", [INVALID], "reflect: call of reflect.Value.Type on zero Value"),
        ("len", [None], "len of nil pointer"),
        ("len", [True], "len of type bool"),
        ("index", [None], "index of untyped nil"),
        ("index", [[1], 1], "reflect: slice index out of range"),
        ("index", [[1], 2], "index out of range: 2"),
        ("index", [[1], -1], "index out of range: -1"),
        ("index", [[1], 1.0], "cannot index slice/array with type float64"),
        ("index", [[1], "0"], "cannot index slice/array with type string"),
        ("index", [[1], True], "cannot index slice/array with type bool"),
        ("index", [[1], None], "cannot index slice/array with nil"),
        ("index", [{"a": 1}, 1], "value has type int; should be string"),
        ("index", [{"a": 1}, None], "value is nil; should be of type string"),
        ("index", [5, 0], "can't index item of type int"),
        ("index", ["ab", 2], "reflect: string index out of range"),
        ("index", [[None], 0, 0], "index of nil pointer"),
        ("index", [{"a": None}, "a", "b"], "index of nil pointer"),
        ("slice", ["ab", 3], "index out of range: 3"),
        ("slice", ["ab", 0, 3], "index out of range: 3"),
        ("slice", [[1, 2], 2, 1], "invalid slice index: 2 > 1"),
        ("slice", [[1, 2], 0, 2, 1], "invalid slice index: 2 > 1"),
        ("slice", [[1], -1], "index out of range: -1"),
        ("slice", ["ab", 0, 1, 2], "cannot 3-index slice a string"),
        ("slice", [[1], 0, 1, 1, 1], "too many slice indexes: 4"),
        ("slice", [{"a": 1}, 0], "can't slice item of type map[string]interface {}"),
        ("slice", [None, 0], "slice of untyped nil"),
        ("slice", [5], "can't slice item of type int"),
        ("slice", [[1], "x"], "cannot index slice/array with type string"),
        ("slice", [[1], None], "cannot index slice/array with nil"),
    ],
)
def test_mistakes(name: str, values: list[Value], message: str) -> None:
    with pytest.raises(CallError) as caught:
        called(name, values)
    assert str(caught.value) == message
