"""``repair``: from every kind of place, what is asked of it, and what is said."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.pieces import PIECE_BYTES
from tests.registry.listener import Request, reply
from tests.registry.registry import Registry, Trick, ranged, says, wants_token
from tests.unit.cli.conftest import Run
from tests.unit.stores import put_model, snapshot

P = PIECE_BYTES
WEIGHTS = Random(3).randbytes(2 * P + 1000)
DIGEST = Digest.of(WEIGHTS)
SYSTEM = b"Be brief."


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as there:
        there.put("library/m", "latest", weights=WEIGHTS)
        there.put_blob(SYSTEM)
        yield there


@pytest.fixture
def damaged(store: Path, run: Run) -> Path:
    """The store's large blob, with a wrong bit in its second piece. Its pieces are known."""
    put_model(store, "m", (LayerKind.SYSTEM, SYSTEM), weights=WEIGHTS)
    assert run("verify").status == 0
    path = store / "blobs" / DIGEST.file_name
    flip(path, P + 5)
    return path


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        (byte,) = os.pread(file.fileno(), 1, offset)
        os.pwrite(file.fileno(), bytes([byte ^ 1]), offset)


def fetched(registry: Registry) -> int:
    """How many bytes of blobs were asked for."""
    return sum(stop - start for start, stop in filter(None, (each.range for each in registry.requests)))


def another_store(folder: Path, run: Run) -> str:
    put_model(folder / "other", "x", weights=WEIGHTS)
    return "./other"


def a_bundle(folder: Path, run: Run) -> str:
    put_model(folder / "other", "x", weights=WEIGHTS)
    assert run("--store", str(folder / "other"), "export", "x", "-o", str(folder / "x.tar")).status == 0
    shutil.rmtree(folder / "other")
    return "x.tar"


def downloads(folder: Path, run: Run) -> str:
    """No manifest, no name that helps, and another file of the same size that is tried first."""
    (folder / "downloads").mkdir()
    (folder / "downloads" / "a").write_bytes(bytes(len(WEIGHTS)))
    (folder / "downloads" / "data(1)").write_bytes(WEIGHTS)
    return "./downloads"


@pytest.mark.parametrize("place", [another_store, a_bundle, downloads])
def test_from_places_on_disks(place: Callable[[Path, Run], str], damaged: Path, tmp_path: Path, run: Run) -> None:
    text = place(tmp_path, run)
    done = run("repair", "--from", text)
    assert (done.status, done.err) == (0, "1 model, 3 blobs read, 1 repaired, 16 MB fetched: all whole\n")
    assert done.out == f"m:latest    repaired: model sha256:{DIGEST.hex}: 16 MB of 33 MB fetched from {text}\n"
    assert damaged.read_bytes() == WEIGHTS
    assert run("verify").status == 0
    assert run("repair", "--from", text).out == "m:latest    ok\n"


def test_from_a_registry(damaged: Path, registry: Registry, run: Run) -> None:
    done = run("repair", "m", "--from", registry.url)
    assert (done.status, done.out.count("16 MB of 33 MB")) == (0, 1), done.err
    assert damaged.read_bytes() == WEIGHTS
    assert fetched(registry) == P
    assert {request.path for request in registry.requests} == {f"/v2/library/m/blobs/sha256:{DIGEST.hex}"}


def test_a_registry_by_its_host(damaged: Path, registry: Registry, run: Run) -> None:
    assert run("repair", "--from", registry.host, "--insecure").status == 0
    assert damaged.read_bytes() == WEIGHTS


def test_no_registry_is_asked_while_all_is_right(store: Path, registry: Registry, run: Run) -> None:
    put_model(store, "m", weights=WEIGHTS)
    assert run("repair", "--from", registry.url).out == "m:latest    ok\n"
    assert registry.requests == []


def test_a_blob_that_another_of_its_models_brings(damaged: Path, store: Path, registry: Registry, run: Run) -> None:
    """A model that was built here of one of the registry's."""
    put_model(store, "a/mine", weights=WEIGHTS)
    flip(damaged, P + 5)
    registry.tricks = [says(reply(404), to="/v2/a/mine/")]
    done = run("repair", "--from", registry.url)
    assert (done.status, done.out.count("repaired")) == (0, 2), done.err
    assert damaged.read_bytes() == WEIGHTS
    assert fetched(registry) <= P + 2


