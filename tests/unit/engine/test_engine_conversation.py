"""A conversation as the engine takes it."""

import pytest

from packllama.engine.conversation import template_body
from packllama.jsonfields import Json
from packllama.message import Message, decode_messages
from packllama.template import Think
from packllama.tool import decode_tools


def test_a_plain_turn() -> None:
    assert template_body([Message("user", "hi")], (), None) == {"messages": [{"role": "user", "content": "hi"}]}


def test_a_tool_and_its_answer() -> None:
    messages = decode_messages(
        [
            {
                "role": "assistant",
                "content": "",
                "thinking": "Hm",
                "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": {"b": 1, "a": [0.5, "é\ud800"]}}}],
            },
            {"role": "tool", "content": "3", "tool_name": "f", "tool_call_id": "c1"},
        ]
    )
    assert template_body(messages, (), None)["messages"] == [
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": "Hm",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"b":1,"a":[0.5,"é\\ufffd"]}'}}
            ],
        },
        {"role": "tool", "content": "3", "name": "f", "tool_call_id": "c1"},
    ]


@pytest.mark.parametrize(
    ("tool", "sent"),
    [
        (
            {"type": "function", "function": {"name": "f"}},
            {
                "type": "function",
                "function": {"name": "f", "description": "", "parameters": {"type": "", "properties": {}}},
            },
        ),
        (
            {
                "type": "function",
                "function": {
                    "name": "f",
                    "description": "d",
                    "parameters": {
                        "type": "object",
                        "$defs": {"x": 1},
                        "required": ["b"],
                        "properties": {
                            "b": {"type": ["string", "null"], "enum": [2, None], "lost": 1},
                            "a": {"anyOf": [{"type": "object", "properties": {"c": {"type": "number"}}}]},
                        },
                    },
                },
            },
            {
                "type": "function",
                "function": {
                    "name": "f",
                    "description": "d",
                    "parameters": {
                        "type": "object",
                        "$defs": {"x": 1},
                        "required": ["b"],
                        "properties": {
                            "b": {"type": ["string", "null"], "enum": [2, None]},
                            "a": {"anyOf": [{"type": "object", "properties": {"c": {"type": "number"}}}]},
                        },
                    },
                },
            },
        ),
    ],
)
def test_a_tool_on_offer(tool: Json, sent: object) -> None:
    assert template_body([], decode_tools([tool]) or (), None)["tools"] == [sent]


@pytest.mark.parametrize(
    ("think", "sent"),
    [
        (True, {"enable_thinking": True}),
        (False, {"enable_thinking": False}),
        ("low", {"enable_thinking": True, "reasoning_effort": "low"}),
    ],
)
def test_think(think: Think, sent: object) -> None:
    assert template_body([], (), think) == {"messages": [], "chat_template_kwargs": sent}
