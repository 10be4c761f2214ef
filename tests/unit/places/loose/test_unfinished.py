"""Files that are not whole yet."""

import struct
from pathlib import Path

import pytest

from packllama.base.stop import Stop
from packllama.places.loose.unfinished import Unfinished, unfinished
from packllama.places.loose.walk import walk
from tests.unit.places.loose.downloading import put

HEX = "44" * 32


def found(folder: Path) -> list[Unfinished]:
    return unfinished(walk([folder], stop=Stop()).files)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"sha256-{HEX}.part", "a browser or download program has not finished {}: 5 B of 9 B"),
        (f"sha256-{HEX}.partial", "a browser or download program has not finished {}: 5 B of 9 B"),
        (f"sha256-{HEX}.tmp", "a browser or download program has not finished {}: 5 B of 9 B"),
        (f"sha256-{HEX}.crdownload", "Chrome has not finished {}: 5 B of 9 B"),
        (f"sha256-{HEX}.download", "Safari has not finished {}: 5 B of 9 B"),
        (f"sha256-{HEX}-partial", "Ollama has not finished {}"),
    ],
)
def test_sentences(tmp_path: Path, name: str, said: str) -> None:
    (one,) = found(put(tmp_path, {name: b"bytes", "other": b""}))
    assert one.sentence(size=9) == said.format(tmp_path / f"sha256-{HEX}")
    assert one.digest and one.digest.hex == HEX


@pytest.mark.parametrize(
    ("control", "amount"),
    [
        (struct.pack(">HIIIQQI", 1, 0, 0, 1000, 3500, 0, 1) + b"\xa0" + bytes(4), ": 2 KB of 3.5 KB"),
        (struct.pack(">HIIIQQI", 1, 0, 0, 1000, 3500, 0, 1) + b"\xf0" + bytes(4), ": 3.5 KB of 3.5 KB"),
        (struct.pack(">HII20sIQQI", 1, 0, 20, b"", 1000, 9000, 0, 2) + b"\x80\x00" + bytes(4), ": 1 KB of 9 KB"),
        (b"", ""),
        (b"\xff" * 100, ""),
    ],
)
def test_aria2(tmp_path: Path, control: bytes, amount: str) -> None:
    """Its file has its full length from the beginning."""
    (one,) = found(put(tmp_path, {"data": bytes(3500), "data.aria2": control}))
    assert one.bytes_in.name == "data"
    assert one.sentence() == f"aria2 has not finished {tmp_path / 'data'}{amount}"


def test_aria2s_file_alone(tmp_path: Path) -> None:
    (one,) = found(put(tmp_path, {"data.aria2": b""}))
    assert one.bytes_in.name == "data.aria2"
