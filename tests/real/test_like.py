"""``--like`` and ``create --pull``, run as a person runs them, beside a registry that says what it was asked."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, compose
from packllama.name import ModelName
from packllama.places.registry import manifest_url
from tests.program import packllama
from tests.registry.listener import reply
from tests.registry.registry import Registry, says
from tests.unit.stores import GEMMA_PARAMS, GEMMA_TEMPLATE, put_model

pytestmark = pytest.mark.slow

WEIGHTS = bytes(range(256)) * 4096
CONFIG = b'{"model_format":"gguf","model_family":"llama","renderer":"r1","parser":"p1","os":"linux"}'
LAYERS = (
    (LayerKind.MODEL, WEIGHTS),
    (LayerKind.PROJECTOR, WEIGHTS[1:]),
    (LayerKind.TEMPLATE, GEMMA_TEMPLATE),
    (LayerKind.SYSTEM, b'Answer in """one""" word.\nNow.'),
    (LayerKind.PARAMS, GEMMA_PARAMS),
    (LayerKind.LICENSE, b"Terms of use\n\nNone.\n"),
    (LayerKind.MESSAGES, b'[{"role":"user","content":"hi"}]'),
)
SMALL = {
    str(Digest.of(data)): data
    for data in (CONFIG, *(data for kind, data in LAYERS if kind in {"template", "system", "params", "license"}))
}
BY_HAND = f"""\
FROM model.gguf
RENDERER r1
PARSER p1
TEMPLATE \"\"\"{GEMMA_TEMPLATE.decode()}\"\"\"
SYSTEM \"\"\"{LAYERS[3][1].decode()}\"\"\"
PARAMETER stop <end_of_turn>
PARAMETER temperature 1
PARAMETER top_k 64
PARAMETER top_p 0.95
LICENSE \"\"\"{LAYERS[5][1].decode()}\"\"\"
"""
NAME = "library/official:4b"


def put_official(registry: Registry) -> None:
    layers = [Layer(kind.media_type, registry.put_blob(data), len(data)) for kind, data in LAYERS]
    config = Layer(CONFIG_TYPE, registry.put_blob(CONFIG), len(CONFIG))
    registry.manifests[NAME] = compose(config, layers)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as registry:
        put_official(registry)
        yield registry


@pytest.fixture
def here(tmp_path: Path, gguf: Callable[[str], Path]) -> Path:
    shutil.copyfile(gguf("tiny.gguf"), tmp_path / "model.gguf")
    (tmp_path / "Modelfile").write_text("FROM model.gguf\n")
    (tmp_path / "ByHand").write_text(BY_HAND)
    return tmp_path


def create(here: Path, name: str, *words: str, status: int = 0) -> CompletedProcess[str]:
    done = packllama("create", name, *words, cwd=here)
    assert done.returncode == status, done.stderr
    return done


def manifest(here: Path, name: str) -> bytes:
    return (here / "store" / "manifests" / "registry.ollama.ai" / "library" / name / "latest").read_bytes()


def check_as_by_hand(here: Path, name: str) -> None:
    create(here, "by-hand", "-f", "ByHand")
    assert manifest(here, name) == manifest(here, "by-hand")


def check_only_small_ones(*registries: Registry) -> None:
    """Each small blob is asked for once, by its few bytes, and weights never."""
    asked = [request for registry in registries for request in registry.requests]
    blobs = [request for request in asked if "/blobs/" in request.target]
    ranges = {request.target.rpartition("/")[2]: request.range for request in blobs}
    assert ranges == {digest: (0, len(data)) for digest, data in SMALL.items()}
    assert len(blobs) == len(SMALL)
    assert {request.target for request in asked} - {request.target for request in blobs} == {
        "/v2/library/official/manifests/4b"
    }


def test_from_a_registry(registry: Registry, here: Path) -> None:
    word = f"{registry.host}/{NAME}"
    done = create(here, "new", "--like", word, "--insecure")
    check_only_small_ones(registry)
    assert len(registry.requests) == 1 + len(SMALL)
    asking, taking = done.stderr.splitlines()[:2]
    assert asking.endswith(f"asking {registry.host} for its small files")
    assert taking == f"taking over from {word}: template, system, renderer, parser, 4 parameters, license"
    check_as_by_hand(here, "new")


def test_init(registry: Registry, here: Path) -> None:
    done = packllama("init", "model.gguf", "--yes", "--like", f"http://{registry.host}/{NAME}", cwd=here)
    assert done.returncode == 0, done.stderr
    check_only_small_ones(registry)
    create(here, "new")
    check_as_by_hand(here, "new")


def test_from_the_store_nobody_is_asked(registry: Registry, here: Path) -> None:
    put_model(here / "store", f"{registry.host}/{NAME}", *LAYERS[1:], weights=WEIGHTS, config=CONFIG)
    done = create(here, "new", "--like", f"{registry.host}/{NAME}", "--insecure")
    assert f"--like {registry.host}/{NAME}: the model in the store" in done.stderr
    check_as_by_hand(here, "new")
    assert registry.requests == []


def test_a_dry_run_asks_too_and_says_what_it_would_take(registry: Registry, here: Path) -> None:
    words = ("--like", f"{registry.host}/{NAME}", "--insecure", "--dry-run", "--json")
    document = json.loads(create(here, "new", *words).stdout)
    assert {layer["type"] for layer in document["layers"]} == {"model", "template", "system", "params", "license"}
    assert document["template"][0].startswith("taking over from ")
    assert not (here / "store").exists()


@pytest.mark.slow  # waits before it asks again
def test_a_mirror_stands_in_for_a_registry_that_is_down(registry: Registry, here: Path) -> None:
    down = Registry()
    with down:
        host = down.host
    done = create(here, "new", "--like", f"{host}/{NAME}", "--insecure", "--mirror", registry.url)
    assert f"what {host}/{NAME} is, {registry.host} says" in done.stderr
    check_as_by_hand(here, "new")
    assert {request.target.rpartition("/")[2] for request in registry.asked("/blobs/")} == set(SMALL)


def test_a_mirror_that_lies_changes_nothing(registry: Registry, here: Path) -> None:
    lies = {str(Digest.of(data)): bytes(len(data)) for data in SMALL.values()}
    with Registry() as liar:
        liar.manifests, liar.blobs = registry.manifests, lies
        create(here, "new", "--like", f"{registry.host}/{NAME}", "--insecure", "--mirror", liar.url)
    check_as_by_hand(here, "new")


def lying(registry: Registry) -> None:
    digest = str(Digest.of(GEMMA_TEMPLATE))
    registry.blobs[digest] = registry.blobs[digest].replace(b"user", b"USER")


def vast(registry: Registry) -> None:
    layers = [Layer(LayerKind.TEMPLATE.media_type, Digest.of(WEIGHTS), 1 << 40)]
    registry.manifests[NAME] = compose(Layer(CONFIG_TYPE, Digest.of(CONFIG), len(CONFIG)), layers)


def page(registry: Registry) -> None:
    registry.tricks.append(says(reply(200, {"Content-Type": "text/html"}, b"<html>log in</html>"), to="/blobs/"))


@pytest.mark.parametrize(
    ("spoil", "status", "words"),
    [
        (lying, 5, "expected sha256:"),
        (vast, 4, "a template of 1,099,511,627,776 bytes"),
        (page, 6, "web page"),
        (lambda registry: registry.manifests.clear(), 3, "not found"),
        (lambda registry: registry.blobs.clear(), 5, "sha256:"),
    ],
    ids=["a lie", "a vast template", "a page to log in", "no such model", "no blobs"],
)
def test_a_registry_that_gives_something_else(
    spoil: Callable[[Registry], None], status: int, words: str, registry: Registry, here: Path
) -> None:
    spoil(registry)
    done = create(here, "new", "--like", f"{registry.host}/{NAME}", "--insecure", status=status)
    assert words in done.stderr
    assert not (here / "store" / "manifests").exists()


FOLDERS: dict[str, tuple[str, str]] = {
    "one folder of a browser": ("manifest (1).json", "{hex} (2).bin"),
    "as links places it": ("manifests/reg.example/library/official/4b", "blobs/sha256-{hex}"),
    "as wget -x places it": (
        "reg.example/v2/library/official/manifests/4b",
        "reg.example/v2/library/official/blobs/{hex}",
    ),
}


def put_files(folder: Path, registry: Registry, *, file: str, blob: str) -> Path:
    """What somebody fetched elsewhere. Returns the manifest's path."""
    contents = {file: registry.manifests[NAME]}
    contents |= {blob.format(hex=Digest.of(data).hex): data for data in SMALL.values()}
    for name, data in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder / file


