"""Evil bundles at every verb that reads one, by a file and by stdin; and what is in those that we write."""

import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.threats.refusal import Scene, assert_bounded, assert_refused, outside
from tests.unit.places.bundle.bundles import write
from tests.unit.places.bundle.test_evil_bundles import EVIL

# Found only when the bytes of a blob are hashed, or all of it was read.
EXITS = {4, 5}


@pytest.mark.parametrize("evil", EVIL)
def test_no_verb_takes_it(evil: str, scene: Scene) -> None:
    path = scene.folder / "evil.tar"
    path.write_bytes(EVIL[evil][0]())
    assert_refused(scene, "import", "evil.tar", exit=EXITS)
    assert_refused(scene, "import", "-", exit=EXITS, stdin=path)
    before = scene.seen()
    done = scene.program.run(
        ("verify", "./evil.tar"), ("copy", "*", "--from", "./evil.tar", "--to", "./store"), cwd=scene.folder
    )
    # A file is read where its index says, so that what stands between its entries is for who reads it all.
    assert {ended.status for ended in done.ended} <= {0, 2, *EXITS}
    assert done.ended[0].status or not done.ended[1].status
    assert outside(scene, done) == []
    assert_bounded(done)
    if done.status:
        assert scene.seen() == before
    assert check(str(scene.store)) == []


Need = Callable[[str, str], str]
LISTING = [("tar", "tar", ()), ("bsdtar", "libarchive-tools", ()), ("busybox", "busybox", ("tar",))]


@pytest.mark.parametrize(("program", "package", "before"), LISTING, ids=str)
def test_what_others_see_in_ours(
    program: str, package: str, before: tuple[str, ...], tmp_path: Path, need_program: Need
) -> None:
    """Plain files and hard links to earlier ones of the same digest: bare ``tar -xmf`` has none of our checks."""
    bundle = write(tmp_path / "x.tar")
    command = [need_program(program, package), *before, "-tf", str(bundle)]
    seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    with tarfile.open(bundle) as archive:
        members = archive.getmembers()
    assert seen == [member.name for member in members]
    earlier: set[str] = set()
    for member in members:
        assert member.isreg() or member.islnk()
        assert not member.name.startswith("/")
        assert ".." not in member.name.split("/")
        assert (member.mode, member.uid, member.gid, member.uname, member.gname) == (0o644, 0, 0, "", "")
        if member.islnk():
            assert member.linkname in earlier
            assert member.linkname == f"blobs/sha256-{member.name.rpartition('/')[2]}"
        earlier.add(member.name)
