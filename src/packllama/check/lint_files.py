"""What a Modelfile's FROM, ADAPTER and DRAFT lines lead to: files that can be taken, or models of the store."""

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packllama.base.errors import Cancelled, MissingFile, ModelNotFound, NotSupported, PackLlamaError, from_os_error
from packllama.base.stop import Stop
from packllama.check.remark import Remark, RemarkKind
from packllama.check.source import Source
from packllama.gguf import GGUF, Kind, kind_of, open_gguf, shard_count
from packllama.manifest import LayerKind
from packllama.modelfile import expand_path, looks_like_path
from packllama.name import ModelName, split_source
from packllama.name import Source as Origin
from packllama.places.store import Store, layer_paths, read_parts


@dataclass(frozen=True, slots=True)
class Weights:
    """What a FROM line brings. ``template`` is the layer of a model of the store, if it has one."""

    path: Path
    gguf: GGUF
    template: str = ""


def lint_files(
    source: Source, *, base: Path, store: Store | None, stop: Stop
) -> tuple[Sequence[Remark], Weights | None]:
    """What is wrong with the files, and the weights that the last FROM brings.

    Relative paths count from ``base``. Without a store, a model's name is taken to lead somewhere.
    """
    remarks: list[Remark] = []
    weights = None

    @cache  # a file that many lines name is read once
    def look(name: str, argument: str) -> Weights | None:
        return _weights(name, argument, base=base, store=store, stop=stop)

    for command in source.all("model", "adapter", "draft"):
        stop.check()
        try:
            found = look(command.name, command.argument)
        except Cancelled:
            raise
        except PackLlamaError as error:
            kind = _KINDS.get(type(error), RemarkKind.BAD_FILE)
            remarks.append(source.remark(kind, source.at_value(command), error.sentence, error.hint))
        else:
            weights = found if found and command.name == "model" else weights
    return remarks, weights


_KINDS: dict[type[PackLlamaError], RemarkKind] = {
    MissingFile: RemarkKind.MISSING_FILE,
    ModelNotFound: RemarkKind.MISSING_MODEL,
}


def _weights(name: str, argument: str, *, base: Path, store: Store | None, stop: Stop) -> Weights | None:
    """None for what is no model by itself: a projector, an adapter, a model that runs elsewhere."""
    path = expand_path(argument, base=base)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        if name != "model" or looks_like_path(argument) or path.is_symlink():
            hint = "Check the spelling; relative paths count from the Modelfile's folder."
            raise MissingFile("no such file", where=str(path), hint=hint) from error
        return _of_store(argument, store, stop=stop) if store else None
    except OSError as error:
        raise from_os_error(error, doing="looking for a file of the Modelfile", where=path) from error
    except ValueError as error:
        raise MissingFile("no file can have this name", where=str(path)) from error
    files = sorted(path.glob("*.gguf")) if stat.S_ISDIR(mode) else [path]
    found = [each for file in files if (each := _of_file(file, stop=stop))]
    return found[-1] if found else None


def _of_file(path: Path, *, stop: Stop) -> Weights | None:
    gguf = open_gguf(path, stop=stop)
    if shard_count(gguf) > 1:
        raise NotSupported(
            f"this is one shard of {shard_count(gguf)}; models in several files are not supported yet",
            where=str(path),
            hint="Merge the shards into one GGUF first (llama-gguf-split --merge does it).",
        )
    return Weights(path, gguf) if kind_of(gguf) is Kind.MODEL else None


def _of_store(reference: str, store: Store, *, stop: Stop) -> Weights | None:
    text, origin = split_source(reference)
    if origin is Origin.CLOUD:
        return None
    model = store.find(ModelName.parse(text))
    paths = layer_paths(store, model, LayerKind.MODEL)
    return (
        Weights(paths[-1], open_gguf(paths[-1], stop=stop), read_parts(store, model).template or "") if paths else None
    )
