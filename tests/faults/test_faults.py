"""A listed model is whole at every instant: SIGKILL and a full disk at every call that changes a file."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from packllama.base.fs import SYNC_STEP
from tests.faults.checker import check, listed
from tests.faults.tracing import points, run, run_with
from tests.test_bad_input import large_gguf

pytestmark = pytest.mark.slow

KILLED = {137, -9}


@dataclass(frozen=True)
class Scenario:
    """``before`` is run on a fresh store, ``args`` is what gets interrupted."""

    name: str
    before: tuple[tuple[str, ...], ...]
    args: tuple[str, ...]
    stays: tuple[str, ...]


NEIGHBOUR = ("create", "other", "-f", "Other")
OLD = ("create", "m", "-f", "Old")
NEW = ("create", "m", "-f", "New")
RECEIVE = ("receive",)

SCENARIOS = [
    Scenario("create in an empty store", (), NEW, ()),
    Scenario("create over an older model", (NEIGHBOUR, OLD), NEW, ("other/latest", "m/latest")),
    Scenario("cp over an older model", (NEIGHBOUR, OLD), ("cp", "other", "m"), ("other/latest", "m/latest")),
    Scenario("receive in an empty store", (), RECEIVE, ()),
    Scenario("receive over an older model", (NEIGHBOUR, OLD), RECEIVE, ("other/latest", "m/latest")),
    Scenario("rm beside a model that shares its weights", (NEIGHBOUR, OLD), ("rm", "m"), ("other/latest",)),
]


@pytest.fixture(params=SCENARIOS, ids=lambda scenario: scenario.name)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    found = request.param
    assert isinstance(found, Scenario)
    return found


@pytest.fixture
def template(tmp_path: Path, gguf: Callable[[str], Path], scenario: Scenario) -> Path:
    """A folder with the files and the store as it is before the fault."""
    folder = tmp_path / "template"
    folder.mkdir()
    shutil.copyfile(gguf("tiny-plain.gguf"), folder / "model.gguf")
    (folder / "Other").write_text("FROM model.gguf\nSYSTEM other\nLICENSE MIT\n")
    (folder / "Old").write_text("FROM model.gguf\nSYSTEM old\nLICENSE MIT\n")
    (folder / "New").write_text("FROM model.gguf\nSYSTEM new\nPARAMETER top_k 7\n")
    (folder / "store").mkdir()
    for args in scenario.before:
        assert run(folder, list(args)).returncode == 0
    return folder


def _fresh(template: Path, place: Path) -> Path:
    """A copy of the template at the same path each time, since the path's length counts in no call."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(template, place)
    return place


def _assert_sound(folder: Path, scenario: Scenario, where: str) -> None:
    assert check(str(folder / "store")) == [], where
    names = {"/".join(Path(path).parts[-2:]) for path in listed(str(folder / "store"))}
    assert set(scenario.stays) <= names, where


def _assert_repeatable(folder: Path, scenario: Scenario, where: str) -> None:
    """The same command again ends what was begun, and clears away what the interrupted one left."""
    again = run(folder, list(scenario.args))
    removed_before = scenario.args[0] == "rm" and again.returncode == 3
    assert again.returncode == 0 or removed_before, f"{where}: {again.stderr}"
    _assert_sound(folder, scenario, where)
    if not removed_before:
        assert list((folder / "store" / ".packllama" / "work").iterdir()) == [] or scenario.args[0] == "rm", where
    assert list((folder / "store" / ".packllama").glob("blobs/*")) == [], where


def test_sigkill(scenario: Scenario, template: Path, tmp_path: Path, need_program: Callable[[str, str], str]) -> None:
    strace = need_program("strace", "strace")
    place = tmp_path / "place"
    died = 0
    for point in points(strace, _fresh(template, place), list(scenario.args)):
        folder = _fresh(template, place)
        done = run_with(strace, folder, list(scenario.args), f"{point.call}:signal=SIGKILL:when={point.number}")
        assert done.returncode in KILLED, f"{point}: not reached: {done.stderr}"
        died += 1
        _assert_sound(folder, scenario, str(point))
        _assert_repeatable(folder, scenario, str(point))
    assert died > 10


def test_full_disk(scenario: Scenario, template: Path, tmp_path: Path, need_program: Callable[[str, str], str]) -> None:
    strace = need_program("strace", "strace")
    place = tmp_path / "place"
    failed = 0
    for point in points(strace, _fresh(template, place), list(scenario.args)):
        folder = _fresh(template, place)
        done = run_with(strace, folder, list(scenario.args), f"{point.call}:error=ENOSPC:when={point.number}")
        assert done.returncode in {0, 7}, f"{point}: {done.returncode}: {done.stderr}"
        failed += done.returncode == 7
        _assert_sound(folder, scenario, str(point))
        if done.returncode == 7:
            assert "No space left" in done.stderr, str(point)
            _assert_repeatable(folder, scenario, str(point))
    assert failed > 5


@pytest.mark.parametrize(("fault", "statuses"), [("signal=SIGKILL", KILLED), ("error=ENOSPC", {7})])
def test_a_large_file_that_is_synced_while_it_is_written(
    fault: str, statuses: set[int], tmp_path: Path, need_program: Callable[[str, str], str]
) -> None:
    """Only the thread that syncs is hit: the one that writes goes on until it asks."""
    large_gguf(tmp_path / "large.gguf", 2 * SYNC_STEP)
    (tmp_path / "New").write_text("FROM large.gguf\n")
    scenario = Scenario("large", (), NEW, ())
    done = run_with(need_program("strace", "strace"), tmp_path, list(NEW), f"fdatasync:{fault}")
    assert done.returncode in statuses
    assert fault.startswith("signal") or "No space left" in done.stderr
    _assert_sound(tmp_path, scenario, fault)
    assert listed(str(tmp_path / "store")) == []
    _assert_repeatable(tmp_path, scenario, fault)
