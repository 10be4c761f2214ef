"""Which stores there are, which one is taken and why, and whether this user may write into it."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import MissingFile, NoRights, NoStore
from packllama.base.fs import check_writable
from packllama.base.reading import read_small
from packllama.base.settings import SERVICE_STORE, Settings
from packllama.base.units import counted, human_bytes
from packllama.places.store import Store, find_root
from packllama.places.store.layout import Layout
from packllama.places.store.locate import check_exists
from packllama.places.store.workspace import OWN_VERSION, needed, owner_of, who_may
from packllama.prove.doctor.checkup import Fact, Level, Patient, Topic

# More files than any store of Ollama's has; to look at so many takes a second.
_MOST_BLOBS = 100_000

_OWN, _SERVICE = "the user's own", "the service's"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A folder that is a store, or would be one. ``named_by``: the variable or flag; "" for the usual places."""

    path: Path
    why: str
    named_by: str = ""


def candidates(patient: Patient) -> list[Candidate]:
    """Where a store may be, in the order in which they are taken."""
    found = []
    if patient.flag:
        found.append(Candidate(find_root(patient.settings, flag=patient.flag), "--store names it", "--store"))
    for name in ("PACKLLAMA_STORE", "OLLAMA_MODELS"):
        alone = Settings.read({key: patient.environ.get(key, "") for key in ("HOME", "USERPROFILE", name)})
        if alone.named_store:
            with contextlib.suppress(NoStore):
                found.append(Candidate(find_root(alone), f"{name} names it", name))
    if patient.settings.home:
        found.append(Candidate(patient.settings.home / ".ollama" / "models", _OWN))
    return [*found, Candidate(patient.system(SERVICE_STORE), _SERVICE)]


def taken(patient: Patient) -> Candidate:
    """The store that every verb works in.

    Raises: NoStore.
    """
    root = find_root(patient.settings, flag=patient.flag, service=patient.system(SERVICE_STORE))
    return next(each for each in candidates(patient) if each.path == root)


def look(patient: Patient) -> Iterator[Fact]:
    """The stores."""
    try:
        chosen = taken(patient)
    except NoStore as error:
        yield Fact(Topic.STORE, Level.PROBLEM, error.sentence, error.hint)
        return
    yield Fact(Topic.STORE, Level.OK, f"{chosen.path} is taken: {_reason(chosen)}")
    yield from _pitfalls(chosen)
    yield from _state(chosen)
    for other in candidates(patient):
        if other.path != chosen.path and os.path.isdir(other.path):  # noqa: PTH112  Path's raises
            yield Fact(Topic.STORE, Level.OK, f"not taken: {other.path}, {other.why}: {_contents(other.path)}")


def _reason(chosen: Candidate) -> str:
    if chosen.named_by:
        return chosen.why
    return "it is your own" if chosen.why == _OWN else "it is the service's, and you have none of your own"


def _pitfalls(chosen: Candidate) -> Iterator[Fact]:
    if chosen.path.parts[:1] == ("~",):
        sentence = f"{chosen.named_by} begins with ~, which is taken as the name of a folder, as Ollama does"
        yield Fact(Topic.STORE, Level.WARNING, sentence, f"Set {chosen.named_by} to an absolute path.")
    elif not chosen.path.is_absolute():
        sentence = f"{chosen.path} means another folder wherever you stand; now it is {chosen.path.absolute()}"
        yield Fact(Topic.STORE, Level.WARNING, sentence, f"Give {chosen.named_by} an absolute path.")


def _state(chosen: Candidate) -> Iterator[Fact]:
    path = chosen.path
    if not os.path.lexists(path):
        if chosen.named_by:
            hint = "Check the path, and that the disk is mounted. 'packllama create' or 'pull' makes a new store."
            yield Fact(Topic.STORE, Level.WARNING, f"it is not there, although {chosen.why}", hint)
        else:
            yield Fact(Topic.STORE, Level.NOTE, "it is not there yet", "'packllama create' or 'pull' makes it.")
        return
    if not os.path.isdir(path):  # noqa: PTH112
        hint = "Mount the disk it leads to, or name another place with --store."
        yield Fact(Topic.STORE, Level.PROBLEM, f"{path} is no folder", hint)
        return
    try:
        check_exists(path)
    except (MissingFile, NoRights) as error:
        yield Fact(Topic.STORE, Level.PROBLEM, error.sentence, error.hint)
        return
    yield Fact(Topic.STORE, Level.OK, _contents(path))
    yield from _own_version(Layout(path))


