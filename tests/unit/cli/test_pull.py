"""``pull``: what it fetches and what not, from whom, and what it says."""

import socket
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, ORIGINAL_TYPE, TWIN_TYPE, Layer, LayerKind, compose
from packllama.name import ModelName
from tests.registry.listener import Listener, Request, reply
from tests.registry.registry import Registry, Trick, ranged, says, wants_token
from tests.unit.cli.conftest import Run
from tests.unit.stores import put_model

MIB = 1 << 20
WEIGHTS = Random(8).randbytes(5 * MIB) + b"end"
WRONG = b"".join(bytes([WEIGHTS[start] ^ 1]) + WEIGHTS[start + 1 : start + MIB] for start in range(0, 5 * MIB, MIB))
DIGEST = Digest.of(WEIGHTS)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as there:
        there.put("library/m", "latest", weights=WEIGHTS)
        there.put("me/small", "q8", weights=b"small weights", config=b'{"model_format":"gguf"}')
        yield there


@pytest.fixture
def mirror() -> Iterator[Registry]:
    with Registry(address="127.0.0.2") as there:
        there.put("library/m", "latest", weights=WEIGHTS)
        yield there


def m(registry: Listener) -> str:
    return f"{registry.host}/library/m"


def small(registry: Listener) -> str:
    return f"{registry.host}/me/small:q8"


def manifest_path(store: Path, name: str) -> Path:
    return store / "manifests" / ModelName.parse(name).relative_path()


def is_whole(store: Path, registry: Registry) -> bool:
    manifest = manifest_path(store, m(registry)).read_bytes()
    blob = store / "blobs" / DIGEST.file_name
    return manifest == registry.manifests["library/m:latest"] and blob.read_bytes() == WEIGHTS


def fetched(registry: Listener) -> int:
    """How many bytes of the large blob were asked for."""
    asked = [request.range for request in registry.requests if str(DIGEST) in request.target]
    return sum(stop - start for start, stop in filter(None, asked))


def answers_with(data: bytes) -> Trick:
    """Other bytes for the large blob."""

    def trick(request: Request, sock: socket.socket) -> bool:
        if str(DIGEST) not in request.target:
            return False
        sock.sendall(ranged(request, data + b"end"))
        return True

    return trick


def test_a_model(registry: Registry, store: Path, run: Run) -> None:
    done = run("pull", m(registry), "--insecure")
    assert (done.status, done.out) == (0, f"pulled {m(registry)}:latest\n"), done.err
    assert "5.2 MB moved" in done.err
    assert is_whole(store, registry)
    assert fetched(registry) == len(WEIGHTS)
    assert run("verify").status == 0


def test_one_that_is_here(registry: Registry, run: Run) -> None:
    run("pull", m(registry), "--insecure")
    before = fetched(registry)
    done = run("download", m(registry), "--insecure")
    assert (done.status, done.out) == (0, f"{m(registry)}:latest is up to date\n")
    assert fetched(registry) == before
    assert run("--json", "pull", m(registry), "--insecure").document["up_to_date"] == [f"{m(registry)}:latest"]


def test_http_before_the_name_says_insecure(registry: Registry, store: Path, run: Run) -> None:
    assert run("pull", registry.url + "/library/m").status == 0
    assert is_whole(store, registry)


def test_one_that_was_replaced_there(registry: Registry, store: Path, run: Run) -> None:
    run("pull", m(registry), "--insecure")
    registry.put("library/m", "latest", weights=b"newer")
    done = run("pull", m(registry), "--insecure")
    assert done.out == f"pulled {m(registry)}:latest\n"
    assert "freed 5.2 MB of the older model" in done.err
    assert not (store / "blobs" / DIGEST.file_name).exists()


def test_a_blob_that_is_here_and_wrong(registry: Registry, store: Path, run: Run) -> None:
    path = store / "blobs" / DIGEST.file_name
    path.parent.mkdir(parents=True)
    path.write_bytes(WRONG + b"end")
    assert run("pull", m(registry), "--insecure").out == f"pulled {m(registry)}:latest\n"
    assert is_whole(store, registry)


def test_a_blob_that_is_here_and_right(registry: Registry, store: Path, run: Run) -> None:
    put_model(store, "other", weights=WEIGHTS)
    assert run("pull", m(registry), "--insecure").status == 0
    assert fetched(registry) == 0
    assert is_whole(store, registry)


def test_what_ollama_began(registry: Registry, store: Path, run: Run) -> None:
    blobs, name = store / "blobs", f"{DIGEST.file_name}-partial"
    blobs.mkdir(parents=True)
    (blobs / name).write_bytes(WEIGHTS[: 3 * MIB] + bytes(len(WEIGHTS) - 3 * MIB))
    (blobs / f"{name}-0").write_text(f'{{"N":0,"Offset":0,"Size":{len(WEIGHTS)},"Completed":{3 * MIB}}}\n')
    done = run("pull", m(registry), "--insecure")
    assert "3.1 MB came from an unfinished download" in done.err
    assert fetched(registry) == len(WEIGHTS) - 3 * MIB
    assert is_whole(store, registry)


