"""``packllama verify FILE``: check a bundle without importing it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from packllama.base.errors import IntegrityError, UsageError
from packllama.base.terminal import escaped
from packllama.base.units import counted, human_bytes
from packllama.check.verify.bundle import BundleReport, verify_bundle
from packllama.cli.address import is_place, parse_place
from packllama.cli.door import Door, Progress
from packllama.cli.table import padded_rows

_ARCHIVE = re.compile(r".*\.(t?gz|t?zst|t?xz|bz2|zip|7z)", re.IGNORECASE | re.DOTALL)


def is_file(word: str) -> bool:
    """Whether a word is no model's name: it is written as a place, or is an archive that is there."""
    return is_place(word) or (_ARCHIVE.fullmatch(word) is not None and Path(word).is_file())


def verify_file(door: Door, words: Sequence[str], *, whole: bool) -> int:
    """Check the one bundle and print what was found. Returns the exit status.

    Raises: UsageError, when more than one word was given, or a folder, or it is not to be read ``whole``.
    """
    if not whole:
        raise UsageError(
            "--quick and --since are for stores: of a bundle every byte is read",
            hint=f"'packllama inspect {words[0]}' lists what is in it, and reads no blob.",
        )
    if len(words) > 1:
        raise UsageError("one bundle at a time, and no names beside it")
    path = parse_place(words[0], door.settings) if is_place(words[0]) else Path(words[0])
    if path.is_dir():
        raise UsageError(
            f"{path} is a folder, not a bundle",
            hint=f"Of a store: 'packllama --store {path} verify'. Of downloads: 'packllama import {path}'.",
        )
    with Progress(door, "verifying") as progress:
        report = verify_bundle(path, observer=progress, stop=door.stop)
    if door.as_json:
        door.result_json(_document(path, report))
    else:
        door.result("".join(f"{escaped(line)}\n" for line in _lines(report)))
    return IntegrityError.exit_status if report.wrong else 0


def _lines(report: BundleReport) -> Iterator[str]:
    broken = {name for wrong in report.wrong for name in wrong.models}
    rows = [(name.short, "damaged" if name in broken else "ok") for name in report.models]
    yield from (line.rstrip() for line in padded_rows(rows))
    for wrong in report.wrong:
        found = f"its bytes are those of {wrong.actual}, from byte {wrong.right_until:,} on"
        yield f"damaged: {wrong.blob.digest}: {found}. Copy or export the bundle again."
    verdict = f"{counted(len(broken), 'model')} not whole" if broken else "all right"
    counts = f"{counted(len(report.models), 'model')}, {counted(report.blobs, 'blob')}"
    counts = f"{counts}, {human_bytes(report.bytes_read)} read"
    yield f"{counts}: {verdict}"


def _document(path: Path, report: BundleReport) -> dict[str, object]:
    return {
        "path": str(path),
        "whole": not report.wrong,
        "models": [name.short for name in report.models],
        "damaged": [
            {
                "digest": str(wrong.blob.digest),
                "actual": str(wrong.actual),
                "size": wrong.blob.size,
                "right_until": wrong.right_until,
                "models": [name.short for name in wrong.models],
            }
            for wrong in report.wrong
        ],
        "blobs": report.blobs,
        "bytes_read": report.bytes_read,
    }
