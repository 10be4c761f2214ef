"""Nothing wrong gets a good name in a store, whatever its sources say, and whatever lay there before.

The same with places in memory, 10,000 times: ``tests/unit/transfer/test_liars.py``.
"""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packllama.base.errors import PackLlamaError
from packllama.digest import Digest
from packllama.model import Blob
from packllama.places.partial import partials_in
from packllama.places.store import Store, StoreTarget
from packllama.transfer import CopyOptions, copy
from tests.faults.checker import check, listed
from tests.unit.transfer.test_liars import BLOBS, MOVES, liar, told


def put_leftovers(root: Path, leftovers: dict[Digest, tuple[str, bytes]]) -> None:
    """What was there before: a beginning of ours, a finished blob that is none, a partial file of another program's."""
    for digest, (kind, data) in leftovers.items():
        name = {
            "part": f".packllama/blobs/{digest.hex}.part",
            "finished": f".packllama/blobs/{digest.hex}",
            "Ollama's": f"blobs/{digest.file_name}-partial",
            "blob": f"blobs/{digest.file_name}",
        }[kind]
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
        if kind == "Ollama's":
            record = json.dumps({"N": 0, "Offset": 0, "Size": len(BLOBS[digest]), "Completed": len(data)})
            (root / f"{name}-0").write_text(record)


LEFTOVERS = st.dictionaries(
    st.sampled_from(sorted(BLOBS)),
    st.tuples(
        st.sampled_from(["part", "finished", "Ollama's", "blob"]),
        st.one_of(st.binary(max_size=40), st.sampled_from(sorted(BLOBS.values()))),
    ),
    max_size=3,
)


def check_store(lies: list[list[str]], leftovers: dict[Digest, tuple[str, bytes]]) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        root = Path(name)
        (root / "blobs").mkdir()
        put_leftovers(root, leftovers)
        partials = partials_in(root / "blobs", wanted=[Blob(d, len(data)) for d, data in BLOBS.items()])
        sources = [liar(some, 1, 1 << 20) for some in lies]
        target = StoreTarget(Store(root))
        options = CopyOptions(retry=0)
        try:
            copy(MOVES, sources=sources, target=target, extents=partials, options=options)
        except PackLlamaError:
            assert len(listed(name)) < len(MOVES)
        else:
            assert len(listed(name)) == len(MOVES)
        # A wrong file that lay under a blob's name stays only where no listed model needs it.
        needed = [line for line in check(name) if "/manifests/" in line]
        assert needed == []


CASES = given(lies=st.lists(told, min_size=1, max_size=2), leftovers=LEFTOVERS)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@CASES
def test_a_store_and_lying_sources(lies: list[list[str]], leftovers: dict[Digest, tuple[str, bytes]]) -> None:
    check_store(lies, leftovers)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@CASES
def test_a_store_and_lying_sources_at_length(lies: list[list[str]], leftovers: dict[Digest, tuple[str, bytes]]) -> None:
    check_store(lies, leftovers)
