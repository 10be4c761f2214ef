"""``packllama pull``: download models from their registries into the store."""

import contextlib
from collections.abc import Iterator, Sequence

import click

from packllama.base.errors import BadInput, FarSideError, IntegrityError, NotFound, NotSupported, PackLlamaError
from packllama.base.observer import Observer
from packllama.cli import complete
from packllama.cli.door import Door
from packllama.cli.failure import as_document, report_all
from packllama.cli.moved import Moved, move_into_store, plan_store, tell, tell_plans
from packllama.cli.moving import Moving, moving
from packllama.cli.options import common, pass_door
from packllama.cli.registries import mirrors_meant, open_mirrored
from packllama.links.typed import Typed, read_typed
from packllama.model import Blob, Model, Move
from packllama.name import ModelName, Source, split_source
from packllama.pieces import Pieces
from packllama.places.registry.address import Address
from packllama.places.store import StoreTarget
from packllama.places.store.kept_pieces import read_pieces
from packllama.transfer.mirrored import Mirrored


@click.command("pull")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete.names)
@click.option("--mirror", "mirrors", multiple=True, metavar="URL", help="Fetch from there too. [PACKLLAMA_MIRROR]")
@click.option("--insecure", is_flag=True, help="Speak http with the registry, which encrypts nothing.")
@moving
@common
@pass_door
def command(door: Door, names: tuple[str, ...], mirrors: tuple[str, ...], insecure: bool, moving: Moving) -> int | None:
    """Download models from the registries in their names: gemma3:4b, hf.co/USER/REPO, HOST:PORT/NAMESPACE/MODEL.

    What the store has is not fetched, and what was begun is gone on with, also what Ollama began. All names are looked
    up before the first is fetched. A mirror is a server with the same paths, for example http://10.0.0.5:8080; it is
    asked for a part of the data, and what a model is only when its own registry cannot be reached.
    """
    wanted = list(dict.fromkeys(_meant(typed, insecure=insecure) for typed in read_typed(names)))
    pull = _Pull(door, mirrors_meant(door, mirrors))
    with moving.job(door, "pulling", lambda _: None) as job:
        found = pull.found(wanted, job.observer)
    if pull.problems:
        return pull.tell()
    moves = [Move(model) for model, _ in found]
    if moving.dry_run:
        tell_plans(door, [plan_store(pull.store, moves)])
        return None
    if len(moves) > 1:
        with StoreTarget(pull.store).begin(moves, stop=door.stop):
            pass  # there is room for all of them
    for model, source in found:
        pull.fetch(model, source, moving)
    return pull.tell()


def _meant(typed: Typed, *, insecure: bool) -> Typed:
    """Raises: NotSupported, for a model that runs elsewhere."""
    name, source = split_source(typed.name.full)
    if source is Source.CLOUD:
        raise NotSupported(
            "this model runs on ollama.com: there is nothing to download",
            where=typed.name.short,
            hint=f"If it can be had, it has no such suffix: packllama pull {ModelName.parse(name).short}",
        )
    return Typed(ModelName.parse(name), insecure=insecure or typed.insecure)


class _Pull:
    """One run: the registries that are spoken with, and what came of it."""

    def __init__(self, door: Door, mirrors: Sequence[Address]) -> None:
        self.store = door.store(writing=True)
        self.problems: list[PackLlamaError] = []
        self._door = door
        self._mirrors = mirrors
        self._sources: dict[Address, Mirrored] = {}
        self._done: list[Moved] = []
        self._up_to_date: list[str] = []

    def found(self, wanted: Sequence[Typed], observer: Observer) -> list[tuple[Model, Mirrored]]:
        """The models that the registries have of these names, with who has them."""
        found = []
        for typed in wanted:
            with self._going_on():
                source = self._source(Address(typed.name.host, insecure=typed.insecure), observer)
                found.append((source.find(typed.name), source))
        return found

    @contextlib.contextmanager
    def _going_on(self) -> Iterator[None]:
        """With the next model, when something is wrong with this one."""
        try:
            yield
        except (NotFound, BadInput, IntegrityError, FarSideError) as problem:
            self.problems.append(problem)

    def _source(self, registry: Address, observer: Observer) -> Mirrored:
        if registry not in self._sources:
            self._sources[registry] = open_mirrored(
                registry, self._mirrors, self._door, observer=observer, pieces=self._pieces
            )
        return self._sources[registry]

    def _pieces(self, blob: Blob) -> Pieces | None:
        return read_pieces(self.store.layout, blob)

    def fetch(self, model: Model, source: Mirrored, moving: Moving) -> None:
        """Raises: MachineError, Cancelled."""
        known = self._knows(model)
        with self._going_on(), moving.job(self._door, "pulling", self._pulled) as job:
            moved = move_into_store(self.store, [Move(model)], source=source, job=job)
            self._done.append(moved)
            if known and not moved.report.bytes_sent:
                self._up_to_date += [name.short for name in moved.report.published]

    def _knows(self, model: Model) -> bool:
        """Whether that is what the store has under this name."""
        try:
            return self.store.find(model.name).manifest.raw == model.manifest.raw
        except PackLlamaError:
            return False

    def _pulled(self, name: str) -> None:
        self._door.result(f"{name} is up to date\n" if name in self._up_to_date else f"pulled {name}\n")

    def tell(self) -> int:
        """Say what came of it. Returns the exit status.

        Raises: the problem, when there is nothing else to say.
        """
        if len(self.problems) == 1 and not self._done:
            raise self.problems[0]
        if self._done or self._door.as_json:
            problems = [as_document(problem) for problem in self.problems]
            tell(self._door, self._done, more={"up_to_date": self._up_to_date, "problems": problems})
        return report_all(self.problems, as_json=self._door.as_json)
