"""What nobody names: something in a store, or a translation, that a ``prune`` may remove."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class LeftoverKind(StrEnum):
    """The values are public: ``prune --json`` prints them."""

    ORPHAN = "orphan"
    """A blob that no model names, with what packllama noted of it."""
    QUARANTINED = "quarantined"
    """A damaged blob that a repair has set aside."""
    WAITING = "waiting"
    """A whole blob of a model that has not come yet."""
    BEGINNING = "beginning"
    """The beginning of a blob."""
    OLLAMA_DOWNLOAD = "ollama-download"
    """A download that Ollama has not finished."""
    TEMPORARY = "temporary"
    """A file or folder that was meant to last for as long as a program runs."""
    WORK = "work"
    """The folder of a packllama that was stopped."""
    LOCK = "lock"
    """A lock file for something that is over."""
    RECORD = "record"
    """What packllama noted of a blob that is gone."""
    FAILURE = "failure"
    """The note that a translation did not work."""
    TRANSLATION = "translation"
    """What a model's file was translated into that is not there, or a translation that was not finished."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """One of them. ``more`` are files that go before it; ``size`` is how many bytes become free.

    ``age`` is how many seconds ago it was changed or came to this disk; below 0 when that time is still to come.
    ``lock`` is held by whoever works on it. ``stays`` says why it may not go; empty: it may.
    """

    kind: LeftoverKind
    path: Path
    size: int
    age: float
    more: tuple[Path, ...] = ()
    lock: Path | None = None
    stays: str = ""
