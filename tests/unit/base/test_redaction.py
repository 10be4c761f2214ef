"""No secret of an address is shown, however badly it is written."""

import pytest

from packllama.base.redaction import redacted


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("", ""),
        ("https://h:80/path", "https://h:80/path"),
        ("h:80", "h:80"),
        ("http://me:hush@h:80/x", "http://***@h:80/x"),
        ("http://hush@h", "http://***@h"),
        ("me:hush@h:80", "***@h:80"),
        ("http://me:hu@sh@h", "http://***@h"),
        ("http://me:hu/sh?x#y@h", "http://***@h"),
        ("http://me:x://hush@h", "http://***@h"),
        ("me:x://hush@h", "***@h"),
        ("http://me:hu\nsh@h", "http://***@h"),
        ("https://h/x?token=hush", "https://h/x?***"),
        ("https://h/x#hush", "https://h/x?***"),
        ("SOCKS5://me:hush@h:1", "SOCKS5://***@h:1"),
        ("//me:hush@h", "***@h"),
    ],
)
def test_redacted(address: str, shown: str) -> None:
    assert redacted(address) == shown
