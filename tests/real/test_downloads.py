"""Folders of downloads, taken by the program: as browsers, wget and the by-hand road leave them, whole and not."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.digest import Digest
from tests.faults.checker import check
from tests.program import environment, packllama, snapshot
from tests.unit.places.loose.downloading import BLOB, OTHER_WEIGHTS, WEIGHTS, manifest, put
from tests.unit.stores import TINY_CONFIG, put_model

pytestmark = pytest.mark.slow

NAME = "gemma3:12b-it-qat"
HEX, CONFIG_HEX = BLOB.digest.hex, Digest.of(TINY_CONFIG).hex
LINK = "https://registry.ollama.ai/v2/library/gemma3/blobs/sha256:"
MANIFEST_LINK = b"[ZoneTransfer]\r\nHostUrl=https://registry.ollama.ai/v2/library/gemma3/manifests/12b-it-qat\r\n"
DEADLINE_SECONDS = 60

Done = subprocess.CompletedProcess[str]


def run(cwd: Path, *words: str) -> Done:
    return packllama("import", *words, cwd=cwd)


def assert_taken(cwd: Path, done: Done, *names: str) -> None:
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == sorted(f"imported {name}" for name in names)
    assert check(str(cwd / "store")) == []
    assert packllama("verify", cwd=cwd).returncode == 0


LAYOUTS: dict[str, dict[str, bytes]] = {
    "a browser, and Windows' notes": {
        "12b-it-qat": manifest(),
        "12b-it-qat:Zone.Identifier": MANIFEST_LINK,
        "data": TINY_CONFIG,
        "data (1)": WEIGHTS,
        "data (2)": OTHER_WEIGHTS,
        "holiday.jpg": b"\xff\xd8\xff",
    },
    "a browser on Windows": {NAME: manifest(), f"sha256_{HEX}": WEIGHTS, f"sha256_{CONFIG_HEX}": TINY_CONFIG},
    "the by-hand road": {
        f"manifests/registry.ollama.ai/library/{NAME}": manifest(),
        f"blobs/sha256:{HEX}": WEIGHTS,
        f"blobs/sha256:{CONFIG_HEX}": TINY_CONFIG,
    },
    "wget -x": {
        "registry.ollama.ai/v2/library/gemma3/manifests/12b-it-qat": manifest(),
        f"registry.ollama.ai/v2/library/gemma3/blobs/sha256:{HEX}": WEIGHTS,
        f"registry.ollama.ai/v2/library/gemma3/blobs/sha256:{CONFIG_HEX}": TINY_CONFIG,
    },
    "a stick with a store": {
        "ollama/models/manifests/registry.ollama.ai/library/gemma3/12b-it-qat": manifest(),
        f"ollama/models/blobs/sha256-{HEX}": WEIGHTS,
        f"ollama/models/blobs/sha256-{CONFIG_HEX}": TINY_CONFIG,
    },
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("how", [(), ("--link",), ("--move",)], ids=["copy", "link", "move"])
def test_layouts(tmp_path: Path, layout: dict[str, bytes], how: tuple[str, ...]) -> None:
    put(tmp_path / "dl", layout)
    assert_taken(tmp_path, run(tmp_path, "dl", *how), NAME)
    left = {str(path.relative_to(tmp_path / "dl")) for path in (tmp_path / "dl").rglob("*") if path.is_file()}
    assert left == (set(layout) & {"data (2)", "holiday.jpg"} if how == ("--move",) else set(layout))
    assert (tmp_path / "store" / "blobs" / f"sha256-{HEX}").stat().st_nlink == (2 if how == ("--link",) else 1)


def test_several_folders_and_files_are_one(tmp_path: Path) -> None:
    put(tmp_path, {"here/manifest": manifest(), "there/x": WEIGHTS, "elsewhere/config": TINY_CONFIG})
    assert_taken(tmp_path, run(tmp_path, "here", "there", "elsewhere/config", "--as", NAME), NAME)


def test_files_named_by_links(tmp_path: Path) -> None:
    put(tmp_path, {"manifest": manifest(), "away/x": WEIGHTS, "config": TINY_CONFIG})
    (tmp_path / "x").symlink_to("away/x")
    assert_taken(tmp_path, run(tmp_path, "manifest", "x", "config", "--as", NAME), NAME)


def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    put(tmp_path / "dl", {"manifest": manifest(), "x": WEIGHTS, "config": TINY_CONFIG})
    done = run(tmp_path, "dl")
    assert (done.returncode, done.stdout) == (2, "")
    assert "dl/manifest" in done.stderr
    assert "--as NAME" in done.stderr
    assert_taken(tmp_path, run(tmp_path, "dl", "--as", "me/mine"), "me/mine:latest")


def test_what_is_whole_is_taken_and_the_rest_is_told(tmp_path: Path) -> None:
    put(
        tmp_path / "dl",
        {
            NAME: manifest(),
            f"sha256_{HEX}.part": WEIGHTS[:1000],
            "config": TINY_CONFIG,
            "whole:1": manifest(OTHER_WEIGHTS),
            "data": OTHER_WEIGHTS,
        },
    )
    done = run(tmp_path, "dl")
    assert (done.returncode, done.stdout) == (5, "imported whole:1\n")
    assert f"{NAME} is not whole: it lacks 1 of its 2 files" in done.stderr
    assert f"model, 1.0 MB: {LINK}{HEX}" in done.stderr
    assert f"has not finished dl/sha256_{HEX}: 1 KB of 1.0 MB" in done.stderr
    assert "run the same command again" in done.stderr
    document = json.loads(packllama("--json", "import", "dl", cwd=tmp_path).stdout)
    (missing,) = document["incomplete"][0]["missing"]
    assert (missing["url"], missing["size"], missing["type"]) == (LINK + HEX, len(WEIGHTS), "model")
    assert document["published"] == ["whole:1"]
    put(tmp_path / "dl", {"late": WEIGHTS})
    assert_taken(tmp_path, run(tmp_path, "dl"), NAME, "whole:1")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"x": OTHER_WEIGHTS}, "damaged: dl/x"),
        ({f"sha256-{HEX}": OTHER_WEIGHTS}, f"damaged: dl/sha256-{HEX}"),
        ({f"sha256-{HEX}": WEIGHTS[:-1]}, f"cut short: dl/sha256-{HEX}"),
        ({f"sha256-{HEX}": b""}, "it is empty"),
        ({f"sha256-{HEX}": b"<!doctype html>"}, "it is a web page"),
        ({f"sha256-{HEX}": b'{"errors":[{"code":"DENIED","message":"go away"}]}'}, "DENIED: go away"),
        ({f"sha256-{HEX}.crdownload": WEIGHTS[:9]}, "Chrome has not finished"),
        ({"x": WEIGHTS, "x.aria2": b""}, "aria2 has not finished dl/x"),
        ({"Unconfirmed 1.crdownload": WEIGHTS[:9]}, "Chrome has not finished dl/Unconfirmed 1: 9 B"),
    ],
)
@pytest.mark.parametrize("how", [(), ("--move",), ("--link",)], ids=["copy", "move", "link"])
def test_what_is_not_the_blob(tmp_path: Path, files: dict[str, bytes], said: str, how: tuple[str, ...]) -> None:
    put(tmp_path / "dl", {NAME: manifest(), "config": TINY_CONFIG} | files)
    before = sorted(path.name for path in (tmp_path / "dl").iterdir())
    done = run(tmp_path, "dl", *how)
    assert done.returncode >= 4
    assert said in done.stderr
    assert LINK + HEX in done.stderr
    assert sorted(path.name for path in (tmp_path / "dl").iterdir()) == before
    assert check(str(tmp_path / "store")) == []


@pytest.mark.parametrize(
    ("files", "words", "status", "said"),
    [
        ({"x": b"nothing"}, ("dl",), 3, "dl: there are no models: 2 files, and no manifest"),
        ({"x.gguf": b"GGUF"}, ("dl",), 3, "packllama create"),
        ({"12b": b"<html>"}, ("dl",), 3, "dl/12b: it is a web page"),
        ({"manifest": b"<html>"}, ("dl",), 3, "dl/manifest: it is a web page"),
        ({"manifest": b'{"errors":[{"code":"DENIED","message":"x"}]}'}, ("dl",), 4, "DENIED"),
        ({"a:t": manifest(), "b:t": manifest(OTHER_WEIGHTS)}, ("dl", "--as", "x"), 2, "--as is for one model"),
        ({"m": manifest(), "n": manifest(OTHER_WEIGHTS)}, ("dl", "--as", "x"), 2, "dl/m, dl/n"),
        ({"x/a:t": manifest(), "y/A:t": manifest(OTHER_WEIGHTS)}, ("dl",), 4, "dl/y/A:t differ"),
        ({"a:t": manifest(size=1 << 60)}, ("dl",), 5, "a:t is not whole"),
        ({"a:t": manifest()}, ("dl", "--link", "--move"), 2, "one of the two"),
        ({"a:t": manifest()}, ("dl", "--as", "x:cloud"), 4, "meaning of its own"),
        ({}, ("nothing",), 3, "nothing"),
        ({}, ("store",), 2, "the source is the target"),
    ],
)
def test_what_is_refused(
    tmp_path: Path, files: dict[str, bytes], words: tuple[str, ...], status: int, said: str
) -> None:
    put(tmp_path / "dl", files | {"config": TINY_CONFIG})
    (tmp_path / "store").mkdir()
    done = run(tmp_path, *words)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert not (tmp_path / "store" / "manifests").exists()


def test_two_sizes_of_one_digest(tmp_path: Path) -> None:
    """The other model is taken."""
    layer = b'{"mediaType":"application/vnd.ollama.image.system","digest":"sha256:%b","size":9},' % HEX.encode()
    liar = manifest().replace(b'"layers":[', b'"layers":[' + layer)
    put(tmp_path / "dl", {"liar:1": liar, NAME: manifest(), "x": WEIGHTS, "config": TINY_CONFIG, "nine": bytes(9)})
    done = run(tmp_path, "dl")
    assert (done.returncode, done.stdout) == (5, f"imported {NAME}\n")
    assert "liar:1" in done.stderr


HOSTILE = (
    "\x1b]0;owned\x07",
    "\u202etxt",
    "new\nline",
    b"\xff\xfe".decode(errors="surrogateescape"),
    "$(touch x)",
    "-rf",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(tmp_path: Path, name: str) -> None:
    """Printed, they steer no terminal; taken, they lead nowhere."""
    put(tmp_path / "dl", {f"{name}/{NAME}": manifest(), f"{name}/sha256-{HEX}": OTHER_WEIGHTS, "c": TINY_CONFIG})
    done = run(tmp_path, "dl")
    assert done.returncode == 5, done.stderr
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stderr)
    assert "new\nline" not in done.stderr
    assert json.loads(packllama("--json", "import", "dl", cwd=tmp_path).stdout)["incomplete"]
    put(tmp_path / "dl", {f"{name}/sha256-{HEX}": WEIGHTS})
    assert_taken(tmp_path, run(tmp_path, "dl", "--move"), NAME)
    assert {path.name for path in tmp_path.iterdir()} == {"dl", "store", ".local"}


def test_names_that_would_lead_out(tmp_path: Path) -> None:
    for tag in ("..", ".hidden", "a b", "x" * 81, "%2e%2e"):
        zone = f"HostUrl=https://host/v2/me/m/manifests/{tag}".encode()
        put(tmp_path / "dl", {"manifest": manifest(), "manifest:Zone.Identifier": zone})
        assert run(tmp_path, "dl").returncode == 2
    assert not (tmp_path / "store" / "manifests").exists()


def test_links_and_special_files(tmp_path: Path) -> None:
    put(tmp_path, {f"dl/{NAME}": manifest(), "dl/config": TINY_CONFIG, f"away/sha256-{HEX}": WEIGHTS})
    (tmp_path / "dl" / "folder").symlink_to(tmp_path / "away")
    (tmp_path / "dl" / "round").symlink_to(".")
    (tmp_path / "dl" / f"sha256-{HEX}").symlink_to(tmp_path / "away" / f"sha256-{HEX}")
    (tmp_path / "dl" / "manifest").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "dl" / "pipe:1")
    done = run(tmp_path, "dl", "--move")
    assert done.returncode == 5, done.stderr
    assert (tmp_path / "away" / f"sha256-{HEX}").exists()


def test_a_store_of_ones_own_that_was_built_by_hand(tmp_path: Path) -> None:
    put(tmp_path / "store", LAYOUTS["the by-hand road"])
    put_model(tmp_path / "store", "proper")
    done = run(tmp_path, "store", "--move")
    assert (done.returncode, done.stdout) == (0, f"imported {NAME}\n"), done.stderr
    assert packllama("verify", cwd=tmp_path).stdout.endswith("all right\n")
    assert sorted(path.name[:7] for path in (tmp_path / "store" / "blobs").iterdir()) == ["sha256-"] * 3


@pytest.mark.parametrize("parts", [["manifests", "blobs"], ["manifests/registry.ollama.ai"], ["blobs", "manifests/."]])
def test_parts_of_ones_own_store(tmp_path: Path, parts: list[str]) -> None:
    """Where the blobs' owner is another, their times stay; and moving them would leave nothing."""
    put_model(tmp_path / "store", "proper")
    before = snapshot(tmp_path / "store")
    done = run(tmp_path, *(f"store/{part}" for part in parts), "--move")
    assert (done.returncode, "is a part of the store" in done.stderr) == (2, True), done.stderr
    assert snapshot(tmp_path / "store") == before


