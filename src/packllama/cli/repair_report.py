"""What ``packllama repair`` says of what it found and did, for a person and as a document."""

from collections.abc import Iterator, Sequence

from packllama.base.terminal import escaped
from packllama.base.units import counted, human_bytes
from packllama.check.repair.repair import Damage, Repaired, RepairReport
from packllama.cli.failure import as_document
from packllama.cli.table import padded_rows
from packllama.model import Blob, Model


def text(report: RepairReport) -> str:
    """What came of each model, made harmless for a terminal."""
    models = {model.name: model for model in report.models}
    rows = []
    for name in sorted({*models, *report.taken, *report.broken}):
        texts = list(_about(models[name], report)) if name in models else []
        if name in report.taken:
            texts.insert(0, "its manifest was taken anew" if name in models else "its manifest would be asked for")
        if name in report.broken:
            texts.append("not whole")
        rows += [(name.short, said) for said in texts or ["ok"]]
    return "".join(f"{escaped(line.rstrip())}\n" for line in padded_rows(rows))


def _about(model: Model, report: RepairReport) -> Iterator[str]:
    blobs = set(model.blobs)
    yield from (_repaired(done, model) for done in report.repaired if done.blob in blobs)
    yield from (_would_fetch(damage, model) for damage in report.damages if damage.blob in blobs)


def _repaired(done: Repaired, model: Model) -> str:
    came = f"{human_bytes(done.bytes_fetched)} of {human_bytes(done.blob.size)} fetched"
    return f"repaired: {_what(done.blob, model)}: {came}" + (f" from {', '.join(done.origins)}" if done.origins else "")


def _would_fetch(damage: Damage, model: Model) -> str:
    bad = damage.bad
    if not bad:
        return f"would repair: {_what(damage.blob, model)}: nothing of it has to be fetched"
    behind = ", and what is bad behind them" if damage.behind else ""
    return f"would fetch: {_what(damage.blob, model)}: bytes {bad.start:,} to {bad.stop - 1:,}{behind}"


def _what(blob: Blob, model: Model) -> str:
    """The blob by what it is to the model."""
    return f"{', '.join(dict.fromkeys(_roles(blob, model)))} {blob.digest}"


def _roles(blob: Blob, model: Model) -> Iterator[str]:
    manifest = model.manifest
    for layer in manifest.layers_and_config:
        if layer.digest == blob.digest:
            yield "config" if layer is manifest.config else str(layer.kind or layer.media_type)


def summary(report: RepairReport) -> str:
    """One line of all."""
    counts = f"{counted(len(report.models), 'model')}, {counted(report.blobs, 'blob')} read"
    done = f"{len(report.repaired)} repaired, {human_bytes(report.bytes_fetched)} fetched"
    return f"{counts}, {done}: {_verdict(report)}"


def _verdict(report: RepairReport) -> str:
    if report.broken:
        return f"{counted(len(report.broken), 'model')} not whole"
    if report.damages:
        return f"{counted(len(report.damages), 'blob')} to be repaired"
    return "all whole" if report.whole else "manifests to be asked for"


def document(report: RepairReport, *, origins: Sequence[str], dry_run: bool) -> dict[str, object]:
    """The document of ``--json``. ``origins``: the places, as they were given."""
    users: dict[Blob, list[Model]] = {}
    for model in report.models:
        for blob in model.blobs:
            users.setdefault(blob, []).append(model)

    def about(blob: Blob) -> dict[str, object]:
        using = users.get(blob, [])
        return {
            "digest": str(blob.digest),
            "size": blob.size,
            "models": [model.name.short for model in using],
            "roles": list(dict.fromkeys(role for model in using for role in _roles(blob, model))),
        }

    common: dict[str, object] = {
        "from": list(origins),
        "whole": report.whole,
        "models": [{"name": model.name.short, "whole": report.is_whole(model)} for model in report.models],
        "taken": [name.short for name in report.taken],
        "problems": [
            {**as_document(problem.error), "models": [name.short for name in problem.models]}
            for problem in report.problems
        ],
        "blobs": report.blobs,
    }
    if dry_run:
        damages = [
            {**about(each.blob), "start": each.bad.start, "stop": each.bad.stop, "behind": each.behind}
            for each in report.damages
        ]
        return {"dry_run": True, **common, "damages": damages}
    repaired = [
        {**about(each.blob), "bytes_fetched": each.bytes_fetched, "from": list(each.origins)}
        for each in report.repaired
    ]
    return {**common, "repaired": repaired, "bytes_fetched": report.bytes_fetched}
