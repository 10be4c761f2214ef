"""One blob on its way into a store: nothing is lost that came, whoever is killed, and two do not write it at once."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base import partfile
from packllama.base.errors import (
    Cancelled,
    IntegrityError,
)
from packllama.base.locks import FileLock
from packllama.base.stop import Stop
from packllama.check.finding import FindingKind
from packllama.check.survey.survey import survey
from packllama.model import Move
from packllama.places.store import Store
from tests.faults.checker import check
from tests.unit.places.store.moving import (
    BIG,
    WEIGHTS,
    Noting,
    begun,
    left,
    link,
    name_of,
    pieces_of,
    receive,
    send,
)


def test_what_was_left_is_gone_on_with(store: Store, move: Move) -> None:
    with begun(store, move) as session:
        send(session, BIG, move, up_to=1_000_000)
    assert left(store) == sorted([f"{name_of(BIG)}.part", f"{name_of(BIG)}.synced"])
    with begun(store, move) as session:
        assert BIG in dict(session.missing())
        with session.append(BIG, of=move) as appender:
            assert appender.kept == 1_000_000
            again = bytearray(appender.kept)
            with appender.reread() as reader:
                assert reader.readinto(memoryview(again)) == appender.kept
                assert reader.readinto(memoryview(again)) == 0
            assert again == WEIGHTS[:1_000_000]
    receive(store, move)
    assert (check(str(store.layout.root)), left(store)) == ([], [])


def test_finished_blobs_wait_for_their_model(store: Store, move: Move) -> None:
    with begun(store, move) as session:
        send(session, BIG, move)
        assert survey(store).findings == ()
    assert left(store) == [name_of(BIG)]
    assert list(store.layout.blobs.iterdir()) == []
    assert [finding.kind for finding in survey(store).findings] == [FindingKind.UNFINISHED]
    observer = Noting()
    with begun(store, move, observer=observer) as session:
        assert BIG not in dict(session.missing())
    assert observer.done == 0
    receive(store, move)
    assert (check(str(store.layout.root)), left(store)) == ([], [])


def test_after_a_restart_of_the_machine(store: Store, move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    with begun(store, move) as session:
        send(session, BIG, move, up_to=1_500_000)
    monkeypatch.setattr(partfile, "boot_id", lambda: "another run")
    with begun(store, move) as session, session.append(BIG, of=move) as appender:
        assert appender.kept == 0
    receive(store, move)
    assert check(str(store.layout.root)) == []


def test_a_wrong_digest_is_discarded(store: Store, move: Move) -> None:
    with begun(store, move) as session:
        with session.append(BIG, of=move) as appender:
            appender.write(memoryview(bytes(BIG.size)))
            appender.discard()
        assert left(store) == []
        with session.append(BIG, of=move) as appender:
            assert appender.kept == 0


@pytest.mark.parametrize("more", [-1, 1])
def test_another_size_is_not_finished(store: Store, move: Move, more: int) -> None:
    with begun(store, move) as session, session.append(BIG, of=move) as appender:
        appender.write(memoryview(bytes(BIG.size + more)))
        with pytest.raises(IntegrityError, match=r"expected 2,097,152 bytes"):
            appender.finish(pieces_of(BIG))


def test_finished_blobs_that_were_changed_are_fetched_again(store: Store, move: Move) -> None:
    with begun(store, move) as session:
        send(session, BIG, move)
    store.layout.finished_blob(BIG.digest).write_bytes(bytes(BIG.size))
    observer = Noting()
    with begun(store, move, observer=observer) as session:
        assert BIG in dict(session.missing())
    assert (observer.plans, observer.done, left(store)) == ([BIG.size], BIG.size, [])
    assert len(observer.notes) == 1
    assert observer.notes[0].endswith("; it is fetched again")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("make", [link, pipe])
def test_a_finished_blob_that_is_none(store: Store, move: Move, make: Callable[[Path], None]) -> None:
    with begun(store, move) as session:
        send(session, BIG, move)
    make(store.layout.finished_blob(BIG.digest))
    with begun(store, move) as session:
        assert BIG in dict(session.missing())
    receive(store, move)
    assert check(str(store.layout.root)) == []


OTHER = """
import sys
from pathlib import Path
from packllama.base.stop import Stop
from packllama.model import Move
from packllama.name import ModelName
from packllama.pieces import Pieces
from packllama.places.store import Store, StoreTarget
source = Store(Path(sys.argv[2]))
move = Move(source.find(ModelName.parse("m")))
with StoreTarget(Store(Path(sys.argv[1]))).begin([move], stop=Stop()) as session:
    blob = max(move.model.blobs, key=lambda blob: blob.size)
    data = source.path(blob).read_bytes()
    with session.append(blob, of=move) as appender:
        appender.write(memoryview(data)[:1_200_000])
        print("ready", flush=True)
        sys.stdin.readline()
        appender.write(memoryview(data)[1_200_000:])
        appender.finish(Pieces(()))
