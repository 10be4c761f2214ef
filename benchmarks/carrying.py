"""How fast models travel: a bundle written and taken in, beside a durable copy, one pass of sha256, and ollamazip."""

import os
import shutil
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest import mock

from benchmarks.large import LARGE, sha256_of, write_large_gguf
from benchmarks.measure import (
    Command,
    Figure,
    Process,
    Timed,
    interleaved,
    packllama,
    ratio,
    run,
    run_into_pipe,
    settle,
    slower,
    timed,
)
from packllama.base.fs import make_directory
from packllama.base.observer import SILENT
from packllama.base.reading import opened_plain
from packllama.base.stop import Stop
from packllama.pieces import PIECE_BYTES
from packllama.places.store import ingest
from packllama.places.store.ingest import Ingested
from packllama.places.store.kept_pieces import write_pieces
from packllama.places.store.layout import Layout

NAME = "bench"
# Needs nothing but Python itself, and packs with gzip then.
OLLAMAZIP = "ollamazip==0.2.0"


def carry(folder: Path) -> Iterator[Figure]:
    """``export`` and ``import`` of a model of 2 GiB, against a durable copy and one pass of sha256."""
    store, bundle, fresh, copied_to = (folder / name for name in ("store", "bench.tar", "fresh", "copy"))
    weights = create(folder, store)
    exported: list[Process] = []
    imported: list[Process] = []

    def export() -> float:
        begin_without(bundle)
        return noted(exported, run(packllama(store, "export", NAME, "-o", bundle)))

    def export_to_pipe() -> float:
        settle()
        return noted(exported, run_into_pipe(packllama(store, "export", NAME, "-o", "-")))

    def import_() -> float:
        begin_without(fresh)
        return noted(imported, run(packllama(fresh, "import", bundle)))

    def copy() -> float:
        begin_without(copied_to)
        return durably(["cp", weights, copied_to], copied_to)

    things: list[Timed] = [export, export_to_pipe, import_, copy, lambda: timed(lambda: sha256_of(weights))]
    to_file, to_pipe, taken, copied, hashed = interleaved(things)
    detail = f"cp and fsync {copied}, sha256 {hashed}"
    yield ratio("export, 2 GiB, to a file", to_file, slower(copied, hashed), 1.3, detail)
    yield ratio("export, 2 GiB, to a pipe", to_pipe, hashed, 1.2, f"sha256 {hashed}")
    yield ratio("import, 2 GiB, of a file", taken, slower(copied, hashed), 1.4, detail)
    yield peak_memory("export, 2 GiB, peak memory", exported)
    yield peak_memory("import, 2 GiB, peak memory", imported)
    yield import_of_known(fresh, bundle)


def import_of_known(store: Path, bundle: Path) -> Figure:
    """``import`` where every blob is there and known to be right, against ``--version``."""
    ours, version = interleaved(
        [
            lambda: run(packllama(store, "import", bundle)).seconds,
            lambda: run(packllama(store, "--version")).seconds,
        ],
        rounds=15,
    )
    later = ours.best - version.best
    return Figure("import of what is there, later by", later, 0.2, "s", f"ours {ours}; --version {version}")


def carry_ollamazip(folder: Path) -> Iterator[Figure]:
    """The same against ollamazip as ``pip install ollamazip`` brings it: it packs with gzip.

    It reads and writes a store by itself, without Ollama. It neither hashes nor syncs; what it wrote is synced.
    """
    store, bundle, fresh = folder / "store", folder / "bench.tar", folder / "fresh"
    archive, unpacked = folder / "bench.ollamazip", folder / "unpacked"
    create(folder, store)
    tool = installed(folder / "venv")

    def export() -> float:
        begin_without(bundle)
        return run(packllama(store, "export", NAME, "-o", bundle)).seconds

    def pack() -> float:
        begin_without(archive)
        return durably([tool, "pack", NAME, "-o", archive], archive, store=store)

    def import_() -> float:
        begin_without(fresh)
        return run(packllama(fresh, "import", bundle)).seconds

    def unpack() -> float:
        begin_without(unpacked)
        return durably([tool, "unpack", archive], unpacked / "blobs", store=unpacked)

    exported, packed, imported, taken = interleaved([export, pack, import_, unpack])
    yield ratio("export, 2 GiB, ollamazip's time", exported, packed, 0.5, f"ollamazip pack {packed}")
    yield ratio("import, 2 GiB, ollamazip's time", imported, taken, 0.4, f"ollamazip unpack {taken}")


def pieces(folder: Path) -> Iterator[Figure]:
    """What it costs that damage can be located: hashing 2 GiB and keeping the digests of pieces, against neither."""
    path, layout = folder / "large.gguf", Layout(folder / "store")
    write_large_gguf(path, LARGE)
    make_directory(layout.pieces, below=folder)

    def ingested(step: int) -> Ingested:
        with opened_plain(path, what="a file") as file, mock.patch.object(ingest, "PIECE_BYTES", step):
            before = os.fstat(file)
            return ingest.ingest(file, before=before, where=str(path), out=None, observer=SILENT, stop=Stop())

    def with_pieces() -> None:
        found = ingested(PIECE_BYTES)
        write_pieces(layout, found.digest, found.pieces, staging=folder)

    ours, bare = interleaved([lambda: timed(with_pieces), lambda: timed(lambda: ingested(2 * LARGE))], rounds=9)
    cost = (ours.best / bare.best - 1) * 100
    yield Figure("ingest, 2 GiB, cost of pieces", cost, 5, "%", f"with {ours}, without {bare}")


def create(folder: Path, store: Path) -> Path:
    """A model of two blobs: 2 GiB of weights, whose path this is, and a config."""
    write_large_gguf(folder / "large.gguf", LARGE)
    (folder / "Modelfile").write_text("FROM large.gguf\n")
    run(packllama(store, "create", NAME), cwd=folder)
    (folder / "large.gguf").unlink()
    return max((store / "blobs").iterdir(), key=lambda path: path.stat().st_size)


def begin_without(path: Path) -> None:
    """Remove what the last round made, and begin from the same state."""
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    settle()


def durably(command: Command, made: Path, *, store: Path | None = None) -> float:
    """Seconds that a command of another program takes, and syncing the file, or the files of a folder, that it made."""
    env = {**os.environ, "OLLAMA_MODELS": str(store)} if store else None

    def run_and_sync() -> None:
        run(command, env=env)
        run(["sync", made, *(made.iterdir() if made.is_dir() else ())])

    return timed(run_and_sync)


def noted(kept: list[Process], process: Process) -> float:
    kept.append(process)
    return process.seconds


def peak_memory(name: str, processes: Sequence[Process]) -> Figure:
    peak = max(process.peak_memory for process in processes)
    return Figure(name, peak / 1e6, 80, "MB", "the whole process")


def installed(folder: Path) -> Path:
    """ollamazip in a virtual environment of its own: nothing of ours needs it."""
    venv.create(folder, with_pip=True)
    run([folder / "bin" / "pip", "install", OLLAMAZIP])
    return folder / "bin" / "ollamazip"


ALL = (carry, pieces, carry_ollamazip)
