"""One file to fetch."""

import re
from dataclasses import dataclass

from packllama.base.errors import BadInput
from packllama.digest import Digest

# What the texts save into: a name of its own, so that an import looks through nothing else.
FOLDER = "packllama-models"

# What a manifest's link is of; all others are of blobs or of files.
MANIFEST = "manifest"

URL = re.compile(r"https?://[A-Za-z0-9_\[][A-Za-z0-9_.:\-\[\]]*(?:/[A-Za-z0-9_.~:@%+=,/?\-]*)?")
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.%+=,@\-]*"
PATH = re.compile(f"{_PART}(?:/{_PART})*")


@dataclass(frozen=True, slots=True)
class Link:
    """A file, and the URLs it can be had from, the best first.

    ``path`` is where it is saved, below `FOLDER`; ``target`` where it belongs in a store, None for what has no place
    there. ``size`` and ``digest`` are None where they are not known. ``what`` may be a text from outside.

    Raises:
        BadInput: a URL or the path could be misread by a program that is told to fetch it.
    """

    what: str
    urls: tuple[str, ...]
    path: str
    size: int | None
    digest: Digest | None
    target: str | None = None

    def __post_init__(self) -> None:
        for url in self.urls:
            check_url(url)
        if not PATH.fullmatch(self.path):
            raise BadInput(f"no file is saved under such a name: {self.path!r}")

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def saved(self) -> str:
        """Where it is saved, seen from where the program runs."""
        return f"{FOLDER}/{self.path}"


def check_url(url: str) -> None:
    """Raises: BadInput, when it is no plain URL of http or https without a password."""
    if not URL.fullmatch(url):
        raise BadInput(
            f"this is no link that every program reads alike: {url!r}", hint="Write https://HOST or http://HOST:PORT."
        )


def is_plain_path(path: str) -> bool:
    """Whether a path can be a link's."""
    return bool(PATH.fullmatch(path))
