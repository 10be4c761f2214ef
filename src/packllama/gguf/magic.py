"""The first eight bytes: is it a GGUF at all, and of a kind that can be read?"""

from packllama.base.errors import GGUFError
from packllama.gguf.layout import LITTLE_ENDIAN, Layout
from packllama.gguf.window import Window

MAGIC = b"GGUF"
_SWAPPED_MAGIC = b"FUGG"
_GLANCE_BYTES = 512
"""As much as Ollama looks at."""


def read_magic(window: Window) -> tuple[int, Layout]:
    """Pass over magic and version: the version, and how the numbers after it are written.

    Raises: GGUFError, for anything but versions 2 and 3 in little-endian order.
    """
    glance, _ = window.view(min(window.size, _GLANCE_BYTES), "the first bytes")
    if glance[:4] == _SWAPPED_MAGIC:
        raise _big_endian(window.where)
    if glance[:4] != MAGIC:
        raise GGUFError(
            "supplied file was not in GGUF format",
            where=window.where,
            hint=_what_it_is(glance[:_GLANCE_BYTES], window.size),
        )
    window.skip(len(MAGIC), "the magic")
    version = window.integer(LITTLE_ENDIAN.u32, "the version")
    if version in (2, 3):
        return version, LITTLE_ENDIAN
    if version == 1:
        raise GGUFError(
            "GGUF version 1 is not supported yet",
            where=window.where,
            hint="It was in use for a few days of August 2023. Convert the model again with a newer llama.cpp.",
        )
    # Big-endian writers keep the magic as it is and swap the numbers: version 3 reads as 0x03000000.
    if int.from_bytes(version.to_bytes(4, "little"), "big") in (1, 2, 3):
        raise _big_endian(window.where)
    raise GGUFError(
        f"unknown GGUF version {version}: 2 and 3 are known",
        where=window.where,
        hint="The file is damaged, or made by a newer llama.cpp than this program knows.",
    )


def _big_endian(where: str) -> GGUFError:
    return GGUFError(
        "big-endian GGUF is not supported yet",
        where=where,
        hint="It was made for an s390x or similar machine. gguf-py's gguf_convert_endian.py turns it around.",
    )


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
