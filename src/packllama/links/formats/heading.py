"""What stands at the top of a text."""

from packllama.base.units import human_bytes
from packllama.links.listing import Listing

# Some registries give an older form of the manifest to who does not ask for this one. For blobs it means nothing.
ACCEPT = "application/vnd.docker.distribution.manifest.v2+json, */*"

SHOWN = 10


def heading(listing: Listing) -> str:
    """What it is and how much, in one line of plain words."""
    names = listing.names
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    count = len(listing.links)
    return f"{shown}: {count} file{'' if count == 1 else 's'}, {human_bytes(listing.size)}"
