"""What import, export and copy refuse: the exit status, the words that say what, where and what to do, the store."""

import gzip
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from packllama.places.bundle.entry import BLOCK
from tests.another_user import packllama_as
from tests.faults.checker import check, listed
from tests.mounted import Mounted, mounted
from tests.program import environment, packllama, snapshot
from tests.real.test_carry_pulled_out import largest
from tests.unit.places.bundle.bundles import entries, packed
from tests.unit.places.bundle.test_evil_bundles import BLOB, EVIL, FIRST_BLOB
from tests.unit.stores import put_model

pytestmark = pytest.mark.slow

# What any of it may take of addresses: threads and libraries reserve more than they use.
MOST_MEMORY = 600 << 20

TEN_GB = 10**10
GOOD = packed(entries())
FOREIGN = "Ask for another export"
AGAIN = "again"
NO_BUNDLE = "packllama export"
IN_ORDER = ("fetch the file again", "see that all are there, and in order")


@dataclass(frozen=True)
class Bundle:
    """A bundle, evil or damaged, and how it is refused. ``holes``: bytes of nothing behind it."""

    name: str
    exit: int
    words: tuple[str, ...]
    data: Callable[[], bytes]
    holes: int = 0


def evil(name: str, exit: int, *words: str, holes: int = 0) -> Bundle:
    return Bundle(name, exit, words, EVIL[name][0], holes)


def cut_before(path: str) -> bytes:
    """A bundle that ends exactly where an entry would begin."""
    table = entries()
    return packed(dict(list(table.items())[: list(table).index(path)]))


def volumes(*order: int, size: int = 2500) -> bytes:
    """The bundle's volumes of so many bytes, in this order; what is not named is missing."""
    return b"".join(GOOD[number * size : (number + 1) * size] for number in order)


