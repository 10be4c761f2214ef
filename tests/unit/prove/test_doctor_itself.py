"""How packllama is installed, and what it lacks."""

import importlib.util
from pathlib import Path

import pytest

from packllama import __version__
from packllama.prove.doctor import itself
from packllama.prove.doctor.checkup import Level
from tests.unit.prove.patients import patient, sentences


@pytest.mark.parametrize(
    ("program", "prefix", "base", "said"),
    [
        ("{here}/stick/packllama.pyz/packllama", "/usr", "/usr", "one file, {here}/stick/packllama.pyz"),
        (
            "/root/.local/share/pipx/venvs/packllama/lib/packllama",
            "/root/.local/share/pipx/venvs/packllama",
            "/usr",
            "installed by pipx in /root/.local/share/pipx/venvs/packllama",
        ),
        ("/u/uv/tools/packllama/lib/packllama", "/u/uv/tools/packllama", "/usr", "installed by uv in /u/uv/tools/pack"),
        ("/v/lib/packllama", "/v", "/usr", "installed in the virtual environment /v"),
        ("/usr/lib/python3/packllama", "/usr", "/usr", "installed in /usr/lib/python3"),
    ],
)
def test_how_it_is_installed(program: str, prefix: str, base: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick/packllama.pyz").write_bytes(b"PK")
    found = itself.Installation(Path(program.format(here=tmp_path)), Path(prefix), Path(base))
    assert found.sentence.startswith(said.format(here=tmp_path))


def test_versions(tmp_path: Path) -> None:
    assert f"version {__version__} on Python 3." in sentences(itself.look(patient(tmp_path)))


def test_extras_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.util.find_spec("json")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in {"jinja2", "PIL"} else there)
    facts = list(itself.look(patient(tmp_path)))
    assert "extras: sign → " in sentences(facts, Level.OK)
    notes = sentences(facts, Level.NOTE)
    assert notes.count("\n") == 1
    assert "without PIL formats by JSON schema and pictures are not taken → pip install 'packllama[engine]'" in notes
    assert "without jinja2 'create' cannot try a GGUF's own template → pip install 'packllama[jinja]'" in notes


def test_a_missing_engine_is_told_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    notes = sentences(itself.look(patient(tmp_path)), Level.NOTE)
    assert "[engine]" not in notes
    assert "[jinja]" in notes
