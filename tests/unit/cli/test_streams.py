"""Streams that are closed, full, or never end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import environment, packllama
from tests.unit.stores import put_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put_model(tmp_path / "store", "a")
    return tmp_path


def in_shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of sh in which ``packllama`` is the program."""
    program = f'packllama() {{ "{sys.executable}" -m packllama "$@"; }}; '
    return subprocess.run(
        ["sh", "-c", program + line], cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("packllama list >&-", 0),
        ("packllama list <&- >&- 2>&-", 0),
        ("packllama verify a 2>&-", 0),
        ("packllama --json show nope >&-", 3),
        ("packllama create x -f - <&-", 4),
        ("packllama export a -o - >&-", 2),
        ("packllama import - <&-", 2),
        ("packllama export a -o ./", 4),
        (r"packllama export a -o $(printf '\377').tar", 0),
        ("packllama files a >/dev/full", 7),
        ("packllama list >/dev/full", 7),
        ("packllama --json show nope >/dev/full", 3),
    ],
)
def test_closed_and_full_streams(line: str, status: int, folder: Path) -> None:
    done = in_shell(folder, line)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr


def test_a_store_without_a_closed_stream_gets_no_text(folder: Path) -> None:
    """With stdout closed, no file of the store may become file descriptor 1."""
    before = {path: path.read_bytes() for path in (folder / "store").rglob("*") if path.is_file()}
    in_shell(folder, "packllama list >&- 2>&-")
    assert {path: path.read_bytes() for path in (folder / "store").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("args", [("create", "m", "-f", "-"), ("run", "a")])
def test_waiting_for_stdin_can_be_stopped(args: tuple[str, ...], folder: Path) -> None:
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-v", "-m", "packllama", *args],
        cwd=folder,
        env=environment(folder),
        stdin=reader,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:  # the last module that is imported before stdin is read
        if "import 'packllama.cli.stdin'" in line or "cli.stdin" in line:
            break
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    os.close(reader)
    os.close(writer)
    assert process.returncode in {130, -signal.SIGINT}, stderr[-500:]


@pytest.mark.parametrize("args", [("--store", "", "list"), ("list", "--store", ""), ("run", "--engine", "", "a", "hi")])
def test_an_empty_path_is_a_mistake(args: tuple[str, ...], folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    done = packllama(*args, cwd=folder)
    assert done.returncode == 2
    assert "the path is empty" in done.stderr
    assert sorted(folder.rglob("*")) == before


def test_a_folder_of_other_things_is_no_store(folder: Path) -> None:
    (folder / "home" / "models" / "manifests").mkdir(parents=True)
    done = packllama("verify", "--store", "home", cwd=folder)
    assert done.returncode == 3
    assert "there is no store here" in done.stderr
    assert "There is one in home/models" in done.stderr


def test_without_words_the_help_is_shown(folder: Path) -> None:
    done = packllama(cwd=folder)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: packllama")


def test_odd_models_are_noted(folder: Path, gguf: Callable[[str], Path]) -> None:
    for name in ("tiny-plain.gguf", "tiny-q4.gguf", "tiny-lora.gguf"):
        (folder / name).write_bytes(gguf(name).read_bytes())
    (folder / "Modelfile").write_text("FROM tiny-plain.gguf\nFROM tiny-q4.gguf\n")
    done = packllama("create", "two", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert "several files with weights" in done.stderr
    (folder / "Modelfile").write_text("FROM tiny-lora.gguf\n")
    document = json.loads(packllama("create", "none", "--json", cwd=folder).stdout)
    assert document["warnings"] == ["warning: no file with weights, so the model cannot answer"]
