"""The proof of who asks for a token: a signature by the key that Ollama keeps in ``~/.ollama/id_ed25519``."""

import base64
from pathlib import Path

from packllama.base.errors import AccessDenied, BadInput
from packllama.places.registry.key import PublicKey, read_key

# Stands for the request's empty body: base64 of the hex digits of its SHA-256.
_NO_BODY = "ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3ODUyYjg1NQ=="


def authorization(url: str, *, key: Path) -> str:
    """The header that proves who asks for this URL: the public key, and the signature.

    Raises: AccessDenied, when the key cannot be used or the extra is not installed; MissingFile; MachineError.
    """
    try:
        private = read_key(key)
    except BadInput as error:
        raise AccessDenied(error.message, where=error.where, hint=error.hint) from error
    signature = private.sign(f"GET,{url},{_NO_BODY}".encode())
    return f"{PublicKey.of(private).text}:{base64.b64encode(signature).decode()}"
