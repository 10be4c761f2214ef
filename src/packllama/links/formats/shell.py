"""A script for any Unix shell, around the program that fetches.

A file is fetched under the name ``….part``, gone on with there, hashed, and only then gets its own name. What lies
under that name is never touched. The script ends with status 0 when all files are there and right.
"""

import shlex

from packllama.links.formats.heading import heading
from packllama.links.link import Link
from packllama.links.listing import Listing

COMMAND = "sh FILE"

TEXT = """\
#!/bin/sh
# {heading}
# Run it again, and it goes on where it stopped.
set -u

{fetch}
{functions}{calls}
[ "$bad" = 0 ] && echo 'All files are there and right.'
# Then: {command}
"""

# "part" is whole: nothing is left to fetch. What is larger than it may be, or whose size is not known, begins anew.
FUNCTIONS = r"""
digest_of() {
    if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

is_right() {
    [ -z "$digest" ] || [ "$(digest_of "$1")" = "$digest" ]
}

is_whole() {
    [ -e "$part" ] || return 1
    have=$(($(wc -c <"$part")))
    [ "$have" = "$size" ] && return 0
    [ "${size:-0}" -gt "$have" ] || rm -f "$part"
    return 1
}

# get FILE SIZE SHA256 LINK...; an empty size or digest is not known
get() {
    file=$1 part=$1.part size=$2 digest=$3
    shift 3
    if [ -e "$file" ]; then
        is_right "$file" && return 0
        echo "$file: it is there, and is not what it should be; remove it" >&2
        return 1
    fi
    mkdir -p "$(dirname "$file")" || return 1
    : >>"$part"
    for link do
        echo "$file"
        is_whole || fetch || continue
        if is_right "$part"; then
            mv "$part" "$file"
            return
        fi
        rm -f "$part"
        echo "$link: not the bytes that were asked for; they were removed" >&2
    done
    return 1
}

bad=0
"""


def script(listing: Listing, *, fetch: str) -> str:
    """``fetch``: a function of that name, which fetches ``$link`` into ``$part`` and goes on with what is there."""
    calls = "".join(f"{_call(link)} || bad=1\n" for link in listing.links)
    return TEXT.format(heading=heading(listing), fetch=fetch, functions=FUNCTIONS, calls=calls, command=listing.command)


def _call(link: Link) -> str:
    size = "" if link.size is None else str(link.size)
    digest = link.digest.hex if link.digest else ""
    return " ".join(["get", *map(shlex.quote, (link.saved, size, digest, *link.urls))])
