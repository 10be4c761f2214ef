"""The engine's last words, as sentences. The texts are llama.cpp's own."""
# ruff: noqa: E501  such lines are best seen whole

import re

import pytest

from packllama.base.errors import EngineFailed
from packllama.engine.failures import TABLE, Row, explain, port_was_taken

E = "0.00.006.380 E "

CASES = [
    (E + "llama_model_load: error loading model: unknown model architecture: 'xlama'\n" + E + "srv init: exiting due to model loading error", 1, "the engine does not know the architecture 'xlama'"),
    (E + "llama_model_load: error loading model: tensor 'token_embd.weight' data is not within the file bounds, model is corrupted or incomplete", 1, "cut short or damaged: tensor 'token_embd.weight'"),
    (E + "gguf_init_from_reader: invalid magic characters: 'hell', expected 'GGUF'", 1, "not a GGUF; it begins with 'hell'"),
    (E + "gguf_init_from_reader: failed to read magic", 1, "its magic cannot be read"),
    (E + "gguf_init_from_reader: failed to read key-value pairs", 1, "its key-value pairs cannot be read"),
    (E + "gguf_init_from_reader: this GGUF file is version 99 but this software only supports up to version 3", 1, "the GGUF is version 99, the engine knows up to 3"),
    (E + "gguf_init_from_file: failed to open GGUF file '/m' (Permission denied)", 1, "cannot open the file: Permission denied"),
    (E + "llama_init_from_model: failed to initialize the context: std::bad_alloc", 1, "not enough memory"),
    (E + "alloc_tensor_range: failed to allocate CUDA0 buffer of size 12306496768", 134, "not enough memory"),
    (E + "gguf_init_from_reader: invalid magic characters: 'hell', expected 'GGUF'\n" + E + "mtmd_init_from_file: error: Failed to load CLIP model from /p.gguf", 1, "the projector could not be loaded"),
    ("mismatch between text model (n_embd = 64) and mmproj (n_embd = 128)", 1, "not this model's: it is 128 wide, the model 64"),
    (E + "llama_adapter_lora_init_from_file_ptr: failed to apply lora adapter: model arch and LoRA arch mismatch", 1, "the adapter could not be applied: model arch and LoRA arch mismatch"),
    (E + "llama_model_load: error loading model: check_tensor_dims: tensor 'blk.1.ffn_up.weight' not found", 1, "lacks the tensor 'blk.1.ffn_up.weight'"),
    (E + "llama_model_load: error loading model: missing tensor 'output_norm.weight'", 1, "lacks the tensor 'output_norm.weight'"),
    (E + "llama_model_load: error loading model: error loading model hyperparameters: key not found in model: llama.context_length", 1, "lacks the key llama.context_length"),
    (E + "check_tensor_dims: tensor 'a' has wrong shape; expected 2, got 3", 1, "tensor 'a' has the wrong shape: expected 2, got 3"),
    ("llama-server: error while loading shared libraries: libfoo.so.1: cannot open shared object file", 127, "it lacks libfoo.so.1"),
    ("error: invalid argument: --offline", 1, "does not know the flag --offline"),
    ("cannot start the engine: [Errno 8] Exec format error: '/e'", 127, "cannot be started: [Errno 8] Exec format error"),
    ("", 132, "this processor lacks instructions"),
    ("anything", 137, "probably ran out of memory"),
    ("", -9, "probably ran out of memory"),
    ("", 135, "could not be read while it was in use"),
    ("GGML_ASSERT(n > 0) failed\n", 134, "the engine crashed (SIGABRT): GGML_ASSERT(n > 0) failed"),
    ("hello\n" + E + "srv init: something new is wrong\nbye\n", 3, "status 3: srv init: something new is wrong"),
    ("", 1, "the engine ended with status 1"),
    ("", None, "the engine ended with status None"),
    (E + "unknown model architecture: 'cut off", 1, "status 1"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "status", "sentence"), CASES)
def test_sentence(said: str, status: int | None, sentence: str) -> None:
    error = explain(said, status, where="model.gguf")
    assert isinstance(error, EngineFailed)
    assert sentence in error.message
    assert error.where == "model.gguf"
    assert error.hint


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.sentence)
def test_each_row_has_a_group_for_each_brace(row: Row) -> None:
    assert len(set(re.findall(r"\{\d\}", row.sentence))) <= row.pattern.groups


@pytest.mark.parametrize("status", [132, 135, 137])
def test_a_signal_that_says_it_all_needs_no_quote(status: int) -> None:
    assert "slot" not in explain("slot launch_slot_: processing task, is_child = 0", status, where="").message


def test_a_long_line_is_not_quoted_whole() -> None:
    assert len(explain("error " + "x" * 10_000, 1, where="").message) < 400


def test_taken_port() -> None:
    assert port_was_taken("start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080")
    assert not port_was_taken("failed to load model")
