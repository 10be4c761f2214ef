"""What lies under ``manifests/``: names, and what Ollama does not see or stumbles over."""

import contextlib
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packllama.base.errors import InvalidName, MachineError
from packllama.check.finding import Finding, FindingKind
from packllama.check.survey.command import command
from packllama.check.survey.entries import Entry, entries
from packllama.check.survey.misplaced import may_be_manifest, may_hold_manifests
from packllama.check.survey.shut import shut
from packllama.name import ModelName
from packllama.places.loose.naming import name_at
from packllama.places.store.layout import Layout

# Ollama reads all of them before it removes a blob, and gives up at the first that it cannot read.
CLEAN_UP_IS_OFF = "while it is there, Ollama's clean-up is off"

_NOTHING_IS_UNUSED = "While it is there, nothing in the store can be called unused."
_TO_ITS_PLACE = f"Move a manifest to manifests/HOST/NAMESPACE/MODEL/TAG, all else away. {_NOTHING_IS_UNUSED}"


@dataclass(frozen=True, slots=True)
class InManifests:
    """All that was seen, the names among it, and what is wrong with the rest.

    ``misplaced``: what may name blobs where Ollama does not see it: files that are manifests by their paths or may be
    some, and folders that cannot be gone through. ``importable``: those of which it is clear whose they are.
    """

    names: list[ModelName] = field(default_factory=list)
    misplaced: list[Path] = field(default_factory=list)
    importable: list[Path] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


def look_into_manifests(layout: Layout) -> InManifests:
    """What cannot be looked into is a finding, and misplaced."""
    seen = InManifests()
    _look_into(layout.manifests, (), layout, seen)
    return seen


def import_all(layout: Layout) -> str:
    """What to do about manifests that Ollama does not see, and about their blobs."""
    return f"Put it right: {command(layout, 'import', str(layout.root.absolute()), '--move')}"


def _look_into(folder: Path | str, above: tuple[str, ...], layout: Layout, seen: InManifests) -> None:
    with _told(seen):
        for entry in entries(folder):
            seen.entries.append(entry)
            with _told(seen):
                _look_at(entry, (*above, entry.name), layout, seen)


@contextlib.contextmanager
def _told(seen: InManifests) -> Iterator[None]:
    try:
        yield
    except MachineError as error:
        seen.misplaced.append(Path(error.where))
        seen.findings.append(shut(error))


def _look_at(entry: Entry, parts: tuple[str, ...], layout: Layout, seen: InManifests) -> None:
    found = entry.followed()
    is_folder = found is not None and stat.S_ISDIR(found.st_mode)
    if is_folder and len(parts) < 4:
        _look_into(entry.path, parts, layout, seen)
    elif is_folder:
        seen.findings.append(_too_deep(entry, layout, seen))
    elif len(parts) < 4:
        seen.findings.append(_too_high(entry, layout, seen))
    elif name := _name(parts):
        seen.names.append(name)
    else:
        seen.findings.append(_no_name(entry, parts, layout))


def _name(parts: tuple[str, ...]) -> ModelName | None:
    try:
        return ModelName.from_path_parts(parts)
    except InvalidName:
        return None


def _too_high(entry: Entry, layout: Layout, seen: InManifests) -> Finding:
    path, found = Path(entry.path), entry.followed()
    if found is None:
        hint = f"Mount the disk it leads to, or remove it: rm {shlex.quote(entry.path)}. {_NOTHING_IS_UNUSED}"
        message = "a link that leads nowhere; which models are behind it is not known"
        return Finding(FindingKind.DANGLING_LINK, path, message, hint)
    if name := name_at(entry.path):
        seen.misplaced.append(path)
        seen.importable.append(path)
        message = f"Ollama does not see it; the manifest of {name.short} belongs in {layout.manifest(name)}"
        return _stray(entry, message, import_all(layout))
    if stat.S_ISREG(found.st_mode) and may_be_manifest(entry):
        seen.misplaced.append(path)
        return _stray(entry, "Ollama does not see it, and it may be a manifest", _TO_ITS_PLACE)
    return _stray(entry, "Ollama does not look for manifests here", "Move it away.")


def _too_deep(entry: Entry, layout: Layout, seen: InManifests) -> Finding:
    message = "a folder in a manifest's place, into which Ollama does not look"
    if found := may_hold_manifests(Path(entry.path), root=layout.root):
        seen.misplaced.extend(found)
        what = "what is in it is not known" if found == [Path(entry.path)] else f"{found[0]} may be a manifest"
        return _stray(entry, f"{message}; {what}", _TO_ITS_PLACE)
    return _stray(entry, message, "Move it away.")


def _no_name(entry: Entry, parts: tuple[str, ...], layout: Layout) -> Finding:
    hint = "Move it away."
    model, _, tag = parts[3].partition(":")
    meant = _name((*parts[:3], tag)) if model == parts[2] else None
    if meant:
        hint = f"If it is the manifest of {meant.short}: {_rename(entry, layout.manifest(meant))}."
    return _stray(entry, f"not a model's name; {CLEAN_UP_IS_OFF}", f"{hint} {_NOTHING_IS_UNUSED}")


def _rename(entry: Entry, target: Path) -> str:
    return f"mv -n {shlex.quote(entry.path)} {shlex.quote(str(target))}"


def _stray(entry: Entry, message: str, hint: str) -> Finding:
    return Finding(FindingKind.STRAY, Path(entry.path), message, hint)
