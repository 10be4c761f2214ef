"""One range of a blob, asked for again where it broke off."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Self

from packllama.base.errors import (
    Cancelled,
    FarSideError,
    IntegrityError,
    MachineError,
    NoRights,
    NoSpace,
    NoStore,
    PackLlamaError,
)
from packllama.base.stop import Stop
from packllama.places.place import Reader

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0

# Whoever brought so much since it failed last gets all patience again: a long range may break off now and then.
_PROGRESS_BYTES = 1 << 20


class SourceFailed(Exception):
    """A source could not give what was asked of it. Another one perhaps can; ``error`` is for when none can."""

    def __init__(self, error: PackLlamaError) -> None:
        super().__init__(str(error))
        self.error = error


def _chance() -> float:
    """From 0 up to 1."""
    return int.from_bytes(os.urandom(4)) / (1 << 32)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a range is asked for again. Each pause is twice the one before, give or take a half.

    So those that one failure stopped at the same moment do not come back at the same moment.
    """

    times: int
    chance: Callable[[], float] = _chance

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures, 1 or more."""
        longest = min(_FIRST_PAUSE_SECONDS * float(2 ** (failures - 1)), _LONGEST_PAUSE_SECONDS)
        return longest * (0.5 + self.chance())


class PatientReader:
    """A reader of one range, for one thread. A context manager."""

    def __init__(
        self,
        read: Callable[[int, int], AbstractContextManager[Reader]],
        start: int,
        end: int,
        *,
        patience: Patience,
        stop: Stop,
    ) -> None:
        """``read``: the bytes from an offset up to another."""
        self._read = read
        self._offset = start
        self._end = end
        self._patience = patience
        self._stop = stop
        self._failures = 0
        self._failed_at = start
        self._opened = ExitStack()
        self._reader: Reader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def readinto(self, buffer: memoryview, /) -> int:
        """Raises: SourceFailed, Cancelled."""
        while self._offset < self._end:
            self._stop.check()
            try:
                return self._readinto(buffer[: self._end - self._offset])
            except Cancelled:
                raise
            except PackLlamaError as error:
                self._pause_after(error)
        return 0

    def _readinto(self, buffer: memoryview) -> int:
        if self._reader is None:
            self._reader = self._opened.enter_context(self._read(self._offset, self._end))
        count = len(buffer[: self._reader.readinto(buffer)])
        if count == 0:
            raise ended_early(self._end - self._offset)
        self._offset += count
        return count

    def _pause_after(self, error: PackLlamaError) -> None:
        self._reader = None
        self._opened.close()
        if self._offset - self._failed_at >= _PROGRESS_BYTES:
            self._failures = 0
        self._failed_at = self._offset
        self._failures += 1
        if self._failures > self._patience.times or not may_pass(error):
            raise SourceFailed(error) from error
        asked_for = error.retry_after if isinstance(error, FarSideError) else 0.0
        self._stop.wait(max(self._patience.pause(self._failures), asked_for))


def ended_early(lacking: int) -> IntegrityError:
    """A reader ended so many bytes before it should."""
    return IntegrityError(f"the data ends {lacking:,} bytes early", hint="It was cut off; fetch it again.")


def may_pass(error: PackLlamaError) -> bool:
    """Whether it makes sense to ask the same source again."""
    if isinstance(error, FarSideError):
        return error.may_pass
    return isinstance(error, MachineError) and not isinstance(error, NoSpace | NoRights | NoStore)
