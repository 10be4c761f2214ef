"""Addresses without what is secret in them, to be shown or logged."""

import re

# A password may hold any character where somebody forgot to quote it, so all before the last `@` goes.
_PARTS = re.compile(r"([a-z][a-z0-9+.-]*://)?(.*@)?([^?#]*)(.*)", re.IGNORECASE | re.DOTALL)


def redacted(address: str) -> str:
    """A URL, or what stands for one, without user, password, query and fragment."""
    scheme, user, place, rest = _PARTS.fullmatch(address).groups("")  # type: ignore[union-attr]  # it matches any text
    return f"{scheme}{'***@' if user else ''}{place}{'?***' if rest else ''}"
