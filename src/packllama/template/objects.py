"""Messages and tools as templates see them: Go structs with names, methods and JSON of their own.

Follows Ollama's template rules, "Types reachable from templates" and "JSON output".
"""

from collections.abc import Mapping, Sequence

from packllama.message import Message, ToolCall
from packllama.template.budget import Budget
from packllama.template.json import to_json
from packllama.template.printing import sprint
from packllama.template.values import Map, Pairs, Slice, Struct, Type, Value
from packllama.tool import Parameters, Property, Tool, ToolFunction


def messages_value(messages: Sequence[Message]) -> Value:
    """What ``.Messages`` is; nil when there are none."""
    return Slice(_MESSAGES, [_message(message) for message in messages] or None)


def tools_value(tools: Sequence[Tool] | None) -> Value:
    """What ``.Tools`` is. None, of a request without tools, prints ``null``; an empty list ``[]``."""
    return Slice(_TOOLS, None if tools is None else [_tool(tool) for tool in tools])


def type_script(value: Value) -> str:
    """The TypeScript type of a tool's property; ``any`` for any other value."""
    if not isinstance(value, Struct) or value.type is not _PROPERTY or not value.fields:
        return "any"
    alternatives, types = value.fields["AnyOf"], value.fields["Type"]
    if isinstance(alternatives, Slice) and alternatives:
        return " | ".join(map(type_script, alternatives))
    if isinstance(types, Slice) and types:
        return " | ".join(_TYPE_SCRIPT.get(str(name), "any") for name in types)
    return "any"


_TYPE_SCRIPT = {
    "string": "string", "number": "number", "integer": "number", "boolean": "boolean",
    "array": "any[]", "object": "Record<string, any>", "null": "null",
}  # fmt: skip


def _message(message: Message) -> Struct:
    calls = [_call(call) for call in message.tool_calls]
    return Struct(
        _MESSAGE,
        {
            "Role": message.role,
            "Content": message.content,
            "Thinking": message.thinking,
            "Images": Slice(_IMAGES, message.images or None),
            "ToolCalls": Slice(_CALLS, calls or None),
            "ToolName": message.tool_name,
            "ToolCallID": message.tool_call_id,
        },
    )


def _call(call: ToolCall) -> Struct:
    arguments = Map(_ARGUMENTS, call.arguments)
    function = Struct(_CALLED, {"Index": call.index, "Name": call.name, "Arguments": arguments})
    return Struct(_CALL, {"ID": call.id, "Function": function})


def _tool(tool: Tool) -> Struct:
    return Struct(_TOOL, {"Type": tool.type, "Items": tool.items, "Function": _function(tool.function)})


def _function(function: ToolFunction) -> Struct:
    return Struct(
        _FUNCTION,
        {
            "Name": function.name,
            "Description": function.description,
            "Parameters": _parameters(function.parameters),
        },
    )


def _parameters(parameters: Parameters) -> Struct:
    return Struct(
        _PARAMETERS,
        {
            "Type": parameters.type,
            "Defs": parameters.defs,
            "Items": parameters.items,
            "Required": Slice(_TEXTS, parameters.required),
            "Properties": Map(_PROPERTIES, _properties(parameters.properties)),
        },
    )


def _properties(properties: Mapping[str, Property] | None) -> dict[str, Value] | None:
    return None if properties is None else {name: _property(value) for name, value in properties.items()}


def _property(part: Property) -> Struct:
    alternatives = None if part.any_of is None else [_property(other) for other in part.any_of]
    return Struct(
        _PROPERTY,
        {
            "AnyOf": Slice(_ALTERNATIVES, alternatives),
            "Type": Slice(_PROPERTY_TYPE, part.types),
            "Items": part.items,
            "Description": part.description,
            "Enum": Slice(_ANYTHING, part.enum),
            "Properties": Struct(_NESTED, _properties(part.properties)),
            "Required": Slice(_TEXTS, part.required),
        },
    )


def _all(value: Value, _: Budget) -> Value:
    members = value.fields if isinstance(value, Struct) else None
    return Pairs(list((members or {}).items()), "iter.Seq2[string,github.com/ollama/ollama/api.ToolProperty]")


def _to_map(value: Value, _: Budget) -> Value:
    return Map(_MAP, value.fields if isinstance(value, Struct) else None)


def _len(value: Value, _: Budget) -> Value:
    return len(value.fields or ()) if isinstance(value, Struct) else 0


def _object_text(value: Value, budget: Budget) -> Value:
    return to_json(value, budget) if value else "{}"


def _type_text(value: Value, budget: Budget) -> Value:
    texts = value if isinstance(value, Slice) else []
    return str(texts[0]) if len(texts) == 1 else sprint([list(texts)], budget) if texts else ""


def _type_json(value: Value) -> Value:
    texts = value if isinstance(value, Slice) else []
    return texts[0] if len(texts) == 1 else list(texts)


_ANYTHING = Type("[]interface {}")
_TEXTS = Type("[]string")
_IMAGES = Type("[]api.ImageData")

_ARGUMENTS = Type("template.templateArgs", {"String": _object_text})
_CALLED = Type("template.templateToolCallFunction")
_CALL = Type("template.templateToolCall")
_CALLS = Type("[]template.templateToolCall")
_MESSAGE = Type("template.templateMessage", pointer=True)
_MESSAGES = Type("[]*template.templateMessage")

_PROPERTY_TYPE = Type(
    "api.PropertyType",
    {"String": _type_text},
    json=_type_json,
)
_PROPERTY = Type(
    "api.ToolProperty",
    {"ToTypeScriptType": lambda value, _: type_script(value)},
    keys=("anyOf?", "type?", "items??", "description?", "enum?", "properties?", "required?"),
)
_ALTERNATIVES = Type("[]api.ToolProperty")
_MAP = Type("map[string]api.ToolProperty", zero=lambda: _property(Property()))
_NESTED = Type("api.ToolPropertiesMap", {"All": _all, "ToMap": _to_map, "Len": _len}, hidden=True, pointer=True)
_PROPERTIES = Type("template.templateProperties", {"String": _object_text}, zero=_MAP.zero)
_PARAMETERS = Type(
    "template.templateToolFunctionParameters", keys=("type", "$defs??", "items??", "required?", "properties")
)
_FUNCTION = Type("template.templateToolFunction", keys=("name", "description", "parameters"))
_TOOL = Type("template.templateTool", {"String": to_json}, keys=("type", "items??", "function"))
_TOOLS = Type("template.templateTools", {"String": to_json})
