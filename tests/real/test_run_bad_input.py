"""What a person may do wrong with ``run``, and what may go wrong with an engine: words, status, nothing left."""

import os
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import gguf_files
from tests.program import packllama, snapshot
from tests.terminal import Terminal
from tests.unit.engine.conftest import Scripted, scripted

pytestmark = pytest.mark.slow

__all__ = ["scripted"]  # a fixture of the engine's own tests

Double = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """``double`` is what the engine does; None is the package. The words stand on stderr."""

    name: str
    args: tuple[str, ...]
    exit: int
    words: tuple[str, ...]
    double: Double | None = None
    env: dict[str, str | None] = field(default_factory=dict)
    prepare: Callable[[Path], None] = lambda _: None


def png(width: int, height: int, *, pixels: bytes) -> bytes:
    def chunk(name: bytes, payload: bytes) -> bytes:
        return len(payload).to_bytes(4, "big") + name + payload + zlib.crc32(name + payload).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def wrote(name: str, data: bytes) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return prepare


def hundred_megabytes(folder: Path) -> None:
    (folder / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    os.truncate(folder / "x.png", 101 << 20)


RED = png(8, 8, pixels=b"\0" + b"\xff\0\0" * 8)
ASKED = ("run", "m", "hello")
SEEN = ("run", "sees", "What is in ./x.png?")

MODELS = {
    "m": ("tiny.gguf",),
    "sees": ("tiny-gemma3.gguf", "tiny-mmproj.gguf"),
    "vectors": ("tiny-bert.gguf",),
    "inline": ("tiny-gemma3-inline.gguf",),
}

INPUT = [
    Case("an unknown model", ("run", "tiny", "hello"), 3, ("'tiny:latest' not found", "packllama list")),
    Case("one that is spelled alike", ("run", "sess", "hello"), 3, ("Did you mean 'sees:latest'?",)),
    Case("another tag", ("run", "m:7b", "hello"), 3, ("Did you mean 'm:latest'?",)),
    Case("no name", ("run", "a b", "hello"), 4, ("invalid model name: a b", "[:tag]")),
    Case("a remote model", ("run", "far:cloud", "hello"), 4, ("run elsewhere",)),
    Case("an embedding model without a text", ("run", "vectors"), 2, ("vectors:latest", "needs a text", "For example")),
    Case("a broken picture", SEEN, 4, ("./x.png", "broken", "fetch it again"), prepare=wrote("x.png", RED[:-20])),
    Case("no picture", SEEN, 4, ("./x.png", "invalid file type"), prepare=wrote("x.png", b"%PDF-1.7 and so on")),
    Case("a picture of 101 MB", SEEN, 4, ("x.png", "larger than the 104,857,600 bytes"), prepare=hundred_megabytes),
    Case(
        "an image bomb",
        SEEN,
        4,
        ("60,000 × 60,000", "megapixels"),
        prepare=wrote("x.png", png(60_000, 60_000, pixels=b"")),
    ),
    Case("a folder", SEEN, 4, ("x.png", "folder"), prepare=lambda folder: (folder / "x.png").mkdir()),
    Case(
        "a format that is none", ("run", "m", "hello", "--format", "yaml"), 4, ("invalid format: yaml", "JSON Schema")
    ),
    Case(
        "a format that cannot be kept",
        ("run", "m", "hello", "--format", '{"type": "array", "uniqueItems": true}'),
        4,
        ("cannot keep to this format", "uniqueItems", "simpler"),
    ),
    Case("thinking of one that cannot", ("run", "m", "hello", "--think"), 4, ('"m:latest" does not support thinking',)),
    Case("no level of thinking", ("run", "m", "hello", "--think=much"), 2, ('"much"', "high, medium, low, or max")),
    Case("a silence without a unit", ("run", "--keepalive", "10", "m", "hello"), 2, ("'10' has no unit", "10s or 10m")),
    Case("an engine that is not there", (*ASKED, "--engine", "nope"), 9, ("nope", "no such engine", "llama-server")),
    Case("an engine that is a folder", (*ASKED, "--engine", "."), 9, ("folder", "llama-server")),
    Case(
        "Ollama's own form, and no folder for what it becomes",
        ("run", "inline", "hello"),
        7,
        ("inline:latest", "no folder for its translation", "HOME", "PACKLLAMA_DERIVED=store", "plain GGUF"),
        env={"HOME": None},
    ),
]

ENGINE = [
    Case("a processor without AVX2", ASKED, 9, ("processor lacks instructions", "--engine PATH"), {"signal": "SIGILL"}),
    Case("too little memory", ASKED, 9, ("ran out of memory", "smaller"), {"signal": "SIGKILL"}),
    Case("every port is taken", ASKED, 9, ("could not open its port", "try again"), {"busy_ports": 99}),
    Case(
        "a child that never loads",
        ASKED,
        9,
        ("no sign of life for 1 s", "Try again"),
        {"loading": True},
        {"OLLAMA_LOAD_TIMEOUT": "1s"},
    ),
    Case("an old engine", ASKED, 9, ("b8000", "too old", "newer llama-server"), {"build": "b8000-abc"}),
    Case("it answers garbage", ASKED, 9, ("not JSON",), {"ending": "garbage"}),
    Case("it answers a list", ASKED, 9, ("not a JSON object",), {"ending": "list"}),
    Case("a line without end", ASKED, 9, ("line of more than",), {"ending": "long"}),
    Case("it reports an error", ASKED, 9, ("the slot is on fire",), {"ending": "error"}),
    Case("it refuses", ASKED, 9, ("refused", "no such grammar"), {"refuse": "no such grammar"}),
    Case("it dies in the middle", ASKED, 9, ("crashed (SIGABRT)", "GGML_ASSERT"), {"ending": "crash"}),
    Case("it hangs up in the middle", ASKED, 9, ("breaks off",), {"ending": "cut"}),
    Case("it ends at once", ASKED, 9, ("status 3", "no such thing"), {"exit": 3, "stderr": "E no such thing\n"}),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a model, one that sees, one that makes vectors, and one in Ollama's own form."""
    folder = tmp_path_factory.mktemp("built")
    for name, fixtures in MODELS.items():
        (folder / name).write_text("".join(f"FROM {gguf_files.path(fixture)}\n" for fixture in fixtures))
        assert packllama("create", name, "-f", name, cwd=folder).returncode == 0
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A folder with a copy of that store."""
    shutil.copytree(built / "store", tmp_path / "store")
    return tmp_path


def assert_refused(case: Case, folder: Path, *args: str) -> None:
    before = snapshot(folder / "store")
    case.prepare(folder)
    done = packllama(*case.args, *args, cwd=folder, env=dict(case.env))
    assert done.returncode == case.exit, done.stderr
    assert done.stderr.count("Error: ") == 1
    assert "Traceback" not in done.stderr
    assert [word for word in case.words if word not in done.stderr] == [], done.stderr
    assert snapshot(folder / "store") == before
    assert processes_in(folder) == []


def processes_in(folder: Path) -> list[int]:
    """The processes whose working directory is ours, as an engine's and its supervisor's is."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("case", INPUT, ids=lambda case: case.name)
def test_input(case: Case, folder: Path, need_module: Callable[[str, str], None]) -> None:
    need_module("xllamacpp", "'packllama[engine]'")
    assert_refused(case, folder)


@pytest.mark.parametrize("case", ENGINE, ids=lambda case: case.name)
def test_engine(case: Case, folder: Path, scripted: Callable[..., Scripted]) -> None:
    double = scripted(**(case.double or {}))
    assert_refused(case, folder, "--engine", str(double.program))


OTHER_VERSION = {
    "a package that lacks what is needed": "class CommonParams:\n    pass\n",
    "a package without its library": "raise ImportError('libllama.so: cannot open shared object file')\n",
}


@pytest.mark.parametrize("source", OTHER_VERSION.values(), ids=OTHER_VERSION)
def test_an_engine_of_another_version(source: str, folder: Path) -> None:
    (folder / "xllamacpp.py").write_text(source)
    done = packllama(*ASKED, cwd=folder, env={"PYTHONPATH": str(folder)})
    assert done.returncode == 9
    assert "pip install -U 'packllama[engine]'" in done.stderr
    assert processes_in(folder) == []


def test_a_picture_for_a_model_without_eyes(folder: Path, scripted: Callable[..., Scripted]) -> None:
    """As in Ollama its path stays text; but that is said."""
    (folder / "x.png").write_bytes(RED)
    double = scripted(pieces=["x"], ending="stop")
    done = packllama("run", "m", "--engine", str(double.program), "What is in ./x.png?", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "x\n\n")
    assert done.stderr == "the model m:latest has no eyes, so './x.png' stays text\n"
    (body,) = double.bodies("/completion")
    assert "What is in ./x.png?" in body["prompt"]


def test_an_embedding_model_in_a_conversation(folder: Path) -> None:
    with Terminal("run", "vectors", cwd=folder) as terminal:
        assert terminal.wait_end() == 2
        assert "needs a text" in terminal.text
