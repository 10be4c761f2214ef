"""No string from outside becomes a path that leads out of a store: a corpus of names, at every door."""

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from packllama.base.errors import InvalidDigest, InvalidName
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, MANIFEST_TYPE
from packllama.name import ModelName
from tests.faults.checker import check
from tests.program import packllama
from tests.registry.registry import Registry
from tests.threats.names import ALL, HOSTILE, ODD
from tests.threats.refusal import Scene, assert_all_refused, outside
from tests.unit.gguf import builder
from tests.unit.places.bundle.bundles import entries, packed
from tests.unit.places.bundle.test_evil_bundles import FIRST_BLOB, INDEX_VALUE, announced, before, foreign
from tests.unit.stores import TINY_GGUF

pytestmark = pytest.mark.slow

# A place where nobody listens: no name of the corpus is to be looked up anywhere.
NO_NETWORK = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}

NAMES: dict[str, Callable[[str], Sequence[str]]] = {
    "show": lambda name: ("show", "--", name),
    "run": lambda name: ("run", "--", name, "hello"),
    "files": lambda name: ("files", "--", name),
    "rm": lambda name: ("rm", "--", name),
    "rm --dry-run": lambda name: ("rm", "--dry-run", "--", name),
    "cp from": lambda name: ("cp", "--", name, "x"),
    "export": lambda name: ("export", "-o", "x.tar", "--", name),
    "copy": lambda name: ("copy", "--to", "./other", "--", name),
    "prove": lambda name: ("prove", "--", name),
    "repair": lambda name: ("repair", "--from", "./gone", "--", name),
}
# A pattern names what is there.
PATTERNS = {"*", "?", "[a-z]", "x*"}

# A part of the corpus, for where each word takes a file of its own: of every kind some.
SAMPLE = ALL[::5]

# Where any name will do, only what is none is refused. Blanks around what was pasted are no part of it.
NEW_NAMES: dict[str, Callable[[str], Sequence[str]]] = {
    "cp to": lambda name: ("cp", "--", "here", name),
    "create": lambda name: ("create", "-f", "Good", "--", name),
    "import --as": lambda name: ("import", f"--as={name}", "good.tar"),
    "pull": lambda name: ("pull", "--", name),
    "links": lambda name: ("links", "--", name),
}


def test_what_the_corpus_is() -> None:
    assert len(HOSTILE) >= 150
    assert len(set(ALL)) == len(ALL)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_none_of_it_is_a_name(text: str) -> None:
    with pytest.raises(InvalidName):
        ModelName.parse(text)
    for place in range(1, 4):  # a host may hold colons and dots
        with pytest.raises(InvalidName):
            ModelName.from_path_parts([*["a"] * place, text, *["a"] * (3 - place)])


@pytest.mark.parametrize("text", ALL, ids=ascii)
def test_none_of_it_is_a_digest(text: str) -> None:
    with pytest.raises(InvalidDigest):
        Digest.parse(text)


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_an_odd_name_stays_in_its_place(text: str) -> None:
    path = Path("/store").joinpath(ModelName.parse(text).relative_path())
    assert Path(os.path.normpath(path)) == path
    assert len(path.parts) == 6


@pytest.mark.parametrize("door", NAMES)
def test_a_name_that_is_asked_for(door: str, scene: Scene) -> None:
    assert_all_refused(scene, [NAMES[door](name) for name in ALL if name not in PATTERNS], exit={3, 4}, env=NO_NETWORK)


@pytest.mark.parametrize("door", NEW_NAMES)
def test_a_name_that_is_given(door: str, scene: Scene) -> None:
    (scene.folder / "model.gguf").write_bytes(TINY_GGUF)
    (scene.folder / "Good").write_text("FROM ./model.gguf\n")
    (scene.folder / "good.tar").write_bytes(packed(entries()))
    names = [text for text in HOSTILE if not is_name(text.strip())]
    assert_all_refused(scene, [NEW_NAMES[door](name) for name in names], exit={2, 4}, env=NO_NETWORK)


