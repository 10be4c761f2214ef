"""Carry a model out of files that are only taken for its blobs: when one turns out wrong, the next one is tried."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from packllama.base.errors import IntegrityError
from packllama.model import Blob, Model

_T = TypeVar("_T")
_Lack_co = TypeVar("_Lack_co", covariant=True)


class Candidates(Protocol[_Lack_co]):
    """Files that are taken for blobs before anybody has read them."""

    def lacking(self, model: Model, *, present: Callable[[Blob], bool]) -> Sequence[_Lack_co]:
        """What of a model is neither ``present`` elsewhere nor, by all that is known, here."""

    def doubt(self, blobs: Iterable[Blob]) -> bool:
        """Read what is taken for these. True: one of them is something else, and no longer taken for it."""

    def confirm(self, blobs: Iterable[Blob]) -> None:
        """What was taken for these was right."""


def gather(
    model: Model, candidates: Candidates[_Lack_co], *, present: Callable[[Blob], bool], carry: Callable[[], _T]
) -> _T | Sequence[_Lack_co]:
    """What ``carry``, which copies the model, returns; or what the model lacks, without which it cannot be copied.

    ``present``: whether the target has a blob.

    Raises: what ``carry`` raises; IntegrityError, when the files are right and it fails all the same.
    """
    while True:
        tried = [blob for blob in model.blobs if not present(blob)]
        if lacks := candidates.lacking(model, present=present):
            return lacks
        try:
            carried = carry()
        except IntegrityError:
            if not candidates.doubt(blob for blob in tried if not present(blob)):
                raise
        else:
            candidates.confirm(tried)
            return carried
