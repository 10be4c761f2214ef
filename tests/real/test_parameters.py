"""Every PARAMETER, from a Modelfile to what the engine is started with and asked."""

import itertools
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from packllama.engine.options import TABLE
from tests.program import packllama
from tests.unit.engine.conftest import Scripted, scripted

pytestmark = pytest.mark.slow

__all__ = ["scripted"]  # a fixture of the engine's own tests

# Name; what is sent without it; the lines of a Modelfile, and what is sent then. The model was trained with 2048.
IN_REQUESTS: Mapping[str, tuple[str, object, tuple[str, ...], object]] = {
    "num_keep": ("n_keep", 4, ("9",), 9),
    "seed": ("seed", -1, ("42",), 42),
    "num_predict": ("n_predict", 20480, ("33",), 33),
    "top_k": ("top_k", 40, ("7",), 7),
    "top_p": ("top_p", 0.9, ("0.5",), 0.5),
    "min_p": ("min_p", 0.0, ("0.25",), 0.25),
    "typical_p": ("typical_p", 1.0, ("0.75",), 0.75),
    "repeat_last_n": ("repeat_last_n", 64, ("-1",), 512),
    "temperature": ("temperature", 0.8, ("0.125",), 0.125),
    "repeat_penalty": ("repeat_penalty", 1.0, ("1.5",), 1.5),
    "presence_penalty": ("presence_penalty", 0.0, ("0.5",), 0.5),
    "frequency_penalty": ("frequency_penalty", 0.0, ("-0.5",), -0.5),
    "stop": ("stop", [], ("<end>", '"two words"'), ["<end>", "two words"]),
}
AT_START: Mapping[str, tuple[str, str | None, str, str | None]] = {
    "num_ctx": ("--ctx-size", "2048", "512", "512"),
    "num_batch": ("--batch-size", "512", "64", "64"),
    "num_gpu": ("--n-gpu-layers", None, "3", "3"),
    "main_gpu": ("--main-gpu", None, "1", "1"),
    "num_thread": ("--threads", None, "2", "2"),
    "use_mmap": ("LLAMA_ARG_LOAD_MODE", None, "false", "none"),
    "draft_num_predict": ("LLAMA_ARG_DRAFT_MAX", "4", "7", "7"),
}

Send = Callable[[str], tuple[dict[str, object], dict[str, str]]]


@pytest.fixture
def sent(tmp_path: Path, gguf: Callable[[str], Path], scripted: Callable[..., Scripted]) -> Send:
    """The request, and the words and variables at the start, for a Modelfile with these lines."""
    for name in ("model.gguf", "draft.gguf"):
        shutil.copyfile(gguf("tiny-plain.gguf"), tmp_path / name)

    def run(lines: str) -> tuple[dict[str, object], dict[str, str]]:
        (tmp_path / "Modelfile").write_text(f"FROM model.gguf\nDRAFT draft.gguf\n{lines}")
        made = packllama("create", "m", cwd=tmp_path)
        assert made.returncode == 0, made.stderr
        double = scripted()
        done = packllama("run", "m", "Hi", "--engine", str(double.program), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        (start,) = double.starts
        words = start["argv"]
        return double.bodies("/completion")[0], dict(itertools.pairwise(words)) | start["env"]

    return run


def test_the_tables_are_complete() -> None:
    assert {row.name for row in TABLE} == IN_REQUESTS.keys() | AT_START.keys()


def test_every_default(sent: Send) -> None:
    body, start = sent("")
    assert {row[0]: body[row[0]] for row in IN_REQUESTS.values()} == {row[0]: row[1] for row in IN_REQUESTS.values()}
    assert {row[0]: start.get(row[0]) for row in AT_START.values()} == {row[0]: row[1] for row in AT_START.values()}


def test_every_parameter(sent: Send) -> None:
    lines = [f"PARAMETER {name} {text}" for name, row in IN_REQUESTS.items() for text in row[2]]
    lines += [f"PARAMETER {name} {row[2]}" for name, row in AT_START.items()]
    body, start = sent("\n".join(lines) + "\n")
    assert {row[0]: body[row[0]] for row in IN_REQUESTS.values()} == {row[0]: row[3] for row in IN_REQUESTS.values()}
    assert {row[0]: start.get(row[0]) for row in AT_START.values()} == {row[0]: row[3] for row in AT_START.values()}


@pytest.mark.parametrize(
    ("asked", "context"), [("9999", "2048"), (str(2**62), "2048"), ("-5", "4"), ("0", "2048"), ("1", "4")]
)
def test_the_context(asked: str, context: str, sent: Send) -> None:
    _, start = sent(f"PARAMETER num_ctx {asked}\n")
    assert start["--ctx-size"] == context
