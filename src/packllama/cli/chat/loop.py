"""The conversation itself: read, answer or obey, and again."""

import contextlib
import importlib
import threading
import time

from packllama.base.errors import Cancelled, PackLlamaError
from packllama.base.stop import Stop
from packllama.chat.session import Session
from packllama.cli.chat.commands import Leave, is_command, obey
from packllama.cli.chat.conversation import Conversation, Reader
from packllama.cli.chat.keys import held_keys
from packllama.cli.chat.order import Order
from packllama.cli.chat.quotes import unquoted
from packllama.cli.chat.signals import stoppable, talking
from packllama.cli.door import Door
from packllama.cli.failure import report
from packllama.cli.looking import taken
from packllama.cli.timings import timings

_READER = "packllama.cli.chat.reader"


def converse(
    door: Door,
    session: Session,
    *,
    wordwrap: bool = True,
    hide_thinking: bool = False,
    verbose: bool = False,
    reader: Reader | None = None,
) -> None:
    """Load the session's model and talk with a person until they leave. ``reader`` None is the terminal.

    What fails in a conversation is said, and the conversation goes on; Ctrl-C ends an answer.

    Raises:
        PackLlamaError: the model could not be loaded.
        Cancelled: a signal ended the program.
    """
    if reader is None:
        # While the engine reads the model, there is time for it.
        threading.Thread(target=importlib.import_module, args=(_READER,), name="import", daemon=True).start()
    with held_keys():
        session.load(stop=door.stop)
    conversation = Conversation(door, session, reader or _terminal(door), wordwrap, hide_thinking, verbose)
    conversation.print_stored()
    with talking(), contextlib.suppress(EOFError, Leave):
        while True:
            _turn(conversation)


def _terminal(door: Door) -> Reader:
    from packllama.cli.chat.reader import TerminalReader

    return TerminalReader(door.settings)


def _turn(conversation: Conversation) -> None:
    """One thing that is typed, and what follows from it."""
    try:
        text = conversation.reader.read(stop=conversation.door.stop)
    except KeyboardInterrupt:
        conversation.door.result("Use Ctrl-D or /bye to leave.\n")
        return
    with held_keys(), stoppable(conversation.door.stop) as stop:
        try:
            _act(conversation, text, stop=stop)
        except Cancelled:
            # Who stopped an answer needs no word of it. Who ends the program is heard before the next prompt.
            return
        except PackLlamaError as error:
            report(error, as_json=False)


def _act(conversation: Conversation, text: str, *, stop: Stop) -> None:
    if is_command(text, sees=conversation.session.sees):
        obey(Order(conversation, text, stop))
    elif unquoted(text).strip():
        _answer(conversation, unquoted(text), stop=stop)


def _answer(conversation: Conversation, text: str, *, stop: Stop) -> None:
    """Print the answer to a question, and remember as much of it as was made."""
    door, session = conversation.door, conversation.session
    question, pictures = taken(door, text, name=session.name, sees=session.sees, stop=stop)
    began = time.monotonic()
    # Whatever ends the printing leaves the model free: an answer that nobody closes holds it.
    with contextlib.closing(session.ask(question, pictures, stop=stop)) as chunks:
        done = conversation.print(chunks)
    if conversation.verbose and done:
        door.say_lines(timings(done, total_seconds=time.monotonic() - began, load_seconds=session.load_seconds))
