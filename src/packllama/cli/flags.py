"""What the flags of ``run`` take: words that need no value, durations, levels of thinking, formats."""

from collections.abc import Mapping
from typing import Any

import click

from packllama.base.units import parse_duration
from packllama.template import Think

# Go counts the nanoseconds in 64 bits.
_LONGEST = 2**63 / 1e9


class BareFlags(click.Command):
    """A command some of whose options stand for a value when they have none: ``--think`` is ``--think=true``.

    As in Ollama the value follows only after ``=``: the word behind a bare one is not its value.
    """

    def __init__(self, *args: Any, bare: Mapping[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._bare = bare

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        filled = [f"{word}={self._bare[word]}" if word in self._bare else word for word in args[:end]]
        return super().parse_args(ctx, filled + args[end:])


class ThinkType(click.ParamType):  # type: ignore[type-arg]  # no generic before click 8.5
    """Whether, and how much, a model thinks."""

    name = "level"

    _WORDS: Mapping[str, Think] = {
        "true": True,
        "false": False,
        **{level: level for level in ("high", "medium", "low", "max")},
    }

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Think:
        if value not in self._WORDS:
            self.fail(f'invalid value for --think: "{value}" (must be true, false, high, medium, low, or max)')
        return self._WORDS[value]


class GoDuration(click.ParamType):  # type: ignore[type-arg]
    """Seconds, written as Go does: ``10m``, ``1h30m``, ``-1s``; only 0 needs no unit."""

    name = "duration"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = parse_duration(value)
        if seconds is None:
            self.fail(f"{value!r} is no duration; write 10m, 1h30m or 90s")
        if abs(seconds) > _LONGEST:
            self.fail(f"{value!r} is longer than a duration can be; a negative one means for ever")
        if seconds and value[-1].isdigit():
            self.fail(f"{value!r} has no unit; write {value}s or {value}m")
        return seconds
