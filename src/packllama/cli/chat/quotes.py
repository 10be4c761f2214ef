"""Texts of several lines between triple quotation marks, alone or as the text of ``/set system``."""

import re

_MARK = '"""'
_SYSTEM = re.compile(r"/set\s+system\s+(?=\S)")


def is_open(text: str) -> bool:
    """Whether the end of a quotation is still missing, so that Enter begins another line of it."""
    body = text[_beginning(text) :]
    return body.startswith(_MARK) and not _is_closed(body)


def is_quoted(text: str) -> bool:
    """Whether a text is nothing but a quotation."""
    return text.startswith(_MARK)


def unquoted(text: str) -> str:
    """What stands between the marks, or the text itself when it does not begin with one."""
    if not is_quoted(text):
        return text
    return text.rstrip()[len(_MARK) : -len(_MARK)] if _is_closed(text) else text[len(_MARK) :]


def system_text(line: str) -> str | None:
    """The text that a ``/set system`` sets; None when the line is another."""
    beginning = _beginning(line)
    return unquoted(line[beginning:]) if beginning else None


def _beginning(text: str) -> int:
    """Where the text of a ``/set system`` begins; 0 in another line."""
    found = _SYSTEM.match(text)
    return found.end() if found else 0


def _is_closed(body: str) -> bool:
    ending = body.rstrip()
    return len(ending) >= 2 * len(_MARK) and ending.endswith(_MARK)
