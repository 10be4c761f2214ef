"""Where a file came from, as browsers and download programs note it, and what such a link says.

Windows keeps it in the alternate stream ``Zone.Identifier``, which elsewhere shows as a file beside the file or as an
extended attribute; Linux programs keep it in ``user.xdg.origin.url``.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packllama.base.errors import InvalidName, PackLlamaError
from packllama.base.reading import read_small
from packllama.digest import Digest
from packllama.name import ModelName

# Some systems write the colon, which Windows does not allow, as a character of their own.
COLONS = ":\uf03a\uf022"
SIDECAR = re.compile(rf"(?P<file>.+)[{COLONS}]Zone\.Identifier(?:[{COLONS}]\$DATA)?", re.DOTALL)

_ZONE = "user.Zone.Identifier"
_XDG = ("user.xdg.origin.url", "user.xdg.referrer.url")
_LINE = re.compile(r"^(?:HostUrl|ReferrerUrl)=(\S+)\s*$", re.MULTILINE | re.IGNORECASE)
_LIMIT = 64 << 10
_LONGEST_LINK = 8 << 10

# The second is how storage files blobs: …/blobs/sha256/44/44d3…/data
_DIGEST = re.compile(r"sha256(?::|-|/[0-9a-f]{2}/)([0-9a-f]{64})(?![0-9a-f])")
_PORTS = {"https": ":443", "http": ":80"}


def origins(path: str, *, sidecar: str | None) -> Iterator[str]:
    """The links that are noted for a file, the file's own before the page's that led to it.

    ``sidecar``: the file beside it, if there is one.
    """
    if sidecar is not None:
        with contextlib.suppress(PackLlamaError):
            yield from _in_zone(read_small(Path(sidecar), limit=_LIMIT, what="a Zone.Identifier"))
    yield from _in_zone(_attribute(path, _ZONE))
    for name in _XDG:
        if link := _attribute(path, name).decode(errors="replace").strip("\0\r\n "):
            yield link


def _in_zone(raw: bytes) -> list[str]:
    text = raw.decode("utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8", errors="replace")
    # HostUrl comes after ReferrerUrl, and says more.
    return _LINE.findall(text.replace("\r", ""))[::-1]


def _attribute(path: str, name: str) -> bytes:
    if not hasattr(os, "getxattr"):
        return b""
    try:
        return os.getxattr(path, name, follow_symlinks=False)[:_LIMIT]
    except OSError:
        return b""


def name_in(link: str) -> ModelName | None:
    """The name of the model whose manifest a link leads to."""
    split = _split(link)
    if split is None:
        return None
    scheme, host, parts = split
    if len(parts) != 5 or (parts[0], parts[3]) != ("v2", "manifests"):
        return None
    try:
        return ModelName(host.removesuffix(_PORTS.get(scheme, "")), parts[1], parts[2], parts[4])
    except InvalidName:
        return None


def digest_in(link: str) -> Digest | None:
    """The digest of the blob that a link leads to, in a registry or in its storage."""
    split = _split(link)
    found = _DIGEST.search("/".join(split[2])) if split else None
    return Digest(found.group(1)) if found else None


def is_registrys(link: str) -> bool:
    """Whether a link leads to something of a registry's."""
    split = _split(link)
    return split is not None and split[2][:1] == ["v2"]


def _split(link: str) -> tuple[str, str, list[str]] | None:
    """Scheme, host and the parts of the path."""
    if len(link) > _LONGEST_LINK:
        return None
    try:
        split = urlsplit(link)
    except ValueError:
        return None
    if split.scheme not in _PORTS:
        return None
    host = split.netloc.rpartition("@")[2].lower()
    return split.scheme, host, [unquote(part) for part in split.path.split("/") if part]
