"""No number in a GGUF is believed: at every verb that reads one, and before an engine sees the file.

Each field at its limits, in every layout, and the bound on memory, are tested in ``tests/unit/gguf/test_hostile.py``.
"""

import os
from pathlib import Path

import pytest

from packllama.base.errors import GGUFError
from packllama.digest import Digest
from packllama.manifest import LayerKind
from tests.threats.refusal import Scene, assert_all_refused, assert_refused
from tests.unit.gguf import builder
from tests.unit.gguf.builder import CURRENT
from tests.unit.gguf.test_hostile import NAMES, sample, widths
from tests.unit.stores import TINY_GGUF, put_model


def hostile() -> list[bytes]:
    """The sample with each field at each limit, as far as reading it is refused."""
    found = []
    for field in NAMES:
        top = 1 << 8 * widths(CURRENT)[field]
        for number in (0, 1, top - 1, top - 2, top >> 1):
            data = sample(CURRENT, {field: number})
            try:
                builder.parse(data)
            except GGUFError:
                found.append(data)
    return found


HOSTILE = hostile()


def test_there_are_many() -> None:
    assert len(HOSTILE) > 80


def test_at_every_verb(scene: Scene) -> None:
    runs: list[tuple[str, ...]] = []
    for number, data in enumerate(HOSTILE):
        (scene.folder / f"{number}.gguf").write_bytes(data)
        (scene.folder / f"M{number}").write_text(f"FROM ./{number}.gguf\n")
        runs += [("inspect", f"{number}.gguf"), ("create", "x", "-f", f"M{number}"), ("init", f"{number}.gguf")]
    assert_all_refused(scene, runs, exit={4})


def test_no_engine_sees_a_file_that_was_not_checked(scene: Scene) -> None:
    """Whoever could write into the store, or a bundle that is right by its digests, brings such a file in."""
    engine = scene.folder / "engine"
    engine.write_text("#!/bin/sh\ntouch started\n")
    engine.chmod(0o755)
    runs = []
    for number, data in enumerate(HOSTILE[::3]):
        put_model(scene.store, f"m{number}", weights=data)
        runs.append(("run", "--engine", "./engine", f"m{number}", "hello"))
    for kind in (LayerKind.PROJECTOR, LayerKind.ADAPTER, LayerKind.DRAFT):
        put_model(scene.store, f"m-{kind.name.lower()}", (kind, HOSTILE[-1]))
        runs.append(("run", "--engine", "./engine", f"m-{kind.name.lower()}", "hello"))
    assert_all_refused(scene, runs, exit={4})
    assert not (scene.folder / "started").exists()


def longer(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more than the manifest says")


def shorter(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def linked(path: Path) -> None:
    secret = path.parents[2] / "secret"
    secret.write_bytes(b"s" * path.stat().st_size)
    path.unlink()
    path.symlink_to(secret)


@pytest.mark.parametrize("change", [longer, shorter, linked])
def test_what_is_carried_ends_where_the_file_does(change: object, scene: Scene) -> None:
    """No byte goes into a bundle that is not the blob's: none behind its end, none of another file."""
    change(scene.store / "blobs" / Digest.of(TINY_GGUF).file_name)  # type: ignore[operator]
    assert_refused(scene, "export", "here", "-o", "x.tar", exit=5)
    done = assert_refused(scene, "export", "here", "-o", "-", exit=5)
    assert "ssss" not in done.out
