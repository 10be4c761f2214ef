"""``inspect`` and ``verify`` of a bundle, and how a place is told from a name."""

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import UsageError
from packllama.base.settings import Settings
from packllama.cli.address import is_bundle_name, is_place, parse_place
from tests.program import called
from tests.unit.stores import TINY_GGUF, put_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put_model(tmp_path / "store", "m")
    assert called("export", "m", "-o", "m.tar", cwd=tmp_path).returncode == 0
    return tmp_path


def test_inspect(folder: Path) -> None:
    done = called("inspect", "m.tar", cwd=folder)
    assert done.returncode == 0
    assert "bundle" in done.stdout
    assert "m:latest" in done.stdout
    assert done.stdout.count("sha256:") == 2


def test_verify(folder: Path) -> None:
    done = called("verify", "m.tar", cwd=folder)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "m:latest    ok")
    (folder / "m.tar").write_bytes((folder / "m.tar").read_bytes().replace(TINY_GGUF, bytes(len(TINY_GGUF))))
    done = called("verify", "./m.tar", cwd=folder)
    assert done.returncode == 5
    assert done.stdout.splitlines()[0] == "m:latest    damaged"
    assert done.stdout.endswith("1 model not whole\n")


@pytest.mark.parametrize(("words", "status"), [(("m.tar", "m"), 2), (("./store",), 2), (("./nothing",), 3)])
def test_what_verify_refuses(folder: Path, words: tuple[str, ...], status: int) -> None:
    assert called("verify", *words, cwd=folder).returncode == status


@pytest.mark.parametrize("verb", ["verify", "inspect"])
@pytest.mark.parametrize(("suffix", "pack", "what"), [("gz", gzip.compress, "gzip"), ("xz", lzma.compress, "xz")])
def test_a_packed_bundle(verb: str, suffix: str, pack: Callable[[bytes], bytes], what: str, folder: Path) -> None:
    (folder / f"m.tar.{suffix}").write_bytes(pack((folder / "m.tar").read_bytes()))
    done = called(verb, f"m.tar.{suffix}", cwd=folder)
    assert done.returncode == 4
    assert f"this is a {what} file" in done.stderr
    assert "Unpack it first" in done.stderr


@pytest.mark.parametrize(("verb", "status"), [("verify", 2), ("inspect", 4)])
def test_a_folder(verb: str, status: int, folder: Path) -> None:
    done = called(verb, "./store", cwd=folder)
    assert done.returncode == status
    assert "packllama import" in done.stderr


@pytest.mark.parametrize("output", ["store/blobs/m.tar", "store/manifests/m.tar", "store/.packllama/m.tar"])
def test_no_bundle_among_the_files_of_the_store(output: str, folder: Path) -> None:
    for words in (("export", "m", "-o", output), ("copy", "m", "--to", f"./{output}")):
        done = called(*words, cwd=folder)
        assert done.returncode == 2
        assert "a part of the store" in done.stderr
    assert called("export", "m", "-o", "store/m.tar", cwd=folder).returncode == 0


@pytest.mark.parametrize("text", [".", "..", "./x", "../x", "/x", "~", "~/x", "x.tar", "a b.tar", "./a\nb"])
def test_places(text: str) -> None:
    assert is_place(text)
    home = Path("/home/me")
    expected = home.joinpath(text[2:]) if text.startswith("~") else Path(text)
    assert parse_place(text, Settings(home=home)) == expected


@pytest.mark.parametrize(
    "text", ["", "-", "x", "me/x", "hf.co/me/x:Q4", "x:tar", "~me/x", "...", "ssh://host/x", ".tar.gz"]
)
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(UsageError):
        parse_place(text, Settings())


def test_a_folder_is_no_bundle_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "x.tar").mkdir()
    assert not is_bundle_name(tmp_path / "x.tar")
    assert is_bundle_name(tmp_path / "y.tar")
