"""``pull`` against real registries, mirrors and proxies, and what is left of it when it is stopped at a bad moment."""

import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from packllama.digest import Digest
from packllama.name import ModelName
from tests.docker_registry import docker_registry
from tests.mounted import mounted, sparse_file
from tests.nginx import nginx
from tests.program import environment, packllama
from tests.registry.listener import Listener, Request
from tests.registry.registry import Registry, Trick
from tests.unit.stores import put_model

pytestmark = pytest.mark.slow

MIB = 1 << 20
# What is on its way when a run is killed: nothing is asked for further ahead.
WINDOW = 16 * MIB
DEADLINE_SECONDS = 60

Need = Callable[[str, str], str]


@functools.cache
def weights() -> bytes:
    """Made when they are wanted: they are large."""
    return Random(8).randbytes(64 * MIB + 5)


@functools.cache
def digest() -> Digest:
    return Digest.of(weights())


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as there:
        there.put("library/m", "latest", weights=weights())
        yield there


def name_at(host: str) -> str:
    return f"{host}/library/m"


def manifest_path(store: Path, name: str) -> Path:
    return store / "manifests" / ModelName.parse(name).relative_path()


def fetched(listener: Listener) -> int:
    asked = [request.range for request in listener.requests if str(digest()) in request.target]
    return sum(stop - start for start, stop in filter(None, asked))


