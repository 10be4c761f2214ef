"""The texts of a GGUF's tokens that a chat template writes, and whether the engine puts the first of them itself."""

from dataclasses import dataclass

from packllama.base.stop import Stop
from packllama.gguf import GGUF, ValueType, read_element

# What llama.cpp takes for a tokenizer that does not say its own: the ids of BOS and EOS.
_IDS = {"llama": (1, 2), "plamo2": (1, 2), "gpt2": (11, 11), "bert": (101, None), "t5": (None, 1)}
_BOS_ADDED = frozenset({"llama", "bert"})
# Byte-pair tokenizers of these kinds put a BOS, the others do not.
_BOS_ADDED_BY_PRE = frozenset(
    {
        *("llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"),
        *("tekken", "chameleon"),
    }
)


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """Empty texts: there is no such token. ``adds_bos``: the tokenizer puts BOS before every prompt."""

    bos: str = "<s>"
    eos: str = "</s>"
    adds_bos: bool = True


def read_tokens(fd: int, gguf: GGUF, *, where: str, stop: Stop | None = None) -> SpecialTokens:
    """Read them from the file whose header is ``gguf``, as the engine would take them.

    Raises: GGUFError, FileChanged, Cancelled.
    """
    model = gguf.string("tokenizer.ggml.model") or ""
    bos, eos = _IDS.get(model, (None, None))
    adds_bos = gguf.boolean("tokenizer.ggml.add_bos_token")
    if adds_bos is None:
        adds_bos = model in _BOS_ADDED or gguf.string("tokenizer.ggml.pre") in _BOS_ADDED_BY_PRE
    return SpecialTokens(
        bos=_text(fd, gguf, "bos", bos, where=where, stop=stop),
        eos=_text(fd, gguf, "eos", eos, where=where, stop=stop),
        adds_bos=adds_bos,
    )


def _text(fd: int, gguf: GGUF, name: str, default: int | None, *, where: str, stop: Stop | None) -> str:
    tokens = gguf.array("tokenizer.ggml.tokens")
    if tokens is None or tokens.element_type is not ValueType.STRING:
        return ""
    for number in (gguf.uint32(f"tokenizer.ggml.{name}_token_id"), default):
        if number is not None and number < tokens.count:
            return str(read_element(fd, tokens, number, size=gguf.size, where=where, stop=stop))
    return ""
