"""The layers of a new model in Ollama's order, with its config and manifest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from packllama import gojson
from packllama.build.configure import built_in_stops, configure
from packllama.build.detect import Detected
from packllama.build.intake import Intake
from packllama.build.parent import Parent
from packllama.build.sources import SourceFile
from packllama.config import ModelConfig
from packllama.gguf import GGUF
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, compose
from packllama.modelfile import Recipe


@dataclass(frozen=True, slots=True)
class BuiltLayer:
    """A layer of the new model, and whether its blob was in the store before."""

    layer: Layer
    existed: bool


class Assembly:
    """One model's layers, gathered in order. The steps are methods, called by :func:`assemble`."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.layers: list[BuiltLayer] = []
        self.headers: dict[LayerKind, list[GGUF]] = {}

    def add_parent(self, parent: Parent) -> None:
        # Not handed down, but read: damage in it shall not become part of a sound model.
        self._intake.inherited(parent.parts.model.manifest.config)
        for layer in parent.layers:
            blob = self._intake.inherited(layer)
            self.layers.append(BuiltLayer(replace(layer, size=blob.size, source=parent.source), existed=True))
            if layer in parent.headers and layer.kind is not None:
                self.headers.setdefault(layer.kind, []).append(parent.headers[layer])

    def add_file(self, file: SourceFile) -> None:
        blob = self._intake.file(file)
        layer = Layer(file.kind.media_type, blob.digest, blob.size, source=file.source)
        self.layers.append(BuiltLayer(layer, self._intake.existed(blob)))
        self.headers.setdefault(file.kind, []).append(file.gguf)

    def add(self, kind: LayerKind, data: bytes) -> None:
        blob = self._intake.data(data)
        self.layers.append(BuiltLayer(Layer(kind.media_type, blob.digest, blob.size), self._intake.existed(blob)))

    def put_instead(self, kind: LayerKind, data: bytes) -> None:
        """Remove all layers of the kind and append this one."""
        self.layers = [built for built in self.layers if built.layer.kind is not kind]
        self.add(kind, data)


def assemble(
    recipe: Recipe,
    intake: Intake,
    *,
    parent: Parent | None,
    files: Sequence[SourceFile],
    remote: ModelConfig | None = None,
    detected: Detected | None = None,
) -> tuple[bytes, tuple[BuiltLayer, ...]]:
    """Take everything in; the manifest's bytes and the layers.

    ``files`` are those of FROM, ADAPTER and DRAFT, in this order; ``remote`` is the config of a stub; ``detected`` is
    what one of the files brings along where the recipe says nothing.
    """
    assembly = Assembly(intake)
    if parent is not None:
        assembly.add_parent(parent)
    for file in files:
        assembly.add_file(file)
        if detected and detected.file is file and detected.template:
            assembly.add(LayerKind.TEMPLATE, detected.template.encode())
    models = assembly.headers.get(LayerKind.MODEL, [])
    drafts = assembly.headers.get(LayerKind.DRAFT, [])
    config = remote or configure(
        recipe, models=models, drafts=drafts, inherited=parent.parts.config if parent else None
    )
    _add_texts(assembly, recipe, system=detected.system if detected else "")
    stops = built_in_stops(models, config) or (detected.stops if detected else ())
    _add_parameters(assembly, recipe, parent, stops)
    if recipe.messages:
        messages = [{"role": message.role.lower(), "content": message.content} for message in recipe.messages]
        assembly.put_instead(LayerKind.MESSAGES, gojson.line(messages))
    blob = intake.data(config.encode())
    layers = tuple(assembly.layers)
    return compose(Layer(CONFIG_TYPE, blob.digest, blob.size), [built.layer for built in layers]), layers


def _add_texts(assembly: Assembly, recipe: Recipe, *, system: str) -> None:
    for kind, text in ((LayerKind.TEMPLATE, recipe.template), (LayerKind.SYSTEM, recipe.system or system)):
        if text:
            assembly.put_instead(kind, text.encode())
    for text in recipe.licenses:
        assembly.add(LayerKind.LICENSE, text.encode())


def _add_parameters(assembly: Assembly, recipe: Recipe, parent: Parent | None, stops: Sequence[str]) -> None:
    merged: dict[str, gojson.JSON] = dict(parent.parts.parameters) if parent else {}
    if stops:
        merged["stop"] = list(stops)
    merged |= recipe.parameters
    if merged:
        # Ollama's numbers have passed through JSON into a map, and so through a 64-bit float.
        assembly.put_instead(LayerKind.PARAMS, gojson.line(merged, sort_keys=True, as_float64=True))
