"""Run recorded commands of the real Ollama through packllama, on the same base store.

    python -m tests.conformance.cli FILE.jsonl

prints the counts and each difference; exit status 1 when there is one. Compared are stdout and whether the command
succeeds; which exit status a failure has, and its words, are packllama's own. A ``models.jsonl`` beside the file
describes the base store, else the one of this folder does.
"""

import base64
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from tests.conformance.base_store import MODELS, base_store, copied, recorded_ids, with_recorded_digests
from tests.conformance.create import Outcome, read_cases
from tests.conformance.terminal import left_on_screen, on_terminal, typed_on_terminal
from tests.fixtures import gguf_files
from tests.program import called, packllama

VERBS = {"list", "ls", "show", "cp", "rm", "create", "run"}

_AGE = re.compile(r"(?:Less than a second|About an? \w+|\d+ \w+) ago *$", re.MULTILINE)
_TITLE = re.compile(r"MODIFIED +$", re.MULTILINE)


def ours(command: list[str]) -> bool:
    """Whether a command line uses one of the verbs that are compared."""
    return bool(command) and command[0] in VERBS


def run_case(case: dict[str, Any], models: Path = MODELS) -> Outcome:
    """Run one case, in a folder and where needed a store of its own, and compare what was recorded."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _lay_out(case, folder)
        store = _store(case, folder, models)
        for command in case.get("setup") or []:
            if ours(command):
                _program(command)(*command, cwd=folder, env={"PACKLLAMA_STORE": str(store)})
        _run(case, case, folder, store, outcome)
        then = case.get("then")
        if then and ours(then["args"]):
            _run(then, case, folder, store, outcome)
    return outcome


def _lay_out(case: dict[str, Any], folder: Path) -> None:
    for name, content in (case.get("files") or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8", newline="")
        elif "base64" in content:
            path.write_bytes(base64.b64decode(content["base64"]))
        else:
            shutil.copyfile(gguf_files.made(content["script"], content["args"]) / name, path)


def _store(case: dict[str, Any], folder: Path, models: Path) -> Path:
    own = folder / "store"
    if case.get("empty"):
        own.mkdir()
        return own
    reads_only = case["args"][0] in {"list", "ls", "show", "run"} and not case.get("mutates")
    return base_store(models) if reads_only else copied(base_store(models), own)


def _run(command: dict[str, Any], case: dict[str, Any], folder: Path, store: Path, outcome: Outcome) -> None:
    """Run a case's command, or what comes after it, and compare."""
    # The ids of what the command removes are gone afterwards, those of what it makes not there before.
    ids = recorded_ids(store)
    env = {"PACKLLAMA_STORE": str(store), **command.get("env", {})}
    if command.get("tty"):
        status, found = typed_on_terminal(command["args"], command["tty"], cwd=folder, env=env)
        stderr, what = "", "terminal"
        command = {**command, "terminal": left_on_screen(command["terminal"])}
    elif "terminal" in command:
        status, found = on_terminal(command["args"], cwd=folder, env=env)
        stderr, what = "", "terminal"
    else:
        done = _program(command["args"])(*command["args"], cwd=folder, env=env, stdin=command.get("stdin") or "")
        status, found, stderr, what = done.returncode, done.stdout, done.stderr, "stdout"
    shown = _as_recorded(found, store, ids | recorded_ids(store))
    unordered = what in case.get("unordered", [])
    volatile = set(case.get("volatile", []))
    label = " ".join(command["args"])
    outcome.compare(f"success of {label}", expected=command["exit"] == 0, found=status == 0)
    outcome.compare(
        f"{what} of {label}",
        expected=_comparable(_steady(command[what], what, volatile), unordered=unordered),
        found=_comparable(_steady(shown, what, volatile), unordered=unordered),
    )
    if outcome.differences and stderr:
        outcome.differences.append(f"stderr: {stderr.strip()}")


def _program(command: list[str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """What starts an engine is run in a process of its own."""
    return packllama if command[0] == "run" else called


def _as_recorded(text: str, store: Path, ids: dict[str, str]) -> str:
    """Our text with the paths, digests, ids and order of tensors that the recorded program's rewriting gives."""
    text = with_recorded_digests(text.replace(str(store), "$MODELS"))
    text = _with_section(text, "Tensors", lambda rows: sorted(rows, key=_tensor_place))
    return re.sub(r"\b[0-9a-f]{12}\b", lambda match: ids.get(match.group(), match.group()), text)


def _steady(text: str, what: str, volatile: set[str]) -> str:
    """Without the lines that differed from one recording to the next; nothing if the whole text did."""
    lines = enumerate(text.split("\n"), start=1)
    return "" if what in volatile else "\n".join(line for n, line in lines if f"{what}:{n}" not in volatile)


def _comparable(text: str, *, unordered: bool) -> str:
    """Without ages, which were right on the day of the recording, and their padding; parameters in one order."""
    text = _TITLE.sub("MODIFIED", _AGE.sub("AGO", text))
    return _with_sorted_parameters(text) if unordered else text


def _with_sorted_parameters(text: str) -> str:
    """The rows of the section Parameters sorted, or all lines where there is no such section."""
    if "  Parameters\n" in text:
        return _with_section(text, "Parameters", sorted)
    return "\n".join(sorted(text.split("\n")))


def _with_section(text: str, title: str, change: Callable[[list[str]], list[str]]) -> str:
    before, heading, rest = text.partition(f"  {title}\n")
    rows, gap, after = rest.partition("\n\n")
    return before + heading + "\n".join(change(rows.split("\n"))) + gap + after if heading else text


def _tensor_place(row: str) -> tuple[int, str]:
    """Where the recorded program's rewriting puts a tensor: by block, then by name."""
    name = row.split(maxsplit=1)[0]
    block = re.match(r"blk\.(\d+)\.", name)
    return int(block[1]) if block else -1, name


def main(path: Path) -> int:
    """Run a file of cases; print each difference and the counts."""
    from tests.conformance.reasons import CLI

    models = path.with_name("models.jsonl")
    models = models if models.exists() else MODELS
    every = list(read_cases(path))
    cases = [case for case in every if ours(case["args"])]
    base_store(models)
    with ProcessPoolExecutor() as pool:
        outcomes = list(pool.map(partial(run_case, models=models), cases))
    different = 0
    for case, outcome in zip(cases, outcomes, strict=True):
        if outcome.differences:
            different += 1
            reason = CLI.get(case["id"])
            print(f"{case['id']}: {f'differs, because: {reason.value}' if reason else 'DIFFERS'}")
            for difference in outcome.differences:
                print(f"  {difference}")
    equal = len(cases) - different
    print(f"{len(every)} cases: {equal} equal, {different} different, {len(every) - len(cases)} of another verb")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
