"""Messages of a request: what is read, and what is refused."""

import pytest

from packllama.base.errors import BadInput
from packllama.jsonfields import Json
from packllama.message import Message, ToolCall, decode_messages


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, Message("", "")),
        (None, Message("", "")),
        ({"role": "USER", "content": "Hi"}, Message("user", "Hi")),
        ({"Role": "user", "CONTENT": None}, Message("user", "")),
        ({"role": "control", "content": "x", "extra": 1}, Message("control", "x")),
        ({"role": "assistant", "content": "c", "thinking": "t"}, Message("assistant", "c", thinking="t")),
        (
            {"role": "tool", "content": "r", "tool_name": "f", "tool_call_id": "i"},
            Message("tool", "r", tool_name="f", tool_call_id="i"),
        ),
        ({"images": ["AQID", "aW1n\r\nMQ==", ""]}, Message("", "", images=(b"\1\2\3", b"img1", b""))),
        ({"images": None, "tool_calls": None}, Message("", "")),
    ],
)
def test_messages(value: Json, expected: Message) -> None:
    assert decode_messages([value]) == (expected,)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, ToolCall("")),
        ({"id": "i", "function": {"name": "f", "index": 3}}, ToolCall("f", id="i", index=3)),
        ({"function": {"arguments": {}}}, ToolCall("", {})),
        ({"function": {"arguments": None}}, ToolCall("", {})),
        ({"function": {"arguments": {"b": [1, None], "a": True}}}, ToolCall("", {"b": [1.0, None], "a": True})),
    ],
)
def test_tool_calls(value: Json, expected: ToolCall) -> None:
    assert decode_messages([{"tool_calls": [value]}])[0].tool_calls == (expected,)


def test_numbers_in_arguments_are_floats() -> None:
    (message,) = decode_messages([{"tool_calls": [{"function": {"arguments": {"n": 1}}}]}])
    assert type((message.tool_calls[0].arguments or {})["n"]) is float


def test_no_messages() -> None:
    assert decode_messages(None) == ()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "request: expected a list under 'messages'"),
        (["hi"], "request: messages[0]: expected a JSON object"),
        ([{}, {"role": 5}], "request: messages[1]: expected a string under 'role'"),
        ([{"images": ["@"]}], "request: messages[0]: expected base64 texts under 'images'"),
        ([{"images": ["é"]}], "request: messages[0]: expected base64 texts under 'images'"),
        (
            [{"tool_calls": [{"function": {"arguments": "{}"}}]}],
            "request: messages[0]: tool_calls[0]: function: expected an object under 'arguments'",
        ),
        (
            [{"tool_calls": [{"function": {"index": 1.5}}]}],
            "request: messages[0]: tool_calls[0]: function: expected a whole number under 'index'",
        ),
        (
            [{"tool_calls": [{"function": {"arguments": {"n": float("inf")}}}]}],
            "request: messages[0]: tool_calls[0]: function: arguments: n: a number does not fit into a 64-bit float",
        ),
    ],
)
def test_wrong_types(value: Json, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        decode_messages(value)
    assert type(caught.value) is BadInput
    assert caught.value.sentence == message


def test_depth_is_bounded() -> None:
    value: Json = 1
    for _ in range(10_000):
        value = [value]
    with pytest.raises(BadInput, match="nests more than 60 levels deep"):
        decode_messages([{"tool_calls": [{"function": {"arguments": {"n": value}}}]}])
