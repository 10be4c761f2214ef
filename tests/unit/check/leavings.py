"""What may be left in a store, how it gets there, and how old it must be to go."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packllama.check.prune.leftover import LeftoverKind
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.places.store.layout import Layout
from tests.unit.stores import put_blob, put_model

K = LeftoverKind

HOUR, DAY = 3600.0, 86400.0
# So far in the future that nothing in a test has just come here.
NOW = 4_000_000_000.0

WEIGHTS = b"weights of m"
SYSTEM = b"You are brief."
ORPHAN = b"nobody's"
GONE = Digest.of(b"gone")
BEGUN = Digest.of(b"begun")
NAMED = Digest.of(SYSTEM)
TOKEN = "0123456789abcdef"


def two_models(root: Path) -> None:
    """Old ones."""
    put_model(root, "m", (LayerKind.SYSTEM, SYSTEM), weights=WEIGHTS)
    put_model(root, "me/other:7b", (LayerKind.SYSTEM, b"You are verbose."))
    for path in root.rglob("*"):
        make_old(path, 1000 * DAY)


def make_old(path: Path, age: float) -> None:
    os.utime(path, (NOW - age, NOW - age), follow_symlinks=False)


def put(path: Path, data: bytes = b"left") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def put_folder(path: Path) -> Path:
    put(path / "inside", b"left")
    return path


def put_pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


Make = Callable[[Layout], Path | tuple[Path, ...]]


@dataclass(frozen=True)
class Case:
    """``make`` returns what it made: the leftover, and what goes with it. ``least``: the age at which it may go, when
    unfinished work must be a day old; None: any age will do, and 0 is one.
    """

    name: str
    kind: LeftoverKind
    make: Make
    least: float | None

    def made(self, layout: Layout, *, age: float) -> tuple[Path, ...]:
        """Make it, so many seconds ago."""
        made = self.make(layout)
        paths = made if isinstance(made, tuple) else (made,)
        for path in paths:
            for inside in path.rglob("*") if path.is_dir() else ():
                make_old(inside, age)
            make_old(path, age)
        return paths


def _orphan(layout: Layout) -> tuple[Path, ...]:
    digest = Digest.of(ORPHAN)
    records = layout.hash_record(digest), layout.pieces_record(digest)
    return put_blob(layout.root, ORPHAN), *(put(record, b"{}") for record in records)


def _link_as_orphan(layout: Layout) -> Path:
    elsewhere = put(layout.root.parent / "elsewhere", ORPHAN)
    path = layout.blob(Digest.of(ORPHAN))
    path.unlink(missing_ok=True)
    path.symlink_to(elsewhere)
    return path


def _download(layout: Layout) -> tuple[Path, ...]:
    ends = ("-partial", "-partial-0", "-partial-10")
    return tuple(put(layout.blobs / f"{GONE.file_name}{end}") for end in ends)


CASES = [
    Case("an orphan", K.ORPHAN, _orphan, HOUR),
    Case("a link that no model names", K.ORPHAN, _link_as_orphan, HOUR),
    Case("a blob that was repaired", K.QUARANTINED, lambda layout: put(layout.quarantined(NAMED)), None),
    Case("a whole blob that waits", K.WAITING, lambda layout: put(layout.finished_blob(GONE)), DAY),
    Case(
        "the beginning of a blob",
        K.BEGINNING,
        lambda layout: (put(layout.part(GONE)), put(layout.finished / f"{GONE.hex}.part.synced")),
        DAY,
    ),
    Case(
        "a record of a beginning that is gone",
        K.BEGINNING,
        lambda layout: put(layout.finished / f"{GONE.hex}.part.synced"),
        DAY,
    ),
    Case("a download of Ollama's", K.OLLAMA_DOWNLOAD, _download, DAY),
    Case(
        "a download of tensors by Ollama",
        K.OLLAMA_DOWNLOAD,
        lambda layout: put(layout.blobs / f"{GONE.file_name}.tmp"),
        DAY,
    ),
    Case("what Ollama was hashing", K.TEMPORARY, lambda layout: put(layout.blobs / "sha256-123456"), DAY),
    Case("what Ollama was quantizing", K.TEMPORARY, lambda layout: put(layout.blobs / "Q4_K_M123456"), DAY),
    Case("what Ollama was copying", K.TEMPORARY, lambda layout: put(layout.blobs / "COPY99999"), DAY),
    Case("what Ollama was splitting", K.TEMPORARY, lambda layout: put_folder(layout.blobs / "split-gguf-123456"), DAY),
    Case(
        "what Ollama was converting",
        K.TEMPORARY,
        lambda layout: put_folder(layout.root / "ollama-safetensors123456"),
        DAY,
    ),
    Case("a file in the making", K.TEMPORARY, lambda layout: put(layout.own / f"tmp{TOKEN}"), DAY),
    Case("what a look at the disk made", K.TEMPORARY, lambda layout: put(layout.own / f"tmp{TOKEN}:5000"), DAY),
    Case("work that was stopped", K.WORK, lambda layout: put_folder(layout.work / TOKEN), None),
    Case(
        "work that was stopped, and its lock",
        K.WORK,
        lambda layout: (put_folder(layout.work / TOKEN), put(layout.locks / f"work-{TOKEN}")),
        None,
    ),
    Case("a lock of a blob", K.LOCK, lambda layout: put(layout.locks / f"blob-{GONE.hex}"), None),
    Case("a lock of work", K.LOCK, lambda layout: put(layout.locks / f"work-{TOKEN}"), None),
    Case("a lock of a translation", K.LOCK, lambda layout: put(layout.derived / "locks" / f"{GONE.hex}-1"), None),
    Case("a record of hashes", K.RECORD, lambda layout: put(layout.hash_record(GONE)), None),
    Case("a record of pieces", K.RECORD, lambda layout: put(layout.pieces_record(GONE)), None),
    Case(
        "a note that a translation failed",
        K.FAILURE,
        lambda layout: put(layout.derived / f"{NAMED.hex}-1.failed"),
        None,
    ),
    Case(
        "a translation of a blob that is gone",
        K.TRANSLATION,
        lambda layout: put_folder(layout.derived / f"{GONE.hex}-1"),
        None,
    ),
    Case(
        "a translation that was not finished",
        K.TRANSLATION,
        lambda layout: put_folder(layout.derived / f"{NAMED.hex}-1.part"),
        None,
    ),
]

# What is not packllama's to judge, or is needed.
STRANGERS: dict[str, Make] = {
    "a colon in its name": lambda layout: put(layout.blobs / f"sha256:{GONE.hex}"),
    "a foreign file": lambda layout: put(layout.blobs / "README"),
    "a foreign file with a number": lambda layout: put(layout.blobs / "BACKUP2024"),
    "a foreign file with a quantization's name": lambda layout: put(layout.blobs / "Q8_0"),
    "a foreign folder with a quantization's name": lambda layout: put_folder(layout.blobs / "F16"),
    "a folder with a temporary file's name": lambda layout: put_folder(layout.blobs / "Q4_K_M654321"),
    "a file with a temporary folder's name": lambda layout: put(layout.root / "ollama-safetensors654321"),
    "a temporary folder that a person numbered": lambda layout: put_folder(layout.root / "ollama-safetensors2"),
    "a folder with a download's name": lambda layout: put_folder(layout.blobs / f"{BEGUN.file_name}-partial"),
    "a folder with the name of a file in the making": lambda layout: put_folder(layout.own / f"tmp{TOKEN[::-1]}"),
    "a folder with a blob's name": lambda layout: put_folder(layout.blobs / GONE.file_name),
    "a pipe with a blob's name": lambda layout: put_pipe(layout.blobs / Digest.of(b"pipe").file_name),
    "upper case": lambda layout: put(layout.blobs / f"sha256-{GONE.hex.upper()}"),
    "a foreign folder": lambda layout: put_folder(layout.root / "more"),
    "a foreign file among the locks": lambda layout: put(layout.locks / "notes"),
    "the lock of all that publish": lambda layout: put(layout.locks / "publish"),
    "a foreign file among what waits": lambda layout: put(layout.finished / "notes"),
    "a foreign file among the damaged": lambda layout: put(layout.quarantine / "notes"),
    "a foreign folder in the work": lambda layout: put_folder(layout.work / "notes-too"),
    "a foreign file in the work": lambda layout: put(layout.work / "notes"),
    "a record of hashes": lambda layout: put(layout.hash_record(NAMED)),
    "a record of pieces": lambda layout: put(layout.pieces_record(NAMED)),
    "a translation": lambda layout: put_folder(layout.derived / f"{NAMED.hex}-1"),
    "a foreign folder among the translations": lambda layout: put_folder(layout.derived / "notes-1"),
    "a download that aria2 has not finished": lambda layout: (
        put(layout.blobs / BEGUN.file_name),
        put(layout.blobs / f"{BEGUN.file_name}.aria2"),
    ),
}
