"""Links as texts that download programs read, a module for each; every text is ASCII, and quotes every word."""

from collections.abc import Callable
from enum import StrEnum

from packllama.links.formats import aria2, curl, metalink, powershell, sha256sums, shell, urls, wget
from packllama.links.listing import Listing


class Format(StrEnum):
    """Which program the text is for."""

    URLS = "urls"
    ARIA2 = "aria2"
    METALINK = "metalink"
    CURL = "curl"
    WGET = "wget"
    POWERSHELL = "powershell"
    SHA256SUMS = "sha256sums"

    def hint(self, listing: Listing) -> str:
        """How to use a text that has no room to say it; "" for the others."""
        use = _USES.get(self)
        return f"{use}; then: {listing.command}" if use else ""


_WRITERS: dict[Format, Callable[[Listing], str]] = {
    Format.URLS: urls.write,
    Format.ARIA2: aria2.write,
    Format.METALINK: metalink.write,
    Format.CURL: curl.write,
    Format.WGET: wget.write,
    Format.POWERSHELL: powershell.write,
    Format.SHA256SUMS: sha256sums.write,
}

# The command that each text is for, where FILE is the text.
COMMANDS = {
    Format.URLS: urls.COMMAND,
    Format.ARIA2: aria2.COMMAND,
    Format.METALINK: metalink.COMMAND,
    Format.CURL: shell.COMMAND,
    Format.WGET: shell.COMMAND,
    Format.POWERSHELL: powershell.COMMAND,
    Format.SHA256SUMS: sha256sums.COMMAND,
}

_USES = {Format.URLS: urls.USE, Format.SHA256SUMS: sha256sums.USE}


def write(listing: Listing, form: Format) -> str:
    """The text, with a newline at its end."""
    return _WRITERS[form](listing)
