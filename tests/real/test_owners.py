"""Whose files they are: root works in somebody's store, and somebody in a store that is not theirs."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from packllama.base.settings import Settings
from packllama.places.store import find_root
from tests.another_user import packllama_as
from tests.faults.checker import check
from tests.unit import stores

pytestmark = pytest.mark.slow

OWNER, GROUP = 12345, 12346
SOMEBODY = 23456

# A user and group that every Debian, Fedora and Alpine has.
NAMED_OWNER = 1


@pytest.fixture
def folder(gguf: Callable[[str], Path], need_root: None) -> Iterator[Path]:
    """A folder that everybody may look into; pytest's own are for their owner alone."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        shutil.copyfile(gguf("tiny-plain.gguf"), path / "model.gguf")
        (path / "Modelfile").write_text("FROM model.gguf\nSYSTEM one\n")
        (path / "Child").write_text("FROM m\nSYSTEM two\n")
        yield path


def give(store: Path, user: int = OWNER, group: int = GROUP) -> Path:
    """Make a store somebody's."""
    store.mkdir(exist_ok=True)
    for path in [store, *store.rglob("*")]:
        os.chown(path, user, group)
    return store


def owners(store: Path) -> set[tuple[int, int]]:
    return {(path.lstat().st_uid, path.lstat().st_gid) for path in [store, *store.rglob("*")]}


def modes(paths: list[Path]) -> set[str]:
    return {oct(stat.S_IMODE(path.lstat().st_mode)) for path in paths}


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def folders_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_dir()]


def test_what_root_makes_in_somebodys_store_is_theirs(folder: Path) -> None:
    store = give(folder / "store")
    for args in [("create", "m"), ("create", "me/child:x", "-f", "Child"), ("cp", "m", "n"), ("rm", "m")]:
        done = packllama_as(0, *args, cwd=folder)
        assert done.returncode == 0, done.stderr
        assert owners(store) == {(OWNER, GROUP)}, args
    assert {path.name for path in (store / ".packllama").iterdir()} == {"version", "locks", "work", "hashes", "pieces"}
    assert len(files_below(store / ".packllama/locks")) == 2
    assert len(files_below(store / ".packllama/hashes")) > 2
    assert check(str(store)) == []


def test_their_own_packllama_works_there_afterwards(folder: Path) -> None:
    store = give(folder / "store")
    assert packllama_as(0, "create", "m", cwd=folder, umask=0o077).returncode == 0
    for args in [("create", "m"), ("create", "child", "-f", "Child"), ("rm", "m")]:
        done = packllama_as(OWNER, *args, cwd=folder, group=GROUP)
        assert done.returncode == 0, done.stderr
    assert owners(store) == {(OWNER, GROUP)}
    assert check(str(store)) == []


def test_a_new_store_in_somebodys_folder_is_theirs(folder: Path) -> None:
    home = give(folder / "home")
    done = packllama_as(0, "--store", str(home / ".ollama/models"), "create", "m", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert owners(home) == {(OWNER, GROUP)}


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o027, 0o077])
@pytest.mark.parametrize("owner", [0, OWNER])
def test_modes(folder: Path, umask: int, owner: int) -> None:
    """Blobs have exactly 0644 whatever the umask, since a server of another user reads them; the rest obeys it."""
    store = give(folder / "store", owner, owner)
    done = packllama_as(0, "create", "m", cwd=folder, umask=umask)
    assert done.returncode == 0, done.stderr
    assert packllama_as(0, "create", "m:second", cwd=folder, umask=umask).returncode == 0
    assert modes(files_below(store / "blobs")) == {"0o644"}
    assert modes(files_below(store / "manifests")) == {oct(0o666 & ~umask)}
    assert modes(folders_below(store)) == {oct(0o755 & ~umask)}


def test_a_link_that_the_owner_put_there_is_not_given_away(folder: Path) -> None:
    """Root gives nothing to the owner of a store that it did not make itself."""
    store = give(folder / "store")
    precious = folder / "precious"
    precious.write_bytes(b"root's")
    (store / ".packllama/locks").mkdir(parents=True)
    (store / ".packllama/locks/store").symlink_to(precious)
    give(store)
    os.chown(precious, 0, 0)
    assert packllama_as(0, "create", "m", cwd=folder).returncode != 0
    (store / ".packllama/locks/store").unlink()
    (store / ".packllama/locks/store").hardlink_to(precious)
    packllama_as(0, "create", "m", cwd=folder)
    assert (precious.stat().st_uid, precious.read_bytes()) == (0, b"root's")


