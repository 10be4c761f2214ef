"""What stands in a store, before a byte of a blob is read."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import InvalidDigest, ModelNotFound, PackLlamaError, from_os_error
from packllama.base.locks import is_held
from packllama.check.finding import Finding, FindingKind
from packllama.digest import Digest
from packllama.model import Model
from packllama.name import ModelName
from packllama.places.store import Store
from packllama.places.store.layout import Layout

# An unfinished download of Ollama's: its data, and the state of its parts.
_DOWNLOAD = re.compile(r"(sha256-[0-9a-f]{64})(?:-partial(?:-\d+)?|\.tmp)", re.ASCII)

# Names under which Ollama hashes, quantizes, splits and converts.
_TEMPORARY = re.compile(
    r"(?:sha256-|split-copy|projector-metadata|compat-tensors|split-gguf-|[A-Z][A-Z0-9_]*)\d+", re.ASCII
)
_CONVERSION = re.compile(r"ollama-safetensors\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Survey:
    """The models to check, what is wrong beside them, and blobs that are there and may belong to nobody."""

    models: tuple[Model, ...]
    findings: tuple[Finding, ...]
    present: frozenset[Digest] = frozenset()

    def digests(self) -> tuple[Digest, ...]:
        """Every blob that is to be read, once."""
        needed = (model.manifest.digests() for model in self.models)
        return tuple(sorted(self.present.union(*needed)))


def survey(store: Store, names: Iterable[ModelName] = ()) -> Survey:
    """Look at the models of these names only, or at the whole store.

    Raises:
        ModelNotFound: one of the names is not there.
    """
    wanted = list(names)
    if wanted:
        spelled = list(dict.fromkeys(store.canonical(name) for name in wanted))
        models, findings = _models(store, spelled)
        gone = set(spelled) - {model.name for model in models} - {name for f in findings for name in f.models}
        if gone:
            raise ModelNotFound(min(gone).short)
        return Survey(models, findings)
    # Blobs before manifests: what is published in between is not taken for an orphan.
    present, in_blobs = _blobs(store.layout)
    scan = store.scan()
    models, broken = _models(store, sorted(scan.names))
    strays = [_stray_name(Path(path)) for path in sorted(scan.strays)]
    return Survey(models, (*broken, *strays, *in_blobs, *_unfinished_work(store.layout)), present)


def _models(store: Store, names: Iterable[ModelName]) -> tuple[tuple[Model, ...], tuple[Finding, ...]]:
    """The models, and what is wrong with those that cannot be read. Names that are gone are in neither."""
    models, findings = [], []
    for name in names:
        try:
            models.append(store.model(name))
        except PackLlamaError as error:
            path = store.layout.manifest(name)
            if os.path.lexists(path):
                findings.append(_unreadable_manifest(name, path, error))
    return tuple(models), tuple(findings)


def _unreadable_manifest(name: ModelName, path: Path, error: PackLlamaError) -> Finding:
    message = "a link that leads nowhere" if isinstance(error, ModelNotFound) else error.message
    return Finding(
        FindingKind.UNREADABLE_MANIFEST,
        path,
        f"the manifest cannot be read: {message}",
        "Create or copy the model again, or remove it.",
        models=(name,),
    )


def _stray_name(path: Path) -> Finding:
    return Finding(
        FindingKind.STRAY,
        path,
        "not a model's name",
        "Move it away: while it is there, nothing in the store can be called unused.",
    )


def _blobs(layout: Layout) -> tuple[frozenset[Digest], list[Finding]]:
    """The digests that have a file, and what else lies there."""
    present: set[Digest] = set()
    downloads: dict[str, list[str]] = {}
    findings: list[Finding] = []
    for name in sorted(_entries(layout.blobs)):
        try:
            present.add(Digest.from_file_name(name))
        except InvalidDigest:
            if match := _DOWNLOAD.fullmatch(name):
                downloads.setdefault(match[1], []).append(name)
            else:
                findings.append(_foreign(layout.blobs / name))
    findings += [_download(layout.blobs, blob, files) for blob, files in downloads.items()]
    return frozenset(present), findings


def _foreign(path: Path) -> Finding:
    if _TEMPORARY.fullmatch(path.name):
        return _unfinished(path, "a temporary file of Ollama's", "Ollama removes it when it starts.")
    hint = "Move it away if you need it: Ollama removes it when it starts."
    if path.name.startswith("sha256:"):  # as registries and manifests write it
        hint = f"'packllama import {path.parent.parent} --move' puts it right. Ollama removes it when it starts."
    return Finding(FindingKind.STRAY, path, "no blob's name", hint)


def _download(blobs: Path, blob: str, files: list[str]) -> Finding:
    """One finding per download, however many parts it has."""
    several = f", {len(files)} files" if len(files) > 1 else ""
    return _unfinished(
        blobs / files[0],
        f"an unfinished download of Ollama's{several}",
        "Pull the model again to finish it; Ollama removes it when it starts.",
        digest=Digest.from_file_name(blob),
    )


def _unfinished_work(layout: Layout) -> Iterator[Finding]:
    for name in sorted(_entries(layout.work)):
        folder = layout.work / name
        if not is_held(layout.locks / f"work-{name}") and os.path.lexists(folder):
            yield _unfinished(
                folder, "the work of a packllama that was stopped", "The next 'packllama create' clears it away."
            )
    for name in sorted(_entries(layout.root)):
        if _CONVERSION.fullmatch(name):
            yield _unfinished(
                layout.root / name, "a temporary folder of Ollama's", "Remove it when no Ollama is creating a model."
            )


def _unfinished(path: Path, message: str, hint: str, *, digest: Digest | None = None) -> Finding:
    return Finding(FindingKind.UNFINISHED, path, message, hint, digest=digest)


def _entries(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise from_os_error(error, doing="listing the store", where=folder) from error
