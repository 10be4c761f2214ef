"""An input file of aria2: ``aria2c -i FILE``. Mirrors stand on one line, options of a download below it."""

from collections.abc import Iterator

from packllama.links.formats.heading import ACCEPT, heading
from packllama.links.link import MANIFEST, Link
from packllama.links.listing import Listing

COMMAND = "aria2c -x8 -s8 -i FILE"
TEXT = "# {heading}\n# Fetch: {use}\n{entries}# Then: {command}\n"

# What is there is hashed, gone on with or left alone; it is never replaced, and never fetched under a second name.
ALWAYS = ("continue=true", "check-integrity=true", "allow-overwrite=false", "auto-file-renaming=false")


def write(listing: Listing) -> str:
    entries = "".join(map(_entry, listing.links))
    return TEXT.format(heading=heading(listing), use=COMMAND, entries=entries, command=listing.command)


def _entry(link: Link) -> str:
    return "\t".join(link.urls) + "\n" + "".join(f"  {option}\n" for option in _options(link))


def _options(link: Link) -> Iterator[str]:
    yield f"out={link.saved}"
    if link.digest:
        yield f"checksum=sha-256={link.digest.hex}"
    if link.what == MANIFEST:
        yield f"header=Accept: {ACCEPT}"
    yield from ALWAYS
