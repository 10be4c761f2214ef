"""A web server that is slow on purpose: ``python -m benchmarks.slow_server FOLDER DELAY RATE``.

Each answer begins ``DELAY`` seconds after its request, and each connection gets ``RATE`` bytes a second, however many
requests go over it; 0: as fast as it can. It prints the port on which it listens.
"""

import contextlib
import http.server
import os
import sys
import time
from pathlib import Path

_STEP = 64 << 10


class SlowServer(http.server.ThreadingHTTPServer):
    """Serves the files of a folder, and ranges of them."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path, *, delay: float, rate: float) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.folder = folder
        self.delay = delay
        self.rate = rate


class _Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: SlowServer

    def setup(self) -> None:
        super().setup()
        self._free_at = time.monotonic()

    def do_GET(self) -> None:
        time.sleep(self.server.delay)
        path = self.server.folder / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        size = path.stat().st_size
        text = self.headers.get("Range", "").removeprefix("bytes=")
        first, _, last = text.partition("-")
        start, stop = int(first or 0), min(int(last or size - 1) + 1, size)
        self.send_response(206 if text else 200)
        if text:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        self.wfile.flush()
        with path.open("rb") as file, contextlib.suppress(ConnectionError):  # they may leave when they have enough
            while start < stop:
                start += self._send(file.fileno(), start, stop - start)

    def _send(self, file: int, offset: int, count: int) -> int:
        if not self.server.rate:
            return os.sendfile(self.connection.fileno(), file, offset, count)
        begins = max(self._free_at, time.monotonic())
        time.sleep(begins - time.monotonic() if begins > time.monotonic() else 0)
        sent = os.sendfile(self.connection.fileno(), file, offset, min(count, _STEP))
        self._free_at = begins + sent / self.server.rate
        return sent

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    root, delay, rate = sys.argv[1:]
    with SlowServer(Path(root), delay=float(delay), rate=float(rate)) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
