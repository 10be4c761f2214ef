"""Messages and tools as templates see them."""

import pytest

from packllama.message import Message, ToolCall
from packllama.template.budget import Budget
from packllama.template.functions import BUILTINS, FUNCTIONS
from packllama.template.objects import messages_value, tools_value, type_script
from packllama.template.printf import sprintf
from packllama.template.printing import printed
from packllama.template.values import CallError, Slice, Value, iterate, lookup
from packllama.tool import Parameters, Property, Tool, ToolFunction

CITY = Property(types=("string",), description="City <name>")
UNIT = Property(types=("string", "null"), description="Unit", enum=("c", "f"))
NESTED = Property(types=("object",), properties={"zz": Property(types=("string",)), "aa": Property()})
WEATHER = Tool(
    "function",
    None,
    ToolFunction(
        "get_weather",
        "Get the weather",
        Parameters("object", required=("city",), properties={"unit": UNIT, "city": CITY}),
    ),
)
PROPERTIES = (
    '{"city":{"type":"string","description":"City \\u003cname\\u003e"},'
    '"unit":{"type":["string","null"],"description":"Unit","enum":["c","f"]}}'
)
WEATHER_JSON = (
    '{"type":"function","function":{"name":"get_weather","description":"Get the weather",'
    f'"parameters":{{"type":"object","required":["city"],"properties":{PROPERTIES}}}}}}}'
)
CALL = ToolCall("f", {"b": 1.0, "a": "<"}, id="call_1", index=3)
TURN = Message("assistant", "hi", thinking="hm", images=(b"\1\2\3",), tool_calls=(CALL,))


def reached(value: Value, path: str) -> Value:
    """``0.Function.Name``: the first element's field, and so on."""
    for name in path.split("."):
        if isinstance(value, Slice) and name.isdigit():
            value = value[int(name)]
        else:
            value = lookup(value, name, Budget(), zero_missing=True)
    return value


def json(value: Value) -> Value:
    return FUNCTIONS["json"].call([value], Budget())


@pytest.mark.parametrize(
    ("path", "shown", "as_json"),
    [
        (
            "0",
            '{assistant hi hm [[1 2 3]] [{call_1 {3 f {"a":"\\u003c","b":1}}}]  }',
            '{"Role":"assistant","Content":"hi","Thinking":"hm","Images":["AQID"],"ToolCalls":[{"ID":"call_1",'
            '"Function":{"Index":3,"Name":"f","Arguments":{"a":"\\u003c","b":1}}}],"ToolName":"","ToolCallID":""}',
        ),
        ("0.Role", "assistant", '"assistant"'),
        ("0.Images", "[[1 2 3]]", '["AQID"]'),
        ("0.Images.0", "[1 2 3]", '"AQID"'),
        (
            "0.ToolCalls.0.Function",
            '{3 f {"a":"\\u003c","b":1}}',
            '{"Index":3,"Name":"f","Arguments":{"a":"\\u003c","b":1}}',
        ),
        ("0.ToolCalls.0.Function.Arguments.b", "1", "1"),
        ("0.ToolCalls.0.Function.Arguments.zz", "<no value>", "null"),
        ("0.ToolCalls.0.Function.Arguments.String", '{"a":"\\u003c","b":1}', r'"{\"a\":\"\\u003c\",\"b\":1}"'),
        (
            "1",
            "{user x  [] []  }",
            '{"Role":"user","Content":"x","Thinking":"","Images":null,"ToolCalls":null,"ToolName":"","ToolCallID":""}',
        ),
        ("2.ToolCalls.0", "{ {0 g {}}}", '{"ID":"","Function":{"Index":0,"Name":"g","Arguments":null}}'),
        ("2.ToolCalls.1", "{ {0 h {}}}", '{"ID":"","Function":{"Index":0,"Name":"h","Arguments":{}}}'),
    ],
)
def test_messages(path: str, shown: str, as_json: str) -> None:
    calls = (ToolCall("g"), ToolCall("h", {}))
    value = reached(messages_value([TURN, Message("user", "x"), Message("", "", tool_calls=calls)]), path)
    assert printed(value, Budget()) == shown
    assert json(value) == as_json


@pytest.mark.parametrize(
    ("path", "shown", "as_json"),
    [
        ("0", WEATHER_JSON, WEATHER_JSON),
        (
            "0.Function.Parameters",
            f"{{object <nil> <nil> [city] {PROPERTIES}}}",
            f'{{"type":"object","required":["city"],"properties":{PROPERTIES}}}',
        ),
        ("0.Function.Parameters.Properties", PROPERTIES, PROPERTIES),
        (
            "0.Function.Parameters.Properties.unit",
            "{[] [string null] <nil> Unit [c f] <nil> []}",
            '{"type":["string","null"],"description":"Unit","enum":["c","f"]}',
        ),
        ("0.Function.Parameters.Properties.unit.Type", "[string null]", '["string","null"]'),
        ("0.Function.Parameters.Properties.city.Type", "string", '"string"'),
        ("0.Function.Parameters.Properties.city.Type.String", "string", '"string"'),
        ("0.Function.Parameters.Properties.city.ToTypeScriptType", "string", '"string"'),
        ("0.Function.Parameters.Properties.city.Properties", "<nil>", "null"),
        ("0.Function.Parameters.Properties.city.Properties.Len", "0", "0"),
        ("0.Function.Parameters.Properties.nope", "{[]  <nil>  [] <nil> []}", "{}"),
        ("0.Function.Parameters.Properties.nope.Type", "", "null"),
        ("0.Function.Parameters.Required", "[city]", '["city"]'),
        ("0.Items", "<no value>", "null"),
        (
            "1",
            '{"type":"","function":{"name":"","description":"","parameters":{"type":"","properties":null}}}',
            '{"type":"","function":{"name":"","description":"","parameters":{"type":"","properties":null}}}',
        ),
        (
            "1.Function",
            "{  { <nil> <nil> [] {}}}",
            '{"name":"","description":"","parameters":{"type":"","properties":null}}',
        ),
        (
            "2.Function.Parameters",
            "{ map[b:1] [1] [] {}}",
            '{"type":"","$defs":{"b":1},"items":[1],"properties":{}}',
        ),
        ("3.Function.Parameters.Properties.o.Properties.Len", "2", "2"),
        ("3.Function.Parameters.Properties.o.Properties.ToMap.zz.Type", "string", '"string"'),
        (
            "3.Function.Parameters.Properties.o",
            "{[] object <nil>  [] 0xc000000000 []}",
            '{"type":"object","properties":{"zz":{"type":"string"},"aa":{}}}',
        ),
    ],
)
def test_tools(path: str, shown: str, as_json: str) -> None:
    odd = Tool(function=ToolFunction(parameters=Parameters(defs={"b": 1.0}, items=[1.0], required=(), properties={})))
    deep = Tool(function=ToolFunction(parameters=Parameters(properties={"o": NESTED})))
    value = reached(tools_value([WEATHER, Tool(), odd, deep]), path)
    assert printed(value, Budget()) == shown
    assert json(value) == as_json