def test_the_next_place_is_asked_where_one_lies(damaged: Path, tmp_path: Path, registry: Registry, run: Run) -> None:
    put_model(tmp_path / "other", "x", weights=WEIGHTS)
    registry.blobs[str(DIGEST)] = bytes(len(WEIGHTS))
    done = run("repair", "--from", registry.url, "--from", "./other", "--json")
    assert done.status == 0
    assert f"{registry.url} sends wrong bytes 16,777,216 to 33,554,431 of sha256:{DIGEST.hex}" in done.err
    (repaired,) = done.document["repaired"]
    assert sorted(repaired["from"]) == sorted([registry.url, "./other"])
    assert damaged.read_bytes() == WEIGHTS


@pytest.mark.parametrize("answer", [says(reply(500)), says(reply(404))])
def test_the_next_place_is_asked_where_one_fails(
    damaged: Path, tmp_path: Path, registry: Registry, run: Run, answer: Trick
) -> None:
    put_model(tmp_path / "other", "x", weights=WEIGHTS)
    registry.tricks = [answer]
    done = run("repair", "--from", registry.url, "--from", "./other", "--retry", "0")
    assert done.status == 0
    assert f"{registry.url}: " in done.err
    assert damaged.read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [(says(reply(500)), 6, "500"), (says(reply(404)), 5, "it has no blob"), (says(reply(403)), 6, "403")],
)
def test_when_nobody_has_it(damaged: Path, registry: Registry, run: Run, answer: Trick, status: int, said: str) -> None:
    before = damaged.read_bytes()
    registry.tricks = [answer]
    done = run("repair", "--from", registry.url, "--retry", "0")
    assert (done.status, done.out) == (status, "m:latest    not whole\n")
    assert f"Error: {damaged}: damaged (m:latest), and could not be repaired from {registry.url}: " in done.err
    assert said in done.err
    assert damaged.read_bytes() == before
    assert run("--json", "repair", "--from", registry.url, "--retry", "0").document["whole"] is False


def test_a_server_that_gives_whole_files_only(damaged: Path, registry: Registry, run: Run) -> None:
    def whole(request: Request, sock: socket.socket) -> bool:
        sock.sendall(reply(200, {}, WEIGHTS))
        return True

    registry.tricks = [whole]
    done = run("repair", "--from", registry.url)
    assert done.status == 0, done.err
    assert damaged.read_bytes() == WEIGHTS


def test_a_dry_run(damaged: Path, store: Path, registry: Registry, run: Run) -> None:
    before = snapshot(store)
    done = run("repair", "--from", registry.url, "--dry-run")
    piece = "bytes 16,777,216 to 33,554,431, and what is bad behind them"
    assert (done.status, done.out) == (1, f"m:latest    would fetch: model sha256:{DIGEST.hex}: {piece}\n")
    assert done.err.endswith("1 blob to be repaired\n")
    document = run("repair", "--from", registry.url, "--dry-run", "--json").document
    assert document["from"] == [registry.url]
    assert [(each["start"], each["stop"]) for each in document["damages"]] == [(P, 2 * P)]
    assert registry.requests == []
    assert snapshot(store) == before


def test_a_manifest_that_cannot_be_read(damaged: Path, store: Path, registry: Registry, run: Run) -> None:
    """The registry's model of that name is taken: what of it is here is mended, what is lacking fetched."""
    path = store / "manifests" / ModelName.parse("m").relative_path()
    path.write_bytes(b"\x00")
    planned = run("repair", "--from", registry.url, "--dry-run")
    assert (planned.status, planned.out) == (1, "m:latest    its manifest would be asked for\n")
    done = run("repair", "m", "--from", registry.url)
    assert (done.status, done.out.splitlines()[0]) == (0, "m:latest    its manifest was taken anew"), done.err
    assert path.read_bytes() == registry.manifests["library/m:latest"]
    assert damaged.read_bytes() == WEIGHTS
    assert fetched(registry) == P + 2  # the config
    assert run("verify", "m").status == 0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ((), 2, "repair needs --from PLACE"),
        (("--from", "store"), 2, "'store' may be a folder or a registry"),
        (("--from", "nowhere"), 2, "Write ./nowhere for a folder, https://nowhere for a registry."),
        (("--from", "./nowhere"), 3, "there is no such folder or bundle"),
        (("--from", "./store"), 2, "the source is the target"),
        (("--from", "-"), 2, "'-' may be a folder or a registry"),
        (("--from", "https://user:word@host"), 2, "an address with a user's name in it is not taken"),
        (("--from", "https://host/path"), 2, "is no address of a registry"),
        (("nope", "--from", "./other"), 3, "model 'nope:latest' not found"),
        (("--from", "./other/blobs/nothing.tar"), 3, "no such"),
    ],
)
def test_what_is_refused(
    damaged: Path, store: Path, tmp_path: Path, run: Run, words: tuple[str, ...], status: int, said: str
) -> None:
    put_model(tmp_path / "other", "x", weights=WEIGHTS)
    before = snapshot(store)
    done = run("repair", *words)
    assert (done.status, done.out) == (status, "")
    assert said in done.err
    assert "word" not in done.err
    assert snapshot(store) == before


