"""What is interrupted: every verb that changes files, in the ways that differ in what they change."""

import os
import shutil
from pathlib import Path
from random import Random

from packllama.digest import Digest
from packllama.manifest import Manifest
from packllama.pieces import PIECE_BYTES
from packllama.places.store.layout import Layout
from tests.faults.launching import Run
from tests.faults.scenario import LOOSE, Scenario
from tests.fixtures import gguf_files
from tests.registry.registry import Registry
from tests.test_bad_input import large_gguf
from tests.unit.stores import TINY_CONFIG

MIB = 1 << 20
MONTH = 30 * 86400.0

# What stands for the address of a registry in the words of a scenario, and of its mirror.
REGISTRY, MIRROR = "REGISTRY", "MIRROR"

NEIGHBOUR = ("create", "other", "-f", "Other")
OLD = ("create", "m", "-f", "Old")
NEW = ("create", "m", "-f", "New")
LARGE = ("create", "m", "-f", "Large")
ORIGIN = ("--store", "origin")
NEW_ELSEWHERE = (*ORIGIN, *NEW)
PACKED = (*ORIGIN, "export", "m", "-o", "in.tar")
BUNDLED = (NEW_ELSEWHERE, PACKED)
LARGE_BUNDLED = ((*ORIGIN, *LARGE), PACKED)
TAKE = ("import", LOOSE, "--as", "m")
COPY = (*ORIGIN, "copy", "m", "--to", "./store")
EXPORT = ("export", "m", "other", "-o", "out.tar")

HUGE_ELSEWHERE = (*ORIGIN, "create", "m", "-f", "Huge")
REPAIR = ("repair", "--from")

THERE = f"{REGISTRY}/library/m"
PULL = ("pull", THERE, "--insecure")
OLD_OF_THERE = ("create", THERE, "-f", "Old")


def fill(folder: Path) -> None:
    """The files that the commands name."""
    shutil.copyfile(gguf_files.path("tiny-plain.gguf"), folder / "model.gguf")
    large_gguf(folder / "large.gguf", MIB)
    (folder / "Other").write_text("FROM model.gguf\nSYSTEM other\nLICENSE MIT\n")
    (folder / "Old").write_text("FROM model.gguf\nSYSTEM old\nLICENSE MIT\n")
    (folder / "New").write_text("FROM model.gguf\nSYSTEM new\nPARAMETER top_k 7\n")
    (folder / "Large").write_text("FROM large.gguf\n")


def fill_huge(folder: Path) -> None:
    """Of more than one piece."""
    large_gguf(folder / "huge.gguf", PIECE_BYTES)
    (folder / "Huge").write_text("FROM huge.gguf\n")


def stock(registry: Registry) -> None:
    """The model that is pulled: several parts, and an odd end."""
    registry.put("library/m", "latest", weights=Random(8).randbytes(2 * MIB + 5), config=TINY_CONFIG)


def download(folder: Path) -> None:
    """Lay the files of the other store where a browser would: without its folders."""
    (folder / LOOSE).mkdir()
    for path in (folder / "origin" / "blobs").iterdir():
        path.rename(folder / LOOSE / path.name)
    (manifest,) = folder.glob("origin/manifests/*/*/*/*")
    manifest.rename(folder / LOOSE / "manifest")
    shutil.rmtree(folder / "origin")


def orphan(folder: Path) -> None:
    """Take the name from a model, and let all there be old; what is whole waits for a model that never came.

    It has all just come here, so a ``prune`` must take place later.
    """
    store = folder / "store"
    next(store.glob("manifests/*/*/third/*")).unlink()
    blob = Digest.of((folder / "model.gguf").read_bytes())
    own = Layout(store)
    own.quarantine.mkdir()
    own.finished.mkdir(exist_ok=True)
    own.quarantined(blob).write_bytes(b"damaged")
    own.part(Digest.of(b"begun")).write_bytes(b"be")
    own.finished_blob(Digest.of(b"alone")).write_bytes(b"alone")
    (own.work / "0123456789abcdef").mkdir()
    for path in store.rglob("*"):
        os.utime(path, times=(0, 0))


