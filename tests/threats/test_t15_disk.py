"""A size that somebody claims takes no space, and what broken transfers leave does not pile up."""

import json

import pytest

from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, MANIFEST_TYPE
from tests.faults.checker import check
from tests.registry.listener import Close
from tests.registry.registry import Registry, Trick, ranged
from tests.threats.refusal import Scene, assert_bounded, assert_refused
from tests.unit.places.bundle.bundles import WEIGHTS, entries, packed
from tests.unit.places.bundle.test_evil_bundles import INDEX_VALUE, announced

MODEL = "application/vnd.ollama.image.model"


def claiming(*sizes: int) -> bytes:
    layers = [{"mediaType": MODEL, "digest": f"sha256:{n:064x}", "size": size} for n, size in enumerate(sizes, 1)]
    config = {"mediaType": CONFIG_TYPE, "digest": f"sha256:{0:064x}", "size": 2}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": layers}).encode()


@pytest.mark.parametrize(
    ("sizes", "exit", "words"),
    [
        ([1 << 60], 4, ["more than any model"]),
        ([1 << 62, 1 << 62], 4, ["more than any model"]),
        ([(1 << 63) - 1], 4, ["more than any model"]),
        ([1 << 63], 4, ["whole number"]),
        ([1 << 64], 4, ["whole number"]),
        ([-1], 4, ["-1"]),
        ([1 << 49], 7, ["needs", "free"]),
        ([1 << 40] * 1000, 7, ["needs", "free"]),
        ([1] * 20_000, 4, ["layers"]),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_registry_s_claims(sizes: list[int], exit: int, words: list[str], scene: Scene) -> None:
    """Refused before the first byte of a blob is asked for."""
    with Registry() as there:
        there.manifests["library/m:latest"] = claiming(*sizes)
        assert_refused(scene, "pull", "--insecure", f"{there.host}/library/m", exit=exit, words=words)
        assert not there.asked("/blobs/")


@pytest.mark.parametrize("size", [1 << 60, 1 << 62, (1 << 63) - 1, 1 << 63, -1, 1 << 49])
def test_a_bundle_s_claims(size: int, scene: Scene) -> None:
    blobs = [{"digest": str(INDEX_VALUE["blobs"][0]["digest"]), "size": size}]  # type: ignore[index]
    (scene.folder / "x.tar").write_bytes(announced(blobs=blobs))
    assert_refused(scene, "import", "x.tar", exit=4)


@pytest.mark.parametrize("size", [1 << 60, 1 << 63, -1])
def test_the_claims_of_a_manifest_in_a_folder(size: int, scene: Scene) -> None:
    folder = scene.folder / "downloads/manifests/registry.ollama.ai/library/m"
    folder.mkdir(parents=True)
    (folder / "latest").write_bytes(claiming(size))
    before = scene.seen()
    done = scene.run("import", "downloads")
    assert done.status in {4, 5}
    assert scene.seen() == before
    assert_bounded(done)


BLOB = bytes(range(256)) * 1024


def breaks(at: list[int]) -> Trick:
    """Each answer for the large blob ends after so many bytes."""

    def trick(request: object, sock: object) -> bool:
        if str(Digest.of(BLOB)) not in request.target:  # type: ignore[attr-defined]
            return False
        answer = ranged(request, BLOB)  # type: ignore[arg-type]
        sock.sendall(answer[: answer.index(b"\r\n\r\n") + 4 + at.pop()])  # type: ignore[attr-defined]
        raise Close

    return trick


def broken_pulls(scene: Scene, count: int) -> None:
    with Registry() as there:
        there.put("library/m", "latest", weights=BLOB)
        there.tricks = [breaks([number % 7 for number in range(10 * count)])]
        pull = ("pull", "--insecure", "--retry", "0", f"{there.host}/library/m")
        done = scene.program.run(*[pull] * count, cwd=scene.folder)
        assert {ended.status for ended in done.ended} == {6}
        left = [path for path in (scene.store / ".packllama").rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in left) <= len(BLOB) + 4096
        assert len(left) < 20
        assert check(str(scene.store)) == []
        there.tricks.clear()
        assert scene.run(*pull).status == 0


@pytest.mark.slow
def test_broken_pulls(scene: Scene) -> None:
    broken_pulls(scene, 50)


@pytest.mark.slow
def test_a_thousand_broken_pulls(scene: Scene) -> None:
    broken_pulls(scene, 1000)


def test_a_thousand_broken_imports(scene: Scene) -> None:
    """A bundle that ends in the middle of its weights leaves at most what came of them."""
    data = packed(entries())
    (scene.folder / "cut.tar").write_bytes(data[: data.index(WEIGHTS) + 1000])
    done = scene.program.run(*[("import", "cut.tar")] * 200, cwd=scene.folder)
    assert {ended.status for ended in done.ended} == {5}
    left = [path for path in (scene.store / ".packllama").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in left) <= len(WEIGHTS) + 4096
    assert len(left) < 20
