"""OCI tools carry a bundle's models through a real registry, and the original manifest comes back byte for byte."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.digest import Digest
from packllama.model import Model
from packllama.places.bundle.twin import twin
from tests.docker_registry import docker_registry
from tests.unit.places.bundle.bundles import TWO, TWO_BYTES, write

pytestmark = pytest.mark.slow

Need = Callable[[str, str], str]


@pytest.mark.parametrize("model", TWO, ids=lambda model: model.name.model)
def test_the_original_manifest_comes_back(model: Model, tmp_path: Path, need_program: Need) -> None:
    skopeo = [need_program("skopeo", "skopeo"), "--insecure-policy", "--tmpdir", str(tmp_path), "copy"]
    with docker_registry(need_program("docker-registry", "docker-registry"), tmp_path / "registry") as registry:
        bundle, there, back = write(tmp_path / "x.tar"), f"docker://{registry}/team/model:tag", tmp_path / "back"
        subprocess.run(
            [*skopeo, "--dest-tls-verify=false", f"oci-archive:{bundle}:{model.name.full}", there], check=True
        )
        subprocess.run([*skopeo, "--src-tls-verify=false", there, f"dir:{back}"], check=True)
    assert (back / "manifest.json").read_bytes() == twin(model)
    assert (back / Digest.of(model.manifest.raw).hex).read_bytes() == model.manifest.raw
    for blob in model.blobs:
        assert (back / blob.digest.hex).read_bytes() == TWO_BYTES[blob.digest]
