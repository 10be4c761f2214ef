"""``create``: build a model and give it a name."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import ModelfileError, NotSupported, TemplateError
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.build.assemble import BuiltLayer, assemble
from packllama.build.detect import Detected, detect
from packllama.build.intake import Rehearsal, SessionIntake
from packllama.build.likeness import Likeness
from packllama.build.parent import Parent, read_parent
from packllama.build.sources import SourceFile, find_sources, opened
from packllama.config import ModelConfig
from packllama.gguf import architecture
from packllama.manifest import LayerKind, Manifest
from packllama.modelfile import Modelfile, Recipe
from packllama.name import ModelName, Source, check_not_reserved, split_source
from packllama.places.store import Removal, Session, Store, delete_replaced, has_valid_record
from packllama.template import Template

# What Ollama writes into a stub of a model of its own service.
_CLOUD_HOST = "https://ollama.com:443"


@dataclass(frozen=True, slots=True)
class Created:
    """What ``create`` made. ``name`` is in the store's spelling; ``removed`` is what an older model left over.

    ``warnings`` are Ollama's, in its words; ``notes`` are ours, about what a person hardly means; ``about_template``
    says what was chosen and how well it agrees.
    """

    name: ModelName
    manifest: Manifest
    layers: tuple[BuiltLayer, ...]
    removed: Removal
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    about_template: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What ``create`` would make. Files were not hashed: their layers have the digest ``intake.UNKNOWN``."""

    name: ModelName
    replaces: bool
    layers: tuple[BuiltLayer, ...]
    files: tuple[Path, ...]
    bytes_to_read: int
    warnings: tuple[str, ...]
    about_template: tuple[str, ...]


def create(
    name: ModelName,
    modelfile: Modelfile,
    *,
    base: Path,
    store: Store,
    where: str = "",
    like: str | Likeness = "",
    link: bool = False,
    keep_replaced: bool = False,
    observer: Observer = SILENT,
    stop: Stop | None = None,
) -> Created:
    """Build the model that a Modelfile describes, and publish it under ``name``.

    ``base`` is the absolute folder that relative paths count from, ``where`` the Modelfile's path for errors.
    ``like`` is the template of ours to use where otherwise one is chosen, or what another model hands down.
    ``link``: take files in by hard links where that is safe. A model that had the name is replaced at the end, and
    the blobs that only it used are removed, unless ``keep_replaced``.

    Raises:
        InvalidName: the name's tag has a meaning of its own in Ollama.
        ModelfileError, TemplateError, MissingFile, ModelNotFound, GGUFError, NotSupported: the input. The store was
            not touched.
        UsageError: ``like`` is no template of ours, or there is nothing for it to do. The store was not touched.
        NoSpace, NoRights: the store. It is as it was.
        FileChanged: a file was written to meanwhile. The store is as it was.
        Cancelled: ``stop`` was set. The store is as it was.
    """
    stop = stop or Stop()
    with (
        _ingredients(name, modelfile, base=base, store=store, where=where, like=like, stop=stop) as found,
        Session(store, holder=f"create {name.short}", observer=observer, stop=stop) as session,
    ):
        session.check_name(name)
        session.check_space([file.before.st_size for file in found.files if _needs_space(session, file, link=link)])
        observer.planned(sum(file.before.st_size for file in found.files) + _bytes_to_hash(store, found.parent))
        manifest, layers = assemble(
            found.recipe,
            SessionIntake(session, link=link),
            parent=found.parent,
            files=found.files,
            remote=found.remote,
            detected=found.detected,
        )
        name, replaced = session.publish(name, manifest)
    decoded = Manifest.decode(manifest, where=name.short)
    return Created(
        name=name,
        manifest=decoded,
        layers=layers,
        removed=Removal(0) if keep_replaced else delete_replaced(store, replaced, by=decoded),
        warnings=found.recipe.warnings,
        notes=found.warnings,
        about_template=found.about_template,
    )


def rehearse(
    name: ModelName,
    modelfile: Modelfile,
    *,
    base: Path,
    store: Store,
    where: str = "",
    like: str | Likeness = "",
    stop: Stop | None = None,
) -> Rehearsed:
    """Check everything that ``create`` checks before it writes, and say what it would make. Writes nothing.

    Raises: as ``create`` does for its input.
    """
    stop = stop or Stop()
    with _ingredients(name, modelfile, base=base, store=store, where=where, like=like, stop=stop) as found:
        _, layers = assemble(
            found.recipe,
            Rehearsal(store),
            parent=found.parent,
            files=found.files,
            remote=found.remote,
            detected=found.detected,
        )
        canonical = store.canonical(name)
        return Rehearsed(
            name=canonical,
            replaces=canonical in store.scan().names,
            layers=layers,
            files=tuple(file.path for file in found.files),
            bytes_to_read=sum(file.before.st_size for file in found.files),
            warnings=(*found.recipe.warnings, *found.warnings),
            about_template=found.about_template,
        )


