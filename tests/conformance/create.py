"""Run recorded ``create`` cases of the real Ollama through ``packllama create``.

    python -m tests.conformance.create FILE.jsonl

prints the counts and each difference; exit status 1 when there is one. A plain GGUF is stored here as it is, where
the recorded program rewrote it: such layers are compared by what the rewriting makes of ours. A template that was
chosen is our text of that name, and counts as the recorded one.
"""

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.digests import recorded_digests, with_recorded_templates
from tests.fixtures import gguf_files
from tests.program import called

MODEL_TYPE = "application/vnd.ollama.image.model"


@dataclass
class Outcome:
    """What differed in one case; nothing means that it passed."""

    differences: list[str] = field(default_factory=list)

    def compare(self, what: str, *, expected: object, found: object) -> None:
        if expected != found:
            self.differences.append(f"{what}:\n    expected {expected!r}\n    found    {found!r}")


def read_cases(path: Path) -> Iterator[dict[str, Any]]:
    """The cases of a file, one JSON object a line."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def run_case(case: dict[str, Any]) -> Outcome:
    """Run one case in a folder and a store of its own and compare everything that was recorded."""
    outcome = Outcome()
    if case["via"] != "cli":
        outcome.differences.append("recorded over the HTTP API, which packllama does not serve")
        return outcome
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _lay_out(case, folder)
        for base in case.get("base") or []:
            (folder / "Base").write_text(base["modelfile"], encoding="utf-8", newline="")
            called("create", base["model"], "-f", "Base", cwd=folder)
        before = _snapshot(folder)
        done = called(*case["args"], cwd=folder)
        outcome.compare("success", expected=case["exit"] == 0, found=done.returncode == 0)
        outcome.compare("stdout", expected=case["stdout"], found=done.stdout)
        _compare_result(case, folder, outcome)
        if case["exit"] != 0:
            outcome.compare("store after the failure", expected=before, found=_snapshot(folder))
        if outcome.differences and done.stderr:
            outcome.differences.append(f"stderr: {done.stderr.strip()}")
    return outcome


def _lay_out(case: dict[str, Any], folder: Path) -> None:
    for name in case["fixtures"]:
        target = folder / case.get("place", {}).get(name, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(gguf_files.path(name), target)
    for name, text in (case.get("files") or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="")
    if case["modelfile"] is not None:
        text = case["modelfile"]
        modelfile = folder / case.get("modelfile_name", "Modelfile")
        modelfile.write_bytes(text.encode(case.get("encoding", "utf-8")))


def _snapshot(folder: Path) -> dict[str, str]:
    """Every manifest and blob with its hash."""
    store = folder / "store"
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in ("manifests", "blobs")
        for path in sorted((store / part).rglob("*"))
        if path.is_file()
    }


def _compare_result(case: dict[str, Any], folder: Path, outcome: Outcome) -> None:
    manifests = _new_manifests(case, folder)
    if case["result"] is None:
        outcome.compare("manifest", expected=[], found=manifests)
        return
    if not manifests:
        outcome.differences.append("there is no manifest")
        return
    ours = json.loads(manifests[0])
    config = folder / "store" / "blobs" / ours["config"]["digest"].replace(":", "-")
    outcome.compare("config", expected=case["result"]["config"], found=config.read_text())
    outcome.compare("manifest", expected=case["result"]["manifest"], found=_as_rewritten(manifests[0], ours))


def _new_manifests(case: dict[str, Any], folder: Path) -> list[str]:
    """The manifest of the case's model, unless it was there before."""
    bases = {base["model"] for base in case.get("base") or []}
    root = folder / "store" / "manifests"
    wanted = case.get("model", "m")
    if case["result"] is None and wanted in bases:
        return []
    host, _, rest = wanted.rpartition("/")[0].rpartition("/")
    model, _, tag = wanted.rpartition("/")[2].partition(":")
    path = root / (host or "registry.ollama.ai") / (rest or "library") / model / (tag or "latest")
    return [path.read_text()] if path.is_file() else []


def _as_rewritten(text: str, manifest: dict[str, Any]) -> str:
    """Our manifest with the recorded digests of plain GGUFs and of templates that were chosen."""
    for layer in manifest["layers"]:
        if layer["mediaType"] == MODEL_TYPE:
            text = text.replace(layer["digest"], recorded_digests().get(layer["digest"], layer["digest"]))
    return with_recorded_templates(text)


def main(path: str) -> int:
    """Run a file of cases; print each difference and the counts."""
    from tests.conformance.reasons import CREATE

    cases = list(read_cases(Path(path)))
    with ProcessPoolExecutor() as pool:
        outcomes = list(pool.map(run_case, cases))
    different = 0
    for case, outcome in zip(cases, outcomes, strict=True):
        if outcome.differences:
            different += 1
            reason = CREATE.get(case["id"])
            print(f"{case['id']}: {f'differs, because: {reason.value}' if reason else 'DIFFERS'}")
            for difference in outcome.differences:
                print(f"  {difference}")
    print(f"{len(cases)} cases, {len(cases) - different} equal, {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
