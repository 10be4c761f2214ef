"""The Ed25519 key by which registries know a user: Ollama's own, in OpenSSH's form and without a password.

The private part is read where a signature is needed, and never leaves this machine. Needs the extra ``sign``.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from packllama.base.errors import BadInput, MachineError, MissingFile, NotSupported, UsageError
from packllama.base.fs import NewFile, link, make_directory, sync_file, write_file
from packllama.base.reading import read_small

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# Where Ollama keeps it, below the user's home. The public part lies beside it.
KEY = Path(".ollama", "id_ed25519")

_KIND = "ssh-ed25519"
# Before the 32 bytes of a public key in OpenSSH's form: each field has its length before it.
_KIND_AND_LENGTH = b"\x00\x00\x00\x0b" + _KIND.encode() + b"\x00\x00\x00\x20"

# A private key in OpenSSH's form has about 400 bytes.
_KEY_LIMIT = 16 << 10

# The length of the lines that Ollama writes.
_COLUMNS = 64


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The part that everybody may see: 32 bytes."""

    raw: bytes

    @classmethod
    def of(cls, private: "Ed25519PrivateKey") -> Self:
        return cls(private.public_key().public_bytes_raw())

    @property
    def text(self) -> str:
        """As it stands in a line of OpenSSH's, in base64."""
        return base64.b64encode(_KIND_AND_LENGTH + self.raw).decode()

    @property
    def line(self) -> str:
        """What an account is given."""
        return f"{_KIND} {self.text}"

    @property
    def fingerprint(self) -> str:
        """As ``ssh-keygen -l`` shows it."""
        digest = hashlib.sha256(_KIND_AND_LENGTH + self.raw).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def read_key(path: Path) -> "Ed25519PrivateKey":
    """The private key in a file.

    Raises: MissingFile; NotSupported, when the extra is not installed; BadInput, when it is no such key; MachineError.
    """
    try:
        data = read_small(path, limit=_KEY_LIMIT, what="a private key")
    except MissingFile as error:
        error.hint = "'packllama key --new' makes one, and so does Ollama when it starts."
        raise
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  an extra
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_ssh_private_key  # noqa: PLC0415
    except ImportError as error:
        raise _no_library() from error
    try:
        private = load_ssh_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(path) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise _unusable(path)
    return private


def make_key(path: Path) -> PublicKey:
    """Make a new key, for this user's eyes only, and its public part beside it. What is there is never replaced.

    Raises: UsageError, when there is something; NotSupported, when the extra is not installed; NoRights, MachineError.
    """
    public_path = path.with_suffix(".pub")
    for each in (path, public_path):
        if os.path.lexists(each):
            raise _taken(each)
    data, public = _generate()
    make_directory(path.parent, below=path.parent)
    with NewFile(path.parent, mode=0o600) as file:
        file.write(data)
        sync_file(file.descriptor, path)
        # Other than a rename this fails where somebody, Ollama perhaps, has made one meanwhile.
        if not link(file.path, path):
            raise (
                _taken(path) if os.path.lexists(path) else MachineError("the key cannot be put there", where=str(path))
            )
    write_file(public_path, f"{public.line}\n".encode(), staging=path.parent)
    return public


def _generate() -> tuple[bytes, PublicKey]:
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415  an extra
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    except ImportError as error:
        raise _no_library() from error
    private = Ed25519PrivateKey.generate()
    written = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    first, *lines, last = written.splitlines()
    body = b"".join(lines)
    wrapped = [body[start : start + _COLUMNS] for start in range(0, len(body), _COLUMNS)]
    return b"".join(line + b"\n" for line in (first, *wrapped, last)), PublicKey.of(private)


def _no_library() -> NotSupported:
    return NotSupported("a library for signatures is not installed", hint="Install it: pip install 'packllama[sign]'")


def _unusable(path: Path) -> BadInput:
    return BadInput(
        "expected an Ed25519 private key in OpenSSH's form, without a password",
        where=str(path),
        hint="Move it away, and 'packllama key --new' makes another.",
    )


def _taken(path: Path) -> UsageError:
    return UsageError(
        "there is one already, and no key is ever replaced", where=str(path), hint="'packllama key' shows the key."
    )
