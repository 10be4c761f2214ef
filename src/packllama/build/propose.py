"""``init``: a Modelfile for weights that have none, which says of every line where it comes from."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from packllama.base.errors import BadInput, MissingFile, PackLlamaError
from packllama.base.stop import Stop
from packllama.build.beside import licenses_beside, projectors_beside, read_beside
from packllama.build.configure import configure
from packllama.build.likeness import Likeness
from packllama.build.proposal import Line, Proposal
from packllama.build.sampling import GENERATION_CONFIG, sampling_of_config, sampling_of_gguf
from packllama.build.sources import SourceFile, opened
from packllama.catalog.choose import Choice, choose, named
from packllama.catalog.formats import Format
from packllama.catalog.tokens import SpecialTokens, read_tokens
from packllama.gguf import (
    GGUF,
    architecture,
    chat_template,
    context_length,
    has_inline_vision,
    is_embedding_model,
    license_name,
)
from packllama.manifest import LayerKind
from packllama.modelfile import PARAMETERS, Command, Recipe, decode_modelfile, write_command
from packllama.places.folder import names_in
from packllama.printable import is_printable

# As much context as a machine without a large GPU has memory for.
_MODEST_CONTEXT = 8192


def propose(place: Path, *, base: Path, like: str | Likeness = "", stop: Stop | None = None) -> Proposal:
    """A Modelfile for the weights in a file, or for the only ones in a folder.

    ``base`` is the absolute folder that the Modelfile shall stand in, so that its paths count from there. ``like`` is
    a format of our catalogue, to be taken instead of the one that is found, or what another model hands down: of what
    that says, nothing else is looked for.

    Raises:
        MissingFile: there is nothing at that place.
        GGUFError, NotSupported: no GGUF, a damaged one, one shard of several.
        BadInput: no weights, several of them in the folder, or a file that a Modelfile cannot name.
        UsageError: the catalogue has no format ``like``.
        Cancelled: ``stop`` was set.
    """
    stop = stop or Stop()
    path, gguf, tokens = _weights(place.absolute(), stop=stop)
    sources = [Line("The weights.", _from(path, base=base)), *_projector_lines(path, gguf, base=base, stop=stop)]
    handed, template = ((), like) if isinstance(like, str) else (tuple(handed_down(like, architecture(gguf))), "")
    said = {line.command.name for line in handed if line.command}
    found = [
        *(() if said & {"template", "renderer"} else _template_lines(gguf, tokens, like=template, stop=stop)),
        *_parameter_lines(path.parent, gguf),
        *_license_lines(path.parent, gguf),
    ]
    rest = [line for line in found if line.command is None or line.command.name not in said]
    return Proposal(path, (*sources, *handed, *rest))


def _weights(place: Path, *, stop: Stop) -> tuple[Path, GGUF, SpecialTokens]:
    files = _ggufs_in(place) if place.is_dir() else [place]
    with opened(files, stop=stop) as found:
        models = [file for file in found if file.kind is LayerKind.MODEL]
        if len(models) != 1:
            raise _no_choice(place, models, found)
        (model,) = models
        tokens = read_tokens(model.descriptor, model.gguf, where=str(model.path), stop=stop)
        return model.path, model.gguf, tokens


def _ggufs_in(folder: Path) -> list[Path]:
    return [folder / name for name in names_in(folder) if name.lower().endswith(".gguf")]


def _no_choice(place: Path, models: Sequence[SourceFile], found: Sequence[SourceFile]) -> BadInput:
    if models:
        names = ", ".join(file.path.name for file in models)
        return BadInput(f"several models: {names}", where=str(place), hint="Name one of these files.")
    instead = f", but the {found[0].kind} {found[0].path.name}" if found else ""
    return BadInput(
        f"no weights{instead}",
        where=str(place),
        hint="Name the GGUF of the model itself; a projector beside it is found, an adapter goes into an ADAPTER line.",
    )


def _from(path: Path, *, base: Path) -> Command:
    """A FROM line that leads to a file, from ``base`` if it lies there or below.

    Raises: BadInput, when no Modelfile can name the file.
    """
    below = path.is_relative_to(base)
    command = Command("model", f"./{path.relative_to(base).as_posix()}" if below else str(path))
    if write_command(command) is None:
        raise BadInput(
            "a Modelfile cannot name this file: it drops characters that are not printable",
            where=str(path),
            hint="Give the file another name.",
        )
    return command


def _projector_lines(path: Path, gguf: GGUF, *, base: Path, stop: Stop) -> Iterator[Line]:
    if has_inline_vision(gguf):
        return
    chosen = ""
    for file in sorted(projectors_beside(path, stop=stop), key=lambda file: not file.fits(gguf)):
        if not file.fits(gguf):
            why = f"A projector beside the weights that does not look like theirs: it makes {file.width} numbers."
        elif chosen:
            why = f"Another projector beside the weights, to be used instead of {chosen}."
        else:
            why = "A projector beside the weights: with it the model sees."
        yield Line(why, _from(file.path, base=base), active=file.fits(gguf) and not chosen)
        chosen = chosen or file.path.name


def handed_down(like: Likeness, family: str) -> Iterator[Line]:
    """The lines for weights of this family, the template's so that it can be written."""
    for sentence in (*like.left_out, *like.doubts(family)):
        yield Line(f"{sentence}.")
    for command in like.commands:
        what = "parameters" if command.name in PARAMETERS else command.name
        if command.name == "license":
            yield from _license_line(f"The licence of {like.name}", command.argument)
        else:
            written = _template(command.argument) if command.name == "template" else command
            yield Line(f"The {what} of {like.name}.", written)


