"""The files that a Modelfile's FROM lines name: opened, read as GGUF, in the order of their layers."""

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import BadInput, MissingFile, NotSupported, PackLlamaError, from_os_error
from packllama.base.fs import open_plain
from packllama.gguf import GGUF, Kind, has_inline_tensors, kind_of, read_gguf, shard_count

_NAME_THE_FILE = "Name the .gguf file itself: FROM ./model.gguf"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One open GGUF. ``key`` is the name that Ollama would file it under in its request."""

    path: Path
    key: str
    descriptor: int
    before: os.stat_result
    gguf: GGUF

    @property
    def kind(self) -> Kind:
        return kind_of(self.gguf)

    @property
    def source(self) -> str:
        """The manifest's ``from``: where Ollama keeps a file as it is, it notes the file's name."""
        plain_model = self.kind is Kind.MODEL and not has_inline_tensors(self.gguf)
        return "" if plain_model else self.key


@contextlib.contextmanager
def opened(arguments: Sequence[str], paths: Sequence[Path]) -> Iterator[tuple[SourceFile, ...]]:
    """Open and check the files of all FROM lines, in layer order: by key, byte by byte.

    ``arguments`` are the words of the Modelfile, ``paths`` what they expand to.

    Raises:
        MissingFile: a path that is not there.
        NotSupported: a folder, a model's name, one shard of several: not built yet.
        GGUFError: a file is no sound GGUF.
    """
    resolved = dict.fromkeys(_resolved(argument, path) for argument, path in zip(arguments, paths, strict=True))
    keys = request_keys(list(resolved))
    with contextlib.ExitStack() as stack:
        files = []
        for path in sorted(resolved, key=lambda path: keys[path].encode("utf-8", "surrogateescape")):
            descriptor = open_plain(path, what="a GGUF file")
            stack.callback(os.close, descriptor)
            files.append(_read(path, keys[path], descriptor))
        yield tuple(files)


def request_keys(paths: Sequence[Path]) -> dict[Path, str]:
    """The names of Ollama's request: a single file's own name, else paths from the deepest common folder."""
    if len(paths) == 1:
        return {paths[0]: paths[0].name}
    common = Path(os.path.commonpath([path.parent for path in paths])) if paths else Path()
    return {path: path.relative_to(common).as_posix() for path in paths}


def _resolved(argument: str, path: Path) -> Path:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise _absent(argument, path) from error
    except OSError as error:
        raise from_os_error(error, doing="looking at a FROM", where=path) from error
    except ValueError as error:
        raise MissingFile("no file can have this name", where=argument) from error
    if stat.S_ISDIR(mode):
        raise _folder(path)
    return path


def _absent(argument: str, path: Path) -> PackLlamaError:
    if path.is_symlink():
        return MissingFile("the link leads nowhere", where=str(path), hint="Restore the file that it points to.")
    if argument.startswith((".", "/", "~", "\\")) or argument.lower().endswith((".gguf", ".safetensors", ".bin")):
        return MissingFile(
            "no such file",
            where=str(path),
            hint="Check the spelling; relative paths count from the Modelfile's folder.",
        )
    return NotSupported(
        f"FROM {argument}: building on a model of the store is not supported yet",
        where=str(path),
        hint="If a file was meant: none of this name is there; relative paths count from the Modelfile's folder.",
    )


def _folder(path: Path) -> PackLlamaError:
    try:
        usable = sorted(entry.name for entry in path.iterdir() if entry.name.lower().endswith(".gguf"))
    except OSError as error:
        return from_os_error(error, doing="looking into the folder of a FROM", where=path)
    if not usable:
        return BadInput("the folder holds no GGUF file", where=str(path), hint=_NAME_THE_FILE)
    return NotSupported(
        f"FROM a folder is not supported yet; it holds {', '.join(usable[:5])}", where=str(path), hint=_NAME_THE_FILE
    )


def _read(path: Path, key: str, descriptor: int) -> SourceFile:
    before = os.fstat(descriptor)
    gguf = read_gguf(descriptor, size=before.st_size, where=str(path))
    count = shard_count(gguf)
    if count > 1:
        raise NotSupported(
            f"this is one shard of {count}; models in several files are not supported yet",
            where=str(path),
            hint="Merge the shards into one GGUF first (llama-gguf-split --merge does it).",
        )
    return SourceFile(path, key, descriptor, before, gguf)
