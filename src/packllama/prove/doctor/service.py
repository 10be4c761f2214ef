"""Ollama as a service of systemd: what its unit file and the drop-ins say. Nothing is asked of systemd itself."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.base.reading import read_small
from packllama.prove.doctor.checkup import Patient

# The first one that has the unit counts; of drop-ins of one name, too.
_FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_UNIT = "ollama.service"
_LIMIT = 64 << 10


@dataclass(frozen=True, slots=True)
class Service:
    """``user`` is "" for root; ``models`` what its OLLAMA_MODELS says, or ""; ``said_in`` the file that says so."""

    unit: Path
    user: str
    models: str
    said_in: Path


def service(patient: Patient) -> Service | None:
    """What is installed, or None."""
    folders = [patient.system(folder) for folder in _FOLDERS]
    unit = next((folder / _UNIT for folder in folders if (folder / _UNIT).is_file()), None)
    if unit is None:
        return None
    drop_ins = {path.name: path for folder in reversed(folders) for path in (folder / f"{_UNIT}.d").glob("*.conf")}
    user, models, said_in = "", "", unit
    for path in (unit, *(drop_ins[name] for name in sorted(drop_ins))):
        for key, value in _settings(path):
            if key == "User":
                user = value
            elif key == "Environment":
                found = _variables(value).get("OLLAMA_MODELS", models) if value else ""
                if found != models:
                    models, said_in = found, path
    return Service(unit, user, models, said_in)


def _settings(path: Path) -> Iterator[tuple[str, str]]:
    """The settings of ``[Service]``. A file that may not be read has none."""
    try:
        text = read_small(path, limit=_LIMIT, what="a unit file").decode(errors="replace")
    except PackLlamaError:
        return
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        words = line.strip()
        if words.startswith("["):
            section = words
        elif section == "[Service]" and "=" in words:
            key, _, value = words.partition("=")
            yield key.strip(), value.strip()


def _variables(text: str) -> dict[str, str]:
    """Of ``A=1 "B=two words"``."""
    try:
        words = shlex.split(text)
    except ValueError:  # a quote that does not end
        words = text.split()
    return dict(word.split("=", 1) for word in words if "=" in word)
