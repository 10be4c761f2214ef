"""Models carried from store to store by the program: through files and pipes, damaged, stopped, begun again."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.checker import check, listed
from tests.program import environment, packllama
from tests.test_bad_input import large_gguf
from tests.unit.stores import put_model

pytestmark = pytest.mark.slow

LARGE = 300 << 20
DEADLINE_SECONDS = 60

# What the largest model may take of memory.
MOST_MEMORY = 80 << 20


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder whose store has two models that share a blob."""
    put_model(tmp_path / "store", "first", weights=b"first weights" * 100_000)
    put_model(tmp_path / "store", "me/Second:v2", weights=b"other weights" * 10)
    return tmp_path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A folder whose store has one model of 300 MiB."""
    large_gguf(tmp_path / "large.gguf", LARGE)
    (tmp_path / "Modelfile").write_text("FROM large.gguf\n")
    assert packllama("create", "large", cwd=tmp_path).returncode == 0
    return tmp_path


def manifests(store: Path) -> dict[str, bytes]:
    return {str(Path(path).relative_to(store)): Path(path).read_bytes() for path in listed(str(store))}


def program(*words: str, cwd: Path, env: Mapping[str, str] | None = None, **pipes: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "packllama", *words]
    return subprocess.Popen(command, cwd=cwd, env=environment(cwd, env), **pipes)  # type: ignore[call-overload,no-any-return]


def piped(cwd: Path, *names: str) -> tuple[int, int, str, str]:
    """``packllama export NAMES -o - | packllama import -`` into another store: statuses, and what each said."""
    exporting = program("export", *names, "-o", "-", cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert exporting.stdout is not None
    assert exporting.stderr is not None
    importing = subprocess.run(
        [sys.executable, "-m", "packllama", "--store", "there", "import", "-"],
        cwd=cwd,
        env=environment(cwd),
        stdin=exporting.stdout,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_SECONDS,
    )
    exporting.stdout.close()
    said = exporting.stderr.read().decode()
    exporting.stderr.close()
    return exporting.wait(DEADLINE_SECONDS), importing.returncode, said, importing.stderr


def test_a_file(here: Path) -> None:
    exported = packllama("export", "first", "me/*", "-o", "models.tar", cwd=here)
    assert sorted(exported.stdout.splitlines()) == ["exported first:latest", "exported me/Second:v2"], exported.stderr
    imported = packllama("--store", "there", "import", "models.tar", cwd=here)
    assert sorted(imported.stdout.splitlines()) == ["imported first:latest", "imported me/Second:v2"]
    assert manifests(here / "there") == manifests(here / "store")
    assert check(str(here / "there")) == []
    assert packllama("--store", "there", "verify", cwd=here).returncode == 0
    again = packllama("--store", "there", "--json", "import", "models.tar", cwd=here)
    assert json.loads(again.stdout)["bytes_sent"] == 0


def test_equal_models_give_equal_files(here: Path) -> None:
    for name in ("one.tar", "two.tar"):
        assert packllama("export", "me/Second:v2", "first", "-o", name, cwd=here).returncode == 0
    assert packllama("--store", "there", "import", "one.tar", cwd=here).returncode == 0
    assert packllama("--store", "there", "export", "*", "-o", "three.tar", cwd=here).returncode == 0
    assert len({hashlib.sha256((here / f"{name}.tar").read_bytes()).digest() for name in ("one", "two", "three")}) == 1


def test_a_pipe(here: Path) -> None:
    exported, imported, said, _ = piped(here, "*")
    assert (exported, imported) == (0, 0)
    assert "exported first:latest" in said
    assert manifests(here / "there") == manifests(here / "store")
    assert packllama("--store", "there", "verify", cwd=here).returncode == 0


def spoil(store: Path) -> None:
    """Change one byte of the largest blob, of which no record says that it was right."""
    path = max((store / "blobs").iterdir(), key=lambda path: path.stat().st_size)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"!")


def test_a_damaged_model_gives_no_file(here: Path) -> None:
    spoil(here / "store")
    before = sorted(path.name for path in here.iterdir())
    done = packllama("export", "first", "me/Second:v2", "-o", "models.tar", cwd=here)
    assert done.returncode == 5
    assert "blobs/sha256-" in done.stderr
    assert "expected sha256:" in done.stderr
    assert sorted(path.name for path in here.iterdir()) == before


def test_a_damaged_model_in_a_pipe(here: Path) -> None:
    spoil(here / "store")
    exported, imported, said, answered = piped(here, "first", "me/Second:v2")
    assert (exported, imported) == (5, 5)
    assert "expected sha256:" in said
    assert answered.startswith("Error: stdin: first:latest: expected sha256:")
    assert manifests(here / "there") == {}


def test_a_reader_that_leaves(here: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    process = program("export", "*", "-o", "-", cwd=here, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(DEADLINE_SECONDS) == 141


def test_no_bundle_on_a_terminal(here: Path) -> None:
    ours, theirs = os.openpty()
    process = program("export", "*", "-o", "-", cwd=here, stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    assert process.stderr is not None
    assert b"-o FILE" in process.stderr.read()
    process.stderr.close()
    assert process.wait(DEADLINE_SECONDS) == 2
    os.close(ours)


def test_names(here: Path) -> None:
    assert packllama("export", "first", "-o", "first.tar", cwd=here).returncode == 0
    done = packllama("--store", "there", "import", "first.tar", "--as", "you/new", cwd=here)
    assert done.stdout == "imported you/new:latest\n"
    assert (
        packllama("--store", "there", "copy", "you/new", "--to", "./store", "--rename", "back", cwd=here).returncode
        == 0
    )
    assert "back:latest" in packllama("list", cwd=here).stdout
    assert check(str(here / "store")) == []


def test_what_is_replaced_is_removed(here: Path) -> None:
    assert packllama("export", "first", "-o", "first.tar", cwd=here).returncode == 0
    put_model(here / "there", "first", weights=b"of an older day")
    done = packllama("--store", "there", "import", "first.tar", cwd=here)
    assert done.returncode == 0
    assert "freed 15 B of the older model" in done.stderr
    assert packllama("--store", "there", "verify", cwd=here).returncode == 0


def test_several_bundles_of_which_one_is_cut(here: Path) -> None:
    """What came before stays, and was said."""
    for name in ("first", "me/Second:v2"):
        assert packllama("export", name, "-o", f"{name[-1]}.tar", cwd=here).returncode == 0
    os.truncate(here / "2.tar", 5000)
    done = packllama("--store", "there", "import", "t.tar", "2.tar", cwd=here)
    assert (done.returncode, done.stdout) == (5, "imported first:latest\n")
    assert len(listed(str(here / "there"))) == 1


def test_places_and_bundles(here: Path) -> None:
    assert packllama("copy", "*", "--to", "./mirror", cwd=here).returncode == 0
    assert manifests(here / "mirror") == manifests(here / "store")
    assert packllama("copy", "first", "--to", "./one.tar", cwd=here).returncode == 0
    assert packllama("copy", "first", "--from", "one.tar", "--to", "./other", cwd=here).returncode == 0
    assert packllama("--store", "there", "import", "mirror", "--link", cwd=here).returncode == 0
    for store in ("mirror", "other", "there"):
        assert check(str(here / store)) == []
    assert packllama("--store", "other", "import", "one.tar", "--link", cwd=here).returncode == 2
    linked = max((here / "there" / "blobs").iterdir(), key=lambda path: path.stat().st_size)
    assert linked.stat().st_nlink == 2


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("copy", "first", "second"), 2, "packllama cp"),
        (("copy", "first", "--to", "stick"), 2, "'stick' is no place"),
        (("copy", "first", "--to", "ssh://host/models"), 2, "/mnt/stick/models"),
        (("copy", "first", "--to", "-"), 2, "packllama export"),
        (("copy", "first", "--to", "./store"), 2, "the source is the target"),
        (("copy", "first", "me/Second:v2", "--to", "./there", "--rename", "one"), 2, "--rename is for one model"),
        (("import", "store"), 2, "the source is the target"),
        (("import", "nothing.tar"), 3, "nothing.tar"),
        (("import", "model.bin"), 4, "is no bundle"),
        (("import", "empty"), 3, "there are no models"),
        (("import", "-", "--link"), 2, "--link is for the files of another store"),
        (("import", "a.tar", "b.tar", "--as", "one"), 2, "--as is for one model"),
        (("import", "-"), 5, "cut short"),
        (("export", "nope", "-o", "x.tar"), 3, "model 'nope:latest' not found"),
        (("export", "nope*", "-o", "x.tar"), 3, "no model matches 'nope*'"),
        (("export", "first"), 2, "needs -o FILE"),
        (("export", "first", "-o", "empty"), 4, "found a folder"),
        (("export", "first", "-o", "-", "--json"), 2, "stdout cannot take both"),
        (("export", "first", "-o", "x.tar", "--limit-rate", "fast"), 2, "write 500K, 2M or 1.5G"),
    ],
)
def test_what_is_refused(here: Path, words: tuple[str, ...], status: int, said: str) -> None:
    (here / "empty").mkdir()
    (here / "model.bin").write_bytes(b"something else")
    before = manifests(here / "store")
    done = packllama(*words, cwd=here)
    assert done.returncode == status, done.stderr
    assert said in done.stderr + done.stdout
    assert manifests(here / "store") == before
    assert not (here / "there").exists()


def test_a_dry_run_writes_nothing(here: Path) -> None:
    assert packllama("export", "*", "-o", "all.tar", cwd=here).returncode == 0
    before = sorted(path.name for path in here.iterdir())
    for words in (
        ("export", "*", "-o", "x.tar"),
        ("copy", "*", "--to", "./there"),
        ("--store", "there", "import", "all.tar"),
    ):
        done = packllama(*words, "--dry-run", cwd=here)
        assert done.returncode == 0
        assert "first:latest" in done.stdout
        assert "to move" in done.stdout
    assert sorted(path.name for path in here.iterdir()) == before


def begun(parts: Path) -> int:
    """The bytes of the largest blob that is not finished yet. Small ones come and go."""
    sizes = [0]
    for path in parts.glob("*.part"):
        with suppress(FileNotFoundError):
            sizes.append(path.stat().st_size)
    return max(sizes)


@pytest.mark.slow
def test_ctrl_c_and_again(large: Path) -> None:
    """Slowed down, so that it is at work for as long as it takes to be stopped."""
    words = ("copy", "large", "--to", "./there")
    process = program(*words, "--limit-rate", "20M", cwd=large, stderr=subprocess.PIPE)
    parts = large / "there" / ".packllama" / "blobs"
    deadline = time.monotonic() + DEADLINE_SECONDS
    while begun(parts) < 10 << 20:
        assert time.monotonic() < deadline
        assert process.poll() is None
    stopped = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    process.stderr.read()
    process.stderr.close()
    assert process.wait(DEADLINE_SECONDS) == 130
    assert time.monotonic() - stopped < 1.5
    assert listed(str(large / "there")) == []
    again = packllama("--json", *words, cwd=large)
    assert again.returncode == 0
    assert 0 < json.loads(again.stdout)["bytes_sent"] <= LARGE - (10 << 20) + (1 << 20)
    assert check(str(large / "there")) == []


# A process that is forked begins with the memory of its parent, so the parent has to be a small one.
MEASURE = """
import pathlib, resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
pathlib.Path(sys.argv[1]).write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""


