"""What the environment says of the network."""

from pathlib import Path

from packllama.base.network import DIRECT, Network
from packllama.base.settings import Settings


def test_what_is_read() -> None:
    said = {"HTTPS_PROXY": "one:1", "https_proxy": "two:2", "no_proxy": "lan", "SSL_CERT_FILE": "/ca.pem"}
    assert Settings.read(said).network == Network(https_proxy="one:1", no_proxy="lan", certificates=Path("/ca.pem"))
    assert Settings.read({}).network == DIRECT


def test_passwords_are_no_part_of_the_settings_text() -> None:
    said = {"HTTP_PROXY": "http://me:secret@one:1", "HTTPS_PROXY": "http://me:secret@one:1"}
    assert "secret" not in repr(Settings.read(said))
