"""What proving a model gave. A value; it does no I/O."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from packllama.base.errors import EngineFailed, IntegrityError, PackLlamaError
from packllama.check.finding import Finding
from packllama.digest import Digest
from packllama.engine import Done
from packllama.manifest import Manifest
from packllama.name import ModelName
from packllama.prove.machine import Machine

# Enough to compare two machines by.
_SHOWN_NUMBERS = 8
# How far a vector's length may be from 1: numbers of 32 bits, some thousands of them.
_NORM_TOLERANCE = 1e-3


class Result(StrEnum):
    """The values are public: the JSON document has them."""

    PROVED = "proved"
    DAMAGED = "damaged"
    FAILED = "failed"


class TemplateSource(StrEnum):
    """Where the template that built the prompt comes from. The values are public."""

    MODEL = "model"
    """The TEMPLATE of the Modelfile."""
    GGUF = "gguf"
    """The chat template that the weights were published with."""
    NONE = "none"
    """There is none: the question goes in as it is."""


@dataclass(frozen=True, slots=True)
class UsedTemplate:
    """``digest`` is that of the text; None when there is none."""

    source: TemplateSource
    digest: Digest | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said to the one question."""

    text: str
    thinking: str
    done: Done

    @property
    def prompt_rate(self) -> float | None:
        """Tokens a second while the prompt was read."""
        return _rate(self.done.prompt_count - self.done.cached_count, self.done.prompt_seconds)

    @property
    def eval_rate(self) -> float | None:
        """Tokens a second while the answer was made."""
        return _rate(self.done.eval_count, self.done.eval_seconds)


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if seconds > 0 else None


@dataclass(frozen=True, slots=True)
class Vector:
    """What an embedding model made of the one text: how many numbers, the first of them, their Euclidean length."""

    dimensions: int
    first: tuple[float, ...]
    norm: float

    @classmethod
    def of(cls, numbers: Sequence[float], *, where: str) -> Self:
        """Raises: EngineFailed, when the length is not 1: the engine did not do what it does for every text."""
        norm = math.hypot(*numbers)
        if not abs(norm - 1) <= _NORM_TOLERANCE:  # true of what is no number, too
            hint = "Try another engine with --engine PATH; if that gives the same, make the model again."
            raise EngineFailed(f"expected a vector of length 1, found {norm:.6f}", where=where, hint=hint)
        return cls(len(numbers), tuple(numbers[:_SHOWN_NUMBERS]), norm)


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far it came. What was not reached is None or empty.

    ``date`` is in UTC, ``version`` packllama's; ``manifest`` is None when it cannot be read; ``prompt`` is what the
    model was given to read; an embedding model has a ``vector`` instead of an ``answer``.
    """

    date: datetime
    version: str
    machine: Machine
    name: ModelName
    manifest: Manifest | None
    findings: tuple[Finding, ...] = ()
    engine: str = ""
    load_seconds: float | None = None
    template: UsedTemplate | None = None
    prompt: str = ""
    answer: Answer | None = None
    vector: Vector | None = None
    error: PackLlamaError | None = None

    @property
    def result(self) -> Result:
        """Whether the model works here."""
        if self.error is None:
            return Result.PROVED
        return Result.DAMAGED if isinstance(self.error, IntegrityError) else Result.FAILED

    @property
    def exit_status(self) -> int:
        """0 when proved, else what the error means."""
        return self.error.exit_status if self.error else 0
