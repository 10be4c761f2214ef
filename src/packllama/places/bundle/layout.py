"""What the entries of a bundle are called. Only names and digests lead into a path."""

from packllama.digest import Digest
from packllama.name import ModelName

OCI_LAYOUT = "oci-layout"
OCI_INDEX = "index.json"
INDEX = "packllama.json"
SUMS = "SHA256SUMS"
PIECES = "pieces.json"

# What a small file may have. An index of this size lists 75,000 blobs; a tensor model has some thousands.
SMALL_LIMIT = 8 << 20


def blob_path(digest: Digest) -> str:
    """Where Ollama looks for a blob."""
    return f"blobs/{digest.file_name}"


def oci_path(digest: Digest) -> str:
    """Where OCI tools look for the same bytes."""
    return f"blobs/sha256/{digest.hex}"


def manifest_path(name: ModelName) -> str:
    """Where Ollama looks for a model's manifest."""
    return f"manifests/{name.relative_path()}"
