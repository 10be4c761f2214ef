"""``packllama run`` from outside: what reaches the engine, what is printed, how it ends."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.make.make_tiny_gguf import REPLY
from tests.program import called, environment, packllama, snapshot
from tests.unit.engine.conftest import Scripted, scripted

__all__ = ["scripted"]  # a fixture of the engine's own tests

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/unit/modelfile/golden.Modelfile"
MODELFILE = """\
FROM model.gguf
SYSTEM Be brief & kind.
PARAMETER temperature 0
PARAMETER num_ctx 512
PARAMETER stop <end>
PARAMETER top_k 7
MESSAGE user Hello
MESSAGE assistant Hi there
"""


@pytest.fixture
def folder(tmp_path: Path, gguf: Callable[[str], Path]) -> Path:
    """A store with the model ``m``."""
    shutil.copyfile(gguf("tiny.gguf"), tmp_path / "model.gguf")
    (tmp_path / "Modelfile").write_text(MODELFILE)
    assert called("create", "m", cwd=tmp_path).returncode == 0
    return tmp_path


def test_what_reaches_the_engine(folder: Path, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["one ", "two"], ending="stop")
    done = packllama("run", "m", "--engine", str(double.program), "How", "are you?", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "one two\n\n"), done.stderr
    (sent,) = double.bodies("/completion")
    assert (sent["temperature"], sent["top_k"], sent["stop"], sent["top_p"]) == (0, 7, ["<end>"], 0.9)
    (start,) = double.starts
    assert start["argv"][start["argv"].index("--ctx-size") + 1] == "512"


def test_what_the_ggufs_own_template_is_given(
    tmp_path: Path, gguf: Callable[[str], Path], scripted: Callable[..., Scripted]
) -> None:
    double = scripted(pieces=["x"], ending="stop")
    (tmp_path / "Modelfile").write_text(f"FROM {gguf('tiny-jthink.gguf')}\n{STORED}")
    assert called("create", "m", cwd=tmp_path).returncode == 0
    done = packllama("run", "m", "--engine", str(double.program), "How", "are you?", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    turns = [
        {"role": "system", "content": "Be brief & kind."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi there"},
        {"role": "user", "content": "How are you?"},
    ]
    asked = {"messages": turns, "chat_template_kwargs": {"enable_thinking": True}}
    assert double.bodies("/apply-template") == [asked, asked]  # once to count its tokens
    assert [body["prompt"] for body in double.bodies("/completion")] == [
        "<system>Be brief & kind.<user>Hello<assistant>Hi there<user>How are you?"
    ]


TURNS = 'TEMPLATE """{{ range .Messages }}<{{ .Role }}>{{ .Content }}{{ end }}<bot>"""\n'
LEGACY = 'TEMPLATE """{{ if .System }}[{{ .System }}]{{ end }}<user>{{ .Prompt }}<bot>{{ .Response }}</bot>"""\n'
THINKS = (
    'TEMPLATE """{{ range .Messages }}<{{ .Role }}>{{ if .Thinking }}<t>{{ .Thinking }}</t>{{ end }}{{ .Content }}'
    '{{ end }}{{ .Think }}"""\n'
)
STORED = "SYSTEM Be brief & kind.\nMESSAGE user Hello\nMESSAGE assistant Hi there\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("weights", "lines", "prompt"),
    [
        ("tiny-plain.gguf", TURNS, "<user>How are you?<bot>"),
        (
            "tiny-plain.gguf",
            TURNS + STORED,
            "<system>Be brief & kind.<user>Hello<assistant>Hi there<user>How are you?<bot>",
        ),
        (
            "tiny-plain.gguf",
            LEGACY + STORED,
            "[Be brief & kind.]<user>Hello<bot>Hi there</bot><user>How are you?<bot>",
        ),
        (
            "tiny-plain.gguf",
            LEGACY + STORED.replace("there", "there, old friend") + "PARAMETER num_ctx 7\n",
            "[Be brief & kind.]<user>How are you?<bot>",
        ),
        ("tiny-plain.gguf", THINKS, "<user>How are you?true"),
        ("tiny-jinja.gguf", TURNS, "<user>How are you?<bot>"),
        ("tiny-jtools.gguf", TURNS, "<user>How are you?"),
        (
            "tiny-gemma3.gguf",
            GOLDEN.read_text()[GOLDEN.read_text().index("TEMPLATE") :] + "SYSTEM Be brief.\n",
            "<start_of_turn>user\nBe brief.<end_of_turn>\n"
            "<start_of_turn>user\nHow are you?<end_of_turn>\n<start_of_turn>model\n\n",
        ),
    ],
)
def test_the_prompt(
    weights: str,
    lines: str,
    prompt: str,
    tmp_path: Path,
    gguf: Callable[[str], Path],
    scripted: Callable[..., Scripted],
) -> None:
    """The double's own template is ``<role>content``, without an end."""
    double = scripted(pieces=["x"], ending="stop")
    (tmp_path / "Modelfile").write_text(f"FROM {gguf(weights)}\n{lines}")
    assert called("create", "m", cwd=tmp_path).returncode == 0
    done = packllama("run", "m", "--engine", str(double.program), "How", "are you?", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [body["prompt"] for body in double.bodies("/completion")] == [prompt]


def test_a_prompt_beyond_the_context_is_said_to_be(
    tmp_path: Path, gguf: Callable[[str], Path], scripted: Callable[..., Scripted]
) -> None:
    double = scripted(pieces=["x"], ending="stop")
    (tmp_path / "Modelfile").write_text(f"FROM {gguf('tiny-plain.gguf')}\n{TURNS}PARAMETER num_ctx 64\n")
    assert called("create", "m", cwd=tmp_path).returncode == 0
    done = packllama("run", "m", "--engine", str(double.program), "word " * 100, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "x\n\n")
    assert done.stderr.startswith("the prompt does not fit into the context of 64 tokens, so its middle is left out")
    # The double's tokens are the numbers of the words: 4 are kept, half of the other 60 are free.
    assert [body["prompt"] for body in double.bodies("/completion")] == [[*range(4), *range(101 - 30, 101)]]


@pytest.mark.slow
def test_the_users_choice_between_templates(
    tmp_path: Path, gguf: Callable[[str], Path], scripted: Callable[..., Scripted]
) -> None:
    double = scripted(pieces=["x"], ending="stop")
    (tmp_path / "Modelfile").write_text(f"FROM {gguf('tiny-jinja.gguf')}\n{TURNS}")
    assert called("create", "m", cwd=tmp_path).returncode == 0
    for wish in ("1", "0"):
        words = ("run", "m", "--engine", str(double.program), "Hi")
        assert packllama(*words, cwd=tmp_path, env={"OLLAMA_GO_TEMPLATE": wish}).returncode == 0
    assert [body["prompt"] for body in double.bodies("/completion")] == ["<user>Hi<bot>", "<user>Hi"]


@pytest.mark.parametrize(
    ("weights", "lines"), [("tiny-plain.gguf", "SYSTEM x\n"), ("tiny-jinja.gguf", "PARSER qwen3\n")]
)
def test_a_prompt_that_no_template_builds(
    weights: str, lines: str, tmp_path: Path, gguf: Callable[[str], Path], scripted: Callable[..., Scripted]
) -> None:
    double = scripted(pieces=["x"], ending="stop")
    (tmp_path / "Modelfile").write_text(f"FROM {gguf(weights)}\n{lines}")
    assert called("create", "m", cwd=tmp_path).returncode == 0
    done = packllama("run", "m", "--engine", str(double.program), "Hi", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "x\n\n")
    assert done.stderr == "this model has no template to build a prompt with, so yours goes in as it is\n"
    assert [body["prompt"] for body in double.bodies("/completion")] == ["Hi"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "status", "sentence"),
    [
        ("RENDERER gemma4", 9, "not supported yet: gemma4"),
        ("TEMPLATE {{ .Response.Deep }}", 4, "can't evaluate field Deep"),
        ("TEMPLATE {{ .Response.Deep }}", 4, "Error: m:latest: template: "),
        ("TEMPLATE {{ .Response.Deep }}", 4, "packllama show --template m:latest"),
    ],
)
def test_a_prompt_that_cannot_be_built(
    line: str,
    status: int,
    sentence: str,
    tmp_path: Path,
    gguf: Callable[[str], Path],
    scripted: Callable[..., Scripted],
) -> None:
    double = scripted(pieces=["x"], ending="stop")
    (tmp_path / "Modelfile").write_text(f"FROM {gguf('tiny-plain.gguf')}\n{line}\n")
    assert called("create", "m", cwd=tmp_path).returncode == 0
    done = packllama("run", "m", "--engine", str(double.program), "Hi", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert sentence in done.stderr
    assert double.bodies("/completion") == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "stdin", "prompt"),
    [((), "piped\n", "piped\n"), (("and", "said"), "piped\n", "piped\n and said"), (("said",), "", "said")],
)
def test_piped_text_stands_first(
    words: tuple[str, ...], stdin: str, prompt: str, folder: Path, scripted: Callable[..., Scripted]
) -> None:
    double = scripted(pieces=["x"], ending="stop")
    done = packllama("run", "--engine", str(double.program), "m", *words, cwd=folder, stdin=stdin)
    assert done.returncode == 0, done.stderr
    (sent,) = double.bodies("/completion")
    assert sent["prompt"].endswith(f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n")


def test_nothing_asked_only_loads(folder: Path, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["x"], ending="stop")
    done = packllama("run", "--engine", str(double.program), "m", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert double.bodies("/completion") == []


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_in_the_middle_of_an_answer(
    number: signal.Signals, status: int, folder: Path, scripted: Callable[..., Scripted]
) -> None:
    double = scripted(pieces=["half an answer"], ending="hang")
    process = subprocess.Popen(
        [sys.executable, "-m", "packllama", "run", "--engine", str(double.program), "m", "hello"],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.read(len("half an answer")) == "half an answer"
    began = time.monotonic()
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    seconds = time.monotonic() - began
    assert process.returncode == status
    assert stderr.endswith("Error: stopped\n")
    assert seconds < 1.5, "a second, and a little for a busy machine"


def test_a_damaged_model_ends_in_a_sentence(folder: Path, need_module: Callable[[str, str], None]) -> None:
    """The header is sound, the vocabulary is not what the engine expects: the engine refuses, we say so."""
    need_module("xllamacpp", "'packllama[engine]'")
    manifest = json.loads(next((folder / "store/manifests").rglob("latest")).read_bytes())
    blob = folder / "store/blobs" / manifest["layers"][0]["digest"].replace(":", "-")
    damaged = blob.read_bytes().replace(b"tokenizer.ggml.tokens", b"tokenizer.ggml.t0kens")
    blob.write_bytes(damaged)
    done = packllama("run", "m", "hello", cwd=folder)
    assert done.returncode == 9, done.stderr
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_cut_blob_is_found_before_the_engine_sees_it(folder: Path) -> None:
    manifest = json.loads(next((folder / "store/manifests").rglob("latest")).read_bytes())
    blob = folder / "store/blobs" / manifest["layers"][0]["digest"].replace(":", "-")
    blob.write_bytes(blob.read_bytes()[:1000])
    done = packllama("run", "m", "hello", cwd=folder)
    assert done.returncode == 5
    assert "expected a file of" in done.stderr


READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def test_a_store_that_cannot_be_written_is_enough(
    folder: Path, need_program: Callable[[str, str], str], need_module: Callable[[str, str], None]
) -> None:
    need_module("xllamacpp", "'packllama[engine]'")
    unshare = need_program("unshare", "util-linux")
    wrapper = (unshare, "--user", "--map-root-user", "--mount", "sh", "-c", READ_ONLY, str(folder / "store"))
    before = snapshot(folder / "store")
    done = packllama("run", "m", "hello", cwd=folder, before=wrapper)
    assert (done.returncode, done.stdout) == (0, f"{REPLY}\n\n"), done.stderr
    assert snapshot(folder / "store") == before


@pytest.mark.slow
def test_the_golden_modelfile(
    tmp_path: Path, gguf: Callable[[str], Path], need_module: Callable[[str, str], None]
) -> None:
    """Two FROMs and a TEMPLATE: built with the published digests, listed, shown, and it answers."""
    need_module("xllamacpp", "'packllama[engine]'")
    shutil.copyfile(gguf("tiny-gemma3.gguf"), tmp_path / "gemma-3-12b-it-q4_0.gguf")
    shutil.copyfile(gguf("tiny-mmproj.gguf"), tmp_path / "mmproj-google_gemma-3-12b-it-qat-f16.gguf")
    shutil.copyfile(GOLDEN, tmp_path / "Modelfile")
    created = packllama("create", "gemma3:12b-it-qat", "--json", cwd=tmp_path)
    assert (created.returncode, created.stderr) == (0, "")
    document = json.loads(created.stdout)
    assert document["warnings"] == []
    kinds = [(layer["type"], layer["size"], layer["digest"]) for layer in document["layers"]]
    assert [kind for kind, _, _ in kinds] == ["model", "projector", "template", "params"]
    assert kinds[2][1:] == (359, "sha256:5be6630b666f007a127a456fb3958da5fbd7cf547204188bc4690fedc837af0b")
    assert kinds[3][1:] == (77, "sha256:3116c52250752e00dd06b16382e952bd33c34fd79fc4fe3a5d2c77cf7de1b14b")
    shown = packllama("show", "gemma3:12b-it-qat", cwd=tmp_path)
    assert "vision" in shown.stdout
    ran = packllama("run", "gemma3:12b-it-qat", "hello", "--json", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["response"]
    assert ran.stderr == ""


@pytest.mark.slow
def test_the_golden_shape_looks_at_pictures(
    tmp_path: Path, gguf: Callable[[str], Path], need_module: Callable[[str, str], None]
) -> None:
    """Two FROMs and the published template: two pictures get two different, right answers, each kind of file does."""
    need_module("xllamacpp", "'packllama[engine]'")
    need_module("PIL", "'packllama[engine]'")
    from PIL import Image

    shutil.copyfile(gguf("tiny-gemma3.gguf"), tmp_path / "gemma-3-12b-it-q4_0.gguf")
    shutil.copyfile(gguf("tiny-mmproj.gguf"), tmp_path / "mmproj-google_gemma-3-12b-it-qat-f16.gguf")
    (tmp_path / "Modelfile").write_text(GOLDEN.read_text().replace("temperature 1", "temperature 0"))
    assert packllama("create", "gemma3", cwd=tmp_path).returncode == 0
    for colour, name in (("red", "one.png"), ("blue", "my picture.jpg"), ("lime", "three.WEBP")):
        Image.new("RGB", (56, 56), colour).save(tmp_path / name)
    for question, answer in (
        ("What is in ./one.png?", "The picture is red."),
        ("What is in './my picture.jpg'?", "The picture is blue."),
        (r"What is in ./my\ picture.jpg?", "The picture is blue."),
        ("./three.WEBP", "The picture is green."),
        ("Is ./one.png the same as ./one.png?", "The picture is red."),
        ("What is in ./none.png?", REPLY),
    ):
        ran = packllama("run", "gemma3", question, cwd=tmp_path)
        assert (ran.returncode, ran.stdout) == (0, f"{answer}\n\n"), ran.stderr
        assert ran.stderr.count("Added image '") == question.count("./") - question.count("none"), ran.stderr
