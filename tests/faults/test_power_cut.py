"""The power goes at any instant of a run: what is listed is whole, and what the user was told is true."""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from packllama.base import fs, hashing, partfile
from tests.faults.dose import full
from tests.faults.power_log import SYNCS, Call
from tests.faults.power_program import PART, make_small_files_large
from tests.faults.power_run import Case, Left, Run
from tests.registry.registry import Registry
from tests.unit.gguf import builder

pytestmark = pytest.mark.slow

# How many endings of one instant are all tried, and how many states are gone on from.
BOUND, SAMPLE = (256, None) if full() else (16, 10)

WEIGHTS = random.Random(1).randbytes(5 * PART)

NEIGHBOUR = ("create", "other", "-f", "Other")
OLD = ("create", "m", "-f", "Old")
NEW = ("create", "m", "-f", "New")
ORIGIN = ("--store", "origin")
BUNDLED = ((*ORIGIN, *NEW), (*ORIGIN, "export", "m", "-o", "in.tar"))
EXPORT = ("export", "m", "-o", "out.tar")
PULL = ("pull", "REGISTRY/library/m", "--insecure")

CREATED = Case("create in an empty store", (), NEW, "created m")
REPLACED = Case("create over an older model", (NEIGHBOUR, OLD), NEW, "created m")
IMPORTED = Case("import in an empty store", BUNDLED, ("import", "in.tar"), "imported m")
PULLED = Case("pull into an empty store", (), PULL, "pulled |is up to date")

CASES = [
    CREATED,
    REPLACED,
    IMPORTED,
    replace(IMPORTED, name="import over an older model", before=(NEIGHBOUR, OLD, *BUNDLED)),
    PULLED,
    replace(PULLED, name="pull over an older model", before=(NEIGHBOUR, ("create", PULL[1], "-f", "Old"))),
    Case("cp over an older model", (NEIGHBOUR, OLD), ("cp", "other", "m"), "copied"),
    Case("rm beside a model that shares its weights", (NEIGHBOUR, OLD), ("rm", "m"), "deleted"),
    Case("export over an older file", (OLD, EXPORT, NEW), EXPORT, "exported m"),
    Case(
        "copy to another store", (NEIGHBOUR, OLD, (*ORIGIN, *NEW)), (*ORIGIN, "copy", "m", "--to", "./store"), "copied"
    ),
]


def fill(folder: Path) -> None:
    head = builder.gguf([builder.string("general.architecture", "llama")], [builder.tensor("t", (len(WEIGHTS),))])
    (folder / "model.gguf").write_bytes(head + WEIGHTS)
    (folder / "Other").write_text("FROM model.gguf\nSYSTEM other\nLICENSE MIT\n")
    (folder / "Old").write_text("FROM model.gguf\nSYSTEM old\nLICENSE MIT\n")
    (folder / "New").write_text("FROM model.gguf\nSYSTEM new\nPARAMETER top_k 7\n")


@pytest.fixture
def run(
    tmp_path: Path, need_program: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Case], Run]]:
    """Run a case to its end. What follows is in another run of the machine, whose power stays on."""
    strace = need_program("strace", "strace")
    for module, name in ((hashing, "BUFFER_SIZE"), (fs, "SYNC_STEP"), (partfile, "RECORD_STEP")):
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(partfile, "WORTH_RECORDING", partfile.WORTH_RECORDING)
    make_small_files_large()
    with Registry() as registry:
        registry.put("library/m", "latest", weights=WEIGHTS)

        def begin(case: Case) -> Run:
            before = tuple(_at(registry, args) for args in case.before)
            done = Run(
                replace(case, before=before, args=_at(registry, case.args)),
                tmp_path,
                strace=strace,
                fill=fill,
            )
            monkeypatch.setattr(partfile, "boot_id", lambda: "after the power cut")
            monkeypatch.setattr(os, "fsync", lambda _: None)
            monkeypatch.setattr(os, "fdatasync", lambda _: None)
            return done

        yield begin


def _at(registry: Registry, args: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.replace("REGISTRY", registry.host) for word in args)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_instant(case: Case, run: Callable[[Case], Run]) -> None:
    done = run(case)
    found = done.leavings(done.disk(), done.calls, bound=BOUND)
    for left in found.seen.values():
        done.build(left)
        done.assert_sound(left)
    again = _some([*found.all.values()], SAMPLE)
    for left in again:
        done.build(left)
        done.assert_repeatable(left)
    progress = max(done.assert_progress_true(left) for left in found.all.values())
    assert progress or case not in {IMPORTED, PULLED}
    print(f"{found}, {len(again)} gone on from")


@pytest.mark.parametrize("case", [CREATED, IMPORTED, PULLED], ids=lambda case: case.name)
def test_killed_and_gone_on_with(case: Case, run: Callable[[Case], Run]) -> None:
    """A run finds what another left that was killed, and that nobody has synced; then the power goes."""
    done = run(case)
    naming, seen = done.naming()
    for number in naming if full() else seen[-2:]:
        disk = done.killed(number)
        calls = done.trace(disk.copy())
        for left in done.leavings(disk, calls, bound=BOUND).seen.values():
            done.build(left)
            done.assert_sound(left)


@pytest.mark.parametrize(
    "ignored",
    [
        pytest.param(r"[^/]\Z", id="all files"),
        pytest.param(r"/\Z", id="all folders"),
        pytest.param(r"/blobs/\Z", id="the folder of the blobs"),
        pytest.param(r"/manifests/\Z", id="the folder of the manifests"),
        pytest.param(r"/tree/library/m/\Z", id="the folder of the manifest"),
    ],
)
def test_a_sync_that_is_missing_is_noticed(ignored: str, run: Callable[[Case], Run]) -> None:
    done = run(CREATED)
    _assert_noticed(done, done.calls, ignored=ignored)


def test_a_record_that_says_too_much_is_noticed(run: Callable[[Case], Run]) -> None:
    done = run(IMPORTED)
    found = done.leavings(done.disk(ignored=r"\.part\Z"), done.calls, bound=BOUND)
    with pytest.raises(AssertionError):
        for left in found.all.values():
            done.assert_progress_true(left)


def test_a_sync_that_comes_too_late_is_noticed(run: Callable[[Case], Run]) -> None:
    done = run(REPLACED)
    calls = list(done.calls)
    for number, (first, second) in enumerate(zip(done.calls, done.calls[1:], strict=False)):
        if first.name in SYNCS and second.name == "rename":
            calls[number : number + 2] = second, first
    _assert_noticed(done, calls, ignored=r"(?!)")


def _assert_noticed(done: Run, calls: Sequence[Call], *, ignored: str) -> None:
    found = done.leavings(done.disk(ignored=ignored), calls, bound=BOUND)
    with pytest.raises(AssertionError):
        for left in found.seen.values():
            done.build(left)
            done.assert_sound(left)


def _some(things: Sequence[Left], count: int | None) -> Sequence[Left]:
    """So many of them, by a choice that is the same each time; None: all."""
    return things if count is None else random.Random(1).sample(things, min(count, len(things)))
