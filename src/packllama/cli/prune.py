"""``packllama prune``: remove what nobody names, shown before it goes."""

from collections.abc import Sequence

import click

from packllama.base.terminal import escaped
from packllama.base.units import human_age, human_bytes, parse_age
from packllama.check.prune.leftover import Leftover, LeftoverKind
from packllama.check.prune.prune import PruneReport, prune
from packllama.cli.door import Door, Talk
from packllama.cli.failure import as_document, report_all
from packllama.cli.options import common, pass_door
from packllama.cli.table import padded_rows

_WORDS = {
    LeftoverKind.ORPHAN: "blob that no model names",
    LeftoverKind.QUARANTINED: "damaged blob, set aside",
    LeftoverKind.WAITING: "blob of a model that did not come",
    LeftoverKind.BEGINNING: "beginning of a blob",
    LeftoverKind.OLLAMA_DOWNLOAD: "unfinished download of Ollama's",
    LeftoverKind.TEMPORARY: "temporary file",
    LeftoverKind.WORK: "work that was stopped",
    LeftoverKind.LOCK: "lock that nobody holds",
    LeftoverKind.RECORD: "record of a blob that is gone",
    LeftoverKind.FAILURE: "note that a translation failed",
    LeftoverKind.TRANSLATION: "translation of a blob that this store does not have",
}


class _Age(click.ParamType):  # type: ignore[type-arg]  # no generic before click 8.5
    """How long ago, in seconds."""

    name = "age"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = parse_age(value)
        if seconds is None:
            self.fail(f"{value!r} is no age; write 30m, 12h, 7d, 2w or 0")
        return seconds


@click.command("prune")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@click.option(
    "--older-than", type=_Age(), default="7d", show_default=True, help="How long unfinished work is left alone."
)
@common
@pass_door
def command(door: Door, dry_run: bool, older_than: float) -> int:
    """Remove what nobody needs: blobs that no model names, and what was left behind.

    All of it is shown before it goes; with --json on stderr. Downloads that were touched within the last 7 days stay;
    --older-than 30m, 12h, 2w or 0 says otherwise. Blobs that no model names, and what Ollama has not finished, must
    have been here for an hour, whatever is said: somebody may be about to use it. While a manifest cannot be read, all
    blobs stay.
    """

    def show(going: Sequence[Leftover]) -> None:
        lines = _table(going)
        if not door.as_json:
            door.result("".join(f"{escaped(line)}\n" for line in lines) or "nothing to remove\n")
        else:
            for line in lines:
                door.say(line)

    report = prune(
        door.store(),
        cache=door.settings.derived_cache,
        older_than=older_than,
        dry_run=dry_run,
        show=show,
        observer=Talk(door),
        stop=door.stop,
    )
    if door.as_json:
        door.result_json(_document(report, dry_run=dry_run))
    else:
        _tell(door, report, dry_run=dry_run)
    return report_all(report.problems, as_json=door.as_json)


def _table(leftovers: Sequence[Leftover]) -> list[str]:
    rows = [(_words(each), human_bytes(each.size), human_age(each.age), str(each.path)) for each in leftovers]
    return [line.rstrip() for line in padded_rows(rows)]


def _words(leftover: Leftover) -> str:
    if leftover.kind is LeftoverKind.TRANSLATION and leftover.path.suffix == ".part":
        return "translation that was not finished"
    return _WORDS[leftover.kind]


def _tell(door: Door, report: PruneReport, *, dry_run: bool) -> None:
    for each in report.kept:
        door.say(f"stays: {each.path}: {_words(each)}: {each.stays}")
    if report.kept_because:
        door.say(f"blobs that no model names stay, if there are any: {report.kept_because}")
    if report.removed:
        door.result(f"{'would free' if dry_run else 'freed'} {human_bytes(report.freed)}\n")


def _document(report: PruneReport, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "removed": [_leftover(each) for each in report.removed],
        "freed": report.freed,
        "kept": [{**_leftover(each), "why": each.stays} for each in report.kept],
        "kept_because": report.kept_because,
        "problems": [as_document(problem) for problem in report.problems],
    }


def _leftover(each: Leftover) -> dict[str, object]:
    return {"kind": str(each.kind), "path": str(each.path), "bytes": each.size, "age_seconds": int(each.age)}
