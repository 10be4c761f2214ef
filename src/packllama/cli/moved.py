"""What a verb that moves models did, or would do, for a person and as a document."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packllama.base.errors import PackLlamaError
from packllama.base.terminal import escaped
from packllama.base.units import human_bytes
from packllama.cli.door import Door
from packllama.cli.moving import Job
from packllama.cli.table import padded_rows
from packllama.model import Blob, Model, Move
from packllama.places.bundle import BundleTarget
from packllama.places.bundle.output import Output
from packllama.places.partial import partials_in
from packllama.places.place import Extents, LocalFiles, Source, Stream, Target
from packllama.places.store import Removal, Store, StoreTarget
from packllama.transfer import CopyReport, Plan, copy, plan, receive


@dataclass(frozen=True, slots=True)
class Moved:
    """What one copy did, and what replaced models left over."""

    report: CopyReport
    removed: Removal


def move_into_bundle(output: Output, moves: Sequence[Move], *, source: Source, job: Job) -> Moved:
    """Write one bundle of these models, which exist when all of it is there."""
    report = _copy(moves, source, BundleTarget(output), job)
    for name in report.published:
        job.observer.published(name.short)
    return Moved(report, Removal(0))


def plan_bundle(output: Output, moves: Sequence[Move]) -> Plan:
    """What writing the bundle would take, behind what an interrupted run left."""
    return plan(moves, present=lambda _: False, begun=BundleTarget(output).begun(moves).__getitem__)


def plan_store(store: Store, moves: Sequence[Move]) -> Plan:
    """What copying into a store would take, behind what an interrupted run left."""
    return plan(moves, present=holds(store), begun=StoreTarget(store).begun)


def move_into_store(store: Store, moves: Sequence[Move], *, source: Source, job: Job, link: bool = False) -> Moved:
    """Copy models into a store. One that has the name of one of them is replaced, and what only it used removed.

    What Ollama has of them from a pull that did not end is not copied again.
    """
    local = source if isinstance(source, Store) else None
    files = source if isinstance(source, LocalFiles) else None
    target = StoreTarget(store, source=local, files=files, link=link, verify=job.verify, observer=job.observer)
    partials = partials_in(store.layout.blobs, wanted=[blob for move in moves for blob in move.model.blobs])
    with _dropping_replaced(target, job):
        report = _copy(moves, source, target, job, extents=partials)
    return Moved(report, _drop_replaced(target, job))


def receive_into_store(
    store: Store, stream: Stream, *, moves: Callable[[Sequence[Model]], Sequence[Move]], job: Job
) -> Moved:
    """Take models from a stream into a store. What is replaced goes as in `move_into_store`."""
    target = StoreTarget(store, verify=job.verify, observer=job.observer)
    with _dropping_replaced(target, job):
        report = receive(stream, target=target, moves=moves, options=job.options, observer=job.observer, stop=job.stop)
    return Moved(report, _drop_replaced(target, job))


def _copy(
    moves: Sequence[Move], source: Source, target: Target, job: Job, *, extents: Extents | None = None
) -> CopyReport:
    return copy(
        moves,
        sources=[source],
        target=target,
        extents=extents,
        options=job.options,
        observer=job.observer,
        stop=job.stop,
    )


@contextlib.contextmanager
def _dropping_replaced(target: StoreTarget, job: Job) -> Iterator[None]:
    """Models that came into being before a failure replaced others too."""
    try:
        yield
    except PackLlamaError:
        with contextlib.suppress(PackLlamaError):  # the failure is what counts
            _drop_replaced(target, job)
        raise


def _drop_replaced(target: StoreTarget, job: Job) -> Removal:
    removed = Removal(0) if job.keep_replaced else target.delete_replaced()
    if removed.kept_because:
        job.observer.noted(f"what the older model left over stays: {removed.kept_because}")
    elif removed.freed:
        job.observer.noted(f"freed {human_bytes(removed.freed)} of the older model")
    return removed


def tell(door: Door, done: Sequence[Moved], *, more: Mapping[str, object] | None = None) -> None:
    """Say what it took. The job has told which models are over there now; a document says all, and ``more``."""
    if door.as_json:
        door.result_json({**_document(done), **(more or {})})
        return
    sums = _sums(done)
    if found := sums["bytes_found"]:
        door.say(f"{human_bytes(found)} came from an unfinished download of Ollama's or aria2's")
    there = sums["bytes_present"] + sums["bytes_taken"]
    door.say(f"{human_bytes(sums['bytes_sent'])} moved" + (f", {human_bytes(there)} did not have to" if there else ""))


def _sums(done: Sequence[Moved]) -> dict[str, int]:
    sums = [f"{what}_{how}" for what in ("blobs", "bytes") for how in ("sent", "taken", "present")] + ["bytes_found"]
    return {key: sum(getattr(moved.report, key) for moved in done) for key in sums}


def _document(done: Sequence[Moved]) -> dict[str, object]:
    return {
        "published": [name.short for moved in done for name in moved.report.published],
        **_sums(done),
        "freed": sum(moved.removed.freed for moved in done),
        "kept_because": "; ".join(moved.removed.kept_because for moved in done if moved.removed.kept_because),
    }


def holds(store: Store) -> Callable[[Blob], bool]:
    """Whether a store has a blob, by its size."""

    def present(blob: Blob) -> bool:
        try:
            store.path(blob)
        except PackLlamaError:
            return False
        return True

    return present


def tell_plans(door: Door, plans: Sequence[Plan], *, more: Mapping[str, object] | None = None) -> None:
    """Say what would move. ``more`` is for the document."""
    moves = [move for each in plans for move in each.moves]
    to_move, present = sum(each.bytes_to_move for each in plans), sum(each.bytes_present for each in plans)
    if door.as_json:
        models = [
            {"name": move.name.short, "bytes_to_move": move.bytes_to_move, "bytes_present": move.bytes_present}
            for move in moves
        ]
        document = {"dry_run": True, "models": models, "bytes_to_move": to_move, "bytes_present": present}
        door.result_json({**document, **(more or {})})
        return
    rows = [
        (move.name.short, f"{human_bytes(move.bytes_to_move)} to move", f"{human_bytes(move.bytes_present)} there")
        for move in moves
    ]
    door.result("".join(f"{escaped(line.rstrip())}\n" for line in padded_rows(rows)))
    door.say(f"would move {human_bytes(to_move)}; {human_bytes(present)} are there")
