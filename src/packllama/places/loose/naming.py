"""What model a manifest is of, by the path it lies at; and which blob a file is, by its own name.

Both only where it cannot be misread: a guess would give a model a wrong name without a word.
"""

import re

from packllama.base.errors import InvalidName
from packllama.digest import Digest
from packllama.name import ModelName
from packllama.places.loose.origin import COLONS

_COLON = re.compile(f"[{COLONS}]|%3[aA]")
# What a browser adds when the name is taken, and what makes a text file of it.
_ADDED = re.compile(r"(?: ?\(\d{1,3}\))?(?:\.json|\.txt)?$")
_DIGEST = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])")
_BLOB = re.compile(r"sha256-[0-9a-f]{64}")
# As registries and their storage call what they send; a name without a suffix may be a tag.
_USUAL = re.compile(r"(?:data|manifest|latest)\b.*|[^.]+", re.IGNORECASE | re.DOTALL)


def name_at(path: str) -> ModelName | None:
    """The name that a path of a certain form gives its manifest.

    ==============================================  ===========================================
    ``…/manifests/HOST/NAMESPACE/MODEL/TAG``        a store
    ``…/manifests/HOST/NAMESPACE/MODEL:TAG``        a store built by hand, which Ollama cannot see
    ``…/HOST/v2/NAMESPACE/MODEL/manifests/TAG``     what ``wget -x`` makes of a link
    ==============================================  ===========================================
    """
    parts = [_COLON.sub(":", part) for part in path.split("/")[-6:]]
    if parts[-5:-4] == ["manifests"]:
        return _valid(*parts[-4:])
    if parts[-4:-3] == ["manifests"] and ":" in parts[-1]:
        model, _, tag = parts[-1].partition(":")
        return _valid(parts[-3], parts[-2], model, tag)
    if len(parts) == 6 and (parts[1], parts[4]) == ("v2", "manifests"):
        return _valid(parts[0], parts[2], parts[3], parts[5])
    return None


def name_from_file_name(path: str) -> ModelName | None:
    """The name that a file has if it is called ``MODEL:TAG``, and no folder above it may be a part of a name.

    Nor may there be a ``_`` in the model: it may stand for the slash behind a namespace.
    """
    parts = path.split("/")
    text = _ADDED.sub("", _COLON.sub(":", parts[-1]))
    model, colon, _ = text.partition(":")
    if not colon or "_" in model or "manifests" in parts[-5:-2] or _DIGEST.search(text):
        return None
    try:
        return ModelName.parse(text)
    except InvalidName:
        return None


def is_manifest_of_store(path: str, root: str) -> bool:
    """Whether a path is that of a manifest of the store at ``root``, where Ollama sees it."""
    parts = _below(path, root)
    return parts[:1] == ["manifests"] and len(parts) == 5 and _valid(*parts[1:]) is not None


def is_blob_of_store(path: str, root: str) -> bool:
    """Whether a path is that of a blob of the store at ``root``, where Ollama sees it."""
    parts = _below(path, root)
    return parts[:1] == ["blobs"] and len(parts) == 2 and _BLOB.fullmatch(parts[1]) is not None


def _below(path: str, root: str) -> list[str]:
    return path.removeprefix(root.rstrip("/") + "/").split("/")


def digest_from_file_name(name: str) -> Digest | None:
    """The digest that a file's name holds, whatever stands around it: ``sha256_44d3… (1).bin``."""
    found = _DIGEST.findall(_COLON.sub(":", name))
    return Digest(found[0].lower()) if len(found) == 1 else None


def looks_fetched(name: str) -> bool:
    """Whether a file is called as what a registry sends."""
    return bool(_USUAL.fullmatch(name) or _COLON.search(name) or _DIGEST.search(name))


def _valid(host: str, namespace: str, model: str, tag: str) -> ModelName | None:
    try:
        return ModelName(host, namespace, model, tag)
    except InvalidName:
        return None
