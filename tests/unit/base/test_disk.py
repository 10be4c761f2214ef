"""What a disk tells of itself."""

import os
from pathlib import Path

import pytest

from packllama.base import disk
from packllama.base.errors import MissingFile


def test_free_space(tmp_path: Path) -> None:
    figures = os.statvfs(tmp_path)
    free = disk.free_space(tmp_path)
    assert free is not None
    assert 0 <= free <= figures.f_blocks * figures.f_frsize
    with pytest.raises(MissingFile):
        disk.free_space(tmp_path / "nowhere")


def test_a_file_system_that_does_not_tell_its_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FUSE drivers without statfs answer with zeros, which do not mean that it is full."""
    monkeypatch.setattr(os, "statvfs", lambda _path: os.statvfs_result((0,) * 10))
    assert disk.free_space(tmp_path) is None
