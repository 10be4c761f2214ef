"""What an engine is started with: its whole command line, its whole environment."""

import json
from pathlib import Path
from typing import Any

import pytest

from packllama.base.errors import EngineMissing, NotSupported
from packllama.engine import LoadOptions, command

ENVIRON = {
    "PATH": "/bin",
    "HOME": "/h",
    "LANG": "C",
    "CUDA_VISIBLE_DEVICES": "0",
    "GGML_VK_VISIBLE_DEVICES": "1",
    "LLAMA_ARG_HOST": "0.0.0.0",
    "LLAMA_API_KEY": "old",
    "HTTPS_PROXY": "http://p",
    "PYTHONPATH": "/evil",
    "LD_PRELOAD": "/evil.so",
    "AWS_SECRET_ACCESS_KEY": "s",
    "OLLAMA_HOST": "x",
}
KEPT = {
    "PATH": "/bin",
    "HOME": "/h",
    "LANG": "C",
    "CUDA_VISIBLE_DEVICES": "0",
    "GGML_VK_VISIBLE_DEVICES": "1",
    "GGML_NO_BACKTRACE": "1",
}
ALWAYS = ["--fit", "off", "--no-webui", "--no-slots", "--no-warmup", "--offline", "--cache-ram", "0"]
SHIFT = ["--context-shift"]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "llama-server"
    path.touch(0o755)
    return path


def order(program: Path, load: LoadOptions) -> command.Order:
    return command.llama_server(program, load, key="secret", port=1234, environ=ENVIRON)


@pytest.mark.parametrize(
    ("load", "context", "batch", "more"),
    [
        (LoadOptions(Path("/m")), "4096", "512", SHIFT),
        (LoadOptions(Path("/m"), num_ctx=100, num_batch=64), "100", "64", SHIFT),
        (
            LoadOptions(Path("/m"), (Path("/p"),), (Path("/a"), Path("/b")), num_gpu=0, main_gpu=1, num_thread=3),
            "4096",
            "512",
            ["--n-gpu-layers", "0", "--main-gpu", "1", "--threads", "3", "--mmproj", "/p", "--lora", "/a,/b", *SHIFT],
        ),
        (LoadOptions(Path("/m"), num_gpu=-1, num_thread=0), "4096", "512", SHIFT),
        (LoadOptions(Path("/m"), embedding=True, num_ctx=256, num_batch=64), "256", "256", ["--embeddings"]),
        (LoadOptions(Path("/m"), draft=Path("/d")), "4096", "512", [*SHIFT, "--model-draft", "/d"]),
        (LoadOptions(Path("/m"), draft=Path("/d"), draft_num_predict=0), "4096", "512", SHIFT),
        (LoadOptions(Path("/m"), draft_num_predict=8), "4096", "512", SHIFT),
    ],
)
def test_command_line(program: Path, load: LoadOptions, context: str, batch: str, more: list[str]) -> None:
    assert list(order(program, load).command) == [
        *(str(program), "--model", "/m", "--host", "127.0.0.1", "--port", "1234"),
        *("--ctx-size", context, "--parallel", "1", "--batch-size", batch, "--ubatch-size", batch),
        *ALWAYS,
        *more,
    ]


def test_environment_is_an_allow_list(program: Path) -> None:
    assert order(program, LoadOptions(Path("/m"))).env == KEPT | {"LLAMA_API_KEY": "secret"}


@pytest.mark.parametrize(("use", "mode"), [(True, "mmap"), (False, "none"), (None, None)])
def test_mmap_goes_by_the_environment(program: Path, use: bool | None, mode: str | None) -> None:
    assert order(program, LoadOptions(Path("/m"), use_mmap=use)).env.get("LLAMA_ARG_LOAD_MODE") == mode


@pytest.mark.parametrize(("asked", "count"), [(None, "4"), (7, "7")])
def test_drafting_goes_by_the_environment(program: Path, asked: int | None, count: str) -> None:
    load = LoadOptions(Path("/m"), draft=Path("/d"), draft_num_predict=asked)
    assert order(program, load).env == KEPT | {
        "LLAMA_API_KEY": "secret",
        "LLAMA_ARG_SPEC_TYPE": "draft-simple",
        "LLAMA_ARG_SPEC_DRAFT_N_MAX": count,
        "LLAMA_ARG_DRAFT_MAX": count,
    }


