"""What may be wrong in a store."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from packllama.digest import Digest
from packllama.name import ModelName


class FindingKind(StrEnum):
    """The values are public: ``verify --json`` prints them."""

    DAMAGED = "damaged"
    """A blob's bytes do not hash to its digest."""
    MISSING = "missing"
    """A model needs a blob that is not there."""
    WRONG_SIZE = "wrong-size"
    """A blob is truncated, or longer than a model's manifest says."""
    UNREADABLE = "unreadable"
    """A blob cannot be read to its end: a bad disk, no plain file."""
    FORBIDDEN = "forbidden"
    """A blob, a manifest or a folder that this user may not read, so that nothing is known of it."""
    UNREADABLE_MANIFEST = "unreadable-manifest"
    """A name stands for something that is no manifest."""
    CHANGED = "changed"
    """A model was replaced or removed while it was checked."""
    ORPHAN = "orphan"
    """A blob that no model names."""
    CANNOT_TELL = "cannot-tell"
    """A blob that no known model names, in a store with models that are not understood."""
    UNFINISHED = "unfinished"
    """What a download or a build has not finished yet, or has left behind."""
    STRAY = "stray"
    """A file where it does not belong."""
    WRONG_OWNER = "wrong-owner"
    """Files or folders that belong to somebody else than the store."""
    WRONG_MODE = "wrong-mode"
    """Files that the store's owner may not read, or folders that they may not write."""
    DANGLING_LINK = "dangling-link"
    """A link that leads nowhere, where no model is known to need what should be there."""
    FOREIGN_LINK = "foreign-link"
    """A link that leads out of the store."""
    CASE_TWIN = "case-twin"
    """Names that differ in letter case only."""
    RESERVED_TAG = "reserved-tag"
    """A name that means another model to Ollama."""
    NEWER_LAYOUT = "newer-layout"
    """A folder of manifests that is not understood."""

    @property
    def breaks(self) -> bool:
        """Whether a byte of the models concerned is wrong or missing."""
        return self in _BREAKING


_BREAKING = frozenset(
    {
        FindingKind.DAMAGED,
        FindingKind.MISSING,
        FindingKind.WRONG_SIZE,
        FindingKind.UNREADABLE,
        FindingKind.UNREADABLE_MANIFEST,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and what to do about it.

    ``models`` are the names concerned, ``roles`` what the blob is to them: ``model``, ``template``, ``config``.
    ``first_bad``: in which bytes the first wrong one is; before them all are right.
    """

    kind: FindingKind
    path: Path
    message: str
    hint: str
    digest: Digest | None = None
    models: tuple[ModelName, ...] = ()
    roles: tuple[str, ...] = ()
    first_bad: range | None = None
