"""What the environment says of proxies and certificates, and what that means for registries. Nobody is asked."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from packllama.base.addresses import proxy_for
from packllama.base.errors import PackLlamaError
from packllama.base.network import Network
from packllama.base.redaction import redacted
from packllama.name import DEFAULT_HOST
from packllama.prove.doctor.checkup import Fact, Level, Patient, Topic

# Variables that other programs follow.
_NOT_FOLLOWED = ("ALL_PROXY", "all_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_PORTS = {"http": 80, "https": 443}

# The only names by which OpenSSL looks for certificates in a folder.
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+", re.ASCII)


def look(patient: Patient) -> Iterator[Fact]:
    """Proxies and certificates."""
    network = patient.settings.network
    refused = [fact for scheme in ("http", "https") for fact in _proxy(scheme, network)]
    yield from refused
    if not refused:
        yield from _roads(network, registries(patient))
    if ignored := [name for name in _NOT_FOLLOWED if patient.environ.get(name)]:
        sentence = f"{', '.join(ignored)}: not followed; set HTTPS_PROXY or SSL_CERT_FILE instead"
        yield Fact(Topic.NETWORK, Level.NOTE, sentence)
    yield from _certificates(network)


def registries(patient: Patient) -> tuple[str, ...]:
    """The URLs of those that a pull asks unless it is told another: ``https://host`` or ``http://host:port``."""
    usual = f"https://{DEFAULT_HOST}", "https://hf.co"
    endpoint = urlsplit(patient.settings.hf_endpoint)
    if endpoint.hostname in {None, "huggingface.co", "hf.co"}:
        return usual
    return *usual, f"{endpoint.scheme}://{endpoint.netloc.rpartition('@')[2]}"


def _proxy(scheme: str, network: Network) -> Iterator[Fact]:
    """A problem, when there is a proxy that cannot be used."""
    proxy = network.https_proxy if scheme == "https" else network.http_proxy
    if not proxy:
        return
    from packllama.base.http import check_proxy  # noqa: PLC0415  brings in an HTTP library

    try:
        check_proxy(proxy if "://" in proxy else f"http://{proxy}", where=f"{scheme.upper()}_PROXY")
    except PackLlamaError as error:
        sentence = f"no registry can be asked by {scheme}: {error.sentence}"
        yield Fact(Topic.NETWORK, Level.PROBLEM, sentence, error.hint)


def _roads(network: Network, asked: Sequence[str]) -> Iterator[Fact]:
    """Who would be asked directly, who through which proxy."""
    roads = [_road(network, url) for url in asked]
    for road in dict.fromkeys(roads):
        there = [url.partition("://")[2] for url, its in zip(asked, roads, strict=True) if its == road]
        yield Fact(Topic.NETWORK, Level.OK, f"{' and '.join(there)} would be asked {road}")


def _road(network: Network, url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme, 0)
    proxy = proxy_for(network, scheme=parts.scheme, host=parts.hostname or "", port=port)
    if proxy:
        return f"through the proxy {redacted(proxy)}"
    spared = network.https_proxy if parts.scheme == "https" else network.http_proxy
    return "directly" + (", as NO_PROXY says" if spared else "")


def _certificates(network: Network) -> Iterator[Fact]:
    file, folder = network.certificates, network.certificate_folder
    if not (file or folder):
        return
    from packllama.base.http import trust  # noqa: PLC0415

    try:
        trust(network)
    except PackLlamaError as error:
        yield Fact(Topic.NETWORK, Level.PROBLEM, f"no registry can be asked by https: {error.sentence}", error.hint)
        return
    named = [str(path) for path in (file, folder) if path]
    if folder and not _holds_certificates(folder):
        sentence = f"{named.pop()}: no certificates were found there"
        level, what = (Level.WARNING, "") if file else (Level.PROBLEM, "no registry can be asked by https: ")
        cure = "SSL_CERT_DIR has to name a folder of certificates to which 'openssl rehash' gave names."
        yield Fact(Topic.NETWORK, level, what + sentence, cure)
    if named:
        yield Fact(Topic.NETWORK, Level.OK, f"the certificates in {' and '.join(named)} replace the system's")


def _holds_certificates(folders: Path) -> bool:
    """Whether one of several folders does. To OpenSSL one that is not there is merely empty."""
    return any(_HASHED.fullmatch(name) for folder in str(folders).split(os.pathsep) for name in _names(folder))


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  names are wanted
    except OSError:
        return []
