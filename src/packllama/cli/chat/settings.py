"""``/set`` in a conversation: how the model answers, and how that is shown."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from packllama.base.errors import NotSupported, UsageError
from packllama.cli.chat.order import Order
from packllama.cli.chat.quotes import system_text
from packllama.engine import AnswerFormat
from packllama.template import Think

# Makes a change and returns what to say of it.
Setting: TypeAlias = Callable[[Order], str]


def _parameter(order: Order) -> str:
    name, *values = order.rest.split() or [""]
    if not values:
        raise UsageError("a parameter has a name and a value", hint="For example: /set parameter temperature 0.7")
    order.conversation.session.set_parameter(name, values)
    return f"Set parameter '{name}' to '{', '.join(values)}'"


def _system(order: Order) -> str:
    text = system_text(order.line)
    if text is None:
        raise UsageError("the system message has no text", hint="For example: /set system Be brief.")
    order.conversation.session.set_system(text)
    return "Set system message."


def _format(order: Order) -> str:
    if not order.rest:
        raise UsageError("a format has a name", hint="Write /set format json")
    order.conversation.session.set_format(AnswerFormat.parse(order.rest))
    return "Answers are in JSON."


def _no_format(order: Order) -> str:
    order.conversation.session.set_format(None)
    return "Answers have any form."


def _think(order: Order) -> str:
    level, session = order.rest, order.conversation.session
    if level not in _LEVELS:
        raise UsageError(f"unknown level of thinking {level!r}", hint="It is low, medium, high, max or none at all.")
    if "thinking" not in session.described.capabilities:
        raise NotSupported(f'"{session.name.short}" does not support thinking')
    session.think = _LEVELS[level]
    return f"The model thinks before it answers{level and f', level {level}'}."


def _no_think(order: Order) -> str:
    order.conversation.session.think = False
    return "The model answers at once."


def _history(kept: bool, text: str) -> Setting:
    def change(order: Order) -> str:
        order.conversation.reader.remember(kept)
        return text

    return change


def _wordwrap(wanted: bool, text: str) -> Setting:
    def change(order: Order) -> str:
        order.conversation.wordwrap = wanted
        return text

    return change


def _verbose(wanted: bool, text: str) -> Setting:
    def change(order: Order) -> str:
        order.conversation.verbose = wanted
        return text

    return change


_LEVELS: Mapping[str, Think] = MappingProxyType(
    {"": True, "low": "low", "medium": "medium", "high": "high", "max": "max"}
)

SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        "parameter": _parameter,
        "system": _system,
        "history": _history(True, "What you type is remembered."),
        "nohistory": _history(False, "What you type is not remembered."),
        "wordwrap": _wordwrap(True, "Lines are wrapped between words."),
        "nowordwrap": _wordwrap(False, "Lines are left as they are."),
        "format": _format,
        "noformat": _no_format,
        "verbose": _verbose(True, "Figures are shown after each answer."),
        "quiet": _verbose(False, "No figures are shown."),
        "think": _think,
        "nothink": _no_think,
    }
)
"""By the word behind ``/set``."""
