"""What actions, `print` and `println` write. What is expected, Go wrote."""

import pytest

from packllama.template.budget import Budget, OverBudget
from packllama.template.functions import BUILTINS
from packllama.template.printing import printed
from packllama.template.values import INVALID, Byte, CallError, Pairs, Value


def called(name: str, values: list[Value]) -> str:
    budget = Budget()
    return printed(BUILTINS[name].call(values, budget), budget)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("print", ["a", "b"], "ab"),
        ("print", [1, 2], "1 2"),
        ("print", ["a", 1, 2, "b"], "a1 2b"),
        ("print", [1, "a", 2], "1a2"),
        ("print", [None, None, "x", None], "<nil> <nil>x<nil>"),
        ("print", [[1, "x"], {"a": 1}], "[1 x] map[a:1]"),
        ("print", [True, 1.5, Byte(3)], "true 1.5 3"),
        ("print", [], ""),
        ("println", ["a", 1, "b"], "a 1 b\n"),
        ("println", [], "\n"),
        ("println", [None, [1]], "<nil> [1]\n"),
        ("println", ["", ""], " \n"),
    ],
)
def test_results(name: str, values: list[Value], expected: str) -> None:
    assert called(name, values) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text\x00<", "text\x00<"),
        (5, "5"),
        (True, "true"),
        (-0.0, "-0"),
        (1e6, "1e+06"),
        (2 + 0j, "(2+0i)"),
        (Byte(7), "7"),
        (None, "<no value>"),
        (INVALID, "<no value>"),
        ([None, [], "a b"], "[<nil> [] a b]"),
        ({"b": None, "a": {}}, "map[a:map[] b:<nil>]"),
        (b"\x01\xff", "[1 255]"),
    ],
)
def test_actions(value: Value, expected: str) -> None:
    assert printed(value, Budget()) == expected


def test_a_go_function_cannot_be_printed() -> None:
    with pytest.raises(CallError, match="can't print"):
        printed(Pairs([], "iter.Seq2"), Budget())


def test_two_halves_of_a_character_are_the_character() -> None:
    assert called("print", ["\udcc3", "\udca9"]) == "é"


def nested(levels: int) -> Value:
    value: Value = []
    for _ in range(levels):
        value = [value]
    return value


def test_depth_is_bounded() -> None:
    assert called("print", [nested(50)])
    with pytest.raises(OverBudget, match="nests"):
        called("print", [nested(5000)])


def test_elements_cost_steps_and_texts_cost_bytes() -> None:
    with pytest.raises(OverBudget, match="steps"):
        BUILTINS["print"].call([[0] * 1000], Budget(steps=999))
    with pytest.raises(OverBudget, match="bytes"):
        BUILTINS["print"].call([["x" * 1000]], Budget(size=999))
