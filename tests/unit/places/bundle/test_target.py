"""Bundles written: their bytes, when they get their name, and when they never do."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packllama.base.errors import (
    BadInput,
    Cancelled,
    IntegrityError,
    InvalidBundle,
    InvalidManifest,
    MissingFile,
    NoSpace,
    NotSupported,
)
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, Manifest, compose
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.pieces import Pieces
from packllama.places.bundle import BundleTarget, ToFile, ToPipe, output
from packllama.places.bundle.contents import Contents
from packllama.places.bundle.entry import END, Entry, encode
from packllama.places.bundle.layout import blob_path
from packllama.places.place import Session, Target
from tests.unit.places.bundle.bundles import (
    CONFIG,
    TEMPLATE,
    TWO,
    TWO_BYTES,
    WEIGHTS,
    entries,
    model,
    pieces_of,
    send,
    write,
)

MOVES = [Move(each) for each in TWO]
WHOLE = b"".join(entries().values())


def begun(path: Path) -> Session:
    target: Target = BundleTarget(ToFile(path))
    return target.begin(MOVES, stop=Stop())


def sized(name: str, data: bytes, size: int) -> Model:
    """A model that lies about the size of its one layer."""
    config = Layer(CONFIG_TYPE, Digest.of(CONFIG), len(CONFIG))
    raw = compose(config, [Layer("x", Digest.of(data), size)])
    return Model(ModelName.parse(name), Manifest.decode(raw, where=name))


def test_writes_the_format(tmp_path: Path) -> None:
    assert write(tmp_path / "x.tar").read_bytes() == WHOLE


def test_the_order_of_the_models_does_not_matter(tmp_path: Path) -> None:
    assert write(tmp_path / "x.tar", TWO[::-1]).read_bytes() == WHOLE


def test_another_name_on_the_way(tmp_path: Path) -> None:
    move = Move(TWO[1], ModelName.parse("other"))
    with BundleTarget(ToFile(tmp_path / "x.tar")).begin([move], stop=Stop()) as session:
        send(session, TWO_BYTES)
        assert session.publish(move) == ModelName.parse("other")
    renamed = [Model(ModelName.parse("other"), TWO[1].manifest)]
    assert (tmp_path / "x.tar").read_bytes() == b"".join(entries(renamed).values())


def test_each_blob_once_and_the_smallest_first(tmp_path: Path) -> None:
    with begun(tmp_path / "x.tar") as session:
        missing = session.missing()
        assert [each.size for each, _ in missing] == [0, len(TEMPLATE), len(CONFIG), len(WEIGHTS)]
        assert all(each in move.model.blobs for each, move in missing)
        assert not session.take(missing[0][0], tmp_path)


def test_the_name_comes_with_the_last_model(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    before = WHOLE[:1024]
    path.write_bytes(before)
    with begun(path) as session:
        send(session, TWO_BYTES)
        session.publish(MOVES[0])
        assert path.read_bytes() == before
        session.publish(MOVES[1])
        assert path.read_bytes() == WHOLE
    assert list(tmp_path.iterdir()) == [path]


def test_the_mode_is_that_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        assert write(tmp_path / "x.tar").stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)


def leave(session: Session) -> None:
    """Somebody changed their mind."""


def send_only(session: Session) -> None:
    send(session, TWO_BYTES)


def publish_one(session: Session) -> None:
    send(session, TWO_BYTES)
    session.publish(MOVES[0])


def publish_too_early(session: Session) -> None:
    with pytest.raises(IntegrityError, match="the bundle lacks sha256:"):
        session.publish(MOVES[0])


def discard(session: Session) -> None:
    each, move = session.missing()[0]
    with session.append(each, of=move) as appender:
        appender.discard()


def send_too_much(session: Session) -> None:
    each, move = session.missing()[0]
    with pytest.raises(IntegrityError, match="expected 0 bytes, found 1"), session.append(each, of=move) as appender:
        appender.write(memoryview(b"x"))


def send_too_little(session: Session) -> None:
    (_, _), (each, move) = session.missing()[:2]
    with session.append(session.missing()[0][0], of=move) as appender:
        appender.finish(Pieces(()))
    with pytest.raises(IntegrityError, match="expected 13 bytes, found 1"), session.append(each, of=move) as appender:
        appender.write(memoryview(b"x"))
        appender.finish(pieces_of(b"x"))


def send_out_of_order(session: Session) -> None:
    each, move = session.missing()[1]
    with pytest.raises(IntegrityError, match="cannot go on"):
        session.append(each, of=move)


@pytest.mark.parametrize(
    "work",
    [leave, send_only, publish_one, publish_too_early, discard, send_too_much, send_too_little, send_out_of_order],
)
def test_leaves_no_file_unless_all_was_published(work: Callable[[Session], None], tmp_path: Path) -> None:
    with begun(tmp_path / "x.tar") as session:
        work(session)
    assert list(tmp_path.iterdir()) == []


def test_leaves_no_end_mark_in_a_pipe_unless_all_was_published(tmp_path: Path) -> None:
    with (tmp_path / "redirected").open("wb") as file:
        with BundleTarget(ToPipe(file.fileno())).begin(MOVES, stop=Stop()) as session:
            send(session, TWO_BYTES)
            session.publish(MOVES[0])
    written = (tmp_path / "redirected").read_bytes()
    assert WHOLE.startswith(written)
    assert written not in {b"", WHOLE}
    assert not written.endswith(END)


def test_a_pipe_cannot_take_back_what_it_has(tmp_path: Path) -> None:
    with (tmp_path / "redirected").open("wb") as file:
        with BundleTarget(ToPipe(file.fileno())).begin(MOVES, stop=Stop()) as session:
            each, move = session.missing()[0]
            with session.append(each, of=move) as appender:
                assert (appender.kept, appender.reread()) == (0, None)
                appender.discard()
            with pytest.raises(IntegrityError, match="cannot go on"):
                session.append(each, of=move)


def test_a_stop_is_heard(tmp_path: Path) -> None:
    stop = Stop()
    with pytest.raises(Cancelled), BundleTarget(ToFile(tmp_path / "x.tar")).begin(MOVES, stop=stop) as session:
        stop.set()
        send(session, TWO_BYTES)
    assert list(tmp_path.iterdir()) == []


def export_to(descriptor: int) -> None:
    with BundleTarget(ToPipe(descriptor)).begin(MOVES, stop=Stop()) as session:
        send(session, TWO_BYTES)
        for move in MOVES:
            session.publish(move)


def test_to_a_pipe() -> None:
    reading, writing = os.pipe()
    with ThreadPoolExecutor(1) as pool, os.fdopen(reading, "rb") as pipe:
        found = pool.submit(pipe.read)
        export_to(writing)
        os.close(writing)
        assert found.result() == WHOLE


def test_a_reader_that_leaves() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        export_to(writing)
    os.close(writing)


def test_a_stop_is_heard_while_nobody_reads() -> None:
    reading, writing = os.pipe()
    stop = Stop()
    with ToPipe(writing).open(b"", size=0, stop=stop) as target:
        thread = threading.Timer(0, stop.set)
        with pytest.raises(Cancelled):
            thread.start()
            while True:
                target.write(bytes(1 << 16))
        thread.join()
    assert os.get_blocking(writing)
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize(
    ("models", "kind", "words"),
    [
        ([], InvalidBundle, "one model at least"),
        ([model("m", WEIGHTS), model("M", TEMPLATE)], InvalidBundle, "two models have one name"),
        ([sized("a", WEIGHTS, 1), sized("b", WEIGHTS, 2)], InvalidManifest, "two sizes for one digest"),
        ([sized("a", WEIGHTS, 1 << 62)], NotSupported, "more models than one bundle holds"),
        ([sized("a", WEIGHTS, 1 << 40)], NoSpace, "free are"),
    ],
)
def test_refuses_before_the_first_byte(models: list[Model], kind: type[Exception], words: str, tmp_path: Path) -> None:
    with pytest.raises(kind, match=words):
        BundleTarget(ToFile(tmp_path / "x.tar")).begin([Move(each) for each in models], stop=Stop())
    assert list(tmp_path.iterdir()) == []


def test_refuses_a_place_that_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/null"), Path("/dev/stdout"), Path("/dev/fd/1")):
        with pytest.raises(BadInput, match="expected the name of a file"):
            begun(path)
    with pytest.raises(MissingFile):
        begun(tmp_path / "absent" / "x.tar")


def test_refuses_a_file_that_fat_cannot_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "file_size_limit", lambda _: 5000)
    with pytest.raises(NoSpace, match="takes no file above 4 GiB") as caught:
        begun(tmp_path / "x.tar")
    assert "split" in caught.value.hint


def test_a_blob_of_9_gib_has_its_size_in_the_header(tmp_path: Path) -> None:
    large = Blob(Digest("ab" * 32), 9 << 30)
    config = Layer(CONFIG_TYPE, Digest.of(CONFIG), len(CONFIG))
    manifest = Manifest.decode(compose(config, [Layer("x", large.digest, large.size)]), where="m")
    move = Move(Model(ModelName.parse("m"), manifest))
    with (tmp_path / "redirected").open("wb") as file:
        with BundleTarget(ToPipe(file.fileno())).begin([move], stop=Stop()) as session:
            send_first(session)
            with session.append(large, of=move):
                pass
    written = (tmp_path / "redirected").read_bytes()
    assert written.startswith(Contents.of([move.model]).head())
    assert written.endswith(encode(Entry(blob_path(large.digest), 9 << 30)))


def send_first(session: Session) -> None:
    each, move = session.missing()[0]
    with session.append(each, of=move) as appender:
        appender.write(memoryview(CONFIG))
        appender.finish(pieces_of(CONFIG))