def is_name(text: str) -> bool:
    try:
        ModelName.parse(text)
    except InvalidName:
        return False
    return True


def test_an_odd_name_is_made_in_the_store(scene: Scene) -> None:
    done = scene.program.run(*[("cp", "--", "here", name) for name in ODD], cwd=scene.folder)
    assert [ended.status for ended in done.ended] == [0] * len(ODD)
    assert outside(scene, done) == []
    assert check(str(scene.store)) == []


def manifest_with(digest: str) -> bytes:
    layers = [{"mediaType": "application/vnd.ollama.image.model", "digest": digest, "size": 5}]
    config = {"mediaType": CONFIG_TYPE, "digest": "sha256:" + "0" * 64, "size": 2}
    value = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": layers}
    return json.dumps(value).encode()


DIGESTS: dict[str, Callable[[str], Sequence[str]]] = {
    "show": lambda name: ("show", name),
    "show --layers": lambda name: ("show", "--layers", name),
    "run": lambda name: ("run", name, "hello"),
    "files": lambda name: ("files", name),
    "export": lambda name: ("export", name, "-o", "x.tar"),
    "copy": lambda name: ("copy", name, "--to", "./other"),
    "cp": lambda name: ("cp", name, "x"),
    "links": lambda name: ("links", name, "--manifest", f"store/manifests/registry.ollama.ai/library/{name}/latest"),
}


def put_bad_manifests(scene: Scene) -> list[str]:
    """Models of a store whose digests are none. Returns their names."""
    folder = scene.store / "manifests/registry.ollama.ai/library"
    for number, text in enumerate(SAMPLE):
        (folder / f"m{number}").mkdir()
        (folder / f"m{number}/latest").write_bytes(manifest_with(text))
    return [f"m{number}" for number in range(len(SAMPLE))]


@pytest.mark.parametrize("verb", DIGESTS)
def test_a_digest_in_a_manifest_of_the_store(verb: str, scene: Scene) -> None:
    """Whoever may write into the store cannot make us read elsewhere."""
    assert_all_refused(scene, [DIGESTS[verb](name) for name in put_bad_manifests(scene)], exit={4}, env=NO_NETWORK)


def test_such_a_name_may_be_removed_and_only_it(scene: Scene) -> None:
    done = scene.run("rm", *put_bad_manifests(scene))
    assert done.status == 0
    assert outside(scene, done) == []
    assert check(str(scene.store)) == []


def test_a_digest_in_a_manifest_of_a_registry(scene: Scene) -> None:
    with Registry() as there:
        for number, text in enumerate(SAMPLE):
            there.manifests[f"library/m{number}:latest"] = manifest_with(text)
        runs = [("pull", "--insecure", f"{there.host}/library/m{number}") for number in range(len(SAMPLE))]
        assert_all_refused(scene, runs, exit={4})
        assert not there.asked("/blobs/")


def test_names_and_digests_in_a_bundle(scene: Scene) -> None:
    runs = []
    for number, text in enumerate(HOSTILE):
        written = text.encode("utf-8", "replace").decode()  # an index is UTF-8, or nothing of it is read
        models = [{**dict(INDEX_VALUE["models"][0]), "name": written}]  # type: ignore[index]
        blobs = [{**dict(INDEX_VALUE["blobs"][0]), "digest": written}]  # type: ignore[index]
        (scene.folder / f"{number}.name.tar").write_bytes(announced(models=models))
        (scene.folder / f"{number}.digest.tar").write_bytes(announced(blobs=blobs))
        runs += [("import", f"{number}.name.tar"), ("import", f"{number}.digest.tar")]
    assert_all_refused(scene, runs, exit={4})


def storable(text: str) -> bool:
    try:
        foreign(text)
    except (ValueError, UnicodeError):
        return False
    return 0 < len(os.fsencode(text)) <= 90


def test_a_path_in_a_bundle(scene: Scene) -> None:
    paths = [text for text in ALL if storable(text)]
    assert len(paths) > 100
    for number, text in enumerate(paths):
        (scene.folder / f"{number}.tar").write_bytes(before(FIRST_BLOB, foreign(text)))
    assert_all_refused(scene, [("import", f"{number}.tar") for number in range(len(paths))], exit={4, 5})


