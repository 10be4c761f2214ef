"""``packllama inspect`` from outside."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.units import human_bytes
from packllama.gguf import ValueType
from tests.unit.cli.conftest import Run
from tests.unit.gguf import builder
from tests.unit.gguf.builder import boolean, scalar, string, strings, tensor, uint32
from tests.unit.stores import put_model

LLAMA = string("general.architecture", "llama")
KEYS = [
    LLAMA,
    string("general.name", "Tiny"),
    string("general.license", "mit"),
    uint32("general.file_type", 7),
    uint32("llama.context_length", 2048),
    uint32("llama.embedding_length", 64),
    scalar("llama.rope.freq_base", ValueType.FLOAT32, 0.1),
    boolean("tokenizer.ggml.add_bos_token", True),
    string("tokenizer.ggml.model", "gpt2"),
    strings("tokenizer.ggml.tokens", [f"t{number}" for number in range(1000)]),
    string("tokenizer.chat_template", "{{ messages }}\n{{ tools }}"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    tensors = [tensor("a", (64, 2), kind=0), tensor("b", (32,), kind=8, offset=512)]
    (tmp_path / "m.gguf").write_bytes(builder.gguf(KEYS, tensors, data=546))
    return tmp_path / "m.gguf"


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_overview(file: Path, run: Run) -> None:
    assert lines(run("inspect", str(file)).out) == [
        "  File",
        "    what                model",
        "    name                Tiny",
        f"    size                {human_bytes(file.stat().st_size)}",
        "    format              GGUF 3, little-endian",
        "    architecture        llama",
        "    parameters          160",
        "    quantization        Q8_0",
        "    context length      2048",
        "    embedding length    64",
        "    license             mit",
        "",
        "  Tokenizer",
        "    model            gpt2",
        "    tokens           1,000",
        "    chat template    26 characters",
        "",
        "  Types",
        "    F32     1 tensor    512 B",
        "    Q8_0    1 tensor    34 B",
        "",
        "  Capabilities",
        "    tools",
        "    completion",
        "",
    ]


def test_metadata(file: Path, run: Run) -> None:
    shown = lines(run("inspect", str(file), "--metadata").out.partition("  Metadata\n")[2])
    assert shown[6:] == [
        "    llama.rope.freq_base  float32  0.1",
        "    tokenizer.ggml.add_bos_token  bool  true",
        "    tokenizer.ggml.model  string  gpt2",
        "    tokenizer.ggml.tokens  string[1000]  [t0, t1, t2, t3, t4, t5, t6, t7, …]",
        "    tokenizer.chat_template  string",
        "        {{ messages }}",
        "        {{ tools }}",
        "",
    ]


def test_tensors(file: Path, run: Run) -> None:
    shown = lines(run("inspect", str(file), "--tensors").out.partition("  Tensors\n")[2])
    assert shown == ["    a    F32     [64 2]    512 B", "    b    Q8_0    [32]      34 B", ""]


def test_document(file: Path, run: Run) -> None:
    found = run("--json", "inspect", str(file)).document
    assert (found["what"], found["parameter_count"], found["tokens"], found["chat_template"]) == (
        "model",
        160,
        1000,
        26,
    )
    assert (found["metadata"], found["tensors"]) == (None, None)
    found = run("inspect", "--json", "--metadata", "--tensors", str(file)).document
    assert found["metadata"][9] == {
        "key": "tokenizer.ggml.tokens",
        "type": "string",
        "length": 1000,
        "value": [f"t{number}" for number in range(8)],
    }
    assert found["tensors"][0] == {"name": "a", "type": "F32", "shape": [64, 2], "size": 512}


@pytest.mark.parametrize(
    ("name", "what"),
    [("tiny-lora.gguf", "adapter (lora)"), ("tiny-mmproj.gguf", "projector (gemma3)"), ("tiny-bert.gguf", "model")],
)
def test_other_kinds(name: str, what: str, run: Run, gguf: Callable[[str], Path]) -> None:
    assert lines(run("inspect", str(gguf(name))).out)[1].split(maxsplit=1) == ["what", what]


def test_a_shard_and_a_dialect(tmp_path: Path, run: Run, gguf: Callable[[str], Path]) -> None:
    keys = [LLAMA, scalar("split.no", ValueType.UINT16, 1), scalar("split.count", ValueType.UINT16, 3)]
    (tmp_path / "m.gguf").write_bytes(builder.gguf(keys))
    assert "model, shard 2 of 3 " in run("inspect", "m.gguf").out
    shown = run("inspect", str(gguf("tiny-gemma3-inline.gguf")))
    assert ["dialect", "Ollama's own (gemma3), translated"] in [line.split(maxsplit=1) for line in lines(shown.out)]
    assert "Gemma 3 in Ollama's own form of GGUF" in shown.err
    assert run("inspect", "--json", str(gguf("tiny-gemma3-inline.gguf"))).document["dialect"] == "gemma3"


def test_a_manifest(tmp_path: Path, run: Run) -> None:
    put_model(tmp_path / "store", "m")
    path = "store/manifests/registry.ollama.ai/library/m/latest"
    shown = lines(run("inspect", path).out)
    assert shown[1].split() == ["what", "manifest"]
    assert [line.split()[0] for line in shown[5:] if line] == ["Layers", "model", "config"]
    found = run("inspect", "--json", path).document
    assert [layer["type"] for layer in found["layers"]] == ["model", "config"]


def test_text_from_outside_is_harmless_and_short(tmp_path: Path, run: Run) -> None:
    hostile = "\x1b[2J\u202e\n  Capabilities\n    everything"
    keys = [LLAMA, string("general.name", hostile + "x" * 100_000), string(f"k{hostile}", hostile)]
    (tmp_path / "m.gguf").write_bytes(builder.gguf([*keys, strings("a", [hostile])], [tensor(hostile)], data=1))
    shown = run("inspect", "m.gguf", "--metadata", "--tensors").out.replace("x" * 100_000, "")
    assert not set("\x1b\u202e") & set(shown)
    assert "    everything\n" not in shown.partition("  Metadata\n")[0]
    assert max(map(len, shown.partition("  Metadata\n")[0].splitlines())) < 300


def test_only_the_header_is_read(tmp_path: Path, run: Run, gguf: Callable[[str], Path]) -> None:
    """A file of a terabyte, nearly all of it a hole, takes no longer than a small one."""
    shutil.copyfile(gguf("tiny.gguf"), tmp_path / "m.gguf")
    with (tmp_path / "m.gguf").open("r+b") as file:
        file.truncate(1 << 40)
    assert "size                1.1 TB" in run("inspect", "m.gguf").out
