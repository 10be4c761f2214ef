"""A shell script with wget."""

import shlex

from packllama.links.formats.heading import ACCEPT
from packllama.links.formats.shell import script
from packllama.links.listing import Listing

FETCH = """\
fetch() {{
    wget -c --header {header} -O "$part" "$link"
}}"""


def write(listing: Listing) -> str:
    return script(listing, fetch=FETCH.format(header=shlex.quote(f"Accept: {ACCEPT}")))
