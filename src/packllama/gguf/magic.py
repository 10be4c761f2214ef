"""The first eight bytes: is it a GGUF at all, and how are the numbers behind them written?"""

from packllama.base.errors import GGUFError
from packllama.gguf import limits
from packllama.gguf.layout import CURRENT, FIRST, FIRST_WIDE, ByteOrder, Layout
from packllama.gguf.window import Window

MAGIC = b"GGUF"
_SWAPPED_MAGIC = b"FUGG"
_GLANCE_BYTES = 512
"""As much as Ollama looks at."""

_VERSIONS = (1, 2, 3)


def read_magic(window: Window) -> tuple[int, Layout]:
    """Pass over magic and version: the version, and how what follows is written.

    Raises: GGUFError, for what is no GGUF or of a version that is not known.
    """
    glance, _ = window.view(min(window.size, _GLANCE_BYTES), "the first bytes")
    if glance[:4] not in (MAGIC, _SWAPPED_MAGIC):
        raise GGUFError(
            "supplied file was not in GGUF format",
            where=window.where,
            hint=_what_it_is(glance[:_GLANCE_BYTES], window.size),
        )
    window.skip(len(MAGIC), "the magic")
    version, order = _version(window, swapped=glance[:4] == _SWAPPED_MAGIC)
    if version not in _VERSIONS:
        raise GGUFError(
            f"unknown GGUF version {version}: 1, 2 and 3 are known",
            where=window.where,
            hint="The file is damaged, or made by a newer llama.cpp than this program knows.",
        )
    return version, _first(window, order) if version == 1 else CURRENT[order]


def _version(window: Window, *, swapped: bool) -> tuple[int, ByteOrder]:
    """The version, as far as it is known, and the byte order.

    Ollama takes a file with a swapped magic as big-endian. Writers of big-endian files keep the magic as it is and
    swap the numbers alone: there, version 3 reads as 0x03000000.
    """
    stored = window.take(4, "the version")
    little, big = int.from_bytes(stored, "little"), int.from_bytes(stored, "big")
    if swapped or big in _VERSIONS:
        return big, ByteOrder.BIG
    return little, ByteOrder.LITTLE


def _first(window: Window, order: ByteOrder) -> Layout:
    """Which of its two forms a file of version 1 has.

    The length of the first name tells: read as 64 bits, one of 32 bits takes in the name's first letters and
    is far too large. An empty first name would be misjudged, but no file begins with one.
    """
    wide = FIRST_WIDE[order]
    before, needed = 2 * wide.total.size, 2 * wide.total.size + wide.length.size
    if window.left < needed:
        return FIRST[order]
    block, index = window.view(needed, "the first name")
    (length,) = wide.length.unpack_from(block, index + before)
    return wide if 0 < length <= limits.NAME_BYTES else FIRST[order]


_LOOK_ALIKES = (
    (
        (b"version https://git-lfs",),
        "It is a Git LFS pointer, which stands for the model. Run 'git lfs pull' where it came from.",
    ),
    (
        (b"<!doctype html", b"<html", b"<head", b"<!--"),
        "It is a web page, perhaps a login page that was saved instead of the model. Download it again.",
    ),
    (
        # Stored as 32-bit numbers, so they stand backwards in the file.
        (b"lmgg", b"fmgg", b"tjgg", b"algg"),
        "It is a GGML file from before August 2023. Convert the model again with a newer llama.cpp.",
    ),
    (
        (b"pk\x03\x04",),
        "It is a zip archive: a PyTorch checkpoint, or a model that has to be unpacked first.",
    ),
    (
        (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zxz", b"bzh", b"7z\xbc\xaf"),
        "It is a compressed file. Unpack it first.",
    ),
    ((b"{",), "It is JSON, perhaps a server's error message that was saved instead of the model."),
)
"""What is often found in a GGUF's place, by its first bytes in lower case; and what to do."""


def _what_it_is(glance: bytes, size: int) -> str:
    """A guess at what the user has there instead, with what to do; empty if nothing fits."""
    if not glance:
        return "The file is empty."
    if not glance.strip(b"\0"):
        return "It begins with zeros, as an unfinished download does. Let it finish, or fetch it again."
    if glance[8:9] == b"{" and int.from_bytes(glance[:8], "little") < size:
        return "It is a safetensors file. Convert it with llama.cpp's convert_hf_to_gguf.py."
    text = glance.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((hint for starts, hint in _LOOK_ALIKES if text.startswith(starts)), "")
