"""A throw-away key in the form that Ollama's has."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

SEED = bytes(range(32))


def put_key(folder: Path, *, password: bytes = b"", kind: str = "ed25519") -> Path:
    private = (
        Ed25519PrivateKey.from_private_bytes(SEED) if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    )
    closed = BestAvailableEncryption(password) if password else NoEncryption()
    path = folder / "id_ed25519"
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, closed))
    path.chmod(0o600)
    return path