@pytest.mark.parametrize("form", FOLDERS)
def test_a_saved_manifest_needs_no_network(form: str, registry: Registry, here: Path) -> None:
    file, blob = FOLDERS[form]
    path = put_files(here / "down loads", registry, file=file, blob=blob)
    create(here, "new", "--like", f"{registry.host}/{NAME}", "--manifest", str(path))
    check_as_by_hand(here, "new")
    assert registry.requests == []


def test_what_is_lacking_beside_a_saved_manifest_is_told_with_its_links(registry: Registry, here: Path) -> None:
    path = put_files(here / "d", registry, file="m.json", blob="{hex}")
    template = str(Digest.of(GEMMA_TEMPLATE))
    (here / "d" / template.removeprefix("sha256:")).write_bytes(GEMMA_TEMPLATE.replace(b"user", b"USER"))
    done = create(here, "new", "--like", f"reg.example/{NAME}", "--manifest", str(path), status=3)
    assert re.findall(r"^https://.*", done.stderr, re.MULTILINE) == [
        f"https://reg.example/v2/library/official/blobs/{template}"
    ]
    assert manifest_url(ModelName.parse(f"reg.example/{NAME}")) not in done.stderr


def test_a_manifest_without_a_name(here: Path) -> None:
    assert "--like NAME" in create(here, "new", "--manifest", "x", status=2).stderr


def test_from_that_is_not_here(registry: Registry, here: Path, gguf: Callable[[str], Path]) -> None:
    name = f"{registry.host}/me/base"
    registry.put("me/base", "latest", weights=gguf("tiny.gguf").read_bytes(), config=CONFIG)
    (here / "Modelfile").write_text(f"FROM {name}\nSYSTEM Be brief.\n")
    done = create(here, "new", status=3)
    assert "--pull" in done.stderr
    assert registry.requests == []
    done = create(here, "new", "--pull", "--insecure")
    assert f"pulled {name}:latest" in done.stderr
    assert packllama("verify", cwd=here).returncode == 0
    asked = len(registry.requests)
    create(here, "newer", "--pull", "--insecure")
    assert len(registry.requests) == asked


def test_pull_is_about_models_alone(here: Path) -> None:
    create(here, "new", "--pull")
    (here / "Modelfile").write_text("FROM ./no.gguf\n")
    assert "no such file" in create(here, "other", "--pull", status=3).stderr
