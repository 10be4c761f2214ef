"""Several programs and an Ollama in one store: nothing whole is lost, nobody waits for ever.

``PACKLLAMA_SEED`` gives another seed.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.faults.company_ollama import HOUR_SECONDS, clean_up, leave_old
from tests.faults.company_plan import Company, is_well, seed_or
from tests.faults.company_watch import Repeated, assert_whole_now, ended
from tests.faults.dose import full
from tests.registry.registry import Registry

pytestmark = pytest.mark.slow

# Longer than any run takes.
DEADLINE_SECONDS = 1500 if full() else 300

# Workers and the commands of each.
TURNS = ((2, 25), (4, 20), (8, 15)) if full() else ((4, 3),)
FREELY = ((2, 150), (8, 80)) if full() else ((6, 6),)


# With a clean-up that spares nothing a model may lack a blob for a moment, until it is put back.
BESIDE = (["verify"], ["repair", "--from", "./origin"])


@pytest.fixture
def company(tmp_path: Path, gguf: Callable[[str], Path]) -> Iterator[Company]:
    with Registry() as registry:
        yield Company.make(tmp_path, gguf, registry)


def work(company: Company, plans: list[list[list[str]]], *, token: Path | None, seed: int) -> Counter[str]:
    """Let all work at once. Returns how many commands of each verb there were, and how many were killed."""
    running = [company.worker(token, seed + number, json.dumps(plan)) for number, plan in enumerate(plans, start=1)]
    counts: Counter[str] = Counter()
    for plan, (stdout, stderr) in zip(plans, ended(running, within_seconds=DEADLINE_SECONDS), strict=True):
        assert stdout, stderr
        for command, end in zip(plan, json.loads(stdout), strict=True):
            status, said = end["status"], end["said"]
            assert is_well(command, status, said), f"seed {seed}: {command}: {status}\n{said}"
            counts[command[0]] += 1
            counts["killed"] += end["killed"]
    return counts


def assert_nothing_lost(company: Company, workers: int) -> None:
    """All that is listed is whole, what nobody removed is listed, and no session left anything that the next keeps."""
    company.run("create", "last", "-f", "Modelfile0")
    for root in company.folder.glob("*/blobs"):
        assert check(str(root.parent)) == []
    names = {model["name"] for model in json.loads(company.run("list", "--json"))["models"]}
    kept = {"witness:latest", f"{company.remote('library/kept')}:latest"}
    assert kept | {f"own{number}:latest" for number in range(workers)} <= names
    assert len({name.lower() for name in names}) == len(names)
    assert list((company.store / ".packllama/work").iterdir()) == []


@pytest.mark.parametrize(("workers", "count"), TURNS)
def test_by_turns(workers: int, count: int, company: Company) -> None:
    """With a clean-up between every two steps, which takes all that no manifest names, however young it is."""
    seed = seed_or(workers)
    random_ = random.Random(seed)
    token = company.folder / "token"
    token.touch()
    plans = [company.plan(random_, number, count) for number in range(workers)]
    print(f"seed {seed}: {work(company, plans, token=token, seed=seed)}")
    assert_nothing_lost(company, workers)


@pytest.mark.parametrize(("workers", "count"), FREELY)
def test_freely(workers: int, count: int, company: Company) -> None:
    """All at once, while an Ollama cleans up at random what is older than its hour, and somebody looks on.

    Old files that nobody names appear as well, most of them of bytes that are about to be wanted.
    """
    seed = seed_or(workers)
    random_ = random.Random(seed)
    plans = [company.plan(random_, number, count, more=BESIDE) for number in range(workers)]
    strange = company.folder / f"sha256-{sha256(b'strange').hexdigest()}"
    strange.write_bytes(b"strange")
    whole = [strange, *(company.folder / "origin/blobs").iterdir(), *(company.store / "blobs").iterdir()]
    cleaned: Counter[str] = Counter()

    def beside() -> None:
        if random_.random() < 0.5:
            leave_old(company.store, random_.choice(whole), company.folder / "old")
        else:
            cleaned["removed"] += clean_up(company.store, spared_seconds=HOUR_SECONDS)

    witness = company.store / "manifests/registry.ollama.ai/library/witness/latest"
    look = partial(assert_whole_now, company.store, always=[witness])
    with (
        Repeated(look, seed=seed, longest_pause_seconds=0.05) as looks,
        Repeated(beside, seed=-seed, longest_pause_seconds=0.1) as ollama,
    ):
        counts = work(company, plans, token=None, seed=seed)
    print(f"seed {seed}: {counts}, {looks.rounds} looks, {ollama.rounds} times Ollama, {cleaned}")
    assert min(looks.rounds, cleaned["removed"], counts["killed"]) > 0
    assert_nothing_lost(company, workers)
