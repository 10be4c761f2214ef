"""Sources that lie in every answer. Whatever comes of it: what has a good name is right, what is published is whole."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packllama.base.errors import MachineError, ModelNotFound, PackLlamaError
from packllama.digest import Digest
from packllama.model import Blob, Move
from packllama.places.place import Reader
from packllama.transfer import CopyOptions, copy, receive
from tests.unit.transfer.memory import BytesReader, MemorySource, MemoryStream, MemoryTarget, made

FIRST, FIRST_BLOBS = made("first", b"weights of the first, " * 40, b"shared", b"")
SECOND, SECOND_BLOBS = made("second", b"weights of the other, " * 40, b"shared")
BLOBS = FIRST_BLOBS | SECOND_BLOBS
MOVES = [Move(FIRST), Move(SECOND)]
CONTENTS = sorted(BLOBS.values())

Lie = Callable[[bytes, int, int], bytes]


def _flipped(data: bytes, start: int, stop: int) -> bytes:
    part = bytearray(data[start:stop])
    if part:
        part[len(part) // 2] ^= 1
    return bytes(part)


def _failing(data: bytes, start: int, stop: int) -> bytes:
    raise MachineError("the line is dead")


def _absent(data: bytes, start: int, stop: int) -> bytes:
    raise ModelNotFound("gone")


def _another(data: bytes, start: int, stop: int) -> bytes:
    """The blob that comes after it, of whatever length."""
    return CONTENTS[(CONTENTS.index(data) + 1) % len(CONTENTS)][start:stop]


LIES: dict[str, Lie] = {
    "the truth": lambda data, start, stop: data[start:stop],
    "a wrong bit": _flipped,
    "the whole for a range": lambda data, start, stop: data,
    "another range": lambda data, start, stop: data[: stop - start],
    "cut short": lambda data, start, stop: data[start : (start + stop) // 2],
    "nothing": lambda data, start, stop: b"",
    "more than asked for": lambda data, start, stop: data[start:stop] + b"and more",
    "backwards": lambda data, start, stop: data[start:stop][::-1],
    "zeros": lambda data, start, stop: bytes(stop - start),
    "another blob": _another,
    "dead": _failing,
    "absent": _absent,
}

told = st.lists(st.sampled_from(sorted(LIES)), max_size=12)
leftovers = st.dictionaries(
    st.sampled_from(sorted(BLOBS)),
    st.one_of(
        st.binary(max_size=9), st.tuples(st.sampled_from(CONTENTS), st.integers(0, 900)).map(lambda t: t[0][: t[1]])
    ),
    max_size=3,
)


def liar(lies: list[str], streams: int, most: int) -> MemorySource:
    """Tells these lies, one per question, and the truth from then on."""
    left = list(lies)

    def answer(blob: Blob, start: int, stop: int) -> Reader:
        lie = LIES[left.pop(0) if left else "the truth"]
        return BytesReader(lie(BLOBS[blob.digest], start, stop), most=most)

    return MemorySource({}, streams=streams, answer=answer)


def check_copy(lies: list[list[str]], *, streams: int, most: int, parts: dict[Digest, bytes], rereads: bool) -> None:
    target = MemoryTarget(parts={digest: data for digest, data in parts.items() if data}, rereads=rereads)
    sources = [liar(some, streams, most) for some in lies]
    try:
        report = copy(MOVES, sources=sources, target=target, options=CopyOptions(retry=0))
    except PackLlamaError:
        assert len(target.published) < len(MOVES)
    else:
        assert set(report.published) == set(target.published) == {move.name for move in MOVES}
    target.check()


COPIES = given(
    lies=st.lists(told, min_size=1, max_size=3),
    streams=st.sampled_from([1, 1, 1, 3]),
    most=st.sampled_from([7, 100, 1 << 20]),
    parts=leftovers,
    rereads=st.booleans(),
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@COPIES
def test_lying_sources(
    lies: list[list[str]], streams: int, most: int, parts: dict[Digest, bytes], rereads: bool
) -> None:
    check_copy(lies, streams=streams, most=most, parts=parts, rereads=rereads)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@COPIES
def test_lying_sources_at_length(
    lies: list[list[str]], streams: int, most: int, parts: dict[Digest, bytes], rereads: bool
) -> None:
    check_copy(lies, streams=streams, most=most, parts=parts, rereads=rereads)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    order=st.lists(st.sampled_from(CONTENTS), max_size=10),
    said=st.lists(st.sampled_from(sorted(LIES.keys() - {"dead", "absent"})), min_size=10, max_size=10),
    most=st.sampled_from([7, 1 << 20]),
    parts=leftovers,
)
def test_lying_streams(order: list[bytes], said: list[str], most: int, parts: dict[Digest, bytes]) -> None:
    passing = [
        (Blob(Digest.of(data), len(data)), LIES[lie](data, 0, len(data)))
        for data, lie in zip(order, said, strict=False)
    ]
    target = MemoryTarget(parts={digest: data for digest, data in parts.items() if data})
    try:
        receive(MemoryStream([FIRST, SECOND], passing, most=most), target=target)
    except PackLlamaError:
        assert target.published == {}
    else:
        assert set(target.published) == {FIRST.name, SECOND.name}
    target.check()


def test_an_honest_source_behind_liars_always_helps() -> None:
    for lie in LIES.keys() - {"the truth"}:
        target = MemoryTarget()
        copy(
            MOVES,
            sources=[liar([lie] * 50, 1, 100), MemorySource(BLOBS)],
            target=target,
            options=CopyOptions(retry=0),
        )
        assert target.blobs == BLOBS
        target.check()
