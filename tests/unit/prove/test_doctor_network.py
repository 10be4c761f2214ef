"""What proxies and certificates mean; nobody is asked, and no password is repeated."""

from pathlib import Path

import pytest

from packllama.prove.doctor import network
from packllama.prove.doctor.checkup import Level
from tests.unit.prove.patients import patient, sentences, worst


@pytest.mark.parametrize(
    ("environ", "level", "said"),
    [
        ({}, Level.OK, "registry.ollama.ai and hf.co would be asked directly → "),
        (
            {"HTTPS_PROXY": "http://me:hush@proxy:3128"},
            Level.OK,
            "registry.ollama.ai and hf.co would be asked through the proxy http://***@proxy:3128",
        ),
        ({"https_proxy": "proxy:3128"}, Level.OK, "through the proxy http://proxy:3128"),
        (
            {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".ollama.ai"},
            Level.OK,
            "ollama.ai would be asked directly, as NO_P",
        ),
        ({"HF_ENDPOINT": "https://hf-mirror.com"}, Level.OK, "and hf-mirror.com would be asked directly"),
        ({"HTTPS_PROXY": "socks5://me:hush@p:1"}, Level.PROBLEM, "a proxy of the kind socks5:// is not supported"),
        ({"HTTP_PROXY": "socks5h://p:1"}, Level.PROBLEM, "no registry can be asked by http: HTTP_PROXY"),
        ({"HTTPS_PROXY": "http://me:hu/sh@p:1"}, Level.PROBLEM, "this is no address of a proxy"),
        ({"ALL_PROXY": "http://me:hush@p:1"}, Level.NOTE, "not followed: ALL_PROXY"),
        ({"SSL_CERT_FILE": "/nowhere.pem"}, Level.PROBLEM, "/nowhere.pem: no certificates could be read there"),
        ({"SSL_CERT_DIR": "/"}, Level.OK, "the certificates in / replace the system's"),
    ],
)
def test_facts(environ: dict[str, str], level: Level, said: str, tmp_path: Path) -> None:
    found = list(network.look(patient(tmp_path, environ)))
    assert worst(found) is level
    assert said in sentences(found, level)
    assert "hush" not in sentences(found)
    assert ("would be asked" in sentences(found)) == ("_PROXY" not in sentences(found, Level.PROBLEM))


def test_a_file_that_holds_no_certificates(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    said = sentences(network.look(patient(tmp_path, {"SSL_CERT_FILE": str(tmp_path / "no.pem")})), Level.PROBLEM)
    assert "no.pem: no certificates could be read there" in said
