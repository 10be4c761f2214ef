"""``packllama prove`` from outside: the real engine, the files, the exit status, Ctrl-C."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fixtures.make.make_tiny_gguf import REPLY
from tests.program import environment, packllama
from tests.test_json_documents import SCHEMAS
from tests.unit.check.damages import flip_a_bit
from tests.unit.engine.conftest import Scripted, scripted
from tests.unit.engine.waiting import until

pytestmark = pytest.mark.slow

__all__ = ["scripted"]  # a fixture of the engine's own tests


@pytest.fixture
def folder(tmp_path: Path, gguf: Callable[[str], Path]) -> Path:
    """A store with the models ``m`` and ``vectors``."""
    for name, weights in (("m", "tiny.gguf"), ("vectors", "tiny-bert.gguf")):
        (tmp_path / "Modelfile").write_text(f"FROM {gguf(weights)}\n")
        assert packllama("create", name, cwd=tmp_path).returncode == 0
    (tmp_path / "Modelfile").unlink()
    return tmp_path


def weights(folder: Path, name: str = "m") -> Path:
    manifest = json.loads((folder / "store/manifests/registry.ollama.ai/library" / name / "latest").read_bytes())
    digest: str = manifest["layers"][0]["digest"]
    return folder / "store/blobs" / digest.replace(":", "-")


def document(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    jsonschema.validate(found, SCHEMAS["prove"])
    return found


def test_proved(folder: Path, need_module: Callable[[str, str], None]) -> None:
    need_module("xllamacpp", "'packllama[engine]'")
    done = packllama("prove", "m", "-o", "receipt", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"wrote {folder}/receipt.json\nwrote {folder}/receipt.txt\n"
    assert done.stdout == (folder / "receipt.txt").read_text()
    assert done.stdout.startswith("PROVED  m:latest\n")
    assert done.stdout.endswith(f"\nanswered\n    {REPLY}\n")
    receipt = document((folder / "receipt.json").read_text())
    assert (receipt["result"], receipt["answer"]["text"]) == ("proved", REPLY)
    assert receipt["engine"].startswith("xllamacpp ")


def test_an_embedding_model(folder: Path, need_module: Callable[[str, str], None]) -> None:
    need_module("xllamacpp", "'packllama[engine]'")
    done = packllama("prove", "vectors", "--json", "-o", "-", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in folder.iterdir() if path.is_file()] == []
    receipt = document(done.stdout)
    assert (receipt["result"], receipt["answer"], receipt["template"]) == ("proved", None, None)
    assert (receipt["vector"]["dimensions"], len(receipt["vector"]["first"])) == (64, 8)
    assert receipt["vector"]["norm"] == pytest.approx(1, abs=1e-5)


def test_damaged(folder: Path, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["x"])
    flip_a_bit(weights(folder))
    done = packllama("prove", "m", "-o", "receipt.txt", "--engine", str(double.program), cwd=folder)
    assert done.returncode == 5
    assert done.stdout.startswith("DAMAGED  m:latest\n")
    assert (folder / "receipt.txt").read_text() == done.stdout
    assert [finding["kind"] for finding in document((folder / "receipt.json").read_text())["findings"]] == ["damaged"]
    assert double.starts == []


def test_failed(folder: Path, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["half"], ending="crash")
    done = packllama("prove", "m", "--json", "-o", "there.json", "--engine", str(double.program), cwd=folder)
    assert done.returncode == 9
    receipt = document(done.stdout)
    assert (receipt["result"], receipt["error"]["kind"]) == ("failed", "engine-failed")
    assert document((folder / "there.json").read_text()) == receipt
    assert (folder / "there.txt").read_text().startswith("FAILED  m:latest\n")


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("nope",), 3, "model 'nope:latest' not found"),
        (("a b",), 4, "invalid model name"),
        (("m:cloud",), 4, "models that run elsewhere"),
        ((), 2, "Missing argument"),
        (("m", "-o", ""), 2, "the path is empty"),
        (("m", "-o", "nowhere/receipt"), 3, "nowhere"),
        (("m", "-o", "store/blobs/nowhere/"), 3, "nowhere"),
    ],
)
def test_no_receipt(
    words: tuple[str, ...], status: int, sentence: str, folder: Path, scripted: Callable[..., Scripted]
) -> None:
    double = scripted(pieces=["x"])
    done = packllama("prove", *words, "--engine", str(double.program), cwd=folder)
    assert (done.returncode, done.stdout) == (status, "")
    assert sentence in done.stderr
    assert double.starts == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped(number: signal.Signals, status: int, folder: Path, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["half an answer"], ending="hang")
    process = subprocess.Popen(
        [sys.executable, "-m", "packllama", "prove", "m", "-o", "receipt", "--engine", str(double.program)],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: bool(double.bodies("/completion")))
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (status, "", "Error: stopped\n")
    assert [path.name for path in folder.iterdir() if path.is_file()] == []
