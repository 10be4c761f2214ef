"""What Ollama and aria2 left unfinished in a store is not fetched again: with the program, and with a real aria2."""

import http.server
import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from packllama.digest import Digest
from packllama.model import Blob
from packllama.places.partial import partials_in
from tests.program import packllama
from tests.unit.stores import put_model

pytestmark = pytest.mark.slow

MIB = 1 << 20
WEIGHTS = Random(8).randbytes(5 * MIB) + b"end"
BLOB = Blob(Digest.of(WEIGHTS), len(WEIGHTS))
DEADLINE_SECONDS = 60
# Of each answer the server gives so many bytes, and then nothing more.
GIVEN = 1_300_000

READ = re.compile(r"(?:read|pread64|preadv2?)\(\d+<(?P<path>[^>]*)>.* = (?P<count>\d+)$", re.MULTILINE)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a bundle of one model: a file that no store can clone blobs of."""
    put_model(tmp_path / "store", "m", weights=WEIGHTS)
    exported = packllama("export", "m", "-o", "models.tar", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    return tmp_path


def unfinished(store: Path, *, wrong: bytes = b"") -> dict[str, bytes]:
    """A pull of Ollama's that ended: the first of two parts is whole, of the second there is a MiB. The files."""
    blobs = store / "blobs"
    blobs.mkdir(parents=True)
    name, half = f"{BLOB.digest.file_name}-partial", 2 * MIB
    held = wrong + WEIGHTS[len(wrong) : half + MIB]
    (blobs / name).write_bytes(held + bytes(BLOB.size - len(held)))
    for number, (start, size, done) in enumerate([(0, half, half), (half, BLOB.size - half, MIB)]):
        state = f'{{"N":{number},"Offset":{start},"Size":{size},"Completed":{done}}}\n'
        (blobs / f"{name}-{number}").write_text(state)
    return partials(store)


def partials(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (store / "blobs").iterdir() if "-partial" in path.name}


def test_an_unfinished_pull_of_ollamas(here: Path, need_program: Callable[[str, str], str]) -> None:
    """Counted at the system calls: of the bundle no more is read than the pull did not bring."""
    left = unfinished(here / "there")
    strace = (need_program("strace", "strace"), "-f", "-y", "-o", "log", "-e", "trace=read,pread64,preadv,preadv2")
    done = packllama("--store", "there", "--json", "import", "models.tar", cwd=here, before=strace)
    report = json.loads(done.stdout)
    assert report["bytes_found"] == 3 * MIB
    assert report["bytes_sent"] < BLOB.size - 3 * MIB + 10_000
    log = (here / "log").read_text()
    read = sum(int(match["count"]) for match in READ.finditer(log) if match["path"].endswith("/models.tar"))
    assert BLOB.size - 3 * MIB < read < BLOB.size - 2 * MIB
    assert partials(here / "there") == left
    assert packllama("--store", "there", "verify", "m", cwd=here).returncode == 0
    assert packllama("--store", "there", "list", cwd=here).stdout.count("\n") == 2


def test_it_is_said(here: Path) -> None:
    unfinished(here / "there")
    done = packllama("copy", "m", "--from", "./models.tar", "--to", "./there", cwd=here)
    assert done.returncode == 0, done.stderr
    assert "3.1 MB came from an unfinished download of Ollama's or aria2's" in done.stderr


def test_one_with_wrong_bytes(here: Path) -> None:
    left = unfinished(here / "there", wrong=b"!")
    done = packllama("--store", "there", "import", "models.tar", cwd=here)
    assert done.returncode == 0, done.stderr
    assert f"{BLOB.digest}: an unfinished download has wrong bytes" in done.stderr
    assert "came from" not in done.stderr
    assert partials(here / "there") == left
    assert packllama("--store", "there", "verify", "m", cwd=here).returncode == 0


class Stalling(http.server.BaseHTTPRequestHandler):
    """Gives ranges of the weights, and of each only the beginning, until the server is closed."""

    protocol_version = "HTTP/1.1"
    closing: threading.Event

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        start, _, end = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        first, last = int(start), int(end or len(WEIGHTS) - 1)
        self.send_response(206 if "Range" in self.headers else 200)
        if "Range" in self.headers:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(WEIGHTS)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        self.wfile.write(WEIGHTS[first : last + 1][:GIVEN])
        self.wfile.flush()
        self.closing.wait(DEADLINE_SECONDS)


@pytest.fixture
def stalling() -> Iterator[str]:
    """The address of the weights."""
    closing = threading.Event()
    handler = type("Handler", (Stalling,), {"closing": closing})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/weights"
        closing.set()
        server.shutdown()
        serving.join()


def test_an_unfinished_download_of_aria2s(here: Path, stalling: str, need_program: Callable[[str, str], str]) -> None:
    """Killed while it fetched two ranges of a blob straight into the store."""
    blobs = here / "there" / "blobs"
    name = BLOB.digest.file_name
    words = ["--no-conf", "-q", "-d", str(blobs), "-o", name, "-s2", "-x2", "-k1M", "--disk-cache=0"]
    aria2 = subprocess.Popen(
        [need_program("aria2c", "aria2"), *words, "--auto-save-interval=1", "--file-allocation=none", stalling]
    )
    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while sum(map(len, partials_in(blobs, wanted=[BLOB]).extents(BLOB))) < 2 * MIB:
            assert time.monotonic() < deadline
            assert aria2.poll() is None
            time.sleep(0.05)
    finally:
        aria2.send_signal(signal.SIGKILL)
        aria2.wait()
    assert (blobs / name).stat().st_size < BLOB.size
    done = packllama("--store", "there", "--json", "import", "models.tar", cwd=here)
    report = json.loads(done.stdout)
    assert 2 * MIB <= report["bytes_found"] <= 2 * GIVEN
    assert packllama("--store", "there", "verify", "m", cwd=here).returncode == 0
