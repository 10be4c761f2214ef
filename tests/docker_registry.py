"""A real registry for container images on loopback: CNCF's distribution, as Debian packs it."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_START_SECONDS = 20


@contextmanager
def docker_registry(program: str, work: Path) -> Iterator[str]:
    """The ``HOST:PORT`` of an empty registry. ``work`` is a folder for its own files."""
    work.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings, log = work / "registry.yml", work / "log"
    storage = f"storage: {{filesystem: {{rootdirectory: {work}/data}}}}"
    settings.write_text(f"version: 0.1\n{storage}\nhttp: {{addr: 127.0.0.1:{port}}}\n")
    with log.open("wb") as output:
        process = subprocess.Popen([program, "serve", settings], stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(port):
            assert time.monotonic() < deadline
            assert process.poll() is None, log.read_text()
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
