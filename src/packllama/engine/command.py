"""From load options to what an engine is started with: command line, environment, settings.

Both roads get the same settings; ``ENVIRONMENT`` is the whole of what an engine inherits. It starts
nothing and looks at no file but the engine's own.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pkgutil import get_data

from packllama.base.errors import EngineFailed, EngineMissing, NotSupported
from packllama.engine.options import LoadOptions

HOST = "127.0.0.1"

# Variables an engine may see. LLAMA_ARG_* would change its settings behind our back, proxies and tokens
# are none of its business.
ENVIRONMENT = frozenset(
    {
        *("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "WINDIR", "USERPROFILE", "APPDATA", "LOCALAPPDATA"),
        *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_PATH", "NVIDIA_VISIBLE_DEVICES"),
        *("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "HSA_OVERRIDE_GFX_VERSION"),
        *("GGML_VK_VISIBLE_DEVICES", "VK_ICD_FILENAMES", "VK_DRIVER_FILES", "ONEAPI_DEVICE_SELECTOR"),
        *("OMP_NUM_THREADS", "OMP_PROC_BIND"),
    }
)
# llama.cpp would start a debugger on itself when it aborts.
_ALWAYS = {"GGML_NO_BACKTRACE": "1"}


@dataclass(frozen=True, slots=True)
class Order:
    """What the supervisor is told to start. ``port`` is known beforehand for llama-server only."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    input: str | None = None
    port: int | None = None

    def line(self) -> bytes:
        order = {"command": self.command, "env": dict(self.env), "input": self.input}
        return json.dumps(order).encode() + b"\n"


def allowed(environ: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that an engine inherits."""
    return {name: value for name, value in environ.items() if name.upper() in ENVIRONMENT} | _ALWAYS


def python(script: str) -> tuple[str, ...]:
    """The command that runs one of this room's stand-alone files.

    Isolated and without ``site``: it starts in a third of the time, and no variable or ``.pth`` changes it.
    """
    path = Path(__file__).with_name(script)
    if path.is_file():
        return (sys.executable, "-I", "-S", str(path))
    source = get_data(__package__, script)  # inside a .pyz
    if source is None:
        raise EngineFailed(f"packllama's own file {script} is missing", hint="Install packllama again.")
    return (sys.executable, "-I", "-S", "-c", source.decode())


def check_package() -> None:
    """Raises: EngineMissing, when xllamacpp is not installed."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise EngineMissing(
            "no engine is installed: the package xllamacpp is missing",
            hint="pip install 'packllama[engine]', or give a llama-server program with --engine PATH.",
        )


def package_version() -> str:
    """Which xllamacpp is installed; empty when it does not tell."""
    from importlib import metadata  # noqa: PLC0415 - slow to import, and needed only for what is rare

    try:
        return metadata.version("xllamacpp")
    except metadata.PackageNotFoundError:
        return ""


def xllamacpp(load: LoadOptions, *, key: str, environ: Mapping[str, str]) -> Order:
    """Raises: EngineMissing, when the package is not installed; NotSupported."""
    check_package()
    params: dict[str, object] = {
        "model.path": str(load.model.absolute()),
        "hostnames": [HOST],
        "port": 0,
        "api_keys": [key],
        "n_ctx": load.context,
        "n_batch": load.batch,
        "n_ubatch": load.batch,
        "n_gpu_layers": -1 if load.num_gpu is None else load.num_gpu,
        "main_gpu": load.main_gpu or 0,
        "cpuparams.n_threads": load.num_thread if load.num_thread and load.num_thread > 0 else -1,
        "n_parallel": 1,
        "ui": False,
        "fit_params": False,
        "endpoint_slots": False,
        "warmup": False,
        "offline": True,
        # Up to 8 GiB of old conversations otherwise.
        "cache_ram_mib": 0,
        "sleep_idle_seconds": -1,
        # A full context loses its oldest part, as in Ollama, and not the rest of the answer.
        "ctx_shift": not load.embedding,
        "embedding": load.embedding,
    }
    if load.draft is not None and load.drafted:
        params["speculative.draft.mparams.path"] = str(load.draft.absolute())
        params["speculative.draft.n_max"] = load.drafted
    for projector in _at_most_one(load.projectors):
        params["mmproj.path"] = str(projector.absolute())
    settings = {
        "path": [str(Path(entry).absolute()) for entry in sys.path],
        "params": params,
        "adapters": [str(path.absolute()) for path in load.adapters],
        "use_mmap": load.use_mmap,
    }
    return Order(python("child.py"), allowed(environ), json.dumps(settings))