BUNDLES = [
    # Names that lead elsewhere
    evil("traversal", 4, "found ../../x", FOREIGN),
    evil("traversal in the front", 4, "found ../x.json", FOREIGN),
    evil("traversal at the end", 4, "found manifests/../../x", FOREIGN),
    evil("absolute", 4, "found /etc/cron.d/x", FOREIGN),
    # Links, and what is no file
    evil("symbolic link", 4, "is a symbolic link", FOREIGN),
    evil("link elsewhere", 4, "-> ../../etc/passwd", FOREIGN),
    evil("link to itself", 4, "found blobs/sha256/", FOREIGN),
    evil("link to another digest", 4, "found blobs/sha256/", FOREIGN),
    evil("link from another digest", 4, "found blobs/sha256/", FOREIGN),
    evil("link to the index", 4, "-> index.json", FOREIGN),
    evil("link forward", 4, "expected blobs/sha256-", FOREIGN),
    evil("link for a manifest", 4, "expected manifests/", FOREIGN),
    evil("device", 4, "is a character device", FOREIGN),
    evil("block device", 4, "is a block device", FOREIGN),
    evil("FIFO", 4, "is a FIFO", FOREIGN),
    evil("folder", 4, "blobs/ is a folder", FOREIGN),
    evil("setuid", 4, "a mode", FOREIGN),
    # Entries twice, or not in their places
    evil("a blob twice", 4, "expected pieces.json", FOREIGN),
    evil("a small file twice", 4, "found SHA256SUMS", FOREIGN),
    evil("the index twice", 4, "found packllama.json", FOREIGN),
    evil("a manifest twice", 4, "expected blobs/sha256-", FOREIGN),
    evil("a manifest before its blobs", 4, "found manifests/", FOREIGN),
    # Sizes that differ from the index, and other ways to say a size
    evil("a blob is longer", 4, "2,305 bytes", FOREIGN),
    evil("a blob is shorter", 4, "2,303 bytes", FOREIGN),
    evil("pax", 4, "is a pax header", FOREIGN),
    evil("sparse", 4, "is a sparse file", FOREIGN),
    # Bombs
    evil("a name of 1 MB", 4, "the path of an entry has 1,048,576 bytes", FOREIGN),
    evil("100,000 entries", 4, "more entries than the index announces", FOREIGN),
    evil("100,000 small files", 4, "expected 0 bytes at most", FOREIGN),
    evil("1,000 names of one large manifest", 4, "expected 16,777 bytes at most", FOREIGN),
    evil("an index of 10 GB", 4, "packllama.json of 10,000,000,000 bytes", FOREIGN, holes=TEN_GB),
    evil("an OCI index of 10 GB", 4, "index.json of 10,000,000,000 bytes", FOREIGN, holes=TEN_GB),
    evil("pieces of 10 GB", 4, "pieces.json of 10,000,000,000 bytes", FOREIGN, holes=TEN_GB),
    # Lies
    evil("a blob is another", 5, "expected sha256:", "found sha256:", AGAIN),
    evil("a manifest is another", 5, "expected sha256:", "found sha256:", AGAIN),
    evil("the last manifest is another", 4, "is not what the manifests say", FOREIGN),
    evil("a manifest names an absent blob", 4, "which the index does not announce", FOREIGN),
    evil("the index announces more", 4, "which no manifest names", FOREIGN),
    evil("a blob is missing", 4, "expected blobs/sha256-", FOREIGN),
    evil("two sizes for one digest", 4, "two sizes for one digest", "fetch it again"),
    evil("no models", 4, "one model at least", FOREIGN),
    evil("a later format", 4, "format 2", "newer packllama"),
    # Ends
    Bundle("cut in a blob", 5, ("cut short", AGAIN), lambda: GOOD[: GOOD.index(entries()[BLOB]) + BLOCK + 1000]),
    Bundle("cut between entries", 5, ("cut short", AGAIN), lambda: cut_before(FIRST_BLOB)),
    Bundle("cut before the manifests", 5, ("cut short", AGAIN), lambda: cut_before("pieces.json")),
    Bundle("cut before the end mark", 5, ("cut short", AGAIN), lambda: cut_before("end")),
    evil("an entry more", 4, "more entries than the index announces", FOREIGN),
    evil("a second archive", 4, "behind the end", FOREIGN),
    evil("a hole", 5, "zeros", AGAIN),
    Bundle("a volume is missing", 4, IN_ORDER, lambda: volumes(0, 2, 3, 4, 5)),
    Bundle("a volume of whole blocks is missing", 5, ("damaged", *IN_ORDER), lambda: volumes(0, 2, 3, 4, 5, size=2560)),
    Bundle("volumes in the wrong order", 4, IN_ORDER, lambda: volumes(0, 2, 1, 3, 4, 5)),
    Bundle("a volume twice", 4, IN_ORDER, lambda: volumes(0, 0, 1, 2, 3, 4, 5)),
    Bundle("the first volume alone", 5, ("cut short", AGAIN), lambda: volumes(0)),
    Bundle("the second volume alone", 4, ("no bundle", NO_BUNDLE), lambda: volumes(1)),
    # No bundles
    Bundle("GGUF", 4, ("no bundle",), lambda: b"GGUF\3\0\0\0" + bytes(2000)),
    Bundle("HTML", 4, ("no bundle",), lambda: b"<!DOCTYPE html><title>Sign in</title>" + b" " * 2000),
    Bundle("text", 4, ("no bundle",), lambda: b"Not found\n"),
    Bundle("gzip", 4, ("gzip", "Unpack it first"), lambda: gzip.compress(GOOD)),
    Bundle("another tar", 4, ("no bundle",), EVIL["another tar"][0]),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose store has a model that none of the bundles has."""
    put_model(tmp_path / "store", "here", weights=b"weights of before")
    return tmp_path


def contents(folder: Path) -> object:
    """The store, byte by byte, and what lies beside it."""
    return snapshot(folder / "store"), sorted(path.name for path in folder.iterdir())


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def assert_refused(
    done: "subprocess.CompletedProcess[str]", exit: int, words: tuple[str, ...], where: str = ""
) -> None:
    assert done.returncode == exit, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("Error: ") == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert [word for word in (*words, where) if word not in done.stderr] == [], done.stderr


def take(folder: Path, door: str) -> "subprocess.CompletedProcess[str]":
    """Import ``foreign.tar`` by its name, or from a pipe."""
    command = [sys.executable, "-m", "packllama", "import", "foreign.tar" if door == "file" else "-"]
    with subprocess.Popen(["cat", "foreign.tar"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as cat:
        return subprocess.run(
            command,
            cwd=folder,
            env=environment(folder),
            stdin=cat.stdout,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            preexec_fn=limited,
        )


@pytest.mark.parametrize("door", ["file", "pipe"])
@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda bundle: bundle.name)
def test_bundle(bundle: Bundle, door: str, folder: Path) -> None:
    data = bundle.data()
    (folder / "foreign.tar").write_bytes(data)
    os.truncate(folder / "foreign.tar", len(data) + bundle.holes)
    before = contents(folder)
    assert_refused(take(folder, door), bundle.exit, bundle.words, "foreign.tar" if door == "file" else "stdin")
    assert contents(folder) == before


def test_it_stops_at_the_first_entry_that_was_not_announced(folder: Path) -> None:
    """Entries without end behind a good bundle: nobody reads on to count them."""
    extra = EVIL["an entry more"][0]()[: -len(entries()["end"])]
    with subprocess.Popen(
        [sys.executable, "-m", "packllama", "import", "-"],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as importing:
        assert importing.stdin is not None
        assert importing.stderr is not None
        taken = 0
        with pytest.raises(BrokenPipeError):
            importing.stdin.write(extra)
            while True:
                taken += os.write(importing.stdin.fileno(), extra[-BLOCK:] * 100)
        assert b"more entries than the index announces" in importing.stderr.read()
    assert importing.returncode == 4
    # What the pipe itself holds, and what was written meanwhile.
    assert taken <= 4 << 20


@pytest.mark.parametrize("bad", ["cut in a blob", "a blob is another", "a volume is missing"])
def test_the_right_file_afterwards(bad: str, folder: Path) -> None:
    for door in ("file", "pipe"):
        (bundle,) = (bundle for bundle in BUNDLES if bundle.name == bad)
        (folder / "foreign.tar").write_bytes(bundle.data())
        assert take(folder, door).returncode == bundle.exit
    (folder / "foreign.tar").write_bytes(GOOD)
    assert take(folder, "file").returncode == 0
    assert len(listed(str(folder / "store"))) == 3
    assert check(str(folder / "store")) == []


@dataclass(frozen=True)
class Case:
    """A command that makes no sense, or that this machine cannot do."""

    name: str
    args: tuple[str, ...]
    exit: int
    words: tuple[str, ...]


SELF = ("the source is the target", "packllama cp")
COMMANDS = [
    Case("a store into itself", ("copy", "here", "--to", "./store"), 2, SELF),
    Case("a store into itself, by a link", ("copy", "here", "--to", "./link"), 2, SELF),
    Case("from a link to itself", ("copy", "here", "--from", "./link", "--to", "./store"), 2, SELF),
    Case("from another spelling", ("copy", "here", "--from", "./deep/../store", "--to", "./store"), 2, SELF),
    Case("a bundle onto itself", ("copy", "here", "--from", "here.tar", "--to", "./here.tar"), 2, SELF),
    Case("a bundle onto itself, by a link", ("copy", "here", "--from", "link.tar", "--to", "here.tar"), 2, SELF),
    Case("into the store's own files", ("export", "here", "-o", "store/blobs/x.tar"), 2, ("part of the store", "else")),
    Case("onto a blob, by a link", ("export", "here", "-o", "blob.tar"), 4, ("blob.tar", "no bundle", "another name")),
    Case("onto a GGUF", ("export", "here", "-o", "model.gguf"), 4, ("model.gguf", "no bundle", "another name")),
    Case("onto a folder", ("export", "here", "-o", "deep"), 4, ("deep", "found a folder", "-o -")),
    Case("onto a device", ("export", "here", "-o", "/dev/null"), 4, ("/dev/null", "device", "-o -")),
    Case("to no file", ("export", "here"), 2, ("needs -o FILE", "models.tar")),
    Case("compressed", ("export", "here", "-o", "x.tar.gz"), 2, ("x.tar.gz", "not compressed", ".tar")),
    Case("into no folder", ("export", "here", "-o", "gone/x.tar"), 3, ("gone", "No such file", "mounted")),
    Case("to a disk that is not there", ("copy", "here", "--to", "./gone/models"), 3, ("gone", "mounted")),
    Case("nothing", ("import", "gone.tar"), 3, ("gone.tar", "no such file", "spelling")),
    Case("an empty file", ("import", "empty.tar"), 5, ("empty.tar", "cut short", "after 0 bytes", AGAIN)),
    Case("a FIFO", ("import", "fifo.tar"), 4, ("fifo.tar", "pipe")),
    Case("a device", ("import", "/dev/zero"), 4, ("/dev/zero", "device")),
    Case("a GGUF", ("import", "model.gguf"), 4, ("model.gguf", "no bundle", "packllama create")),
    Case("a zip file", ("import", "x.zip"), 4, ("x.zip", "zip", "Unpack it first")),
    Case("a bundle for a store", ("import", "here.tar", "--link"), 2, ("--link", "bundle")),
    Case("two names for one", ("import", "here.tar", "here.tar", "--as", "x"), 2, ("--as is for one model",)),
]


@pytest.fixture
def beside(folder: Path) -> Path:
    """The same folder, with a bundle of the model and whatever else the commands name."""
    assert packllama("export", "here", "-o", "here.tar", cwd=folder).returncode == 0
    (folder / "deep").mkdir()
    (folder / "link").symlink_to("store")
    (folder / "link.tar").symlink_to("here.tar")
    (folder / "blob.tar").symlink_to(next((folder / "store/blobs").iterdir()))
    (folder / "model.gguf").write_bytes(b"GGUF\3\0\0\0")
    (folder / "empty.tar").touch()
    os.mkfifo(folder / "fifo.tar")
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.write(folder / "here.tar")
    return folder


@pytest.mark.parametrize("case", COMMANDS, ids=lambda case: case.name)
def test_command(case: Case, beside: Path) -> None:
    before = contents(beside), (beside / "here.tar").read_bytes()
    assert_refused(packllama(*case.args, cwd=beside), case.exit, case.words)
    assert (contents(beside), (beside / "here.tar").read_bytes()) == before


@pytest.fixture
def small_disk(folder: Path, need_root: None) -> Iterator[Mounted]:
    put_model(folder / "store", "large", weights=os.urandom(3 << 20))
    with mounted(folder, folder / "disk", mount='mount -t tmpfs -o size=2m none "$1"') as found:
        yield found


@pytest.mark.parametrize("words", [("export", "large", "-o", "x.tar"), ("copy", "large", "--to", "models")])
def test_a_disk_that_is_too_small(words: tuple[str, ...], small_disk: Mounted, folder: Path) -> None:
    """It is said before the first byte."""
    done = packllama(*words[:-1], f"{small_disk.at}/{words[-1]}", cwd=folder, before=small_disk.inside)
    assert_refused(done, 7, ("needs 3", "free are 2", "larger disk"), "disk")
    assert [path for path in small_disk.seen.rglob("*") if path.is_file() and ".packllama" not in path.parts] == []


@pytest.mark.parametrize("words", [("export", "large", "-o", "x.tar"), ("copy", "large", "--to", "models")])
def test_a_disk_that_fills_up(words: tuple[str, ...], small_disk: Mounted, folder: Path) -> None:
    """Somebody else writes there too, after the space was looked at. With room again the same command ends it."""
    small_disk.run("mount", "-o", "remount,size=5m", str(small_disk.at))
    command = (*words[:-1], f"{small_disk.at}/{words[-1]}")
    with subprocess.Popen(
        [*small_disk.inside, sys.executable, "-m", "packllama", *command, "--limit-rate", "1M"],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 60
        while largest(small_disk.seen) < 1 << 20:
            assert time.monotonic() < deadline
            assert process.poll() is None
        with suppress(OSError), (small_disk.seen / "theirs").open("wb") as theirs:
            while True:
                theirs.write(bytes(1 << 16))
                theirs.flush()
        output, said = process.communicate(timeout=60)
    assert (process.returncode, output) == (7, "")
    assert "No space left on device" in said
    assert "Free some space there and run the same command again." in said
    assert not (small_disk.seen / "x.tar").exists()
    assert listed(str(small_disk.seen / "models")) == []
    (small_disk.seen / "theirs").unlink()
    assert packllama(*command, cwd=folder, before=small_disk.inside).returncode == 0
    assert check(str(small_disk.seen / "models")) == []


@pytest.mark.parametrize("words", [("import", "here.tar"), ("import", "./other"), ("copy", "here", "--to", "./theirs")])
def test_a_store_that_may_not_be_written(words: tuple[str, ...], need_root: None) -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        for store in ("store", "other", "theirs"):
            put_model(place / store, "here" if store == "other" else "before")
        put_model(place / "store", "here")
        assert packllama("export", "here", "-o", "here.tar", cwd=place).returncode == 0
        (place / "here.tar").chmod(0o644)
        before = [snapshot(place / store) for store in ("store", "theirs")]
        done = packllama_as(12345, *words, cwd=place)
        assert_refused(done, 7, ("Permission denied", "belongs to root", "sudo"))
        assert [snapshot(place / store) for store in ("store", "theirs")] == before
