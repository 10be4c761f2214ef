"""Ways to spoil a store of two models, and what verify has to say of each."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packllama.check.finding import FindingKind
from packllama.digest import Digest
from packllama.manifest import LayerKind
from tests.unit.stores import TINY_CONFIG, TINY_GGUF, put_blob, put_manifest, put_model

K = FindingKind

SYSTEM = b"You are brief."
OTHER_SYSTEM = b"You are verbose."
ORPHAN = b"nobody's"


def two_models(root: Path) -> None:
    """``m`` and ``me/other:7b``, with the same weights and config and a system text each."""
    put_model(root, "m", (LayerKind.SYSTEM, SYSTEM))
    put_model(root, "me/other:7b", (LayerKind.SYSTEM, OTHER_SYSTEM))


def blob(root: Path, data: bytes) -> Path:
    return root / "blobs" / Digest.of(data).file_name


def manifest(root: Path) -> Path:
    return root / "manifests/registry.ollama.ai/library/m/latest"


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def instead(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


def beside(path: Path, data: bytes = b"part") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def download(root: Path) -> None:
    for end in ("-partial", "-partial-0", "-partial-10"):
        beside(root / "blobs" / f"sha256-{'a' * 64}{end}")
    beside(root / "blobs" / f"sha256-{'b' * 64}.tmp")


def newer_layout(root: Path) -> None:
    (root / "manifests-v2").mkdir()
    put_blob(root, ORPHAN)


def size_in_manifest(root: Path) -> None:
    path = manifest(root)
    path.write_bytes(path.read_bytes().replace(b'"size":14}', b'"size":15}'))


def temporary_files(root: Path) -> None:
    for name in ("sha256-123456", "Q4_K_M123456", "COPY99999"):
        beside(root / "blobs" / name)


def stray_and_orphan(root: Path) -> None:
    beside(manifest(root).parent / ".DS_Store")
    put_blob(root, ORPHAN)


def damage_and_orphan(root: Path) -> None:
    blob(root, SYSTEM).unlink()
    put_blob(root, ORPHAN)


@dataclass(frozen=True)
class Case:
    """``kinds`` in the order of the report; ``words`` stand in the output."""

    name: str
    spoil: Callable[[Path], object]
    status: int
    kinds: tuple[FindingKind, ...]
    words: tuple[str, ...]


WEIGHTS = f"model {Digest.of(TINY_GGUF)}"
SYSTEM_BLOB = f"system {Digest.of(SYSTEM)}"
REPAIR = "Fetch it again: packllama --store STORE repair m:latest --from PLACE"
# What is behind a link may come back, and nothing is written through one.
UNLINK = f"Put right what it leads to, or fetch it again: rm STORE/blobs/sha256-{Digest.of(SYSTEM).hex} && packllama"

CASES = [
    Case("nothing", lambda root: None, 0, (), ("2 models, 4 blobs, 245 B read: all right",)),
    Case(
        "a bit in shared weights",
        lambda root: flip_a_bit(blob(root, TINY_GGUF)),
        5,
        (K.DAMAGED,),
        (
            f"m:latest       damaged: {WEIGHTS}",
            f"me/other:7b    damaged: {WEIGHTS}",
            "its bytes are those of sha256:",
            REPAIR,
            "2 models not whole",
        ),
    ),
    Case(
        "a bit in the config",
        lambda root: flip_a_bit(blob(root, TINY_CONFIG)),
        5,
        (K.DAMAGED,),
        (f"damaged: config {Digest.of(TINY_CONFIG)}",),
    ),
    Case(
        "a bit in one model's text",
        lambda root: flip_a_bit(blob(root, SYSTEM)),
        5,
        (K.DAMAGED,),
        (f"m:latest       damaged: {SYSTEM_BLOB}", "me/other:7b    ok\n", "1 model not whole\n"),
    ),
    Case(
        "a cut file",
        lambda root: os.truncate(blob(root, SYSTEM), 3),
        5,
        (K.WRONG_SIZE,),
        (f"wrong size: {SYSTEM_BLOB}: truncated: expected 14 bytes, found 3.", REPAIR),
    ),
    Case(
        "an empty file",
        lambda root: os.truncate(blob(root, SYSTEM), 0),
        5,
        (K.WRONG_SIZE,),
        ("truncated: expected 14 bytes, found 0",),
    ),
    Case(
        "a longer file",
        lambda root: os.truncate(blob(root, SYSTEM), 20_000_000),
        5,
        (K.WRONG_SIZE,),
        ("expected 14 bytes, found 20,000,000", "20 MB read"),
    ),
    Case(
        "a wrong size in the manifest",
        size_in_manifest,
        5,
        (K.WRONG_SIZE,),
        ("expected 15 bytes, found 14 (its digest is right, so the manifest is wrong)",),
    ),
    Case(
        "a missing file",
        lambda root: blob(root, SYSTEM).unlink(),
        5,
        (K.MISSING,),
        (f"missing: {SYSTEM_BLOB}: not there; it should have 14 bytes", REPAIR),
    ),
    Case("no blobs at all", lambda root: shutil.rmtree(root / "blobs"), 5, (K.MISSING,) * 4, ("2 models not whole",)),
    Case(
        "a link to nothing",
        lambda root: instead(blob(root, SYSTEM), lambda path: path.symlink_to("gone")),
        5,
        (K.MISSING,),
        (f"missing: {SYSTEM_BLOB}: a link that leads nowhere; it should have 14 bytes", UNLINK),
    ),
    Case(
        "a disk that fails",
        # Reading this file at 0 fails with EIO.
        lambda root: instead(blob(root, SYSTEM), lambda path: path.symlink_to("/proc/self/mem")),
        5,
        (K.UNREADABLE, K.FOREIGN_LINK),
        (f"unreadable: {SYSTEM_BLOB}: cannot be read: Input/output error", UNLINK),
    ),
    Case(
        "a pipe",
        lambda root: instead(blob(root, SYSTEM), os.mkfifo),
        5,
        (K.UNREADABLE,),
        ("cannot be read: expected a blob, found a folder, pipe",),
    ),
    Case(
        "a folder",
        lambda root: instead(blob(root, SYSTEM), Path.mkdir),
        5,
        (K.UNREADABLE,),
        ("cannot be read",),
    ),
    Case(
        "a link that leads to the bytes",
        lambda root: instead(blob(root, SYSTEM), lambda path: _linked(path, Path(f"{root}.elsewhere"))),
        1,
        (K.FOREIGN_LINK,),
        (
            f"foreign link: STORE/blobs/{Digest.of(SYSTEM).file_name}: a link out of the store, to STORE.elsewhere;",
            "cp STORE.elsewhere STORE/blobs/sha256-",
            ": 1 finding",
        ),
    ),
    Case(
        "an empty manifest",
        lambda root: manifest(root).write_bytes(b""),
        5,
        (K.UNREADABLE_MANIFEST, K.CANNOT_TELL),
        (
            "m:latest       unreadable manifest: ",
            "library/m/latest",
            "Ollama's clean-up is off",
            "packllama --store STORE rm m:latest",
            "cannot tell: ",
        ),
    ),
    Case(
        "a manifest that leads nowhere",
        lambda root: instead(manifest(root), lambda path: path.symlink_to("gone")),
        5,
        (K.UNREADABLE_MANIFEST, K.CANNOT_TELL),
        ("a link that leads nowhere",),
    ),
    Case(
        "a manifest that is a pipe",
        lambda root: instead(manifest(root), os.mkfifo),
        5,
        (K.UNREADABLE_MANIFEST, K.CANNOT_TELL),
        ("pipe",),
    ),
    Case(
        "an orphan",
        lambda root: put_blob(root, ORPHAN),
        1,
        (K.ORPHAN,),
        (
            f"orphan: STORE/blobs/{Digest.of(ORPHAN).file_name}: 8 B that no model names",
            "packllama --store STORE prune\n",
            ": 1 finding\n",
        ),
    ),
    Case(
        "a damaged orphan",
        lambda root: beside(root / "blobs" / Digest.of(ORPHAN).file_name, b"n0body's"),
        1,
        (K.DAMAGED,),
        ("damaged: STORE/blobs/", "named by no model, and its bytes are those of"),
    ),
    Case(
        "an orphan that cannot be read",
        lambda root: (root / "blobs" / Digest.of(ORPHAN).file_name).mkdir(),
        1,
        (K.UNREADABLE,),
        ("unreadable: STORE/blobs/",),
    ),
    Case(
        "a layout of other versions",
        newer_layout,
        1,
        (K.NEWER_LAYOUT, K.CANNOT_TELL),
        (
            "newer layout: STORE/manifests-v2: a layout of Ollama's development versions",
            "no blob can be called unused",
            "move it away",
            "cannot tell: STORE/blobs/",
            "Leave it",
        ),
    ),
    Case(
        "a stray beside an orphan",
        stray_and_orphan,
        1,
        (K.STRAY, K.CANNOT_TELL),
        (
            "stray: STORE/manifests/registry.ollama.ai/library/m/.DS_Store: not a model's name; while it is there, "
            "Ollama's clean-up is off. Move it away.",
        ),
    ),
    Case(
        "downloads of Ollama's",
        download,
        1,
        (K.UNFINISHED, K.UNFINISHED),
        ("an unfinished download of Ollama's, 3 files", ".tmp: an unfinished download of Ollama's.", "2 findings"),
    ),
    Case(
        "temporary files of Ollama's",
        temporary_files,
        1,
        (K.UNFINISHED,) * 3,
        ("sha256-123456: a temporary file of Ollama's",),
    ),
    Case(
        "a conversion of Ollama's",
        lambda root: (root / "ollama-safetensors123456").mkdir(),
        1,
        (K.UNFINISHED,),
        ("ollama-safetensors123456: a temporary folder",),
    ),
    Case(
        "a file that is no blob",
        lambda root: beside(root / "blobs" / "READ\x1b[31mME"),
        1,
        (K.STRAY,),
        ("READ\\x1b[31mME: no blob's name",),
    ),
    Case(
        "what a killed packllama left",
        lambda root: beside(root / ".packllama/work/0123456789abcdef" / "tmp1"),
        1,
        (K.UNFINISHED,),
        (
            "work/0123456789abcdef: the work of a packllama that was stopped",
            "create",
            "packllama --store STORE prune\n",
        ),
    ),
    Case(
        "damage and an orphan",
        damage_and_orphan,
        5,
        (K.MISSING, K.ORPHAN),
        ("1 model not whole, 1 other finding\n",),
    ),
]


def _linked(path: Path, elsewhere: Path) -> None:
    elsewhere.write_bytes(SYSTEM)
    path.symlink_to(elsewhere)


def unreadable_beside(root: Path) -> None:
    """A manifest that lists nothing beside a model that is whole."""
    put_manifest(root, "broken", b"{")
