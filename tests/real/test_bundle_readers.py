"""Other people's tar programs unpack a bundle that packllama wrote: with two patterns, into exactly a store."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from packllama.digest import Digest
from packllama.places.bundle.contents import Contents
from packllama.places.bundle.layout import blob_path, manifest_path
from tests.unit.places.bundle.bundles import CONFIG, TEMPLATE, WEIGHTS, bytes_of, model, write

pytestmark = pytest.mark.slow

Need = Callable[[str, str], str]

LONG = "registry-with-a-long-name." * 8 + "example:5000/team/model:tag"
MODELS = [model("gemma", WEIGHTS, TEMPLATE), model("hf.co/Me/Big-GGUF:Q4_K_M", WEIGHTS, b""), model(LONG, TEMPLATE)]
DATA = bytes_of(WEIGHTS, TEMPLATE, CONFIG, b"")

BLOBS, MANIFESTS = "blobs/sha256-*", "manifests/*"
GNU = ("tar", "tar", ["-xmf", "{}", "--wildcards", BLOBS, MANIFESTS])
BSD = ("bsdtar", "libarchive-tools", ["-xmf", "{}", BLOBS, MANIFESTS])
BUSYBOX = ("busybox", "busybox", ["tar", "-xmf", "{}", BLOBS, MANIFESTS])
SEVEN = ("7z", "p7zip-full", ["x", "-bd", "-ttar", "{}", BLOBS, "manifests"])
WHOLE_GNU = ("tar", "tar", ["-xmf", "{}"])
WHOLE_BSD = ("bsdtar", "libarchive-tools", ["-xmf", "{}"])
WHOLE_BUSYBOX = ("busybox", "busybox", ["tar", "-xmf", "{}"])
WHOLE_SEVEN = ("7z", "p7zip-full", ["x", "-bd", "-ttar", "{}"])

# It takes each pattern for a name as well, and ends with 1 because there is no such entry.
STATUS = {"busybox": 1}

Program = tuple[str, str, Sequence[str]]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write(tmp_path / "x.tar", MODELS, DATA)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


STORE = {blob_path(digest): data for digest, data in DATA.items()}
STORE |= {manifest_path(each.name): each.manifest.raw for each in MODELS}


@pytest.mark.parametrize("piped", [False, True], ids=["file", "pipe"])
@pytest.mark.parametrize("program", [GNU, BSD, BUSYBOX, SEVEN], ids=lambda program: program[0])
def test_two_patterns_leave_exactly_a_store(
    program: Program, piped: bool, bundle: Path, store: Path, need_program: Need
) -> None:
    done = unpack(program, bundle, store, need_program, piped=piped)
    assert done.returncode == STATUS.get(program[0], 0), done.stderr
    assert files_in(store) == STORE
    assert all(path.stat().st_nlink == 1 for path in store.rglob("*") if path.is_file())


@pytest.mark.parametrize("piped", [False, True], ids=["file", "pipe"])
@pytest.mark.parametrize("program", [WHOLE_GNU, WHOLE_BSD, WHOLE_BUSYBOX, WHOLE_SEVEN], ids=lambda program: program[0])
def test_the_whole_is_a_store_and_an_oci_layout(
    program: Program, piped: bool, bundle: Path, store: Path, need_program: Need
) -> None:
    done = unpack(program, bundle, store, need_program, piped=piped)
    assert done.returncode == 0, done.stderr
    found = files_in(store)
    assert STORE.items() <= found.items()
    filed = {path: data for path, data in found.items() if path.startswith("blobs/sha256/")}
    assert all(Digest.of(data).hex == Path(path).name for path, data in filed.items())
    assert len(filed) == len(DATA) + 2 * len(MODELS)
    assert Contents.of(MODELS).front.items() <= found.items()
    sums = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=store, capture_output=True, text=True, check=False
    )
    assert sums.returncode == 0, sums.stderr
    assert len(sums.stdout.splitlines()) == len(STORE)


def unpack(
    program: Program, bundle: Path, store: Path, need_program: Need, *, piped: bool
) -> "subprocess.CompletedProcess[str]":
    name, package, arguments = program
    path = need_program(name, package)
    if piped:
        source = "-si" if name == "7z" else "-"
        command = [path, *(each.format(source) for each in arguments)]
        with subprocess.Popen(["cat", bundle], stdout=subprocess.PIPE) as cat:
            return subprocess.run(command, cwd=store, stdin=cat.stdout, capture_output=True, text=True, check=False)
    command = [path, *(each.format(bundle) for each in arguments)]
    return subprocess.run(command, cwd=store, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


PYTHON = """
import sys, tarfile
with tarfile.open(sys.argv[1], "r:") as archive:
    members = [each for each in archive if each.name.startswith(("blobs/sha256-", "manifests/"))]
    # Early versions of 3.11 have no filters.
    filtered = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    archive.extractall(sys.argv[2], members, **filtered)
"""


def test_python_unpacks_it_too(bundle: Path, store: Path) -> None:
    subprocess.run([sys.executable, "-c", PYTHON, bundle, store], check=True)
    assert files_in(store) == STORE


@pytest.mark.parametrize("program", [GNU, BSD, BUSYBOX], ids=lambda program: program[0])
def test_a_cut_bundle_has_no_models(program: Program, bundle: Path, store: Path, need_program: Need) -> None:
    with bundle.open("r+b") as file:
        file.truncate(bundle.read_bytes().index(WEIGHTS) + 100)
    assert unpack(program, bundle, store, need_program, piped=False).returncode != 0
    assert not (store / "manifests").exists()