def llama_server(program: Path, load: LoadOptions, *, key: str, port: int, environ: Mapping[str, str]) -> Order:
    """Raises: EngineMissing, when the program is not there or cannot be run; NotSupported."""
    check_program(program)
    words = [
        *(str(program.absolute()), "--model", str(load.model.absolute())),
        *("--host", HOST, "--port", str(port)),
        *("--ctx-size", str(load.context), "--parallel", "1"),
        *("--batch-size", str(load.batch), "--ubatch-size", str(load.batch)),
        # --no-webui is the name that old and new programs both know.
        *("--fit", "off", "--no-webui", "--no-slots", "--no-warmup", "--offline", "--cache-ram", "0"),
    ]
    if load.num_gpu is not None and load.num_gpu >= 0:
        words += ["--n-gpu-layers", str(load.num_gpu)]
    if load.main_gpu is not None:
        words += ["--main-gpu", str(load.main_gpu)]
    if load.num_thread is not None and load.num_thread > 0:
        words += ["--threads", str(load.num_thread)]
    for projector in _at_most_one(load.projectors):
        words += ["--mmproj", str(projector.absolute())]
    if load.adapters:
        words += ["--lora", _comma_list(load.adapters)]
    words += ["--embeddings"] if load.embedding else ["--context-shift"]
    if load.draft is not None and load.drafted:
        words += ["--model-draft", str(load.draft.absolute())]
    env = allowed(environ) | {"LLAMA_API_KEY": key} | _mmap(load.use_mmap) | _draft(load.drafted)
    return Order(tuple(words), env, port=port)


def _mmap(use: bool | None) -> dict[str, str]:
    # The flags were renamed in 2026, and an unknown flag is fatal. An unknown variable is not.
    if use is None:
        return {}
    if use:
        return {"LLAMA_ARG_LOAD_MODE": "mmap", "LLAMA_ARG_MMAP": "1"}
    return {"LLAMA_ARG_LOAD_MODE": "none", "LLAMA_ARG_NO_MMAP": "1", "LLAMA_ARG_MMAP": "0"}


def _draft(count: int) -> dict[str, str]:
    # Renamed in 2026, too.
    if not count:
        return {}
    return {"LLAMA_ARG_SPEC_TYPE": "draft-simple"} | dict.fromkeys(
        ("LLAMA_ARG_SPEC_DRAFT_N_MAX", "LLAMA_ARG_DRAFT_MAX"), str(count)
    )


def check_program(program: Path) -> None:
    """Raises: EngineMissing, when it is not there or may not be run."""
    hint = "--engine takes the path of a llama-server program."
    if not program.exists():
        raise EngineMissing("there is no such engine", where=str(program), hint=hint)
    if program.is_dir():
        raise EngineMissing("the engine is a folder", where=str(program), hint=hint)
    if not os.access(program, os.X_OK):
        raise EngineMissing("the engine may not be run", where=str(program), hint="chmod +x makes it a program.")


def _at_most_one(projectors: Sequence[Path]) -> Sequence[Path]:
    if len(projectors) > 1:
        raise NotSupported(f"the model has {len(projectors)} projectors; the engine takes one")
    return projectors


def _comma_list(paths: Sequence[Path]) -> str:
    for path in paths:
        if "," in str(path.absolute()):
            raise NotSupported("llama-server takes no adapter whose path has a comma", where=str(path))
    return ",".join(str(path.absolute()) for path in paths)
