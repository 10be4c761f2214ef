"""What is known of a blob that was hashed before, and what makes it worthless."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.digest import Digest
from packllama.places.store.hash_record import (
    Hashed,
    has_valid_record,
    note_right,
    recorded,
    write_record,
)
from packllama.places.store.ingest import is_unchanged
from packllama.places.store.layout import Layout
from packllama.places.store.workspace import prepare

DIGEST = Digest.of(b"data")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A store with one blob and its record."""
    layout = Layout(tmp_path)
    prepare(layout)
    layout.blob(DIGEST).write_bytes(b"data")
    os.utime(layout.blob(DIGEST), (1e9, 1e9))
    write_record(layout, DIGEST, Hashed.of(layout.blob(DIGEST).stat(), at=1.0), staging=layout.own)
    return layout


def test_a_record_holds_while_nobody_touches_the_blob(layout: Layout) -> None:
    assert has_valid_record(layout, DIGEST)
    assert layout.blob(DIGEST).read_bytes() == b"data"
    assert has_valid_record(layout, DIGEST)
    assert not has_valid_record(layout, Digest.of(b"other"))


def rewritten(blob: Path) -> None:
    blob.write_bytes(b"DATA")


def replaced(blob: Path) -> None:
    blob.with_name("new").write_bytes(b"data")
    blob.with_name("new").replace(blob)


def gone(blob: Path) -> None:
    blob.unlink()


def looping(blob: Path) -> None:
    blob.unlink()
    blob.symlink_to(blob)


@pytest.mark.parametrize("change", [rewritten, replaced, gone, looping])
def test_a_record_of_another_file_is_none(layout: Layout, change: Callable[[Path], None]) -> None:
    change(layout.blob(DIGEST))
    assert not has_valid_record(layout, DIGEST)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"{}", b"null", b"[" * 1000, b"\xff", b" " * 1001])
def test_a_damaged_record_is_none(layout: Layout, raw: bytes) -> None:
    layout.hash_record(DIGEST).write_bytes(raw)
    assert not has_valid_record(layout, DIGEST)


def test_a_record_that_is_a_pipe_is_none(layout: Layout) -> None:
    layout.hash_record(DIGEST).unlink()
    os.mkfifo(layout.hash_record(DIGEST))
    assert not has_valid_record(layout, DIGEST)


def test_what_was_read_is_noted_if_nothing_happened_to_it_since(layout: Layout) -> None:
    status = layout.blob(DIGEST).stat()
    note_right(layout, DIGEST, status, at=5.0, staging=layout.own)
    record = recorded(layout, DIGEST)
    assert record == Hashed.of(status, at=5.0)
    os.utime(layout.blob(DIGEST), (1e9, 1e9))
    note_right(layout, DIGEST, status, at=6.0, staging=layout.own)
    assert b"5.0" in layout.hash_record(DIGEST).read_bytes()


def test_a_time_that_was_set_back_is_a_change(layout: Layout) -> None:
    now = before = layout.blob(DIGEST).stat()
    while now.st_ctime_ns == before.st_ctime_ns:  # until the clock has ticked
        rewritten(layout.blob(DIGEST))
        os.utime(layout.blob(DIGEST), ns=(before.st_atime_ns, before.st_mtime_ns))
        now = layout.blob(DIGEST).stat()
    assert Hashed.of(before, at=1.0).is_still(now)
    assert not is_unchanged(now, before)
