"""Every ``--json`` document is what ``docs/json.md`` says: each key is there, and there is no other."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from packllama.base.errors import Cancelled, DigestMismatch, PackLlamaError
from packllama.check.finding import FindingKind
from packllama.check.lint.remark import RemarkKind
from packllama.check.prune.leftover import LeftoverKind
from packllama.cli.main import VERBS
from packllama.places.store.layout import Layout
from packllama.prove.doctor.checkup import Level, Topic
from packllama.prove.receipt import Result, TemplateSource
from tests.fixtures import gguf_files
from tests.program import called, packllama
from tests.registry.registry import Registry
from tests.unit.check import damages, disorder, leavings
from tests.unit.stores import TINY_GGUF, put_blob, put_manifest, put_model

ROOT = Path(__file__).parent.parent
SCRIPTED_ENGINE = ROOT / "tests" / "fixtures" / "scripted_engine.py"
SECTION = re.compile(r"^## `?(?P<title>[^`\n]+)`?\n(?:(?!## |```).*\n)*```json\n(?P<schema>(?:(?!```).*\n)*)```$", re.M)

SCHEMAS: dict[str, dict[str, Any]] = {
    match["title"]: json.loads(match["schema"])
    for match in SECTION.finditer((ROOT / "docs" / "json.md").read_text(encoding="utf-8"))
}

# In a case's words: where the tests' registry listens.
REGISTRY = "REGISTRY"

RICH = """\
FROM tiny.gguf
ADAPTER tiny-lora.gguf
TEMPLATE "{{ .System }} {{ .Prompt }}"
SYSTEM Be brief.
LICENSE MIT
LICENSE Apache-2.0
MESSAGE user Hello
MESSAGE assistant Hi
PARAMETER stop <end>
PARAMETER temperature 0.5
PARAMETER num_ctx 2048
PARAMETER penalize_newline true
REQUIRES 0.14.0
"""


@dataclass(frozen=True)
class Case:
    """``words`` give a document of this title and this exit status."""

    title: str
    words: tuple[str, ...]
    status: int = 0

    def __str__(self) -> str:
        return " ".join(self.words)


CASES = [
    Case("create", ("create", "new", "-f", "Rich")),
    Case("create", ("create", "m", "-f", "Plain")),
    Case("create", ("create", "child", "-f", "Child")),
    Case("create --dry-run", ("create", "new", "-f", "Rich", "--dry-run")),
    Case("create --dry-run", ("create", "m", "-f", "Child", "--dry-run")),
    Case("init", ("init", "tiny.gguf")),
    Case("init", ("init", "tiny.gguf", "-o", "-", "--like", "chatml")),
    Case("lint", ("lint", "Rich"), 1),
    Case("lint", ("lint", "Plain")),
    Case("inspect", ("inspect", "tiny.gguf")),
    Case("inspect", ("inspect", "tiny.gguf", "--metadata", "--tensors")),
    Case("inspect", ("inspect", "tiny-lora.gguf", "--tensors")),
    Case("inspect MANIFEST", ("inspect", "store/manifests/registry.ollama.ai/library/bare/latest")),
    Case("inspect BUNDLE", ("inspect", "models.tar")),
    Case("list", ("list",)),
    Case("list", ("ls", "nothing-begins-so")),
    Case("show", ("show", "m")),
    Case("show", ("show", "bare")),
    Case("show --layers", ("show", "m", "--layers")),
    Case("show --layers", ("show", "stub", "--layers")),
    Case("files", ("files", "m", "bare")),
    Case("files", ("files", "m", "--absolute")),
    Case("cp", ("cp", "m", "n")),
    Case("cp", ("cp", "bare", "m")),
    Case("rm", ("rm", "m", "bare")),
    Case("rm", ("rm", "m", "--dry-run")),
    Case("export", ("export", "m", "bare", "-o", "new.tar")),
    Case("export --dry-run", ("export", "*", "-o", "new.tar", "--dry-run")),
    Case("import", ("import", "models.tar", "--as", "m")),
    Case("import", ("--store", "there", "import", "downloads"), 5),
    Case("import --dry-run", ("import", "models.tar", "--dry-run")),
    Case("import --dry-run", ("--store", "there", "import", "downloads", "--dry-run"), 5),
    Case("copy", ("copy", "m", "--to", "./there")),
    Case("copy --dry-run", ("copy", "m", "--to", "./there", "--dry-run")),
    Case("pull", ("pull", f"http://{REGISTRY}/library/m")),
    Case("pull", ("pull", f"http://{REGISTRY}/library/m", f"http://{REGISTRY}/library/gone"), 5),
    Case("pull --dry-run", ("pull", f"http://{REGISTRY}/library/m", "--dry-run")),
    Case("links", ("links", "m", "--manifest", "store/manifests/registry.ollama.ai/library/m/latest")),
    Case("links", ("links", "http://localhost:5000/me/m", "--manifest", "m.json", "--format", "json")),
    Case("page", ("page", "-o", "links.html")),
    Case("key", ("key", "--new")),
    Case("verify", ("verify",)),
    Case("verify", ("verify", "m")),
    Case("verify", ("verify", "--quick")),
    Case("verify", ("verify", "--since", "last")),
    Case("verify BUNDLE", ("verify", "models.tar")),
    Case("verify BUNDLE", ("verify", "damaged.tar"), 5),
    Case("repair", ("--store", "broken", "repair", "--from", "models.tar")),
    Case("repair", ("--store", "broken", "repair", "--from", "./downloads"), 5),
    Case("repair --dry-run", ("--store", "broken", "repair", "--from", "models.tar", "--dry-run"), 1),
    Case("prune", ("prune",)),
    Case("prune", ("prune", "--dry-run", "--older-than", "0")),
    Case("doctor", ("--store", "models.tar", "doctor"), 1),
    Case("prove", ("prove", "m", "--engine", "engine/llama-server")),
    Case("prove", ("prove", "m", "--engine", "nope"), 9),
    Case("prove", ("prove", "stub"), 4),
    Case("run", ("run", "m", "hello", "--engine", "engine/llama-server")),
    Case("run", ("run", "m", "--engine", "engine/llama-server")),
    Case("run of an embedding model", ("run", "vectors", "hello", "--engine", "engine/llama-server")),
    Case("An error", ("show", "nope"), 3),
    Case("An error", ("create", "new", "-f", "nope"), 3),
    Case("An error", ("show", "stub"), 4),
    Case("An error", ("rm", "a b"), 4),
    Case("An error", ("frobnicate",), 2),
    Case("An error", ("run", "m", "hello", "--engine", "nope"), 9),
    Case("An error", ("--store", "nope", "list"), 3),
    Case("An error after models came into being", ("copy", "*", "--from", "half.tar", "--to", "./there"), 5),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a rich model, a bare one and a stub of a remote one; Modelfiles; an engine."""
    made = tmp_path_factory.mktemp("made")
    for name in ("tiny.gguf", "tiny-lora.gguf"):
        shutil.copyfile(gguf_files.path(name), made / name)
    (made / "Rich").write_text(RICH)
    (made / "Plain").write_text("FROM tiny.gguf\n")
    (made / "Child").write_text("FROM m\nSYSTEM Be verbose.\n")
    shutil.copyfile(ROOT / "tests" / "data" / "gemma3-12b-it-qat.manifest.json", made / "m.json")
    (made / "Stub").write_text("FROM far:cloud\n")
    (made / "Vectors").write_text(f"FROM {gguf_files.path('tiny-bert.gguf')}\n")
    put_model(made / "store", "bare")
    put_model(made / "broken", "bare")
    damages.flip_a_bit(damages.blob(made / "broken", TINY_GGUF))
    assert called("create", "m", "-f", "Rich", cwd=made).returncode == 0
    for name in ("stub", "vectors"):
        assert called("create", name, "-f", name.title(), cwd=made).returncode == 0
    assert called("export", "bare", "-o", "models.tar", cwd=made).returncode == 0
    whole = (made / "models.tar").read_bytes()
    (made / "damaged.tar").write_bytes(whole.replace(TINY_GGUF, bytes(len(TINY_GGUF))))
    assert called("export", "bare", "m", "-o", "half.tar", cwd=made).returncode == 0
    weights = (made / "tiny.gguf").read_bytes()
    half = (made / "half.tar").read_bytes()
    (made / "half.tar").write_bytes(half.replace(weights, bytes(len(weights))))
    downloads = made / "downloads"
    downloads.mkdir()
    shutil.copyfile(made / "store/manifests/registry.ollama.ai/library/vectors/latest", downloads / "new:model")
    (downloads / "data").write_bytes(b'{"errors":[{"code":"DENIED","message":"no"}]}')
    engine = made / "engine" / "llama-server"
    engine.parent.mkdir()
    engine.write_text(f"#!{sys.executable}\n{SCRIPTED_ENGINE.read_text()}")
    engine.chmod(0o755)
    engine.with_suffix(".json").write_text("{}")
    return made


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """All that once more, to be changed."""
    return Path(shutil.copytree(made, tmp_path, dirs_exist_ok=True))


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    """Where a registry listens that has a model, and one that is not whole."""
    with Registry() as there:
        for name in ("m", "gone"):
            blobs = there.put(f"library/{name}", "latest", weights=name.encode())
        del there.blobs[str(blobs[0].digest)]
        yield there.host