def _template_lines(gguf: GGUF, tokens: SpecialTokens, *, like: str, stop: Stop) -> Iterator[Line]:
    built_in = configure(Recipe(()), models=[gguf], drafts=(), inherited=None).renderer
    if like:
        wanted = named(like)
        text = wanted.text(bos=tokens.bos, eos=tokens.eos)
        yield Line(f"The template {like}, as it was asked for.", _template(text))
        yield from _stops(wanted)
    elif built_in:
        yield Line(f"No TEMPLATE: prompts of {architecture(gguf)} are built by Ollama's renderer {built_in}.")
    elif not is_embedding_model(gguf):
        yield from _chosen(choose(chat_template(gguf) or "", tokens, stop=stop))


def _chosen(choice: Choice) -> Iterator[Line]:
    if choice.format is None or choice.level is None:
        yield Line(f"No TEMPLATE: {choice.reason}. --like NAME takes one of packllama's.")
        return
    differs = choice.ollama not in (None, choice.format.name)
    notes = [*choice.notes, *([f"Ollama would choose {choice.ollama}"] if differs else [])]
    agrees = f"it renders what the GGUF's own chat template renders ({choice.level.value})"
    origin = "; ".join([f"The template {choice.format.name}: {agrees}", *notes])
    yield Line(f"{origin}.", _template(choice.template))
    if choice.system:
        yield Line(
            "The system text that the GGUF's own chat template writes by itself.", Command("system", choice.system)
        )
    yield from _stops(choice.format)


def _template(text: str) -> Command:
    """With a comment behind quotes that end a line: they would end the value."""
    return Command("template", text.replace('"""\n', '"""{{/* */}}\n'))


def _stops(chosen: Format) -> Iterator[Line]:
    return (
        Line(f"Where generation stops, by the format {chosen.name}.", Command("stop", text)) for text in chosen.stops
    )


def _parameter_lines(folder: Path, gguf: GGUF) -> Iterator[Line]:
    of_gguf = sampling_of_gguf(gguf)
    yield from _parameters("How the publisher has words chosen, by the GGUF's general.sampling keys.", of_gguf)
    path = folder / GENERATION_CONFIG
    try:
        of_config = sampling_of_config(read_beside(path, what="settings"), where=str(path))
    except MissingFile:
        of_config = {}
    except PackLlamaError as error:
        yield Line(f"{GENERATION_CONFIG} is not used: {error.message}")
        of_config = {}
    rest = {name: value for name, value in of_config.items() if name not in of_gguf}
    yield from _parameters(f"How the publisher has words chosen, by {GENERATION_CONFIG} beside the weights.", rest)
    trained = context_length(gguf) or 0
    if trained > 0:
        yield Line(
            f"The context. It can have {trained:,} tokens ({architecture(gguf)}.context_length of the GGUF); "
            "the more it has, the more memory it takes.",
            Command("num_ctx", str(min(trained, _MODEST_CONTEXT))),
            active=False,
        )


def _parameters(origin: str, values: Mapping[str, str]) -> Iterator[Line]:
    return (Line(origin, Command(name, value)) for name, value in values.items())


def _license_lines(folder: Path, gguf: GGUF) -> Iterator[Line]:
    found: list[Line] = []
    for path in licenses_beside(folder):
        try:
            text = decode_modelfile(read_beside(path, what="a licence"))
        except PackLlamaError as error:
            yield Line(f"{path.name} is not used: {error.message}")
            continue
        found += _license_line(f"The file {path.name} beside the weights", text.strip())
    yield from found
    if not found and (name := license_name(gguf)):
        yield Line("By the GGUF's general.license.", Command("license", name))


def _license_line(origin: str, text: str) -> Iterator[Line]:
    # U+FFFD stands for bytes that are not UTF-8.
    kept = "".join(char for char in text if char in "\t\r\n" or (is_printable(char) and char != "\ufffd"))
    dropped = len(text) - len(kept)
    less = f", without {dropped} characters that are no text" if dropped else ""
    if kept.strip():
        yield Line(f"{origin}{less}.", Command("license", kept.strip() if dropped else kept))
