"""Reads what a GGUF file says about itself.

The room takes in a header (keys, table of tensors) and hands out a :class:`GGUF`: a value, checked against the
file's size and against limits, so that no later room needs to distrust its numbers. Kinds, limits and inline tensors
are those of Ollama's create; names for sizes and quantisations those that Ollama writes into a config.

It never reads tensor data, never maps a file into memory, never writes, and never raises anything but the errors of
:mod:`packllama.base.errors`. Versions 1 to 3 in either byte order; memory stays far below the file's size.
"""

from packllama.gguf.arrays import cut_array, read_array, read_element
from packllama.gguf.facts import (
    ProjectorFacts,
    architecture,
    chat_template,
    context_length,
    embedding_length,
    file_type,
    has_inline_audio,
    has_inline_vision,
    human_count,
    is_embedding_model,
    license_name,
    parameter_count,
    projector_facts,
)
from packllama.gguf.gguf import GGUF
from packllama.gguf.kind import (
    INLINE_PREFIXES,
    Kind,
    has_inline_tensors,
    kind_of,
    refuse_shard,
    shard_count,
    shard_index,
)
from packllama.gguf.layout import CURRENT, ByteOrder
from packllama.gguf.magic import MAGIC
from packllama.gguf.quote import quoted
from packllama.gguf.reader import DEFAULT_ALIGNMENT, open_gguf, read_gguf
from packllama.gguf.tensor import TensorInfo, TensorType
from packllama.gguf.value import ArrayInfo, Element, Scalar, Value
from packllama.gguf.valuetype import ValueType

__all__ = [
    "CURRENT",
    "DEFAULT_ALIGNMENT",
    "GGUF",
    "INLINE_PREFIXES",
    "MAGIC",
    "ArrayInfo",
    "ByteOrder",
    "Element",
    "Kind",
    "ProjectorFacts",
    "Scalar",
    "TensorInfo",
    "TensorType",
    "Value",
    "ValueType",
    "architecture",
    "chat_template",
    "context_length",
    "cut_array",
    "embedding_length",
    "file_type",
    "has_inline_audio",
    "has_inline_tensors",
    "has_inline_vision",
    "human_count",
    "is_embedding_model",
    "kind_of",
    "license_name",
    "open_gguf",
    "parameter_count",
    "projector_facts",
    "quoted",
    "read_array",
    "read_element",
    "read_gguf",
    "refuse_shard",
    "shard_count",
    "shard_index",
]
