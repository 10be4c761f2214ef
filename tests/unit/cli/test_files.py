"""``packllama files`` from outside, and through the programs that it is for."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.fixtures import gguf_files
from tests.program import called, environment
from tests.unit.stores import put_blob, put_model, snapshot


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models that share their weights, and a third that nobody asks for."""
    made = tmp_path_factory.mktemp("made")
    modelfile = made / "Modelfile"
    for name, system in (("m", "Be brief."), ("me/n:7b", "Be verbose."), ("third", "Be quiet.")):
        modelfile.write_text(f"FROM {gguf_files.path('tiny-plain.gguf')}\nSYSTEM {system}\n")
        assert called("create", name, cwd=made).returncode == 0
    return made / "store"


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Path:
    """That store once more, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "store"))


def expected(store: Path, *names: str) -> list[str]:
    lines = called("files", *names, cwd=store.parent).stdout.splitlines()
    assert len(lines) == len(set(lines))
    return lines


def test_relative_lines(store: Path, tmp_path: Path) -> None:
    lines = expected(store, "m")
    assert lines[-1] == "manifests/registry.ollama.ai/library/m/latest"
    assert len(lines) == 4
    assert all(line.startswith("blobs/sha256-") for line in lines[:-1])
    assert all((store / line).is_file() for line in lines)


@pytest.mark.parametrize("args", [("-0",), ("-0", "--absolute"), ("--absolute",)])
def test_other_forms(args: tuple[str, ...], store: Path, tmp_path: Path) -> None:
    plain = expected(store, "m", "me/n:7b")
    before = f"{store}/" if "--absolute" in args else ""
    end = "\0" if "-0" in args else "\n"
    done = called("files", *args, "m", "me/n:7b", cwd=tmp_path)
    assert done.stdout == "".join(f"{before}{line}{end}" for line in plain)


def test_absolute_paths_of_a_relative_store(store: Path, tmp_path: Path) -> None:
    lines = called("--store", "store", "files", "--absolute", "m", cwd=tmp_path).stdout.splitlines()
    assert lines == [f"{store}/{line}" for line in expected(store, "m")]


def test_json(store: Path, tmp_path: Path) -> None:
    document = json.loads(called("files", "m", "--json", cwd=tmp_path).stdout)
    assert document["packllama"] == 1
    assert document["store"] == str(store)
    assert [file["path"] for file in document["files"]] == expected(store, "m")
    assert [file["size"] for file in document["files"]] == [
        (store / line).stat().st_size for line in expected(store, "m")
    ]


def test_a_store_whose_path_has_a_newline(tmp_path: Path) -> None:
    put_model(tmp_path / "a\nb", "m")
    here = {"PACKLLAMA_STORE": str(tmp_path / "a\nb")}
    assert called("files", "m", cwd=tmp_path, env=here).returncode == 0
    refused = called("files", "--absolute", "m", cwd=tmp_path, env=here)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "newline" in refused.stderr
    assert "-0" in refused.stderr
    paths = called("files", "--absolute", "-0", "m", cwd=tmp_path, env=here).stdout.split("\0")
    assert paths.pop() == ""
    assert all(Path(path).is_file() for path in paths)


def test_a_store_whose_path_is_no_text(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path) + b"/\xff"
    put_model(Path(os.fsdecode(root)), "m")
    done = subprocess.run(
        [sys.executable, "-m", "packllama", "--store", root, "files", "--absolute", "m"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        check=True,
    )
    assert all(line.startswith(root + b"/") for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (("m", "nope"), 3, "model 'nope:latest' not found"),
        ((), 2, "NAME"),
        (("holey",), 5, "is missing"),
        (("short",), 5, "expected a file of 11 bytes, found 3"),
    ],
)
def test_what_is_refused(args: tuple[str, ...], status: int, words: str, tmp_path: Path) -> None:
    root = tmp_path / "store"
    put_model(root, "m")
    put_model(root, "holey", weights=b"gone")
    put_blob(root, b"gone").unlink()
    put_model(root, "short", weights=b"old weights")
    os.truncate(put_blob(root, b"old weights"), 3)
    before = snapshot(root)
    done = called("files", *args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
    assert snapshot(root) == before


def _sh(folder: Path, line: str) -> None:
    """A line as a person types it; ``packllama`` is this one."""
    program = f'packllama() {{ {shlex.quote(sys.executable)} -m packllama "$@"; }}; set -eu -o pipefail; '
    subprocess.run(["bash", "-c", program + line], cwd=folder, env=environment(folder), check=True)


LINES = [
    ("tar", "packllama files m me/n:7b | tar -C store -cf - -T - | tar -C other -xf -"),
    ("tar", "packllama files m me/n:7b | tar -C store -chf - -T - | tar -C other -xmf -"),
    ("tar", "packllama files -0 m me/n:7b | tar -C store --null -cf - -T - | tar -C other -xf -"),
    ("rsync", "packllama files m me/n:7b | rsync -L --files-from=- store/ other/"),
    ("rsync", "packllama files -0 m me/n:7b | rsync -a -0 --files-from=- store/ other/"),
    ("cp", "(cd store && packllama --store . files m me/n:7b | xargs cp --parents -t ../other)"),
]


@pytest.mark.parametrize(("program", "line"), LINES, ids=[line for _, line in LINES])
def test_carried_by_other_programs(
    program: str, line: str, store: Path, tmp_path: Path, need_program: Callable[[str, str], str]
) -> None:
    need_program(program, program)
    other = tmp_path / "other"
    other.mkdir()
    _sh(tmp_path, line)
    assert check(str(other)) == []
    there = {"PACKLLAMA_STORE": str(other)}
    assert called("verify", cwd=tmp_path, env=there).stdout.startswith("m:latest    ok\nme/n:7b     ok\n2 models, 4 b")
    listed = json.loads(called("--json", "list", cwd=tmp_path, env=there).stdout)["models"]
    assert {model["name"] for model in listed} == {"m:latest", "me/n:7b"}
    assert called("show", "--system", "me/n:7b", cwd=tmp_path, env=there).stdout == "Be verbose."
    copied = {str(path.relative_to(other)) for path in other.rglob("*") if path.is_file()}
    assert copied == set(expected(store, "m", "me/n:7b"))


def test_a_stream_that_breaks_off_leaves_no_name(store: Path, tmp_path: Path) -> None:
    """Whatever part of the list was copied, no name came before its data."""
    lines = expected(store, "m", "me/n:7b")
    other = tmp_path / "other"
    for line in lines:
        (other / line).parent.mkdir(parents=True, exist_ok=True)
        (other / line).write_bytes((store / line).read_bytes())
        assert check(str(other)) == []