def test_all_names_are_looked_up_before_the_first_is_fetched(registry: Registry, store: Path, run: Run) -> None:
    done = run("pull", m(registry), f"{registry.host}/me/other", f"{registry.host}/me/more", "--insecure")
    assert (done.status, done.out) == (3, "")
    assert done.err.count("Error: ") == 2
    assert not registry.asked("/blobs/")
    assert not (store / "blobs").exists()


def test_one_goes_wrong_and_the_others_are_fetched(registry: Registry, store: Path, run: Run) -> None:
    del registry.blobs[str(DIGEST)]
    words = ("pull", m(registry), small(registry), "--insecure", "--retry", "0")
    done = run(*words)
    assert (done.status, done.out) == (5, f"pulled {small(registry)}\n")
    assert f"it has no blob {DIGEST}" in done.err
    document = run("--json", *words).document
    assert document["up_to_date"] == [small(registry)]
    assert [problem["kind"] for problem in document["problems"]] == ["integrity-error"]


def test_as_a_document(registry: Registry, run: Run) -> None:
    document = run("--json", "pull", m(registry), "--insecure").document
    assert document["published"] == [f"{m(registry)}:latest"]
    assert (document["bytes_sent"], document["up_to_date"], document["problems"]) == (len(WEIGHTS) + 2, [], [])
    document = run("--json", "pull", f"{registry.host}/me/other", "--insecure").document
    assert document["error"]["kind"] == "model-not-found"


def test_only_what_would_be_done(registry: Registry, store: Path, run: Run) -> None:
    done = run("pull", m(registry), small(registry), "--insecure", "--dry-run")
    assert done.status == 0
    assert f"{m(registry)}:latest" in done.out
    assert "5.2 MB to move" in done.out
    assert not registry.asked("/blobs/")
    assert not (store / "blobs").exists()


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("gemma3:cloud", 4, "nothing to download"),
        ("gpt-oss:20b-cloud", 4, "packllama pull gpt-oss:20b"),
        ("ollama pull qwen3:cloud", 4, "packllama pull qwen3:latest"),
        ("https://ollama.com/library/qwen3:cloud", 4, "nothing to download"),
        ("two words", 4, "no spaces in a name"),
        ("gemma*", 4, "invalid model name"),
        ("./model.gguf", 4, "invalid model name"),
        ("https://example.com/", 4, "no address of a model"),
    ],
)
def test_what_is_typed_for_a_name(text: str, status: int, words: str, run: Run) -> None:
    done = run("pull", text)
    assert (done.status, done.out) == (status, "")
    assert words in done.err


@pytest.mark.parametrize("url", ["ftp://host", "http://host/path", "host:123456", "http://", "http://[::1]:80", "-"])
def test_what_is_no_mirror(url: str, run: Run) -> None:
    done = run("pull", "m", f"--mirror={url}")
    assert done.status == 2
    assert "is no address of a registry" in done.err


@pytest.mark.parametrize(
    "words", [("https://me:secret@host/a/b",), ("m", "--mirror", "http://me:secret@host"), ("m:a", "http://me:secret@")]
)
def test_a_password_is_not_repeated(words: tuple[str, ...], run: Run) -> None:
    done = run("pull", *words)
    assert done.status in {2, 4}
    assert "a user's name in it" in done.err
    assert "secret" not in done.err


def test_a_mirror_gives_a_part(registry: Registry, mirror: Registry, store: Path, run: Run) -> None:
    done = run("pull", m(registry), "--insecure", "--mirror", mirror.url)
    assert done.status == 0, done.err
    assert fetched(registry) + fetched(mirror) == len(WEIGHTS)
    assert fetched(registry)
    assert fetched(mirror)
    assert not mirror.asked("/manifests/")
    assert is_whole(store, registry)


