"""JSON as Go's decoder reads it into a struct."""

import json
import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.errors import BadInput, InvalidManifest
from packllama.jsonfields import Fields, Json, as_fields, first_value, go_value


def fields(text: str) -> Fields:
    return as_fields(first_value(text.encode(), where="w")[0], where="w")


@pytest.mark.parametrize("text", ["{}", '{"k":null}', "null"])
def test_zero_values(text: str) -> None:
    found = fields(text)
    assert (found.text("k"), found.integer("k"), found.texts("k"), found.has("k")) == ("", 0, None, False)
    assert list(found.list_of_fields("k")) == []
    assert found.fields("k").text("x") == ""


def test_values() -> None:
    found = fields('{"T":"x","i":-5,"l":["a"],"o":{"i":1},"f":[{"i":2},null]}')
    assert (found.text("t"), found.integer("I"), found.texts("L")) == ("x", -5, ("a",))
    assert found.fields("O").integer("i") == 1
    assert [item.integer("i") for item in found.list_of_fields("F")] == [2, 0]
    assert found.has("o")


@pytest.mark.parametrize("value", ["1", "true", "[]", "{}"])
def test_no_text(value: str) -> None:
    with pytest.raises(InvalidManifest, match="expected a string under 'k'"):
        fields(f'{{"k":{value}}}').text("k")


@pytest.mark.parametrize("value", ['"1"', "true", "1.0", "1e3", "9223372036854775808", "-9223372036854775809", "[]"])
def test_no_integer(value: str) -> None:
    with pytest.raises(InvalidManifest, match="expected a whole number under 'k'"):
        fields(f'{{"k":{value}}}').integer("k")


@pytest.mark.parametrize("value", ['"a"', "[1]", "[null]", "{}"])
def test_no_texts(value: str) -> None:
    with pytest.raises(InvalidManifest):
        fields(f'{{"k":{value}}}').texts("k")


def test_errors_say_where() -> None:
    with pytest.raises(InvalidManifest) as caught:
        list(fields('{"k":[{},[]]}').list_of_fields("k"))
    assert caught.value.where == "w: k[1]"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" \n",
        b"{",
        b"nul",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e400",
        b"[-1e999]",
        b'"\n"',
        b"'a'",
        b"[1,]",
        b"[" * 20_000,
    ],
)
def test_what_go_refuses(raw: bytes) -> None:
    with pytest.raises(InvalidManifest):
        first_value(raw, where="w")


@pytest.mark.parametrize(
    ("raw", "value", "end"),
    [
        (b"{}", {}, 2),
        (b" \t\r\n[1] x", [1], 7),
        (b"1 2", 1, 1),
        ('"ä" '.encode(), "ä", 4),
        (b'"\xff" ', "\ufffd", 3),
        ('"\ufffd" '.encode(), "\ufffd", 5),
        (b'{"a":1} \xff\xff', {"a": 1}, 7),
        (b'"\\ud83d\\udc4b"', "👋", 14),
        (b'"\\ud83d"', "\ufffd", 8),
        (b'["\\uDC4B",{"\\ud800":"\\ud83dx"}]', ["\ufffd", {"\ufffd": "\ufffdx"}], 31),
        (b"1e-400", 0.0, 6),
        (b"-0.5E1", -5.0, 6),
    ],
)
def test_the_first_value_and_its_end(raw: bytes, value: Json, end: int) -> None:
    assert first_value(raw, where="w") == (value, end)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES, st.text("\n {}x\ufffd"))
def test_what_is_json_is_read(value: Json, tail: str) -> None:
    raw = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    found, end = first_value(raw + b" " + tail.encode(), where="w")
    assert found == json.loads(raw)
    assert end == len(raw)


@given(st.binary(max_size=100))
def test_any_bytes_are_json_or_refused(raw: bytes) -> None:
    try:
        value, end = first_value(raw, where="w")
    except InvalidManifest:
        return
    assert 0 < end <= len(raw)
    assert not isinstance(value, float) or math.isfinite(value)


def test_many_members_cost_no_more_than_their_json() -> None:
    raw = b'{"k":[' + b"{}," * 100_000 + b"{}]}"
    tracemalloc.start()
    try:
        found = as_fields(first_value(raw, where="w")[0], where="w")
        parsed = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        assert sum(item.integer("x") for item in found.list_of_fields("k")) == 0
        assert tracemalloc.get_traced_memory()[1] < parsed + 100_000
    finally:
        tracemalloc.stop()


def test_anything_can_be_got_as_it_is() -> None:
    fields = Fields({"Items": [1], "type": None, "Props": {"Kind": 1}}, where="tool", error=BadInput)
    assert fields.get("items") == [1]
    assert fields.items("items") == [1]
    assert fields.members("props") == {"Kind": 1}
    assert (fields.get("other"), fields.items("other"), fields.members("other")) == (None, None, None)
    assert fields.mentions("TYPE")
    assert not fields.mentions("other")


def test_errors_are_of_the_class_that_was_asked_for() -> None:
    outer = Fields({"inner": {"n": "x"}}, where="outer", error=BadInput)
    with pytest.raises(BadInput) as caught:
        outer.fields("inner").integer("n")
    assert type(caught.value) is BadInput
    assert caught.value.sentence == "outer: inner: expected a whole number under 'n'"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), (True, True), (None, None), ("1", "1"), ([1, {"a": 2**53}], [1.0, {"a": 2.0**53}])],
)
def test_go_has_one_kind_of_number(value: Json, expected: Json) -> None:
    found = go_value(value, where="here")
    assert found == expected
    assert repr(found) == repr(expected)


@pytest.mark.parametrize("number", [10**400, float("inf"), float("nan")])
def test_a_number_beyond_floats(number: float) -> None:
    with pytest.raises(BadInput, match="here: a number does not fit"):
        go_value([number], where="here")


def test_a_number_of_thousands_of_digits() -> None:
    with pytest.raises(InvalidManifest) as caught:
        first_value(b"[" + b"9" * 5000 + b"]", where="m")
    assert caught.value.message == "not JSON: a number has thousands of digits"
