"""What stands in a store, before a byte of a blob is read."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packllama.base.errors import InvalidDigest, MachineError, ModelNotFound, NoRights, PackLlamaError
from packllama.base.stop import Stop
from packllama.check.finding import Finding, FindingKind
from packllama.check.survey.command import command
from packllama.check.survey.entries import Entry, entries, entries_at
from packllama.check.survey.in_blobs import look_into_blobs, strays_in_blobs
from packllama.check.survey.in_manifests import CLEAN_UP_IS_OFF, look_into_manifests
from packllama.check.survey.linked import foreign_links, no_folders
from packllama.check.survey.odd_names import case_twins, reserved_tags
from packllama.check.survey.own_leftovers import own_leftovers
from packllama.check.survey.rights import wrong_rights
from packllama.check.survey.shut import ASK_ANOTHER, shut
from packllama.digest import Digest
from packllama.model import Model
from packllama.name import ModelName
from packllama.places.store import Store
from packllama.places.store.layout import Layout


@dataclass(frozen=True, slots=True)
class Survey:
    """The models to check, what is wrong beside them, the blobs they need, and those that are there.

    Of some models only, nothing is known of what is there beside theirs. ``misplaced``: manifests that Ollama does not
    see, and that may name blobs all the same.
    """

    models: tuple[Model, ...]
    findings: tuple[Finding, ...]
    needed: frozenset[Digest]
    present: Mapping[Digest, Entry] = field(default_factory=dict)
    misplaced: tuple[Path, ...] = ()

    @property
    def names(self) -> tuple[ModelName, ...]:
        """Of the models, and of those that cannot be read, in order."""
        kinds = FindingKind.UNREADABLE_MANIFEST, FindingKind.FORBIDDEN
        unreadable = (name for finding in self.findings if finding.kind in kinds for name in finding.models)
        # Ten thousand names are compared ten times as fast by their parts.
        return tuple(sorted((*(model.name for model in self.models), *unreadable), key=lambda name: name.path_parts))

    def digests(self) -> tuple[Digest, ...]:
        """Every blob that is to be looked at, once."""
        return tuple(sorted(self.needed | self.present.keys(), key=lambda digest: digest.hex))


def survey(store: Store, names: Iterable[ModelName] = (), *, stop: Stop | None = None) -> Survey:
    """Look at the models of these names only, or at the whole store.

    Raises:
        ModelNotFound: one of the names is not there.
        MachineError: the store cannot be looked at. Cancelled: ``stop`` was set.
    """
    wanted, stop = list(names), stop or Stop()
    return _of_names(store, wanted, stop) if wanted else _of_all(store, stop)


def _of_names(store: Store, wanted: Sequence[ModelName], stop: Stop) -> Survey:
    layout = store.layout
    there = look_into_manifests(layout).names
    spelled = list(dict.fromkeys(name.canonical(there) for name in wanted))
    models, broken = _models(store, spelled, stop)
    unread = {name for finding in broken for name in finding.models}
    if gone := set(spelled) - {model.name for model in models} - unread:
        raise ModelNotFound(min(gone).short)
    folded = {name.folded for name in spelled}
    of_them = [name for name in there if name.folded in folded]
    odd = _odd(layout, of_them, models, entries_at(_paths(layout, models, unread)))
    return Survey(models, (*broken, *odd), _needed(models))


def _of_all(store: Store, stop: Stop) -> Survey:
    layout = store.layout
    # Blobs before manifests: what is published in between is not taken for an orphan.
    in_blobs = look_into_blobs(layout)
    in_manifests = look_into_manifests(layout)
    models, broken = _models(store, in_manifests.names, stop)
    needed = _needed(models)
    own = entries_at((layout.blobs, layout.manifests, layout.own))
    in_own, own_findings = _own(layout)
    folders = [*own, *(entry for entry in in_own if entry.is_folder)]
    findings = (
        *broken,
        *in_manifests.findings,
        *in_blobs.findings,
        *strays_in_blobs(
            layout,
            in_blobs.others,
            lacking=needed - in_blobs.blobs.keys(),
            misplaced=bool(in_manifests.importable),
        ),
        *own_findings,
        *_newer_layout(layout),
        *no_folders(layout),
        *_odd(layout, in_manifests.names, models, [*folders, *in_manifests.entries, *in_blobs.entries]),
    )
    return Survey(models, findings, needed, in_blobs.blobs, tuple(in_manifests.misplaced))


def _own(layout: Layout) -> tuple[list[Entry], list[Finding]]:
    """What is in packllama's own folder, and what is wrong there."""
    inside: list[Entry] = []
    try:
        inside = entries(layout.own)
        return inside, list(own_leftovers(layout))
    except MachineError as error:
        return inside, [shut(error)]


