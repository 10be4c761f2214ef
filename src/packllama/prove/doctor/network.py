"""What the environment says of proxies and certificates, and what that means for registries. Nobody is asked."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from packllama.base.addresses import proxy_for
from packllama.base.errors import PackLlamaError
from packllama.base.network import Network
from packllama.base.redaction import redacted
from packllama.name import DEFAULT_HOST
from packllama.prove.doctor.checkup import Fact, Level, Patient, Topic

# Variables that other programs follow.
_NOT_FOLLOWED = ("ALL_PROXY", "all_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def look(patient: Patient) -> Iterator[Fact]:
    """Proxies and certificates."""
    network = patient.settings.network
    refused = [fact for scheme in ("http", "https") for fact in _proxy(scheme, network)]
    yield from refused
    if not refused:
        yield from _roads(network, hosts(patient))
    if ignored := [name for name in _NOT_FOLLOWED if patient.environ.get(name)]:
        sentence = f"not followed: {', '.join(ignored)}; HTTPS_PROXY and SSL_CERT_FILE are"
        yield Fact(Topic.NETWORK, Level.NOTE, sentence)
    yield from _certificates(network)


def hosts(patient: Patient) -> tuple[str, ...]:
    """The registries that a pull asks unless it is told another."""
    endpoint = urlsplit(patient.settings.hf_endpoint).hostname or ""
    return DEFAULT_HOST, "hf.co", *([endpoint] if endpoint not in {"", "huggingface.co", "hf.co"} else [])


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
    roads = [_road(network, host) for host in asked]
    for road in dict.fromkeys(roads):
        there = [host for host, its in zip(asked, roads, strict=True) if its == road]
        yield Fact(Topic.NETWORK, Level.OK, f"{' and '.join(there)} would be asked {road}")


def _road(network: Network, host: str) -> str:
    proxy = proxy_for(network, scheme="https", host=host, port=443)
    if proxy:
        return f"through the proxy {redacted(proxy)}"
    return "directly" + (", as NO_PROXY says" if network.https_proxy else "")


def _certificates(network: Network) -> Iterator[Fact]:
    named = [str(path) for path in (network.certificates, network.certificate_folder) if path]
    if not named:
        return
    from packllama.base.http import trust  # noqa: PLC0415

    try:
        trust(network)
    except PackLlamaError as error:
        yield Fact(Topic.NETWORK, Level.PROBLEM, f"no registry can be asked by https: {error.sentence}", error.hint)
    else:
        yield Fact(Topic.NETWORK, Level.OK, f"the certificates in {' and '.join(named)} replace the system's")
