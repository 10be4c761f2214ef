"""Digests: the names that bytes have in a store.

Follows Ollama's store format: in text ``sha256:`` and 64 lower-case hex digits, as a file name the same
with a hyphen. Nothing here reads a file; a `Digest` that exists is valid, so a path made from one is safe.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from packllama.base.errors import InvalidDigest

_HEX = re.compile(r"[0-9a-f]{64}")
_ANY_HEX = re.compile(r"sha256[:-]([0-9a-fA-F]{64})")
_SHOWN = 100  # characters of a wrong digest that a message shows: a right one has 71


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A SHA-256 digest; ``hex`` is its 64 lower-case hex digits.

    Raises:
        InvalidDigest: ``hex`` is anything else.
    """

    hex: str

    def __post_init__(self) -> None:
        if not _HEX.fullmatch(self.hex):
            raise _invalid(self.hex, "64 lower-case hex digits")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The digest that ``sha256:<hex>`` means; no other spelling is accepted.

        Raises:
            InvalidDigest: the text is not of that form.
        """
        kind, colon, digits = text.partition(":")
        if kind != "sha256" or not colon or not _HEX.fullmatch(digits):
            raise _invalid(text, "sha256: and 64 lower-case hex digits")
        return cls(digits)

    @classmethod
    def parse_lenient(cls, text: str) -> Self:
        """Like `parse`, but also with a hyphen and with upper-case digits, as Ollama does for a path.

        Raises:
            InvalidDigest: the text is not of that form either.
        """
        match = _ANY_HEX.fullmatch(text)
        if not match:
            raise _invalid(text, "sha256: and 64 hex digits")
        return cls(match.group(1).lower())

    @classmethod
    def of(cls, data: bytes | bytearray | memoryview) -> Self:
        """The digest of bytes that are already in memory."""
        return cls(hashlib.sha256(data).hexdigest())

    @classmethod
    def from_file_name(cls, name: str) -> Self:
        """The digest that a blob's file name ``sha256-<hex>`` means.

        Raises:
            InvalidDigest: it is not a blob's name: a partial download, say, or a temporary file.
        """
        kind, hyphen, digits = name.partition("-")
        if kind != "sha256" or not hyphen or not _HEX.fullmatch(digits):
            raise _invalid(name, "a blob's file name, sha256- and 64 lower-case hex digits")
        return cls(digits)

    @property
    def file_name(self) -> str:
        """``sha256-<hex>``, the blob's name in the store."""
        return f"sha256-{self.hex}"

    @property
    def short(self) -> str:
        """The first 12 hex digits, enough to tell blobs apart by eye."""
        return self.hex[:12]

    def __str__(self) -> str:
        return f"sha256:{self.hex}"


def _invalid(text: str, wanted: str) -> InvalidDigest:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return InvalidDigest(f"invalid digest format: expected {wanted}, found {shown!r}")
