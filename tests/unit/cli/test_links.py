"""``packllama links``, run as a person runs it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.manifest import MANIFEST_TYPE
from tests.program import called
from tests.registry.listener import reply
from tests.registry.registry import Registry, says
from tests.unit.links.cases import TABLE

GEMMA = Path(__file__).parents[2] / "data" / "gemma3-12b-it-qat.manifest.json"
NAME = "gemma3:12b-it-qat"
# Nobody listens there.
NOWHERE = "127.0.0.1:9/me/m"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    shutil.copyfile(GEMMA, tmp_path / "gemma.json")

    def links(*words: str, verb: str = "links", **env: str) -> tuple[int, str, str]:
        done = called(verb, *words, cwd=tmp_path, env=env)
        return done.returncode, done.stdout, done.stderr

    return links


def test_a_saved_manifest(run: Run) -> None:
    status, out, err = run(NAME, "--manifest", "gemma.json")
    assert (status, err) == (0, "")
    assert "https://registry.ollama.ai/v2/library/gemma3/manifests/12b-it-qat" in out
    assert out.count("8.9 GB") == 2
    assert "blobs/sha256-1fb99eda86dc48a736567406253769fdc75f01e65cde7c65fa5563e4bdf156e0" in out
    assert out.endswith(f"packllama import FOLDER --as {NAME}\n")
    assert run(NAME, "--manifest", "gemma.json", verb="urls") == (status, out, err)


@pytest.mark.parametrize(
    "path",
    ["gemma3:12b-it-qat.json", "x/manifests/registry.ollama.ai/library/gemma3/12b-it-qat"],
)
def test_a_manifest_whose_path_says_the_name(run: Run, tmp_path: Path, path: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(GEMMA, tmp_path / path)
    status, out, _ = run("--manifest", path, "--format", "urls")
    assert status == 0
    assert out.startswith("https://registry.ollama.ai/v2/library/gemma3/manifests/12b-it-qat\n")


def test_an_editor_s_mark_in_front(run: Run, tmp_path: Path) -> None:
    (tmp_path / "marked.json").write_bytes(b"\xef\xbb\xbf" + GEMMA.read_bytes())
    assert run(NAME, "--manifest", "marked.json", "--format", "urls")[0] == 0


def test_a_manifest_that_says_no_name(run: Run) -> None:
    status, _, err = run("--manifest", "gemma.json")
    assert status == 2
    assert "packllama links NAME --manifest gemma.json" in err


@pytest.mark.parametrize("case", TABLE["refused"], ids=lambda case: case["about"])
def test_manifests_that_are_none(run: Run, tmp_path: Path, case: dict[str, str]) -> None:
    (tmp_path / "saved").write_text(case["manifest"])
    status, out, err = run("m", "--manifest", "saved", "--format", "curl")
    assert (status, out) == (4, "")
    assert err.startswith("Error: saved: ")


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x1b]8;;http://x\x07", "\u202e", "\n\n  packllama rm -rf"])
def test_media_types_steer_no_terminal(run: Run, tmp_path: Path, hostile: str) -> None:
    layer = {"mediaType": f"x/{hostile}", "digest": f"sha256:{'a' * 64}", "size": 5}
    config = {"mediaType": "x", "digest": f"sha256:{'b' * 64}", "size": 5}
    (tmp_path / "saved").write_text(json.dumps({"config": config, "layers": [layer]}))
    status, out, _ = run("m", "--manifest", "saved")
    assert status == 0
    assert hostile not in out
    assert json.loads(run("m", "--manifest", "saved", "--json")[1])["files"][1]["what"] == f"x/{hostile}"


def test_to_a_file(run: Run, tmp_path: Path) -> None:
    words = (NAME, "--manifest", "gemma.json", "--format", "aria2")
    status, out, err = run(*words, "-o", "list.txt")
    assert (status, out, err) == (0, "", "wrote list.txt\n")
    assert (tmp_path / "list.txt").read_text() == run(*words)[1]
    assert run(*words, "-o", "list.txt")[0] == 2
    assert run(NAME, "--json", "-o", "other")[0] == 2


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ((), 2, "NAME"),
        (("a", "b", "--manifest", "gemma.json"), 2, "one model"),
        (("a", "--manifest", "gemma.json", "--files", "*"), 2, "one model"),
        (("hf.co/a/b", "hf.co/a/c", "--files", "*"), 2, "one repository"),
        (("gemma3", "--files", "*"), 2, "hf.co/USER/REPO"),
        (("gemma3", "--format", "exe"), 2, "'aria2'"),
        (("gemma3", "--mirror", "https://h/path"), 2, "https://host"),
        (("gemma3", "--mirror", "http://me:secret@h"), 2, "https://host"),
        (("gemma3 12b",), 4, "no spaces"),
        (("https://ollama.com/",), 4, "address of its page"),
        (("../etc",), 4, "invalid model name"),
        (("m", "--manifest", "missing"), 3, "no such file"),
        (("m", "--manifest", "."), 4, "folder"),
    ],
    ids=str,
)
def test_usage(run: Run, words: tuple[str, ...], status: int, said: str) -> None:
    found, out, err = run(*words)
    assert (found, out) == (status, "")
    assert said in err


def test_no_network(run: Run) -> None:
    """It says how to do without."""
    status, out, err = run(NOWHERE, "--insecure")
    assert (status, out) == (6, "")
    assert "save http://127.0.0.1:9/v2/me/m/manifests/latest with a browser" in err
    assert "packllama links 127.0.0.1:9/me/m:latest --manifest FILE" in err


def test_models_that_are_not_there(run: Run) -> None:
    with Registry() as registry:
        status, _, err = run(f"http://{registry.host}/me/Model:Q4")
    assert status == 3
    assert f"Most names are in lower case: {registry.host}/me/model:q4" in err


def test_a_registry(run: Run) -> None:
    with Registry() as registry:
        registry.put("me/m", "latest", weights=b"weights")
        status, out, err = run(f"{registry.host}/me/m", "--insecure", "--format", "json")
        assert (status, err) == (0, "")
        found = json.loads(out)
        manifest = registry.manifests["me/m:latest"]
        assert [file["size"] for file in found["files"]] == [len(manifest), 7, 2]
        assert found["files"][0]["links"] == [f"{registry.url}/v2/me/m/manifests/latest"]
        assert len(registry.requests) == 1
        registry.tricks.append(says(reply(200, {"Content-Type": "text/html"}, b"<html>log in</html>")))
        assert run(f"{registry.host}/me/m", "--insecure")[0] == 6


def test_a_storage_s_signed_links_are_not_logged(run: Run, tmp_path: Path) -> None:
    with Registry() as registry, Registry() as storage:
        registry.put("me/m", "latest", weights=b"weights")
        storage.tricks.append(says(reply(200, {}, registry.manifests["me/m:latest"])))
        registry.tricks.append(says(reply(307, {"Location": f"{storage.url}/x?signature=secret"})))
        words = ("--log-file", str(tmp_path / "log"), "links", f"{registry.host}/me/m", "--insecure")
        assert run(*words, verb="-vv")[0] == 0
        assert storage.requests
    assert "secret" not in (tmp_path / "log").read_text()


def test_a_registry_that_cannot_be_reached_but_by_its_mirror(run: Run) -> None:
    with Registry() as registry:
        registry.put("me/m", "latest", weights=b"weights")
        status, out, err = run(NOWHERE, "--insecure", "--mirror", registry.url, "--format", "urls")
    assert status == 0
    assert out.splitlines()[0] == f"{registry.url}/v2/me/m/manifests/latest"
    assert f"{registry.host} says" in err


def test_a_repository(run: Run) -> None:
    """Its files stand beside its model, or alone where no model is made of it; a text is of one of the two."""
    tree = [{"type": "file", "path": f"r-{n:05}-of-00002.gguf", "size": 5, "lfs": {"oid": "a" * 64}} for n in (1, 2)]
    with Registry() as registry:
        env = {"HF_ENDPOINT": registry.url, "HF_TOKEN": "hf_secret"}
        name = f"{registry.host}/me/r"
        registry.tricks.append(says(reply(200, {}, json.dumps(tree).encode()), to="/api/models/me/r/tree/main"))
        status, out, err = run(name, "--insecure", **env)
        assert status == 0
        assert "no model is made of this repository" in err
        assert "/me/r/resolve/main/r-00001-of-00002.gguf" in out
        assert out.endswith("packllama init FOLDER\n")
        status, _, err = run(name, "--insecure", "--format", "curl", **env)
        assert status == 3
        assert "--files '*.gguf'" in err
        status, out, _ = run(name, "--files", "*.gguf", "--format", "aria2", **env)
        assert status == 0
        assert "  out=packllama-models/r-00002-of-00002.gguf\n" in out
        assert out.endswith("# Then: packllama init packllama-models\n")
        registry.put("me/r", "latest", weights=b"weights")
        status, out, err = run(name, "--insecure", "--json", **env)
        assert (status, err) == (0, "")
        found = json.loads(out)
        assert [len(found[key]) for key in ("models", "files", "repositories")] == [1, 3, 1]
        assert "hf_secret" not in out
        registry.tricks.clear()
        status, out, err = run(name, "--insecure", **env)
        assert status == 0
        assert "its files are not listed" in err
        asked = {request.headers.get("authorization") for request in registry.asked("/v2/")}
        assert asked == {None}, "the token is for the API alone"
        assert registry.asked("/v2/")[0].headers["accept"] == MANIFEST_TYPE
