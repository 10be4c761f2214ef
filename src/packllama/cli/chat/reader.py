"""What a person types, with the keys of a shell: line editing, several lines, history, an editor.

Importing this takes a tenth of a second, so it is done only when a conversation begins.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit.application import Application, get_app, run_in_terminal
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus, is_done
from prompt_toolkit.history import History
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.layout.processors import AfterInput, ConditionalProcessor, Processor
from prompt_toolkit.output import ColorDepth, Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.shortcuts.prompt import PromptSession

from packllama.base.errors import Cancelled
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.cli.chat import history
from packllama.cli.chat.editor import edited
from packllama.cli.chat.quotes import is_open
from packllama.cli.chat.signals import ended_by

_GREY = "fg:#8a8a8a"


class TerminalReader:
    """Reads questions and commands from the terminal."""

    def __init__(self, settings: Settings) -> None:
        self._history = _History(settings.state / "history" if settings.state else None)
        self._history.kept = settings.history
        self._prompt: PromptSession[str] = PromptSession(
            ">>> ",
            prompt_continuation=lambda _width, _line, wraps: "" if wraps else "... ",
            multiline=True,
            input_processors=[
                _hint("Send a message (/? for help)", when=lambda text: not text),
                _hint("Press Enter to send", when=lambda text: text.endswith("\n")),
            ],
            key_bindings=_keys(settings.editor),
            history=self._history,
            enable_suspend=True,
            reserve_space_for_menu=0,
            output=_output(),
            color_depth=None if settings.colour else ColorDepth.DEPTH_1_BIT,
        )

    def read(self, *, stop: Stop) -> str:
        """What is typed until Enter is pressed; it may have several lines.

        Raises:
            EOFError: Ctrl-D, or the terminal is gone.
            KeyboardInterrupt: Ctrl-C in an empty line.
            Cancelled: ``stop`` was set.
        """
        app = self._prompt.app
        with ended_by(lambda: _leave(app)):
            text = self._prompt.prompt(pre_run=lambda: _leave(app) if stop.is_set() else None)
        # Bytes that are no UTF-8 come as lone surrogates, which neither a file nor the engine takes.
        return text.encode("utf-8", "replace").decode()

    def remember(self, kept: bool) -> None:
        """Whether what is typed from now on is kept for later conversations."""
        self._history.kept = kept


class _History(History):
    """The entries of a file; None is for a machine that has no place for it."""

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        self._path = path
        self.kept = True

    def load_history_strings(self) -> Iterable[str]:
        return reversed(history.entries(self._path)) if self._path and self.kept else ()

    def store_string(self, string: str) -> None:
        if self._path and self.kept:
            history.remember(self._path, string)


def _hint(text: str, *, when: Callable[[str], bool]) -> Processor:
    """Grey words behind a text while it is such a one. They vanish when it is sent."""
    fits = Condition(lambda: when(get_app().current_buffer.text))
    return ConditionalProcessor(AfterInput(text, style=_GREY), filter=fits & ~is_done)


def _output() -> Output:
    """Stdout, which is never asked where its cursor is: the answer could come when nobody waits for it any more."""
    output = create_output()
    if isinstance(output, Vt100_Output):
        output.enable_cpr = False
    return output


def _leave(app: Application[str]) -> None:
    def end() -> None:
        if not app.is_done:
            app.exit(exception=Cancelled())

    if app.loop is not None:
        app.loop.call_soon_threadsafe(end)


def _keys(editor: str) -> KeyBindings:
    """The keys that are not those of every shell."""
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)

    @keys.add("enter", filter=typing)
    def enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_open(buffer.text):
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    @keys.add("c-j", filter=typing)
    def another_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    @keys.add("c-c", filter=typing)
    @keys.add("<sigint>")
    def interrupt(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt())

    @keys.add("c-g", filter=typing)
    async def edit(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        buffer.text = await run_in_terminal(lambda: edited(buffer.text, editor=editor), in_executor=True)
        buffer.cursor_position = len(buffer.text)

    return keys
