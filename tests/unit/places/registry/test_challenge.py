"""What a registry asks for when it wants a token."""

import time

import pytest

from packllama.base.errors import BadAnswer, Unsafe
from packllama.places.registry.challenge import Challenge

URL = "https://reg.example/v2/library/m/manifests/latest"


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        ('Bearer realm="https://r/t",service="s",scope="a b"', Challenge("https://r/t", "s", "a b")),
        ('bearer scope="a", realm="https://r/t"', Challenge("https://r/t", "", "a")),
        ("Bearer realm=https://r/t,service=s", Challenge("https://r/t", "s", "")),
        ('Bearer realm="https://r/t?x=1",error="invalid_token"', Challenge("https://r/t?x=1", "", "")),
    ],
)
def test_what_is_read(header: str, challenge: Challenge) -> None:
    assert Challenge.parse(header, where="reg") == challenge


@pytest.mark.parametrize("header", ["", "Basic realm=x", "Bearer", 'Bearer service="s"', 'Bearer realm=""', "x" * 999])
def test_what_is_no_challenge(header: str) -> None:
    with pytest.raises(BadAnswer):
        Challenge.parse(header, where="reg")


def test_a_long_one_takes_no_time() -> None:
    began = time.process_time()
    with pytest.raises(BadAnswer):
        Challenge.parse("Bearer " + "a" * (60 << 10), where="reg")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("realm", ["https://reg.example/token", "https://reg.example/token?account=me"])
def test_the_realm_may_be_here(realm: str) -> None:
    Challenge(realm, "", "").check(URL)


@pytest.mark.parametrize(
    "realm",
    [
        "https://auth.example/token", "https://reg.example:443/token", "https://reg.example:444/token",
        "https://me@reg.example/token", "https://reg.example.evil/token", "https://REG.example/token",
        "http://reg.example/token", "file://reg.example/token", "/token", "reg.example/token", "//reg.example/token",
        "https://[::1", r"https://reg.example/\token", r"https://evil.example\@reg.example/token",
    ],
)  # fmt: skip
def test_the_realm_may_not_be_elsewhere(realm: str) -> None:
    with pytest.raises(Unsafe):
        Challenge(realm, "", "").check(URL)


def test_what_is_asked_for_the_token() -> None:
    challenge = Challenge("https://reg.example/token", "svc", "repository:ns/m:pull repository:ns/m:push")
    assert challenge.token_url(now=1700000000, nonce="AAECAwQFBgcICQoLDA0ODw") == (
        "https://reg.example/token?nonce=AAECAwQFBgcICQoLDA0ODw&scope=repository%3Ans%2Fm%3Apull"
        "&scope=repository%3Ans%2Fm%3Apush&service=svc&ts=1700000000"
    )
    assert Challenge("https://r/t?z=1&a=b%20c", "", "").token_url(now=1, nonce="n") == (
        "https://r/t?a=b+c&nonce=n&scope=&service=&ts=1&z=1"
    )
