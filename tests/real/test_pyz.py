"""packllama.pyz on a stick: on a machine that has a bare Python, no network, and nothing else."""

import ast
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias
from zipfile import ZipFile

import pytest

from packllama.page import page
from tests.fixtures.make.make_tiny_gguf import REPLY
from tests.program import environment, packllama
from tests.unit.engine.conftest import Scripted, scripted
from tests.unit.stores import put_model

__all__ = ["scripted"]  # a fixture of the engine's own tests

ROOT = Path(__file__).parents[2]

# Below a virtual environment, as whoever installed Python left it; nor does it see what was installed for all.
BARE = (str(Path(sys.executable).resolve()), "-I", "-S")

READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'

NOTHING_TO_REACH = """\
import sys, pathlib
try:
    pathlib.Path(sys.argv[1], "probe").touch()
except OSError as error:
    print(error.strerror)
print(len(pathlib.Path("/proc/self/net/route").read_text().splitlines()[1:]), "routes")
try:
    import click
except ImportError as error:
    print(error)
"""

EVERY_MODULE = """\
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import packllama
names = [module.name for module in pkgutil.walk_packages(packllama.__path__, "packllama.")]
for name in names:
    name == "packllama.__main__" or importlib.import_module(name)
print(sys.argv[1] in packllama.__file__ and len(names) > 100)
"""

Done: TypeAlias = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def built() -> Path:
    """What ``make dist`` makes, which one process does at a time."""
    (ROOT / "build").mkdir(exist_ok=True)
    # This make is not a part of the one that runs the tests.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    with (ROOT / "build" / "dist.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = run("make", "-s", "dist", cwd=ROOT, env=variables)
    assert made.returncode == 0, made.stdout + made.stderr
    return ROOT / "dist" / "packllama.pyz"


@pytest.fixture
def stick(tmp_path: Path, built: Path) -> Path:
    """A folder with the program in one file, and a bundle of two models."""
    folder = tmp_path / "my stick"
    folder.mkdir()
    shutil.copy(built, folder)
    put_model(tmp_path / "store", "first", weights=b"first weights" * 1000)
    put_model(tmp_path / "store", "me/second:v2")
    assert packllama("export", "*", "-o", "my stick/models.tar", cwd=tmp_path).returncode == 0
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home of\tsomebody"
    folder.mkdir()
    return folder


def run(*command: str | Path, cwd: Path, env: Mapping[str, str]) -> Done:
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def alone(stick: Path, home: Path, unshare: str, *words: str) -> Done:
    """Run a bare Python without network, without variables, with the stick read-only."""
    wrapper = (unshare, "--user", "--map-root-user", "--net", "--mount", "sh", "-c", READ_ONLY, stick)
    return run(*wrapper, *BARE, *words, cwd=home, env={"HOME": str(home), "PATH": os.defpath})


