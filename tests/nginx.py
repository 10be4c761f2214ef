"""Real nginx on loopback, serving a folder as a static mirror of a registry, or passing on what it is asked."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CONFIG = """\
daemon off;
worker_processes 1;
pid {work}/pid;
error_log {work}/error.log;
events {{}}
http {{
    access_log {work}/access.log;
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    default_type application/octet-stream;
    sendfile on;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        {more}
    }}
}}
"""
_SECONDS = 20.0


@contextmanager
def nginx(program: str, root: Path, work: Path, *, passes_to: str = "") -> Iterator[str]:
    """Its ``HOST:PORT``. ``work`` is a folder for its own files; ``access.log`` there tells what was asked for.

    ``passes_to``: the ``HOST:PORT`` that is asked instead, as by a proxy, whatever host was meant.
    """
    work.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    config = work / "nginx.conf"
    more = f"location / {{ proxy_pass http://{passes_to}; }}" if passes_to else ""
    config.write_text(_CONFIG.format(work=work, root=root, port=port, more=more))
    # As root it would give its workers to a user who may not enter a test's folder.
    command = [program, "-c", str(config), "-e", str(work / "error.log"), "-g", "user root;"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            _wait(process, port)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert process.poll() is None, process.stdout and process.stdout.read()
            assert time.monotonic() < until
        else:
            return
