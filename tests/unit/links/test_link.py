"""What no link may be: the texts are for programs that would understand it."""

import pytest

from packllama.base.errors import BadInput
from packllama.links.link import Link, check_url

HOSTILE = [
    "$(touch canary)", "`touch canary`", "'; touch canary; '", '"; touch canary; "', "a\ntouch canary", "a\r\n out=x",
    "a b", "a\tb", "a&touch canary", "a|b", "a>b", "a<b", "%VAR%\n", "a\\b", "a;b", "a'b", 'a"b', "a\0b", "a’b",
    "&xxe;", "]]>", "a*b", "a{1,2}b", "a!b", "a#b", "ä", "\u202e",
]  # fmt: skip


@pytest.mark.parametrize("text", [*HOSTILE, "-o", "../x", "/etc/passwd", "~/x", "a//b", "a/../b", ".", "a/", ""])
def test_paths(text: str) -> None:
    with pytest.raises(BadInput):
        Link("model", ("https://h/x",), text, None, None)


@pytest.mark.parametrize("text", [*(f"https://h/{text}" for text in HOSTILE), *HOSTILE, "file:///etc/passwd", "-o", ""])
def test_urls(text: str) -> None:
    with pytest.raises(BadInput):
        Link("model", ("https://h/x", text), "x", None, None)


@pytest.mark.parametrize("url", ["https://me:secret@h/x", "https:///x", "https://h x/", "HTTPS://h", "ssh://h"])
def test_mirrors_that_are_none(url: str) -> None:
    with pytest.raises(BadInput):
        check_url(url)


@pytest.mark.parametrize("url", ["https://h", "http://h:80/", "http://[::1]:8080/a/b", "https://h.example/~me/x?y=1"])
def test_mirrors(url: str) -> None:
    check_url(url)
