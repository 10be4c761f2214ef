"""The tokens that chat templates write, as a GGUF names them."""

import pytest

from packllama.catalog.tokens import SpecialTokens, read_tokens
from tests.unit.gguf import builder
from tests.unit.gguf.builder import boolean, string, strings, uint32

WORDS = ("<unk>", "<s>", "</s>", *"abcdefgh", "<|end|>")
VOCABULARY = strings("tokenizer.ggml.tokens", WORDS)


def model(name: str) -> bytes:
    return string("tokenizer.ggml.model", name)


@pytest.mark.parametrize(
    ("keys", "tokens"),
    [
        ([], SpecialTokens("", "", False)),
        ([model("llama")], SpecialTokens("", "", True)),
        ([model("llama"), VOCABULARY], SpecialTokens("<s>", "</s>", True)),
        ([model("llama"), VOCABULARY, boolean("tokenizer.ggml.add_bos_token", False)], SpecialTokens(adds_bos=False)),
        (
            [model("llama"), VOCABULARY, uint32("tokenizer.ggml.eos_token_id", 11)],
            SpecialTokens("<s>", "<|end|>", True),
        ),
        ([model("llama"), VOCABULARY, uint32("tokenizer.ggml.eos_token_id", 12)], SpecialTokens("<s>", "</s>", True)),
        ([model("gpt2"), VOCABULARY], SpecialTokens("<|end|>", "<|end|>", False)),
        ([model("gpt2"), VOCABULARY, string("tokenizer.ggml.pre", "llama-bpe")], SpecialTokens("<|end|>", "<|end|>")),
        (
            [model("gpt2"), VOCABULARY, string("tokenizer.ggml.pre", "qwen2")],
            SpecialTokens("<|end|>", "<|end|>", False),
        ),
        ([model("t5"), VOCABULARY], SpecialTokens("", "<s>", False)),
        ([model("?"), VOCABULARY], SpecialTokens("", "", False)),
        ([model("llama"), string("tokenizer.ggml.tokens", "<s>")], SpecialTokens("", "", True)),
    ],
)
def test_tokens(keys: list[bytes], tokens: SpecialTokens) -> None:
    data = builder.gguf(keys)
    with builder.descriptor(data) as fd:
        assert read_tokens(fd, builder.parse(data), where="f") == tokens
