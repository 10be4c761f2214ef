"""Machines to look at, each a folder with what the system's own files would say."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from packllama.prove.doctor.checkup import Fact, Level, Patient

# Where the service of Ollama's installer has its store.
SERVICE = "/usr/share/ollama/.ollama/models"


def patient(
    folder: Path, environ: Mapping[str, str] = {}, *, flag: Path | None = None, user: int | None = None
) -> Patient:
    """A machine whose root is ``folder/root`` and whose user's home is ``folder/home``."""
    (folder / "root").mkdir(exist_ok=True)
    (folder / "home").mkdir(exist_ok=True)
    values = {"HOME": str(folder / "home"), "PATH": str(folder / "no programs"), **environ}
    return Patient(values, flag=flag, root=folder / "root", user=os.geteuid() if user is None else user)


def put(folder: Path, path: str, text: str) -> Path:
    """One of the system's own files."""
    file = folder / "root" / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def sentences(facts: Iterable[Fact], level: Level | None = None) -> str:
    """What is said, a line each, with the cure behind it."""
    return "\n".join(f"{fact.sentence} → {fact.cure}" for fact in facts if level in (None, fact.level))


def worst(facts: Iterable[Fact]) -> Level:
    order = list(Level)
    return max((fact.level for fact in facts), key=order.index)
