"""Names under which Ollama keeps what it has not finished. It removes such files when it starts."""

import re

from packllama.check.survey.entries import Entry

DOWNLOAD = re.compile(r"(sha256-[0-9a-f]{64})(?:-partial(?:-\d+)?|\.tmp)", re.ASCII)
"""In ``blobs/``: the data of a download, and the state of its parts. The first group is the blob's file name."""

# A random number of 32 bits. Shorter ones are rare, and more likely mean a version, or the `F16` of a person.
_RANDOM = r"\d{5,10}"
_FOLDER = re.compile(rf"split-gguf-{_RANDOM}", re.ASCII)

# In `blobs/`: what is being hashed, quantized or split.
_TEMPORARY = re.compile(
    r"(?:sha256-|split-copy|projector-metadata|compat-tensors|split-gguf-|(?:COPY|B?F\d|[IT]?Q\d|MXFP\d)[A-Z0-9_]*?)"
    rf"{_RANDOM}",
    re.ASCII,
)

CONVERSION = re.compile(rf"ollama-safetensors{_RANDOM}", re.ASCII)
"""A folder beside ``blobs/``."""


def is_temporary(entry: Entry) -> bool:
    """Whether something in ``blobs/`` is what Ollama makes there under such a name: a file, or a folder of shards."""
    return bool((_FOLDER if entry.is_folder else _TEMPORARY).fullmatch(entry.name))