def test_a_store_with_broken_parts(tmp_path: Path) -> None:
    put(tmp_path / "old", LAYOUTS["the by-hand road"])
    put_model(tmp_path / "old", "proper")
    assert_taken(tmp_path, run(tmp_path, "old"), NAME, "proper:latest")


def test_a_store_that_is_not_whole(tmp_path: Path) -> None:
    put_model(tmp_path / "old", "first", weights=WEIGHTS)
    put_model(tmp_path / "old", "second", weights=OTHER_WEIGHTS)
    (tmp_path / "old" / "blobs" / f"sha256-{HEX}").unlink()
    done = run(tmp_path, "old")
    assert (done.returncode, done.stdout) == (5, "imported second:latest\n")
    assert f"https://registry.ollama.ai/v2/library/first/blobs/sha256:{HEX}" in done.stderr


@pytest.mark.parametrize("left", [b"", b'{"schemaVersion":2,', bytes(1000)])
def test_a_store_with_a_damaged_manifest(tmp_path: Path, left: bytes) -> None:
    put_model(tmp_path / "old", "first")
    put_model(tmp_path / "old", "second").write_bytes(left)
    done = run(tmp_path, "old")
    assert (done.returncode, done.stdout) == (4, "imported first:latest\n")
    assert "old/manifests/registry.ollama.ai/library/second/latest: it is " in done.stderr


