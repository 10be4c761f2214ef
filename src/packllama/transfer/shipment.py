"""What is on its way in one session: which model still lacks what, and what has been done."""

from collections.abc import Sequence

from packllama.base.errors import BadInput, InvalidManifest, UsageError
from packllama.base.observer import Observer
from packllama.digest import Digest
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.places.place import Session
from packllama.transfer.report import CopyReport


def check_moves(moves: Sequence[Move]) -> None:
    """Refuse what no place could hold.

    Raises:
        UsageError: two models would get one name. BadInput: one digest is said to have two sizes.
        InvalidManifest: a digest is written so that Ollama would look for another file.
    """
    names: dict[tuple[str, ...], ModelName] = {}
    sizes: dict[Digest, int] = {}
    for move in moves:
        if names.setdefault(move.name.folded, move.model.name) != move.model.name:
            raise UsageError(f"two models would be called {move.name.short}", hint="Copy them one by one.")
        _check_spelling(move.model)
        for blob in move.model.blobs:
            if sizes.setdefault(blob.digest, blob.size) != blob.size:
                raise BadInput(
                    f"{blob.digest} is said to have {blob.size:,} bytes, and also {sizes[blob.digest]:,}",
                    where=move.model.name.short,
                    hint="One of the manifests was changed; fetch it again.",
                )


def _check_spelling(model: Model) -> None:
    """Ollama takes a digest for a file's name as it is written, and our blobs' names have small letters."""
    for digest in model.manifest.digests():
        if digest.hex.encode() not in model.manifest.raw:
            raise InvalidManifest(
                f"it writes {digest} with capital letters, so that Ollama would not find the file",
                where=model.name.short,
                hint="The manifest was changed; fetch it again.",
            )


class Shipment:
    """The books of one session. For one thread."""

    def __init__(self, moves: Sequence[Move], session: Session, observer: Observer) -> None:
        self.lacking = dict(session.missing())
        self._session = session
        self._open = dict(enumerate(moves))
        self._published: list[ModelName] = []
        self._present = {blob for move in moves for blob in move.model.blobs} - self.lacking.keys()
        self._sent: dict[Blob, int] = {}
        self._found = 0
        self._taken: set[Blob] = set()
        observer.planned(sum(blob.size for blob in self.lacking))

    def sent(self, blob: Blob, count: int, found: int = 0) -> None:
        """A blob is there; so many of its bytes crossed, and so many were found nearby."""
        self._sent[blob] = count
        self._found += found
        self.lacking.pop(blob, None)

    def taken(self, blob: Blob) -> None:
        """A blob is there, and no byte of it crossed."""
        self._taken.add(blob)
        self.lacking.pop(blob, None)

    def publish_whole(self) -> None:
        """Publish the models whose blobs are all there, in the order in which they were asked for."""
        for index, move in list(self._open.items()):
            if self.lacking.keys().isdisjoint(move.model.blobs):
                del self._open[index]
                self._published.append(self._session.publish(move))

    def report(self) -> CopyReport:
        return CopyReport(
            published=tuple(self._published),
            blobs_sent=len(self._sent),
            bytes_sent=sum(self._sent.values()),
            bytes_found=self._found,
            blobs_taken=len(self._taken),
            bytes_taken=sum(blob.size for blob in self._taken),
            blobs_present=len(self._present),
            bytes_present=sum(blob.size for blob in self._present),
        )
