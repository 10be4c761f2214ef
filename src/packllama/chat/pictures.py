"""The pictures that a prompt names by their paths (command line, §2).

A path begins with ``/``, ``./``, ``\\`` or a drive letter, ends in .jpg, .jpeg, .png, .webp or .wav, and stands in
single quotes when it has blanks, or has them escaped by ``\\``. What lies there decides by its content.

It reads the files that are named and no other, looks at no more of a picture than its first bytes, and prints nothing.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import BadInput, NotSupported
from packllama.base.reading import read_small
from packllama.base.stop import Stop
from packllama.base.white import WHITE

# Ollama's bound. Here it also holds for all pictures of a prompt, of which the engine takes less.
LARGEST_PICTURE = 100 * 1024 * 1024

# Letters are ASCII here: text in scripts without blanks may stand directly before and after a path.
_BEGINNING = r"(?:[A-Za-z]:)?(?:\./|/|\\)"
_START = re.compile(rf"(?<![A-Za-z0-9_.~/\\-]){_BEGINNING}")
_END = re.compile(r"\.(?:jpe?g|png|webp|wav)(?![A-Za-z0-9_]|\.[A-Za-z0-9_])", re.IGNORECASE)
# A path can lie only within one of these: a quotation that begins like a path, or a run without blanks.
_WORD = re.compile(rf"'{_BEGINNING}[^'\n]*'|(?:\\.|(?!'{_BEGINNING})\S)+|'")
# What a shell, or a terminal that a file was dropped on, puts a backslash before.
_ESCAPED = re.compile(r"\\([^\w\\.-])")

# As much as Ollama looks at.
_SNIFFED = 512
_TYPES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF....WEBPVP", re.DOTALL), "image/webp"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wave"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"BM"), "image/bmp"),
    (re.compile(rb"%PDF-"), "application/pdf"),
    (re.compile(rb"[\t\n\f\r ]*<(?:!doctype html|html|head|body|script|!--)[ >]", re.IGNORECASE), "text/html"),
    (re.compile(rb"[^\0-\x08\x0b\x0e-\x1a\x1c-\x1f]*\Z"), "text/plain"),
)
_PICTURES = frozenset({"image/png", "image/jpeg", "image/webp"})


@dataclass(frozen=True, slots=True)
class Picture:
    """A file's bytes, and the path it was read from."""

    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """A prompt without the paths of its pictures, and the pictures in their order."""

    prompt: str
    pictures: tuple[Picture, ...]


def take_pictures(prompt: str, *, stop: Stop) -> Taken:
    """Read the pictures that a prompt names. A path where nothing lies stays text; so does all else.

    Raises:
        BadInput: a file is no picture or no plain file, or they are larger than `LARGEST_PICTURE`, also together.
        NotSupported: it is a sound.
        NoRights, MachineError, Cancelled.
    """
    kept: list[str] = []
    pictures: list[Picture] = []
    rest = size = 0
    for start, end in _mentions(prompt):
        if path := _existing(prompt[start:end]):
            stop.check()
            pictures.append(Picture(path, _read(path)))
            size += len(pictures[-1].data)
            if size > LARGEST_PICTURE:
                raise _too_large(pictures)
            quoted = prompt[start - 1 : start] == prompt[end : end + 1] == "'"
            kept.append(prompt[rest : start - quoted])
            rest = end + quoted
    kept.append(prompt[rest:])
    return Taken("".join(kept).strip(WHITE) if pictures else prompt, tuple(pictures))


def named_pictures(prompt: str) -> tuple[str, ...]:
    """The paths that `take_pictures` would read."""
    return tuple(filter(None, (_existing(prompt[start:end]) for start, end in _mentions(prompt))))


def begins_with_path(line: str) -> bool:
    """Whether a line begins with what looks like a picture's path, and not with a command; no file is looked at."""
    return next(_mentions(line), (-1, -1))[0] == 0


def _mentions(text: str) -> Iterator[tuple[int, int]]:
    """Where the paths in a text begin and end. The time is linear in the text's length."""
    for word in _WORD.finditer(text):
        at = word.start()
        for end in _END.finditer(text, at, word.end()):
            if start := _START.search(text, at, end.start()):
                yield start.start(), end.end()
            at = end.end()


def _existing(typed: str) -> str:
    """The path that leads somewhere, as typed or without its backslashes; empty when neither does."""
    # Not by pathlib, which raises for a name too long and for a folder that may not be entered.
    return next(filter(os.path.exists, (typed, _ESCAPED.sub(r"\1", typed))), "")


def _read(path: str) -> bytes:
    data = read_small(Path(path), limit=LARGEST_PICTURE, what="a picture")
    found = _content_type(data)
    if found == "audio/wave":
        raise NotSupported("sounds are not supported yet", where=path, hint="Pictures are: PNG, JPEG and WebP.")
    if found not in _PICTURES:
        raise BadInput(f"invalid file type: {found}", where=path, hint="A picture is a PNG, a JPEG or a WebP file.")
    return data


def _too_large(pictures: Sequence[Picture]) -> BadInput:
    return BadInput(
        f"the first {len(pictures)} pictures are larger than {LARGEST_PICTURE:,} bytes together",
        where=pictures[-1].path,
        hint="Make them smaller, or ask about fewer of them at a time.",
    )


def _content_type(data: bytes) -> str:
    """The type that Ollama finds. It pads with zeros, so a short text is no text."""
    head = data[:_SNIFFED].ljust(_SNIFFED, b"\0")
    return next((name for pattern, name in _TYPES if pattern.match(head)), "application/octet-stream")
