"""``packllama show`` from outside."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.digest import Digest
from packllama.manifest import LayerKind
from tests.program import called
from tests.unit.stores import TINY_GGUF, put_manifest, put_model


@pytest.fixture
def show(tmp_path: Path) -> Callable[..., str]:
    """What ``show`` prints for a model ``a`` with these layers."""

    def run(*args: str) -> str:
        done = called("show", *args, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


def put(folder: Path, *layers: tuple[LayerKind, bytes], name: str = "a", config: bytes | None = None) -> None:
    more = {} if config is None else {"config": config}
    put_model(folder / "store", name, *layers, **more)


def test_wide_characters_and_values_with_spaces(tmp_path: Path, show: Callable[..., str]) -> None:
    params = '{"stop":["终止","a b"],"temperature":1}'.encode()
    put(tmp_path, (LayerKind.PARAMS, params), (LayerKind.SYSTEM, "一\n\n  二  \n三".encode()))
    _, _, parameters, system, _ = show("a").split("\n\n")
    assert parameters.splitlines() == [
        "  Parameters",
        '    stop           "终止"    ',
        '    stop           "a        b"    ',
        "    temperature    1         ",
    ]
    assert system.splitlines() == ["  System", "    一     ", "    二     ", "    ...    "]


def test_text_from_outside_cannot_steer_the_terminal(tmp_path: Path, show: Callable[..., str]) -> None:
    put(tmp_path, (LayerKind.SYSTEM, b"a\x1b[2Jb\rc"))
    assert "a\\x1b[2Jb\\x0dc" in show("a")


def test_layers(tmp_path: Path, show: Callable[..., str]) -> None:
    put(tmp_path, (LayerKind.SYSTEM, b"x"))
    put(tmp_path, name="me/b")
    titles, weights, system, config = show("--layers", "a").splitlines()
    digest = Digest.of(TINY_GGUF)
    assert titles.split() == ["DIGEST", "WHAT", "SIZE", "PATH", "SHARED", "WITH"]
    assert weights.split() == [digest.short, "model", "68", "B", f"blobs/{digest.file_name}", "me/b:latest"]
    assert (system.split()[1], system.split()[-1]) == ("system", "-")
    assert (config.split()[1], config.split()[-1]) == ("config", "me/b:latest")


def test_layers_as_a_document(tmp_path: Path, show: Callable[..., str]) -> None:
    put(tmp_path)
    layers = json.loads(show("--layers", "--json", "a"))["layers"]
    assert [layer["type"] for layer in layers] == ["model", "config"]
    assert json.loads(show("--json", "a"))["layers"] == layers


def test_of_a_stub_only_layers_are_shown(tmp_path: Path, show: Callable[..., str]) -> None:
    put(tmp_path, config=b'{"remote_model":"gpt-oss:20b"}')
    assert "config" in show("--layers", "a")
    done = called("show", "a", cwd=tmp_path)
    assert (done.returncode, "remote model details are unavailable" in done.stderr) == (4, True)


@pytest.mark.parametrize("other", ["license", "modelfile", "parameters", "system", "template"])
def test_one_part_at_a_time(other: str, tmp_path: Path) -> None:
    done = called("show", "a", "--layers", f"--{other}", cwd=tmp_path)
    assert (done.returncode, "only one of" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("nope", 3, "model 'nope:latest' not found"),
        ("a b", 4, "invalid model name: a b"),
        ("a:cloud", 4, "remote model details are unavailable"),
        ("a:local:cloud", 4, "use either :local or :cloud, not both"),
        (" ", 4, "model is required"),
        ("broken", 4, "broken"),
    ],
)
def test_what_cannot_be_shown(name: str, status: int, message: str, tmp_path: Path) -> None:
    put(tmp_path)
    put_manifest(tmp_path / "store", "broken", b"{")
    done = called("show", name, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr


def test_local_is_left_out_of_a_name(tmp_path: Path, show: Callable[..., str]) -> None:
    put(tmp_path, (LayerKind.SYSTEM, b"latest"))
    assert show("--system", "a:local") == "latest"


def test_ollamas_own_form_of_gguf(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    put_model(tmp_path / "store", "a", weights=gguf("tiny-gemma3-inline.gguf").read_bytes())
    done = called("show", "a", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["dialect"] == "gemma3"
    assert "this is Gemma 3 in Ollama's own form of GGUF" in done.stderr
    assert "dialect" not in called("show", "a", cwd=tmp_path).stdout
