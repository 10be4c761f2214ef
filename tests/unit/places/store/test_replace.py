"""One blob's file in place of another."""

from pathlib import Path

import pytest

from packllama.base.errors import IntegrityError, MachineError
from packllama.digest import Digest
from packllama.places.store import replace
from packllama.places.store.layout import Layout
from packllama.places.store.replace import is_plain, put_in_place

DIGEST = Digest.of(b"right")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    for folder in (layout.blobs, layout.own):
        folder.mkdir()
    (layout.own / "new").write_bytes(b"right")
    return layout


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("before", [None, b"an older one"])
def test_what_was_there_is_kept(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, links: bool, before: bytes | None
) -> None:
    if not links:
        monkeypatch.setattr(replace, "link", lambda *_: False)
    blob, kept = layout.blob(DIGEST), layout.quarantined(DIGEST)
    blob.write_bytes(b"wrong")
    if before:
        kept.parent.mkdir()
        kept.write_bytes(before)
    put_in_place(layout, DIGEST, layout.own / "new")
    assert (blob.read_bytes(), kept.read_bytes()) == (b"right", b"wrong")
    assert not (layout.own / "new").exists()


def test_what_is_missing_leaves_the_quarantine_alone(layout: Layout) -> None:
    kept = layout.quarantined(DIGEST)
    kept.parent.mkdir()
    kept.write_bytes(b"wrong")
    put_in_place(layout, DIGEST, layout.own / "new")
    assert (layout.blob(DIGEST).read_bytes(), kept.read_bytes()) == (b"right", b"wrong")


def test_a_link_is_not_replaced(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"wrong")
    layout.blob(DIGEST).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IntegrityError, match="found a link"):
        put_in_place(layout, DIGEST, layout.own / "new")
    assert layout.blob(DIGEST).is_symlink()
    assert (layout.own / "new").exists()


def test_nothing_goes_through_a_quarantine_that_is_a_link(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    layout.quarantine.symlink_to(tmp_path / "elsewhere")
    layout.blob(DIGEST).write_bytes(b"wrong")
    with pytest.raises(MachineError, match="link"):
        put_in_place(layout, DIGEST, layout.own / "new")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert layout.blob(DIGEST).read_bytes() == b"wrong"


def test_is_plain(layout: Layout) -> None:
    assert is_plain(layout.own / "new")
    assert not is_plain(layout.own / "nothing")
    with pytest.raises(IntegrityError, match="found a folder"):
        is_plain(layout.own)
