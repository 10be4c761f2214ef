"""Stores on real file systems: one that shares blocks, one without colons, links, modes and large files."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.checker import check, listed
from tests.mounted import EXFAT, FAT, IMAGE, Mounted, mounted, sparse_file
from tests.program import called, packllama, snapshot
from tests.test_bad_input import large_gguf
from tests.unit.gguf import builder

pytestmark = pytest.mark.slow

MIB = 1 << 20
RECEIVER = Path(__file__).with_name("receiver.py")

NeedProgram = Callable[[str, str], str]


def large_real_gguf(path: Path, size: int) -> None:
    """A sound GGUF with one tensor of ``size`` bytes, none of them a hole."""
    head = builder.gguf([builder.string("general.architecture", "llama")], [builder.tensor("t", (size,))])
    path.write_bytes(head + os.urandom(size))


@pytest.fixture
def folder(tmp_path: Path, gguf: Callable[[str], Path]) -> Path:
    shutil.copyfile(gguf("tiny-plain.gguf"), tmp_path / "model.gguf")
    (tmp_path / "Modelfile").write_text("FROM model.gguf\nSYSTEM one\n")
    (tmp_path / "Other").write_text("FROM model.gguf\nSYSTEM two\n")
    return tmp_path


def blob_of(store: Path, source: Path) -> Path:
    with source.open("rb") as file:
        return store / "blobs" / f"sha256-{hashlib.file_digest(file, 'sha256').hexdigest()}"


# ---- xfs


@pytest.fixture
def xfs(tmp_path: Path, need_root: None, need_program: NeedProgram) -> Iterator[Mounted]:
    make = need_program("mkfs.xfs", "xfsprogs")
    # xfs makes none smaller than 300 MB.
    image = sparse_file(tmp_path / "xfs.image", 320 * MIB)
    subprocess.run([make, "-q", "-m", "reflink=1", str(image)], check=True)
    with mounted(image, tmp_path / "xfs", mount=IMAGE) as found:
        yield found


def free(place: Path) -> int:
    figures = os.statvfs(place)
    return figures.f_bfree * figures.f_frsize


def extents(place: Mounted, path: Path, need_program: NeedProgram) -> set[tuple[str, str]]:
    """Where a file's blocks lie, and the flags of each run of blocks."""
    text = place.run(need_program("filefrag", "e2fsprogs"), "-v", str(path))
    runs = re.findall(r"^ *\d+: +\d+\.\. +\d+: +(\d+)\.\. +\d+: +\d+:(?: +\d+:)? +(\S+)$", text, re.MULTILINE)
    return {(start, flags) for start, flags in runs}


def test_blocks_are_shared_where_the_file_system_can(xfs: Mounted, need_program: NeedProgram) -> None:
    large_real_gguf(xfs.seen / "model.gguf", 64 * MIB)
    (xfs.seen / "Modelfile").write_text("FROM model.gguf\n")
    os.sync()
    source = (xfs.seen / "model.gguf").stat()
    before = free(xfs.seen)
    done = xfs.packllama("create", "m", "-f", str(xfs.at / "Modelfile"))
    assert done.returncode == 0, done.stderr
    blob = blob_of(xfs.seen / "store", xfs.seen / "model.gguf")
    assert before - free(xfs.seen) < 8 * MIB
    shared = extents(xfs, xfs.at / blob.relative_to(xfs.seen), need_program)
    assert shared == extents(xfs, xfs.at / "model.gguf", need_program)
    assert all("shared" in flags for _, flags in shared)
    assert check(str(xfs.seen / "store")) == []
    now = (xfs.seen / "model.gguf").stat()
    assert (now.st_ino, now.st_nlink, now.st_mtime_ns, now.st_mode) == (
        source.st_ino,
        1,
        source.st_mtime_ns,
        source.st_mode,
    )
    assert blob.stat().st_ino != source.st_ino


