"""One link a line, for any download manager, or to click on."""

from packllama.links.link import FOLDER
from packllama.links.listing import Listing

COMMAND = f"wget -x -c -P {FOLDER} -i FILE"
USE = f"to fetch them: {COMMAND}, or any download manager into the folder {FOLDER}"


def write(listing: Listing) -> str:
    """The best link of each file."""
    return "".join(f"{link.url}\n" for link in listing.links)
