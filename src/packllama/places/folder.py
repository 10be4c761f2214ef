"""Which files a path of FROM, ADAPTER or DRAFT takes in; of a folder, by Ollama's patterns and the first bytes.

The first group of patterns that matches, and whose files all are what they should be, is taken. Ollama then adds
every JSON and tokenizer file as a part of the model, and refuses a GGUF beside one later on; here that is said at once.
"""

import fnmatch
import os
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import BadInput, MissingFile, NotSupported, from_os_error
from packllama.base.reading import open_plain

_SNIFFED = 512
_BINARY = frozenset(range(0x09)) | {0x0B} | frozenset(range(0x0E, 0x1B)) | frozenset(range(0x1C, 0x20))
_ZIP = "application/zip"
_OCTETS = "application/octet-stream"
NAME_THE_FILE = "Name the .gguf file itself: FROM ./model.gguf"


@dataclass(frozen=True, slots=True)
class _Group:
    """``content`` is what the first bytes must look like; empty: anything."""

    pattern: str
    content: str
    what: str


# In this order; what stands behind the GGUFs cannot be built from yet.
_GROUPS = (
    _Group("model*.safetensors", "", "safetensors"),
    _Group("consolidated*.safetensors", "", "safetensors"),
    _Group("pytorch_model*.bin", _ZIP, "PyTorch weights"),
    _Group("consolidated*.pth", _ZIP, "PyTorch weights"),
    _Group("*.gguf", _OCTETS, "GGUF"),
    _Group("*.bin", _OCTETS, "GGUF"),
)


def is_there(path: Path) -> bool:
    """False only when the system says that there is no such file.

    Raises: MissingFile, NoRights and what else an ``OSError`` amounts to.
    """
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise from_os_error(error, doing="looking for a file of the Modelfile", where=path) from error
    except ValueError as error:
        raise MissingFile("no file can have this name", where=str(path)) from error
    return True


def files_at(path: Path) -> list[Path]:
    """The file at a path that is there; of a folder, what :func:`usable_files` gives."""
    return usable_files(path) if path.is_dir() else [path]


def names_in(folder: Path) -> list[str]:
    """The names in a folder, sorted byte by byte.

    Raises: MissingFile, NoRights, BadInput.
    """
    try:
        return sorted(os.listdir(folder), key=os.fsencode)  # noqa: PTH208 - names, not paths
    except OSError as error:
        raise from_os_error(error, doing="looking into the folder", where=folder) from error


def usable_files(folder: Path) -> list[Path]:
    """The GGUF files of a folder, sorted by name byte by byte.

    Raises:
        BadInput: there are none, or other files beside them that Ollama would take as a part of the model.
        NotSupported: the folder holds safetensors or PyTorch weights.
    """
    names = names_in(folder)
    for group in _GROUPS:
        files = [folder / name for name in names if fnmatch.fnmatchcase(name, group.pattern)]
        if files and all(_fits(file, folder, group) for file in files):
            if group.what != "GGUF":
                raise NotSupported(
                    f"the folder holds {group.what}; converting them is not supported yet",
                    where=str(folder),
                    hint="Convert them to a GGUF first (llama.cpp's convert_hf_to_gguf.py does it).",
                )
            _refuse_companions(folder, names)
            return files
    raise BadInput("the folder holds no GGUF file", where=str(folder), hint=NAME_THE_FILE)


def _fits(file: Path, folder: Path, group: _Group) -> bool:
    if not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder)):
        raise BadInput(
            f"insecure path: {file.name} leads out of the folder", where=str(folder), hint="Name that file itself."
        )
    return not group.content or sniff(file) == group.content


def sniff(file: Path) -> str:
    """What the first bytes of a file look like, as far as the patterns need it."""
    descriptor = open_plain(file, what="a file of the folder")
    try:
        head = os.pread(descriptor, _SNIFFED, 0)
    except OSError as error:
        raise from_os_error(error, doing="reading", where=file) from error
    finally:
        os.close(descriptor)
    if head.startswith(b"PK\x03\x04"):
        return _ZIP
    return _OCTETS if _BINARY.intersection(head) else "text/plain"


def _refuse_companions(folder: Path, names: list[str]) -> None:
    beside = [name for name in names if name.endswith(".json") or name in {"chat_template.jinja", "tokenizer.model"}]
    below = [f"{entry.parent.name}/{entry.name}" for entry in folder.glob("*/*.json")]
    if found := beside + sorted(below):
        raise BadInput(
            f"Ollama would take {found[0]} as a part of the model, and refuse it: not in GGUF format",
            where=str(folder),
            hint=NAME_THE_FILE,
        )
