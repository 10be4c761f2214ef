"""How names from a file appear in our messages."""

_LONGEST = 120
"""Characters. Real names have up to 70; one of 64 KiB would bury what the message says."""


def quoted(name: str) -> str:
    """The name in double quotes, cut when it is long. Not escaped: that is the printer's business."""
    return f'"{name}"' if len(name) <= _LONGEST else f'"{name[:_LONGEST]}…"'
