"""Names under which Ollama keeps what it has not finished. It removes such files when it starts."""

import re

DOWNLOAD = re.compile(r"(sha256-[0-9a-f]{64})(?:-partial(?:-\d+)?|\.tmp)", re.ASCII)
"""In ``blobs/``: the data of a download, and the state of its parts. The first group is the blob's file name."""

TEMPORARY = re.compile(
    r"(?:sha256-|split-copy|projector-metadata|compat-tensors|split-gguf-|(?:COPY|B?F\d|[IT]?Q\d|MXFP\d)[A-Z0-9_]*?)\d+",
    re.ASCII,
)
"""In ``blobs/``: what is being hashed, quantized or split."""

CONVERSION = re.compile(r"ollama-safetensors\d+", re.ASCII)
"""A folder beside ``blobs/``."""
