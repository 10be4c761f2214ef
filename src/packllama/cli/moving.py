"""The options that all verbs have in common that move models."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import click

from packllama.base.errors import UsageError
from packllama.base.observer import Observer
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.base.units import parse_bytes
from packllama.cli.door import Door, Progress, Talk
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
    def job(self, door: Door, label: str, tell: Callable[[str], None]) -> Iterator[Job]:
        """A job that tells the user how far it is. ``tell`` is given each model that came into being, though it fail.

        For a document they are collected: `Door.published`.
        """
        before = len(door.published)
        try:
            with Progress(door, label) if self.progress else contextlib.nullcontext(Talk(door)) as observer:
                yield Job(self.options, self.verify, door.settings.keep_replaced, observer, door.stop)
        finally:
            if not door.as_json:
                for name in door.published[before:]:
                    tell(name)


class _Bytes(click.ParamType):  # type: ignore[type-arg]  # no generic before click 8.5
    """A number of bytes: ``2M``, ``500K``, ``1.5GB``."""

    name = "bytes"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        size = parse_bytes(value)
        if not size:
            self.fail(f"{value!r} is no number of bytes; write 500K, 2M or 1.5G")
        return size


def _or_setting(
    variable: str, setting: Callable[[Settings], str]
) -> Callable[[click.Context, click.Parameter, int | None], int | None]:
    """What was given, else what the variable says."""

    def chosen(context: click.Context, parameter: click.Parameter, given: int | None) -> int | None:
        text = setting(context.ensure_object(Door).settings)
        if given is not None or not text:
            return given
        try:
            return cast("int", parameter.type.convert(text, None, None))
        except click.BadParameter as error:
            raise UsageError(f"{variable}: {error.message}") from error

    return chosen


_VERIFY = click.option("--verify", is_flag=True, help="Hash also what is there and known to be right.")
_RANGES, _TIMES = click.IntRange(1, _MOST_RANGES), click.IntRange(0, 100)
_OPTIONS = (
    click.option(
        "--parallel",
        type=_RANGES,
        callback=_or_setting("PACKLLAMA_PARALLEL", lambda settings: settings.parallel),
        metavar="N",
        help="Fetch so many parts at once, where that helps. [PACKLLAMA_PARALLEL]",
    ),
    click.option(
        "--limit-rate",
        type=_Bytes(),
        callback=_or_setting("PACKLLAMA_LIMIT_RATE", lambda settings: settings.limit_rate),
        metavar="RATE",
        help="Bytes per second at most: 500K, 2M. [PACKLLAMA_LIMIT_RATE]",
    ),
    _VERIFY,
    click.option("--retry", type=_TIMES, default=3, show_default=True, metavar="N", help="Ask so often again."),
    click.option("--no-progress", is_flag=True, help="No bar, and no line every 30 seconds."),
    click.option("--dry-run", is_flag=True, help="Only say what would move and what is there already."),
)


def moving(function: Callable[..., Any]) -> Callable[..., Any]:
    """These options, as one argument ``moving``."""
    return _with(_OPTIONS, function)


def moving_verified(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a verb that hashes in any case."""
    return _with([option for option in _OPTIONS if option is not _VERIFY], function)


def _with(options: Sequence[Callable[..., Any]], function: Callable[..., Any]) -> Callable[..., Any]:

    @functools.wraps(function)
    def collected(
        *args: Any,
        parallel: int | None,
        limit_rate: int | None,
        retry: int,
        no_progress: bool,
        dry_run: bool,
        verify: bool = True,
        **words: Any,
    ) -> Any:
        chosen = CopyOptions(retry=retry, limit_rate=limit_rate, parallel=parallel)
        return function(*args, moving=Moving(chosen, verify, not no_progress, dry_run), **words)

    for option in reversed(options):
        collected = option(collected)
    return collected