def test_files_of_a_folder_of_downloads(scene: Scene) -> None:
    """Of any name, and none of them a model: the folder is looked through, and nothing is taken."""
    folder = scene.folder / "downloads"
    folder.mkdir()
    for text in HOSTILE:
        if "/" not in text and "\0" not in text and text not in {"", ".", ".."} and _bytes(text) <= 255:
            path = os.fsencode(folder) + b"/" + text.encode("utf-8", "surrogatepass")
            with open(path, "wb") as file:  # noqa: PTH123 - bytes
                file.write(manifest_with("sha256:" + "1" * 64))
    before = scene.seen()
    done = scene.run("import", "downloads", env=NO_NETWORK)
    assert (done.status, "--as" in done.err) == (2, True)  # what the models shall be called cannot be told
    assert scene.seen() == before
    assert outside(scene, done) == []


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def test_a_modelfile_that_names_files(scene: Scene) -> None:
    """A person's own Modelfile may name any file; what is none of a model is refused, and nothing is written."""
    runs = []
    for number, text in enumerate(HOSTILE):
        (scene.folder / f"M{number}").write_text(f'FROM "{text}"\nADAPTER {text}\n', "utf-8", "surrogatepass")
        runs.append(("create", "x", "-f", f"M{number}"))
    before = scene.seen()
    done = scene.program.run(*runs, cwd=scene.folder, env=NO_NETWORK)
    assert {ended.status for ended in done.ended} <= {2, 3, 4, 7}
    assert [event for event in outside(scene, done) if event[0] not in {"open", "os.listdir", "os.scandir"}] == []
    assert scene.seen() == before


def test_texts_in_a_gguf(scene: Scene) -> None:
    """They name the model and its shards, and no file."""
    runs = []
    for number, text in enumerate(HOSTILE):
        raw = text.encode("utf-8", "surrogatepass")
        keys = [builder.string(key, raw) for key in ("general.name", "general.basename", "split.name")]
        data = builder.gguf([builder.string("general.architecture", "llama"), *keys])
        (scene.folder / f"{number}.gguf").write_bytes(data)
        runs += [("inspect", f"{number}.gguf"), ("init", f"{number}.gguf", "-o", "-")]
    before = scene.seen()
    done = scene.program.run(*runs, cwd=scene.folder, env=NO_NETWORK)
    assert {ended.status for ended in done.ended} == {0}
    assert outside(scene, done) == []
    assert scene.seen() == before


# The calls that change what is on a disk, as strace writes them down.
CHANGES = (
    "trace=openat,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,symlinkat,truncate"
)
QUOTED = re.compile(r'(?:<(?P<folder>[^>]*)>, )?"(?P<path>(?:[^"\\]|\\.)*)"')


@pytest.mark.parametrize("words", [("import", "evil.tar"), ("rm", "../../canary"), ("cp", "here", "../../canary")])
def test_what_the_system_is_asked_to_change(
    words: tuple[str, ...], scene: Scene, need_program: Callable[[str, str], str]
) -> None:
    """A sample of the same, seen from below: strace misses no call, whoever makes it."""
    (scene.folder / "evil.tar").write_bytes(before(FIRST_BLOB, foreign("../../../canary")))
    log = scene.folder / "strace.log"
    wrapper = (need_program("strace", "strace"), "-f", "-y", "-e", CHANGES, "-o", str(log))
    done = packllama(*words, cwd=scene.folder, before=wrapper, env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 4
    changed = [line for line in log.read_text().splitlines() if "openat(" not in line or "O_CREAT" in line]
    assert changed or words[0] != "import"
    for line in changed:
        for match in QUOTED.finditer(line):
            path = Path(os.path.normpath(scene.folder / (match["folder"] or "") / match["path"]))
            assert path.is_relative_to(scene.folder), line
    assert scene.canary.read_text() == "sings\n"
