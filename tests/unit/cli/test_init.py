"""``packllama init`` from outside."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run


@pytest.fixture
def weights(tmp_path: Path, gguf: Callable[[str], Path]) -> Path:
    """A folder of its own, with blanks in its name."""
    (tmp_path / "my models").mkdir()
    return Path(shutil.copyfile(gguf("ct-phi3.gguf"), tmp_path / "my models" / "phi.gguf"))


def test_written_beside_the_weights_built_and_clean(weights: Path, run: Run) -> None:
    done = run("init", str(weights))
    modelfile = weights.with_name("Modelfile")
    assert (done.status, done.out) == (0, "")
    assert done.err == f"wrote {modelfile}; next: packllama create NAME -f '{modelfile}'\n"
    assert run("lint", str(modelfile)).status == 0
    assert run("create", "phi", "-f", str(modelfile)).status == 0
    assert "<|assistant|>" in run("show", "--template", "phi").out


def test_a_folder(weights: Path, run: Run) -> None:
    assert run("init", str(weights.parent)).status == 0
    assert "\nFROM ./phi.gguf\n" in weights.with_name("Modelfile").read_text()


@pytest.mark.parametrize("place", ["phi.gguf", "."])
def test_nothing_is_overwritten_unasked(place: str, weights: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(weights.parent)
    Path("Modelfile").write_text("mine")
    done = run("init", place)
    assert (done.status, Path("Modelfile").read_text()) == (2, "mine")
    assert "there already" in done.err
    assert "-o" in done.err
    assert "--yes" in done.err
    assert run("init", place, "--yes").status == 0
    assert "FROM ./phi.gguf" in Path("Modelfile").read_text()


def test_only_a_plain_file_is_replaced(weights: Path, run: Run) -> None:
    """A rename would put a file in the place of a device, too."""
    other, pipe = weights.with_name("other"), weights.with_name("pipe")
    weights.with_name("Modelfile").symlink_to(other)
    os.mkfifo(pipe)
    for words in ((), ("-o", str(pipe))):
        done = run("init", str(weights), *words, "--yes")
        assert (done.status, "only a plain file is replaced" in done.err) == (2, True)
    assert weights.with_name("Modelfile").is_symlink()
    assert pipe.is_fifo()
    assert not other.exists()


@pytest.mark.parametrize("name", ["phi.gguf", "second name", "mmproj.GGUF"])
def test_weights_are_never_replaced(name: str, weights: Path, run: Run) -> None:
    before = weights.read_bytes()
    weights.with_name("second name").hardlink_to(weights)
    weights.with_name("mmproj.GGUF").write_bytes(b"eyes")
    done = run("init", str(weights), "-o", str(weights.with_name(name)), "--yes")
    assert (done.status, "is a GGUF" in done.err) == (2, True)
    assert (weights.read_bytes(), weights.with_name("mmproj.GGUF").read_bytes()) == (before, b"eyes")


def test_elsewhere(weights: Path, tmp_path: Path, run: Run) -> None:
    assert run("init", str(weights), "-o", "Here").status == 0
    assert f"\nFROM ./{weights.relative_to(tmp_path)}\n" in (tmp_path / "Here").read_text()
    (tmp_path / "folder").mkdir()
    assert run("init", str(weights), "-o", "folder").status == 0
    assert f"\nFROM {weights}\n" in (tmp_path / "folder" / "Modelfile").read_text()
    assert run("init", str(weights), "-o", "no/such/folder").status == 3
    assert run("init", str(weights), "-o", "nowhere/").status == 3
    assert not (tmp_path / "nowhere").exists()


def test_printed(weights: Path, run: Run) -> None:
    done = run("init", str(weights), "-o", "-")
    assert (done.status, done.err) == (0, "")
    assert "\nFROM ./my models/phi.gguf\n" in done.out
    assert not weights.with_name("Modelfile").exists()


def test_document(weights: Path, run: Run) -> None:
    printed = run("init", str(weights), "-o", "-", "--json").document
    assert printed["path"] is None
    assert printed["lines"][0] == {"origin": "The weights.", "text": "FROM ./my models/phi.gguf\n", "active": True}
    written = run("init", str(weights), "--json").document
    assert written["path"] == str(weights.with_name("Modelfile"))
    assert written["modelfile"] == weights.with_name("Modelfile").read_text()


def test_like(weights: Path, run: Run) -> None:
    assert "PARAMETER stop <|im_end|>" in run("init", str(weights), "-o", "-", "--like", "chatml").out
    done = run("init", str(weights), "-o", "-", "--like", "no name")
    assert (done.status, "chatml" in done.err) == (4, True)