def test_writing_to_the_source_later_does_not_reach_the_blob(xfs: Mounted) -> None:
    large_real_gguf(xfs.seen / "model.gguf", MIB)
    (xfs.seen / "Modelfile").write_text("FROM model.gguf\n")
    assert xfs.packllama("create", "m", "-f", str(xfs.at / "Modelfile")).returncode == 0
    with (xfs.seen / "model.gguf").open("r+b") as file:
        file.seek(MIB // 2)
        file.write(b"other bytes")
    assert check(str(xfs.seen / "store")) == []


def test_a_source_on_another_file_system_is_copied(xfs: Mounted, folder: Path) -> None:
    done = xfs.packllama("create", "m", "--link")
    assert (done.returncode, "on another file system than the store" in done.stderr) == (0, True), done.stderr
    assert check(str(xfs.seen / "store")) == []
    blob = blob_of(xfs.seen / "store", folder / "model.gguf")
    assert (blob.stat().st_nlink, (folder / "model.gguf").stat().st_nlink) == (1, 1)


# ---- FAT


@pytest.fixture
def fat(folder: Path, need_root: None, need_program: NeedProgram) -> Iterator[Mounted]:
    make = need_program("mkfs.vfat", "dosfstools")
    need_program("fusefat", "fusefat")
    image = sparse_file(folder / "fat.image", 64 * MIB)
    subprocess.run([make, "-F", "32", str(image)], check=True, capture_output=True)
    with mounted(image, folder / "fat", mount=FAT) as found:
        yield found


def test_a_store_on_fat(fat: Mounted) -> None:
    assert fat.packllama("create", "m").returncode == 0
    done = fat.packllama("create", "M", "-f", "Other", "--link")
    assert done.returncode == 0, done.stderr
    assert "model.gguf is copied, not linked" in done.stderr
    assert fat.packllama("create", "sub", "-f", "Modelfile").returncode == 0
    assert check(str(fat.seen / "store")) == []
    names = fat.packllama("list").stdout
    assert (names.count("m:latest"), names.count("sub:latest")) == (1, 1)
    assert fat.packllama("show", "m", "--system").stdout.strip() == "two"
    assert fat.packllama("rm", "m").returncode == 0
    assert (check(str(fat.seen / "store")), len(listed(str(fat.seen / "store")))) == ([], 1)
    assert fat.packllama("rm", "sub").returncode == 0
    assert list((fat.seen / "store/blobs").iterdir()) == []


def test_a_copy_to_fat(fat: Mounted) -> None:
    """Also over what an interrupted one left, and what is there and damaged."""
    own = fat.seen / "store/.packllama"
    for _ in range(2):
        fat.run(sys.executable, str(RECEIVER), str(fat.at / "store"))
        assert check(str(fat.seen / "store")) == []
        assert [list((own / name).iterdir()) for name in ("blobs", "work")] == [[], []]
        blob = max((fat.seen / "store/blobs").iterdir(), key=lambda path: path.stat().st_size)
        with blob.open("r+b") as file:
            file.write(b"other bytes")
        os.utime(blob, (1e9, 1e9))  # a write of the same two seconds cannot be seen
        (own / "blobs" / f"{blob.name[7:]}.part").write_bytes(b"weights!" * 100)
    fat.run(sys.executable, str(RECEIVER), str(fat.at / "store"))
    assert check(str(fat.seen / "store")) == []


@pytest.fixture
def exfat(folder: Path, need_root: None, need_program: NeedProgram) -> Iterator[Mounted]:
    need_program("mount.exfat-fuse", "exfat-fuse")
    image = sparse_file(folder / "exfat.image", 64 * MIB)
    subprocess.run([need_program("mkfs.exfat", "exfatprogs"), str(image)], check=True, capture_output=True)
    with mounted(image, folder / "exfat", mount=EXFAT) as found:
        yield found


def test_what_fat_and_exfat_cannot_hold(fat: Mounted, exfat: Mounted) -> None:
    for disk in (fat, exfat):
        assert_no_colon(disk)


def assert_no_colon(fat: Mounted) -> None:
    assert fat.packllama("create", "m").returncode == 0
    before = snapshot(fat.seen / "store")
    done = fat.packllama("create", "localhost:5000/me/m")
    assert done.returncode == 7
    assert "the file system cannot hold the name localhost:5000/me/m:latest" in done.stderr
    assert "Choose a name whose host has no port" in done.stderr
    assert snapshot(fat.seen / "store") == before
    assert fat.packllama("create", "localhost/me/m").returncode == 0


def test_a_name_in_another_letter_case_on_exfat(exfat: Mounted) -> None:
    """The file system itself takes both for one."""
    for name, text in (("me/Some:Tag", "Modelfile"), ("Me/some:tag", "Other")):
        assert exfat.packllama("create", name, "-f", text).returncode == 0
    assert len(listed(str(exfat.seen / "store"))) == 1
    assert exfat.packllama("show", "ME/SOME:TAG", "--system").stdout.strip() == "two"
    assert exfat.packllama("rm", "me/SOME:tag").returncode == 0
    assert list((exfat.seen / "store/blobs").iterdir()) == []


def test_a_large_file_fits_on_exfat(exfat: Mounted, folder: Path) -> None:
    """Only the room is missing."""
    large_gguf(folder / "large.gguf", 4 << 30)
    (folder / "Large").write_text("FROM large.gguf\n")
    done = exfat.packllama("create", "m", "-f", "Large")
    assert (done.returncode, "free are" in done.stderr) == (7, True), done.stderr


def test_fat_cannot_hold_more_than_4_gib(fat: Mounted, folder: Path) -> None:
    large_gguf(folder / "large.gguf", 4 << 30)
    (folder / "Large").write_text("FROM large.gguf\n")
    done = fat.packllama("create", "m", "-f", "Large")
    assert done.returncode == 7
    assert "this file system takes none above 4 GiB" in done.stderr
    assert "--store" in done.stderr
    assert [path for path, content in snapshot(fat.seen / "store").items() if content != "folder"] == []


# ---- paths

ODD = {
    "for shells": [
        "with space",
        " at both ends ",
        "it's",
        'a "quoted" one',
        "$(touch gone)",
        "`touch gone`",
        "a;b&c|d",
    ],
    "for patterns": ["a[b]c", "a*", "a?", "a\\b", "{a,b}"],
    "for programs": ["-x", "--help", "%41", "a:b", "~", "#1", "a=b", "new\nline", "tab\tbell\a", "...", ".hidden"],
    "for people": [
        "模型",
        "caf\u00e9",
        "cafe\u0301",
        "\N{LLAMA}",
        "\u202eback",
        "x" * 255,
        os.fsdecode(b"not \xff utf-8"),
    ],
}


@pytest.mark.parametrize("name", [pytest.param(name, id=ascii(name)[:20]) for names in ODD.values() for name in names])
def test_a_store_at_an_odd_path(folder: Path, name: str) -> None:
    place = folder / "places" / name
    env = {"PACKLLAMA_STORE": str(place / "store")}

    def run(*args: str) -> str:
        done = called(*args, cwd=folder, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("create", "m")
    run("create", "child", "-f", "Child")
    run("cp", "m", "h.example:80/n/copy")
    listing = run("list")
    assert [name in listing for name in ("m:latest", "child:latest", "h.example:80/n/copy:latest")] == [True] * 3
    assert run("show", "child", "--system").strip() == "child"
    run("export", "child", "-o", str(place / "out.tar"))
    run("--store", str(place / "other"), "import", str(place / "out.tar"))
    run("copy", "m", "--to", str(place / "other"))
    run("import", str(place / "other"))
    for store in (place / "store", place / "other"):
        assert check(str(store)) == []
        run("--store", str(store), "verify")
    run("rm", "m", "child", "h.example:80/n/copy")
    assert list((place / "store/blobs").iterdir()) == []
    run("prune")
    assert [path.name for path in (folder / "places").iterdir()] == [name]
    assert sorted(path.name for path in place.iterdir()) == ["other", "out.tar", "store"]


@pytest.fixture(autouse=True)
def child(tmp_path: Path) -> None:
    (tmp_path / "Child").write_text("FROM m\nSYSTEM child\n")


# ---- letter case


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        ("foo", "Foo"),
        ("me/foo:q8_0", "Me/FOO:Q8_0"),
        ("Host.example/me/foo", "host.EXAMPLE/me/foo"),
        ("foo:latest", "foo:LATEST"),
    ],
)
def test_a_name_in_another_letter_case_is_the_same_name(folder: Path, there: str, asked: str) -> None:
    assert packllama("create", there, cwd=folder).returncode == 0
    (before,) = listed(str(folder / "store"))
    assert packllama("create", asked, "-f", "Other", cwd=folder).returncode == 0
    assert listed(str(folder / "store")) == [before]
    assert packllama("show", asked, "--system", cwd=folder).stdout.strip() == "two"
    assert packllama("show", there, "--system", cwd=folder).stdout.strip() == "two"
    assert check(str(folder / "store")) == []


