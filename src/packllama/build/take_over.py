"""Read what can be taken over from a model, in whichever place it is: its small layers, decoded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packllama.base.errors import BadInput, InvalidManifest, TemplateError
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.build.likeness import Likeness
from packllama.build.small_layers import read_small_layers
from packllama.config import ModelConfig
from packllama.digest import Digest
from packllama.jsonfields import Json, first_value
from packllama.manifest import LayerKind
from packllama.model import Model
from packllama.modelfile import PARAMETERS, Command, Modelfile, Recipe, parameter_texts
from packllama.places.place import Source
from packllama.template import Template

# Of the parameters that nobody knows, so many are named, and so much of each.
_MOST_NAMED, _SHOWN = 5, 60


def read_likeness(model: Model, *, source: Source, observer: Observer = SILENT, stop: Stop | None = None) -> Likeness:
    """What can be taken over from a model that a place holds. Some KiB are read, and no weights.

    Raises:
        InvalidManifest, TemplateError, ModelfileError: a layer is not what it should be.
        BadInput: there is nothing to take over.
        IntegrityError, FarSideError, MachineError: a layer cannot be had. Cancelled.
    """
    layers = _Layers(model, read_small_layers(model, source=source, observer=observer, stop=stop or Stop()))
    config = layers.config()
    parameters = layers.parameters()
    commands = (*layers.texts(), *_of_config(config), *_of_parameters(parameters, layers.where), *layers.licenses())
    if not commands:
        raise BadInput("it has no template, system text, parameters or licence to be taken over", where=layers.where)
    _check(commands, layers.where)
    return Likeness(layers.where, config.model_family, commands, tuple(_left_out(parameters, layers.where)))


@dataclass(frozen=True, slots=True)
class _Layers:
    model: Model
    contents: Mapping[Digest, bytes]

    @property
    def where(self) -> str:
        return self.model.name.short

    def config(self) -> ModelConfig:
        return ModelConfig.decode(self.contents[self.model.manifest.config.digest], where=f"{self.where}: config")

    def texts(self) -> Iterator[Command]:
        """Of several the last one counts, as when Ollama loads them."""
        for name, kinds in (("template", (LayerKind.TEMPLATE, LayerKind.PROMPT)), ("system", (LayerKind.SYSTEM,))):
            if text := ["", *self._all(*kinds)][-1]:
                yield Command(name, text)

    def licenses(self) -> Iterator[Command]:
        return (Command("license", text) for text in dict.fromkeys(self._all(LayerKind.LICENSE)) if text)

    def parameters(self) -> Mapping[str, Json]:
        merged: dict[str, Json] = {}
        where = f"{self.where}: params"
        for text in self._all(LayerKind.PARAMS):
            value, _ = first_value(text.encode(), where=where)
            if value is not None and not isinstance(value, dict):
                raise InvalidManifest("expected an object of parameters", where=where)
            merged |= value or {}
        return {name: value for name, value in merged.items() if value is not None}

    def _all(self, *kinds: LayerKind) -> Sequence[str]:
        layers = self.model.manifest.of_kind(*kinds)
        return [_text(self.contents[layer.digest], f"{self.where}: {layer.kind}") for layer in layers]


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        message = f"expected text, found bytes that are no UTF-8, from byte {error.start:,} on"
        raise InvalidManifest(message, where=where) from error


def _of_config(config: ModelConfig) -> Iterator[Command]:
    for name, text in (("renderer", config.renderer), ("parser", config.parser), ("requires", config.requires)):
        if text:
            yield Command(name, text)


def _of_parameters(parameters: Mapping[str, Json], where: str) -> Iterator[Command]:
    for name in sorted(parameters.keys() & PARAMETERS.keys()):
        texts = parameter_texts(name, parameters[name])
        if texts is None:
            raise InvalidManifest(f"expected {PARAMETERS[name].value} as {name}", where=f"{where}: params")
        yield from (Command(name, text) for text in texts)


def _left_out(parameters: Mapping[str, Json], where: str) -> Iterator[str]:
    unknown = sorted(parameters.keys() - PARAMETERS.keys())
    if unknown:
        names = [name[:_SHOWN] for name in unknown[:_MOST_NAMED]]
        more = f" and {len(unknown) - len(names):,} more" if len(unknown) > len(names) else ""
        yield f"not taken over from {where}, because no Modelfile can say it: {', '.join(names)}{more}"


def _check(commands: tuple[Command, ...], where: str) -> None:
    """What is wrong is the other model's fault, and no line of a Modelfile's."""
    recipe = Recipe.of(Modelfile(commands), where=where)
    try:
        Template.parse(recipe.template)
    except TemplateError as error:
        raise TemplateError(f"its template does not parse: {error.message}", where=where) from error
