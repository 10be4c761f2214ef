"""Which addresses are of the whole internet, and which hosts are asked through a proxy."""

import ipaddress

import pytest

from packllama.base.addresses import is_public, proxy_for
from packllama.base.network import Network


@pytest.mark.parametrize("text", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:192.168.1.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::",
    ],
)  # fmt: skip
def test_not_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "asked_by_proxy"),
    [
        ("", "example.com", 443, True),
        ("*", "example.com", 443, False),
        ("example.com", "example.com", 443, False),
        ("example.com", "EXAMPLE.com.", 443, False),
        ("example.com", "sub.example.com", 443, False),
        ("example.com", "notexample.com", 443, True),
        (".example.com", "sub.example.com", 443, False),
        (".example.com", "example.com", 443, True),
        ("*.example.com", "sub.example.com", 443, False),
        ("*.example.com", "example.com", 443, True),
        ("example.com:8443", "example.com", 443, True),
        ("example.com:443", "example.com", 443, False),
        ("other.org, example.com ,", "example.com", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 443, False),
        ("10.0.0.0/8", "11.1.2.3", 443, True),
        ("10.0.0.0/8", "example.com", 443, True),
        ("10.0.0.0/99", "10.1.2.3", 443, True),
        ("10.1.2.3", "10.1.2.3", 443, False),
        ("10.1.2.3:80", "10.1.2.3", 443, True),
        ("2606:4700::1111", "2606:4700::1111", 443, False),
        ("[2606:4700::1111]:443", "2606:4700:0::1111", 443, False),
        ("[2606:4700::1111]:80", "2606:4700::1111", 443, True),
        ("2606:4700::/32", "2606:4700::1111", 443, False),
        ("", "localhost", 443, False),
        ("", "127.0.0.1", 443, False),
        ("", "::1", 443, False),
    ],
)
def test_who_is_asked_directly(no_proxy: str, host: str, port: int, asked_by_proxy: bool) -> None:
    network = Network(https_proxy="http://proxy:3128", no_proxy=no_proxy)
    assert bool(proxy_for(network, scheme="https", host=host, port=port)) == asked_by_proxy


def test_each_scheme_has_its_proxy() -> None:
    network = Network(http_proxy="one:1", https_proxy="https://two:2")
    assert proxy_for(network, scheme="http", host="example.com", port=80) == "http://one:1"
    assert proxy_for(network, scheme="https", host="example.com", port=443) == "https://two:2"
    assert proxy_for(Network(), scheme="https", host="example.com", port=443) == ""
