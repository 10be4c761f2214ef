"""What a small file is, by its content: a manifest, or what a server sent in place of one."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import InvalidManifest, from_os_error
from packllama.base.reading import opened_plain
from packllama.jsonfields import Json, first_value
from packllama.manifest import LAYER_PREFIX, MANIFEST_LIMIT, MANIFEST_TYPE, TWIN_TYPE, Manifest
from packllama.places.loose.walk import Seen

_HEAD = 512
_HTML = re.compile(rb"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_CODE = re.compile(r"[A-Z][A-Z_]{2,40}")
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Oddity:
    """What is no part of any model. ``surely``: it came from a registry, whatever the file is called."""

    what: str
    surely: bool = False


def read_content(file: Seen) -> Manifest | Oddity | None:
    """The manifest that a file is, or what it is instead; None: nothing is known of it.

    Raises: MissingFile, BadInput, MachineError, when it cannot be read any more.
    """
    if file.size == 0:
        return Oddity("it is empty")
    if file.size > MANIFEST_LIMIT:
        return None
    with opened_plain(Path(file.path), what="a download", follow=False) as descriptor:
        head = _read(descriptor, _HEAD, file).lstrip(b"\xef\xbb\xbf \t\r\n")
        if _HTML.match(head):
            return Oddity("it is a web page, perhaps one that says what went wrong")
        if head[:1] != b"{":
            return None
        return _read_object(_read(descriptor, MANIFEST_LIMIT, file), file.path)


def _read(descriptor: int, limit: int, file: Seen) -> bytes:
    parts, offset = [], 0
    try:
        while offset < limit and (part := os.pread(descriptor, limit - offset, offset)):
            parts.append(part)
            offset += len(part)
    except OSError as error:
        raise from_os_error(error, doing="reading", where=file.path) from error
    return b"".join(parts)


def _read_object(raw: bytes, where: str) -> Manifest | Oddity | None:
    if b"sha256" not in raw:
        return _answer(raw, where) if b'"error' in raw else None
    try:
        manifest = Manifest.decode(raw, where=where)
    except InvalidManifest as error:
        is_ours = LAYER_PREFIX.encode() in raw
        return Oddity(f"it is a damaged manifest: {error.message}", surely=True) if is_ours else None
    if manifest.media_type == TWIN_TYPE:  # a bundle has one for each model, beside the model's own manifest
        return None
    ours = any(layer.media_type.startswith(LAYER_PREFIX) for layer in manifest.layers)
    # The stub of a remote model has a config and no layers.
    return manifest if ours or (manifest.media_type == MANIFEST_TYPE and not manifest.layers) else None


def _answer(raw: bytes, where: str) -> Oddity | None:
    try:
        value = first_value(raw, where=where)[0]
    except InvalidManifest:
        return None
    members = value if isinstance(value, dict) else {}
    errors = members.get("errors")
    first: Json = errors[0] if isinstance(errors, list) and errors else members.get("error")
    if isinstance(first, str):
        return Oddity(f"it is an error message: {first[:_SHOWN]}")
    if not isinstance(first, dict):
        return None
    code, message = (str(first.get(key) or "")[:_SHOWN] for key in ("code", "message"))
    return Oddity(f"it is a registry's error message: {code}: {message}", surely=bool(_CODE.fullmatch(code)))