@pytest.mark.slow
def test_on_a_bare_machine(stick: Path, home: Path, need_program: Callable[[str, str], str]) -> None:
    unshare = need_program("unshare", "util-linux")
    looked = alone(stick, home, unshare, "-c", NOTHING_TO_REACH, str(stick))
    assert looked.stdout.splitlines() == ["Read-only file system", "0 routes", "No module named 'click'"], looked.stderr

    def said(*words: str) -> str:
        done = alone(stick, home, unshare, str(stick / "packllama.pyz"), *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    bundle = stick / "models.tar"
    assert said("verify", str(bundle)).endswith("all right\n")
    assert "first:latest" in said("inspect", str(bundle))
    assert sorted(said("import", str(bundle)).splitlines()) == ["imported first:latest", "imported me/second:v2"]
    assert [line.split()[0] for line in said("list").splitlines()[1:]] == ["first:latest", "me/second:v2"]
    assert said("verify").endswith("all right\n")
    assert "architecture" in said("show", "me/second:v2")
    assert said("files", "first").splitlines()[-1].endswith("library/first/latest")
    said("export", "*", "-o", "again.tar")
    assert (home / "again.tar").read_bytes() == bundle.read_bytes()
    said("copy", "first", "--to", "./other", "--rename", "third")
    assert said("--store", "other", "verify", "third").endswith("all right\n")
    said("cp", "first", "fourth")
    assert said("rm", "fourth") == "deleted 'fourth'\n"
    assert sorted(path.name for path in home.iterdir()) == [".ollama", "again.tar", "other"]


@pytest.fixture
def pyz(tmp_path: Path, built: Path, gguf: Callable[[str], Path]) -> Callable[..., Done]:
    """Run the file by a given Python, in a folder with a GGUF and a Modelfile."""
    shutil.copy(built, tmp_path)
    shutil.copy(gguf("tiny.gguf"), tmp_path)
    (tmp_path / "Modelfile").write_text("FROM tiny.gguf\nPARAMETER temperature 0\n")

    def by(*words: str, python: tuple[str, ...] = BARE) -> Done:
        return run(*python, "packllama.pyz", *words, cwd=tmp_path, env=environment(tmp_path))

    return by


@pytest.mark.slow
def test_what_packllama_brings_along(
    pyz: Callable[..., Done], tmp_path: Path, gguf: Callable[[str], Path], scripted: Callable[..., Scripted]
) -> None:
    """Formats, signatures and the scripts that processes of their own run are read from within the file."""
    engine = str(scripted(pieces=["one ", "two"], ending="stop").program)
    assert "using template zephyr" in pyz("create", "--like", "zephyr", "m").stderr
    assert "</s>" in pyz("show", "--template", "m").stdout
    assert "FROM ./tiny.gguf" in pyz("init", "tiny.gguf", "-o", "-").stdout
    assert pyz("lint", "Modelfile").returncode == 0
    assert pyz("inspect", "tiny.gguf").returncode == 0
    assert pyz("run", "m", "--engine", engine, "hello").stdout == "one two\n\n"
    assert pyz("prove", "m", "--engine", engine, "-o", ".").returncode == 0
    lacking = pyz("run", "m", "hello")
    assert lacking.returncode == 9
    assert "packllama[engine]" in lacking.stderr


@pytest.mark.slow
def test_with_what_is_installed(pyz: Callable[..., Done], need_module: Callable[[str, str], None]) -> None:
    """An engine and Jinja are taken from the Python that runs the file."""
    need_module("xllamacpp", "'packllama[engine]'")
    need_module("jinja2", "'packllama[jinja]'")
    here = (sys.executable,)
    assert "using autodetected template chatml (exact)" in pyz("create", "m", python=here).stderr
    assert pyz("run", "m", "hello", python=here).stdout == f"{REPLY}\n\n"


@pytest.mark.slow
def test_the_link_page_lies_beside_it(built: Path) -> None:
    assert built.with_name("links.html").read_bytes() == page()


@pytest.mark.slow
def test_every_module_is_in_it(built: Path, tmp_path: Path) -> None:
    done = run(*BARE, "-c", EVERY_MODULE, built, cwd=tmp_path, env={})
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.slow
def test_the_same_packages_give_the_same_file(built: Path, tmp_path: Path) -> None:
    """Whenever, from wherever, and by whomever it is made."""
    again, packages = tmp_path / "again.pyz", tmp_path / "packages"
    shutil.copytree(ROOT / "build" / "pyz", packages, copy_function=shutil.copyfile)
    python = ROOT / ".venv" / "bin" / "python"
    subprocess.run([python, ROOT / "scripts" / "make_pyz.py", packages, again], check=True, umask=0o077)
    assert again.read_bytes() == built.read_bytes()


@pytest.mark.slow
def test_what_is_in_it(built: Path) -> None:
    """Nothing that only one machine could use; of every package its licence, where the list says."""
    with ZipFile(built) as archive:
        names = set(archive.namelist())
        listed = archive.read("LICENSES.txt").decode()
        first = archive.read("__main__.py").decode()
    assert not [name for name in names if name.endswith((".so", ".pyd")) or name.startswith("bin/")]
    assert {line.partition(" ")[0] for line in listed.splitlines()} >= {"click", "packllama", "rich", "urllib3"}
    assert len(listed.splitlines()) == sum(name.endswith(".dist-info/METADATA") for name in names)
    assert {name for line in listed.splitlines() for name in line.partition(": ")[2].split(", ")} <= names
    ast.parse(first, feature_version=(3, 4))


@pytest.mark.slow
def test_an_old_python(built: Path, tmp_path: Path) -> None:
    pretend = f"import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path({str(built)!r}, run_name='__main__')"
    done = run(*BARE, "-c", pretend, cwd=tmp_path, env={})
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr.startswith("Error: packllama needs Python 3.11 or newer")
