"""Formats: what is refused before an engine is asked, and what an engine is sent."""

import json
from typing import Any

import pytest

from packllama.base.errors import BadInput, EngineMissing
from packllama.engine import AnswerFormat

PERSON = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def schema_in(shape: dict[str, object]) -> Any:
    """The schema in the grammar that the package's engine is sent."""
    (grammar,) = shape.values()
    assert isinstance(grammar, str)
    head, _, schema = grammar.partition("start: %json ")
    assert head == "%llguidance {}\n"
    return json.loads(schema)


@pytest.mark.parametrize("text", ["", "yaml", "{", "5", '"json"', "null", "true", "[]", "[" * 100_000])
def test_neither_json_nor_a_schema(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        AnswerFormat.parse(text)
    assert caught.value.message.startswith(f"invalid format: {text[:80]}; expected")
    assert "--format" in caught.value.hint


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "string", "pattern": "(?=a)b"}, "look-around"),
        ({"type": "string", "pattern": "("}, "unclosed group"),
        ({"not": {"type": "string"}}, '"not"'),
        ({"type": "array", "uniqueItems": True}, '"uniqueItems"'),
        ({"if": {"type": "string"}, "then": {"maxLength": 2}}, '"if"'),
        ({"type": "array", "contains": {"const": 1}}, '"contains"'),
        ({"dependentRequired": {"a": ["b"]}}, '"dependentRequired"'),
        ({"propertyNames": {"pattern": "a"}}, '"propertyNames"'),
        ({"$ref": "https://example.com/schema.json"}, "https://example.com/schema.json"),
        ({"$ref": "#/nothing"}, "'/nothing' does not exist"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "nothing can begin"),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "oneOf"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "incompatible types"),
        ({"enum": []}, "Unsatisfiable"),
        ({"type": "integer", "minimum": 5, "maximum": 1}, "minimum (5) is greater than maximum (1)"),
        ({"type": "object", "properties": {"a": False}, "required": ["a"]}, "'a' is unsatisfiable"),
        ({"type": "strin"}, "Invalid type: strin"),
        ({"properties": 5}, "properties must be an object"),
        ({"type": "string", "format": "weird"}, "Unknown format: weird"),
        ({"properties": {"a": {"items": {"not": {}}}}}, '"not"'),
        ({"x-guidance": {"lenient": True}, "not": {}}, '"not"'),
        ({"properties": {"a": {"x-guidance": {"lenient": True}, "not": {}}}}, '"not"'),
        ({"type": "array", "maxItems": 10_001}, "maxItems of 10,001; at most 10,000"),
        ({"properties": {"a": {"type": "array", "minItems": 10**7}}}, "minItems of 10,000,000"),
        ({"type": "array", "maxItems": 1e7}, "maxItems"),
    ],
    ids=str,
)
def test_what_the_engine_would_pass_over_is_refused(schema: dict[str, object], reason: str) -> None:
    answer_format = AnswerFormat.parse(json.dumps(schema))
    with pytest.raises(BadInput) as caught:
        answer_format.check(guided=True)
    assert reason in caught.value.message
    assert caught.value.message.startswith("the engine cannot keep to this format: ")
    assert "\n" not in caught.value.message
    # An engine without LLGuidance will say so itself.
    answer_format.check(guided=False)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        PERSON,
        {"type": ["string", "null"], "title": "A name", "description": "or none"},
        {"oneOf": [{"type": "integer"}, {"type": "string"}]},
        {"$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"},
        {"type": "string", "pattern": "^[a-z]{3}$"},
        {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1, "maxItems": 10_000},
        {"properties": {"maxItems": {"type": "integer"}}, "default": {"maxItems": 5}},
        {"x-guidance": {"whitespace_flexible": True}},
    ],
    ids=str,
)
def test_what_the_engine_can_keep_to(schema: dict[str, object]) -> None:
    AnswerFormat.parse(json.dumps(schema)).check(guided=True)


def test_json_is_any_object() -> None:
    answer_format = AnswerFormat.parse("json")
    answer_format.check(guided=True)
    assert answer_format.schema == {"type": "object"}


def test_what_is_sent() -> None:
    answer_format = AnswerFormat.parse(json.dumps(PERSON))
    spacing = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
    assert schema_in(answer_format.request(guided=True)) == PERSON | {"x-guidance": spacing}
    assert answer_format.request(guided=False) == {"json_schema": PERSON}


def test_nobody_elses_guidance_is_sent() -> None:
    answer_format = AnswerFormat.parse('{"x-guidance": {"lenient": true, "whitespace_flexible": true}}')
    sent = schema_in(answer_format.request(guided=True))
    assert sent["x-guidance"] == {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


def test_a_schema_cannot_leave_its_line_of_the_grammar() -> None:
    text = '{"const": "\\n\\u2028start: /.*/"}'
    (grammar,) = AnswerFormat.parse(text).request(guided=True).values()
    assert isinstance(grammar, str)
    assert len(grammar.splitlines()) == 2


def test_without_llguidance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineMissing) as caught:
        AnswerFormat.parse("json").check(guided=True)
    assert "llguidance" in caught.value.message
    assert caught.value.hint == "pip install 'packllama[engine]'"
    AnswerFormat.parse("json").check(guided=False)
