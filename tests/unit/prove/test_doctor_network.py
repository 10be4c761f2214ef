"""What proxies and certificates mean; nobody is asked, and no password is repeated."""

import ssl
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
        ({"HF_ENDPOINT": "http://mirror.lan:8080/hf"}, Level.OK, "and mirror.lan:8080 would be asked directly"),
        (
            {"HF_ENDPOINT": "http://me:hush@mirror.lan:8080", "HTTP_PROXY": "http://p:1"},
            Level.OK,
            "mirror.lan:8080 would be asked through the proxy http://p:1",
        ),
        (
            {"HF_ENDPOINT": "http://mirror.lan", "HTTP_PROXY": "http://p:1", "NO_PROXY": "mirror.lan:80"},
            Level.OK,
            "mirror.lan would be asked directly, as NO_PROXY says",
        ),
        ({"HTTPS_PROXY": "socks5://me:hush@p:1"}, Level.PROBLEM, "a proxy of the kind socks5:// is not supported"),
        ({"HTTP_PROXY": "socks5h://p:1"}, Level.PROBLEM, "no registry can be asked by http: HTTP_PROXY"),
        ({"HTTPS_PROXY": "http://me:hu/sh@p:1"}, Level.PROBLEM, "this is no address of a proxy"),
        ({"ALL_PROXY": "http://me:hush@p:1"}, Level.NOTE, "ALL_PROXY: not followed"),
        ({"SSL_CERT_FILE": "/nowhere.pem"}, Level.PROBLEM, "/nowhere.pem: no certificates could be read there"),
        ({"SSL_CERT_FILE": "/"}, Level.PROBLEM, "/: no certificates could be read there"),
        ({"SSL_CERT_DIR": "/nonexistent"}, Level.PROBLEM, "https: /nonexistent: no certificates were found there"),
    ],
)
def test_facts(environ: dict[str, str], level: Level, said: str, tmp_path: Path) -> None:
    found = list(network.look(patient(tmp_path, environ)))
    assert worst(found) is level
    assert said in sentences(found, level)
    assert "hush" not in sentences(found)
    assert ("would be asked" in sentences(found)) == ("_PROXY" not in sentences(found, Level.PROBLEM))


@pytest.mark.parametrize(
    ("names", "level", "said"),
    [
        ([], Level.PROBLEM, "no certificates were found there"),
        (["mine.pem"], Level.PROBLEM, "no certificates were found there → SSL_CERT_DIR has to name"),
        (["mine.pem", "0123abcd.0"], Level.OK, "the certificates in "),
    ],
)
def test_a_folder_of_certificates(names: list[str], level: Level, said: str, tmp_path: Path) -> None:
    """OpenSSL looks for them by names of its own, which ``openssl rehash`` gives."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("as one of several that are named")
    found = list(network.look(patient(tmp_path, {"SSL_CERT_DIR": f"/nonexistent:{folder}"})))
    assert worst(found) is level
    assert said in sentences(found, level)


def test_a_file_makes_up_for_a_folder(tmp_path: Path) -> None:
    file = ssl.get_default_verify_paths().openssl_cafile
    found = list(network.look(patient(tmp_path, {"SSL_CERT_FILE": file, "SSL_CERT_DIR": "/nonexistent"})))
    assert worst(found) is Level.WARNING
    assert "/nonexistent: no certificates were found there" in sentences(found, Level.WARNING)


def test_a_file_that_holds_no_certificates(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    said = sentences(network.look(patient(tmp_path, {"SSL_CERT_FILE": str(tmp_path / "no.pem")})), Level.PROBLEM)
    assert "no.pem: no certificates could be read there" in said
