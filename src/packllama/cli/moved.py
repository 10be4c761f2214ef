"""What a verb that moves models did, or would do, for a person and as a document."""

from collections.abc import Callable, Sequence
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
from packllama.places.place import Source, Stream, Target
from packllama.places.store import Removal, Store, StoreTarget
from packllama.transfer import CopyReport, Plan, copy, receive


@dataclass(frozen=True, slots=True)
class Moved:
    """What one copy did, and what replaced models left over."""

    report: CopyReport
    removed: Removal


def move_into_bundle(output: Output, moves: Sequence[Move], *, source: Source, job: Job) -> Moved:
    """Write one bundle of these models."""
    return Moved(_copy(moves, source, BundleTarget(output), job), Removal(0))


def move_into_store(store: Store, moves: Sequence[Move], *, source: Source, job: Job, link: bool = False) -> Moved:
    """Copy models into a store. One that has the name of one of them is replaced, and what only it used removed."""
    local = source if isinstance(source, Store) else None
    target = StoreTarget(store, source=local, link=link, verify=job.verify, observer=job.observer)
    return Moved(_copy(moves, source, target, job), _drop_replaced(target, job))


def receive_into_store(
    store: Store, stream: Stream, *, moves: Callable[[Sequence[Model]], Sequence[Move]], job: Job
) -> Moved:
    """Take models from a stream into a store. What is replaced goes as in `move_into_store`."""
    target = StoreTarget(store, verify=job.verify, observer=job.observer)
    report = receive(stream, target=target, moves=moves, options=job.options, observer=job.observer, stop=job.stop)
    return Moved(report, _drop_replaced(target, job))


def _copy(moves: Sequence[Move], source: Source, target: Target, job: Job) -> CopyReport:
    return copy(moves, sources=[source], target=target, options=job.options, observer=job.observer, stop=job.stop)


def _drop_replaced(target: StoreTarget, job: Job) -> Removal:
    return Removal(0) if job.keep_replaced else target.delete_replaced()


def tell(door: Door, did: str, done: Sequence[Moved], *, where: str = "", talk_only: bool = False) -> None:
    """Say which models are over there now, and what it took. ``did`` is the verb, ``talk_only``: stdout is taken."""
    for moved in done:
        if moved.removed.kept_because:
            door.say(f"what the older model left over stays: {moved.removed.kept_because}")
        elif moved.removed.freed and not door.as_json:
            door.say(f"freed {human_bytes(moved.removed.freed)} of the older model")
    if door.as_json:
        door.result_json(_document(done))
        return
    for name in _published(done):
        line = f"{did} {name}{where}"
        if talk_only:
            door.say(line)
        else:
            door.result(f"{line}\n")
    sums = _sums(done)
    there = sums["bytes_present"] + sums["bytes_taken"]
    door.say(f"{human_bytes(sums['bytes_sent'])} moved" + (f", {human_bytes(there)} did not have to" if there else ""))


def _published(done: Sequence[Moved]) -> list[str]:
    return [name.short for moved in done for name in moved.report.published]


def _sums(done: Sequence[Moved]) -> dict[str, int]:
    sums = [f"{what}_{how}" for what in ("blobs", "bytes") for how in ("sent", "taken", "present")]
    return {key: sum(getattr(moved.report, key) for moved in done) for key in sums}


def _document(done: Sequence[Moved]) -> dict[str, object]:
    return {
        "published": _published(done),
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


def tell_plans(door: Door, plans: Sequence[Plan]) -> None:
    """Say what would move."""
    moves = [move for plan in plans for move in plan.moves]
    to_move, present = sum(plan.bytes_to_move for plan in plans), sum(plan.bytes_present for plan in plans)
    if door.as_json:
        models = [
            {"name": move.name.short, "bytes_to_move": move.bytes_to_move, "bytes_present": move.bytes_present}
            for move in moves
        ]
        document = {"dry_run": True, "models": models, "bytes_to_move": to_move, "bytes_present": present}
        door.result_json(document)
        return
    rows = [
        (move.name.short, f"{human_bytes(move.bytes_to_move)} to move", f"{human_bytes(move.bytes_present)} there")
        for move in moves
    ]
    door.result("".join(f"{escaped(line.rstrip())}\n" for line in padded_rows(rows)))
    door.say(f"would move {human_bytes(to_move)}; {human_bytes(present)} are there")
