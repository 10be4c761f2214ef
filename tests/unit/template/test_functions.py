"""The functions' table, `html`, `js` and `urlquery` as Go writes them, and Ollama's own functions."""

import math
from datetime import date

import pytest

from packllama.template.budget import Budget, OverBudget
from packllama.template.functions import BUILTINS, FUNCTIONS, Function, ollama_functions
from packllama.template.printing import printed
from packllama.template.values import INVALID, CallError, Value


def called(name: str, values: list[Value]) -> str:
    budget = Budget()
    return printed(BUILTINS[name].call(values, budget), budget)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("html", ["<a href=\"x\" id='y'>&\x00"], "&lt;a href=&#34;x&#34; id=&#39;y&#39;&gt;&amp;\ufffd"),
        ("html", [1, 2, "<", 3], "1 2&lt;3"),
        ("html", [None, 1], "&lt;no value&gt;1"),
        ("html", [["<"], {"&": None}], "[&lt;] map[&amp;:&lt;nil&gt;]"),
        ("html", ["\udcff\xe9"], "\udcff\xe9"),
        ("html", [], ""),
        (
            "js",
            ['it\'s "q" <b>&=\\\n\t\x00\x1f\x7f/'],
            'it\\\'s \\"q\\" \\u003Cb\\u003E\\u0026\\u003D\\\\\\u000A\\u0009\\u0000\\u001F\x7f/',
        ),
        (
            "js",
            ["\xe9\xa0\u2028\ufeff\U0001f600\U000e0001\udcff\ufffd"],
            "\xe9\\u00A0\\u2028\\uFEFF\U0001f600\\uE0001\udcff\ufffd",
        ),
        ("js", [1, 2, "<", None], "1 2\\u003C\\u003Cno value\\u003E"),
        ("urlquery", ["a b+c/d?e=f&g*!'()-_.~"], "a+b%2Bc%2Fd%3Fe%3Df%26g%2A%21%27%28%29-_.~"),
        ("urlquery", ["\xe9\udcff\n"], "%C3%A9%FF%0A"),
        ("urlquery", [1, 2, None], "1+2%3Cno+value%3E"),
    ],
)
def test_results(name: str, values: list[Value], expected: str) -> None:
    assert called(name, values) == expected


def test_the_table_says_how_many_arguments() -> None:
    bounds = {name: (function.least, function.most) for name, function in FUNCTIONS.items()}
    assert bounds == {
        "and": (1, None), "or": (1, None), "not": (1, 1), "len": (1, 1), "index": (1, None), "slice": (1, None),
        "call": (1, None), "print": (0, None), "printf": (1, None), "println": (0, None),
        "html": (0, None), "js": (0, None), "urlquery": (0, None),
        "eq": (1, None), "ne": (2, 2), "lt": (2, 2), "le": (2, 2), "gt": (2, 2), "ge": (2, 2),
        "json": (1, 1), "currentDate": (0, None), "yesterdayDate": (0, None), "toTypeScriptType": (1, 1),
    }  # fmt: skip


def test_only_formats_and_the_arguments_of_dates_must_be_texts() -> None:
    assert {name: function.texts[:3] for name, function in FUNCTIONS.items() if function.texts} == {
        "printf": range(1),
        "currentDate": range(3),
        "yesterdayDate": range(3),
    }


@pytest.mark.parametrize("value", [None, INVALID, 5, "text"])
def test_nothing_can_be_called(value: Value) -> None:
    with pytest.raises(CallError):
        called("call", [value])


@pytest.mark.parametrize(("value", "expected"), [(0, True), ("", True), ([], True), (None, True), ("false", False)])
def test_not(value: Value, expected: bool) -> None:
    assert BUILTINS["not"].call([value], Budget()) is expected


def ollama(today: date) -> dict[str, Function]:
    return dict(ollama_functions(lambda: today))


@pytest.mark.parametrize(
    ("today", "current", "yesterday"),
    [
        (date(2026, 3, 1), "2026-03-01", "2026-02-28"),
        (date(2024, 3, 1), "2024-03-01", "2024-02-29"),
        (date(2026, 1, 1), "2026-01-01", "2025-12-31"),
    ],
)
def test_dates(today: date, current: str, yesterday: str) -> None:
    functions = ollama(today)
    assert functions["currentDate"].call([], Budget()) == current
    assert functions["yesterdayDate"].call(["ignored"], Budget()) == yesterday


@pytest.mark.parametrize(
    ("value", "expected"), [("<", '"\\u003c"'), (INVALID, "null"), (math.inf, ""), ([1j], ""), (1.0, "1")]
)
def test_json_is_empty_where_go_fails(value: Value, expected: str) -> None:
    assert FUNCTIONS["json"].call([value], Budget()) == expected


def test_only_a_property_has_a_typescript_type() -> None:
    assert FUNCTIONS["toTypeScriptType"].call(["string"], Budget()) == "any"


@pytest.mark.parametrize("name", ["html", "js", "urlquery", "json", "print", "println"])
def test_what_grows_is_bounded_before_it_is_made(name: str) -> None:
    with pytest.raises(OverBudget):
        FUNCTIONS[name].call(["<" * 1000], Budget(size=999))
