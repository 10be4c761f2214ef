"""Receipts as values, made by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from packllama.base.errors import EngineFailed, IntegrityError
from packllama.check.finding import Finding, FindingKind
from packllama.digest import Digest
from packllama.engine import Done, DoneReason
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, Manifest, compose
from packllama.name import ModelName
from packllama.prove.machine import Machine
from packllama.prove.receipt import Answer, Receipt, TemplateSource, UsedTemplate, Vector

MACHINE = Machine("mill", "Linux", "6.8.0-45-generic", "x86_64", "AMD EPYC 7B13", 4, 16_791_052_288)


def manifest(*layers: Layer) -> Manifest:
    config = Layer(CONFIG_TYPE, Digest("c" * 64), 557)
    return Manifest.decode(compose(config, layers), where="m")


WEIGHTS = Layer(LayerKind.MODEL.media_type, Digest("a" * 64), 8_149_180_896)
TEMPLATE = Layer(LayerKind.TEMPLATE.media_type, Digest("b" * 64), 358)

UNREACHED = Receipt(
    date=datetime(2026, 10, 3, 12, 0, 5, tzinfo=UTC),
    version="0.1.0",
    machine=MACHINE,
    name=ModelName.parse("gemma3:12b-it-qat"),
    manifest=manifest(WEIGHTS, TEMPLATE),
)
LOADED = replace(
    UNREACHED,
    engine="xllamacpp 2026.10.11549",
    load_seconds=1.236,
    template=UsedTemplate(TemplateSource.MODEL, TEMPLATE.digest),
    prompt="<start_of_turn>user\nWhat is the capital of France?<end_of_turn>\n",
)
PROVED = replace(LOADED, answer=Answer("Paris.\n1, 2, 3", "Easy.", Done(DoneReason.STOP, 25, 5, 0.2, 1_300, 100.0)))
FAILED = replace(LOADED, error=EngineFailed("the engine crashed (SIGABRT)", where="m:latest", hint="Fetch it again."))
DAMAGED = replace(
    UNREACHED,
    findings=(
        Finding(
            FindingKind.DAMAGED,
            Path("/store/blobs") / TEMPLATE.digest.file_name,
            f"its bytes are those of {Digest('d' * 64)}",
            "Create or copy the model again.",
            digest=TEMPLATE.digest,
            roles=("template",),
        ),
    ),
    error=IntegrityError("the model is not whole, so it was not loaded", where="m:latest", hint="Create it again."),
)
VECTOR = replace(LOADED, template=None, prompt="Hello", vector=Vector(384, (0.5, -0.25), 1.0))
