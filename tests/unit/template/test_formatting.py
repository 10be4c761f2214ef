"""Collections, types and nil for each verb, through `printf`. What is expected, Go wrote."""

import pytest

from packllama.template.budget import Budget
from packllama.template.printf import sprintf
from packllama.template.values import Byte, Uint, Value


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("%v", [1, "a", None, True, 1.5], "[1 a <nil> true 1.5]"),
        ("%d", ["x", 1], "[%!d(string=x) 1]"),
        ("%s", ["x", 1], "[x %!s(int=1)]"),
        ("%q", ["a", None, 2], "[\"a\" <nil> '\\x02']"),
        ("%x", ["ab", 10], "[6162 a]"),
        ("%v", {"b": 1, "a": [None, {}]}, "map[a:[<nil> map[]] b:1]"),
        ("%+v", {"b": 1}, "map[b:1]"),
        (
            "%#v",
            {"b": None, "a": "x", "c": [1.0, Byte(3)]},
            'map[string]interface {}{"a":"x", "b":interface {}(nil), "c":[]interface {}{1, 0x3}}',
        ),
        ("%5d", [1, 2], "[    1     2]"),
        ("%-3v", ["a", 1], "[a   1  ]"),
        ("%03d", [1], "[001]"),
        ("%.1f", [1.25, 2.0], "[1.2 2.0]"),
        ("%q", {"k": "v"}, 'map["k":"v"]'),
        ("%d", {"k": 1}, "map[%!d(string=k):1]"),
        ("%w", "a", "%!w(string=a)"),
        ("%w", [1], "%!w([]interface {}=[1])"),
        ("%w", {"a": 1}, "%!w(map[string]interface {}=map[a:1])"),
        ("%w", None, "%!w(<nil>)"),
        ("%T", 1, "int"),
        ("%T", "a", "string"),
        ("%T", 1.5, "float64"),
        ("%T", True, "bool"),
        ("%T", [1], "[]interface {}"),
        ("%T", {"a": 1}, "map[string]interface {}"),
        ("%T", None, "<nil>"),
        ("%T", Byte(1), "uint8"),
        ("%T", Uint(9223372036854775808), "uint64"),
        ("%8T", 1, "     int"),
        ("%.3T", "a", "str"),
        ("%-6T", None, "<nil> "),
        ("%p", 1, "%!p(int=1)"),
        ("%v", [], "[]"),
        ("%#v", [], "[]interface {}{}"),
        ("%#v", {}, "map[string]interface {}{}"),
        ("%v", None, "<nil>"),
        ("%5v", None, "<nil>"),
        ("%-8v", None, "<nil>   "),
        ("%s", None, "%!s(<nil>)"),
        ("%d", None, "%!d(<nil>)"),
        ("%q", None, "%!q(<nil>)"),
        ("%08v", None, "000<nil>"),
    ],
)
def test_collections(form: str, value: Value, expected: str) -> None:
    assert sprintf(form, [value], Budget()) == expected
