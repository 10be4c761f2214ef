"""Which files are not whole yet, as the programs that fetch them show it by names."""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.base.units import human_bytes
from packllama.digest import Digest
from packllama.places.aria2 import SUFFIX, read_control
from packllama.places.loose.naming import digest_from_file_name
from packllama.places.loose.walk import Seen

_PROGRAMS = {
    ".crdownload": "Chrome",
    ".download": "Safari",
    ".opdownload": "Opera",
    "-partial": "Ollama",
}
_SUFFIX = re.compile(
    r"(?P<file>.+)(?P<suffix>\.aria2|\.crdownload|\.(?:op)?download|\.part|\.partial|\.tmp|-partial)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """``final`` is the path that it shall have when it is whole, ``bytes_in`` the file that its bytes are in.

    ``control`` is aria2's own file beside it.
    """

    final: str
    program: str
    bytes_in: Seen
    control: str | None = None

    @property
    def digest(self) -> Digest | None:
        """What blob it will be, by its name."""
        return digest_from_file_name(self.final.rpartition("/")[2])

    @property
    def _length(self) -> int | None:
        """How many bytes are there. None: the file has its full length from the beginning, with holes in it."""
        return None if self.program == _PROGRAMS["-partial"] else self.bytes_in.size

    def sentence(self, *, size: int | None = None) -> str:
        """What is to be said of it. ``size``: what it will have in the end, if that is known."""
        done, size = _aria2_progress(self.control, size) if self.control else (self._length, size)
        amount = "" if done is None else f": {human_bytes(done)}{f' of {human_bytes(size)}' if size else ''}"
        return f"{self.program} has not finished {self.final}{amount}"


def unfinished(files: Sequence[Seen]) -> list[Unfinished]:
    """What is not whole among files."""
    marked = [(match, file) for file in files if (match := _SUFFIX.fullmatch(file.path))]
    controlled = {match["file"] for match, _ in marked if match["suffix"] == SUFFIX}
    beside = {file.path: file for file in files if file.path in controlled}
    found = []
    for match, file in marked:
        final, suffix = match["file"], match["suffix"]
        if suffix == SUFFIX:
            found.append(Unfinished(final, "aria2", beside.get(final, file), file.path))
        else:
            found.append(Unfinished(final, _PROGRAMS.get(suffix, "a browser or download program"), file))
    return found


def _aria2_progress(control: str, size: int | None) -> tuple[int | None, int | None]:
    """How many bytes are there, of how many."""
    with contextlib.suppress(PackLlamaError):
        known = read_control(Path(control))
        return sum(extent.stop - extent.start for extent in known.extents), known.size
    return None, size
