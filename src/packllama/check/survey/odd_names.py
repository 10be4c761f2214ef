"""Names that stand for a manifest, and that mean another one somewhere else."""

from collections.abc import Iterable, Iterator, Sequence

from packllama.check.finding import Finding, FindingKind
from packllama.check.survey.command import command
from packllama.manifest import LayerKind
from packllama.model import Model
from packllama.name import ModelName, reserved
from packllama.places.store.layout import Layout


def case_twins(layout: Layout, names: Iterable[ModelName]) -> Iterator[Finding]:
    """One finding for all names that differ in letter case only."""
    alike: dict[tuple[str, ...], list[ModelName]] = {}
    for name in names:
        alike.setdefault(name.folded, []).append(name)
    for twins in alike.values():
        if len(twins) > 1:
            listed = ", ".join(name.short for name in sorted(twins))
            yield Finding(
                FindingKind.CASE_TWIN,
                layout.manifest(max(twins)),
                f"{listed} differ in letter case only: Ollama takes any of them, and some disks can hold but one",
                _rename(layout, max(twins)),
                models=tuple(sorted(twins)),
            )


def reserved_tags(layout: Layout, models: Sequence[Model]) -> Iterator[Finding]:
    """Models whose tag makes Ollama take another one. Stubs of remote models are meant to have it."""
    for model in models:
        tag = model.name.tag.lower()
        if reserved(tag) and (tag == "local" or any(model.manifest.of_kind(LayerKind.MODEL, LayerKind.TENSOR))):
            yield Finding(
                FindingKind.RESERVED_TAG,
                layout.manifest(model.name),
                f"Ollama takes {model.name.short} for {_taken_for(model.name)}",
                _rename(layout, model.name),
                models=(model.name,),
            )


def _taken_for(name: ModelName) -> str:
    if name.tag.lower() == "local":
        return f"{ModelName(name.host, name.namespace, name.model, 'latest').short}, also to remove it"
    return "a model of its remote service"


def _rename(layout: Layout, name: ModelName) -> str:
    copy, remove = command(layout, "cp", name.short, "NEW"), command(layout, "rm", name.short)
    return f"Give it another name: {copy} && {remove}"
