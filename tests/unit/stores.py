"""Stores laid out by hand, byte by byte, as another program would have left them."""

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, compose
from packllama.name import ModelName

# The smallest GGUF of Ollama's own tests: no tensor, and one key, general.architecture="test".
TINY_GGUF = bytes.fromhex(
    "474755460300000000000000000000000100000000000000140000000000000067656e6572616c2e617263686974656374757265"
    "08000000040000000000000074657374"
)
TINY_CONFIG = (
    b'{"model_format":"gguf","model_family":"test","model_families":["test"],"model_type":"0",'
    b'"file_type":"unknown","architecture":"amd64","os":"linux"}\n'
)

GEMMA_NAME = "gemma3:12b-it-qat"
GEMMA_MANIFEST = (Path(__file__).parents[1] / "data" / "gemma3-12b-it-qat.manifest.json").read_bytes()
GEMMA_PARAMS = b'{"stop":["\\u003cend_of_turn\\u003e"],"temperature":1,"top_k":64,"top_p":0.95}\n'
GEMMA_TEMPLATE = b"""\
{{- range $i, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $i)) 1 }}
{{- if or (eq .Role "user") (eq .Role "system") }}<start_of_turn>user
{{ .Content }}<end_of_turn>
{{ if $last }}<start_of_turn>model
{{ end }}
{{- else if eq .Role "assistant" }}<start_of_turn>model
{{ .Content }}{{ if not $last }}<end_of_turn>
{{ end }}
{{- end }}
{{- end }}
"""


def put_blob(root: Path, data: bytes) -> Path:
    """File bytes under their digest."""
    path = root / "blobs" / Digest.of(data).file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def put_manifest(root: Path, name: str, manifest: bytes) -> Path:
    """Give bytes a name."""
    path = root / "manifests" / ModelName.parse(name).relative_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(manifest)
    return path


def put_model(
    root: Path, name: str, *layers: tuple[LayerKind, bytes], weights: bytes = TINY_GGUF, config: bytes = TINY_CONFIG
) -> Path:
    """A whole model; the path of its manifest."""
    parts: Sequence[tuple[str, bytes]] = [
        (LayerKind.MODEL.media_type, weights),
        *((kind.media_type, data) for kind, data in layers),
        (CONFIG_TYPE, config),
    ]
    filed = [Layer(media_type, Digest.of(data), len(data)) for media_type, data in parts]
    for _, data in parts:
        put_blob(root, data)
    return put_manifest(root, name, compose(filed[-1], filed[:-1]))


def old_config(family: str, size: str, quantization: str, layers: Sequence[str]) -> bytes:
    """A config as Ollama wrote it up to 0.32.6, with the digests of the layers at its end."""
    members = {
        "model_format": "gguf",
        "model_family": family,
        "model_families": [family],
        "model_type": size,
        "file_type": quantization,
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": list(layers)},
    }
    return json.dumps(members, separators=(",", ":")).encode() + b"\n"


def gemma_config() -> bytes:
    return old_config("gemma3", "12.2B", "Q4_0", [layer["digest"] for layer in json.loads(GEMMA_MANIFEST)["layers"]])


def put_gemma(root: Path, header: bytes) -> Path:
    """The published gemma3:12b-it-qat; its weights are ``header`` and a hole of the right length."""
    for data in (gemma_config(), GEMMA_TEMPLATE, GEMMA_PARAMS):
        put_blob(root, data)
    weights = json.loads(GEMMA_MANIFEST)["layers"][0]
    path = root / "blobs" / weights["digest"].replace(":", "-")
    path.write_bytes(header)
    os.truncate(path, weights["size"])
    return put_manifest(root, GEMMA_NAME, GEMMA_MANIFEST)


Snapshot = dict[str, tuple[str, str | bytes | int]]


def snapshot(folder: Path, *, without: str = "") -> Snapshot:
    """Every entry below a folder, links not followed. ``without`` names a folder to leave out."""
    found: Snapshot = {}
    for parent, folders, files in os.walk(folder):
        if without in folders:
            folders.remove(without)
        for entry in [*folders, *files]:
            path = Path(parent, entry)
            found[str(path.relative_to(folder))] = _content(path)
    return found


def _content(path: Path) -> tuple[str, str | bytes | int]:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return "link", str(path.readlink())
    if stat.S_ISREG(status.st_mode):
        return "file", path.read_bytes() if status.st_size < 1 << 20 else status.st_size
    return "other", stat.S_IFMT(status.st_mode)
