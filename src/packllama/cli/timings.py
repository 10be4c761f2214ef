"""The figures that ``--verbose`` shows after an answer."""

from collections.abc import Iterator

from packllama.base.units import go_duration
from packllama.engine import Done


def timings(done: Done, *, total_seconds: float, load_seconds: float) -> str:
    """One line a figure, in Ollama's layout; what is zero is left out.

    Of the prompt the rate counts only the tokens that were read, the count also those found in the cache.
    """
    return "".join(f"{label + ':':<22}{text}\n" for label, text in _rows(done, total_seconds, load_seconds))


def _rows(done: Done, total: float, load: float) -> Iterator[tuple[str, str]]:
    yield from _time("total duration", total)
    yield from _time("load duration", load)
    for what, count, new, seconds in (
        ("prompt eval", done.prompt_count, done.prompt_count - done.cached_count, done.prompt_seconds),
        ("eval", done.eval_count, done.eval_count, done.eval_seconds),
    ):
        if count > 0:
            yield f"{what} count", f"{count} token(s)"
        yield from _time(f"{what} duration", seconds)
        if new > 0 and seconds > 0:
            yield f"{what} rate", f"{new / seconds:.2f} tokens/s"


def _time(label: str, seconds: float) -> Iterator[tuple[str, str]]:
    if seconds > 0:
        yield label, go_duration(seconds)