@dataclass(frozen=True, slots=True)
class _Ingredients:
    """Everything parsed, opened and checked. ``warnings`` are about the sources."""

    recipe: Recipe
    parent: Parent | None
    remote: ModelConfig | None
    files: tuple[SourceFile, ...]
    warnings: tuple[str, ...]
    detected: Detected | None
    likeness: Likeness | None

    @property
    def about_template(self) -> tuple[str, ...]:
        said = (self.likeness, self.detected)
        return tuple(sentence for each in said if each for sentence in each.sentences)


@contextlib.contextmanager
def _ingredients(
    name: ModelName, modelfile: Modelfile, *, base: Path, store: Store, where: str, like: str | Likeness, stop: Stop
) -> Iterator[_Ingredients]:
    check_not_reserved(name)
    likeness, template = (like, "") if isinstance(like, Likeness) else (None, like)
    if likeness:
        modelfile = likeness.completing(modelfile)
    recipe = Recipe.of(modelfile, where=where)
    sources = find_sources(recipe, base=base, where=where)
    if len(sources.adapters) > 1:
        raise NotSupported("only one adapter is currently supported, also by Ollama", where=where)
    parent, remote = _parent(store, sources.parent, recipe)
    base_files = () if sources.parent else sources.files
    with (
        opened(base_files, stop=stop) as weights,
        opened(() if remote else sources.adapters, stop=stop) as adapters,
        opened(sources.drafts, stop=stop, draft=True) as drafts,
    ):
        _check_template(modelfile, where)
        ignored = sources.files if sources.parent else ()
        warnings = [
            f"warning: {path} is not used: beside FROM {sources.parent} Ollama ignores files" for path in ignored
        ]
        detected = detect(weights, recipe, like=template, stop=stop)
        warnings += _oddities(parent or remote, weights, adapters)
        if likeness:
            warnings += likeness.doubts(_family(weights))
        files = (*weights, *adapters, *drafts)
        yield _Ingredients(recipe, parent, remote, files, tuple(warnings), detected, likeness)


def _check_template(modelfile: Modelfile, where: str) -> None:
    """The last TEMPLATE is the one that counts."""
    for command in reversed(modelfile.commands):
        if command.name == "template":
            try:
                Template.parse(command.argument)
            except TemplateError as error:
                place = f"{where}:{command.line}" if where else f"line {command.line}"
                raise TemplateError(f"template error: {error.message}", where=place) from error
            return


def _oddities(base: object, weights: Sequence[SourceFile], adapters: Sequence[SourceFile]) -> Iterator[str]:
    """What Ollama takes without a word, and what a person hardly means."""
    models = [str(file.path) for file in weights if file.kind is LayerKind.MODEL]
    if len(models) > 1:
        yield f"warning: several files with weights, of which only the last is loaded: {', '.join(models)}"
    if not models and base is None:
        yield "warning: no file with weights, so the model cannot answer"
    for file in adapters:
        if file.kind is not LayerKind.ADAPTER:
            yield f"warning: {file.path} is no adapter but a {file.kind}, and counts as one"


def _family(weights: Sequence[SourceFile]) -> str:
    """Of several, the last one is loaded."""
    models = [file.gguf for file in weights if file.kind is LayerKind.MODEL]
    return architecture(models[-1]) if models else ""


def _needs_space(session: Session, file: SourceFile, *, link: bool) -> bool:
    return session.needs_space(file.descriptor, path=file.path, before=file.before, may_link=link)


def _bytes_to_hash(store: Store, parent: Parent | None) -> int:
    """Inherited blobs are read once more unless it is known since when they are right."""
    blobs = parent.parts.model.blobs if parent else ()
    return sum(blob.size for blob in blobs if not has_valid_record(store.layout, blob.digest))


def _parent(store: Store, reference: str, recipe: Recipe) -> tuple[Parent | None, ModelConfig | None]:
    if not reference:
        return None, None
    text, source = split_source(reference)
    if source is not Source.CLOUD:
        return read_parent(store, text), None
    if recipe.drafts:
        raise ModelfileError("DRAFT cannot be used with remote models")
    stub = ModelConfig(
        renderer=recipe.renderer,
        parser=recipe.parser,
        requires=recipe.requires,
        remote_host=_CLOUD_HOST,
        remote_model=text,
    )
    return None, stub