# ---- who means ill


@pytest.fixture
def elsewhere() -> Iterator[Registry]:
    with Registry(address="127.0.0.3") as there:
        there.tricks = [_gives_weights]
        yield there


def _gives_weights(request: Request, sock: socket.socket) -> bool:
    sock.sendall(ranged(request, WEIGHTS))
    return True


def test_the_token_stays_when_the_bytes_are_elsewhere(
    damaged: Path, registry: Registry, elsewhere: Registry, run: Run
) -> None:
    token = says(reply(200, {}, b'{"token":"secret-token"}'), to="/token?")
    away = says(reply(307, {"Location": f"{elsewhere.url}/data?signature=abc"}), to="/blobs/")
    registry.tricks = [token, wants_token(f"{registry.url}/token"), away]
    done = run("repair", "--from", registry.url)
    assert done.status == 0, done.err
    assert damaged.read_bytes() == WEIGHTS
    assert elsewhere.requests
    assert not any("authorization" in request.headers for request in elsewhere.requests)
    assert "signature=abc" not in done.err + done.out


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://127.0.0.3/", "//"])
def test_no_bytes_from_where_no_registry_is(damaged: Path, registry: Registry, run: Run, location: str) -> None:
    before = damaged.read_bytes()
    registry.tricks = [says(reply(307, {"Location": location}), to="/blobs/")]
    done = run("repair", "--from", registry.url, "--retry", "0")
    assert done.status == 6
    assert "root:" not in done.err
    assert damaged.read_bytes() == before


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, {"Content-Type": "text/html"}, b"<html>Sign in to the hotel</html>"),
        reply(206, {"Content-Range": f"bytes 0-{P - 1}/{len(WEIGHTS)}"}, bytes(P)),
        reply(206, {"Content-Range": f"bytes {P}-{2 * P - 1}/{10**15}"}, b""),
        reply(200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"),
    ],
)
def test_answers_that_are_none(damaged: Path, registry: Registry, run: Run, answer: bytes) -> None:
    before = damaged.read_bytes()
    registry.tricks = [says(answer, to="/blobs/")]
    done = run("repair", "--from", registry.url, "--retry", "0")
    assert done.status in {5, 6}
    assert done.err.startswith("http") or "Error: " in done.err
    assert damaged.read_bytes() == before


def test_names_that_steer_a_terminal(store: Path, tmp_path: Path, run: Run) -> None:
    path = put_model(store, "m", (LayerKind.SYSTEM, SYSTEM))
    path.write_bytes(path.read_bytes().replace(b"image.system", b"\\u001b[31mred"))
    (store / "blobs" / Digest.of(SYSTEM).file_name).unlink()
    put_model(tmp_path / "other", "x", (LayerKind.SYSTEM, SYSTEM))
    done = run("repair", "--from", "./other")
    assert done.status == 0
    assert "\x1b" not in done.out + done.err


def test_a_link_among_the_blobs(damaged: Path, tmp_path: Path, registry: Registry, run: Run) -> None:
    target = tmp_path / "target"
    damaged.rename(target)
    damaged.symlink_to(target)
    before = target.read_bytes()
    done = run("repair", "--from", registry.url)
    assert (done.status, "found a link; it is not replaced" in done.err) == (5, True)
    assert (damaged.is_symlink(), target.read_bytes()) == (True, before)
    assert registry.requests == []
