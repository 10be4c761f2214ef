"""Tools of a request: what of a definition survives, and what is refused."""

import pytest

from packllama.base.errors import BadInput
from packllama.jsonfields import Json
from packllama.tool import MAX_NESTING, Parameters, Property, Tool, ToolFunction, decode_tools


def property_of(schema: Json) -> Property:
    tools = decode_tools([{"function": {"parameters": {"properties": {"x": schema}}}}])
    assert tools
    properties = tools[0].function.parameters.properties
    assert properties
    return properties["x"]


def nested(levels: int) -> Json:
    value: Json = {}
    for _ in range(levels):
        value = {"properties": {"x": value}}
    return value


def test_a_whole_tool() -> None:
    tools = decode_tools(
        [
            {
                "type": "function",
                "strict": True,
                "function": {
                    "name": "get_weather",
                    "description": "Get the weather",
                    "parameters": {
                        "type": "object",
                        "additionalProperties": False,
                        "$defs": {"b": 1},
                        "required": ["city"],
                        "properties": {
                            "unit": {"type": ["string", "null"], "enum": ["c", 1]},
                            "city": {"type": "string", "description": "City", "minLength": 2},
                        },
                    },
                },
            }
        ]
    )
    properties = {
        "unit": Property(types=("string", "null"), enum=("c", 1.0)),
        "city": Property(types=("string",), description="City"),
    }
    parameters = Parameters("object", {"b": 1.0}, None, ("city",), properties)
    assert tools == (Tool("function", None, ToolFunction("get_weather", "Get the weather", parameters)),)
    decoded = tools[0].function.parameters.properties
    assert decoded
    assert list(decoded) == ["unit", "city"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ([], ()),
        ([{}], (Tool(),)),
        ([None], (Tool(),)),
        ([{"TYPE": "function", "Function": {"NAME": "f"}}], (Tool("function", None, ToolFunction("f")),)),
        ([{"items": [1, {"a": None}]}], (Tool(items=[1.0, {"a": None}]),)),
        ([{"function": {"parameters": {"properties": None}}}], (Tool(),)),
    ],
)
def test_missing_parts_are_empty(value: Json, expected: tuple[Tool, ...] | None) -> None:
    assert decode_tools(value) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({}, Property()),
        (None, Property()),
        ({"type": "string"}, Property(types=("string",))),
        ({"type": ["string", "null"]}, Property(types=("string", "null"))),
        ({"type": []}, Property(types=())),
        ({"type": None}, Property(types=("",))),
        ({"anyOf": [{"type": "string"}, {}]}, Property(any_of=(Property(types=("string",)), Property()))),
        ({"anyof": []}, Property(any_of=())),
        ({"properties": {"b": {}, "a": {}}}, Property(properties={"b": Property(), "a": Property()})),
        ({"items": {"type": "string", "minimum": 3}}, Property(items={"type": "string", "minimum": 3.0})),
        ({"enum": [1, "a", None, True, [2]]}, Property(enum=(1.0, "a", None, True, [2.0]))),
        ({"required": []}, Property(required=())),
        ({"default": 1, "format": "date"}, Property()),
    ],
)
def test_properties(schema: Json, expected: Property) -> None:
    assert property_of(schema) == expected


def test_numbers_are_floats() -> None:
    (number,) = property_of({"enum": [1]}).enum or ()
    assert type(number) is float


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "request: expected a list under 'tools'"),
        ([5], "request: tools[0]: expected a JSON object"),
        ([{"type": 5}], "request: tools[0]: expected a string under 'type'"),
        ([{"function": []}], "request: tools[0]: expected an object under 'function'"),
        (
            [{"function": {"parameters": {"properties": {"x": {"type": 5}}}}}],
            "request: tools[0]: function: parameters: x: expected a string or a list of strings under 'type'",
        ),
        (
            [{"function": {"parameters": {"required": "x"}}}],
            "request: tools[0]: function: parameters: expected a list under 'required'",
        ),
        ([{"items": 10**400}], "request: tools[0]: items: a number does not fit into a 64-bit float"),
    ],
)
def test_wrong_types(value: Json, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        decode_tools(value)
    assert type(caught.value) is BadInput
    assert caught.value.sentence == message


def test_depth_is_bounded() -> None:
    assert property_of(nested(20)).properties
    for levels in (MAX_NESTING, 10_000):
        with pytest.raises(BadInput, match="nests more than 60 levels deep"):
            property_of(nested(levels))
