"""A listed model is whole at every instant: a kill, a full disk, a broken disk, an interruption at every call.

A point counts if the fault was met there: the program died of it, or said it, and then nothing is lost, and the same
command again does what it would have done. What it bears, and does all the same, counts for ``EINTR`` alone: Python
makes an interrupted call again (PEP 475), so there that is the right answer. Elsewhere it is only seen to be right.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from packllama.base.fs import SYNC_STEP
from tests.faults.dose import full, sample
from tests.faults.launching import Run
from tests.faults.scenario import Folder, Scenario, State, state
from tests.faults.scenarios import MIRROR, NEW, REGISTRY, SCENARIOS, fill, stock
from tests.faults.tally import PROPERTY, Tally
from tests.faults.tracing import CHANGES, READS, Point, Traced, points, run_with
from tests.registry.registry import Registry
from tests.test_bad_input import large_gguf

pytestmark = pytest.mark.slow

# Threads do not share their calls out in the same way each time, so a number may be reached in some runs only.
TRIES = 3


@dataclass(frozen=True)
class Fault:
    """What strace injects at which calls, and the words in which packllama says so, if it does."""

    name: str
    injected: str
    calls: str
    words: str = ""


KILL = Fault("SIGKILL", "signal=SIGKILL", CHANGES)
FULL_DISK = Fault("ENOSPC", "error=ENOSPC", CHANGES, "No space left")
BROKEN_DISK = Fault("EIO", "error=EIO", f"{CHANGES},{READS}", "Input/output error")
INTERRUPTED = Fault("EINTR", "error=EINTR", f"{CHANGES},{READS}", "Interrupted system call")
FAULTS = (KILL, FULL_DISK, BROKEN_DISK, INTERRUPTED)


@pytest.fixture
def hosts() -> Iterator[dict[str, str]]:
    """A registry and its mirror, up as long as the whole enumeration takes."""
    with ExitStack() as leaving:
        found = {}
        for word in (REGISTRY, MIRROR):
            registry = leaving.enter_context(Registry())
            stock(registry)
            found[word] = registry.host
        yield found


@dataclass(frozen=True)
class Enumeration:
    """One fault at many points of one scenario.

    The command is run again once for each state that a fault leaves: from equal ones it goes on in the same way.
    """

    strace: str
    folder: Folder
    fault: Fault
    seen: list[State] = field(default_factory=list)

    def points(self) -> list[Point]:
        return points(self.strace, self.folder.again(), self.folder.scenario.run, calls=self.fault.calls)

    def tally(self, chosen: Sequence[Point]) -> Tally:
        tally = Tally(len(chosen))
        for point in chosen:
            self._try(point, tally)
        tally.states = len(self.seen)
        return tally

    def _try(self, point: Point, tally: Tally) -> None:
        where = f"{self.fault.name} at {point}"
        done = self._met(point, where)
        if done is None:
            tally.missed += 1
        elif done.returncode == 0:
            self.folder.assert_done(self.folder.place, where)
            tally.met += self.fault is INTERRUPTED
            tally.borne += self.fault is not INTERRUPTED
        else:
            tally.met += 1
            self._check(done, where)

    def _met(self, point: Point, where: str) -> Traced | None:
        """A run that met the fault, if any did."""
        injection = f"{point.call}:{self.fault.injected}:when={point.number}"
        for _ in range(TRIES):
            done = run_with(self.strace, self.folder.again(), self.folder.scenario.run, injection)
            if done.met:
                return done
            self.folder.assert_sound(self.folder.place, f"{where}, not met")
        return None

    def _check(self, done: Traced, where: str) -> None:
        """It ended by the fault: with the words, unless it was killed.

        The status is 3 or 5 where a model was not found, or not whole, because something could not be read.
        """
        statuses = {-9} if self.fault is KILL else {3, 5, 7}
        assert done.returncode in statuses, f"{where}: {done.returncode}: {done.stderr}"
        assert self.fault.words in done.stderr, f"{where}: {done.stderr}"
        place = self.folder.place
        self.folder.assert_sound(place, where)
        if (left := state(place)) not in self.seen:
            self.seen.append(left)
            self.folder.assert_repeatable(place, where)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_point(
    scenario: Scenario,
    fault: Fault,
    hosts: dict[str, str],
    tmp_path: Path,
    need_program: Callable[[str, str], str],
    record_property: Callable[[str, object], None],
) -> None:
    strace = need_program("strace", "strace")
    folder = Folder.make(scenario.where(hosts), tmp_path, fill, strace=strace)
    enumeration = Enumeration(strace, folder, fault)
    tally = enumeration.tally(sample(enumeration.points()))
    record_property(PROPERTY, [scenario.name, fault.name, asdict(tally)])
    # A sample of errors may be of such that are borne.
    assert tally.met or (tally.borne and fault is not KILL and not full())


@pytest.mark.parametrize(("fault", "statuses"), [("signal=SIGKILL", {-9}), ("error=ENOSPC", {7})])
def test_a_large_file_that_is_synced_while_it_is_written(
    fault: str, statuses: set[int], tmp_path: Path, need_program: Callable[[str, str], str]
) -> None:
    """Only the thread that syncs is hit: the one that writes goes on until it asks."""

    def large(folder: Path) -> None:
        large_gguf(folder / "large.gguf", 2 * SYNC_STEP)
        (folder / "New").write_text("FROM large.gguf\n")

    folder = Folder.make(Scenario("large", (), Run(NEW)), tmp_path, large)
    place = folder.again()
    done = run_with(need_program("strace", "strace"), place, Run(NEW), f"fdatasync:{fault}")
    assert done.returncode in statuses
    assert fault.startswith("signal") or "No space left" in done.stderr
    folder.assert_sound(place, fault)
    folder.assert_repeatable(place, fault)
