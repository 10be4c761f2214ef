"""Who waits in a store says for whom: each verb that may hold something up, with all that then have to wait."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.faults.company_ollama import leave_old
from tests.faults.company_plan import INSECURE, ROOT, Company
from tests.faults.company_watch import ended
from tests.program import environment
from tests.registry.registry import Registry

pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 120

Words = tuple[str, ...]

# ``REMOTE`` stands for a name in the registry.
CREATE = ("create", "a", "-f", "Modelfile0")
CP = ("cp", "witness", "a")
IMPORT = ("import", "carried.tar")
COPY = ("--store", "origin", "copy", "b", "--to", "./store")
PULL = ("pull", "REMOTE", *INSECURE)
RM = ("rm", "gone")
PRUNE = ("prune", "--older-than", "0")
REPAIR = ("repair", "--from", "./origin")
EXPORT = ("export", "witness", "-o", "out.tar")

WRITERS = (CREATE, CP, IMPORT, COPY, PULL)
REMOVERS = (("rm", "gone-too"), PRUNE)

# A session's own folder, made when it has its share of the store; and the last thing that is done for a model.
AT_WORK = r"/\.packllama/work/[0-9a-f]{16}$"
PUBLISHING = r"/store/blobs$"


@dataclass(frozen=True)
class Case:
    """A verb is stopped at a path like ``at``. The ``waiters`` then wait for what they say is ``called`` so."""

    name: str
    verb: Words
    at: str
    called: str
    waiters: tuple[Words, ...]
    prepare: Callable[[Company], None] = lambda _: None


def remove_weights(company: Company) -> None:
    for model in ("witness", "gone", "gone-too"):
        company.run("rm", model)


def damage_weights(company: Company) -> None:
    with (company.store / "blobs" / f"sha256-{company.weights}").open("r+b") as file:
        file.write(b"other bytes")


CASES = [
    Case("create", CREATE, AT_WORK, "create a:latest", REMOVERS),
    Case("cp", CP, AT_WORK, "cp witness:latest a:latest", REMOVERS),
    Case("import", IMPORT, AT_WORK, "copying b:latest, …", REMOVERS),
    Case("copy", COPY, AT_WORK, "copying b:latest", REMOVERS),
    Case("pull", PULL, AT_WORK, "copying REMOTE:latest", REMOVERS),
    Case("repair", REPAIR, AT_WORK, "repairing", REMOVERS, damage_weights),
    Case("rm", RM, r"/library/gone/latest$", "rm gone:latest", (*WRITERS, *REMOVERS)),
    Case("prune", PRUNE, r"/blobs/sha256-", "prune", (*WRITERS, *REMOVERS)),
    Case("who is about to publish", CREATE, PUBLISHING, "create a:latest", WRITERS),
    Case(
        "who fetches the same blob",
        PULL,
        r"WEIGHTS\.part",
        "copying REMOTE:latest",
        (IMPORT, COPY, PULL),
        remove_weights,
    ),
    Case("who writes the same bundle", EXPORT, r"out\.tar.*\.synced$", "exporting to out.tar", (EXPORT,)),
]


@pytest.fixture
def company(tmp_path: Path, gguf: Callable[[str], Path]) -> Iterator[Company]:
    with Registry() as registry:
        company = Company.make(tmp_path, gguf, registry)
        for name in ("gone", "gone-too"):
            company.run("cp", "witness", name)
        for blob in (company.folder / "origin/blobs").iterdir():
            leave_old(company.store, blob, company.folder / "old")
        yield company


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_waiter_says_for_whom(case: Case, company: Company) -> None:
    case.prepare(company)
    with stopped(company, case.verb, case.at) as holder:
        called = f"process {holder.pid} ({filled(company, (case.called,))[0]})"
        waiting = [started(company, number, words) for number, words in enumerate(case.waiters)]
        for number, process in enumerate(waiting):
            wait_until_said(company, number, process)
            assert f"waiting for {called}\n" in said(company, number)
        assert [process.poll() for process in waiting] == [None] * len(waiting)
    for number, _ in enumerate(ended([holder, *waiting], within_seconds=DEADLINE_SECONDS)[1:]):
        assert waiting[number].returncode == 0, said(company, number)
    assert holder.returncode == 0
    assert check(str(company.store)) == []


def test_who_came_later_and_is_gone_is_not_waited_for(company: Company) -> None:
    with stopped(company, CREATE, AT_WORK) as holder:
        company.run("cp", "witness", "b")
        process = started(company, 0, RM)
        wait_until_said(company, 0, process)
        assert f"waiting for process {holder.pid} (create a:latest)\n" in said(company, 0)
    ended([holder, process], within_seconds=DEADLINE_SECONDS)


@contextmanager
def stopped(company: Company, words: Words, at: str) -> Iterator[subprocess.Popen[str]]:
    """The program, stopped in the middle for the block."""
    (pattern,) = filled(company, (at,))
    process = run(company, ["-m", "tests.faults.company_paused", pattern, *filled(company, words)], "holder")
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), (company.folder / "holder").read_text()
        yield process
    finally:
        process.send_signal(signal.SIGCONT)


def started(company: Company, number: int, words: Words) -> subprocess.Popen[str]:
    return run(company, ["-m", "tests.later", *filled(company, words)], f"waiter{number}")


def run(company: Company, words: Sequence[str], name: str) -> subprocess.Popen[str]:
    with (company.folder / name).open("w") as stderr:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=company.folder,
            env=environment(company.folder, {"PYTHONPATH": str(ROOT)}),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )


def filled(company: Company, words: Words) -> list[str]:
    remote, weights = company.remote("me/p"), company.weights
    return [word.replace("REMOTE", remote).replace("WEIGHTS", weights) for word in words]


def said(company: Company, number: int) -> str:
    return (company.folder / f"waiter{number}").read_text()


def wait_until_said(company: Company, number: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while "waiting for" not in said(company, number):
        assert process.poll() is None, (process.args, said(company, number))
        assert time.monotonic() < deadline, process.args
        time.sleep(0.05)
