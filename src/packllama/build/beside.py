"""What lies in the weights' folder and belongs to them: a projector, the publisher's settings, a licence.

Whoever packed the folder may be anybody: a link that leads out of it is not read.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import BadInput, PackLlamaError
from packllama.base.reading import read_small
from packllama.base.stop import Stop
from packllama.gguf import GGUF, Kind, embedding_length, kind_of, open_gguf
from packllama.places.folder import names_in

# Licences have some ten KiB, settings less than one.
_LONGEST_TEXT = 1 << 20
_PROJECTOR_WORDS = ("mmproj", "projector", "vision", "clip")
_LICENSE_STEMS = {"license", "licence", "copying"}
_LICENSE_SUFFIXES = {"", ".txt", ".md"}


@dataclass(frozen=True, slots=True)
class ProjectorFile:
    """A projector. ``width`` is how many numbers it makes of a piece of a picture; ``None`` when it does not say."""

    path: Path
    width: int | None

    def fits(self, model: GGUF) -> bool:
        """Whether it makes what this model takes, as far as both say."""
        return self.width is None or self.width == embedding_length(model)


def projectors_beside(weights: Path, *, stop: Stop) -> Iterator[ProjectorFile]:
    """The projectors among the GGUFs whose names speak of one. What cannot be read is none."""
    for name in names_in(weights.parent):
        small = name.lower()
        if small.endswith(".gguf") and any(word in small for word in _PROJECTOR_WORDS) and name != weights.name:
            path = weights.parent / name
            try:
                gguf = open_gguf(path, stop=stop)
            except PackLlamaError:
                stop.check()
                continue
            if kind_of(gguf) is Kind.PROJECTOR:
                yield ProjectorFile(path, gguf.integer("clip.vision.projection_dim"))


def licenses_beside(folder: Path) -> Iterator[Path]:
    """The files that are called a licence."""
    for name in names_in(folder):
        path = Path(name.lower())
        if path.stem in _LICENSE_STEMS and path.suffix in _LICENSE_SUFFIXES:
            yield folder / name


def read_beside(path: Path, *, what: str) -> bytes:
    """The bytes of a small file.

    Raises:
        MissingFile: it is not there.
        BadInput: it is too large, no plain file, or a link that leads out of its folder.
    """
    # Looked at first, because a link may lead to what only this user may read.
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(path.parent)):
        raise BadInput("a link that leads out of the folder", where=str(path))
    return read_small(path, limit=_LONGEST_TEXT, what=what)