# What is there before somebody tries to write, and whose it is.
PLACES = {
    "an empty folder": lambda folder: give(folder / "store", NAMED_OWNER, NAMED_OWNER),
    "Ollama's": lambda folder: give(stores_of(folder), NAMED_OWNER, NAMED_OWNER),
    "one that packllama worked in": lambda folder: give(used(folder), NAMED_OWNER, NAMED_OWNER),
    "one whose blobs alone are somebody's": lambda folder: give(stores_of(folder) / "blobs", NAMED_OWNER).parent,
}


def stores_of(folder: Path) -> Path:
    stores.put_model(folder / "store", "m")
    return folder / "store"


def used(folder: Path) -> Path:
    assert packllama_as(0, "create", "m", cwd=folder).returncode == 0
    return folder / "store"


@pytest.mark.parametrize("args", [("create", "new"), ("create", "m"), ("rm", "m"), ("cp", "m", "n")])
@pytest.mark.parametrize("place", PLACES)
def test_a_store_that_is_not_ours_is_not_written(folder: Path, place: str, args: tuple[str, ...]) -> None:
    store = PLACES[place](folder)
    if place.startswith("one whose"):
        store.chmod(0o777)
    before = stores.snapshot(folder)
    done = packllama_as(SOMEBODY, *args, cwd=folder)
    assert stores.snapshot(folder) == before
    if place == "an empty folder" and args[0] != "create":
        assert done.returncode == 3
        return
    assert done.returncode == 7, done.stderr
    assert "Permission denied" in done.stderr
    assert f'sudo "$(command -v packllama)" --store {store} …' in done.stderr
    if not place.startswith("one whose"):
        assert f"The store belongs to {store.owner()}." in done.stderr


def test_an_owner_without_a_name_and_a_path_that_needs_quotes(folder: Path) -> None:
    store = give(folder / "it's a store")
    done = packllama_as(SOMEBODY, "--store", str(store), "create", "m", cwd=folder)
    assert done.returncode == 7
    assert f"The store belongs to user {OWNER}." in done.stderr
    assert f"""--store '{folder}/it'"'"'s a store' …""" in done.stderr


def test_reading_a_store_of_somebody_else_writes_nothing(folder: Path) -> None:
    store = give(used(folder))
    before = stores.snapshot(store)
    for args, word in [
        (("list",), "m:latest"),
        (("show", "m"), "llama"),
        (("show", "m", "--modelfile"), "SYSTEM one"),
        (("files", "m"), "manifests/"),
        (("verify", "m"), "m"),
        (("create", "--dry-run", "n", "-f", "Child"), "would create n:latest"),
        (("rm", "--dry-run", "m"), "m"),
    ]:
        done = packllama_as(SOMEBODY, *args, cwd=folder)
        assert (done.returncode, word in done.stdout) == (0, True), (args, done)
    assert stores.snapshot(store) == before


def test_a_blob_that_may_not_be_read_is_not_called_damaged(folder: Path) -> None:
    store = give(used(folder))
    blobs = sorted((store / "blobs").iterdir(), key=lambda path: path.stat().st_size)
    blobs[-1].chmod(0o600)
    done = packllama_as(SOMEBODY, "verify", "m", cwd=folder)
    assert done.returncode == 1
    assert "forbidden: model sha256:" in done.stdout
    assert "cannot be read: Permission denied" in done.stdout
    assert "as a user who may read it." in done.stdout
    assert done.stdout.endswith("1 model that may not be read\n")
    blobs[0].write_bytes(b"")
    done = packllama_as(SOMEBODY, "verify", "m", cwd=folder)
    assert done.returncode == 5
    assert done.stdout.endswith("1 model not whole\n")


def test_the_services_store_is_taken_while_the_user_has_none(folder: Path) -> None:
    service = give(used(folder))
    settings = Settings.read({"HOME": str(folder / "home")})
    assert find_root(settings, service=service) == service
    (folder / "home/.ollama/models").mkdir(parents=True)
    assert find_root(settings, service=service) == folder / "home/.ollama/models"


def test_a_link_to_where_one_may_not_look(folder: Path) -> None:
    store = give(used(folder))
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    blob = max((store / "blobs").iterdir(), key=lambda path: path.stat().st_size)
    blob.rename(closed / "data")
    blob.symlink_to(closed / "data")
    os.chown(blob, OWNER, GROUP, follow_symlinks=False)
    done = packllama_as(SOMEBODY, "verify", cwd=folder)
    assert done.returncode == 1
    assert "forbidden: model sha256:" in done.stdout
    assert f"foreign link: {blob}: a link out of the store, to {closed}/data; " in done.stdout
