"""How fast models are downloaded: beside aria2c, which checks what it fetches, and beside curl, sync and sha256."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.nginx import nginx

from benchmarks.carrying import begin_without, create
from benchmarks.large import sha256_of
from benchmarks.measure import Command, Figure, Process, Times, interleaved, packllama, run, timed
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, compose

REPOSITORY = "library/bench"
MANIFESTS = Path("manifests/registry.ollama.ai") / REPOSITORY
# Slow lines: 20 Mbit/s for each connection; an answer 150 ms after its request.
RATE, DELAY = 2_500_000, 0.15
THROTTLED = 128 << 20


@dataclass(frozen=True)
class Served:
    """A model as files at the paths of a registry. ``weights`` is the path of its large blob, below ``root``."""

    root: Path
    weights: str

    @property
    def sha256(self) -> str:
        return self.weights.rpartition(":")[2]


def serve_large(folder: Path) -> Served:
    """A model of 2 GiB."""
    store, repository = folder / "store", folder / "root" / "v2" / REPOSITORY
    weights = create(folder, store)
    repository.mkdir(parents=True)
    (store / MANIFESTS).rename(repository / "manifests")
    (repository / "blobs").mkdir()
    for path in (store / "blobs").iterdir():
        path.rename(repository / "blobs" / path.name.replace("-", ":"))
    return Served(folder / "root", f"v2/{REPOSITORY}/blobs/{weights.name.replace('-', ':')}")


def serve_small(folder: Path) -> Served:
    """A model of so many bytes that a slow line needs a minute for it."""
    repository = folder / "root" / "v2" / REPOSITORY
    weights, config = os.urandom(THROTTLED), b"{}"
    layers = [Layer(LayerKind.MODEL.media_type, Digest.of(weights), len(weights))]
    (repository / "blobs").mkdir(parents=True)
    (repository / "manifests").mkdir()
    for data in (weights, config):
        (repository / "blobs" / str(Digest.of(data))).write_bytes(data)
    manifest = compose(Layer(CONFIG_TYPE, Digest.of(config), len(config)), layers)
    (repository / "manifests" / "latest").write_bytes(manifest)
    return Served(folder / "root", f"v2/{REPOSITORY}/blobs/{Digest.of(weights)}")


def pull_command(store: Path, host: str, *more: str) -> Command:
    return packllama(store, "pull", f"{host}/{REPOSITORY}", "--insecure", *more)


def aria2_command(host: str, served: Served, out: Path) -> Command:
    how = ["--no-conf", "-q", "-x8", "-s8", "-k1M", "--file-allocation=none", f"--checksum=sha-256={served.sha256}"]
    return ["aria2c", *how, "-d", str(out.parent), "-o", out.name, f"http://{host}/{served.weights}"]


class Fetched:
    """Ways to fetch one model, each from nothing to bytes that are right and durable, and what their processes took."""

    def __init__(self, folder: Path, served: Served, host: str) -> None:
        self.ours: list[Process] = []
        self.aria2s: list[Process] = []
        self._store, self._out = folder / "new", folder / "out"
        self._served = served
        self._host = host

    def pull(self, *more: str) -> float:
        begin_without(self._store)
        self.ours.append(run(pull_command(self._store, self._host, *more)))
        return self.ours[-1].seconds

    def aria2(self) -> float:
        begin_without(self._out)
        return timed(self._aria2)

    def _aria2(self) -> None:
        self.aria2s.append(run(aria2_command(self._host, self._served, self._out)))
        run(["sync", self._out])

    def curl(self) -> float:
        begin_without(self._out)
        return timed(self._curl)

    def _curl(self) -> None:
        run(["curl", "-s", "-o", self._out, f"http://{self._host}/{self._served.weights}"])
        run(["sync", self._out])
        sha256_of(self._out)


def times_faster(name: str, ours: Times, other: Times, goal: float, detail: str) -> Figure:
    return Figure(name, other.best / ours.best, goal, "x", f"ours {ours}; {detail} {other}", at_least=True)


def pull(folder: Path) -> Iterator[Figure]:
    """``pull`` of a model of 2 GiB from nginx, against aria2c and sync, and against curl, sync and sha256."""
    served = serve_large(folder)
    with nginx("nginx", served.root, folder / "nginx") as host:
        ways = Fetched(folder, served, host)
        ours, aria2, curl = interleaved([ways.pull, ways.aria2, ways.curl])
    yield times_faster("pull, 2 GiB, times as fast as aria2c", ours, aria2, 1.5, "aria2c -x8 and sync")
    yield times_faster("pull, 2 GiB, as curl and sha256", ours, curl, 1.1, "curl, sync, sha256")
    our_cpu, their_cpu = (min(process.cpu_seconds for process in each) for each in (ways.ours, ways.aria2s))
    detail = f"ours {our_cpu / 2.147:.2f} s, aria2c {their_cpu / 2.147:.2f} s for a GB"
    yield Figure("pull, 2 GiB, aria2c's processor time", our_cpu / their_cpu, 0.7, "x", detail)
    peak = max(process.peak_memory for process in ways.ours)
    yield Figure("pull, 2 GiB, peak memory", peak / 1e6, 120, "MB", "the whole process")


def pull_from_afar(folder: Path) -> Iterator[Figure]:
    """The same, where every answer begins late."""
    served = serve_large(folder)
    with slow_server(served.root, delay=DELAY, rate=0) as host:
        ways = Fetched(folder, served, host)
        ours, aria2 = interleaved([ways.pull, ways.aria2])
    figure = ours.best / aria2.best
    yield Figure("pull, 2 GiB, 150 ms away", figure, 1.2, "x", f"ours {ours}; aria2c -x8 and sync {aria2}")


def pull_slowly(folder: Path) -> Iterator[Figure]:
    """``pull`` where each connection gives 20 Mbit/s: eight against one."""
    served = serve_small(folder)
    with slow_server(served.root, delay=0, rate=RATE) as host:
        one = run(pull_command(folder / "one", host, "--parallel", "1")).seconds
        (eight,) = interleaved([lambda: Fetched(folder, served, host).pull("--parallel", "8")])
    yield Figure(
        "pull, eight slow connections", one / eight.best, 7, "x", f"one {one:.1f} s, eight {eight}", at_least=True
    )


@contextlib.contextmanager
def slow_server(root: Path, *, delay: float, rate: float) -> Iterator[str]:
    """The ``HOST:PORT`` of a server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.slow_server", str(root), str(delay), str(rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


ALL = (pull, pull_from_afar, pull_slowly)
