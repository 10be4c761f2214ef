"""The program: global options, exit statuses, errors, what it imports."""

import errno
import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from packllama import __version__
from packllama.base import errors
from packllama.cli.main import VERBS
from packllama.places.store import Store
from tests.unit.cli.conftest import Run
from tests.unit.stores import TINY_GGUF, put_model


def process(*words: str, folder: Path, **more: str) -> subprocess.CompletedProcess[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PACKLLAMA_STORE": str(folder / "store"), **more}
    return subprocess.run(
        [sys.executable, "-m", "packllama", *words], cwd=folder, env=environment, capture_output=True, check=False
    )


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["list", "--help"], ["create", "-h"]])
def test_help(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("Usage: packllama ")


def test_help_names_every_verb(run: Run) -> None:
    out = run("--help").out
    for verb in VERBS:
        assert f"\n  {verb} " in out


def test_every_verb_has_its_module() -> None:
    for verb, (module, _) in VERBS.items():
        assert importlib.import_module(f"packllama.cli.{module}").command.name == verb


def test_version(run: Run) -> None:
    assert run("--version").out == f"packllama version {__version__}\n"


def test_no_words(run: Run) -> None:
    done = run()
    assert (done.status, done.out) == (2, "")
    assert "Usage: packllama " in done.err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["list", "--nonsense"], "--nonsense"),
        (["--store"], "requires an argument"),
        (["\x1b[31m"], "\\x1b[31m"),
    ],
)
def test_usage(run: Run, words: list[str], text: str) -> None:
    done = run(*words)
    assert (done.status, done.out) == (2, "")
    assert text in done.err
    assert "\x1b" not in done.err


@pytest.mark.parametrize("words", [["--json", "show", "x"], ["show", "--json", "x"], ["show", "x", "--json"]])
def test_errors_as_json(run: Run, store: Path, words: list[str]) -> None:
    store.mkdir()
    done = run(*words)
    assert (done.status, done.err) == (3, "")
    assert done.document["error"] == {
        "kind": "model-not-found",
        "message": "model 'x:latest' not found",
        "hint": "'packllama list' shows what is there.",
        "where": "",
    }


@pytest.mark.parametrize("words", [["--json", "frobnicate"], ["list", "--json", "--nonsense"]])
def test_usage_as_json(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert (done.status, done.document["error"]["kind"]) == (2, "usage-error")


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (errors.UsageError("u"), 2, "u"),
        (errors.MissingFile("u", where="/a"), 3, "/a: u"),
        (errors.BadInput("\x1b[2J"), 4, "\\x1b[2J"),
        (errors.IntegrityError("u", hint="Do\nthis."), 5, "u\nDo\nthis."),
        (errors.NoSpace("u"), 7, "u"),
        (errors.Busy("u"), 8, "u"),
        (errors.EngineFailed("u"), 9, "u"),
        (KeyboardInterrupt(), 130, "stopped"),
        (errors.Cancelled(), 130, "stopped"),
        (ZeroDivisionError("u"), 70, "this is a bug in packllama: ZeroDivisionError: u"),
    ],
)
def test_exit_statuses(
    run: Run, store: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, text: str
) -> None:
    store.mkdir()

    def fail(_store: Store) -> None:
        raise error

    monkeypatch.setattr(Store, "listing", fail)
    done = run("list")
    assert (done.status, done.out) == (status, "")
    assert done.err.lstrip("\n").startswith(f"Error: {text}")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals(run: Run, store: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: int) -> None:
    (store.parent / "model.gguf").write_bytes(TINY_GGUF)
    (store.parent / "Modelfile").write_text("FROM ./model.gguf\n")
    put_model(store, "a")
    monkeypatch.setattr("packllama.cli.create.Progress.planned", lambda *_: signal.raise_signal(number))
    done = run("create", "b")
    assert (done.status, done.err) == (status, "Error: stopped\n")
    assert "b:latest" not in run("list").out


def test_a_signal_while_the_program_is_being_loaded() -> None:
    code = """
import os, signal, sys
from importlib.abc import MetaPathFinder
class Impatient(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "packllama.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Impatient())
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from packllama.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")


def test_home_is_needed_only_for_the_default_store(run: Run, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    store.mkdir()
    assert run("list").status == 0
    monkeypatch.delenv("PACKLLAMA_STORE")
    monkeypatch.setattr("packllama.cli.door.find_root.__kwdefaults__", {"flag": None, "service": store / "none"})
    done = run("list")
    assert done.status == 7
    assert "HOME is not set" in done.err


def test_a_log_that_cannot_be_written(run: Run, store: Path) -> None:
    store.mkdir()
    done = run("--log-file", str(store / "no/log"), "list")
    assert done.status == 3
    assert "no/log" in done.err


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    put_model(tmp_path / "store", "a")
    reading, writing = os.pipe()
    os.close(reading)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PACKLLAMA_STORE": str(tmp_path / "store")}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "packllama", "list"],
            env=environment,
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_full_disk_behind_stdout(tmp_path: Path) -> None:
    put_model(tmp_path / "store", "a")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PACKLLAMA_STORE": str(tmp_path / "store")}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "packllama", "list"],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 7
    assert os.strerror(errno.ENOSPC) in done.stderr.decode()
    assert done.stderr.count(b"\n") <= 2
    assert b"bug" not in done.stderr


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX", "en_US.ISO-8859-1"])
def test_texts_come_out_in_utf8_whatever_the_locale(tmp_path: Path, locale: str) -> None:
    put_model(tmp_path / "store", "a")
    license_text = "Grüße, 世界 👋"
    (tmp_path / "Modelfile").write_text(f"FROM a\nLICENSE {license_text}\n", encoding="utf-8")
    more = {"LC_ALL": locale, "PYTHONIOENCODING": "" if locale != "en_US.ISO-8859-1" else "latin-1"}
    assert process("create", "b", folder=tmp_path, **more).returncode == 0
    done = process("show", "--license", "b", folder=tmp_path, **more)
    assert (done.returncode, done.stdout.decode()) == (0, f"{license_text}\n")


def test_a_store_whose_path_is_no_text(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    put_model(folder, "a")
    done = process("--store", str(folder), "show", "--modelfile", "a", folder=tmp_path)
    assert done.returncode == 0
    assert os.fsencode(folder) + b"/blobs/sha256-" in done.stdout
    done = process("--store", str(folder), "show", "--json", "a", folder=tmp_path)
    assert json.loads(done.stdout)["name"] == "a:latest"


WATCHED = ("rich", "prompt_toolkit", "urllib3", "asyncio", "concurrent", "xllamacpp")


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["show", "a"],
        ["create", "b"],
        ["rm", "a"],
        ["--help"],
        ["export", "a", "-o", "a.tar"],
        ["copy", "a", "--to", "./there"],
        ["import", "old"],
    ],
)
def test_nothing_is_imported_that_is_not_drawn(tmp_path: Path, words: list[str]) -> None:
    put_model(tmp_path / "store", "a")
    put_model(tmp_path / "old", "c", weights=TINY_GGUF + bytes(32))
    (tmp_path / "Modelfile").write_text("FROM a\n")
    program = (
        "import json, sys\n"
        "from packllama.cli.main import main\n"
        f"status = main({words!r})\n"
        f"sys.stderr.write('\\n' + json.dumps([status, [name for name in {WATCHED!r} if name in sys.modules]]))"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PACKLLAMA_STORE": str(tmp_path / "store")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stderr.splitlines()[-1]) == [0, []]
