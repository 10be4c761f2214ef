"""A conversation as the engine's ``/apply-template`` takes it: the shapes of OpenAI's chat API."""

import json
from collections.abc import Mapping, Sequence

from packllama import gojson
from packllama.message import Message, ToolCall
from packllama.template import Think
from packllama.tool import Property, Tool


def template_body(messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> dict[str, object]:
    """The request's body. ``think`` goes by the names that templates of today know; None is left out."""
    effort = {"reasoning_effort": think} if isinstance(think, str) else {}
    body = {
        "messages": [_message(message) for message in messages],
        **_given({"tools": [_tool(tool) for tool in tools]}),
        **({} if think is None else {"chat_template_kwargs": {"enable_thinking": bool(think), **effort}}),
    }
    # Through Go's spelling: a whole number is one again, though Ollama reads it as a float.
    members: dict[str, object] = json.loads(gojson.encode(body))
    return members


def _message(message: Message) -> gojson.JSON:
    more: dict[str, gojson.JSON] = {
        "reasoning_content": message.thinking,
        "tool_calls": [_call(call) for call in message.tool_calls],
        "name": message.tool_name,
        "tool_call_id": message.tool_call_id,
    }
    return {"role": message.role, "content": message.content, **_given(more)}


def _call(call: ToolCall) -> gojson.JSON:
    arguments = gojson.encode(call.arguments or {})
    return {**_given({"id": call.id}), "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _tool(tool: Tool) -> gojson.JSON:
    function, parameters = tool.function, tool.function.parameters
    described: gojson.JSON = {
        "name": function.name,
        "description": function.description,
        "parameters": {
            "type": parameters.type,
            **_given({"$defs": parameters.defs, "items": parameters.items, "required": _list(parameters.required)}),
            "properties": _properties(parameters.properties),
        },
    }
    return {"type": tool.type, **_given({"items": tool.items}), "function": described}


def _properties(properties: Mapping[str, Property] | None) -> Mapping[str, gojson.JSON]:
    return {name: _property(part) for name, part in (properties or {}).items()}


def _property(part: Property) -> gojson.JSON:
    return _given(
        {
            "anyOf": [_property(other) for other in part.any_of or ()],
            "type": part.types[0] if part.types and len(part.types) == 1 else _list(part.types),
            "items": part.items,
            "description": part.description,
            "enum": _list(part.enum),
            "properties": _properties(part.properties),
            "required": _list(part.required),
        }
    )


def _list(items: Sequence[gojson.JSON] | None) -> list[gojson.JSON]:
    return list(items or ())


def _given(members: Mapping[str, gojson.JSON]) -> dict[str, gojson.JSON]:
    """The members that are not empty."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}
