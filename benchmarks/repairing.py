"""How fast one flipped bit in a large blob is repaired from a registry, beside one pass of sha256."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.carrying import NAME, create
from benchmarks.fetching import slow_server
from benchmarks.large import LARGE, sha256_of
from benchmarks.measure import Figure, Process, Timed, interleaved, packllama, run, settle, timed

MIB = 1 << 20
REPOSITORY = f"library/{NAME}"
# So much for what does not grow with the blob: the program's start, one piece's way, the last sync.
SECONDS = 1.0


def repair(folder: Path) -> Iterator[Figure]:
    """``repair`` of a store in the folder that benchmarks work in."""
    yield from figures(folder, folder, "")


def figures(store_in: Path, served_in: Path, where: str) -> Iterator[Figure]:
    """The same for a store in any folder; ``where`` says what it is. The registry's files are in another."""
    store = store_in / "store"
    weights = create(served_in, store)
    serve(weights, served_in / "root")
    with slow_server(served_in / "root", delay=0, rate=0) as host:
        repairs = Repairs(store, weights, host)
        places = {"first MiB": MIB, "middle": LARGE // 2}
        timed_repairs: list[Timed] = [partial(repairs.one, offset) for offset in places.values()]
        *ours, hashed = interleaved([*timed_repairs, lambda: timed(lambda: sha256_of(weights))])
    for place, times in zip(places, ours, strict=True):
        goal = 1.2 * hashed.best + SECONDS
        detail = f"1.2 x sha256 + 1 s = {goal:.3f} s; ours {times}; sha256 {hashed}"
        yield Figure(f"repair, 2 GiB{where}, a bit in its {place}", times.best / goal, 1, "x", detail)
    yield Figure(f"repair, 2 GiB{where}, fetched", max(repairs.fetched) / MIB, 32, "MiB", "one flipped bit")
    peak = max(process.peak_memory for process in repairs.processes) / 1e6
    yield Figure(f"repair, 2 GiB{where}, peak memory", peak, 120, "MB", "the whole process")


class Repairs:
    """A store's blob that is damaged and repaired again and again. Its pieces are known: it was taken in here."""

    def __init__(self, store: Path, weights: Path, host: str) -> None:
        self.fetched: list[int] = []
        self.processes: list[Process] = []
        self._store = store
        self._weights = weights
        self._host = host

    def one(self, offset: int) -> float:
        """Seconds that it takes to repair a flipped bit."""
        flip(self._weights, offset)
        settle()
        sha256_of(self._weights)  # from memory, as the yardstick reads it
        report = self._store.parent / "report.json"
        with report.open("wb") as out:
            words = ["repair", NAME, "--from", f"http://{self._host}", "--json"]
            self.processes.append(run(packllama(self._store, *words), stdout=out))
        self.fetched.append(json.loads(report.read_text())["bytes_fetched"])
        return self.processes[-1].seconds


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        byte = os.pread(file.fileno(), 1, offset)
        os.pwrite(file.fileno(), bytes([byte[0] ^ 1]), offset)


def serve(weights: Path, root: Path) -> None:
    """A registry's files that have the blob."""
    blobs = root / "v2" / REPOSITORY / "blobs"
    blobs.mkdir(parents=True)
    shutil.copyfile(weights, blobs / weights.name.replace("-", ":"))


ALL: tuple[Callable[[Path], Iterator[Figure]], ...] = (repair,)