"""


@pytest.fixture
def other(store: Store, source: Store) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OTHER, str(store.layout.root), str(source.layout.root)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def test_the_second_waits_and_finds_it_done(store: Store, move: Move, other: subprocess.Popen[str]) -> None:
    class Release(Noting):
        def waiting(self, holder: str) -> None:
            super().waiting(holder)
            other.communicate("go\n", timeout=30)

    observer = Release()
    with begun(store, move, observer=observer) as session:
        assert BIG in dict(session.missing())
        with session.append(BIG, of=move) as appender:
            assert appender.kept == BIG.size
            with appender.reread() as reader:
                assert reader.readinto(memoryview(bytearray(BIG.size))) == BIG.size
            appender.finish(pieces_of(BIG))
        for blob, of in session.missing():
            if blob != BIG:
                send(session, blob, of)
        session.publish(move)
    assert observer.waited == [f"process {other.pid} (copying m:latest)"]
    assert (check(str(store.layout.root)), left(store)) == ([], [])


def test_the_second_goes_on_when_the_first_is_killed(store: Store, move: Move, other: subprocess.Popen[str]) -> None:
    class Kill(Noting):
        def waiting(self, holder: str) -> None:
            other.kill()
            other.communicate(timeout=30)

    with begun(store, move, observer=Kill()) as session, session.append(BIG, of=move) as appender:
        assert appender.kept == 1_200_000


def test_waiting_can_be_cancelled(store: Store, move: Move) -> None:
    class Cancel(Noting):
        def waiting(self, holder: str) -> None:
            stop.set()

    stop = Stop()
    with begun(store, move, stop=stop, observer=Cancel()) as session:
        lock = FileLock(store.layout.blob_lock(BIG.digest), holder="other")
        assert lock.try_acquire(exclusive=True)
        with pytest.raises(Cancelled):
            session.append(BIG, of=move)
        lock.release()


def test_a_blob_that_another_finished_wrongly_is_written_again(store: Store, move: Move) -> None:
    with begun(store, move) as session:
        store.layout.finished_blob(BIG.digest).write_bytes(bytes(BIG.size))
        with session.append(BIG, of=move) as appender:
            assert appender.kept == BIG.size
            appender.discard()
        with session.append(BIG, of=move) as appender:
            assert appender.kept == 0


def test_a_blob_that_another_published_meanwhile(store: Store, move: Move) -> None:
    with begun(store, move) as session:
        receive(store, move)
        with session.append(BIG, of=move) as appender:
            assert appender.kept == BIG.size
            with pytest.raises(IntegrityError, match="too many"):
                appender.write(memoryview(b"x"))
            appender.finish(pieces_of(BIG))
        for blob, of in session.missing():
            if blob != BIG:
                send(session, blob, of)
        session.publish(move)
    assert check(str(store.layout.root)) == []


@pytest.mark.parametrize("right", [True, False])
def test_a_blob_that_another_published_a_moment_ago(right: bool, store: Store, move: Move) -> None:
    """It has no record yet: whether it is right, its bytes tell."""
    with begun(store, move) as session:
        store.layout.blobs.mkdir(exist_ok=True)
        store.layout.blob(BIG.digest).write_bytes(WEIGHTS if right else bytes(BIG.size))
        with session.append(BIG, of=move) as appender:
            assert appender.kept == BIG.size
            if right:
                appender.finish(pieces_of(BIG))
            else:
                appender.discard()
        if not right:
            with session.append(BIG, of=move) as appender:
                assert appender.kept == 0
            send(session, BIG, move)
        for blob, of in session.missing():
            if blob != BIG:
                send(session, blob, of)
        session.publish(move)
    assert check(str(store.layout.root)) == []