@pytest.mark.parametrize(
    ("there", "asked", "path"),
    [
        ("foo:Q8_0", "bar:q8_0", "registry.ollama.ai/library/bar/Q8_0"),
        ("Me/foo", "me/bar", "registry.ollama.ai/Me/bar/latest"),
        ("x:LATEST", "bar", "registry.ollama.ai/library/bar/LATEST"),
        ("Host/n/foo", "host/N/bar", "Host/n/bar/latest"),
    ],
)
def test_each_part_takes_the_spelling_that_is_there(folder: Path, there: str, asked: str, path: str) -> None:
    assert packllama("create", there, cwd=folder).returncode == 0
    assert packllama("create", asked, cwd=folder).returncode == 0
    assert (folder / "store/manifests" / path).is_file()


@pytest.mark.parametrize("asked", ["foo", "FOO"])
def test_of_twins_that_differ_in_case_the_one_named_is_replaced(folder: Path, asked: str) -> None:
    assert packllama("create", "foo", cwd=folder).returncode == 0
    library = folder / "store/manifests/registry.ollama.ai/library"
    shutil.copytree(library / "foo", library / "FOO")
    names = packllama("list", cwd=folder).stdout
    assert ("foo:latest" in names, "FOO:latest" in names) == (True, True)
    other = library / ("FOO" if asked == "foo" else "foo") / "latest"
    kept = other.read_bytes()
    assert packllama("create", asked, "-f", "Other", cwd=folder).returncode == 0
    assert other.read_bytes() == kept
    assert (library / asked / "latest").read_bytes() != kept
    assert len(listed(str(folder / "store"))) == 2
    assert check(str(folder / "store")) == []