def document(folder: Path, *words: str, status: int) -> dict[str, Any]:
    """The one document that the program prints, on one line."""
    # An engine is a child of a program of its own.
    program = packllama if words[0] in ("run", "prove") else called
    done = program("--json", *words, cwd=folder)
    assert done.returncode == status, done.stderr
    assert done.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    assert next(iter(found)) == "packllama"
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_documents(case: Case, folder: Path, registry: str) -> None:
    words = [word.replace(REGISTRY, registry) for word in case.words]
    jsonschema.validate(document(folder, *words, status=case.status), SCHEMAS[case.title])


@pytest.mark.parametrize("damage", [*damages.CASES, *disorder.DISORDERS], ids=lambda damage: damage.name)
def test_findings(damage: damages.Case, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    damages.two_models(tmp_path / "store")
    damage.spoil(tmp_path / "store")
    jsonschema.validate(document(tmp_path, "verify", status=damage.status), SCHEMAS["verify"])


@pytest.mark.parametrize("age", [-(10**9), 3 * 10**9])
def test_leftovers(age: float, tmp_path: Path) -> None:
    """Of a time to come, and old ones."""
    damages.two_models(tmp_path / "store")
    for case in leavings.CASES:
        case.made(Layout(tmp_path / "store"), age=age)
    found = document(tmp_path, "prune", status=0)
    jsonschema.validate(found, SCHEMAS["prune"])
    whys = " ".join(each["why"] for each in found["kept"])
    assert ("still to come" in whys) == (age < 0)
    assert found["removed"]


def test_a_store_with_things_that_are_not_understood(tmp_path: Path) -> None:
    """Layers of unknown type, a name that stands for nothing, data that has to stay."""
    store = tmp_path / "store"
    put_model(store, "m")
    raw = json.loads((store / "manifests/registry.ollama.ai/library/m/latest").read_text())
    path = put_blob(store, b"who knows")
    unknown = {"mediaType": "application/x-unknown", "digest": path.name.replace("-", ":"), "size": 9, "more": True}
    raw["layers"].append(unknown)
    put_manifest(store, "odd", json.dumps(raw).encode())
    put_manifest(store, "broken", b"no JSON")
    found = document(tmp_path, "show", "odd", status=0)
    jsonschema.validate(found, SCHEMAS["show"])
    assert "application/x-unknown" in [layer["type"] for layer in found["layers"]]
    jsonschema.validate(document(tmp_path, "show", "odd", "--layers", status=0), SCHEMAS["show --layers"])
    jsonschema.validate(document(tmp_path, "list", status=0), SCHEMAS["list"])
    jsonschema.validate(document(tmp_path, "show", "broken", status=4), SCHEMAS["An error"])
    removed = document(tmp_path, "rm", "odd", status=0)
    jsonschema.validate(removed, SCHEMAS["rm"])
    assert removed["removed"][0]["kept_because"]
    assert put_blob(store, TINY_GGUF).is_file()


def test_every_document_has_its_section() -> None:
    assert set(SCHEMAS) == {case.title for case in CASES}
    assert {title.split()[0] for title in SCHEMAS} == {*VERBS, "An"}


@pytest.mark.parametrize("title", SCHEMAS)
def test_the_schemas_are_strict(title: str) -> None:
    """Every key is demanded and none besides; only a model's parameters may have any name."""
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[title])
    for schema in _objects(SCHEMAS[title]):
        if "properties" in schema:
            assert schema["required"] == list(schema["properties"])
            assert schema["additionalProperties"] is False
        else:
            assert (title, schema["additionalProperties"]) == ("show", True)