@pytest.mark.parametrize("how", [(), ("--link",)], ids=["copy", "link"])
def test_a_disk_that_fails_at_one_file(tmp_path: Path, how: tuple[str, ...]) -> None:
    """The models whose files can be read are taken."""
    put(tmp_path / "dl", {NAME: manifest(), "x": WEIGHTS, "config": TINY_CONFIG})
    put(tmp_path / "dl", {"other:1": manifest(WEIGHTS * 2), "y": WEIGHTS * 2})
    failing = ("-e", "inject=pread64,preadv,preadv2,ioctl:error=EIO", "-P", str(tmp_path / "dl" / "x"))
    before = ("strace", "-f", "-qq", "-o", "/dev/null", *failing)
    done = packllama("import", "dl", "--retry", "0", *how, cwd=tmp_path, before=before)
    assert (done.returncode, done.stdout) == (5, "imported other:1\n")
    assert "dl/x: Input/output error" in done.stderr


def test_files_of_others_may_become_blobs_by_moving(tmp_path: Path) -> None:
    """A umask of 002 lets the group write, so such a file would not be linked; but this one goes away."""
    put(tmp_path / "dl", {NAME: manifest(), "x": WEIGHTS, "config": TINY_CONFIG})
    (tmp_path / "dl" / "x").chmod(0o664)
    inode = (tmp_path / "dl" / "x").stat().st_ino
    assert_taken(tmp_path, run(tmp_path, "dl", "--move"), NAME)
    blob = (tmp_path / "store" / "blobs" / f"sha256-{HEX}").stat()
    assert (blob.st_ino, blob.st_mode & 0o777) == (inode, 0o644)


