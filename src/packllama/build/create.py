"""``create``: build a model and give it a name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packllama import gojson
from packllama.base.errors import InvalidName, NotSupported
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.build.configure import built_in_stops, configure
from packllama.build.sources import SourceFile, opened
from packllama.digest import Digest
from packllama.gguf import GGUF, Kind
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, Manifest, compose
from packllama.modelfile import Modelfile, ParameterValue, Recipe, expand_path
from packllama.name import ModelName, reserved
from packllama.places.store import Removal, Session, Store, delete_unreferenced

_LAYER_KINDS = {
    Kind.MODEL: LayerKind.MODEL,
    Kind.PROJECTOR: LayerKind.PROJECTOR,
    Kind.ADAPTER: LayerKind.ADAPTER,
}


@dataclass(frozen=True, slots=True)
class CreatedLayer:
    """A layer of the new model, and whether its blob was in the store before."""

    layer: Layer
    existed: bool


@dataclass(frozen=True, slots=True)
class Created:
    """What ``create`` made. ``name`` is in the store's spelling; ``removed`` is what an older model left over."""

    name: ModelName
    manifest: Manifest
    layers: tuple[CreatedLayer, ...]
    removed: Removal
    warnings: tuple[str, ...]


def create(
    name: ModelName,
    modelfile: Modelfile,
    *,
    base: Path,
    store: Store,
    where: str = "",
    keep_replaced: bool = False,
    observer: Observer = SILENT,
    stop: Stop | None = None,
) -> Created:
    """Build the model that a Modelfile describes, and publish it under ``name``.

    ``base`` is the absolute folder that relative paths count from, ``where`` the Modelfile's path for errors.
    A model that had the name is replaced at the end, and the blobs that only it used are removed, unless
    ``keep_replaced``.

    Raises:
        InvalidName: the name's tag has a meaning of its own in Ollama.
        ModelfileError, MissingFile, GGUFError, NotSupported: the input. The store was not touched.
        NoSpace, NoRights: the store. It is as it was.
        FileChanged: a file was written to meanwhile. The store is as it was.
        Cancelled: ``stop`` was set. The store is as it was.
    """
    stop = stop or Stop()
    _check_name(name)
    recipe = Recipe.of(modelfile, where=where)
    _check_supported(recipe, where)
    paths = [expand_path(argument, base=base) for argument in recipe.froms]
    with (
        opened(recipe.froms, paths) as files,
        Session(store, holder=f"create {name.short}", observer=observer, stop=stop) as session,
    ):
        builder = _Builder(session, observer)
        manifest = builder.build(recipe, files)
        name, replaced = session.publish(name, manifest)
    decoded = Manifest.decode(manifest, where=name.short)
    left_over = replaced.digests() - decoded.digests() if replaced and not keep_replaced else frozenset[Digest]()
    return Created(
        name=name,
        manifest=decoded,
        layers=tuple(builder.layers),
        removed=delete_unreferenced(store, left_over, observer=observer, stop=stop),
        warnings=recipe.warnings,
    )


class _Builder:
    """Fills a session with one model's blobs, in layer order."""

    def __init__(self, session: Session, observer: Observer) -> None:
        self._session = session
        self._observer = observer
        self.layers: list[CreatedLayer] = []

    def build(self, recipe: Recipe, files: Sequence[SourceFile]) -> bytes:
        """Take everything in; the manifest's bytes."""
        total = sum(file.before.st_size for file in files)
        self._session.check_space(total)
        self._observer.planned(total)
        for file in files:
            self._add_file(file)
        models = [file.gguf for file in files if file.kind is Kind.MODEL]
        self._add_text(LayerKind.TEMPLATE, recipe.template)
        self._add_text(LayerKind.SYSTEM, recipe.system)
        for license_text in recipe.licenses:
            self._add(LayerKind.LICENSE, license_text.encode())
        self._add_parameters(recipe.parameters, models)
        if recipe.messages:
            messages = [{"role": message.role.lower(), "content": message.content} for message in recipe.messages]
            self._add(LayerKind.MESSAGES, gojson.line(messages))
        return compose(self._config(models), [created.layer for created in self.layers])

    def _add_file(self, file: SourceFile) -> None:
        blob = self._session.ingest(file.descriptor, before=file.before, where=str(file.path))
        kind = _LAYER_KINDS[file.kind]
        layer = Layer(kind.media_type, blob.digest, blob.size, source=file.source)
        self.layers.append(CreatedLayer(layer, self._session.existed(blob)))

    def _add_text(self, kind: LayerKind, text: str) -> None:
        if text:
            self._add(kind, text.encode())

    def _add_parameters(self, given: Mapping[str, ParameterValue], models: Sequence[GGUF]) -> None:
        parameters: dict[str, gojson.JSON] = dict(given)
        if stops := built_in_stops(models):
            parameters.setdefault("stop", stops)
        if parameters:
            # Ollama's numbers have passed through JSON into a map, and so through a 64-bit float.
            self._add(LayerKind.PARAMS, gojson.line(parameters, sort_keys=True, as_float64=True))

    def _add(self, kind: LayerKind, data: bytes) -> None:
        blob = self._session.put(data)
        layer = Layer(kind.media_type, blob.digest, blob.size)
        self.layers.append(CreatedLayer(layer, self._session.existed(blob)))

    def _config(self, models: Sequence[GGUF]) -> Layer:
        blob = self._session.put(configure(models).encode())
        return Layer(CONFIG_TYPE, blob.digest, blob.size)


def _check_name(name: ModelName) -> None:
    if reserved(name.tag):
        raise InvalidName(
            f"the tag {name.tag!r} has a meaning of its own in Ollama: such a model could not be run or removed there",
            where=name.short,
            hint="Choose another tag.",
        )


def _check_supported(recipe: Recipe, where: str) -> None:
    for command, value in (
        ("ADAPTER", recipe.adapters),
        ("DRAFT", recipe.drafts),
        ("RENDERER", recipe.renderer),
        ("PARSER", recipe.parser),
        ("REQUIRES", recipe.requires),
    ):
        if value:
            raise NotSupported(
                f"{command} is not supported yet",
                where=where,
                hint="Leave the line out, or build this model elsewhere.",
            )
