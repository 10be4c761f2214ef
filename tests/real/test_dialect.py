"""A model in Ollama's own form of GGUF, run: translated once, it answers as the plain pair it was made from."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.observer import SilentObserver
from packllama.base.stop import Stop
from packllama.dialect import Derived
from packllama.engine import loaded
from packllama.name import ModelName
from packllama.places.store import Store
from tests.fixtures import dialects
from tests.fixtures.make.make_tiny_gguf import REPLY
from tests.program import environment, packllama, snapshot
from tests.unit.engine.conftest import Scripted, scripted

__all__ = ["scripted"]  # a fixture of the engine's own tests

pytestmark = pytest.mark.slow

PARAMETERS = 'PARAMETER temperature 0\nTEMPLATE """{{ .Prompt }}"""\n'
INLINE = "tiny-gemma3-inline.gguf"
MAKING = "translating Gemma 3 for llama.cpp, once: "


@pytest.fixture
def folder(
    tmp_path: Path,
    gguf: Callable[[str], Path],
    need_module: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A store with the model ``plain`` and its twin ``own``, and two pictures."""
    need_module("xllamacpp", "'packllama[engine]'")
    need_module("PIL", "'packllama[engine]'")
    from PIL import Image

    for name, lines in (
        ("plain", f"FROM {gguf('tiny-gemma3.gguf')}\nFROM {gguf('tiny-mmproj.gguf')}\n"),
        ("own", f"FROM {gguf(INLINE)}\n"),
    ):
        (tmp_path / "Modelfile").write_text(lines + PARAMETERS)
        assert packllama("create", name, cwd=tmp_path).returncode == 0
    for colour in ("red", "blue"):
        Image.new("RGB", (56, 56), colour).save(tmp_path / f"{colour}.png")
    return tmp_path


def derived(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / ".cache/packllama/derived").glob("*/*.gguf"))


def test_it_answers_as_the_plain_pair(folder: Path) -> None:
    before = snapshot(folder / "store")
    for question, answer in (
        ("What is in ./red.png?", "The picture is red."),
        ("What is in ./blue.png?", "The picture is blue."),
        ("hello", REPLY),
    ):
        documents = []
        for name in ("plain", "own"):
            ran = packllama("run", name, question, "--json", cwd=folder)
            assert ran.returncode == 0, ran.stderr
            documents.append(json.loads(ran.stdout))
        plain, own = documents
        assert plain["response"] == own["response"] == answer
        assert plain["prompt_eval_count"] == own["prompt_eval_count"]
    assert snapshot(folder / "store") == before
    assert derived(folder) == ["projector.gguf", "text.gguf"]


def test_it_is_translated_once_and_said(folder: Path) -> None:
    first = packllama("run", "own", "hello", cwd=folder)
    assert (first.returncode, first.stdout) == (0, f"{REPLY}\n\n")
    assert first.stderr.startswith(MAKING)
    again = packllama("run", "own", "hello", cwd=folder)
    assert (again.returncode, again.stdout, again.stderr) == (0, f"{REPLY}\n\n", "")
    proved = packllama("prove", "own", cwd=folder)
    assert (proved.returncode, proved.stderr) == (0, ""), proved.stdout


def test_what_is_done_is_told(folder: Path) -> None:
    class Heard(SilentObserver):
        def __init__(self) -> None:
            self.doing: list[str] = []

        def began(self, doing: str) -> None:
            self.doing.append(doing)

    derived, told = Derived(folder / "derived", limit=1 << 30), []
    for _ in range(2):
        heard = Heard()
        with loaded(Store(folder / "store"), ModelName.parse("own"), derived=derived, observer=heard, stop=Stop()):
            told.append(heard.doing)
    assert told == [["translating Gemma 3", "trying Gemma 3", "loading own:latest"], ["loading own:latest"]]


def test_a_cache_that_can_only_be_read(folder: Path, need_program: Callable[[str, str], str]) -> None:
    unshare = need_program("unshare", "util-linux")
    cache = folder / ".cache"
    cache.mkdir()
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    wrapper = (unshare, "--user", "--map-root-user", "--mount", "sh", "-c", script, str(cache))
    ran = packllama("run", "own", "hello", cwd=folder, before=wrapper)
    assert (ran.returncode, ran.stdout) == (7, "")
    assert "read-only" in ran.stderr.lower()
    assert packllama("run", "own", "hello", cwd=folder).returncode == 0
    ran = packllama("run", "own", "hello", cwd=folder, before=wrapper)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{REPLY}\n\n", "")