@pytest.mark.parametrize(("tools", "shown"), [(None, "null"), ([], "[]"), ([WEATHER], f"[{WEATHER_JSON}]")])
def test_the_list_of_tools(tools: list[Tool] | None, shown: str) -> None:
    value = tools_value(tools)
    assert printed(value, Budget()) == shown
    assert json(value) == shown
    assert bool(value) is bool(tools)
    assert BUILTINS["eq"].call([value, None], Budget()) is (tools is None)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("0.content", "can't evaluate field content in type *template.templateMessage"),
        ("0.ToolCalls.0.Name", "can't evaluate field Name in type template.templateToolCall"),
        ("0.ToolCalls.Name", "can't evaluate field Name in type []template.templateToolCall"),
    ],
)
def test_names_are_exact(path: str, message: str) -> None:
    with pytest.raises(CallError) as caught:
        reached(messages_value([TURN]), path)
    assert str(caught.value) == message


def test_properties_are_ranged_in_order_of_names_and_nested_ones_in_that_of_the_request() -> None:
    deep = Tool(function=ToolFunction(parameters=Parameters(properties={"o": NESTED, "a": CITY})))
    properties = reached(tools_value([deep]), "0.Function.Parameters.Properties")
    assert [key for key, _ in iterate(properties, Budget(), two=True) or ()] == ["a", "o"]
    nested = reached(properties, "o.Properties")
    assert iterate(nested, Budget(), two=True) is None
    pairs = iterate(reached(nested, "All"), Budget(), two=True)
    assert [key for key, _ in pairs or ()] == ["zz", "aa"]
    with pytest.raises(CallError):
        reached(nested, "zz")


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Property(), "any"),
        (Property(types=()), "any"),
        (Property(types=("integer",)), "number"),
        (Property(types=("number", "boolean", "null")), "number | boolean | null"),
        (Property(types=("array",)), "any[]"),
        (Property(types=("object", "date")), "Record<string, any> | any"),
        (Property(types=("array",), any_of=(CITY, Property(types=("null",)))), "string | null"),
    ],
)
def test_typescript(part: Property, expected: str) -> None:
    tool = Tool(function=ToolFunction(parameters=Parameters(properties={"x": part})))
    assert type_script(reached(tools_value([tool]), "0.Function.Parameters.Properties.x")) == expected


@pytest.mark.parametrize(
    ("form", "path", "expected"),
    [
        ("%v", "0", "&{user x  [] []  }"),
        ("%T", "0", "*template.templateMessage"),
        ("%+v", "0", "&{Role:user Content:x Thinking: Images:[] ToolCalls:[] ToolName: ToolCallID:}"),
        ("%q", "0", '&{"user" "x" "" [] [] "" ""}'),
        (
            "%d",
            "1.ToolCalls.0.Function",
            "{3 %!d(string=f) map[%!d(string=a):%!d(string=<) %!d(string=b):%!d(float64=1)]}",
        ),
        ("%q", "1.ToolCalls.0.Function.Arguments", r'"{\"a\":\"\\u003c\",\"b\":1}"'),
        ("%5.1s|", "1.ToolCalls.0.Function.Arguments", "    {|"),
        ("%#v", "1.ToolCalls.0.Function.Arguments", 'template.templateArgs{"a":"<", "b":1}'),
        ("%#v", "0.Images", "[]api.ImageData(nil)"),
        ("%T", "0.ToolCalls", "[]template.templateToolCall"),
    ],
)
def test_printf(form: str, path: str, expected: str) -> None:
    value = reached(messages_value([Message("user", "x"), TURN]), path)
    assert sprintf(form, [value], Budget()) == expected


def test_messages_are_pointers_and_compared_as_such() -> None:
    messages = messages_value([TURN, TURN])
    first, second = reached(messages, "0"), reached(messages, "1")
    assert BUILTINS["eq"].call([first, first], Budget())
    assert not BUILTINS["eq"].call([first, second], Budget())


def test_slices_keep_their_type() -> None:
    messages = messages_value([TURN, TURN])
    assert sprintf("%T", [BUILTINS["slice"].call([messages, 1], Budget())], Budget()) == "[]*template.templateMessage"
    assert printed(BUILTINS["slice"].call([tools_value(None)], Budget()), Budget()) == "null"
