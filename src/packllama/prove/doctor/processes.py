"""The Ollama servers that run, as far as the system shows them. Nobody is asked over a network, not even this machine.

Only Linux shows them.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.base.reading import read_small
from packllama.places.store.workspace import owner_of
from packllama.prove.doctor.checkup import Patient

# What the kernel lets a program have: arguments and environment together, with the usual limits.
_LIMIT = 2 << 20
_CONTAINER = re.compile(r"docker|containerd|kubepods|libpod|lxc", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Server:
    """``environ`` is None where it may not be read. ``contained``: it runs in a container, and its paths are there."""

    number: int
    owner: str
    environ: Mapping[str, str] | None
    contained: bool


def servers(patient: Patient) -> Iterator[Server]:
    """Every ``ollama serve``, by its number."""
    proc = patient.system("/proc")
    names = os.listdir(proc) if proc.is_dir() else []  # noqa: PTH208  names are wanted
    for number in sorted(int(name) for name in names if name.isdigit()):
        folder = proc / str(number)
        words = (_read(folder / "cmdline") or "").split("\0")
        if words[0].rpartition("/")[2] == "ollama" and words[1:2] == ["serve"]:
            yield Server(number, owner_of(folder), _environ(folder), _is_contained(folder, proc / "self"))


def _environ(folder: Path) -> dict[str, str] | None:
    text = _read(folder / "environ")
    return None if text is None else dict(word.split("=", 1) for word in text.split("\0") if "=" in word)


def _is_contained(folder: Path, own: Path) -> bool:
    """Unless it is in the same container as we are."""
    theirs, ours = (_read(path / "cgroup") or "" for path in (folder, own))
    return bool(_CONTAINER.search(theirs)) and not _CONTAINER.search(ours)


def _read(path: Path) -> str | None:
    """None for what may not be read, or is gone by now."""
    try:
        return os.fsdecode(read_small(path, limit=_LIMIT, what="a file of a process"))
    except PackLlamaError:
        return None
