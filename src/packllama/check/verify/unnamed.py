"""Blobs that are there, and that no checked model names."""

import os
import shlex
from collections.abc import Iterator, Mapping

from packllama.base.errors import MissingFile, PackLlamaError
from packllama.base.units import human_bytes
from packllama.check.finding import Finding, FindingKind
from packllama.check.reading import Reading
from packllama.check.survey.command import command
from packllama.check.survey.survey import Survey
from packllama.check.verify.needed import unreadable
from packllama.digest import Digest
from packllama.places.store import Store
from packllama.places.store.references import referenced


def unnamed_blobs(store: Store, found: Survey, readings: Mapping[Digest, Reading]) -> Iterator[Finding]:
    """One finding for each that is still there."""
    unnamed = found.present.keys() - found.needed
    if not unnamed:
        return
    # Asked after the reading, which may have taken an hour: one may have found its model meanwhile.
    unclear = f"{found.misplaced[0]} may name it" if found.misplaced else ""
    try:
        unnamed -= referenced(store)
    except PackLlamaError as error:
        unclear = error.sentence
    for digest in sorted(unnamed):
        if finding := _unnamed(store, digest, readings[digest], unclear):
            yield finding


def _unnamed(store: Store, digest: Digest, reading: Reading, unclear: str) -> Finding | None:
    """None when the file is gone by now."""
    path = store.layout.blob(digest)
    hint = f"Remove it, unless a download or a build is at work on its model: {command(store.layout, 'prune')}"
    if isinstance(reading.error, MissingFile):
        if not os.path.lexists(path):
            return None
        kind, message = FindingKind.DANGLING_LINK, "named by no model, and a link that leads nowhere"
        hint = f"Mount the disk it leads to, or remove it: rm {shlex.quote(str(path))}"
    elif reading.error is not None:
        kind, message = unreadable(reading.error)
        hint = f"No model needs it. {hint}"
    elif not reading.may_be(digest):
        kind, message = FindingKind.DAMAGED, f"named by no model, and its bytes are those of {reading.digest}"
    elif unclear:
        kind, message = FindingKind.CANNOT_TELL, f"named by no model that can be read, but {unclear}"
        hint = "Leave it until that is in order."
    else:
        kind, message = FindingKind.ORPHAN, f"{human_bytes(reading.size)} that no model names"
    return Finding(kind, path, message, hint, digest=digest)
