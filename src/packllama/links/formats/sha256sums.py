"""Checksums for ``sha256sum -c``, of all files whose digests are known."""

from packllama.links.listing import Listing

COMMAND = "sha256sum -c FILE"
USE = f"to check what was downloaded: {COMMAND}"


def write(listing: Listing) -> str:
    return "".join(f"{link.digest.hex}  {link.saved}\n" for link in listing.links if link.digest)
