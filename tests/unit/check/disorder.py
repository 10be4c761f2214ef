"""Stores of two whole models in which something else is out of order, and what verify has to say of each."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, compose
from tests.unit.check.damages import ORPHAN, REPAIR, SYSTEM, SYSTEM_BLOB, Case, K, beside, blob, instead, manifest
from tests.unit.stores import TINY_CONFIG, put_blob, put_manifest, put_model

LIBRARY = "manifests/registry.ollama.ai/library"
HEX = "a" * 64
NOTHING = "While it is there, nothing in the store can be called unused."


def as_the_article_says(root: Path) -> None:
    """``library/m:latest`` is a file."""
    manifest(root).rename(root / LIBRARY / "m:latest")
    (root / LIBRARY / "m").rmdir()


def too_high(*parts: str) -> Callable[[Path], object]:
    return lambda root: _renamed(manifest(root), root.joinpath("manifests", *parts))


def too_deep(*parts: str) -> Callable[[Path], object]:
    return lambda root: _renamed(manifest(root), root.joinpath(LIBRARY, *parts))


def _renamed(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)


def with_the_models_name(root: Path) -> None:
    manifest(root).rename(root / LIBRARY / "m" / "m:latest")


def with_a_colon(root: Path) -> None:
    path = blob(root, SYSTEM)
    path.rename(path.with_name(str(Digest.of(SYSTEM))))


def untarred(root: Path) -> None:
    """A bundle with all its second names."""
    blobs = sorted((root / "blobs").iterdir())
    (root / "blobs/sha256").mkdir()
    for path in blobs:
        os.link(path, root / "blobs/sha256" / path.name.removeprefix("sha256-"))


def untarred_elsewhere(root: Path) -> None:
    """Only the second name of one blob came."""
    untarred(root)
    blob(root, SYSTEM).unlink()


def blobs_elsewhere(root: Path) -> None:
    (root / "blobs").rename(f"{root}.elsewhere")
    (root / "blobs").symlink_to(f"{root}.elsewhere")


def blobs_nowhere(root: Path) -> None:
    shutil.rmtree(root / "blobs")
    (root / "blobs").symlink_to("/nowhere/at all")


def link_within(root: Path) -> None:
    path = blob(root, SYSTEM)
    path.rename(root / "kept")
    path.symlink_to("../kept")


def link_to_a_manifest(root: Path) -> None:
    elsewhere = Path(f"{root}.elsewhere")
    manifest(root).rename(elsewhere)
    manifest(root).symlink_to(elsewhere)


def link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def stub(root: Path) -> None:
    """What Ollama keeps of a model of its service: a config, and no layer."""
    put_manifest(root, "far:cloud", compose(Layer(CONFIG_TYPE, Digest.of(TINY_CONFIG), len(TINY_CONFIG)), []))


def desktops(root: Path) -> None:
    """Beside a blob that may be called unused all the same."""
    for path in ("manifests/.DS_Store", f"{LIBRARY}/Thumbs.db"):
        beside(root / path, HEX.encode())
    beside(root / LIBRARY / "empty", b"")
    put_blob(root, ORPHAN)


def no_digest(root: Path) -> None:
    raw = manifest(root).read_bytes()
    manifest(root).write_bytes(raw.replace(str(Digest.of(SYSTEM)).encode(), b"sha256:none"))


def stopped_pull(root: Path) -> None:
    for name in (HEX, f"{HEX}.part", f"{HEX}.part.synced"):
        beside(root / ".packllama/blobs" / name)


def all_as_the_article_says(root: Path) -> None:
    as_the_article_says(root)
    with_a_colon(root)


DISORDERS = [
    Case(
        "a manifest as the article says",
        as_the_article_says,
        1,
        (K.STRAY, K.CANNOT_TELL),
        (
            f"stray: STORE/{LIBRARY}/m:latest: Ollama does not see it; the manifest of m:latest belongs in "
            f"STORE/{LIBRARY}/m/latest. Put it right: packllama --store STORE import STORE --move",
            f"{LIBRARY}/m:latest may name it. Leave it",
        ),
    ),
    Case(
        "a model as the article says",
        all_as_the_article_says,
        1,
        (K.STRAY, K.STRAY),
        (f"stray: STORE/{LIBRARY}/m:latest: ", f"stray: STORE/blobs/{Digest.of(SYSTEM)}: "),
    ),
    Case(
        "a manifest with the model's name",
        with_the_models_name,
        1,
        (K.STRAY, K.CANNOT_TELL),
        (
            f"stray: STORE/{LIBRARY}/m/m:latest: not a model's name; while it is there, Ollama's clean-up is off. ",
            f"mv -n STORE/{LIBRARY}/m/m:latest STORE/{LIBRARY}/m/latest. ",
        ),
    ),
    Case(
        "a blob with a colon",
        with_a_colon,
        5,
        (K.MISSING, K.STRAY),
        (
            f"stray: STORE/blobs/{Digest.of(SYSTEM)}: no blob's name. ",
            f"mv -n STORE/blobs/{Digest.of(SYSTEM)} STORE/blobs/{Digest.of(SYSTEM).file_name}\n",
        ),
    ),
    Case(
        "second names of blobs",
        untarred,
        1,
        (K.STRAY,),
        ("stray: STORE/blobs/sha256: a folder of blobs, as untarring a bundle leaves it", "rm -r STORE/blobs/sha256"),
    ),
    Case(
        "a blob only under its second name",
        untarred_elsewhere,
        5,
        (K.MISSING, K.STRAY, K.STRAY),
        (
            f"missing: {SYSTEM_BLOB}",
            f"stray: STORE/blobs/sha256/{Digest.of(SYSTEM).hex}: a blob that a model lacks, ",
            f"mv -n STORE/blobs/sha256/{Digest.of(SYSTEM).hex} STORE/blobs/{Digest.of(SYSTEM).file_name}\n",
            "rm -r STORE/blobs/sha256\n",
        ),
    ),
    Case(
        "a manifest without its host",
        too_high("library", "m:latest"),
        1,
        (K.STRAY, K.CANNOT_TELL),
        ("stray: STORE/manifests/library/m:latest: Ollama does not see it, and it may be a manifest. ", NOTHING),
    ),
    Case(
        "a manifest called as a browser does",
        too_high("m.json"),
        1,
        (K.STRAY, K.CANNOT_TELL),
        ("stray: STORE/manifests/m.json: ", "STORE/manifests/m.json may name it. "),
    ),
    Case(
        "a manifest too deep",
        too_deep("team", "m", "latest"),
        1,
        (K.STRAY, K.CANNOT_TELL),
        (
            f"stray: STORE/{LIBRARY}/team/m: a folder in a manifest's place, into which Ollama does not look; "
            f"STORE/{LIBRARY}/team/m/latest may be a manifest. ",
            NOTHING,
        ),
    ),
    Case(
        "a manifest much too deep",
        too_deep("m", "old", "2024", "m.json"),
        1,
        (K.STRAY, K.CANNOT_TELL),
        (f"; STORE/{LIBRARY}/m/old/2024/m.json may be a manifest. ",),
    ),
    Case(
        "a folder of tags that leads everywhere",
        lambda root: instead(manifest(root), lambda path: path.symlink_to("/")),
        1,
        (K.STRAY, K.FOREIGN_LINK, K.CANNOT_TELL),
        (f"stray: STORE/{LIBRARY}/m/latest: a folder in a manifest's place", f"STORE/{LIBRARY}/m/latest may name it. "),
    ),
    Case(
        "what desktops leave",
        desktops,
        1,
        (K.STRAY,) * 3 + (K.ORPHAN,),
        ("stray: STORE/manifests/.DS_Store: Ollama does not look for manifests here. Move it away.",),
    ),
    Case(
        "a file among the models",
        lambda root: beside(root / LIBRARY / "READ\x1b[31mME"),
        1,
        (K.STRAY,),
        (f"stray: STORE/{LIBRARY}/READ\\x1b[31mME: Ollama does not look for manifests here. Move it away.",),
    ),
    Case(
        "a folder among the tags",
        lambda root: (manifest(root).parent / "old").mkdir(),
        1,
        (K.STRAY,),
        (f"stray: STORE/{LIBRARY}/m/old: a folder in a manifest's place", "Move it away."),
    ),
    Case(
        "a manifest whose digest is none",
        no_digest,
        5,
        (K.UNREADABLE_MANIFEST, K.CANNOT_TELL),
        (
            "cannot be read: invalid digest format",
            "'sha256:none'. Take it anew: packllama",
            "packllama --store STORE rm m:latest",
        ),
    ),
    Case(
        "models on a disk that is not mounted",
        lambda root: link(root / "manifests/hf.co", "/nowhere/at all"),
        1,
        (K.DANGLING_LINK,),
        ("dangling link: STORE/manifests/hf.co: a link that leads nowhere;", "rm STORE/manifests/hf.co. "),
    ),
    Case(
        "a link in a circle",
        lambda root: link(root / LIBRARY / "round", "round"),
        1,
        (K.DANGLING_LINK,),
        (f"dangling link: STORE/{LIBRARY}/round: a link that leads nowhere;",),
    ),
    Case(
        "a link in the place of a blob that nobody needs",
        lambda root: link(root / "blobs" / Digest.of(ORPHAN).file_name, "gone"),
        1,
        (K.DANGLING_LINK,),
        (
            "dangling link: STORE/blobs/sha256-",
            "named by no model, and a link that leads nowhere",
            "remove it: rm STORE",
        ),
    ),
    Case(
        "blobs on a disk that is not mounted",
        blobs_nowhere,
        5,
        (K.MISSING,) * 4 + (K.DANGLING_LINK,),
        ("dangling link: STORE/blobs: a link that leads to no folder: /nowhere/at all. ", "rm STORE/blobs\n", REPAIR),
    ),
    Case(
        "blobs on another disk",
        blobs_elsewhere,
        1,
        (K.FOREIGN_LINK,),
        (
            "foreign link: STORE/blobs: a link out of the store, to the folder STORE.elsewhere;",
            "mkdir STORE/blobs.new && cp -R STORE.elsewhere/. STORE/blobs.new && "
            "rm STORE/blobs && mv STORE/blobs.new STORE/blobs\n",
        ),
    ),
    Case(
        "a manifest elsewhere",
        link_to_a_manifest,
        1,
        (K.FOREIGN_LINK,),
        (f"foreign link: STORE/{LIBRARY}/m/latest: a link out of the store, to STORE.elsewhere;",),
    ),
    Case("a link within the store", link_within, 0, (), ("all right",)),
    Case(
        "two spellings",
        lambda root: put_model(root, "M"),
        1,
        (K.CASE_TWIN,),
        (
            f"M:latest       case twin: STORE/{LIBRARY}/m/latest: M:latest, m:latest differ in letter case only: ",
            "m:latest       case twin: ",
            "packllama --store STORE cp m:latest NEW && packllama --store STORE rm m:latest\n",
            ": 1 finding",
        ),
    ),
    Case(
        "a tag that means here",
        lambda root: put_model(root, "x:Local"),
        1,
        (K.RESERVED_TAG,),
        (
            f"x:Local        reserved tag: STORE/{LIBRARY}/x/Local: Ollama takes x:Local for x:latest, also to rem",
            "packllama --store STORE cp x:Local NEW && packllama --store STORE rm x:Local\n",
        ),
    ),
    Case(
        "a tag that means elsewhere",
        lambda root: put_model(root, "x:7b-cloud"),
        1,
        (K.RESERVED_TAG,),
        ("Ollama takes x:7b-cloud for a model of its remote service. Give it another name: ",),
    ),
    Case("a model of the service", stub, 0, (), ("far:cloud      ok\n",)),
    Case(
        "a layout of other versions alone",
        lambda root: (root / "manifests-v2").mkdir(),
        1,
        (K.NEWER_LAYOUT,),
        ("newer layout: STORE/manifests-v2: ", "move it away"),
    ),
    Case(
        "what a stopped pull left",
        stopped_pull,
        1,
        (K.UNFINISHED,) * 2,
        (
            f"unfinished: STORE/.packllama/blobs/{HEX}: a whole blob of a model that has not come yet, 4 B. ",
            f"unfinished: STORE/.packllama/blobs/{HEX}.part: the beginning of a blob of a model that has not come",
            "'packllama pull', 'import', 'copy' or 'repair' that began it",
            "packllama --store STORE prune\n",
        ),
    ),
    Case(
        "what a repair has replaced",
        lambda root: beside(root / ".packllama/quarantine" / Digest.of(SYSTEM).hex),
        1,
        (K.UNFINISHED,),
        (
            "unfinished: STORE/.packllama/quarantine/",
            "What replaces it is there; remove it: packllama --store STORE prune\n",
        ),
    ),
    Case(
        "what a repair has not replaced yet",
        lambda root: instead(
            blob(root, SYSTEM), lambda _: beside(root / ".packllama/quarantine" / Digest.of(SYSTEM).hex)
        ),
        5,
        (K.MISSING, K.UNFINISHED),
        (
            f"missing: {SYSTEM_BLOB}",
            "what replaces it is not there. Fetch it: packllama --store STORE repair --from PLACE\n",
        ),
    ),
    Case(
        "a folder that may not be written",
        lambda root: (root / LIBRARY / "m").chmod(0o555),
        1,
        (K.WRONG_MODE,),
        (
            f"wrong mode: STORE/{LIBRARY}/m: its mode 0555 does not let ",
            f"sudo chmod u+rwx STORE/{LIBRARY}/m\n",
        ),
    ),
]