def _objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kinds = schema.get("type", ())
    if "object" in kinds:
        yield schema
        for inner in schema.get("properties", {}).values():
            yield from _objects(inner)
    elif "items" in schema:
        yield from _objects(schema["items"])


def test_the_kinds_are_those_of_the_code() -> None:
    error = SCHEMAS["An error"]["properties"]["error"]["properties"]["kind"]["enum"]
    assert set(error) == set(_kinds(PackLlamaError))
    verify = SCHEMAS["verify"]["properties"]
    assert verify["findings"]["items"]["properties"]["kind"]["enum"] == [str(kind) for kind in FindingKind]
    assert verify["models"]["items"]["properties"]["findings"]["items"]["enum"] == [str(kind) for kind in FindingKind]
    proved = SCHEMAS["prove"]["properties"]
    assert proved["findings"]["items"]["properties"]["kind"]["enum"] == [str(kind) for kind in FindingKind]
    assert proved["result"]["enum"] == [str(result) for result in Result]
    assert proved["template"]["properties"]["source"]["enum"] == [str(source) for source in TemplateSource]
    for leftovers in ("removed", "kept"):
        found = SCHEMAS["prune"]["properties"][leftovers]["items"]["properties"]["kind"]["enum"]
        assert found == [str(kind) for kind in LeftoverKind]
    facts = SCHEMAS["doctor"]["properties"]["facts"]["items"]["properties"]
    assert facts["topic"]["enum"] == [str(topic) for topic in Topic]
    assert facts["level"]["enum"] == [str(level) for level in Level]
    remarks = SCHEMAS["lint"]["properties"]["remarks"]
    assert remarks["items"]["properties"]["kind"]["enum"] == [str(kind) for kind in RemarkKind]


def _kinds(error: type[PackLlamaError]) -> Iterator[str]:
    if error is DigestMismatch:
        yield DigestMismatch(expected="", actual="", where="").kind
    else:
        yield Cancelled().kind if error is Cancelled else error("").kind
    for below in error.__subclasses__():
        yield from _kinds(below)
