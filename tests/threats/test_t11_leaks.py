"""What is secret, or only this machine's, stands in no message, no log and no bundle."""

import getpass
import os
import socket

import pytest

from tests.registry.listener import Request, reply
from tests.registry.registry import Registry, Trick, says, wants_token
from tests.threats.refusal import Done, Scene
from tests.unit.stores import TINY_GGUF

TOKEN, SIGNATURE, PASSWORD = "secret-token", "X-Amz-Signature=secret-signature", "secret-password"
HF_TOKEN = "hf_secret"


def sends_away(to: Registry) -> Trick:
    def trick(request: Request, sock: socket.socket) -> bool:
        if "/blobs/" not in request.target:
            return False
        sock.sendall(reply(307, {"Location": f"{to.url}/data?{SIGNATURE}"}))
        return True

    return trick


@pytest.mark.parametrize("answer", [reply(403, {}, b"no"), reply(500), reply(200, {}, b"wrong bytes"), b"", None])
@pytest.mark.parametrize("verbosity", [(), ("-vv",), ("--json",), ("-vv", "--log-file", "log")], ids=" ".join)
def test_secrets_of_a_pull(answer: bytes | None, verbosity: tuple[str, ...], scene: Scene) -> None:
    with Registry() as there, Registry(address="127.0.0.2") as storage:
        there.put("library/m", "latest", weights=TINY_GGUF)
        there.tricks = [
            says(reply(200, {}, b'{"token":"%s"}' % TOKEN.encode()), to="/token?"),
            wants_token(f"{there.url}/token"),
            sends_away(storage),
        ]
        storage.tricks = [says(answer, then_close=not answer)] if answer is not None else []
        done = scene.run(*verbosity, "pull", "--insecure", "--retry", "0", f"{there.host}/library/m")
        assert done.status in {5, 6}
        assert storage.requests
    log = scene.folder / "log"
    assert_none_of(done, log.read_text() if log.exists() else "", TOKEN, "secret-signature", "Bearer")


def test_passwords_in_addresses(scene: Scene) -> None:
    """Of a proxy and a mirror, which a user may have written with one."""
    proxy = {"HTTPS_PROXY": f"http://me:{PASSWORD}@127.0.0.1:9", "HF_TOKEN": HF_TOKEN, "PACKLLAMA_RETRY": "0"}
    for words in (
        ("-vv", "pull", "x.example/library/m"),
        ("-vv", "links", "hf.co/me/Repo", "--files", "*"),
        ("-vv", "pull", "--mirror", f"http://me:{PASSWORD}@127.0.0.1:9", "x.example/library/m"),
        ("--json", "links", "--mirror", f"http://me:{PASSWORD}@127.0.0.1:9", "gemma3"),
    ):
        done = scene.run(*words, env=proxy)
        assert done.status in {2, 6}
        assert_none_of(done, "", PASSWORD, HF_TOKEN)


def assert_none_of(done: Done, log: str, *secrets: str) -> None:
    for secret in secrets:
        assert secret not in done.out + done.err + log


def test_a_bundle_says_nothing_of_the_machine_that_made_it(scene: Scene) -> None:
    (scene.folder / "model.gguf").write_bytes(TINY_GGUF)
    (scene.folder / "Good").write_text("FROM ./model.gguf\nSYSTEM x\n")
    assert scene.run("create", "m", "-f", "Good").status == 0
    assert scene.run("export", "m", "-o", "m.tar").status == 0
    data = (scene.folder / "m.tar").read_bytes()
    machine = {str(scene.folder), scene.folder.name, socket.gethostname(), str(os.getpid())}
    user = getpass.getuser().encode() + b"\0"  # as in the owner's field of a tar
    assert [word for word in machine if word.encode() in data] == []
    assert user not in data