def test_moving_from_another_disk(tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm") / f"packllama-{os.getpid()}"
    try:
        put(elsewhere, {NAME: manifest(), "x": WEIGHTS, "config": TINY_CONFIG, "mine": b""})
        assert_taken(tmp_path, run(tmp_path, str(elsewhere), "--move"), NAME)
        assert [path.name for path in elsewhere.iterdir()] == ["mine"]
    finally:
        shutil.rmtree(elsewhere)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    put(tmp_path / "dl", {NAME: manifest(), "x": WEIGHTS, "y": OTHER_WEIGHTS, "config": TINY_CONFIG})
    done = run(tmp_path, "dl", "--dry-run", "--move")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{NAME}    1.0 MB to move")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dl"]
    assert len(list((tmp_path / "dl").iterdir())) == 4


def test_a_second_run_reads_nothing_again(tmp_path: Path, read_bytes: Callable[..., int]) -> None:
    put(tmp_path / "dl", {NAME: manifest(), "x": OTHER_WEIGHTS, "y": OTHER_WEIGHTS})
    assert read_bytes(tmp_path, "import", "dl") > 2 * len(WEIGHTS)
    assert read_bytes(tmp_path, "import", "dl") < len(WEIGHTS)


@pytest.fixture
def read_bytes() -> Callable[..., int]:
    """How many bytes the program asked of files in ``dl``, as strace sees it."""

    def count(cwd: Path, *words: str) -> int:
        trace = cwd / "trace"
        trace.mkdir()
        command = ["strace", "-ff", "-y", "-e", "trace=preadv,preadv2,pread64,read", "-o", str(trace / "thread")]
        subprocess.run(
            [*command, sys.executable, "-m", "packllama", *words],
            cwd=cwd,
            env=environment(cwd),
            capture_output=True,
            check=False,
            timeout=DEADLINE_SECONDS,
        )
        lines = [line for path in trace.iterdir() for line in path.read_text().splitlines() if "/dl/" in line]
        shutil.rmtree(trace)
        return sum(int(line.rpartition(" = ")[2].split()[0]) for line in lines)

    return count


@pytest.mark.slow
def test_ctrl_c(tmp_path: Path) -> None:
    """Within a second; the same command again goes on."""
    large = WEIGHTS * 600
    put(tmp_path / "dl", {NAME: manifest(large), "x": large, "config": TINY_CONFIG})
    words = [sys.executable, "-m", "packllama", "import", "dl"]
    process = subprocess.Popen(words, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE)
    part = tmp_path / "store" / ".packllama" / "blobs" / f"{Digest.of(large).hex}.part"
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (part.exists() and part.stat().st_size > 20 << 20):
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert process.wait(DEADLINE_SECONDS) == 130
    assert time.monotonic() - began < 1
    assert process.stderr is not None
    process.stderr.close()
    document = json.loads(packllama("--json", "import", "dl", cwd=tmp_path).stdout)
    assert document["bytes_sent"] < len(large)
    assert packllama("verify", cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_a_hundred_thousand_files(tmp_path: Path) -> None:
    folder = put(tmp_path / "dl", {NAME: manifest(), "x": WEIGHTS, "config": TINY_CONFIG})
    for number in range(100_000):
        (folder / f"file {number}").write_bytes(b"{}")
    assert_taken(tmp_path, run(tmp_path, "dl"), NAME)
