"""Run things in turn and time them."""

import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import DEVNULL
from typing import IO, Self, TypeVar

ROUNDS = 5
# Left alone, for what else goes on.
_MARGIN = 1 << 30

# Prepares nothing or something, runs, and returns seconds.
Timed = Callable[[], float]
Command = Sequence[str | Path]
T = TypeVar("T")


@dataclass(frozen=True)
class Times:
    """Seconds of each round."""

    seconds: tuple[float, ...]

    @property
    def best(self) -> float:
        return min(self.seconds)

    @property
    def spread(self) -> float:
        """How far the slowest round is above the best, as a part of it."""
        return max(self.seconds) / self.best - 1

    def __str__(self) -> str:
        return f"{self.best:.3f} s (+{self.spread:.0%})"


@dataclass(frozen=True)
class Median:
    """The median of six numbers or more, and the bounds that hold the true one in at least 95 of 100 cases.

    The bounds are two of the numbers themselves, by the binomial distribution: nothing is supposed of how they spread.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Self:
        count = len(numbers)
        outside = rank = 0
        while (outside := outside + math.comb(count, rank)) * 2 / 2**count <= 0.05:
            rank += 1
        ordered = sorted(numbers)
        return cls(statistics.median(ordered), ordered[rank - 1], ordered[-rank])

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


@dataclass(frozen=True)
class Figure:
    """One line of the report. ``value`` must be at most (or, with ``at_least``, at least) ``goal``."""

    name: str
    value: float
    goal: float
    unit: str
    detail: str
    at_least: bool = False

    @property
    def reached(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def ratio(name: str, ours: Times, yardstick: Times, goal: float, detail: str) -> Figure:
    """The best of ours as a multiple of the best of a yardstick."""
    return Figure(name, ours.best / yardstick.best, goal, "x", f"ours {ours}; {detail}")


def slower(*times: Times) -> Times:
    """The one whose best is the slowest."""
    return max(times, key=lambda each: each.best)


def interleaved(things: Sequence[Timed], *, rounds: int = ROUNDS) -> list[Times]:
    """A round runs each thing once, in order; one round before the first is not counted."""
    for thing in things:
        thing()
    seconds: list[list[float]] = [[] for _ in things]
    for _ in range(rounds):
        for kept, thing in zip(seconds, things, strict=True):
            kept.append(thing())
    return [Times(tuple(kept)) for kept in seconds]


def paired(ours: Callable[[int], T], theirs: Callable[[int], T], *, rounds: int) -> list[tuple[T, T]]:
    """Both once a round, which is numbered from 1, each first in every other round; round 0 is not counted."""

    def both(number: int) -> tuple[T, T]:
        if number % 2:
            return ours(number), theirs(number)
        second = theirs(number)
        return ours(number), second

    return [both(number) for number in range(rounds + 1)][1:]


def settle() -> None:
    """Begin from the same state: nothing left to write back, and all free memory at hand.

    A virtual machine gives freed memory back to its host, and fetching it again makes a copy up to three times
    slower. Without this, what happened to run on memory at hand would be the fastest.
    """
    os.sync()
    size = max(_free_memory() - _MARGIN, _MARGIN)
    # In a process of its own: what this one had at most would count for those it starts.
    run([sys.executable, "-c", f"import mmap; mmap.mmap(-1, {size}, flags=mmap.MAP_PRIVATE | mmap.MAP_POPULATE)"])


def _free_memory() -> int:
    """Bytes that nobody uses, not even as a cache."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemFree"))


def packllama(store: Path, *args: str | Path) -> list[str | Path]:
    """The installed program, as a person starts it."""
    return [Path(sys.executable).with_name("packllama"), "--store", store, *args]


def timed(action: Callable[[], object]) -> float:
    """Seconds that an action takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


@dataclass(frozen=True)
class Process:
    """A finished process: seconds of wall clock, the most memory it had, in bytes, and seconds of all processors."""

    seconds: float
    peak_memory: int
    cpu_seconds: float


def run(
    command: Command, *, env: dict[str, str] | None = None, cwd: Path | None = None, stdout: int | IO[bytes] = DEVNULL
) -> Process:
    """Run a process that must succeed."""
    began = time.perf_counter()
    child = subprocess.Popen(command, env=env, cwd=cwd, stdin=DEVNULL, stdout=stdout, stderr=DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{command}: exit status {child.returncode}")
    return Process(seconds, usage.ru_maxrss << 10, usage.ru_utime + usage.ru_stime)


def run_into_pipe(command: Command) -> Process:
    """Run a process whose output ``cat`` reads and drops. The seconds last until all of it was read."""
    began = time.perf_counter()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=DEVNULL) as reader:
        assert reader.stdin is not None
        writer = run(command, stdout=reader.stdin)
    return replace(writer, seconds=time.perf_counter() - began)