def _contents(path: Path) -> str:
    """How much is in a store, and whose it is."""
    try:
        models = len(Store(path).scan().names)
        count, size = _blobs(Layout(path).blobs)
    except OSError as error:
        return f"belongs to {owner_of(path)}, and may not be looked into ({error.strerror})"
    held = f"{counted(models, 'model')}, {human_bytes(size)} in {counted(count, 'blob')}"
    return f"{held}, belongs to {owner_of(path)}"


def _blobs(folder: Path) -> tuple[int, int]:
    """How many files there are, and their bytes together; no more than are quick to look at."""
    count = size = 0
    if not folder.exists():
        return 0, 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                count, size = count + 1, size + entry.stat().st_size
            if count == _MOST_BLOBS:
                break
    return count, size


def _own_version(layout: Layout) -> Iterator[Fact]:
    with contextlib.suppress(MissingFile):
        text = read_small(layout.version_file, limit=100, what="a version file").decode(errors="replace").strip()
        if text != str(OWN_VERSION):
            sentence = f"a newer packllama writes into it (version {text} of its own files); this one only reads it"
            yield Fact(Topic.STORE, Level.PROBLEM, sentence, "Use that packllama.")


def look_at_rights(patient: Patient) -> Iterator[Fact]:
    """Whether the store that is taken may be read, and written."""
    layout = Layout(taken(patient).path)
    if not os.path.isdir(layout.root):  # noqa: PTH112
        yield from _may_be_made(layout)
        return
    of_all = [*filter(os.path.isdir, (layout.root, layout.own, layout.finished, *needed(layout)))]
    of_some = [Path(folder, name) for folder, names, _ in os.walk(layout.manifests) for name in names]
    for path in (*of_all, *of_some):
        if not os.access(path, os.R_OK | os.X_OK, effective_ids=True):
            yield Fact(Topic.RIGHTS, Level.PROBLEM, f"you may not read {path}", who_may(layout))
            return
    for path in (*of_all, *of_some):
        try:
            check_writable(path)
        except NoRights as error:
            yield _not_writable(path, error, layout, "nothing can" if path in of_all else "not every model can")
            return
    sentence = "you may read and write it"
    if patient.user == 0 and layout.root.stat().st_uid != 0:
        sentence += f"; what you make as root there will belong to {owner_of(layout.root)}"
    yield Fact(Topic.RIGHTS, Level.OK, sentence)


def _not_writable(path: Path, error: NoRights, layout: Layout, what_can: str) -> Fact:
    read_only = isinstance(error.__cause__, OSError) and bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    why = "it is mounted read-only" if read_only else f"{path} is not yours to write"
    sentence = f"{what_can} be built, fetched or removed: {why}; list, run and verify work"
    return Fact(Topic.RIGHTS, Level.PROBLEM, sentence, error.hint if read_only else who_may(layout))


def _may_be_made(layout: Layout) -> Iterator[Fact]:
    above = nearest(layout.root)
    try:
        check_writable(above)
    except NoRights:
        sentence = f"you may not make the store: {above} belongs to {owner_of(above)}"
        yield Fact(Topic.RIGHTS, Level.PROBLEM, sentence, "Name another place with --store or PACKLLAMA_STORE.")
    else:
        yield Fact(Topic.RIGHTS, Level.OK, f"you may make it in {above}")


def nearest(path: Path) -> Path:
    """The folder that is there and in which ``path`` is, or would come to be."""
    absolute = path.absolute()
    return next(each for each in (absolute, *absolute.parents) if os.path.isdir(each))  # noqa: PTH112
