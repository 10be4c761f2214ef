"""Carry a model out of files that are only taken for its blobs: when one turns out wrong, the next one is tried."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from packllama.base.errors import IntegrityError, MachineError
from packllama.model import Blob, Model

_T = TypeVar("_T")
_Lack_co = TypeVar("_Lack_co", covariant=True)


class Candidates(Protocol[_Lack_co]):
    """Files that are taken for blobs before anybody has read them."""

    def lacking(self, model: Model, *, present: Callable[[Blob], bool]) -> Sequence[_Lack_co]:
        """What of a model is neither ``present`` elsewhere nor, by all that is known, here."""

    def doubt(self, blobs: Iterable[Blob], *, only: str | None = None) -> bool:
        """Read what is taken for these, or ``only`` the file at this path.

        True: one of them is something else, or cannot be read, and is no longer taken for it.
        """

    def confirm(self, blobs: Iterable[Blob]) -> None:
        """What was taken for these was right."""


def gather(
    model: Model, candidates: Candidates[_Lack_co], *, present: Callable[[Blob], bool], carry: Callable[[], _T]
) -> _T | Sequence[_Lack_co]:
    """What ``carry``, which copies the model, returns; or what the model lacks, without which it cannot be copied.

    ``present``: whether the target has a blob.

    Raises: what ``carry`` raises; IntegrityError, MachineError only when the files are right and can be read.
    """
    while True:
        tried = [blob for blob in model.blobs if not present(blob)]
        if lacks := candidates.lacking(model, present=present):
            return lacks
        try:
            carried = carry()
        except (IntegrityError, MachineError) as error:
            # A disk that fails may be the target's: then the files need not be read.
            only = error.where if isinstance(error, MachineError) else None
            if not candidates.doubt((blob for blob in tried if not present(blob)), only=only):
                raise
        else:
            candidates.confirm(tried)
            return carried
