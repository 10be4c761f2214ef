"""`eq`, `lt` and what follows from them. What is expected, Go wrote."""

import math

import pytest

from packllama.template.budget import Budget
from packllama.template.functions import BUILTINS
from packllama.template.printing import printed
from packllama.template.values import Byte, CallError, Uint, Value


def called(name: str, values: list[Value], budget: Budget) -> str:
    return printed(BUILTINS[name].call(values, budget), budget)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("eq", [1, Byte(1)], "true"),
        ("eq", [-1, Uint(18446744073709551615)], "false"),
        ("eq", ["a", "b"], "false"),
        ("eq", ["\xe9", "z"], "false"),
        ("eq", ["\uffee", "\U0001f600"], "false"),
        ("eq", ["\udcff", "\uffff"], "false"),
        ("eq", [1.5, 1.5], "true"),
        ("eq", [math.nan, math.nan], "false"),
        ("eq", [True, True], "true"),
        ("eq", [1j, 1j], "true"),
        ("eq", [None, "x"], "false"),
        ("eq", [None, None], "true"),
        ("ne", [1, Byte(1)], "false"),
        ("ne", [-1, Uint(18446744073709551615)], "true"),
        ("ne", ["a", "b"], "true"),
        ("ne", ["\xe9", "z"], "true"),
        ("ne", ["\uffee", "\U0001f600"], "true"),
        ("ne", ["\udcff", "\uffff"], "true"),
        ("ne", [1.5, 1.5], "false"),
        ("ne", [math.nan, math.nan], "true"),
        ("ne", [True, True], "false"),
        ("ne", [1j, 1j], "false"),
        ("ne", [None, "x"], "true"),
        ("ne", [None, None], "false"),
        ("lt", [1, Byte(1)], "false"),
        ("lt", [-1, Uint(18446744073709551615)], "true"),
        ("lt", ["a", "b"], "true"),
        ("lt", ["\xe9", "z"], "false"),
        ("lt", ["\uffee", "\U0001f600"], "true"),
        ("lt", ["\udcff", "\uffff"], "false"),
        ("lt", [1.5, 1.5], "false"),
        ("lt", [math.nan, math.nan], "false"),
        ("le", [1, Byte(1)], "true"),
        ("le", [-1, Uint(18446744073709551615)], "true"),
        ("le", ["a", "b"], "true"),
        ("le", ["\xe9", "z"], "false"),
        ("le", ["\uffee", "\U0001f600"], "true"),
        ("le", ["\udcff", "\uffff"], "false"),
        ("le", [1.5, 1.5], "true"),
        ("le", [math.nan, math.nan], "false"),
        ("gt", [1, Byte(1)], "false"),
        ("gt", [-1, Uint(18446744073709551615)], "false"),
        ("gt", ["a", "b"], "false"),
        ("gt", ["\xe9", "z"], "true"),
        ("gt", ["\uffee", "\U0001f600"], "false"),
        ("gt", ["\udcff", "\uffff"], "true"),
        ("gt", [1.5, 1.5], "false"),
        ("gt", [math.nan, math.nan], "true"),
        ("ge", [1, Byte(1)], "true"),
        ("ge", [-1, Uint(18446744073709551615)], "false"),
        ("ge", ["a", "b"], "false"),
        ("ge", ["\xe9", "z"], "true"),
        ("ge", ["\uffee", "\U0001f600"], "false"),
        ("ge", ["\udcff", "\uffff"], "true"),
        ("ge", [1.5, 1.5], "true"),
        ("ge", [math.nan, math.nan], "true"),
        ("eq", [1, 2, 1], "true"),
        ("eq", ["x", "a", "b"], "false"),
        ("eq", [1, 1, "a"], "true"),
        ("eq", [None, 1, None], "true"),
    ],
)
def test_results(name: str, values: list[Value], expected: str) -> None:
    assert called(name, values, Budget()) == expected


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("eq", [1, 1.0], "incompatible types for comparison: int and float64"),
        ("eq", ["1", 1], "incompatible types for comparison: string and int"),
        ("eq", [[], []], "non-comparable type []: []interface {}"),
        ("eq", [[1], {"a": 1}], "non-comparable types [%!s(int=1)]: []interface {}, map[string]interface {}: map[a:1]"),
        ("eq", [{"a": 1}, {"a": 1}], "non-comparable type map[a:%!s(int=1)]: map[string]interface {}"),
        ("eq", ["a", [1]], "incompatible types for comparison: string and []interface {}"),
        ("ne", [1, 1.0], "incompatible types for comparison: int and float64"),
        ("ne", ["1", 1], "incompatible types for comparison: string and int"),
        ("ne", [[], []], "non-comparable type []: []interface {}"),
        ("ne", [[1], {"a": 1}], "non-comparable types [%!s(int=1)]: []interface {}, map[string]interface {}: map[a:1]"),
        ("ne", [{"a": 1}, {"a": 1}], "non-comparable type map[a:%!s(int=1)]: map[string]interface {}"),
        ("ne", ["a", [1]], "incompatible types for comparison: string and []interface {}"),
        ("lt", [True, True], "invalid type for comparison"),
        ("lt", [1j, 1j], "invalid type for comparison"),
        ("lt", [1, 1.0], "incompatible types for comparison: int and float64"),
        ("lt", ["1", 1], "incompatible types for comparison: string and int"),
        ("lt", [None, "x"], "invalid type for comparison"),
        ("lt", [None, None], "invalid type for comparison"),
        ("lt", [[], []], "invalid type for comparison"),
        ("lt", [[1], {"a": 1}], "invalid type for comparison"),
        ("lt", [{"a": 1}, {"a": 1}], "invalid type for comparison"),
        ("lt", ["a", [1]], "invalid type for comparison"),
        ("le", [True, True], "invalid type for comparison"),
        ("le", [1j, 1j], "invalid type for comparison"),
        ("le", [1, 1.0], "incompatible types for comparison: int and float64"),
        ("le", ["1", 1], "incompatible types for comparison: string and int"),
        ("le", [None, "x"], "invalid type for comparison"),
        ("le", [None, None], "invalid type for comparison"),
        ("le", [[], []], "invalid type for comparison"),
        ("le", [[1], {"a": 1}], "invalid type for comparison"),
        ("le", [{"a": 1}, {"a": 1}], "invalid type for comparison"),
        ("le", ["a", [1]], "invalid type for comparison"),
        ("gt", [True, True], "invalid type for comparison"),
        ("gt", [1j, 1j], "invalid type for comparison"),
        ("gt", [1, 1.0], "incompatible types for comparison: int and float64"),
        ("gt", ["1", 1], "incompatible types for comparison: string and int"),
        ("gt", [None, "x"], "invalid type for comparison"),
        ("gt", [None, None], "invalid type for comparison"),
        ("gt", [[], []], "invalid type for comparison"),
        ("gt", [[1], {"a": 1}], "invalid type for comparison"),
        ("gt", [{"a": 1}, {"a": 1}], "invalid type for comparison"),
        ("gt", ["a", [1]], "invalid type for comparison"),
        ("ge", [True, True], "invalid type for comparison"),
        ("ge", [1j, 1j], "invalid type for comparison"),
        ("ge", [1, 1.0], "incompatible types for comparison: int and float64"),
        ("ge", ["1", 1], "incompatible types for comparison: string and int"),
        ("ge", [None, "x"], "invalid type for comparison"),
        ("ge", [None, None], "invalid type for comparison"),
        ("ge", [[], []], "invalid type for comparison"),
        ("ge", [[1], {"a": 1}], "invalid type for comparison"),
        ("ge", [{"a": 1}, {"a": 1}], "invalid type for comparison"),
        ("ge", ["a", [1]], "invalid type for comparison"),
        ("eq", [1, "a", 1], "incompatible types for comparison: int and string"),
        ("eq", [1], "missing argument for comparison"),
    ],
)
def test_mistakes(name: str, values: list[Value], message: str) -> None:
    with pytest.raises(CallError) as caught:
        called(name, values, Budget())
    assert str(caught.value) == message


def test_long_texts_cost_steps() -> None:
    budget = Budget()
    called("eq", ["a" * 100_000, "b" * 100_000], budget)
    assert budget.steps_left < Budget().steps_left
