"""Who is asked, under which name, and what is counted."""

import contextlib
from collections.abc import Iterator

import pytest

from packllama.base.errors import AccessDenied, IntegrityError, InvalidManifest, ModelNotFound, PackLlamaError
from packllama.base.stop import Stop
from packllama.check.repair.suppliers import Origin, Supplier, Suppliers
from packllama.check.repair.track import Marks, Track
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.pieces import Pieces
from packllama.places.place import Reader
from packllama.transfer import CopyOptions
from packllama.transfer.pump import Flow
from tests.unit.check.repairing import BLOB, DATA, KNOWN, WEIGHTS, P, honest, liar
from tests.unit.places.store.moving import Noting
from tests.unit.transfer.memory import MemorySource, made

BUFFER = memoryview(bytearray(P))
ONE, TWO = (made(name, WEIGHTS)[0] for name in ("one", "two"))


class Named(MemorySource):
    """Has its blobs under one name only, as a registry does."""

    def __init__(self, name: str, *, error: PackLlamaError) -> None:
        super().__init__(DATA, streams=2)
        self.names: list[str] = []
        self._only = name
        self._error = error

    @contextlib.contextmanager
    def read(self, blob: Blob, *, of: Model, start: int, stop: int) -> Iterator[Reader]:
        self.names.append(of.name.model)
        if of.name.model != self._only:
            raise self._error
        with super().read(blob, of=of, start=start, stop=stop) as reader:
            yield reader


def read(supplier: Supplier, start: int = 0, stop: int = 10) -> bytes:
    with supplier.read(BLOB, of=ONE, start=start, stop=stop) as reader:
        return bytes(BUFFER[: reader.readinto(BUFFER)])


@pytest.mark.parametrize("error", [IntegrityError("no such blob"), AccessDenied("403"), ModelNotFound("one")])
def test_a_blob_is_known_by_one_of_its_models(error: PackLlamaError) -> None:
    source = Named("two", error=error)
    supplier = Supplier(Origin("far", source), {BLOB: [ONE, TWO]})
    assert [read(supplier), read(supplier, P - 1, P + 1)] == [WEIGHTS[:10], WEIGHTS[P - 1 : P + 1]]
    assert source.names == ["one", "two", "two", "two"]
    assert supplier.sent == 13


def test_the_only_model_is_not_tried_before() -> None:
    source = Named("one", error=IntegrityError("no such blob"))
    assert read(Supplier(Origin("far", source), {BLOB: [ONE]})) == WEIGHTS[:10]
    assert source.names == ["one"]


def test_so_many_names_are_tried() -> None:
    models = [made(f"m{number}", b"x")[0] for number in range(100)]
    source = Named("none", error=IntegrityError("no such blob"))
    with pytest.raises(IntegrityError):
        read(Supplier(Origin("far", source), {BLOB: models}))
    assert len(source.names) == 9


def suppliers(*sources: MemorySource, notes: Noting, limit: float | None = None) -> Suppliers:
    options = CopyOptions(retry=0, limit_rate=limit)
    origins = [Origin(str(source), source) for source in sources]
    return Suppliers(origins, {BLOB: [ONE]}, options, Flow.of(options, notes, Stop()))


def test_a_piece() -> None:
    notes, track = Noting(), Track(Marks(BLOB, KNOWN))
    asked = suppliers(liar(), MemorySource({}, name="empty"), honest(name="far"), notes=notes)
    assert asked.fetch(track, BUFFER, pieces_lie=lambda: False)
    assert WEIGHTS[:P] == BUFFER
    assert track.position == P
    assert [str(supplier) for supplier in asked.order] == ["far", "the liar", "empty"]
    assert asked.sent == 2 * P
    assert len(notes.notes) == 2


def test_a_piece_that_nobody_has() -> None:
    track = Track(Marks(BLOB, KNOWN))
    assert not suppliers(liar(), MemorySource({}), notes=Noting()).fetch(track, BUFFER, pieces_lie=lambda: False)
    with pytest.raises(IntegrityError, match="is missing"):
        suppliers(MemorySource({}), notes=Noting()).fetch(track, BUFFER, pieces_lie=lambda: False)
    assert track.position == 0


class Judging(MemorySource):
    """Has another file to try when the first was wrong."""

    def __init__(self) -> None:
        super().__init__({BLOB.digest: bytes(len(WEIGHTS))})

    def was_wrong(self, blob: Blob, found: Pieces) -> bool:
        again, self._blobs = self._blobs != DATA, DATA
        return again

    def was_right(self, blob: Blob, right: Pieces) -> None: ...


def test_one_that_may_try_again_is_asked_again() -> None:
    notes = Noting()
    assert suppliers(Judging(), notes=notes).fetch(Track(Marks(BLOB, KNOWN)), BUFFER, pieces_lie=lambda: False)
    assert notes.notes == []


def test_one_that_turns_out_to_give_whole_files_only() -> None:
    source = honest(streams=2)

    def answer(blob: Blob, start: int, stop: int) -> Reader:
        if source.streams == 2:
            source.streams = 1
            raise IntegrityError("it gives whole files only")
        return source.honest(blob, start, stop)

    source.answer = answer
    assert suppliers(source, notes=Noting()).fetch(Track(Marks(BLOB, KNOWN)), BUFFER, pieces_lie=lambda: False)


def test_find() -> None:
    class Papers(MemorySource):
        def __init__(self, name: str, error: PackLlamaError | None) -> None:
            super().__init__({}, name=name)
            self._error = error

        def find(self, name: ModelName) -> Model:
            if self._error:
                raise self._error
            return ONE

    notes = Noting()
    places = [Papers("no", ModelNotFound("one")), Papers("odd", InvalidManifest("what?")), Papers("yes", None)]
    (found,) = suppliers(*places, notes=notes).find(ONE.name)
    assert (found[0], str(found[1])) == (ONE, "yes")
    assert [note.partition(":")[0] for note in notes.notes] == ["no", "odd"]


def test_nobody_is_blamed_where_pieces_lie() -> None:
    notes = Noting()
    asked = suppliers(liar(), honest(name="far"), notes=notes)
    assert not asked.fetch(Track(Marks(BLOB, KNOWN)), BUFFER, pieces_lie=lambda: True)
    assert (notes.notes, [str(supplier) for supplier in asked.order]) == ([], ["the liar", "far"])


def test_who_gave_what_seemed_right_is_accused() -> None:
    notes = Noting()
    asked = suppliers(honest(name="far"), honest(name="other"), notes=notes)
    assert asked.fetch(Track(Marks(BLOB, KNOWN)), BUFFER, pieces_lie=lambda: False)
    asked.accuse(BLOB)
    assert notes.notes == [f"far sends wrong bytes of {BLOB.digest}"]
    assert [str(supplier) for supplier in asked.order] == ["other", "far"]
