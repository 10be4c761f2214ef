"""What the address of a host says about it: whether it is one of the whole internet, and whether a proxy is asked.

A proxy is chosen as Go's programs do, and so Ollama.
"""

import ipaddress
from typing import TypeAlias

from packllama.base.network import Network

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# What carries an IPv4 address in its last bits: a machine that translates would go there.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def parse_address(host: str) -> Address | None:
    """The address that a host is written as; None for a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address is one of the whole internet, and not of this machine, this network or nobody."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def proxy_for(network: Network, *, scheme: str, host: str, port: int) -> str:
    """The URL of the proxy to go by, "" for none. This machine itself is never asked through one."""
    proxy = network.https_proxy if scheme == "https" else network.http_proxy
    if not proxy or _asked_directly(network, host.lower().rstrip("."), port):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _asked_directly(network: Network, host: str, port: int) -> bool:
    address = parse_address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    entries = (entry.strip().lower() for entry in network.no_proxy.split(","))
    return any(_covers(entry, host, port, address) for entry in entries if entry)


def _covers(entry: str, host: str, port: int, address: Address | None) -> bool:
    """``*``, ``10.0.0.0/8``, ``example.com`` with what is below it, ``.example.com`` without itself, each with a port
    or without.
    """
    if entry == "*":
        return True
    if "/" in entry:
        return address is not None and _in_range(address, entry)
    name, wanted = _split_port(entry)
    if wanted and wanted != str(port):
        return False
    if address is not None:
        return parse_address(name) == address
    name = name.removeprefix("*")
    return host.endswith(name if name.startswith(".") else f".{name}") or host == name


def _in_range(address: Address, entry: str) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _split_port(entry: str) -> tuple[str, str]:
    """An IPv6 address has colons of its own, unless it stands in brackets."""
    bracketed, bracket, rest = entry.partition("]")
    if bracket:
        return bracketed[1:], rest.removeprefix(":")
    name, _, port = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
    return name, port