def _odd(
    layout: Layout, names: Sequence[ModelName], models: Sequence[Model], seen: Sequence[Entry]
) -> Iterator[Finding]:
    """What Ollama reads all the same, and what will be a nuisance one day."""
    yield from foreign_links(layout, seen)
    yield from wrong_rights(layout, seen)
    yield from case_twins(layout, names)
    yield from reserved_tags(layout, models)


def _paths(layout: Layout, models: Sequence[Model], unread: Iterable[ModelName]) -> Iterator[Path]:
    """Of the files of these models, and of the folders that they are in, each once. ``unread``: manifests alone."""
    files = {layout.manifest(name) for name in (*(model.name for model in models), *unread)}
    files |= {layout.blob(digest) for model in models for digest in model.manifest.digests()}
    folders = {folder for file in files for folder in file.parents if layout.root in folder.parents}
    return iter(sorted(files | folders))


def _needed(models: Sequence[Model]) -> frozenset[Digest]:
    """The digests of all their blobs. Models share layers: by identity they are told apart faster than by value."""
    layers = {id(layer): layer for model in models for layer in model.manifest.layers_and_config}
    return frozenset(layer.digest for layer in layers.values())


def _models(store: Store, names: Iterable[ModelName], stop: Stop) -> tuple[tuple[Model, ...], tuple[Finding, ...]]:
    """The models, and what is wrong with those that cannot be read. Names that are gone are in neither."""
    models, findings = [], []
    for name in names:
        stop.check()
        try:
            models.append(store.model(name))
        except PackLlamaError as error:
            path = store.layout.manifest(name)
            if isinstance(error, NoRights):
                message = f"the manifest cannot be read: {error.message}"
                findings.append(Finding(FindingKind.FORBIDDEN, path, message, ASK_ANOTHER, models=(name,)))
            elif os.path.lexists(path):
                findings.append(_unreadable_manifest(store.layout, name, error))
    return tuple(models), tuple(findings)


def _unreadable_manifest(layout: Layout, name: ModelName, error: PackLlamaError) -> Finding:
    message = "a link that leads nowhere" if isinstance(error, ModelNotFound) else error.message
    # Ollama takes any text for a digest.
    off = "" if isinstance(error.__cause__, InvalidDigest) else f"; {CLEAN_UP_IS_OFF}"
    return Finding(
        FindingKind.UNREADABLE_MANIFEST,
        layout.manifest(name),
        f"the manifest cannot be read: {message}{off}",
        f"Take it anew: {command(layout, 'repair', name.short, '--from', 'PLACE')}; "
        f"or remove it: {command(layout, 'rm', name.short)}",
        models=(name,),
    )


def _newer_layout(layout: Layout) -> Iterator[Finding]:
    if os.path.lexists(layout.newer_manifests):
        yield Finding(
            FindingKind.NEWER_LAYOUT,
            layout.newer_manifests,
            "a layout of Ollama's development versions, which is not understood; "
            "while it is there, no blob can be called unused",
            "Use its models with the Ollama that made it; when they are not wanted any more, move it away.",
        )
