"""``packllama page`` from outside; the page itself is tested in a browser."""

from pathlib import Path

import pytest

from packllama.page import page
from tests.unit.cli.conftest import Run


@pytest.mark.parametrize(("words", "language"), [((), None), (("--lang", "en"), "en"), (("--lang", "zh"), "zh")])
def test_written_once(run: Run, tmp_path: Path, words: tuple[str, ...], language: str | None) -> None:
    path = tmp_path / "links.html"
    done = run("page", "-o", str(path), *words)
    assert (done.status, done.out, done.err) == (0, "", f"wrote {path}\n")
    assert path.read_bytes() == page(language=language)
    again = run("page", "-o", str(path), "--lang", "zh")
    assert (again.status, again.out) == (2, "")
    assert "is there already" in again.err
    assert path.read_bytes() == page(language=language)


def test_stdout(run: Run) -> None:
    done = run("page", "-o", "-")
    assert (done.status, done.out, done.err) == (0, page().decode(), "")


def test_json(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "links.html"
    assert run("page", "-o", str(path), "--json").document == {
        "packllama": 1,
        "path": str(path),
        "size": path.stat().st_size,
    }


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ((), 2, "Missing option '-o'"),
        (("-o", ""), 2, "the path is empty"),
        (("-o", "-", "--json"), 2, "goes to stdout"),
        (("-o", "none/links.html"), 3, "none"),
        (("-o", "links.html", "--lang", "fr"), 2, "'fr' is not one of"),
    ],
    ids=str,
)
def test_refused(run: Run, tmp_path: Path, words: tuple[str, ...], status: int, said: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = run("page", *words)
    assert (done.status, done.out if "--json" not in words else "") == (status, "")
    assert said in done.err + done.out
    assert sorted(tmp_path.rglob("*")) == before