def peak(*words: str, cwd: Path, stdin: Path | None = None, stdout: Path | None = None) -> int:
    """The memory that a run took at most, in bytes."""
    command = [sys.executable, "-c", MEASURE, "peak", sys.executable, "-m", "packllama", *words]
    with Path(stdin or os.devnull).open("rb") as source, Path(stdout or os.devnull).open("wb") as sink:
        subprocess.run(command, cwd=cwd, env=environment(cwd), stdin=source, stdout=sink, check=True)
    return int((cwd / "peak").read_text()) * 1024


@pytest.mark.slow
def test_memory_does_not_depend_on_size(large: Path) -> None:
    assert peak("export", "large", "-o", "large.tar", cwd=large) <= MOST_MEMORY
    assert peak("export", "large", "-o", "-", cwd=large, stdout=large / "piped.tar") <= MOST_MEMORY
    assert peak("--store", "one", "import", "large.tar", cwd=large) <= MOST_MEMORY
    assert peak("--store", "two", "import", "-", cwd=large, stdin=large / "large.tar") <= MOST_MEMORY
    assert peak("copy", "large", "--to", "./three", cwd=large) <= MOST_MEMORY


def test_what_is_no_bundle_is_not_replaced(here: Path) -> None:
    (here / "weights.gguf").write_bytes(b"GGUF and so on")
    done = packllama("export", "first", "-o", "weights.gguf", cwd=here)
    assert (done.returncode, done.stdout) == (4, "")
    assert "weights.gguf" in done.stderr
    assert "no bundle" in done.stderr
    assert (here / "weights.gguf").read_bytes() == b"GGUF and so on"
    for _ in range(2):
        assert packllama("export", "first", "-o", "m.tar", cwd=here).returncode == 0


def test_a_disk_that_is_not_mounted_gets_no_folder(here: Path) -> None:
    done = packllama("copy", "first", "--to", "./disk/deep/models", cwd=here)
    assert (done.returncode, done.stdout) == (3, "")
    assert "mounted" in done.stderr
    assert not (here / "disk").exists()
