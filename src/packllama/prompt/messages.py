"""From a request to the conversation that is rendered: the model's own turns, the system prompt, old thinking."""

from collections.abc import Sequence
from dataclasses import replace

from packllama.base.white import WHITE
from packllama.message import Message
from packllama.prompt.model import PromptModel
from packllama.prompt.request import ChatRequest, GenerateRequest

_OPENING, _CLOSING = "<think>", "</think>"


def chat_messages(request: ChatRequest, model: PromptModel) -> list[Message]:
    """The model's turns, then those of the request. Its system prompt gives way to one that comes first there."""
    messages = [*model.messages, *request.messages]
    if model.system and not (request.messages and request.messages[0].role == "system"):
        messages.insert(0, Message("system", model.system))
    return _without_old_thinking(messages) if _forgets_thinking(model) else messages


def generate_messages(request: GenerateRequest, model: PromptModel) -> list[Message]:
    """The system prompt, the model's turns unless an earlier exchange goes on, the prompt."""
    system = request.system or model.system
    return [
        *([Message("system", system)] if system else []),
        *(model.messages if request.context is None else ()),
        Message("user", request.prompt, images=request.images),
    ]


def without_thinking(content: str) -> str:
    """An answer without the thinking that it begins with. Thinking that does not end is all there is."""
    begun = content.lstrip(WHITE)
    if not begun.startswith(_OPENING):
        # What may still become the mark says nothing yet.
        return "" if _OPENING.startswith(begun) else content
    return begun.removeprefix(_OPENING).partition(_CLOSING)[2].lstrip(WHITE)


def _forgets_thinking(model: PromptModel) -> bool:
    """Ollama does this for two kinds of models, whose templates do not do it themselves."""
    return model.config.model_family == "qwen3" or model.name.model == "deepseek-r1"


def _without_old_thinking(messages: Sequence[Message]) -> list[Message]:
    last = max((at for at, message in enumerate(messages) if message.role == "user"), default=0)
    return [
        replace(message, content=without_thinking(message.content))
        if message.role == "assistant" and at < last
        else message
        for at, message in enumerate(messages)
    ]
