"""A bundle that passes by once, from a file or a pipe, checked entry by entry."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

from packllama.base.errors import InvalidBundle
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.model import Blob, Model
from packllama.pieces import Pieces
from packllama.places.bundle.contents import Contents
from packllama.places.bundle.entry import BLOCK, END, Entry
from packllama.places.bundle.front import read_front
from packllama.places.bundle.layout import PIECES, SMALL_LIMIT
from packllama.places.bundle.piece_list import decode
from packllama.places.bundle.take import expect, take_known, take_padding, take_small
from packllama.places.bundle.tape import Tape
from packllama.places.place import Reader

# Programs that write whole records fill the last one with zeros: 20 blocks is what tar does.
_RECORD = 20 * BLOCK


class BundleStream:
    """An open file, pipe or socket, which stays its owner's; ``where`` names it in errors.

    Raises, wherever it reads: IntegrityError, InvalidBundle, InvalidManifest, NotSupported, MachineError, Cancelled.
    """

    def __init__(self, descriptor: int, *, where: str, stop: Stop) -> None:
        self._tape = Tape(descriptor, where=where, stop=stop)
        self._pieces: dict[Digest, Pieces] = {}

    def __str__(self) -> str:
        return self._tape.where

    @property
    def position(self) -> int:
        """Where in the file it is: in `blobs`, where the bytes of this blob begin."""
        return self._tape.position

    @property
    def pieces(self) -> Mapping[Digest, Pieces]:
        """Those of the large blobs, known when all blobs have passed."""
        return MappingProxyType(self._pieces)

    def models(self) -> Sequence[Model]:
        """By name."""
        return self._contents.models

    def blobs(self) -> Iterator[tuple[Blob, Reader]]:
        """Each blob once, the smallest first. What is not read of it is passed over, in a file without reading it."""
        contents = self._contents
        for blob in contents.blobs:
            self._tape.within = str(blob.digest)
            entry, link = contents.entries(blob)
            # The reverse is right as well: the bytes where OCI tools look, the link for Ollama.
            found = expect(self._tape, entry, *([Entry(link.path, blob.size)] if link else []))
            body = _Body(self._tape, blob.size)
            yield blob, body
            body.close()
            take_padding(self._tape, blob.size)
            if link:
                expect(self._tape, link if found == entry else Entry(entry.path, target=link.path))
        self._take_back(contents)

    @cached_property
    def _contents(self) -> Contents:
        contents = read_front(self._tape)
        self._tape.end = self._tape.position + contents.size_behind_head()
        return contents

    def _take_back(self, contents: Contents) -> None:
        tape = self._tape
        tape.within = "what follows the blobs"
        raw = take_small(tape, PIECES, limit=SMALL_LIMIT)
        self._pieces = decode(raw, blobs=contents.blobs, where=f"{tape.where}: {PIECES}")
        for path, data in contents.back.items():
            take_known(tape, path, data)
        if tape.read(len(END)) != END:
            raise InvalidBundle("there are more entries than the index announces", where=tape.where)
        rest = tape.read_up_to(_RECORD)
        if any(rest) or len(rest) == _RECORD:
            raise InvalidBundle("there is something behind the end of the bundle", where=tape.where)


class _Body:
    """A blob's bytes, until the next blob is asked for."""

    def __init__(self, tape: Tape, size: int) -> None:
        self._tape = tape
        self._rest = size

    def readinto(self, buffer: memoryview, /) -> int:
        wanted = buffer[: self._rest]
        if not wanted:
            return 0  # asked for nothing, a pipe would wait for what comes next
        count = self._tape.readinto(wanted)
        if not count:
            raise self._tape.cut_short()
        self._rest -= count
        return count

    def close(self) -> None:
        self._tape.skip(self._rest)
        self._rest = 0
