"""What the company has at hand, and who does what."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.program import called, environment
from tests.registry.registry import Registry

ROOT = Path(__file__).parents[2]
NAMES = ("a", "b", "A:other", "me/a")
# Two share large weights, one has those that are built here, too.
REPOSITORIES = ("library/p", "library/q", "me/p")
INSECURE = ("--insecure",)


@dataclass(frozen=True)
class Company:
    """A folder with a store, what can be made of the files beside it, and a registry."""

    folder: Path
    registry: Registry

    @classmethod
    def make(cls, folder: Path, gguf: Callable[[str], Path], registry: Registry) -> "Company":
        weights = gguf("tiny-plain.gguf").read_bytes()
        (folder / "model.gguf").write_bytes(weights)
        (folder / "other.gguf").write_bytes(gguf("tiny-q4.gguf").read_bytes())
        for name, text in MODELFILES.items():
            (folder / name).write_text(text)
        large = random.Random(1).randbytes(3 << 20)
        registry.put("library/p", "latest", weights=large)
        registry.put("library/q", "latest", weights=large, config=b"{ }")
        registry.put("me/p", "latest", weights=weights)
        registry.put("library/kept", "latest", weights=large[1:])
        made = cls(folder, registry)
        made.run("create", "witness", "-f", "Modelfile2")
        for words in (("create", "b", "-f", "Carried"), ("create", "me/carried", "-f", "Modelfile1")):
            made.run("--store", "origin", *words)
        made.run("--store", "origin", "export", "*", "-o", "carried.tar")
        return made

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def weights(self) -> str:
        """The digest of what most models have in common, in hex."""
        return sha256((self.folder / "model.gguf").read_bytes()).hexdigest()

    def remote(self, repository: str) -> str:
        return f"{self.registry.host}/{repository}"

    def run(self, *words: str) -> str:
        done = called(*words, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def worker(self, token: Path | None, seed: int, commands: str) -> subprocess.Popen[str]:
        words = ["-m", "tests.faults.company_worker", str(self.store), str(token or "-"), str(seed), commands]
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self.folder,
            env=environment(self.folder, {"PYTHONPATH": str(ROOT)}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def plan(
        self, random_: random.Random, number: int, count: int, *, more: tuple[list[str], ...] = ()
    ) -> list[list[str]]:
        """One worker's commands, on names that all share and on some of its own, which nobody takes away."""
        found = [self._one(random_, number, more) for _ in range(count)]
        kept = ["pull", self.remote("library/kept"), *INSECURE]
        own = ["create", f"own{number}", "-f", "Modelfile0"]
        return [*found[: count // 2], kept, *found[count // 2 :], own]

    def _one(self, random_: random.Random, number: int, more: tuple[list[str], ...]) -> list[str]:
        name, remote = random_.choice(NAMES), self.remote(random_.choice(REPOSITORIES))
        return random_.choice(
            [
                ["create", name, "-f", f"Modelfile{random_.randrange(3)}"],
                ["create", name, "-f", "Derived"],
                ["cp", "witness", name],
                ["cp", random_.choice(NAMES), f"copy{number}"],
                ["rm", name],
                ["rm", remote],
                ["import", "carried.tar"],
                ["import", "./origin"],
                ["export", "witness", "-o", f"exported{number}.tar"],
                ["copy", "witness", "--to", f"./mirror{number}"],
                ["pull", remote, *INSECURE],
                ["pull", remote, *INSECURE, "--limit-rate", "6M"],
                ["prune", "--older-than", "0"],
                *more,
            ]
        )


MODELFILES = {
    "Modelfile0": "FROM model.gguf\nSYSTEM zero\nLICENSE MIT\n",
    "Modelfile1": "FROM other.gguf\nLICENSE MIT\n",
    "Modelfile2": "FROM model.gguf\nSYSTEM two\nPARAMETER seed 2\n",
    "Carried": "FROM model.gguf\nSYSTEM carried\n",
    "Derived": "FROM witness\nSYSTEM derived\n",
}


def is_well(command: list[str], status: int, said: str) -> bool:
    """Whether a command did what it should: what another worker has taken away it cannot find."""
    match command[0]:
        case "rm" | "cp":
            return status == 0 or (status == 3 and command[1] != "witness")
        case "verify":  # 1: what no model needs was found
            return status in {0, 1}
        case "repair":
            return status == 0 or "replaced or removed meanwhile" in said
        case _:
            return status == 0


def seed_or(usual: int) -> int:
    """The seed of ``PACKLLAMA_SEED``, or the usual one."""
    return int(os.environ.get("PACKLLAMA_SEED") or usual)
