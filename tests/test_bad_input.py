"""What a person may do wrong: the exit status, the words that say what, where and what to do, the store as it was."""

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from packllama.gguf import ValueType
from tests.faults.checker import check
from tests.program import called, environment, packllama, snapshot
from tests.unit.gguf import builder

Prepare = Callable[[Path], None]
GGUF_KEY = builder.string("general.architecture", "llama")


def wrote(name: str, data: bytes) -> Prepare:
    def prepare(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return prepare


def cut(folder: Path) -> None:
    (folder / "bad.gguf").write_bytes((folder / "model.gguf").read_bytes()[:200_000])


def sparse_modelfile(folder: Path) -> None:
    with (folder / "Modelfile").open("wb") as file:
        file.write(b"FROM model.gguf\nSYSTEM ")
        file.truncate(1 << 30)


def other_model(folder: Path) -> None:
    (folder / "other.gguf").write_bytes((folder / "model.gguf").read_bytes())


def large_model(folder: Path) -> None:
    (folder / "large.gguf").write_bytes((folder / "model.gguf").read_bytes())
    os.truncate(folder / "large.gguf", 20 << 20)


def nothing(_folder: Path) -> None:
    """For cases that need no file but the Modelfile."""


@dataclass(frozen=True)
class Case:
    name: str
    modelfile: str
    exit: int
    words: tuple[str, ...]
    prepare: Prepare = nothing
    args: tuple[str, ...] = ("create", "m")


BAD = "FROM bad.gguf\n"
TWO_TENSORS = [builder.tensor("a", (64,)), builder.tensor("b", (64,), offset=32)]

# What is no GGUF, or none to be taken, in the verbs that look at one.
FILES = [
    Case("a missing file", "", 3, ("nope.gguf", "no such file"), args=("nope.gguf",)),
    Case("a fifo", "", 4, ("bad.gguf", "pipe"), lambda folder: os.mkfifo(folder / "bad.gguf"), ("bad.gguf",)),
    Case("a device", "", 4, ("/dev/zero", "device"), args=("/dev/zero",)),
    Case(
        "no GGUF", "", 4, ("bad.gguf", "not in GGUF format"), wrote("bad.gguf", b"This is no model.\n"), ("bad.gguf",)
    ),
    Case("an empty file", "", 4, ("bad.gguf", "empty"), wrote("bad.gguf", b""), ("bad.gguf",)),
    Case("a file cut short", "", 4, ("bad.gguf", "fetch it again"), cut, ("bad.gguf",)),
    Case(
        "2^63 keys", "", 4, (str(2**63),), wrote("bad.gguf", builder.gguf([GGUF_KEY], key_count=2**63)), ("bad.gguf",)
    ),
    Case("a folder without models", "", 4, ("store",), args=("store",)),
    Case("an empty path", "", 2, ("the path is empty",), args=("",)),
]

CASES = [
    Case("missing file", "FROM ./nope.gguf\n", 3, ("nope.gguf", "no such file", "Modelfile's folder")),
    Case("missing Modelfile", "", 3, ("Missing", "no such Modelfile", "-f"), args=("create", "m", "-f", "Missing")),
    Case(
        "a folder without a usable file",
        "FROM ./empty\n",
        4,
        ("empty", "no GGUF file", "FROM ./model.gguf"),
        lambda folder: (folder / "empty").mkdir(),
    ),
    Case("a fifo", BAD, 4, ("bad.gguf", "pipe"), lambda folder: os.mkfifo(folder / "bad.gguf")),
    Case("a device", "FROM /dev/zero\n", 4, ("/dev/zero", "device")),
    Case("a loop of links", BAD, 4, ("bad.gguf", "symbolic links"), lambda f: (f / "bad.gguf").symlink_to("bad.gguf")),
    Case("a link to nothing", BAD, 3, ("bad.gguf", "leads nowhere"), lambda f: (f / "bad.gguf").symlink_to("gone")),
    Case("not a GGUF", BAD, 4, ("bad.gguf", "not in GGUF format"), wrote("bad.gguf", b"This is no model.\n")),
    Case(
        "a Git LFS pointer",
        BAD,
        4,
        ("bad.gguf", "not in GGUF format", "LFS"),
        wrote("bad.gguf", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"),
    ),
    Case("an empty file", BAD, 4, ("bad.gguf",), wrote("bad.gguf", b"")),
    Case("cut short", BAD, 4, ("bad.gguf", "exceeds file size (200000)", "fetch it again"), cut),
    Case("2^63 keys", BAD, 4, ("bad.gguf", str(2**63)), wrote("bad.gguf", builder.gguf([GGUF_KEY], key_count=2**63))),
    Case(
        "duplicate keys", BAD, 4, ("bad.gguf", "general.architecture"), wrote("bad.gguf", builder.gguf([GGUF_KEY] * 2))
    ),
    Case(
        "alignment 0",
        BAD,
        4,
        ("bad.gguf", "general.alignment", "0"),
        wrote("bad.gguf", builder.gguf([builder.uint32("general.alignment", 0)])),
    ),
    Case(
        "overlapping tensors",
        BAD,
        4,
        ("bad.gguf", "overlap"),
        wrote("bad.gguf", builder.gguf([GGUF_KEY], TWO_TENSORS, data=128)),
    ),
    Case(
        "one shard of several",
        BAD,
        4,
        ("bad.gguf", "one shard of 3", "Merge"),
        wrote("bad.gguf", builder.gguf([GGUF_KEY, builder.scalar("split.count", ValueType.UINT16, 3)])),
    ),
    Case("no FROM", "SYSTEM hi\n", 4, ("Modelfile", "no FROM line")),
    Case("unknown command", "FROM model.gguf\nSISTEM hi\n", 4, ("Modelfile", "(line 2)", "command must be one of")),
    Case("never closed", 'FROM model.gguf\nSYSTEM """hi\n', 4, ("Modelfile", "unexpected EOF")),
    Case("unknown parameter", "FROM model.gguf\nPARAMETER temprature 1\n", 4, ("temprature", "temperature")),
    Case("bad value", "FROM model.gguf\nPARAMETER num_ctx 4k\n", 4, ("Modelfile", "invalid int value [4k]")),
    Case("infinite", "FROM model.gguf\nPARAMETER temperature inf\n", 4, ("Modelfile", "+Inf")),
    Case("name invalid", "FROM model.gguf\n", 4, ("invalid model name: a b", "may hold"), args=("create", "a b")),
    Case("name with ..", "FROM model.gguf\n", 4, ("invalid model name",), args=("create", "../../x")),
    Case("name reserved", "FROM model.gguf\n", 4, ("x:local", "Choose another tag"), args=("create", "x:local")),
    Case("Modelfile of 1 GB", "", 4, ("Modelfile", "16"), sparse_modelfile),
    Case("a model that is not there", "FROM llama3\n", 3, ("model 'llama3:latest' not found", "downloaded unasked")),
    Case("a model in other letter case", "FROM There\n", 3, ("There:latest", "minds letter case")),
    Case("an adapter that is not there", "FROM there\nADAPTER ./no.gguf\n", 3, ("no.gguf", "no such file")),
    Case("a bad version", "FROM there\nREQUIRES new\n", 4, ("Modelfile:2", "valid semver")),
    Case("a draft that is the model", "FROM model.gguf\nDRAFT ./model.gguf\n", 4, ("model.gguf", "DRAFT must not")),
    Case("unknown option", "FROM model.gguf\n", 2, ("--nope", "--help"), args=("create", "m", "--nope")),
    Case("no name", "FROM model.gguf\n", 2, ("NAME", "--help"), args=("create",)),
    Case("unknown verb", "", 2, ("creat", "--help"), args=("creat", "m")),
    *(
        Case(f"{verb} of {case.name}", "", case.exit, case.words, case.prepare, (verb, *case.args, *more))
        for verb, more in (("inspect", ()), ("init", ("-o", "-")))
        for case in FILES
    ),
    Case(
        "init of several models", "", 4, ("several", "model.gguf", "other.gguf"), other_model, ("init", ".", "-o", "-")
    ),
    Case(
        "init like a model that cannot be asked for",
        "",
        6,
        ("127.0.0.1:1", "--manifest FILE"),
        args=("init", "model.gguf", "--like", "127.0.0.1:1/me/nope", "-o", "-"),
    ),
    Case("init over a file", "FROM x", 2, ("Modelfile", "there already", "-o"), args=("init", "model.gguf")),
    Case(
        "init into no folder", "", 3, ("no/such", "No such file"), args=("init", "model.gguf", "-o", "no/such/folder")
    ),
    Case(
        "inspect of JSON that is no manifest",
        "",
        4,
        ("error.json",),
        wrote("error.json", b"{}"),
        ("inspect", "error.json"),
    ),
    Case("lint of what is not there", "", 3, ("Nope", "No such file"), args=("lint", "Nope")),
    Case("lint of a folder", "", 4, ("is a directory",), args=("lint", ".")),
    Case("lint of a fifo", "", 4, ("a pipe",), lambda folder: os.mkfifo(folder / "fifo"), ("lint", "fifo")),
    Case("lint of a model", "", 4, ("Modelfile may have 16 MiB",), large_model, ("lint", "large.gguf")),
    Case(
        "lint of what does not parse",
        'FROM x\nSYSTEM """a\n',
        4,
        ("Modelfile", "never closed"),
        args=("lint", "Modelfile"),
    ),
    Case("show what is not there", "", 3, ("model 'nope:latest' not found", "list"), args=("show", "nope")),
    Case("rm what is not there", "", 3, ("model 'nope:latest' not found", "list"), args=("rm", "nope")),
    Case("run what is not there", "", 3, ("model 'nope:latest' not found", "list"), args=("run", "nope", "hi")),
    Case("two parts at once", "", 2, ("only one of",), args=("show", "there", "--system", "--license")),
    Case("no engine there", "", 9, ("/no/such/engine",), args=("run", "--engine", "/no/such/engine", "there", "hi")),
]


@pytest.fixture
def folder(tmp_path: Path, gguf: Callable[[str], Path]) -> Path:
    """A folder with a good GGUF and a store with one good model, ``there``."""
    (tmp_path / "model.gguf").write_bytes(gguf("tiny-plain.gguf").read_bytes())
    (tmp_path / "Good").write_text("FROM model.gguf\nSYSTEM good\n")
    assert called("create", "there", "-f", "Good", cwd=tmp_path).returncode == 0
    return tmp_path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(case: Case, folder: Path) -> None:
    (folder / "Modelfile").write_text(case.modelfile)
    case.prepare(folder)
    before = snapshot(folder / "store")
    done = called(*case.args, cwd=folder)
    assert (done.returncode, done.stdout) == (case.exit, "")
    assert "\nError: " in f"\n{done.stderr}"
    for word in case.words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert snapshot(folder / "store") == before
    as_json = called("--json", *case.args, cwd=folder)
    document = json.loads(as_json.stdout)
    assert as_json.returncode == case.exit
    assert (document["packllama"], set(document["error"])) == (1, {"kind", "message", "hint", "where"})


def test_home_unset(tmp_path: Path) -> None:
    done = called("list", cwd=tmp_path, env={"HOME": None, "PACKLLAMA_STORE": None})
    assert done.returncode == 7
    assert "HOME is not set" in done.stderr
    assert "--store" in done.stderr


def test_a_named_store_that_is_not_there(tmp_path: Path) -> None:
    done = called("list", cwd=tmp_path)
    assert done.returncode == 3
    assert "there is no store here" in done.stderr


ON_SMALL_DISK = 'mount -t tmpfs -o size=1200k tmpfs "$0" && exec "$@"'
ON_READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def _in_mount_namespace(unshare: str, script: str, place: Path) -> tuple[str, ...]:
    return (unshare, "--user", "--map-root-user", "--mount", "sh", "-c", script, str(place))


def test_full_disk(folder: Path, need_program: Callable[[str, str], str]) -> None:
    """The store lies on a real file system of 1.2 MB; what does not fit is said before the first byte."""
    small = folder / "small"
    small.mkdir()
    with (folder / "model.gguf").open("r+b") as file:
        file.truncate(2 << 20)
    (folder / "Modelfile").write_text("FROM model.gguf\n")
    wrapper = _in_mount_namespace(need_program("unshare", "util-linux"), ON_SMALL_DISK, small)
    done = packllama("--store", str(small / "store"), "create", "m", cwd=folder, before=wrapper)
    assert done.returncode == 7, done.stderr
    assert "needs 2.1 MB, free are 1.2 MB" in done.stderr
    assert "--store" in done.stderr


def test_read_only_store(folder: Path, need_program: Callable[[str, str], str]) -> None:
    (folder / "Modelfile").write_text("FROM model.gguf\n")
    wrapper = _in_mount_namespace(need_program("unshare", "util-linux"), ON_READ_ONLY, folder / "store")
    before = snapshot(folder / "store")
    done = packllama("create", "m", cwd=folder, before=wrapper)
    assert done.returncode == 7, done.stderr
    assert "Read-only file system" in done.stderr
    assert snapshot(folder / "store") == before
    listed = packllama("list", cwd=folder, before=wrapper)
    assert (listed.returncode, "there:latest" in listed.stdout) == (0, True)


def large_gguf(path: Path, size: int) -> None:
    """A sound GGUF with one tensor of ``size`` bytes, nearly all of them a hole."""
    head = builder.gguf([GGUF_KEY], [builder.tensor("t", (size,))])
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)


def _taking_in_a_large_file(folder: Path) -> "subprocess.Popen[str]":
    """A ``create`` that has begun to write and will not be done for a while."""
    large_gguf(folder / "large.gguf", 8 << 30)
    (folder / "Modelfile").write_text("FROM large.gguf\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "packllama", "create", "m"],
        cwd=folder,
        env=environment(folder),
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not _bytes_below(folder / "store/.packllama/work"):
        pass
    return process


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_in_the_middle(folder: Path, number: signal.Signals, status: int) -> None:
    before = snapshot(folder / "store")
    process = _taking_in_a_large_file(folder)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=5)
    assert process.returncode == status
    assert stderr == "Error: stopped\n"
    assert snapshot(folder / "store") == before
    assert list((folder / "store/.packllama/work").iterdir()) == []


def _bytes_below(folder: Path) -> int:
    """What comes and goes meanwhile may count or not."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += Path(place, name).stat().st_size
    return total


def test_a_file_that_shrinks_while_it_is_read(folder: Path) -> None:
    before = snapshot(folder / "store")
    process = _taking_in_a_large_file(folder)
    os.truncate(folder / "large.gguf", 4096)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 5, stderr
    assert "large.gguf" in stderr
    assert "changed while it was read" in stderr
    assert "same command again" in stderr
    assert snapshot(folder / "store") == before


def test_a_manifest_that_is_no_json(folder: Path) -> None:
    """It is not listed and cannot be shown; its name can be removed, and no data goes."""
    path = folder / "store/manifests/registry.ollama.ai/library/broken/latest"
    path.parent.mkdir()
    path.write_bytes(struct.pack("<Q", 7))
    listed = called("list", cwd=folder)
    assert (listed.returncode, "there:latest" in listed.stdout, "broken" in listed.stdout) == (0, True, False)
    assert "not listed" in listed.stderr
    assert called("show", "broken", cwd=folder).returncode == 4
    kept = called("rm", "there", cwd=folder)
    assert (kept.returncode, kept.stdout) == (0, "deleted 'there'\n")
    assert "stays in the store" in kept.stderr
    assert called("rm", "broken", cwd=folder).returncode == 0
    assert check(str(folder / "store")) == []
