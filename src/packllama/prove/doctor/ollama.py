"""Which Ollama is here, and whether it works in the same store as we do.

Its version is not told: its program would ask its server for that.
"""

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from packllama.base.errors import NoStore, PackLlamaError
from packllama.base.reading import read_small
from packllama.base.redaction import redacted
from packllama.prove.doctor.checkup import Fact, Level, Patient, Topic
from packllama.prove.doctor.processes import Server, servers
from packllama.prove.doctor.service import Service, service
from packllama.prove.doctor.stores import taken

_USUAL = ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin", "/Applications/Ollama.app/Contents/Resources")
_PASSWD_LIMIT = 1 << 20
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)


def look(patient: Patient) -> Iterator[Fact]:
    """Program, service, user, servers that run, and their stores."""
    program = _program(patient)
    unit, home, running = service(patient), _home_of_service_user(patient), list(servers(patient))
    yield Fact(Topic.OLLAMA, Level.OK, f"the program is {program}" if program else "no program called ollama was found")
    if unit:
        yield Fact(Topic.OLLAMA, Level.OK, f"a service of systemd, as {unit.user or 'root'}: {unit.unit}")
    if home:
        yield Fact(Topic.OLLAMA, Level.OK, f"there is a user ollama, whose home is {home}")
    for server in running:
        yield Fact(Topic.OLLAMA, Level.OK, _about(server))
        yield from _compared(patient, f"the Ollama that runs (process {server.number})", _its_store(server, unit, home))
    if not running:
        yield Fact(Topic.OLLAMA, Level.OK, "none is seen to run")
        if unit:
            yield from _compared(patient, f"the service, by {unit.said_in},", _store_of_service(unit, home))


def _program(patient: Patient) -> str | None:
    folders = [patient.environ.get("PATH", ""), *(str(patient.system(folder)) for folder in _USUAL)]
    return shutil.which("ollama", path=os.pathsep.join(filter(None, folders)))


def _home_of_service_user(patient: Patient) -> Path | None:
    try:
        text = read_small(patient.system("/etc/passwd"), limit=_PASSWD_LIMIT, what="the list of users")
    except PackLlamaError:
        return None
    fields = next((line.split(":") for line in text.decode(errors="replace").splitlines() if line[:7] == "ollama:"), [])
    return Path(fields[5]) if len(fields) > 5 and fields[5] else None


def _about(server: Server) -> str:
    told = f"one runs {'in a container, ' if server.contained else ''}as {server.owner} (process {server.number})"
    if server.environ is None:
        return f"{told}; its environment may not be read by you"
    words = [_shown(name, text) for name, text in sorted(server.environ.items()) if name.startswith("OLLAMA_")]
    return f"{told}, with {' '.join(words) or 'no OLLAMA_ variable set'}"


def _shown(name: str, text: str) -> str:
    return f"{name}=(not shown)" if _SECRET.search(name) else f"{name}={redacted(text) if '://' in text else text}"


def _its_store(server: Server, unit: Service | None, home: Path | None) -> Path | None:
    """None when it cannot be known from here."""
    if server.contained:
        return None
    if server.environ is not None:
        return _store_by(server.environ)
    if unit and server.owner == (unit.user or "root"):
        return _store_of_service(unit, home)
    return None


def _store_by(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("OLLAMA_MODELS", "").strip().strip("\"'")
    if named:
        return Path(named)
    return Path(environ["HOME"], ".ollama", "models") if environ.get("HOME") else None


def _store_of_service(unit: Service, home: Path | None) -> Path | None:
    environ = {"OLLAMA_MODELS": unit.models} | ({"HOME": str(home)} if home and unit.user == "ollama" else {})
    return _store_by(environ)


def _compared(patient: Patient, who: str, theirs: Path | None) -> Iterator[Fact]:
    """A warning when they do not see what we write."""
    if theirs is None:
        yield Fact(Topic.OLLAMA, Level.NOTE, f"where {who} keeps its models cannot be seen from here")
        return
    try:
        ours = taken(patient).path
    except NoStore:
        return
    if os.path.realpath(theirs) == os.path.realpath(ours):
        yield Fact(Topic.OLLAMA, Level.OK, f"{who} works in the store that is taken")
        return
    sentence = f"{who} keeps its models in {theirs}, not in {ours}, which is taken here"
    yield Fact(Topic.OLLAMA, Level.WARNING, sentence, f"To work in Ollama's: --store {shlex.quote(str(theirs))}")
