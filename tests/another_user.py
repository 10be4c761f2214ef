"""The program, run by somebody who is not root: a small command that reads all of packllama while it still may."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.program import environment

# The interpreter and the package may lie where another user cannot read, so everything is imported before.
_BECOME = """
import importlib, os, pkgutil, shutil, sys
import packllama
for module in pkgutil.walk_packages(packllama.__path__, "packllama."):
    if module.name != "packllama.__main__":
        importlib.import_module(module.name)
from packllama.cli.main import main
user, group, umask = map(int, sys.argv[1:4])
os.umask(umask)
if user:
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
sys.exit(main(sys.argv[4:]))
"""


def packllama_as(
    user: int,
    *args: str,
    cwd: Path,
    group: int | None = None,
    umask: int = 0o022,
    env: Mapping[str, str | None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``packllama ARGS`` in ``cwd`` as ``user``, who may be root. The store is ``cwd/store``."""
    numbers = [str(number) for number in (user, user if group is None else group, umask)]
    return subprocess.run(
        [sys.executable, "-c", _BECOME, *numbers, *args],
        cwd=cwd,
        env=environment(cwd, env),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
