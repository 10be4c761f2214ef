"""Links as JSON."""

from packllama.links.link import Link
from packllama.links.listing import Listing
from packllama.links.stores import targets


def document(listing: Listing) -> dict[str, object]:
    """All that is known, as values that JSON has."""
    return {
        "models": [
            {"name": model.name.short, "digest": model.digest.hex, "files": [link.saved for link in model.links]}
            for model in listing.models
        ],
        "files": [_file(link) | {"targets": targets(link)} for link in listing.links],
        "size": listing.size,
        "repositories": [
            {"name": repository.name, "files": [_file(link) for link in repository.links]}
            for repository in listing.repositories
        ],
        "command": listing.command,
    }


def _file(link: Link) -> dict[str, object]:
    return {
        "what": link.what,
        "size": link.size,
        "digest": str(link.digest) if link.digest else None,
        "links": list(link.urls),
        "path": link.saved,
    }