def test_mirrors_may_be_set(registry: Registry, mirror: Registry, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKLLAMA_MIRROR", f"{mirror.url} {mirror.url}/")
    assert run("pull", m(registry), "--insecure").status == 0
    assert fetched(mirror)


def test_a_mirror_that_has_nothing(registry: Registry, mirror: Registry, store: Path, run: Run) -> None:
    mirror.blobs.clear()
    done = run("pull", m(registry), "--insecure", "--mirror", mirror.url)
    assert done.status == 0
    assert f"it has no blob {DIGEST}; {DIGEST.short} is fetched from elsewhere" in done.err
    assert is_whole(store, registry)


def test_a_mirror_that_lies(registry: Registry, mirror: Registry, store: Path, run: Run) -> None:
    mirror.tricks.append(answers_with(WRONG))
    done = run("pull", m(registry), "--insecure", "--mirror", mirror.url)
    assert done.status == 0
    assert f"fetched again, from {registry.host} alone" in done.err
    assert f"{mirror.host} sends wrong bytes; it is not asked again" in done.err
    assert is_whole(store, registry)


def test_all_lie(registry: Registry, mirror: Registry, store: Path, run: Run) -> None:
    for each in (registry, mirror):
        each.tricks.append(answers_with(WRONG))
    done = run("pull", m(registry), "--insecure", "--mirror", mirror.url)
    assert done.status == 5
    assert f"Error: {registry.host}, {mirror.host}: expected {DIGEST}, found {Digest.of(WRONG + b'end')}" in done.err
    assert fetched(registry) + fetched(mirror) == 2 * len(WEIGHTS)
    assert not manifest_path(store, m(registry)).exists()


def test_a_registry_that_cannot_be_reached(mirror: Registry, store: Path, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        gone = f"127.0.0.1:{sock.getsockname()[1]}"
    done = run("pull", f"{gone}/library/m", "--insecure", "--mirror", mirror.url, "--retry", "0")
    assert (done.status, done.out) == (0, f"pulled {gone}/library/m:latest\n")
    assert f"what {gone}/library/m:latest is, {mirror.host} says" in done.err
    assert manifest_path(store, f"{gone}/library/m").read_bytes() == mirror.manifests["library/m:latest"]


def test_the_token_goes_to_no_mirror(registry: Registry, mirror: Registry, run: Run) -> None:
    registry.tricks += [
        says(reply(200, {}, b'{"token":"secret-token"}'), to="/token"),
        wants_token(registry.url + "/token"),
    ]
    assert run("pull", m(registry), "--insecure", "--mirror", mirror.url).status == 0
    assert registry.credentials
    assert fetched(mirror)
    assert not mirror.credentials


def test_a_server_without_ranges(registry: Registry, store: Path, run: Run) -> None:
    """From the beginning, and behind what an earlier run left."""
    whole = reply(200, {}, WEIGHTS)
    registry.tricks.append(says(whole[: len(whole) - 2 * MIB], to=str(DIGEST), then_close=True))
    done = run("pull", m(registry), "--insecure", "--retry", "0")
    assert done.status == 6
    registry.tricks[:] = [says(whole, to=str(DIGEST))]
    assert run("pull", m(registry), "--insecure").status == 0
    assert is_whole(store, registry)


def test_an_answer_that_always_ends_at_the_same_byte(registry: Registry, run: Run) -> None:
    cut = 3 * MIB + 5

    def trick(request: Request, sock: socket.socket) -> bool:
        if str(DIGEST) not in request.target or not request.range:
            return False
        whole = ranged(request, WEIGHTS)
        sock.sendall(whole[: len(whole) - max(0, request.range[1] - max(cut, request.range[0]))])
        sock.shutdown(socket.SHUT_WR)
        return True

    registry.tricks.append(trick)
    done = run("pull", m(registry), "--insecure", "--retry", "2")
    assert done.status == 6
    asked = [request for request in registry.asked(str(DIGEST)) if request.range and request.range[0] == cut]
    assert len(asked) in {2, 3}
    registry.tricks.clear()
    assert run("pull", m(registry), "--insecure").status == 0


@pytest.mark.parametrize("status", [429, 503])
def test_one_that_wants_us_to_wait(status: int, registry: Registry, store: Path, run: Run) -> None:
    registry.tricks.append(says(reply(status, {"Retry-After": 1}), to=str(DIGEST), times=3))
    assert run("pull", m(registry), "--insecure", "--retry", "3").status == 0
    assert is_whole(store, registry)


def test_what_oci_tools_brought(registry: Registry, store: Path, run: Run) -> None:
    """They carry a manifest of their own, in which the model's is the last layer."""
    original = registry.manifests.pop("library/m:latest")
    digest = registry.put_blob(original)
    config = Layer(CONFIG_TYPE, Digest.of(b"{}"), 2)
    layers = [Layer(LayerKind.MODEL.media_type, DIGEST, len(WEIGHTS)), Layer(ORIGINAL_TYPE, digest, len(original))]
    twin = compose(config, layers)

    def trick(request: Request, sock: socket.socket) -> bool:
        if "/manifests/" not in request.target or request.headers["accept"] != TWIN_TYPE:
            return False
        sock.sendall(reply(200, {"Content-Type": TWIN_TYPE}, twin))
        return True

    registry.tricks.append(trick)
    assert run("pull", m(registry), "--insecure").status == 0
    assert manifest_path(store, m(registry)).read_bytes() == original
    registry.blobs[str(digest)] = original.replace(b"sha256", b"sha257")
    done = run("pull", m(registry), "--insecure")
    assert done.status == 5
    assert f"expected {digest}" in done.err