def test_a_damaged_blob_is_not_translated(folder: Path) -> None:
    (blob,) = (path for path in (folder / "store/blobs").iterdir() if b"v.patch_embedding" in path.read_bytes())
    sound = blob.read_bytes()
    blob.chmod(0o644)
    blob.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    ran = packllama("run", "own", "hello", cwd=folder)
    assert (ran.returncode, ran.stdout, derived(folder)) == (5, "", [])
    blob.write_bytes(sound)
    ran = packllama("run", "own", "hello", cwd=folder)
    assert (ran.returncode, ran.stdout) == (0, f"{REPLY}\n\n"), ran.stderr


def test_it_can_be_kept_in_the_store(folder: Path) -> None:
    ran = packllama("run", "own", "hello", cwd=folder, env={"PACKLLAMA_DERIVED": "store"})
    assert (ran.returncode, ran.stdout) == (0, f"{REPLY}\n\n"), ran.stderr
    assert derived(folder) == []
    assert len(list((folder / "store/.packllama/derived").glob("*/*.gguf"))) == 2
    assert packllama("verify", cwd=folder).returncode == 0


def test_the_limit_is_heard(folder: Path, gguf: Callable[[str], Path]) -> None:
    """Another file of that form takes the place of the first."""
    changed = gguf(INLINE).read_bytes()
    (folder / "other.gguf").write_bytes(changed + bytes(32))
    (folder / "Modelfile").write_text("FROM other.gguf\n" + PARAMETERS)
    assert packllama("create", "other", cwd=folder).returncode == 0
    for name in ("own", "other"):
        assert packllama("run", name, "hello", cwd=folder, env={"PACKLLAMA_DERIVED_LIMIT": "1KB"}).returncode == 0
    assert derived(folder) == ["projector.gguf", "text.gguf"]
    assert packllama("run", "own", "hello", cwd=folder).stderr.startswith(MAKING)


