"""The program, run as a person runs it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

KEPT = ("PATH", "VIRTUAL_ENV", "LANG", "LC_ALL", "CI")


def environment(home: Path, more: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """A small environment; None in ``more`` takes a variable out."""
    values: dict[str, str | None] = {name: os.environ.get(name) for name in KEPT}
    values |= {"HOME": str(home), "PACKLLAMA_STORE": str(home / "store")} | dict(more or {})
    return {name: value for name, value in values.items() if value is not None}


def packllama(
    *args: str,
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
    stdin: str = "",
    before: tuple[str, ...] = (),
    timeout_seconds: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run ``packllama ARGS`` in ``cwd``, with the store in ``cwd/store``. ``before`` are the words of a wrapper."""
    return subprocess.run(
        [*before, sys.executable, "-m", "packllama", *args],
        cwd=cwd,
        env=environment(cwd, env),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_seconds,
    )


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """Everything below a folder but packllama's own files: content of files, targets of links, folders."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if ".packllama" in path.parts:
            continue
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = path.read_bytes()
        else:
            found[name] = "folder"
    return found
