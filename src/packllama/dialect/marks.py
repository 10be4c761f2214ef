"""What tells one form of GGUF from another: keys, tensors, tokens. A mark is a question to a file, answered yes or no.

A key of the wrong type counts as there, but never has the value that a mark asks for.
"""

from collections.abc import Callable
from typing import TypeAlias

from packllama.dialect.source import SourceFile
from packllama.gguf import TensorType, ValueType, chat_template, projector_facts

# In Llama 3's vocabulary.
END_OF_TEXT, _START_HEADER, END_OF_TURN = 128001, 128006, 128009


Mark: TypeAlias = Callable[[SourceFile], bool]


def always(_: SourceFile) -> bool:
    """For architectures whose name alone tells."""
    return True


def has_key(*names: str) -> Mark:
    """One of these keys is there, whatever it holds."""
    return lambda file: any(file.key(name) in file.gguf.metadata for name in names)


def lacks_key(name: str) -> Mark:
    """The key is not there."""
    return lambda file: file.key(name) not in file.gguf.metadata


def has_text(name: str, text: str) -> Mark:
    """The key holds this text."""
    return lambda file: file.gguf.string(name) == text


def has_tensor(name: str) -> Mark:
    """There is a tensor of exactly this name."""
    return lambda file: any(tensor.name == name for tensor in file.gguf.tensors)


def has_type(kind: TensorType) -> Mark:
    """Some tensor is of this type."""
    return lambda file: any(tensor.type is kind for tensor in file.gguf.tensors)


def begins(*prefixes: str) -> Mark:
    """The name of some tensor begins so."""
    return lambda file: any(tensor.name.startswith(prefixes) for tensor in file.gguf.tensors)


def ends(suffix: str) -> Mark:
    """The name of some tensor ends so."""
    return lambda file: any(tensor.name.endswith(suffix) for tensor in file.gguf.tensors)


def both(first: Mark, second: Mark) -> Mark:
    """Two marks at once."""
    return lambda file: first(file) and second(file)


def without(mark: Mark) -> Mark:
    """The mark is missing."""
    return lambda file: not mark(file)


def has_experts(file: SourceFile) -> bool:
    """It says that it is a mixture of experts."""
    counts = (file.gguf.integer(file.key(name)) for name in (".expert_count", ".expert_used_count"))
    return any(count is not None and count > 0 for count in counts)


def vocabularies_differ(file: SourceFile) -> bool:
    """Gemma 3n's two tables of embeddings have rows for different numbers of tokens."""
    rows = file.dimension("token_embd.weight", 1), file.dimension("per_layer_token_embd.weight", 1)
    return None not in rows and rows[0] != rows[1]


def spelled_charsmap(file: SourceFile) -> bool:
    """The tokenizer's table of characters, which should be bytes, is stored as texts."""
    charsmap = file.gguf.array("tokenizer.ggml.precompiled_charsmap")
    return charsmap is not None and charsmap.element_type is ValueType.STRING


def untyped_projector(file: SourceFile) -> bool:
    """A projector from before projectors had a type."""
    return projector_facts(file.gguf).lacks_type


def misnamed_llama3(file: SourceFile) -> bool:
    """Llama 3's tokens, and a header that does not say so. The tokens are asked last: they cost a read."""
    gguf = file.gguf
    splitting = gguf.metadata.get("tokenizer.ggml.pre")
    unsaid = splitting is None or splitting.text in ("", "default")
    if not unsaid and gguf.integer("tokenizer.ggml.eos_token_id") != END_OF_TEXT:
        return False
    if file.token(END_OF_TURN) != "<|eot_id|>":
        return False
    template = chat_template(gguf) or ""
    named = any(token in template for token in ("<|start_header_id|>", "<|eot_id|>"))
    return named or file.token(_START_HEADER) == "<|start_header_id|>"
