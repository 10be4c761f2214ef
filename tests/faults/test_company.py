"""Several programs and an Ollama in one store: nothing whole is lost, nobody waits for ever."""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.program import environment, packllama

pytestmark = pytest.mark.slow

WORKER = Path(__file__).with_name("company_worker.py")
NAMES = ("a", "b", "A:other", "me/a")


def _commands(random_: random.Random, number: int, count: int) -> list[list[str]]:
    """The commands of one worker, on names that all share and on one of its own; the last makes its own name."""
    found = []
    for _ in range(count):
        name = random_.choice(NAMES)
        found.append(
            random_.choice(
                [
                    ["create", name, "-f", f"Modelfile{random_.randrange(3)}"],
                    ["create", name, "-f", "Derived"],
                    ["cp", "witness", name],
                    ["cp", random_.choice(NAMES), f"copy{number}"],
                    ["rm", name],
                    ["import", "carried.tar"],
                    ["export", "witness", "-o", f"exported{number}.tar"],
                    ["copy", "witness", "--to", f"./mirror{number}"],
                ]
            )
        )
    return [*found, ["create", f"own{number}", "-f", "Modelfile0"]]


@pytest.mark.parametrize(("workers", "count", "seed"), [(2, 6, 1), (4, 4, 2), (8, 2, 3)])
def test_company(workers: int, count: int, seed: int, tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    (tmp_path / "model.gguf").write_bytes(gguf("tiny-plain.gguf").read_bytes())
    (tmp_path / "other.gguf").write_bytes(gguf("tiny-q4.gguf").read_bytes())
    (tmp_path / "Modelfile0").write_text("FROM model.gguf\nSYSTEM zero\nLICENSE MIT\n")
    (tmp_path / "Modelfile1").write_text("FROM other.gguf\nLICENSE MIT\n")
    (tmp_path / "Modelfile2").write_text("FROM model.gguf\nSYSTEM two\nPARAMETER seed 2\n")
    (tmp_path / "Carried").write_text("FROM model.gguf\nSYSTEM carried\n")
    (tmp_path / "Derived").write_text("FROM witness\nSYSTEM derived\n")
    assert packllama("create", "witness", "-f", "Modelfile2", cwd=tmp_path).returncode == 0
    for args in (("create", "b", "-f", "Carried"), ("create", "me/carried", "-f", "Modelfile1"), ("export", "*")):
        output = ("-o", "carried.tar") if args[0] == "export" else ()
        assert packllama("--store", "origin", *args, *output, cwd=tmp_path).returncode == 0
    token = tmp_path / "token"
    token.touch()
    print(f"seed {seed}")
    random_ = random.Random(seed)
    plans = [_commands(random_, number, count) for number in range(workers)]
    running = [
        subprocess.Popen(
            [sys.executable, str(WORKER), str(tmp_path / "store"), str(token), json.dumps(plan)],
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for plan in plans
    ]
    for plan, worker in zip(plans, running, strict=True):
        stdout, stderr = worker.communicate(timeout=300)
        assert worker.returncode == 0, stderr
        for command, status in zip(plan, json.loads(stdout), strict=True):
            # A name that another worker removed first is not found; nothing else may go wrong.
            allowed = {0, 3} if command[0] in {"rm", "cp"} and command[1] != "witness" else {0}
            assert status in allowed, f"{command}: {status}\n{stderr}"
    assert [wrong for root in tmp_path.glob("*/blobs") for wrong in check(str(root.parent))] == []
    listed = packllama("list", "--json", cwd=tmp_path)
    names = {model["name"] for model in json.loads(listed.stdout)["models"]}
    assert {"witness:latest", *(f"own{number}:latest" for number in range(workers))} <= names
    assert len({name.lower() for name in names}) == len(names)
    assert list((tmp_path / "store/.packllama/work").iterdir()) == []
