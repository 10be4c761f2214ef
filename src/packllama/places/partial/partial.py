"""One unfinished download of one blob."""

from dataclasses import dataclass
from pathlib import Path

from packllama.model import Blob


@dataclass(frozen=True, slots=True)
class Partial:
    """A file of another program's, and the ranges of a blob that it holds: in order, none touching the next."""

    blob: Blob
    path: Path
    extents: tuple[range, ...]

    @property
    def held(self) -> int:
        """How many bytes that are."""
        return sum(map(len, self.extents))
