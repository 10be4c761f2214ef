"""JSON in prompts counts by what it means."""

import time

import pytest

from packllama.catalog.equality import same_by_value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", ""),
        ("plain", "plain"),
        ('a {"x": 1, "y": 2} b', 'a {"y":2,"x":1.0} b'),
        ('[{"a": "<é>"}]', '[ {"a" : "\\u003c\\u00e9\\u003e"} ]'),
        ("[INST] {} [/INST]", "[INST] { } [/INST]"),
        ('<tools>\n{"a": [1, 2]}\n{"b": null}\n</tools>', '<tools>\n{"a":[1,2]}\n{"b":null}\n</tools>'),
        ('{"a": {"b": [true]}}', '{"a":{"b":[true]}}'),
        ("[1, 2]", "[1,2]"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert same_by_value(one, other)
    assert same_by_value(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "a "),
        ('a {"x": 1}', 'b {"x": 1}'),
        ('{"x": 1} ', '{"x": 1}'),
        ('{"x": 1}', '{"x": "1"}'),
        ('{"x": 1}', '{"x": true}'),
        ('{"x": 0}', '{"x": false}'),
        ('{"x": 0}', '{"x": null}'),
        ('{"x": [1, 2]}', '{"x": [2, 1]}'),
        ('{"x": 1}', '{"x": 1, "y": null}'),
        ('{"x": {}}', '{"x": []}'),
        ("[ ]", "[]"),
        ("{'x': 1}", "{'x':1}"),
        ('{"x": 1}{"y": 2}', '{"y": 2}{"x": 1}'),
        ("<call> {", "<call>{"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert not same_by_value(one, other)
    assert not same_by_value(other, one)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '["' * 100_000,
        "[1," * 100_000,
        "{" * 1_000_000,
        '{"a":' * 900 + "1" + "}" * 900,
    ],
    ids=["lists", "objects", "texts", "numbers", "braces", "deep"],
)
def test_hostile_texts_cost_little(text: str) -> None:
    began = time.monotonic()
    assert not same_by_value(text, text + " ")
    assert time.monotonic() - began < 5