def test_ollamas_engine_gets_the_one_file(folder: Path, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["x"], ending="stop")
    ran = packllama("run", "own", "--engine", str(double.program), "hello", cwd=folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    (start,) = double.starts
    words = start["argv"]
    assert words[words.index("--model") + 1] == words[words.index("--mmproj") + 1]
    assert "/blobs/sha256-" in words[words.index("--model") + 1]
    assert derived(folder) == []


def test_files_that_the_engine_refuses_are_not_kept(folder: Path, gguf: Callable[[str], Path]) -> None:
    """The header is sound and whole, but the engine wants the text part otherwise."""
    data = gguf(INLINE).read_bytes()
    (folder / "odd.gguf").write_bytes(data.replace(b"blk.1.attn_q_norm.weight", b"blk.1.attn_x_norm.weight"))
    (folder / "Modelfile").write_text("FROM odd.gguf\n" + PARAMETERS)
    assert packllama("create", "odd", cwd=folder).returncode == 0
    ran = packllama("run", "odd", "hello", cwd=folder)
    assert (ran.returncode, ran.stdout) == (9, "")
    error = ran.stderr.partition("Error: ")[2]
    assert error.startswith("odd:latest: what Gemma 3 was translated into does not work, so it is not kept: ")
    assert "attn_q_norm" in error
    assert "plain GGUF" in error
    assert derived(folder) == []


def test_one_that_cannot_be_translated_is_refused_by_name(folder: Path) -> None:
    from tests.unit.gguf.builder import gguf as built
    from tests.unit.gguf.builder import string, tensor

    (folder / "glm.gguf").write_bytes(built([string("general.architecture", "glmocr")], [tensor("x")], data=32))
    (folder / "Modelfile").write_text("FROM glm.gguf\n" + PARAMETERS)
    assert packllama("create", "glm", cwd=folder).returncode == 0
    ran = packllama("run", "glm", "hello", cwd=folder)
    assert (ran.returncode, ran.stdout) == (4, "")
    assert "glm:latest: this is GLM-OCR in Ollama's own form of GGUF" in ran.stderr
    assert "--engine" in ran.stderr


def test_one_that_cannot_be_prompted_is_not_translated(folder: Path, gguf: Callable[[str], Path]) -> None:
    (folder / "Modelfile").write_text(f"FROM {gguf(INLINE)}\nRENDERER gemma4\n")
    assert packllama("create", "rendered", cwd=folder).returncode == 0
    ran = packllama("run", "rendered", "hello", cwd=folder)
    assert (ran.returncode, ran.stdout) == (9, "")
    assert "translating" not in ran.stderr
    assert derived(folder) == []


def test_an_experimental_one_says_so(folder: Path) -> None:
    dialects.make("qwen25vl", folder / "qwen.gguf")
    (folder / "Modelfile").write_text("FROM qwen.gguf\nPARAMETER num_predict 2\n" + PARAMETERS)
    assert packllama("create", "qwen", cwd=folder).returncode == 0
    for said in ("translating Qwen2.5-VL", "The translation of Qwen2.5-VL is experimental: "):
        ran = packllama("run", "qwen", "./red.png hello", cwd=folder)
        assert ran.returncode == 0, ran.stderr
        added, first, *more = ran.stderr.splitlines()
        assert added == "Added image './red.png'"
        assert first.startswith(said)
        assert len(more) == (1 if said.startswith("translating") else 0)
    assert "experimental" in packllama("inspect", "qwen.gguf", cwd=folder).stdout
    assert "experimental" in packllama("show", "qwen", cwd=folder).stderr
    for words in (("inspect", "qwen.gguf"), ("show", "qwen")):
        document = json.loads(packllama(*words, "--json", cwd=folder).stdout)
        assert [document[key] for key in ("dialect", "translated", "experimental")] == ["qwen25vl", True, True]


def test_a_projector_alone(folder: Path, gguf: Callable[[str], Path]) -> None:
    dialects.make("llava-projector", folder / "mmproj.gguf")
    (folder / "Modelfile").write_text(f"FROM {gguf('tiny.gguf')}\nFROM mmproj.gguf\n" + PARAMETERS)
    assert packllama("create", "llava", cwd=folder).returncode == 0
    # A picture without a word, too.
    for question in ("./red.png hello", "./red.png"):
        ran = packllama("run", "llava", question, cwd=folder)
        assert ran.returncode == 0, ran.stderr
    assert "The translation of a LLaVA projector is experimental" in ran.stderr
    assert derived(folder) == ["projector.gguf"]


def test_a_draft(folder: Path, gguf: Callable[[str], Path]) -> None:
    """The model that guesses may be in that form too."""
    (folder / "Modelfile").write_text(f"FROM {gguf('tiny-gemma3.gguf')}\nDRAFT {gguf(INLINE)}\n" + PARAMETERS)
    assert packllama("create", "guessing", cwd=folder).returncode == 0
    ran = packllama("run", "guessing", "hello", cwd=folder)
    assert (ran.returncode, ran.stdout) == (0, f"{REPLY}\n\n"), ran.stderr
    assert ran.stderr.startswith(MAKING)


def test_eyes_that_cannot_be_translated(folder: Path) -> None:
    """Its text runs, and it is said that it takes no pictures."""
    dialects.make("mistral3", folder / "blind.gguf")
    (folder / "Modelfile").write_text("FROM blind.gguf\nPARAMETER num_predict 2\n" + PARAMETERS)
    assert packllama("create", "blind", cwd=folder).returncode == 0
    ran = packllama("run", "blind", "./red.png hello", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert "the model blind:latest has no eyes, so './red.png' stays text" in ran.stderr
    assert "the eyes of Mistral 3 cannot be translated yet" in ran.stderr


def test_a_full_disk(folder: Path, need_program: Callable[[str, str], str]) -> None:
    unshare = need_program("unshare", "util-linux")
    cache = folder / "small"
    cache.mkdir()
    script = 'mount -t tmpfs -o size=300k none "$0" && "$@"; status=$?; find "$0" -name "*.gguf*"; exit $status'
    wrapper = (unshare, "--user", "--map-root-user", "--mount", "sh", "-c", script, str(cache))
    ran = packllama("run", "own", "hello", cwd=folder, before=wrapper, env={"XDG_CACHE_HOME": str(cache)})
    assert (ran.returncode, ran.stdout) == (7, "")
    assert "the translation needs 34 MB" in ran.stderr
    assert "XDG_CACHE_HOME" in ran.stderr


def test_without_a_home_it_says_where_it_could_be_kept(folder: Path) -> None:
    ran = packllama("run", "own", "hello", cwd=folder, env={"HOME": None})
    assert (ran.returncode, ran.stdout) == (7, "")
    assert "PACKLLAMA_DERIVED=store" in ran.stderr


def test_killed_while_it_is_tried(folder: Path) -> None:
    """What a killed run left is cleared away by the next one, which makes it anew."""
    command = [sys.executable, "-m", "packllama", "run", "own", "hello"]
    place = folder / ".cache/packllama/derived"
    with subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert process.stderr.readline().startswith(MAKING)
        process.send_signal(signal.SIGKILL)
    assert not [path for path in place.glob("*") if path.name != "locks" and path.suffix != ".part"]
    ran = packllama("run", "own", "hello", cwd=folder)
    assert (ran.returncode, ran.stdout) == (0, f"{REPLY}\n\n"), ran.stderr
    assert ran.stderr.startswith(MAKING)
    assert list(place.glob("*.part")) == []


def test_two_at_once(folder: Path) -> None:
    command = [sys.executable, "-m", "packllama", "run", "own", "hello"]
    both = [
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = []
    for process in both:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, f"{REPLY}\n\n"), err
        told.append(err)
    assert sum(MAKING in err for err in told) == 1
    assert derived(folder) == ["projector.gguf", "text.gguf"]
