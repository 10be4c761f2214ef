"""A shell script with curl."""

import shlex

from packllama.links.formats.heading import ACCEPT
from packllama.links.formats.shell import script
from packllama.links.listing import Listing

# Curl gives up on a server that knows no parts of files.
_FETCH = """\
curl_with() {{
    {curl}
}}

fetch() {{
    curl_with --continue-at - && return
    [ $? = 33 ] && rm -f "$part" && curl_with
}}"""


def write(listing: Listing) -> str:
    secure = all(url.startswith("https://") for link in listing.links for url in link.urls)
    protocols = "https" if secure else "http,https"
    options = f"--fail --location --globoff --proto '={protocols}' --retry 5"
    header = shlex.quote(f"Accept: {ACCEPT}")
    curl = f'curl {options} --header {header} "$@" --output "$part" "$link"'
    return script(listing, fetch=_FETCH.format(curl=curl))
