"""``packllama show``."""

import io
import json
import sys
from pathlib import Path

import pytest

from packllama.manifest import LayerKind
from tests.unit.cli.conftest import Run
from tests.unit.describe.test_description import GEMMA_HEADER
from tests.unit.stores import GEMMA_NAME, GEMMA_TEMPLATE, put_gemma, put_model

Kind = LayerKind
ONLY_ONE = "only one of '--license', '--modelfile', '--parameters', '--system', or '--template' can be specified"
HOSTILE = "MIT\x1b]52;c;aGk=\x07\r\u202eevil\u200b\nline 2\nline 3\n"


def test_the_published_gemma3(run: Run, store: Path) -> None:
    put_gemma(store, GEMMA_HEADER)
    assert run("show", GEMMA_NAME).out == (
        "  Model\n"
        "    architecture        gemma3    \n"
        "    parameters          12.2B     \n"
        "    context length      131072    \n"
        "    embedding length    3840      \n"
        "    quantization        Q4_0      \n"
        "\n"
        "  Capabilities\n"
        "    completion    \n"
        "\n"
        "  Parameters\n"
        '    stop           "<end_of_turn>"    \n'
        "    temperature    1                  \n"
        "    top_k          64                 \n"
        "    top_p          0.95               \n"
        "\n"
    )
    assert run("show", "--template", GEMMA_NAME).out == GEMMA_TEMPLATE.decode()


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("--license", "MIT\nApache\nlicence\n"),
        ("--system", "Be terse."),
        ("--template", "{{ .Prompt }}x"),
        ("--parameters", 'stop                           "a"\nstop                           "b"\ntop_k                          5\n'),
    ],
)
def test_one_part(run: Run, store: Path, part: str, text: str) -> None:
    put_model(
        store,
        "a",
        (Kind.TEMPLATE, b"{{ .Prompt }}x"),
        (Kind.SYSTEM, b"Be terse."),
        (Kind.PARAMS, b'{"top_k":5,"stop":["a","b"]}'),
        (Kind.LICENSE, b"MIT"),
        (Kind.LICENSE, b"Apache\nlicence"),
    )
    assert run("show", "A", part).out == text


@pytest.mark.parametrize(("part", "text"), [("--license", "\n"), ("--system", ""), ("--parameters", "\n")])
def test_a_part_that_is_not_there(run: Run, store: Path, part: str, text: str) -> None:
    put_model(store, "a")
    assert run("show", "a", part).out == text


@pytest.mark.parametrize("words", [["--license", "--system"], ["--template", "--parameters", "--modelfile"]])
def test_two_parts_are_one_too_many(run: Run, store: Path, words: list[str]) -> None:
    put_model(store, "a")
    done = run("show", *words, "a")
    assert (done.status, done.out, done.err.splitlines()[0]) == (2, "", f"Error: {ONLY_ONE}")


def test_texts_in_the_overview_are_cut_and_harmless(run: Run, store: Path) -> None:
    put_model(store, "a", (Kind.LICENSE, HOSTILE.encode()), (Kind.SYSTEM, b"\n\none\n\n\x1b[31mtwo\n"))
    out = run("show", "a").out
    assert "  System\n    one             \n    \\x1b[31mtwo    \n\n" in out
    assert not {"\x1b", "\x07", "\r", "\u202e", "\u200b"} & set(out)
    assert out.endswith("    ...                                    \n\n") or "    ..." in out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_part_is_printed_as_it_is_but_harmless_on_a_terminal(
    run: Run, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_model(store, "a", (Kind.LICENSE, HOSTILE.encode()))
    assert run("show", "--license", "a").out == HOSTILE + "\n"
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    run("show", "--license", "a")
    assert terminal.getvalue() == "MIT\\x1b]52;c;aGk=\\x07\\x0d\\u202eevil\\u200b\nline 2\nline 3\n\n"


def test_json_is_untouched_and_valid(run: Run, store: Path) -> None:
    put_model(
        store,
        "a",
        (Kind.LICENSE, HOSTILE.encode()),
        (Kind.SYSTEM, b"\xff\x00"),
        (Kind.PARAMS, b'{"stop":["\\ud800"],"top_k":5}'),
        (Kind.MESSAGES, b'[{"role":"user","content":"\\udfff"}]'),
    )
    document = run("show", "a", "--json").document
    assert document["licenses"] == [HOSTILE]
    assert document["system"] == "\ufffd\x00"
    assert document["parameters"] == {"stop": ["\ufffd"], "top_k": 5}
    assert document["messages"] == [{"role": "user", "content": "\ufffd"}]
    assert (document["name"], document["size"], document["capabilities"]) == ("a:latest", document["size"], ["completion"])


def test_halves_of_surrogate_pairs_can_be_printed(run: Run, store: Path) -> None:
    put_model(store, "a", (Kind.PARAMS, b'{"stop":["\\ud800"]}'), (Kind.MESSAGES, b'[{"role":"u","content":"\\udfff"}]'))
    for words in (["--modelfile"], ["--parameters"], []):
        done = run("show", "a", *words)
        assert done.status == 0
        done.out.encode()


def test_numbers_that_are_no_json_are_refused(run: Run, store: Path) -> None:
    put_model(store, "a", (Kind.PARAMS, b'{"temperature":1e999}'))
    done = run("show", "a", "--json")
    assert (done.status, done.document["error"]["kind"]) == (4, "invalid-manifest")


def test_verbose(run: Run, store: Path) -> None:
    put_gemma(store, GEMMA_HEADER)
    out = run("show", "-v", GEMMA_NAME).out
    assert "  Metadata\n    gemma3.context_length       131072" in out
    assert "  Tensors\n    token_embd.weight    Q4_0    [3840 3177083]    \n" in out


@pytest.mark.parametrize(
    ("words", "status", "kind"),
    [
        (["show", "x"], 3, "model-not-found"),
        (["show", "a:cloud"], 4, "not-supported"),
        (["show", "../../x"], 4, "invalid-name"),
        (["show", ""], 4, "invalid-name"),
        (["show"], 2, "usage-error"),
        (["show", "a", "b"], 2, "usage-error"),
        (["show", "a", "--licence"], 2, "usage-error"),
    ],
)
def test_refusals(run: Run, store: Path, words: list[str], status: int, kind: str) -> None:
    put_model(store, "a")
    done = run(*words, "--json")
    assert done.status == status
    assert json.loads(done.out)["error"]["kind"] == kind


def test_local_means_here(run: Run, store: Path) -> None:
    put_model(store, "a")
    assert run("show", "a:local", "--system").status == 0


def test_a_missing_blob(run: Run, store: Path) -> None:
    put_model(store, "a", (Kind.SYSTEM, b"s"))
    for path in (store / "blobs").iterdir():
        path.unlink()
    done = run("show", "a")
    assert done.status == 5
    assert "is missing" in done.err
