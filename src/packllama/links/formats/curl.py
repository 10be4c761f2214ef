"""A shell script with curl."""

import shlex

from packllama.links.formats.heading import ACCEPT
from packllama.links.formats.shell import script
from packllama.links.listing import Listing

# Curl gives up on a server that knows no parts of files.
FETCH = """\
curl_with() {{
    curl --fail --location --globoff --proto '={protocols}' --retry 5 --header {header} "$@" --output "$part" "$link"
}}

fetch() {{
    curl_with --continue-at - && return
    [ $? = 33 ] && rm -f "$part" && curl_with
}}"""


def write(listing: Listing) -> str:
    secure = all(url.startswith("https://") for link in listing.links for url in link.urls)
    protocols = "https" if secure else "http,https"
    return script(listing, fetch=FETCH.format(protocols=protocols, header=shlex.quote(f"Accept: {ACCEPT}")))
