"""What the environment says of the network."""

from pathlib import Path

from packllama.base.network import DIRECT, Network
from packllama.base.settings import Settings


def test_what_is_read() -> None:
    said = {"HTTPS_PROXY": "one:1", "https_proxy": "two:2", "no_proxy": "lan", "SSL_CERT_FILE": "/ca.pem"}
    assert Settings.read(said).network == Network(https_proxy="one:1", no_proxy="lan", certificates=Path("/ca.pem"))
    assert Settings.read({}).network == DIRECT
