"""The digests that the recorded program gave to GGUF files.

It rewrote a plain GGUF when it stored it; packllama stores the file as it is.
"""

import hashlib
from functools import cache

from tests.fixtures import gguf_files
from tests.fixtures.make.gguf_copy import copy as rewritten

_KEPT = ("-inline.gguf", "-lora.gguf", "mmproj.gguf", "cut.gguf", "header.gguf", "not.gguf", "only.gguf")


@cache
def recorded_digests() -> dict[str, str]:
    """Ours to the recorded one, for every plain fixture."""
    table = {}
    for name in gguf_files.names():
        if not name.endswith(_KEPT):
            data = gguf_files.path(name).read_bytes()
            table[digest(data)] = digest(rewritten(data))  # type: ignore[no-untyped-call]
    return table


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
