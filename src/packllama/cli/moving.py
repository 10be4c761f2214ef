"""The options that all verbs have in common that move models."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from packllama.base.observer import Observer, SilentObserver
from packllama.base.stop import Stop
from packllama.base.units import parse_bytes
from packllama.cli.door import Door, Progress
from packllama.transfer import CopyOptions

# More ranges at once than any place gains from.
_MOST_RANGES = 64


@dataclass(frozen=True, slots=True)
class Job:
    """What a copy needs to be told. ``verify``: hash again what is there already."""

    options: CopyOptions
    verify: bool
    keep_replaced: bool
    observer: Observer
    stop: Stop


@dataclass(frozen=True, slots=True)
class Moving:
    """The options as they were given. ``progress``: say how far it is."""

    options: CopyOptions
    verify: bool
    progress: bool
    dry_run: bool

    @contextlib.contextmanager
    def job(self, door: Door, label: str) -> Iterator[Job]:
        """A job that tells the user how far it is."""
        with Progress(door, label) if self.progress else contextlib.nullcontext(_Talk(door)) as observer:
            yield Job(self.options, self.verify, door.settings.keep_replaced, observer, door.stop)


class _Talk(SilentObserver):
    """Says what happens, and nothing of how far it is."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def waiting(self, holder: str) -> None:
        self._door.say(f"waiting for {holder}")

    def noted(self, text: str) -> None:
        self._door.say(text)


class _Bytes(click.ParamType):  # type: ignore[type-arg]  # no generic before click 8.5
    """A number of bytes: ``2M``, ``500K``, ``1.5GB``."""

    name = "bytes"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        size = parse_bytes(value)
        if not size:
            self.fail(f"{value!r} is no number of bytes; write 500K, 2M or 1.5G")
        return size


_RANGES, _TIMES = click.IntRange(1, _MOST_RANGES), click.IntRange(0, 100)
_OPTIONS = (
    click.option("--parallel", type=_RANGES, metavar="N", help="Fetch so many parts at once, where that helps."),
    click.option("--limit-rate", type=_Bytes(), metavar="RATE", help="Bytes per second at most: 500K, 2M."),
    click.option("--verify", is_flag=True, help="Hash also what is there and known to be right."),
    click.option("--retry", type=_TIMES, default=3, show_default=True, metavar="N", help="Ask so often again."),
    click.option("--no-progress", is_flag=True, help="No bar, and no line every 30 seconds."),
    click.option("--dry-run", is_flag=True, help="Only say what would move and what is there already."),
)


def moving(function: Callable[..., Any]) -> Callable[..., Any]:
    """These options, as one argument ``moving``."""

    @functools.wraps(function)
    def collected(
        *args: Any,
        parallel: int | None,
        limit_rate: int | None,
        verify: bool,
        retry: int,
        no_progress: bool,
        dry_run: bool,
        **words: Any,
    ) -> Any:
        options = CopyOptions(retry=retry, limit_rate=limit_rate, parallel=parallel)
        return function(*args, moving=Moving(options, verify, not no_progress, dry_run), **words)

    for option in reversed(_OPTIONS):
        collected = option(collected)
    return collected
