"""The commands of a conversation: lines that begin with a slash.

As in Ollama the beginning of the line decides, so ``/byebye`` leaves too.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from packllama.chat import begins_with_path
from packllama.cli.chat.help_texts import HELP
from packllama.cli.chat.order import Order
from packllama.cli.chat.quotes import system_text
from packllama.cli.chat.settings import SETTINGS
from packllama.cli.chat.show import PARTS, shown
from packllama.cli.list import list_models

Command: TypeAlias = Callable[[Order], None]


class Leave(Exception):
    """The person wants to end the conversation."""


def is_command(text: str, *, sees: bool) -> bool:
    """Whether a text is a command: one line that begins with a slash, unless a model that sees finds a path there.

    Only ``/set system`` may have several lines. What else has them and begins so was pasted, as code with a comment.
    """
    if not text.startswith("/") or (sees and begins_with_path(text)):
        return False
    return "\n" not in text.rstrip() or system_text(text) is not None


def obey(order: Order) -> None:
    """Do what a command says.

    Raises:
        Leave: it says to end.
        PackLlamaError: what kept it from being done.
    """
    act = next((act for beginning, act in _COMMANDS.items() if order.line.startswith(beginning)), None)
    if act is None:
        order.refuse(1)
    else:
        act(order)


def _list(order: Order) -> None:
    list_models(order.conversation.door, order.word(1))


def _load(order: Order) -> None:
    name = order.model
    order.say(f"Loading model '{order.word(1)}'")
    order.conversation.session.switch(name, stop=order.stop)
    order.conversation.print_stored()


def _save(order: Order) -> None:
    order.conversation.session.save(order.model, stop=order.stop)
    order.say(f"Created new model '{order.word(1)}'")


def _clear(order: Order) -> None:
    order.conversation.session.clear()
    order.say("Cleared session context")


def _set(order: Order) -> None:
    change = SETTINGS.get(order.word(1))
    if change is not None:
        order.say(change(order))
    elif order.word(1):
        order.refuse(2)
    else:
        order.say(HELP["set"])


def _show(order: Order) -> None:
    part, conversation = order.word(1), order.conversation
    if part in PARTS:
        order.say(shown(part, session=conversation.session, store=conversation.door.store()))
    elif part:
        order.refuse(2)
    else:
        order.say(HELP["show"])


def _help(order: Order) -> None:
    order.say(HELP.get(order.word(1).removeprefix("/"), HELP[""]))


def _leave(_: Order) -> None:
    raise Leave


_COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "/list": _list,
        "/load": _load,
        "/save": _save,
        "/clear": _clear,
        "/set": _set,
        "/show": _show,
        "/help": _help,
        "/?": _help,
        "/exit": _leave,
        "/bye": _leave,
    }
)
