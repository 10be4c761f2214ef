"""A tool that a request offers to a model.

Only what stands here survives of a definition; keys that are not known are dropped, as Ollama drops them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from packllama.base.errors import BadInput
from packllama.gojson import refuse_depth
from packllama.jsonfields import Fields, Json, as_fields, go_value

# A schema of twenty objects, one in the other, nests as deep.
MAX_NESTING = 60


@dataclass(frozen=True, slots=True)
class Property:
    """One parameter of a tool, or a part of one. None: the definition has no such key, which is not an empty list."""

    any_of: "tuple[Property, ...] | None" = None
    types: tuple[str, ...] | None = None
    items: Json = None
    description: str = ""
    enum: tuple[Json, ...] | None = None
    properties: "Mapping[str, Property] | None" = None
    required: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a tool, in the order of the request."""

    type: str = ""
    defs: Json = None
    items: Json = None
    required: tuple[str, ...] | None = None
    properties: Mapping[str, Property] | None = None


@dataclass(frozen=True, slots=True)
class ToolFunction:
    """The function that a tool is."""

    name: str = ""
    description: str = ""
    parameters: Parameters = Parameters()


@dataclass(frozen=True, slots=True)
class Tool:
    """``type`` is ``function``. Every number in it is a float."""

    type: str = ""
    items: Json = None
    function: ToolFunction = ToolFunction()


def decode_tools(value: Json) -> tuple[Tool, ...] | None:
    """The ``tools`` of a request to Ollama's API, from its parsed JSON; None for ``null``.

    Raises:
        BadInput: a value has the wrong type, a number does not fit, or a schema nests too deeply.
    """
    refuse_depth(value, levels=MAX_NESTING)
    request = Fields({"tools": value}, where="request", error=BadInput)
    return None if value is None else tuple(map(_tool, request.list_of_fields("tools")))


def _tool(fields: Fields) -> Tool:
    function = fields.fields("function")
    return Tool(
        fields.text("type"),
        _anything(fields, "items"),
        ToolFunction(
            function.text("name"),
            function.text("description"),
            _parameters(function.fields("parameters")),
        ),
    )


def _parameters(fields: Fields) -> Parameters:
    return Parameters(
        fields.text("type"),
        _anything(fields, "$defs"),
        _anything(fields, "items"),
        fields.texts("required"),
        _properties(fields),
    )


def _properties(fields: Fields) -> dict[str, Property] | None:
    members = fields.members("properties")
    if members is None:
        return None
    return {name: _property(as_fields(value, where=name, of=fields)) for name, value in members.items()}


def _property(fields: Fields) -> Property:
    alternatives = (_property(part) for part in fields.list_of_fields("anyOf"))
    return Property(
        any_of=None if fields.get("anyOf") is None else tuple(alternatives),
        types=_types(fields),
        items=_anything(fields, "items"),
        description=fields.text("description"),
        enum=_enum(fields),
        properties=_properties(fields),
        required=fields.texts("required"),
    )


def _types(fields: Fields) -> tuple[str, ...] | None:
    value = fields.get("type")
    if isinstance(value, list):
        return fields.texts("type")
    if not isinstance(value, str | None):
        raise fields.wrong("type", "a string or a list of strings")
    # Ollama takes a null for an empty text.
    return (value or "",) if fields.mentions("type") else None


def _enum(fields: Fields) -> tuple[Json, ...] | None:
    items = fields.items("enum")
    return None if items is None else tuple(go_value(item, where=f"{fields.where}: enum") for item in items)


def _anything(fields: Fields, key: str) -> Json:
    return go_value(fields.get(key), where=f"{fields.where}: {key}")
