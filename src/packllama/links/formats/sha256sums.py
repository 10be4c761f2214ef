"""Checksums for ``sha256sum -c``, of all files whose digests are known."""

from packllama.links.listing import Listing

USE = "to check what was downloaded: sha256sum -c FILE"


def write(listing: Listing) -> str:
    return "".join(f"{link.digest.hex}  {link.saved}\n" for link in listing.links if link.digest)
