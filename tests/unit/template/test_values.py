"""Truth, types, fields and ranging."""

import math

import pytest

from packllama.template.budget import Budget, OverBudget
from packllama.template.values import (
    INVALID,
    Byte,
    CallError,
    Map,
    Pairs,
    Slice,
    Struct,
    Type,
    Uint,
    Value,
    decoded,
    encoded,
    has_method,
    in_order,
    is_nil,
    iterate,
    lookup,
    truth,
    type_name,
)

PERSON = Type("main.Person", {"Shout": lambda value, _: "HEY" if truth(value) else "nil"})
POINTER = Type("main.Person", {"Shout": lambda value, _: "HEY" if truth(value) else "nil"}, pointer=True)
HIDDEN = Type("main.Box", hidden=True, pointer=True)
PEOPLE = Type("main.People", {"Size": lambda value, _: len(value) if isinstance(value, dict) else 0}, zero=lambda: "?")
NAMES = Type("main.Names")


@pytest.mark.parametrize(
    "value",
    [False, 0, 0.0, -0.0, 0j, Uint(0), "", b"", [], {}, None, INVALID, Struct(POINTER, None), Slice(NAMES, None)],
)
def test_false(value: Value) -> None:
    assert not truth(value)


@pytest.mark.parametrize(
    "value",
    [True, -1, 0.5, math.nan, 1j, "false", " ", b"x", [0], {"a": 0}, Struct(PERSON, {}), Slice(NAMES, ["a"])],
)
def test_true(value: Value) -> None:
    assert truth(value)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (True, "bool"),
        (1, "int"),
        (1.0, "float64"),
        (1j, "complex128"),
        ("", "string"),
        (Byte(1), "uint8"),
        (Uint(1), "uint64"),
        ([], "[]interface {}"),
        ({}, "map[string]interface {}"),
        (b"", "api.ImageData"),
        (None, "<nil>"),
        (INVALID, "<nil>"),
        (Struct(PERSON, {}), "main.Person"),
        (Struct(POINTER, {}), "*main.Person"),
        (Slice(NAMES, []), "main.Names"),
        (Map(PEOPLE, {}), "main.People"),
        (Pairs([], "iter.Seq"), "iter.Seq"),
    ],
)
def test_types(value: Value, name: str) -> None:
    assert type_name(value) == name


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, True),
        (INVALID, True),
        (Struct(POINTER, None), True),
        (Slice(NAMES, None), True),
        (Map(PEOPLE, None), True),
        (Struct(POINTER, {}), False),
        (Slice(NAMES, []), False),
        ([], False),
        ("", False),
    ],
)
def test_nil(value: Value, expected: bool) -> None:
    assert is_nil(value) is expected


@pytest.mark.parametrize(
    ("value", "name", "zero", "expected"),
    [
        ({"a": 1}, "a", True, 1),
        ({"a": None}, "a", False, None),
        ({}, "a", True, None),
        ({}, "a", False, INVALID),
        (INVALID, "a", True, INVALID),
        (Struct(PERSON, {"Name": "x"}), "Name", True, "x"),
        (Struct(PERSON, {"Shout": "x"}), "Shout", True, "HEY"),
        (Struct(POINTER, None), "Shout", True, "nil"),
        (Map(PEOPLE, {"a": 1}), "a", True, 1),
        (Map(PEOPLE, {"a": 1}), "b", True, "?"),
        (Map(PEOPLE, {"a": 1}), "b", False, INVALID),
        (Map(PEOPLE, {"Size": "shadowed"}), "Size", True, 1),
    ],
)
def test_lookup(value: Value, name: str, zero: bool, expected: Value) -> None:
    assert lookup(value, name, Budget(), zero_missing=zero) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "nil pointer evaluating interface {}.Foo"),
        ("text", "can't evaluate field Foo in type interface {}"),
        (5, "can't evaluate field Foo in type interface {}"),
        ([1], "can't evaluate field Foo in type interface {}"),
        (Struct(PERSON, {"foo": 1}), "can't evaluate field Foo in type main.Person"),
        (Struct(POINTER, {}), "can't evaluate field Foo in type *main.Person"),
        (Struct(POINTER, None), "nil pointer evaluating *main.Person.Foo"),
        (Struct(HIDDEN, {"Foo": 1}), "can't evaluate field Foo in type *main.Box"),
        (Slice(NAMES, []), "can't evaluate field Foo in type main.Names"),
    ],
)
def test_no_such_field(value: Value, message: str) -> None:
    with pytest.raises(CallError) as caught:
        lookup(value, "Foo", Budget(), zero_missing=True)
    assert str(caught.value) == message


def test_methods_are_told_from_fields() -> None:
    assert has_method(Struct(PERSON, {"Name": 1}), "Shout")
    assert not has_method(Struct(PERSON, {"Name": 1}), "Name")
    assert not has_method({"Shout": 1}, "Shout")


@pytest.mark.parametrize(
    ("value", "two", "expected"),
    [
        ([5, 6], True, [(0, 5), (1, 6)]),
        ({"b": 1, "a": 2}, True, [("a", 2), ("b", 1)]),
        (b"\x07", True, [(0, 7)]),
        (2, False, [(INVALID, 0), (INVALID, 1)]),
        (-1, False, []),
        (Uint(1), False, [(INVALID, 0)]),
        (Pairs([("z", 1), ("a", 2)], "iter"), True, [("z", 1), ("a", 2)]),
        (Pairs([("z", 1), ("a", 2)], "iter"), False, [(INVALID, "z"), (INVALID, "a")]),
        (None, True, []),
        (INVALID, False, []),
    ],
)
def test_ranges(value: Value, two: bool, expected: list[tuple[Value, Value]]) -> None:
    pairs = iterate(value, Budget(), two=two)
    assert pairs is not None
    assert list(pairs) == expected


@pytest.mark.parametrize("value", ["", "text", 1.5, True, False, 1j, Struct(PERSON, {})])
def test_cannot_be_ranged_over(value: Value) -> None:
    assert iterate(value, Budget(), two=False) is None


def test_a_number_has_no_pairs() -> None:
    with pytest.raises(CallError, match="can't use 3 to iterate over more than one variable"):
        iterate(3, Budget(), two=True)


def test_a_large_number_is_not_spread_out() -> None:
    assert iterate(2**62, Budget(), two=False) is not None


def test_sorting_costs_steps() -> None:
    with pytest.raises(OverBudget):
        iterate({str(number): 0 for number in range(1000)}, Budget(steps=999), two=True)


def test_keys_are_sorted_by_their_bytes() -> None:
    keys = ["\U0001f600", "\uffee", "é", "z", "Z", "10", "9", "\udcff", ""]
    assert in_order(keys) == ["", "10", "9", "Z", "z", "é", "\uffee", "\U0001f600", "\udcff"]


@pytest.mark.parametrize(
    ("text", "octets"),
    [("é", b"\xc3\xa9"), ("\udcff", b"\xff"), ("\ud800", b"\xef\xbf\xbd"), ("\ud83d\ude00", b"\xf0\x9f\x98\x80")],
)
def test_bytes_of_a_text(text: str, octets: bytes) -> None:
    assert encoded(text) == octets


def test_text_of_bytes() -> None:
    assert decoded(b"a\xc3\xa9\xff") == "aé\udcff"
