"""``packllama lint`` from outside."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import called
from tests.unit.cli.conftest import Run


@pytest.fixture
def modelfile(tmp_path: Path, gguf: Callable[[str], Path]) -> Path:
    (tmp_path / "Modelfile").write_text(f"FROM {gguf('tiny.gguf')}\nPARAMETER num_ctx 4k\nPARAMETER  top_k 1\n")
    return tmp_path / "Modelfile"


def test_sentences(modelfile: Path, run: Run) -> None:
    done = run("lint", "Modelfile")
    assert (done.status, done.err) == (1, "")
    first, second = done.out.splitlines()
    assert first.startswith("Modelfile:2:19: invalid int value [4k]. num_ctx: Write a whole number")
    assert second.startswith("Modelfile:3:11: two spaces after PARAMETER")


def test_records(modelfile: Path, run: Run) -> None:
    done = run("lint", "Modelfile", "--json")
    found = done.document
    assert (done.status, found["file"], found["clean"], found["notes"]) == (1, "Modelfile", False, [])
    assert [(each["kind"], each["line"], each["column"]) for each in found["remarks"]] == [
        ("bad-value", 2, 19),
        ("unknown-parameter", 3, 11),
    ]


def test_clean(modelfile: Path, run: Run) -> None:
    modelfile.write_text(modelfile.read_text().splitlines()[0])
    done = run("lint", str(modelfile))
    assert (done.status, done.out, done.err) == (0, "", f"{modelfile}: nothing found\n")
    assert run("lint", str(modelfile), "--json").document["clean"]


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ('FROM x\nSYSTEM """a\n', 4, "never closed"),
        ("SISTEM x\n", 4, "Did you mean system?"),
        ("", 4, "no FROM line"),
        (None, 3, "No such file"),
    ],
)
def test_what_does_not_parse_or_is_not_there(
    text: str | None, status: int, words: str, tmp_path: Path, run: Run
) -> None:
    if text is not None:
        (tmp_path / "Modelfile").write_text(text)
    done = run("lint", "Modelfile")
    assert (done.status, done.out) == (status, "")
    assert words in done.err
    assert run("lint", "--json", "Modelfile").document["error"]["message"]


def test_from_stdin(tmp_path: Path) -> None:
    done = called("lint", "-", cwd=tmp_path, stdin="FROM ./nope.gguf\n")
    assert (done.returncode, "<stdin>:1:6: " in done.stdout) == (1, True)
    assert str(tmp_path / "nope.gguf") in done.stdout


def test_hostile_text_is_harmless(modelfile: Path, run: Run) -> None:
    modelfile.write_text("FROM ./\x1b[2J.gguf\nPARAMETER num_ctx \u202e4\x1b]0;x\x07\nPARAMETER stop \x9b2J\n")
    assert not set("\x1b\u202e\x07\x9b") & set(run("lint", "Modelfile").out)


def test_without_a_home(modelfile: Path) -> None:
    done = called("lint", "Modelfile", cwd=modelfile.parent, env={"HOME": None, "PACKLLAMA_STORE": None})
    assert done.returncode == 1
