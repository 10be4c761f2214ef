"""Which blob an unfinished download of aria2's is."""

from pathlib import Path

import pytest

from packllama.digest import Digest
from packllama.model import Blob
from packllama.places.partial import partials_in
from tests.unit.places.test_aria2 import PIECE, control

FIRST, TWIN, LAST = (Blob(Digest.of(data), size) for data, size in ((b"1", PIECE), (b"2", PIECE), (b"3", 9)))


@pytest.mark.parametrize(
    ("name", "size", "meant"),
    [
        ("data", 9, LAST),
        ("data (1).bin", 9, LAST),
        ("data", 10, None),
        ("data", PIECE, None),
        (f"sha256-{FIRST.digest.hex}", PIECE, FIRST),
        (f"sha256:{TWIN.digest.hex.upper()} (1)", PIECE, TWIN),
        (f"sha256-{FIRST.digest.hex}", 9, None),
        (f"sha256-{'0' * 64}", 9, None),
        (f"{LAST.digest.hex}0", 9, LAST),
    ],
)
def test_which_blob_is_meant(tmp_path: Path, name: str, size: int, meant: Blob | None) -> None:
    (tmp_path / name).write_bytes(b"")
    (tmp_path / f"{name}.aria2").write_bytes(control(size, b"\x80"))
    partials = partials_in(tmp_path, wanted=[FIRST, TWIN, LAST, LAST])
    assert [blob for blob in (FIRST, TWIN, LAST) if partials.extents(blob)] == ([meant] if meant else [])


def test_a_control_file_alone(tmp_path: Path) -> None:
    (tmp_path / "data.aria2").write_bytes(control(9, b"\x80"))
    (tmp_path / ".aria2").write_bytes(control(9, b"\x80"))
    assert partials_in(tmp_path, wanted=[LAST]).extents(LAST) == ()


def test_a_damaged_one_hides_no_other(tmp_path: Path) -> None:
    for name, raw in (("a", b"\0\7"), ("b", control(9, b"\x80")), ("c", bytes(2 << 20))):
        (tmp_path / name).write_bytes(b"")
        (tmp_path / f"{name}.aria2").write_bytes(raw)
    assert partials_in(tmp_path, wanted=[LAST]).extents(LAST) == (range(9),)
