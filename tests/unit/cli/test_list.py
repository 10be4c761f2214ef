"""``packllama list`` from outside."""

import json
import os
import time
from pathlib import Path

import pytest

from packllama.digest import Digest
from packllama.manifest import LayerKind
from tests.program import called
from tests.unit.stores import TINY_CONFIG, TINY_GGUF, put_manifest, put_model

DAY = 86400


@pytest.fixture
def digests(tmp_path: Path) -> dict[str, str]:
    """A store of two models, one day and three days old; their digests."""
    found = {}
    for name, days in (("a", 1), ("me/Big:Q8_0", 3)):
        manifest = put_model(tmp_path / "store", name, (LayerKind.SYSTEM, name.encode()))
        then = time.time() - days * DAY - 60
        os.utime(manifest, (then, then))
        found[name] = Digest.of(manifest.read_bytes()).hex
    return found


def listed(folder: Path, *args: str) -> str:
    done = called("list", *args, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_table(digests: dict[str, str], tmp_path: Path) -> None:
    size = len(TINY_GGUF) + len(TINY_CONFIG)
    assert listed(tmp_path) == (
        "NAME           ID              SIZE     MODIFIED     \n"
        f"a:latest       {digests['a'][:12]}    {size + 1} B    24 hours ago    \n"
        f"me/Big:Q8_0    {digests['me/Big:Q8_0'][:12]}    {size + 11} B    3 days ago      \n"
    )


def test_whole_digests(digests: dict[str, str], tmp_path: Path) -> None:
    assert [line.split()[1] for line in listed(tmp_path, "--digests").splitlines()[1:]] == list(digests.values())
    document = json.loads(listed(tmp_path, "--digests", "--json"))
    assert [model["digest"] for model in document["models"]] == list(digests.values())


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["ME/B"], ["me/Big:Q8_0"]),
        (["big"], []),
        (["*big*"], ["me/Big:Q8_0"]),
        (["?:latest"], ["a:latest"]),
        (["a", "ignored", "words"], ["a:latest"]),
    ],
)
def test_patterns(words: list[str], names: list[str], digests: dict[str, str], tmp_path: Path) -> None:
    assert [line.split()[0] for line in listed(tmp_path, *words).splitlines()[1:]] == names


def test_an_empty_store(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    assert listed(tmp_path) == "NAME    ID    SIZE    MODIFIED \n"


def test_a_stub_has_no_size(tmp_path: Path) -> None:
    config = b'{"remote_model":"gpt-oss:20b","remote_host":"https://ollama.com:443"}'
    path = put_model(tmp_path / "store", "far", config=config)
    path.write_bytes(path.read_bytes().replace(b"image.model", b"image.system"))
    assert listed(tmp_path).splitlines()[1].split()[2] == "-"
    assert json.loads(listed(tmp_path, "--json"))["models"][0]["remote"] is True


def test_what_cannot_be_read_is_said_and_the_rest_listed(digests: dict[str, str], tmp_path: Path) -> None:
    path = put_manifest(tmp_path / "store", "broken", b"{")
    done = called("list", cwd=tmp_path)
    assert len(done.stdout.splitlines()) == 1 + len(digests)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert str(path) in done.stderr
