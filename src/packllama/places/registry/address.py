"""Where a registry is, and where it is asked for a model's manifest and blobs.

``{scheme}://{host}/v2/{namespace}/{model}/manifests/{tag}`` and ``…/blobs/{digest}``. The host is the name's own, with
its port if it has one: ``hf.co`` and ``huggingface.co`` are hosts like any other. Letter case stays as it is in the
name. What stands in a link is a name's part or a digest, so there is nothing in it that has to be quoted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from packllama.base.errors import UsageError
from packllama.digest import Digest
from packllama.name import ModelName

# http or https, a host and perhaps a port.
ADDRESS = re.compile(r"(?:(https?)://)?([A-Za-z0-9_][A-Za-z0-9_.-]*(?::[0-9]{1,5})?)/?")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a registry is. ``host``: with its port, if it has one. ``insecure``: it speaks http."""

    host: str
    insecure: bool


def parse_addresses(texts: Sequence[str]) -> list[Address]:
    """The registries at these addresses, ``https://host`` or ``http://host:port``, each once.

    Raises: UsageError.
    """
    return list(dict.fromkeys(map(_parse_address, texts)))


def _parse_address(text: str) -> Address:
    match = ADDRESS.fullmatch(text)
    if match is None and "@" in text:  # a password, perhaps, which must not be repeated
        raise UsageError("an address with a user's name in it is not taken", hint="Write https://host or http://host.")
    if match is None:
        raise UsageError(
            f"'{text}' is no address of a registry", hint="Write https://host or http://host:port, without a path."
        )
    return Address(match[2], insecure=match[1] == "http")


def manifest_url(name: ModelName, *, insecure: bool = False) -> str:
    """Where the manifest is. ``insecure``: by http, for a registry that has no https."""
    return f"{_repository(name, insecure=insecure)}/manifests/{name.tag}"


def blob_url(name: ModelName, digest: Digest, *, insecure: bool = False) -> str:
    """Where a blob of the model is. A registry may answer with a redirect to its storage."""
    return f"{_repository(name, insecure=insecure)}/blobs/{digest}"


def _repository(name: ModelName, *, insecure: bool) -> str:
    return f"{'http' if insecure else 'https'}://{name.host}/v2/{name.namespace}/{name.model}"
