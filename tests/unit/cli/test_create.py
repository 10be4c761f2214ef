"""``packllama create``."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.stores import TINY_GGUF, snapshot

ID = "f75369d1dd1fb2f7c3db80c05854077604d2e78397dbe270fbe9d8a453ae62ff"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    """The working directory, with a Modelfile and its GGUF."""
    (tmp_path / "model.gguf").write_bytes(TINY_GGUF)
    (tmp_path / "Modelfile").write_text("FROM ./model.gguf\n")
    return tmp_path


def test_creating(run: Run) -> None:
    done = run("create", "Me/Test")
    assert (done.status, done.out) == (0, "")
    assert done.err.splitlines()[0].startswith("no template, and the GGUF brings none")
    assert done.err.splitlines()[1].startswith("creating new layer sha256:89a2116c")
    assert done.err.splitlines()[-1].startswith("created Me/Test:latest, 215 B")
    assert "f75369d1dd1f" in run("list").out
    assert run("create", "Me/Test").err.splitlines()[1].startswith("using existing layer")


def test_json(run: Run) -> None:
    document = run("create", "test", "--json").document
    assert (document["name"], document["digest"], document["size"]) == ("test:latest", ID, 215)
    assert document["layers"] == [
        {
            "type": "model",
            "digest": "sha256:89a2116c3a82d6a97f59f748d86ed4417214353fd178ee54df418fde32495fad",
            "size": 68,
            "existed": False,
        }
    ]


def test_relative_paths_count_from_the_modelfile(run: Run, folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "model.gguf").rename(folder / "sub/model.gguf")
    (folder / "Modelfile").rename(folder / "sub/My Modelfile")
    assert run("create", "test", "-f", "sub/My Modelfile").status == 0


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["create"], 2, "Missing argument 'NAME'"),
        (["create", "a", "b"], 2, "unexpected extra argument"),
        (["create", "a b"], 4, "invalid model name: a b"),
        (["create", "../x"], 4, "invalid model name: ../x"),
        (["create", "\x1b[31m"], 4, "invalid model name: \\x1b[31m"),
        (["create", "a:cloud"], 4, "has a meaning of its own"),
        (["create", "a", "-f", "absent"], 3, "no such Modelfile"),
        (["create", "a", "-f", "x" * 300], 3, "no such Modelfile"),
        (["create", "a", "-f", "."], 4, "."),
        (["create", "a", "-f", "model.gguf"], 4, "model.gguf"),
        (["create", "a", "--store", "model.gguf"], 7, "model.gguf"),
        (["create", "a", "--store", "model.gguf/store"], 7, "model.gguf"),
    ],
)
def test_refusals(run: Run, folder: Path, words: list[str], status: int, text: str) -> None:
    before = snapshot(folder)
    done = run(*words)
    assert (done.status, done.out) == (status, "")
    assert text in done.err
    assert done.err.startswith("Error: ")
    assert "bug" not in done.err
    assert snapshot(folder) == before


def test_replaced_data_goes_unless_it_shall_stay(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("one", "two", "three"):
        (folder / "Modelfile").write_text(f"FROM ./model.gguf\nSYSTEM {text}\n")
        if text == "three":
            monkeypatch.setenv("OLLAMA_NOPRUNE", "1")
        done = run("create", "a")
        assert ("freed 3 B of the older model" in done.err) is (text == "two")


def test_deprecated_parameters_are_a_result_as_ollamas(run: Run, folder: Path) -> None:
    (folder / "Modelfile").write_text("FROM ./model.gguf\nPARAMETER mirostat 1\n")
    assert "warning: parameter mirostat is deprecated\n" in run("create", "a").out


def test_a_template_by_name(run: Run) -> None:
    done = run("create", "test", "--like", "chatml")
    assert done.status == 0
    assert done.err.splitlines()[:2] == [
        "--like chatml: a template of packllama's; the model would be chatml:latest",
        "using template chatml",
    ]
    assert run("show", "test", "--parameters").out.count("<|im_") == 2


def test_a_template_comes_before_a_model_of_its_name(run: Run, folder: Path) -> None:
    (folder / "Modelfile").write_text("FROM ./model.gguf\nTEMPLATE x{{ .Prompt }}\n")
    run("create", "zephyr")
    (folder / "Modelfile").write_text("FROM ./model.gguf\n")
    assert "using template zephyr" in run("create", "a", "--like", "zephyr").err
    done = run("create", "b", "--like", "zephyr:latest")
    assert done.err.splitlines()[:2] == [
        "--like zephyr:latest: the model in the store",
        "taking over from zephyr:latest: template",
    ]
    assert run("show", "b", "--template").out == "x{{ .Prompt }}"


def test_neither_a_template_nor_a_model_in_reach(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    done = run("create", "test", "--like", "chatlm")
    assert (done.status, done.out) == (6, "")
    assert done.err.startswith(
        "--like chatlm: no template of packllama's and no model in the store; asking registry.ol"
    )
    assert "there are alfred, alpaca, chatml," in done.err
    assert "--manifest FILE" in done.err
