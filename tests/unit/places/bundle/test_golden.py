"""A bundle of format 1 that is kept for ever: it must be read, and written again with the same bytes.

One of its blobs has two pieces, one of its manifests is not in the form in which packllama writes them, two names
share one manifest, and one path is longer than a header's field. It is kept compressed, which a bundle never is.
"""

import gzip
from pathlib import Path

import pytest

from packllama.name import ModelName
from tests.unit.places.bundle.bundles import Opened, consume, opened_file, opened_pipe, write

GOLDEN = Path(__file__).parents[3] / "data" / "bundles" / "format-1.tar.gz"


@pytest.fixture(scope="module")
def golden() -> bytes:
    return gzip.decompress(GOLDEN.read_bytes())


@pytest.mark.parametrize("opened", [opened_file, opened_pipe])
def test_is_read(opened: Opened, golden: bytes, tmp_path: Path) -> None:
    with opened(golden, tmp_path) as descriptor:
        models, data = consume(descriptor)
    assert [model.name for model in models] == [
        ModelName.parse("hf.co/Golden/Tiny-GGUF:Q8_0"),
        ModelName.parse("h" * 100 + ".example:5000/team/golden"),
        ModelName.parse("golden:1b"),
    ]
    assert sum(map(len, data.values())) == 16_777_291


def test_is_written_again(golden: bytes, tmp_path: Path) -> None:
    with opened_file(golden, tmp_path) as descriptor:
        models, data = consume(descriptor)
    assert write(tmp_path / "again.tar", models, data).read_bytes() == golden
