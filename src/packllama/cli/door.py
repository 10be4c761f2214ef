"""What every verb gets: settings, the store, and the ways to say something."""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packllama.base.errors import from_os_error
from packllama.base.observer import SilentObserver
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.base.terminal import escaped
from packllama.cli.failure import STDOUT, ReaderLeft, silence_stdout
from packllama.places.store import Store
from packllama.places.store.locate import check_exists, find_root


@dataclass(slots=True)
class Door:
    """One run of the program. The global options are filled in while the command line is read.

    ``bar_is_shown``: a bar is on the terminal, beside which nothing else may draw. ``published``: the models that
    exist now, also should it fail. ``said``: what was said of models and need not be said again.
    """

    settings: Settings
    stop: Stop
    as_json: bool = False
    quiet: bool = False
    store_flag: Path | None = None
    bar_is_shown: bool = False
    published: list[str] = field(default_factory=list)
    said: set[tuple[str, str]] = field(default_factory=set)

    def store(self, *, writing: bool = False) -> Store:
        """The store, which must exist when the user named it and it is only read."""
        root = find_root(self.settings, flag=self.store_flag)
        named = self.store_flag is not None or self.settings.named_store is not None
        if named and not writing:
            check_exists(root)
        return Store(root)

    def say(self, text: str) -> None:
        """One line of talk on stderr, made harmless."""
        if not self.quiet:
            sys.stderr.write(escaped(text) + "\n")
            sys.stderr.flush()

    def say_lines(self, text: str) -> None:
        """Several lines of talk, each with its newline."""
        for line in text.splitlines():
            self.say(line)

    def result(self, text: str) -> None:
        """Text on stdout: as it is, but made harmless for a terminal."""
        _write(escaped(text, keep="\n\t") if sys.stdout.isatty() else text)

    def drawing(self, text: str) -> None:
        """Text on stdout that is harmless already: what steers the terminal in it is ours."""
        _write(text)

    def result_bytes(self, data: bytes) -> None:
        """Bytes on stdout, as they are: paths need not be text."""
        _write(data.decode("utf-8", errors="surrogateescape"))

    def result_json(self, document: Mapping[str, object]) -> None:
        """The one JSON document on stdout."""
        _write(json.dumps({"packllama": 1, **document}) + "\n")


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderLeft from error
    except OSError as error:
        silence_stdout()
        raise from_os_error(error, doing="writing the result", where=STDOUT) from error


class Talk(SilentObserver):
    """Says what happens, and nothing of how far it is."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def waiting(self, holder: str) -> None:
        self._door.say(f"waiting for {holder}")

    def noted(self, text: str) -> None:
        self._door.say(text)

    def published(self, name: str) -> None:
        self._door.published.append(name)


class Progress(Talk):
    """An observer that tells a person how far it is: a bar on a terminal, elsewhere a line per 30 seconds.

    ``label`` says what is done, until something else begins.

    A context manager. ``advanced`` may be called from any thread.
    """

    LINE_SECONDS = 30.0

    def __init__(self, door: Door, label: str, *, lines: bool = True) -> None:
        """``lines``: say something where there is no terminal, too."""
        super().__init__(door)
        self._lines = lines
        self._label = label
        self._total = 0
        self._done = 0
        self._next_line = time.monotonic() + self.LINE_SECONDS
        self._bar: _Bar | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._close_bar()

    def began(self, doing: str) -> None:
        self._close_bar()
        self._label = doing

    def planned(self, total: int) -> None:
        self._total, self._done = total, 0
        self._close_bar()
        if sys.stderr.isatty() and not self._door.quiet:
            self._door.bar_is_shown = True
            self._bar = _Bar(self._label, total)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
            self._door.bar_is_shown = False

    def advanced(self, count: int) -> None:
        self._done += count
        if self._bar is not None:
            self._bar.advance(count)
        elif self._lines and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + self.LINE_SECONDS
            self._door.say(f"{self._label}: {self._done:,} of {self._total:,} bytes")


class _Bar:
    """A bar drawn by rich, imported only now that one is drawn."""

    def __init__(self, label: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
        from rich.progress import Progress as RichProgress

        self._progress = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task(label, total=total)
        self._progress.start()

    def advance(self, count: int) -> None:
        self._progress.advance(self._task, count)

    def close(self) -> None:
        self._progress.stop()
