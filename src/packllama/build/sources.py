"""What a Modelfile's FROM, ADAPTER and DRAFT lines name: files, opened and read as GGUF, or a model of the store."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import MissingFile, ModelfileError, PackLlamaError
from packllama.base.reading import open_plain
from packllama.base.stop import Stop
from packllama.gguf import GGUF, Kind, has_inline_tensors, kind_of, read_gguf, refuse_shard
from packllama.manifest import LayerKind
from packllama.modelfile import Recipe, expand_path, looks_like_path
from packllama.places.folder import files_at, is_there

_KINDS = {Kind.MODEL: LayerKind.MODEL, Kind.PROJECTOR: LayerKind.PROJECTOR, Kind.ADAPTER: LayerKind.ADAPTER}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a recipe's parts come from. ``parent`` is the reference of a model; then ``files`` do not count."""

    files: tuple[Path, ...]
    parent: str
    adapters: tuple[Path, ...]
    drafts: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One open GGUF. ``key`` is the name that Ollama would file it under in its request."""

    path: Path
    key: str
    descriptor: int
    before: os.stat_result
    gguf: GGUF
    kind: LayerKind

    @property
    def source(self) -> str:
        """The manifest's ``from``: where Ollama keeps a file as it is, it notes the file's name."""
        plain_model = self.kind is LayerKind.MODEL and not has_inline_tensors(self.gguf)
        return "" if plain_model else self.key


def find_sources(recipe: Recipe, *, base: Path, where: str) -> Sources:
    """Look for what the recipe names; relative paths count from ``base``.

    Raises:
        MissingFile: what looks like a path, or must be one, is not there.
        BadInput, NotSupported: a folder without files that can be used.
        ModelfileError: the draft is the model itself.
    """
    files: list[Path] = []
    parent = ""
    for argument in recipe.froms:
        path = expand_path(argument, base=base)
        if is_there(path):
            files += files_at(path)
        elif looks_like_path(argument) or path.is_symlink():
            raise _missing(path)
        else:
            parent = argument
    adapters = [files_at(_existing(expand_path(argument, base=base))) for argument in recipe.adapters]
    drafts = [files_at(_existing(expand_path(argument, base=base))) for argument in recipe.drafts]
    sources = Sources(
        files=tuple(dict.fromkeys(files)),
        parent=parent,
        adapters=tuple(adapters[-1]) if adapters else (),
        drafts=tuple(dict.fromkeys(path for paths in drafts for path in paths)),
    )
    _check_draft(sources, where)
    return sources


@contextlib.contextmanager
def opened(paths: Sequence[Path], *, stop: Stop, draft: bool = False) -> Iterator[tuple[SourceFile, ...]]:
    """Open and check GGUF files, in layer order: by their keys, byte by byte.

    Raises:
        GGUFError: a file is no sound GGUF.
        NotSupported: one shard of several.
    """
    keys = request_keys(paths)
    with contextlib.ExitStack() as stack:
        files = []
        for path in sorted(paths, key=lambda path: os.fsencode(keys[path])):
            descriptor = open_plain(path, what="a GGUF file")
            stack.callback(os.close, descriptor)
            files.append(_read(path, keys[path], descriptor, draft=draft, stop=stop))
        yield tuple(files)


def request_keys(paths: Sequence[Path]) -> dict[Path, str]:
    """The names of Ollama's request: a single file's own name, else paths from the deepest common folder."""
    if len(paths) == 1:
        return {paths[0]: paths[0].name}
    common = Path(os.path.commonpath([path.parent for path in paths])) if paths else Path()
    return {path: path.relative_to(common).as_posix() for path in paths}


def _existing(path: Path) -> Path:
    if not is_there(path):
        raise _missing(path)
    return path


def _missing(path: Path) -> PackLlamaError:
    if path.is_symlink():
        return MissingFile("the link leads nowhere", where=str(path), hint="Restore the file that it points to.")
    return MissingFile(
        "no such file", where=str(path), hint="Check the spelling; relative paths count from the Modelfile's folder."
    )


def _check_draft(sources: Sources, where: str) -> None:
    models = {path.resolve() for path in sources.files}
    for path in sources.drafts:
        if path.resolve() in models:
            raise ModelfileError(f"DRAFT must not reference the same local path as FROM: {path}", where=where)


def _read(path: Path, key: str, descriptor: int, *, draft: bool, stop: Stop) -> SourceFile:
    before = os.fstat(descriptor)
    gguf = read_gguf(descriptor, size=before.st_size, where=str(path), stop=stop)
    refuse_shard(gguf, where=str(path))
    return SourceFile(path, key, descriptor, before, gguf, LayerKind.DRAFT if draft else _KINDS[kind_of(gguf)])
