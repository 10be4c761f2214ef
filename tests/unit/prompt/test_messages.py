"""From a request to the conversation that is rendered."""

from dataclasses import replace

import pytest

from packllama.config import ModelConfig
from packllama.message import Message
from packllama.name import ModelName
from packllama.prompt import ChatRequest, GenerateRequest, PromptModel
from packllama.prompt.messages import chat_messages, generate_messages, without_thinking
from packllama.template import Template


def talk(text: str) -> tuple[Message, ...]:
    turns = (turn.partition(":") for turn in text.split())
    return tuple(Message(role, content) for role, _, content in turns)


def written(messages: list[Message]) -> str:
    return " ".join(f"{message.role}:{message.content}" for message in messages)


MODEL = PromptModel(
    ModelName.parse("m"), ModelConfig(), Template.parse(""), frozenset(), "S", talk("user:q assistant:a")
)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("user:x", "system:S user:q assistant:a user:x"),
        ("system:T user:x", "user:q assistant:a system:T user:x"),
        ("user:x system:T user:y", "system:S user:q assistant:a user:x system:T user:y"),
    ],
)
def test_a_chat(request_: str, expected: str) -> None:
    assert written(chat_messages(ChatRequest(talk(request_)), MODEL)) == expected
    assert written(chat_messages(ChatRequest(talk(request_)), replace(MODEL, system="", messages=()))) == request_


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (GenerateRequest("x"), "system:S user:q assistant:a user:x"),
        (GenerateRequest("x", system="T"), "system:T user:q assistant:a user:x"),
        (GenerateRequest("x", context=""), "system:S user:x"),
    ],
)
def test_one_answer(asked: GenerateRequest, expected: str) -> None:
    assert written(generate_messages(asked, MODEL)) == expected


def test_the_images_of_one_answer() -> None:
    assert generate_messages(GenerateRequest("x", images=(b"1",)), MODEL)[-1].images == (b"1",)


@pytest.mark.parametrize(
    ("content", "rest"),
    [
        ("a", "a"),
        (" a", " a"),
        ("<think>t</think>a", "a"),
        ("\n<think>\nt\n</think>\n\n a ", "a "),
        ("<think></think>a</think>b", "a</think>b"),
        ("a<think>t</think>", "a<think>t</think>"),
        ("<think>t", ""),
        ("<thi", ""),
        ("<that>", "<that>"),
        (" ", ""),
        ("", ""),
    ],
)
def test_thinking_goes(content: str, rest: str) -> None:
    assert without_thinking(content) == rest


OLD = (
    "assistant:<think>1</think>a user:<think>2</think>b assistant:<think>3</think>c user:d assistant:<think>4</think>e"
)


@pytest.mark.parametrize(
    ("family", "name", "expected"),
    [
        ("llama", "qwen3", OLD),
        ("qwen3", "m", "assistant:a user:<think>2</think>b assistant:c user:d assistant:<think>4</think>e"),
        (
            "qwen2",
            "me/deepseek-r1:7b",
            "assistant:a user:<think>2</think>b assistant:c user:d assistant:<think>4</think>e",
        ),
    ],
)
def test_old_thinking_goes_for_some(family: str, name: str, expected: str) -> None:
    model = PromptModel(
        ModelName.parse(name), ModelConfig(model_family=family), Template.parse(""), frozenset(), messages=talk(OLD)
    )
    assert written(chat_messages(ChatRequest(()), model)) == expected
    assert written(generate_messages(GenerateRequest("x"), model)) == f"{OLD} user:x"


def test_without_a_question_nothing_is_old() -> None:
    model = replace(MODEL, config=ModelConfig(model_family="qwen3"), system="", messages=())
    given = talk("assistant:<think>1</think>a assistant:b")
    assert chat_messages(ChatRequest(given), model) == list(given)
