"""What packllama has left behind in its own folder, and Ollama beside ``blobs/``."""

import re
from collections.abc import Iterator
from pathlib import Path

from packllama.base.locks import is_held
from packllama.base.units import human_bytes
from packllama.check.finding import Finding, FindingKind
from packllama.check.survey.command import command
from packllama.check.survey.entries import Entry, entries
from packllama.check.survey.unfinished import CONVERSION
from packllama.digest import Digest
from packllama.places.store.layout import Layout

_WAITING = re.compile(r"([0-9a-f]{64})(\.part)?", re.ASCII)


def own_leftovers(layout: Layout) -> Iterator[Finding]:
    """What nobody is at work on."""
    for entry in entries(layout.work):
        if not is_held(layout.locks / f"work-{entry.name}"):
            yield _unfinished(
                entry,
                "the work of a packllama that was stopped",
                f"The next 'packllama create' clears it away; or {_prune(layout)}",
            )
    if not any(entry.name.startswith("work-") and is_held(Path(entry.path)) for entry in entries(layout.locks)):
        yield from _waiting(layout)
        yield from _quarantined(layout)
    for entry in entries(layout.root):
        if CONVERSION.fullmatch(entry.name):
            hint = "Remove it when no Ollama is creating a model."
            yield _unfinished(entry, "a temporary folder of Ollama's", hint)


def _waiting(layout: Layout) -> Iterator[Finding]:
    for entry in entries(layout.finished):
        if match := _WAITING.fullmatch(entry.name):
            what = "the beginning of a blob" if match[2] else "a whole blob"
            message = f"{what} of a model that has not come yet, {human_bytes(entry.status.st_size)}"
            began = "'packllama pull', 'import', 'copy' or 'repair' that began it"
            hint = f"Finish the model with the {began}; or {_prune(layout)}"
            yield _unfinished(entry, message, hint, Digest(match[1]))


def _quarantined(layout: Layout) -> Iterator[Finding]:
    for entry in entries(layout.quarantine):
        match = _WAITING.fullmatch(entry.name)
        if match is None or match[2]:
            continue
        digest = Digest(match[1])
        message = f"a damaged blob that a repair has set aside, {human_bytes(entry.status.st_size)}"
        if layout.blob(digest).is_file():
            yield _unfinished(entry, message, f"What replaces it is there; {_prune(layout)}", digest)
        else:
            hint = f"Fetch it: {command(layout, 'repair', '--from', 'PLACE')}"
            yield _unfinished(entry, f"{message}; what replaces it is not there", hint, digest)


def _prune(layout: Layout) -> str:
    return f"remove it: {command(layout, 'prune')}"


def _unfinished(entry: Entry, message: str, hint: str, digest: Digest | None = None) -> Finding:
    return Finding(FindingKind.UNFINISHED, Path(entry.path), message, hint, digest=digest)
