"""Which template a model made of files gets when its Modelfile has none, and what a person is told about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packllama.base.errors import UsageError
from packllama.base.stop import Stop
from packllama.build.configure import configure
from packllama.build.sources import SourceFile
from packllama.catalog.choose import Choice, choose, named
from packllama.catalog.tokens import SpecialTokens, read_tokens
from packllama.gguf import chat_template, is_embedding_model
from packllama.manifest import LayerKind
from packllama.modelfile import Recipe

_WAY_OUT = "write a TEMPLATE, or take one of packllama's with --like NAME"
_WITHOUT = f"no template, and the GGUF brings none: a prompt reaches the model as it is; {_WAY_OUT}"
_WITH_ITS_OWN = (
    "no template chosen: {}. The GGUF's own is used; versions of Ollama that cannot do that pass on the bare prompt: "
    f"{_WAY_OUT}"
)


@dataclass(frozen=True, slots=True)
class Detected:
    """What the weights in ``file`` bring along. An empty text: nothing, or the Modelfile has its own."""

    file: SourceFile
    template: str
    system: str
    stops: tuple[str, ...]
    sentences: tuple[str, ...]


def detect(files: Sequence[SourceFile], recipe: Recipe, *, like: str, stop: Stop) -> Detected | None:
    """Choose for the files of FROM; ``like`` is the format that the user wants. None: there is nothing to choose.

    Raises:
        UsageError: ``like`` is no format, beside a TEMPLATE, or has no weights to be for.
        GGUFError: the tokenizer is damaged.
        Cancelled: ``stop`` was set.
    """
    # Of several, the last one is loaded.
    models = [file for file in files if file.kind is LayerKind.MODEL]
    if like:
        return _liked(models, recipe, like, stop=stop)
    if not models or (recipe.template and "stop" in recipe.parameters):
        return None
    file = models[-1]
    jinja = chat_template(file.gguf) or ""
    choice = choose(jinja, _tokens(file, stop), stop=stop)
    if choice.format is None:
        sentence = _WITH_ITS_OWN.format(choice.reason) if jinja else _WITHOUT
        return Detected(file, "", "", (), () if _needs_none(file, recipe) else (sentence,))
    if recipe.template:
        return Detected(file, "", "", choice.format.stops, (f"adding the stop words of {choice.format.name}",))
    return Detected(file, choice.template, choice.system, choice.format.stops, tuple(_sentences(choice, recipe)))


def _liked(models: Sequence[SourceFile], recipe: Recipe, like: str, *, stop: Stop) -> Detected:
    chosen = named(like)
    if recipe.template:
        raise UsageError("--like chooses a template, and the Modelfile has a TEMPLATE", hint="Leave one of them out.")
    if not models:
        raise UsageError(
            "--like chooses a template for weights, and FROM names no file with weights",
            hint="Name a GGUF in FROM, or write the TEMPLATE into the Modelfile ('packllama init' shows it).",
        )
    file = models[-1]
    tokens = _tokens(file, stop)
    return Detected(file, chosen.text(bos=tokens.bos, eos=tokens.eos), "", chosen.stops, (f"using template {like}",))


def _tokens(file: SourceFile, stop: Stop) -> SpecialTokens:
    return read_tokens(file.descriptor, file.gguf, where=str(file.path), stop=stop)


def _needs_none(file: SourceFile, recipe: Recipe) -> bool:
    config = configure(recipe, models=[file.gguf], drafts=(), inherited=None)
    return bool(recipe.template or config.renderer or is_embedding_model(file.gguf))


def _sentences(choice: Choice, recipe: Recipe) -> Iterator[str]:
    if choice.format is None or choice.level is None:
        return
    yield f"using autodetected template {choice.format.name} ({choice.level.value})"
    yield from choice.notes
    if choice.system and recipe.system:
        yield "the Modelfile's SYSTEM takes the place of the default system text"
    if choice.ollama not in {None, choice.format.name}:
        yield f"Ollama would choose {choice.ollama}"
