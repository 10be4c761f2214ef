"""Metalink 4 (RFC 5854): files with sizes, sha-256 and all their links, for aria2, wget2, curl's and other programs."""

from collections.abc import Iterator

from packllama.links.link import Link
from packllama.links.listing import Listing

COMMAND = "aria2c -c -V -M FILE"

# No name stands in the comment: two hyphens would end it.
TEXT = """\
<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <generator>packllama</generator>
{files}</metalink>
<!-- Fetch: {use}. Then: {command} -->
"""

# The library's own escape brings in all that fetches from the web.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;"})


def write(listing: Listing) -> str:
    files = "".join(line for link in listing.links for line in _file(link))
    return TEXT.format(files=files, use=COMMAND, command=listing.command)


def _file(link: Link) -> Iterator[str]:
    yield f'  <file name="{link.saved.translate(_ESCAPES)}">\n'
    if link.size is not None:
        yield f"    <size>{link.size}</size>\n"
    if link.digest:
        yield f'    <hash type="sha-256">{link.digest.hex}</hash>\n'
    for priority, url in enumerate(link.urls, start=1):
        yield f'    <url priority="{priority}">{url.translate(_ESCAPES)}</url>\n'
    yield "  </file>\n"