@contextlib.contextmanager
def started(*words: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "packllama", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=cwd, env=environment(cwd), stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def at_request(number: int, action: Callable[[], object]) -> Trick:
    """Act once, when the large blob is asked for so many times."""
    seen = threading.Semaphore(number - 1)
    done = threading.Event()

    def trick(request: Request, _: socket.socket) -> bool:
        if str(digest()) in request.target and not seen.acquire(blocking=False) and not done.is_set():
            done.set()
            action()
        return False

    return trick


def test_from_a_registry_for_container_images(tmp_path: Path, need_program: Need) -> None:
    """What a bundle brought there with skopeo comes back with its own manifest, byte for byte."""
    put_model(tmp_path / "store", "me/m:v1", weights=weights())
    assert packllama("export", "me/m:v1", "-o", "m.tar", cwd=tmp_path).returncode == 0
    skopeo = [need_program("skopeo", "skopeo"), "--insecure-policy", "--tmpdir", str(tmp_path), "copy"]
    with docker_registry(need_program("docker-registry", "docker-registry"), tmp_path / "registry") as host:
        full = ModelName.parse("me/m:v1").full
        there = [f"oci-archive:{tmp_path}/m.tar:{full}", f"docker://{host}/team/m:v1"]
        subprocess.run([*skopeo, "--dest-tls-verify=false", *there], check=True)
        done = packllama("--store", "new", "pull", f"{host}/team/m:v1", "--insecure", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        other = packllama("--store", "new", "pull", f"{host}/team/m:v2", "--insecure", cwd=tmp_path)
        assert other.returncode == 3
    taken = manifest_path(tmp_path / "new", f"{host}/team/m:v1").read_bytes()
    assert taken == manifest_path(tmp_path / "store", "me/m:v1").read_bytes()
    assert packllama("--store", "new", "verify", cwd=tmp_path).returncode == 0


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """A model laid out as files at the paths of a registry."""
    put_model(tmp_path / "there", "h/library/m", weights=weights())
    model = tmp_path / "served" / "v2" / "library" / "m"
    shutil.copytree(tmp_path / "there" / "manifests" / "h" / "library" / "m", model / "manifests")
    (model / "blobs").mkdir()
    for path in (tmp_path / "there" / "blobs").iterdir():
        path.rename(model / "blobs" / path.name.replace("-", ":"))
    return tmp_path / "served"


def test_files_behind_nginx(served: Path, registry: Registry, tmp_path: Path, need_program: Need) -> None:
    """As a registry, and as a mirror of one."""
    with nginx(need_program("nginx", "nginx-light"), served, tmp_path / "nginx") as host:
        done = packllama("pull", name_at(host), "--insecure", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        words = ("--store", "new", "pull", name_at(registry.host), "--insecure", "--mirror", f"http://{host}")
        done = packllama(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert 0 < fetched(registry) < len(weights())
    assert packllama("verify", cwd=tmp_path).returncode == 0
    assert packllama("--store", "new", "verify", cwd=tmp_path).returncode == 0


def test_through_a_proxy(served: Path, registry: Registry, tmp_path: Path, need_program: Need) -> None:
    """A host that only the proxy knows."""
    program = need_program("nginx", "nginx-light")
    with nginx(program, served, tmp_path / "nginx", passes_to=registry.host) as proxy:
        env = {"HTTP_PROXY": f"http://{proxy}", "HTTPS_PROXY": f"http://{proxy}"}
        done = packllama("pull", name_at("registry.invalid:5000"), "--insecure", cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
    assert fetched(registry) == len(weights())
    done = packllama("pull", name_at("registry.invalid:5000"), "--insecure", cwd=tmp_path)
    assert done.returncode == 6
    assert "no address is known for this name" in done.stderr


@pytest.mark.parametrize("when", ["early", "late"])
def test_killed_it_goes_on(when: str, registry: Registry, tmp_path: Path) -> None:
    request_number = 3 if when == "early" else Random().randrange(18, 60)
    with started("pull", name_at(registry.host), "--insecure", cwd=tmp_path) as process:
        registry.tricks.append(at_request(request_number, process.kill))
        assert process.wait(DEADLINE_SECONDS) == -signal.SIGKILL
    assert not manifest_path(tmp_path / "store", name_at(registry.host)).exists()
    done = packllama("pull", name_at(registry.host), "--insecure", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert fetched(registry) <= len(weights()) + WINDOW
    assert packllama("verify", cwd=tmp_path).returncode == 0


def test_stopped_it_ends_at_once(registry: Registry, tmp_path: Path) -> None:
    """Also while the registry says nothing."""
    waiting = threading.Event()

    def silent(request: Request, _: socket.socket) -> bool:
        if str(digest()) in request.target and request.range and request.range[0] >= 20 * MIB:
            waiting.set()
            registry.leaving.wait()
            return True
        return False

    registry.tricks.append(silent)
    with started("pull", name_at(registry.host), "--insecure", cwd=tmp_path) as process:
        assert waiting.wait(DEADLINE_SECONDS)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_SECONDS) == 130
        assert time.monotonic() - began < 1.5
    registry.tricks.clear()
    assert packllama("pull", name_at(registry.host), "--insecure", cwd=tmp_path).returncode == 0
    assert fetched(registry) <= len(weights()) + WINDOW


def test_an_answer_that_never_comes_holds_nobody_up(registry: Registry, tmp_path: Path) -> None:
    """Somebody else is asked for it, and the end does not wait for it either."""
    once = threading.Semaphore(1)

    def silent(request: Request, _: socket.socket) -> bool:
        late = str(digest()) in request.target and request.range and request.range[0] == 7 * MIB
        if late and once.acquire(blocking=False):
            registry.leaving.wait()
            return True
        return False

    registry.tricks.append(silent)
    began = time.monotonic()
    done = packllama("pull", name_at(registry.host), "--insecure", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 25


def test_two_at_once(registry: Registry, tmp_path: Path) -> None:
    """The second waits for the first, says so, and has nothing left to fetch."""
    second = threading.Event()
    words = ("pull", name_at(registry.host), "--insecure")

    def held(request: Request, _: socket.socket) -> bool:
        if str(digest()) in request.target and request.range and request.range[0] >= 30 * MIB:
            second.wait(DEADLINE_SECONDS)
        return False

    begun = threading.Event()
    registry.tricks += [held, at_request(2, begun.set)]
    with started(*words, cwd=tmp_path) as one:
        assert begun.wait(DEADLINE_SECONDS)
        with started("--json", *words, cwd=tmp_path) as other:
            assert other.stderr
            said = other.stderr.readline()
            second.set()
            report = json.loads(other.communicate(timeout=DEADLINE_SECONDS)[0])
            assert (one.wait(DEADLINE_SECONDS), other.returncode) == (0, 0)
    assert f"waiting for process {one.pid} (copying {name_at(registry.host)}:latest)" in said
    assert (report["published"], report["bytes_sent"]) == ([f"{name_at(registry.host)}:latest"], 0)


def test_a_disk_that_fills_up(registry: Registry, tmp_path: Path, need_root: None, need_program: Need) -> None:
    make = need_program("mkfs.ext4", "e2fsprogs")
    image = sparse_file(tmp_path / "image", 160 * MIB)
    subprocess.run([make, "-q", "-m", "0", str(image)], check=True)
    with mounted(image, tmp_path / "disk", mount='mount -o loop "$0" "$1"') as disk:
        filler = disk.seen / "filler"

        def fill() -> None:
            with filler.open("wb") as file, contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), 0, free(disk.seen) - 4 * MIB)

        registry.tricks.append(at_request(40, fill))
        done = disk.packllama("pull", name_at(registry.host), "--insecure")
        assert done.returncode == 7, done.stderr
        assert "No space left on device" in done.stderr
        filler.unlink()
        before = fetched(registry)
        done = disk.packllama("pull", name_at(registry.host), "--insecure")
        assert done.returncode == 0, done.stderr
        assert fetched(registry) - before < len(weights()) - WINDOW
        assert disk.packllama("verify").returncode == 0


def free(place: Path) -> int:
    figures = os.statvfs(place)
    return figures.f_bavail * figures.f_frsize


def test_no_room_for_all_of_them_is_said_before_the_first(
    registry: Registry, tmp_path: Path, need_root: None, need_program: Need
) -> None:
    registry.put("library/n", "latest", weights=weights()[1:])
    make = need_program("mkfs.ext4", "e2fsprogs")
    image = sparse_file(tmp_path / "image", 120 * MIB)
    subprocess.run([make, "-q", "-m", "0", str(image)], check=True)
    with mounted(image, tmp_path / "disk", mount='mount -o loop "$0" "$1"') as disk:
        done = disk.packllama("pull", name_at(registry.host), f"{registry.host}/library/n", "--insecure")
        assert done.returncode == 7
        assert "needs 134 MB" in done.stderr
        assert not registry.asked("/blobs/")
