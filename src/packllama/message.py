"""One turn of a conversation, and the calls of tools in it."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packllama.base.errors import BadInput
from packllama.gojson import refuse_depth
from packllama.jsonfields import Fields, Json, go_value

# Arguments nest some five levels. What is deeper could not be written into a prompt without end.
MAX_NESTING = 60


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to call a tool. Every number in ``arguments`` is a float; None: the request gave none."""

    name: str
    arguments: Mapping[str, Json] | None = None
    id: str = ""
    index: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """``role`` is ``system``, ``user``, ``assistant`` or ``tool``; stored models may hold others.

    A message of the role ``tool`` is the answer of ``tool_name`` to the call ``tool_call_id``.
    """

    role: str
    content: str
    thinking: str = ""
    images: tuple[bytes, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str = ""
    tool_call_id: str = ""


def decode_messages(value: Json) -> tuple[Message, ...]:
    """The ``messages`` of a request to Ollama's API, from its parsed JSON.

    Keys match without regard to case, roles become lower case, unknown keys are dropped.

    Raises:
        BadInput: a value has the wrong type, arguments are no object or nest too deeply, an image is not base64.
    """
    refuse_depth(value, levels=MAX_NESTING)
    request = Fields({"messages": value}, where="request", error=BadInput)
    return tuple(map(_message, request.list_of_fields("messages")))


def _message(fields: Fields) -> Message:
    return Message(
        fields.text("role").lower(),
        fields.text("content"),
        thinking=fields.text("thinking"),
        images=tuple(_images(fields)),
        tool_calls=tuple(map(_call, fields.list_of_fields("tool_calls"))),
        tool_name=fields.text("tool_name"),
        tool_call_id=fields.text("tool_call_id"),
    )


def _images(fields: Fields) -> Iterator[bytes]:
    for text in fields.texts("images") or ():
        try:
            yield base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
        except (binascii.Error, ValueError) as error:
            raise fields.wrong("images", "base64 texts") from error


def _call(fields: Fields) -> ToolCall:
    function = fields.fields("function")
    arguments = function.members("arguments") or {}
    return ToolCall(
        function.text("name"),
        _arguments(arguments, function.where) if function.mentions("arguments") else None,
        id=fields.text("id"),
        index=function.integer("index"),
    )


def _arguments(value: dict[str, Json], where: str) -> dict[str, Json]:
    return {name: go_value(item, where=f"{where}: arguments: {name}") for name, item in value.items()}