def damage(folder: Path) -> None:
    """Of the one model, flip a bit in the last piece of the largest blob, and cut the smallest."""
    (folder / "huge.gguf").unlink(missing_ok=True)  # not to be copied each time
    (manifest,) = folder.glob("store/manifests/*/library/m/latest")
    digests = {blob.digest for blob in Manifest.decode(manifest.read_bytes(), where="m").layers_and_config}
    paths = map(Layout(folder / "store").blob, digests)
    blobs = sorted(paths, key=lambda path: path.stat().st_size)
    os.truncate(blobs[0], 1)
    with blobs[-1].open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read()[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))


WRITING = (
    Scenario("create in an empty store", (), Run(NEW)),
    Scenario("create over an older model", (NEIGHBOUR, OLD), Run(NEW)),
    Scenario("create from a file that is synced while it is written", (NEIGHBOUR,), Run(LARGE, sync_step=MIB // 4)),
    Scenario("cp over an older model", (NEIGHBOUR, OLD), Run(("cp", "other", "m"))),
)
REMOVING = (
    Scenario("rm beside a model that shares its weights", (NEIGHBOUR, OLD), Run(("rm", "m"))),
    Scenario("prune", (NEIGHBOUR, ("create", "third", "-f", "Large")), Run(("prune",), later=MONTH), prepare=orphan),
    Scenario("rm of several models", (NEIGHBOUR, OLD, ("create", "third", "-f", "Large")), Run(("rm", "m", "third"))),
)
CARRYING = (
    Scenario("export to a new file", (NEIGHBOUR, NEW), Run(EXPORT)),
    Scenario("export over an older file", (NEIGHBOUR, OLD, EXPORT, NEW), Run(EXPORT)),
    Scenario("import in an empty store", LARGE_BUNDLED, Run(("import", "in.tar"))),
    Scenario("import over an older model", (NEIGHBOUR, OLD, *BUNDLED), Run(("import", "in.tar"))),
    Scenario("import from a pipe over an older model", (NEIGHBOUR, OLD, *BUNDLED), Run(("import", "-"), "in.tar")),
    Scenario("import of downloads", (NEIGHBOUR, OLD, NEW_ELSEWHERE), Run(TAKE), prepare=download),
    Scenario("import --link", (NEW_ELSEWHERE,), Run((*TAKE, "--link")), prepare=download),
    Scenario("import --move", (NEIGHBOUR, NEW_ELSEWHERE), Run((*TAKE, "--move")), prepare=download),
    Scenario(
        "copy over an older model", (NEIGHBOUR, OLD, NEW_ELSEWHERE), Run((*ORIGIN, "copy", "m", "--to", "./store"))
    ),
)
PULLING = (
    Scenario("pull in an empty store", (), Run(PULL)),
    Scenario("pull over an older model", (NEIGHBOUR, OLD_OF_THERE), Run(PULL)),
    Scenario("pull that goes on", (NEIGHBOUR,), Run(PULL), begun="write:signal=SIGKILL:when=30"),
    Scenario("pull with a mirror", (NEIGHBOUR,), Run((*PULL, "--mirror", f"http://{MIRROR}"), sync_step=MIB // 2)),
)
REPAIRING = (
    Scenario("repair from a store", (NEIGHBOUR, NEW_ELSEWHERE, COPY), Run((*REPAIR, "./origin")), prepare=damage),
    Scenario("repair of one piece", (HUGE_ELSEWHERE, COPY), Run((*REPAIR, "./origin")), fill_huge, damage),
    Scenario("repair from a registry", (NEIGHBOUR, PULL), Run((*REPAIR, f"http://{REGISTRY}")), prepare=damage),
)
SCENARIOS = (*WRITING, *REMOVING, *CARRYING, *PULLING, *REPAIRING)
