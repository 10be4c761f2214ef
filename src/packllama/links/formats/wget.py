"""A shell script with wget."""

import shlex

from packllama.links.formats.heading import ACCEPT
from packllama.links.formats.shell import script
from packllama.links.listing import Listing


def write(listing: Listing) -> str:
    header = shlex.quote(f"Accept: {ACCEPT}")
    return script(listing, fetch=f'fetch() {{\n    wget -c --header {header} -O "$part" "$link"\n}}')
