"""``packllama key`` from outside."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run


def test_made_once_and_shown(tmp_path: Path, run: Run) -> None:
    path = tmp_path / ".ollama" / "id_ed25519"
    none = run("key")
    assert (none.status, none.out) == (3, "")
    assert "'packllama key --new' makes one" in none.err
    made = run("key", "--new")
    assert (made.status, made.out) == (0, path.with_suffix(".pub").read_text())
    assert made.err.startswith(f"made {path}, SHA256:")
    private = path.read_bytes()
    again = run("key", "--new")
    assert (again.status, again.out, path.read_bytes()) == (2, "", private)
    shown = run("key")
    assert (shown.out, str(path) in shown.err) == (made.out, True)
    document = run("key", "--json").document
    assert (document["path"], document["public_key"], document["made"]) == (str(path), made.out.strip(), False)
    secret = "".join(private.decode().split("\n")[1:-2])
    assert secret[100:140] not in "".join(done.out + done.err for done in (made, again, shown))


def test_what_is_no_key(tmp_path: Path, run: Run) -> None:
    (tmp_path / ".ollama").mkdir()
    (tmp_path / ".ollama" / "id_ed25519").write_text("text")
    done = run("key")
    assert (done.status, "Ed25519" in done.err) == (4, True)


def test_without_a_home(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    assert run("key").status == 7
