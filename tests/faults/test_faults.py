"""A listed model is whole at every instant: a kill, a full disk, a broken disk at every call that meets a file."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from packllama.base.fs import SYNC_STEP
from tests.faults.scenario import Folder, Scenario, State, state
from tests.faults.tracing import CHANGES, READS, points, run_with
from tests.test_bad_input import large_gguf

pytestmark = pytest.mark.slow

KILLED = {137, -9}

NEIGHBOUR = ("create", "other", "-f", "Other")
OLD = ("create", "m", "-f", "Old")
NEW = ("create", "m", "-f", "New")
ORIGIN = ("--store", "origin")
NEW_ELSEWHERE = (*ORIGIN, *NEW)
BUNDLED = (NEW_ELSEWHERE, (*ORIGIN, "export", "m", "-o", "in.tar"))
LARGE_BUNDLED = ((*ORIGIN, "create", "m", "-f", "Large"), BUNDLED[1])
EXPORT = ("export", "m", "other", "-o", "out.tar")

WRITING = [
    Scenario("create in an empty store", (), NEW),
    Scenario("create over an older model", (NEIGHBOUR, OLD), NEW),
    Scenario("cp over an older model", (NEIGHBOUR, OLD), ("cp", "other", "m")),
    Scenario("rm beside a model that shares its weights", (NEIGHBOUR, OLD), ("rm", "m")),
]
CARRYING = [
    Scenario("export to a new file", (NEIGHBOUR, NEW), EXPORT),
    Scenario("export over an older file", (NEIGHBOUR, OLD, EXPORT, NEW), EXPORT),
    Scenario("import in an empty store", LARGE_BUNDLED, ("import", "in.tar")),
    Scenario("import over an older model", (NEIGHBOUR, OLD, *BUNDLED), ("import", "in.tar")),
    Scenario("import from a pipe over an older model", (NEIGHBOUR, OLD, *BUNDLED), ("import", "-"), stdin="in.tar"),
    Scenario("copy over an older model", (NEIGHBOUR, OLD, NEW_ELSEWHERE), (*ORIGIN, "copy", "m", "--to", "./store")),
]


@dataclass(frozen=True)
class Fault:
    """What strace injects at which calls, and how packllama ends: with one of these statuses, saying these words."""

    injected: str
    calls: str
    statuses: frozenset[int]
    words: str = ""


KILL = Fault("signal=SIGKILL", CHANGES, frozenset(KILLED))
FULL_DISK = Fault("error=ENOSPC", CHANGES, frozenset({0, 7}), "No space left")
BROKEN_DISK = Fault("error=EIO", f"{READS},write,pwrite64,fsync,fdatasync", frozenset({0, 7}), "Input/output error")

CASES = [
    *((scenario, fault) for scenario in (*WRITING, *CARRYING) for fault in (KILL, FULL_DISK)),
    *((scenario, BROKEN_DISK) for scenario in CARRYING),
]


@pytest.fixture
def fill(gguf: Callable[[str], Path]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        shutil.copyfile(gguf("tiny-plain.gguf"), folder / "model.gguf")
        large_gguf(folder / "large.gguf", 1 << 20)
        (folder / "Other").write_text("FROM model.gguf\nSYSTEM other\nLICENSE MIT\n")
        (folder / "Old").write_text("FROM model.gguf\nSYSTEM old\nLICENSE MIT\n")
        (folder / "New").write_text("FROM model.gguf\nSYSTEM new\nPARAMETER top_k 7\n")
        (folder / "Large").write_text("FROM large.gguf\n")

    return write


@pytest.mark.parametrize(("scenario", "fault"), CASES, ids=lambda part: getattr(part, "name", None) or part.injected)
def test_every_point(
    scenario: Scenario,
    fault: Fault,
    tmp_path: Path,
    fill: Callable[[Path], None],
    need_program: Callable[[str, str], str],
) -> None:
    """The command is run again once for each state that a fault leaves: from equal ones it goes on in the same way."""
    strace = need_program("strace", "strace")
    folder = Folder.make(scenario, tmp_path, fill)
    found = points(strace, folder.again(), scenario.args, calls=fault.calls, stdin=scenario.stdin)
    met = 0
    seen: list[State] = []
    for point in found:
        if fault is KILL and point.unchanged:
            continue
        where, place = f"{fault.injected} at {point}", folder.again()
        injection = f"{point.call}:{fault.injected}:when={point.number}"
        done = run_with(strace, place, scenario.args, injection, stdin=scenario.stdin)
        assert done.returncode in fault.statuses, f"{where}: {done.returncode}: {done.stderr}"
        folder.assert_sound(place, where)
        if done.returncode == 0:
            folder.assert_done(place, where)
            continue
        met += 1
        assert fault.words in done.stderr, f"{where}: {done.stderr}"
        if (left := state(place)) not in seen:
            seen.append(left)
            folder.assert_repeatable(place, where)
    print(f"{len(found)} points, {met} met, {len(seen)} states")
    assert met > 2


@pytest.mark.parametrize(("fault", "statuses"), [("signal=SIGKILL", KILLED), ("error=ENOSPC", {7})])
def test_a_large_file_that_is_synced_while_it_is_written(
    fault: str, statuses: set[int], tmp_path: Path, need_program: Callable[[str, str], str]
) -> None:
    """Only the thread that syncs is hit: the one that writes goes on until it asks."""

    def fill(folder: Path) -> None:
        large_gguf(folder / "large.gguf", 2 * SYNC_STEP)
        (folder / "New").write_text("FROM large.gguf\n")

    folder = Folder.make(Scenario("large", (), NEW), tmp_path, fill)
    place = folder.again()
    done = run_with(need_program("strace", "strace"), place, NEW, f"fdatasync:{fault}")
    assert done.returncode in statuses
    assert fault.startswith("signal") or "No space left" in done.stderr
    folder.assert_sound(place, fault)
    folder.assert_repeatable(place, fault)
