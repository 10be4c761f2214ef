"""The links of a model: where its manifest and its blobs are asked for.

``{scheme}://{host}/v2/{namespace}/{model}/manifests/{tag}`` and ``…/blobs/{digest}``. The host is the name's own, with
its port if it has one: ``hf.co`` and ``huggingface.co`` are hosts like any other. Letter case stays as it is in the
name. What stands in a link is a name's part or a digest, so there is nothing in it that has to be quoted.
"""

from packllama.digest import Digest
from packllama.name import ModelName


def manifest_url(name: ModelName, *, insecure: bool = False) -> str:
    """Where the manifest is. ``insecure``: by http, for a registry that has no https."""
    return f"{_repository(name, insecure=insecure)}/manifests/{name.tag}"


def blob_url(name: ModelName, digest: Digest, *, insecure: bool = False) -> str:
    """Where a blob of the model is. A registry may answer with a redirect to its storage."""
    return f"{_repository(name, insecure=insecure)}/blobs/{digest}"


def _repository(name: ModelName, *, insecure: bool) -> str:
    return f"{'http' if insecure else 'https'}://{name.host}/v2/{name.namespace}/{name.model}"
