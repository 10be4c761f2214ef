"""``packllama verify`` from outside: exit status, words, JSON, signals."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.check.finding import FindingKind
from tests.program import called, environment, packllama
from tests.unit.check.damages import CASES, SYSTEM, Case, blob, flip_a_bit, two_models
from tests.unit.check.disorder import DISORDERS
from tests.unit.stores import TINY_GGUF, put_blob, put_model, snapshot

# The command at the end of a hint, or before its last sentence.
COMMAND = re.compile(
    r"\b(?:sudo|packllama --store .+? (?:import|cp|rm|prune|repair)|mv|rm|cp|mkdir)(?: .*?)?(?=(?<!/)\. |$)",
    re.MULTILINE,
)

STAND_INS = f'sudo() {{ "$@"; }}; packllama() {{ {shlex.quote(sys.executable)} -m packllama "$@"; }}'

CURED = {
    "a bit in shared weights",
    "a missing file",
    "what a killed packllama left",
    "what a repair has replaced",
    "what a repair has not replaced yet",
    "a manifest as the article says",
    "a model as the article says",
    "a manifest with the model's name",
    "a blob with a colon",
    "second names of blobs",
    "a blob only under its second name",
    "models on a disk that is not mounted",
    "a link in the place of a blob that nobody needs",
    "blobs on another disk",
    "a manifest elsewhere",
    "two spellings",
    "a tag that means here",
    "a tag that means elsewhere",
    "a folder that may not be written",
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    root = tmp_path / "store"
    root.mkdir()
    two_models(root)
    return root


@pytest.mark.parametrize("case", [*CASES, *DISORDERS], ids=lambda case: case.name)
def test_status_and_words(case: Case, store: Path, tmp_path: Path) -> None:
    case.spoil(store)
    before = snapshot(store)
    done = called("verify", cwd=tmp_path)
    assert done.returncode == case.status
    assert done.stderr == ""
    for words in case.words:
        assert words.replace("STORE", str(store)) in done.stdout
    assert snapshot(store) == before


def test_the_whole_output(store: Path, tmp_path: Path) -> None:
    blob(store, SYSTEM).unlink()
    (store / "blobs" / "notes").write_bytes(b"")
    (store / "blobs" / "sha256:00").write_bytes(b"")
    assert called("verify", cwd=tmp_path).stdout == (
        "m:latest       missing: system sha256:d4c181f057fc761d258fd1166ad199fe587ff515ed3cf5dd0a3384257c0fcb03: "
        "not there; it should have 14 bytes. Fetch it again: "
        f"packllama --store {store} repair m:latest --from PLACE\n"
        "me/other:7b    ok\n"
        f"stray: {store}/blobs/notes: no blob's name. "
        "Move it away if you need it: Ollama removes it when it starts.\n"
        f"stray: {store}/blobs/sha256:00: no blob's name. "
        "Move it away if you need it: Ollama removes it when it starts.\n"
        "2 models, 3 blobs, 231 B read: 1 model not whole, 2 other findings\n"
    )


def test_json(store: Path, tmp_path: Path) -> None:
    blob(store, SYSTEM).unlink()
    done = called("--json", "check", "m", cwd=tmp_path)
    assert done.returncode == 5
    document = json.loads(done.stdout)
    (finding,) = document.pop("findings")
    assert document == {
        "packllama": 1,
        "whole": False,
        "clean": False,
        "quick": False,
        "models": [{"name": "m:latest", "findings": ["missing"]}],
        "blobs": 2,
        "bytes_read": 215,
        "skipped": 0,
        "bytes_skipped": 0,
    }
    assert finding["kind"] == "missing"
    assert finding["path"] == str(blob(store, SYSTEM))
    assert finding["models"] == ["m:latest"]
    assert finding["roles"] == ["system"]


def test_a_missing_name(store: Path, tmp_path: Path) -> None:
    done = called("verify", "m", "nope", cwd=tmp_path)
    assert done.returncode == 3
    assert "model 'nope:latest' not found" in done.stderr
    assert done.stdout == ""


def test_a_missing_store(tmp_path: Path) -> None:
    done = called("verify", cwd=tmp_path)
    assert done.returncode == 3
    assert "there is no store here" in done.stderr


def test_a_read_only_store_is_enough(store: Path, tmp_path: Path) -> None:
    folders = [store, *(path for path in store.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        done = called("verify", cwd=tmp_path)
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert (done.returncode, done.stderr) == (1, "")
    assert "its mode 0555 does not let" in done.stdout
    assert ": 1 finding\n" in done.stdout
    assert not (store / ".packllama").exists()


def test_nothing_is_opened_for_writing(store: Path, tmp_path: Path, need_program: Callable[[str, str], str]) -> None:
    log = tmp_path / "log"
    calls = "openat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,utimensat,link,linkat,symlink,chmod"
    tracing = (need_program("strace", "strace"), "-f", "-e", f"trace={calls}", "-o", str(log))
    assert packllama("verify", cwd=tmp_path, before=tracing).returncode == 0
    ours = [line for line in log.read_text().splitlines() if str(store) in line]
    assert len(ours) > 4
    assert all("openat(" in line and "O_RDONLY" in line for line in ours)


def test_file_names_are_escaped(store: Path, tmp_path: Path) -> None:
    (store / "blobs" / "a\nb\udcff").write_bytes(b"")
    assert "blobs/a\\x0ab\\udcff: no blob's name" in called("verify", cwd=tmp_path).stdout


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_in_the_middle(store: Path, tmp_path: Path, number: signal.Signals, status: int) -> None:
    """The large blob is a hole of 64 GB: minutes of hashing."""
    path = blob(store, TINY_GGUF)
    os.truncate(path, 64 << 30)
    process = subprocess.Popen(
        [sys.executable, "-m", "packllama", "verify"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not _holds_open(process.pid, path):
        pass
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=5)
    assert (process.returncode, stdout, stderr) == (status, "", "Error: stopped\n")


def _holds_open(pid: int, path: Path) -> bool:
    for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            if descriptor.readlink() == path:
                return True
        except FileNotFoundError:
            continue
    return False


def test_after_create(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    (tmp_path / "Modelfile").write_text(f"FROM {gguf('tiny.gguf')}\nSYSTEM Be brief.\n")
    assert called("create", "m", cwd=tmp_path).returncode == 0
    done = called("verify", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("m:latest    ok\n1 model, 5 blobs, ")
    assert done.stdout.endswith(" read: all right\n")


def test_create_heals(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    (tmp_path / "Modelfile").write_text(f"FROM {gguf('tiny.gguf')}\nSYSTEM Be brief.\n")
    assert called("create", "m", cwd=tmp_path).returncode == 0
    for path in (tmp_path / "store" / "blobs").iterdir():
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert called("verify", "m", cwd=tmp_path).returncode == 5
    assert called("create", "m", cwd=tmp_path).returncode == 0
    assert called("verify", cwd=tmp_path).returncode == 0


def test_several_names_and_an_orphan_nobody_asked_for(store: Path, tmp_path: Path) -> None:
    put_blob(store, b"nobody's")
    put_model(store, "third")
    done = called("verify", "me/other:7b", "third", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == "third:latest    ok\nme/other:7b     ok\n2 models, 3 blobs, 231 B read: all right\n"


@pytest.mark.parametrize(
    "case", [case for case in [*CASES, *DISORDERS] if case.name in CURED], ids=lambda case: case.name
)
def test_the_cure_cures(case: Case, store: Path, tmp_path: Path) -> None:
    """What verify tells to do is done, in a folder whose name has to be quoted, and in no other store."""
    odd, others = tmp_path / "a 'store' & more", tmp_path / ".ollama/models"
    shutil.copytree(store, tmp_path / "good")
    case.spoil(store)
    shutil.copytree(store, others, symlinks=True)
    store.rename(odd)
    before = snapshot(others)
    environ = environment(tmp_path, {"PACKLLAMA_STORE": None})
    told = called("--store", str(odd), "verify", cwd=tmp_path, env={"PACKLLAMA_STORE": None}).stdout
    commands = sorted(dict.fromkeys(COMMAND.findall(told)), key=lambda line: " repair " in line)
    assert commands
    for command in commands:
        line = command.replace("NEW", "new").replace("PLACE", "./good")
        words = ["bash", "-ec", f"{STAND_INS}\n{line}"]
        ended = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, check=False)
        assert ended.returncode == 0, (line, ended.stderr)
    assert snapshot(others) == before
    done = called("--store", str(odd), "verify", cwd=tmp_path)
    assert (done.returncode, done.stdout[-12:]) == (0, ": all right\n"), done.stdout


def test_the_store_that_would_be_taken_is_not_named(store: Path, tmp_path: Path) -> None:
    store.rename(tmp_path / ".ollama-models")
    (tmp_path / ".ollama").mkdir()
    (tmp_path / ".ollama-models").rename(tmp_path / ".ollama/models")
    put_blob(tmp_path / ".ollama/models", b"nobody's")
    done = called("verify", cwd=tmp_path, env={"PACKLLAMA_STORE": None})
    assert ": packllama prune\n" in done.stdout
    done = called("--store", ".ollama/models", "verify", cwd=tmp_path)
    assert f": packllama --store {tmp_path}/.ollama/models prune\n" in done.stdout


def test_a_twin_that_nobody_asked_for(store: Path, tmp_path: Path) -> None:
    put_model(store, "M")
    done = called("verify", "m", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("m:latest    case twin: ")
    assert "M:latest, m:latest differ" in done.stdout
    document = json.loads(called("--json", "verify", "m", cwd=tmp_path).stdout)
    assert [model["name"] for model in document["models"]] == ["m:latest"]
    assert document["findings"][0]["models"] == ["M:latest", "m:latest"]


def test_quick(store: Path, tmp_path: Path) -> None:
    flip_a_bit(blob(store, SYSTEM))
    done = called("verify", "--quick", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.endswith("2 models, 4 blobs, sizes only, bytes were not read: all right\n")
    os.truncate(blob(store, SYSTEM), 3)
    done = called("verify", "--quick", "m", cwd=tmp_path)
    assert done.returncode == 5
    assert "wrong size: system sha256:" in done.stdout
    assert "truncated: expected 14 bytes, found 3. " in done.stdout
    assert done.stdout.endswith("1 model, 3 blobs, sizes only, bytes were not read: 1 model not whole\n")


@pytest.mark.parametrize("case", [*CASES, *DISORDERS], ids=lambda case: case.name)
def test_quick_finds_all_but_other_bytes(case: Case, store: Path, tmp_path: Path) -> None:
    case.spoil(store)
    document = json.loads(called("--json", "verify", "--quick", cwd=tmp_path).stdout)
    unseen = {FindingKind.DAMAGED, FindingKind.UNREADABLE} & set(case.kinds)
    found = {finding["kind"] for finding in document["findings"]}
    assert (document["quick"], document["bytes_read"]) == (True, 0)
    assert {str(kind) for kind in case.kinds} - unseen <= found
    assert all(finding["hint"] and Path(finding["path"]).is_absolute() for finding in document["findings"])


def test_since_last(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    (tmp_path / "Modelfile").write_text(f"FROM {gguf('tiny.gguf')}\nSYSTEM Be brief.\n")
    assert called("create", "m", cwd=tmp_path).returncode == 0
    done = called("verify", "--since", "last", cwd=tmp_path)
    assert done.returncode == 0
    assert re.match(r"m:latest    ok\n[1-4] blobs? of .* not read again: ", done.stdout)
    assert "That is no proof against a disk that forgets" in done.stdout
    assert re.search(r"\n1 model, [1-4] blobs?, .* read: all right\n$", done.stdout)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--quick", "--since", "last"), "choose one"),
        (("--since", "first"), "'last'"),
        (("--quick", "./models.tar"), "of a bundle every byte is read"),
        (("--since", "last", "./models.tar"), "packllama inspect ./models.tar"),
    ],
)
def test_what_makes_no_sense(words: tuple[str, ...], says: str, store: Path, tmp_path: Path) -> None:
    done = called("verify", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