@pytest.mark.parametrize(
    "load",
    [LoadOptions(Path("/m"), draft_num_predict=7), LoadOptions(Path("/m"), draft=Path("/d"), draft_num_predict=0)],
)
def test_nothing_is_drafted(program: Path, load: LoadOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert order(program, load).env == KEPT | {"LLAMA_API_KEY": "secret"}
    assert "speculative.draft.n_max" not in settings(load)["params"]


def settings(load: LoadOptions) -> dict[str, Any]:
    """What the package's engine is told."""
    made = command.xllamacpp(load, key="secret", environ=ENVIRON)
    assert made.input is not None
    found: dict[str, Any] = json.loads(made.input)
    return found


DEFAULTS = {"n_ctx": 4096, "n_batch": 512, "n_ubatch": 512, "n_gpu_layers": -1, "main_gpu": 0}


@pytest.mark.parametrize(
    ("load", "params"),
    [
        (LoadOptions(Path("/m")), DEFAULTS | {"cpuparams.n_threads": -1, "ctx_shift": True, "embedding": False}),
        (
            LoadOptions(Path("/m"), num_ctx=100, num_batch=64, num_gpu=9, main_gpu=1, num_thread=3),
            {"n_ctx": 100, "n_batch": 64, "n_ubatch": 64, "n_gpu_layers": 9, "main_gpu": 1, "cpuparams.n_threads": 3},
        ),
        (
            LoadOptions(Path("/m"), embedding=True, num_ctx=256, num_batch=64),
            {"n_ctx": 256, "n_batch": 256, "n_ubatch": 256, "ctx_shift": False, "embedding": True},
        ),
        (LoadOptions(Path("/m"), (Path("/p"),)), {"mmproj.path": "/p"}),
        (
            LoadOptions(Path("/m"), draft=Path("/d"), draft_num_predict=7),
            {"speculative.draft.mparams.path": "/d", "speculative.draft.n_max": 7},
        ),
    ],
)
def test_settings_of_xllamacpp(load: LoadOptions, params: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    found = settings(load)["params"]
    assert {name: found[name] for name in params} == params


@pytest.mark.parametrize("use", [True, False, None])
def test_mmap_and_adapters_of_xllamacpp(use: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    found = settings(LoadOptions(Path("/m"), adapters=(Path("/a"), Path("/b")), use_mmap=use))
    assert (found["use_mmap"], found["adapters"]) == (use, ["/a", "/b"])


def test_xllamacpp_gets_its_key_by_the_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    made = command.xllamacpp(LoadOptions(Path("/m"), num_gpu=0), key="secret", environ=ENVIRON)
    assert made.env == KEPT
    assert "secret" not in "".join(made.command)
    assert made.input is not None
    settings = json.loads(made.input)
    assert settings["params"]["api_keys"] == ["secret"]
    assert settings["params"]["hostnames"] == ["127.0.0.1"]
    assert settings["params"]["port"] == 0
    off = ("ui", "fit_params", "endpoint_slots", "warmup")
    assert {name: settings["params"][name] for name in off} == dict.fromkeys(off, False)


def test_xllamacpp_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineMissing) as caught:
        command.xllamacpp(LoadOptions(Path("/m")), key="k", environ={})
    assert "pip install 'packllama[engine]'" in caught.value.hint
    assert "--engine PATH" in caught.value.hint


def test_program_that_cannot_be_run(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch(0o644)
    for path, sentence in (
        (tmp_path / "nothing", "there is no such engine"),
        (tmp_path, "the engine is a folder"),
        (plain, "the engine may not be run"),
    ):
        with pytest.raises(EngineMissing) as caught:
            order(path, LoadOptions(Path("/m")))
        assert caught.value.message == sentence
        assert caught.value.where == str(path)


def test_what_the_engine_cannot_take(program: Path) -> None:
    with pytest.raises(NotSupported, match="2 projectors"):
        order(program, LoadOptions(Path("/m"), (Path("/p"), Path("/q"))))
    with pytest.raises(NotSupported, match="comma"):
        order(program, LoadOptions(Path("/m"), adapters=(Path("/a,b"),)))


def test_inside_an_archive_the_scripts_run_from_their_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "__file__", "/no/such/packllama.pyz/packllama/engine/command.py")
    assert command.python("supervisor.py")[-2] == "-c"
    assert "def watch_owner" in command.python("supervisor.py")[-1]
