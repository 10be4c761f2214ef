"""What lies in ``blobs/`` besides blobs."""

import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import InvalidDigest, MachineError
from packllama.check.finding import Finding, FindingKind
from packllama.check.survey.entries import Entry, entries
from packllama.check.survey.in_manifests import import_all
from packllama.check.survey.shut import shut
from packllama.check.survey.unfinished import DOWNLOAD, is_temporary
from packllama.digest import Digest
from packllama.places.store.layout import Layout


@dataclass(frozen=True, slots=True)
class InBlobs:
    """Blobs by their digests, all that has no blob's name, and that the folder cannot be listed."""

    blobs: dict[Digest, Entry]
    others: tuple[Entry, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        return (*self.blobs.values(), *self.others)


def look_into_blobs(layout: Layout) -> InBlobs:
    """What is there, or that it cannot be told."""
    blobs, others = {}, []
    try:
        found = entries(layout.blobs)
    except MachineError as error:
        return InBlobs({}, findings=(shut(error),))
    for entry in found:
        try:
            blobs[Digest.from_file_name(entry.name)] = entry
        except InvalidDigest:
            others.append(entry)
    return InBlobs(blobs, tuple(others))


def strays_in_blobs(
    layout: Layout, others: Sequence[Entry], *, lacking: Collection[Digest], misplaced: bool
) -> Iterator[Finding]:
    """Findings about what has no blob's name. ``lacking``: blobs that models need and that are not there.

    ``misplaced``: there are manifests that Ollama does not see, and what puts them right does so to their blobs.
    """
    downloads: dict[str, list[Entry]] = {}
    for entry in others:
        if match := DOWNLOAD.fullmatch(entry.name):
            downloads.setdefault(match[1], []).append(entry)
        elif is_temporary(entry):
            yield _temporary(entry)
        elif entry.name == "sha256" and entry.is_folder:
            yield from _untarred(layout, entry, lacking)
        else:
            yield _stray(layout, entry, misplaced)
    yield from (_download(blob, files) for blob, files in downloads.items())


def _temporary(entry: Entry) -> Finding:
    # Its clean-up passes over folders.
    hint = "Remove it when no Ollama is creating a model." if entry.is_folder else "Ollama removes it when it starts."
    return Finding(FindingKind.UNFINISHED, Path(entry.path), "a temporary file of Ollama's", hint)


def _untarred(layout: Layout, folder: Entry, lacking: Collection[Digest]) -> Iterator[Finding]:
    """Bundles name each blob a second time, for OCI tools."""
    for digest in sorted(lacking):
        path = Path(folder.path, digest.hex)
        if path.is_file():
            message = "a blob that a model lacks, in a folder into which Ollama does not look"
            yield Finding(FindingKind.STRAY, path, message, _rename(path, layout.blob(digest)), digest=digest)
    message = "a folder of blobs, as untarring a bundle leaves it, into which Ollama does not look"
    hint = f"When no model lacks a blob, none needs it: rm -r {shlex.quote(folder.path)}"
    yield Finding(FindingKind.STRAY, Path(folder.path), message, hint)


def _stray(layout: Layout, entry: Entry, misplaced: bool) -> Finding:
    path, digest = Path(entry.path), _with_colon(entry.name)
    hint = "Move it away if you need it: Ollama removes it when it starts."
    if entry.is_folder:
        hint = "Move it away: Ollama does not look into it."
    elif digest and not layout.blob(digest).exists():
        hint = import_all(layout) if misplaced else _rename(path, layout.blob(digest))
    return Finding(FindingKind.STRAY, path, "no blob's name", hint, digest=digest)


def _with_colon(name: str) -> Digest | None:
    """The digest that a file is called by, as registries and manifests write it."""
    try:
        return Digest.parse(name)
    except InvalidDigest:
        return None


def _rename(path: Path, target: Path) -> str:
    return f"Give it a blob's name: mv -n {shlex.quote(str(path))} {shlex.quote(str(target))}"


def _download(blob: str, files: Sequence[Entry]) -> Finding:
    """One finding per download, however many parts it has."""
    several = f", {len(files)} files" if len(files) > 1 else ""
    return Finding(
        FindingKind.UNFINISHED,
        Path(files[0].path),
        f"an unfinished download of Ollama's{several}",
        "Pull the model again to finish it; Ollama removes it when it starts.",
        digest=Digest.from_file_name(blob),
    )
