"""Which files are not whole yet, as the programs that fetch them show it by names."""

import contextlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.base.reading import read_small
from packllama.base.units import human_bytes
from packllama.digest import Digest
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

# A file of 1 TB in pieces of 1 MiB has 120 KB of bits.
_CONTROL_LIMIT = 1 << 20


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

    def sentence(self, *, size: int | None = None) -> str:
        """What is to be said of it. ``size``: what it will have in the end, if that is known."""
        done, size = _aria2_progress(self.control, size) if self.control else (self.bytes_in.size, size)
        amount = "" if done is None else f": {human_bytes(done)}{f' of {human_bytes(size)}' if size else ''}"
        return f"{self.program} has not finished {self.final}{amount}"


def unfinished(files: Sequence[Seen]) -> list[Unfinished]:
    """What is not whole among files."""
    marked = [(match, file) for file in files if (match := _SUFFIX.fullmatch(file.path))]
    controlled = {match["file"] for match, _ in marked if match["suffix"] == ".aria2"}
    beside = {file.path: file for file in files if file.path in controlled}
    found = []
    for match, file in marked:
        final, suffix = match["file"], match["suffix"]
        if suffix == ".aria2":
            found.append(Unfinished(final, "aria2", beside.get(final, file), file.path))
        else:
            found.append(Unfinished(final, _PROGRAMS.get(suffix, "a browser or download program"), file))
    return found


def _aria2_progress(control: str, size: int | None) -> tuple[int | None, int | None]:
    """How many bytes are there, of how many: a bit for each piece says whether it is."""
    with contextlib.suppress(PackLlamaError, struct.error):
        raw = read_small(Path(control), limit=_CONTROL_LIMIT, what="aria2's control file")
        (info_length,) = struct.unpack_from(">6xI", raw)
        piece, size, bits = struct.unpack_from(">IQ8xI", raw, 10 + info_length)
        there = raw[34 + info_length :][:bits]
        return min(piece * sum(byte.bit_count() for byte in there), size), size
    return None, size
