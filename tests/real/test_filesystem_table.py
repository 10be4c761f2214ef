"""What each verb does in stores on several file systems: it works, or says why not and leaves everything as it was."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from packllama.digest import Digest
from packllama.places.store.layout import Layout
from tests.faults.checker import check
from tests.mounted import EXFAT, FAT, IMAGE, mounted, sparse_file
from tests.program import packllama, snapshot
from tests.registry.registry import Registry
from tests.unit.stores import put_model

pytestmark = pytest.mark.slow

MIB = 1 << 20
NeedProgram = Callable[[str, str], str]


@dataclass(frozen=True)
class Ends:
    """How a verb ends: its exit status and some of its words. What is refused changes nothing."""

    status: int = 0
    words: str = ""


# ``STORE`` is the store on the file system, ``DISK`` the folder it stands in, ``HOST`` a registry. All in this order.
VERBS: dict[str, tuple[str, ...]] = {
    "list": ("list",),
    "show": ("show", "m"),
    "verify": ("verify", "m"),
    "export from it": ("export", "m", "-o", "out.tar"),
    "copy from it": ("copy", "m", "--to", "./elsewhere"),
    "export onto it": ("export", "m", "-o", "DISK/out.tar"),
    "create": ("create", "new"),
    "cp": ("cp", "m", "n"),
    "import": ("import", "in.tar"),
    "copy onto it": ("--store", "origin", "copy", "there", "--to", "STORE"),
    "pull": ("pull", "HOST/library/p", "--insecure"),
    "repair": ("repair", "hurt", "--from", "./origin"),
    "rm": ("rm", "m"),
    "prune": ("prune", "--older-than", "0"),
}
READING = dict.fromkeys(("list", "show", "verify", "export from it", "copy from it"), Ends())


@dataclass(frozen=True)
class Disk:
    """A folder on a file system: where the programs see it, where the test does, and the words before a command."""

    at: Path
    seen: Path
    inside: tuple[str, ...] = ()

    @property
    def store(self) -> Path:
        return self.seen / "store"

    def run(self, words: tuple[str, ...], *, cwd: Path, host: str) -> subprocess.CompletedProcess[str]:
        meant = {"STORE": f"{self.at}/store", "DISK": str(self.at), "HOST": host}
        filled = [re.sub("|".join(meant), lambda match: meant[match[0]], word) for word in words]
        return packllama("--store", f"{self.at}/store", *filled, cwd=cwd, before=self.inside)


@pytest.fixture
def registry() -> Iterator[Registry]:
    """At port 80, which a name need not say: some file systems hold no colon. Each at an address of its own."""
    number = os.getpid()
    with Registry(
        address=f"127.{1 + number // 62500 % 250}.{number // 250 % 250}.{1 + number % 250}", port=80
    ) as there:
        there.put("library/p", "latest", weights=b"pulled" * 1000)
        yield there


@pytest.fixture
def folder(tmp_path: Path, gguf: Callable[[str], Path], need_root: None, registry: Registry) -> Path:
    """All that the verbs need beside the store."""
    shutil.copyfile(gguf("tiny-q4.gguf"), tmp_path / "model.gguf")
    (tmp_path / "Modelfile").write_text("FROM model.gguf\nSYSTEM one\n")
    put_model(tmp_path / "origin", "there", weights=Random(1).randbytes(2 * MIB))
    assert packllama("--store", "origin", "export", "there", "-o", "in.tar", cwd=tmp_path).returncode == 0
    put_model(tmp_path / "origin", "hurt", weights=HURT)
    return tmp_path


HURT = b"hurt" * 5000
HURT_BLOB = Digest.of(HURT).file_name


def put_models(disk: Disk) -> None:
    """A whole model, a damaged one, and a damaged blob that a repair has set aside."""
    put_model(disk.store, "m")
    put_model(disk.store, "hurt", weights=HURT)
    hurt = disk.store / "blobs" / HURT_BLOB
    hurt.unlink()  # fusefat cannot write into a file that is there
    hurt.write_bytes(bytes(len(HURT)))
    aside = Layout(disk.store).quarantined(Digest.of(b"gone"))
    aside.parent.mkdir(parents=True)
    aside.write_bytes(b"damaged")


def fill_up(disk: Disk) -> None:
    """Let somebody else take all the space, but for what is too little for a file."""
    with (disk.seen / "hog").open("wb", buffering=0) as hog, suppress(OSError):
        while hog.write(bytes(MIB)) or hog.write(bytes(1 << 10)):
            pass


@contextmanager
def image(folder: Path, need: NeedProgram, *make: str, mount: str) -> Iterator[Disk]:
    path = sparse_file(folder / "disk.image", 64 * MIB)
    subprocess.run([need(make[0], make[1]), *make[2:], str(path)], check=True, capture_output=True)
    with mounted(path, folder / "disk", mount=mount) as there:
        yield Disk(there.at, there.seen, there.inside)


@contextmanager
def fat(folder: Path, need: NeedProgram) -> Iterator[Disk]:
    need("fusefat", "fusefat")
    with image(folder, need, "mkfs.vfat", "dosfstools", "-F", "32", mount=FAT) as disk:
        put_models(disk)
        yield disk


@contextmanager
def exfat(folder: Path, need: NeedProgram) -> Iterator[Disk]:
    need("mount.exfat-fuse", "exfat-fuse")
    with image(folder, need, "mkfs.exfat", "exfatprogs", mount=EXFAT) as disk:
        put_models(disk)
        yield disk


@contextmanager
def read_only(folder: Path, need: NeedProgram) -> Iterator[Disk]:
    with image(folder, need, "mkfs.ext4", "e2fsprogs", "-q", mount=IMAGE) as disk:
        put_models(disk)
        subprocess.run([*disk.inside, "mount", "-o", "remount,ro", str(disk.at)], check=True)
        yield disk


@contextmanager
def full(folder: Path, need: NeedProgram) -> Iterator[Disk]:
    with image(folder, need, "mkfs.ext4", "e2fsprogs", "-q", mount=IMAGE) as disk:
        put_models(disk)
        fill_up(disk)
        yield disk


@contextmanager
def without_links(folder: Path, need: NeedProgram) -> Iterator[Disk]:
    """As some network file systems are, which can all else."""
    (folder / "disk").mkdir()
    injected = ("-e", "trace=link,linkat", "-e", "inject=link,linkat:error=EOPNOTSUPP")
    before = (need("strace", "strace"), "-f", "--seccomp-bpf", "-o", "/dev/null", *injected)
    disk = Disk(folder / "disk", folder / "disk", before)
    put_models(disk)
    yield disk


@contextmanager
def behind_a_link(folder: Path, need: NeedProgram) -> Iterator[Disk]:
    """The disk is a link, and the store in it is one."""
    (folder / "real/models").mkdir(parents=True)
    (folder / "real/store").symlink_to("models")
    (folder / "disk").symlink_to("real")
    disk = Disk(folder / "disk", folder / "disk")
    put_models(disk)
    yield disk


REFUSED_READ_ONLY = Ends(7, "Read-only file system")
REFUSED_FULL = Ends(7, "free are")
FILE_SYSTEMS: dict[str, tuple[Callable[[Path, NeedProgram], AbstractContextManager[Disk]], dict[str, Ends]]] = {
    "FAT32": (fat, {}),
    "exFAT": (exfat, {}),
    "without hard links": (without_links, {}),
    "behind a link": (behind_a_link, {}),
    "read-only": (read_only, dict.fromkeys(VERBS, REFUSED_READ_ONLY) | READING),
    "full": (full, dict.fromkeys(VERBS, REFUSED_FULL) | READING | dict.fromkeys(("cp", "rm", "prune"), Ends())),
}


@pytest.mark.parametrize("name", FILE_SYSTEMS)
def test_every_verb(name: str, folder: Path, registry: Registry, need_program: NeedProgram) -> None:
    make, expected = FILE_SYSTEMS[name]
    wrong = []
    with make(folder, need_program) as disk:
        for verb, words in VERBS.items():
            before = snapshot(disk.seen)
            done = disk.run(words, cwd=folder, host=registry.address)
            ends = expected.get(verb, Ends())
            if done.returncode != ends.status or ends.words not in done.stderr:
                wrong.append(f"{verb}: {done.returncode}: {done.stdout} {done.stderr}")
            if done.returncode and (changed := snapshot(disk.seen).items() ^ before.items()):
                wrong.append(f"{verb}: has changed {changed}")
            # What is damaged is there until it is repaired.
            wrong += [f"{verb}: {problem}" for problem in check(str(disk.store)) if HURT_BLOB not in problem]
        repaired = expected.get("repair", Ends()) == Ends()
        assert (check(str(disk.store)) == []) == repaired
    assert not wrong, "\n".join(wrong)
