"""OCI tools carry a bundle's models through a real registry, and the original manifest comes back byte for byte."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from packllama.digest import Digest
from packllama.model import Model
from packllama.places.bundle.twin import twin
from tests.unit.places.bundle.bundles import TWO, TWO_BYTES, write

pytestmark = pytest.mark.slow

Need = Callable[[str, str], str]

_START_SECONDS = 20


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def registry(tmp_path: Path, need_program: Need) -> Iterator[str]:
    """The address of an empty registry."""
    program = need_program("docker-registry", "docker-registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = tmp_path / "registry.yml"
    storage = f"storage: {{filesystem: {{rootdirectory: {tmp_path}/registry}}}}"
    settings.write_text(f"version: 0.1\n{storage}\nhttp: {{addr: 127.0.0.1:{port}}}\n")
    with (tmp_path / "registry.log").open("wb") as log:
        process = subprocess.Popen([program, "serve", settings], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not answers(port):
            assert time.monotonic() < deadline
            assert process.poll() is None, (tmp_path / "registry.log").read_text()
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("model", TWO, ids=lambda model: model.name.model)
def test_the_original_manifest_comes_back(model: Model, registry: str, tmp_path: Path, need_program: Need) -> None:
    skopeo = [need_program("skopeo", "skopeo"), "--insecure-policy", "--tmpdir", str(tmp_path), "copy"]
    bundle, there, back = write(tmp_path / "x.tar"), f"docker://{registry}/team/model:tag", tmp_path / "back"
    subprocess.run([*skopeo, "--dest-tls-verify=false", f"oci-archive:{bundle}:{model.name.full}", there], check=True)
    subprocess.run([*skopeo, "--src-tls-verify=false", there, f"dir:{back}"], check=True)
    assert (back / "manifest.json").read_bytes() == twin(model)
    assert (back / Digest.of(model.manifest.raw).hex).read_bytes() == model.manifest.raw
    for blob in model.blobs:
        assert (back / blob.digest.hex).read_bytes() == TWO_BYTES[blob.digest]
