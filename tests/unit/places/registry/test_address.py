"""The links of a model."""

import pytest

from packllama.digest import Digest
from packllama.name import ModelName
from packllama.places.registry.address import blob_url, manifest_url

DIGEST = Digest("ab" * 32)


@pytest.mark.parametrize(
    ("text", "insecure", "base", "tag"),
    [
        ("llama3", False, "https://registry.ollama.ai/v2/library/llama3", "latest"),
        ("me/Llama3:8b", False, "https://registry.ollama.ai/v2/me/Llama3", "8b"),
        ("hf.co/me/Repo-GGUF:Q4_K_M", False, "https://hf.co/v2/me/Repo-GGUF", "Q4_K_M"),
        ("localhost:5000/me/m", True, "http://localhost:5000/v2/me/m", "latest"),
        ("http://host/me/m", False, "https://host/v2/me/m", "latest"),
    ],
)
def test_links(text: str, insecure: bool, base: str, tag: str) -> None:
    name = ModelName.parse(text)
    assert manifest_url(name, insecure=insecure) == f"{base}/manifests/{tag}"
    assert blob_url(name, DIGEST, insecure=insecure) == f"{base}/blobs/sha256:{'ab' * 32}"
