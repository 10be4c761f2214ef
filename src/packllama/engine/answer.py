"""What comes back from the engine, as values: a piece of an answer, its end.

The decoder of the engine's stream is here too, so that no JSON object travels further. It does no I/O.
"""

import enum
import json
from dataclasses import dataclass
from typing import Self

from packllama.base.errors import EngineFailed

_ABOVE_FLOAT32 = 2.0**128


class DoneReason(enum.StrEnum):
    """Why an answer ended, in Ollama's words."""

    STOP = "stop"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Done:
    """The end of an answer. ``prompt_count`` is the whole prompt, of which ``cached_count`` was known already."""

    reason: DoneReason
    prompt_count: int
    cached_count: int
    prompt_seconds: float
    eval_count: int
    eval_seconds: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer; the last one has ``done``. ``thinking`` comes before the text it leads to."""

    text: str
    done: Done | None = None
    thinking: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON object from the engine, whose members are asked for by type.

    Members that are missing or of another type read as empty: engines differ in what they report, and
    a missing figure is no reason to lose an answer.
    """

    members: dict[str, object]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Raises: EngineFailed, when it is not a JSON object."""
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise EngineFailed(f"the engine's answer is not JSON: {data[:80]!r}") from error
        if not isinstance(found, dict):
            raise EngineFailed(f"the engine's answer is not a JSON object: {data[:80]!r}")
        return cls(found)

    def text(self, name: str) -> str:
        found = self.members.get(name)
        # JSON can hold halves of characters, which no file and no terminal takes.
        return found.encode("utf-8", "replace").decode() if isinstance(found, str) else ""

    def number(self, name: str) -> float:
        found = self.members.get(name)
        return float(found) if isinstance(found, int | float) else 0.0

    def inner(self, name: str) -> "Document":
        found = self.members.get(name)
        return Document(found if isinstance(found, dict) else {})

    def items(self, name: str) -> list[object]:
        found = self.members.get(name)
        return found if isinstance(found, list) else []

    @property
    def complaint(self) -> str:
        """The text of an error object, or empty."""
        found = self.members.get("error")
        if isinstance(found, str):
            return found
        return self.inner("error").text("message")


def decode_vector(data: bytes) -> list[float]:
    """The vector in an answer of ``POST /embedding`` for one text.

    Raises: EngineFailed, when there is none, or it is not of 32-bit floats.
    """
    try:
        vector = [float(number) for number in json.loads(data)[0]["embedding"][0]]
    except (ValueError, RecursionError, LookupError, TypeError, OverflowError) as error:
        raise EngineFailed(f"the engine's answer holds no vector: {data[:80]!r}") from error
    if not vector or not all(abs(number) < _ABOVE_FLOAT32 for number in vector):
        raise EngineFailed(f"the engine's answer holds no vector: {data[:80]!r}")
    return vector


def decode_event(data: bytes) -> Chunk:
    """One event of ``POST /completion`` with ``stream``.

    Raises: EngineFailed, when the engine reports an error or the event makes no sense.
    """
    event = Document.parse(data)
    if "error" in event.members:
        raise EngineFailed(f"the engine gave up: {event.complaint or 'it did not say why'}")
    if "content" not in event.members:
        raise EngineFailed(f"the engine's answer has no content: {data[:80]!r}")
    done = _done(event) if event.members.get("stop") is True else None
    return Chunk(event.text("content"), done)


def _done(event: Document) -> Done:
    timings = event.inner("timings")
    # Older engines stop at the limit with stopped_limit instead of stop_type.
    cut = event.text("stop_type") == "limit" or event.members.get("stopped_limit") is True
    return Done(
        reason=DoneReason.LENGTH if cut else DoneReason.STOP,
        prompt_count=int(event.number("tokens_evaluated")),
        cached_count=int(timings.number("cache_n")),
        prompt_seconds=timings.number("prompt_ms") / 1000,
        eval_count=int(event.number("tokens_predicted")),
        eval_seconds=timings.number("predicted_ms") / 1000,
    )
