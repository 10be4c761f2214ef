"""Choose templates for recorded chat templates.

    python -m tests.conformance.detect FILE.jsonl

prints one JSON line a case, ``{"name", "expect", "level", "system"}`` as they were found (none of the last two where no
template was chosen), and compares nothing; ``--catalogue`` lets only the twenty formats of Ollama's catalogue be
chosen. With ``--check`` it prints what differs, with those twenty and with all, and the counts; exit status 1 when
something does.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packllama.base.stop import Stop
from packllama.catalog.choose import choose
from packllama.catalog.formats import FORMATS, OLLAMAS, Format
from packllama.catalog.tokens import SpecialTokens

Case = dict[str, Any]

CATALOGUE: Mapping[str, Format] = {name: FORMATS[name] for name in FORMATS if name in OLLAMAS}


def read_cases(path: Path) -> Iterator[Case]:
    """The cases of a file, one JSON object a line."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def run_case(case: Case, formats: Mapping[str, Format] = FORMATS) -> Case:
    """What packllama chooses, in the fields of a case."""
    tokens = SpecialTokens(case.get("bos", "<s>"), case.get("eos", "</s>"), case.get("add_bos", True))
    choice = choose(case["jinja"], tokens, stop=Stop(), formats=formats)
    found: Case = {"name": case["name"], "expect": choice.format.name if choice.format else None}
    if choice.level:
        found["level"] = choice.level.name.lower()
    if choice.system:
        found["system"] = choice.system
    return found


def expected(case: Case) -> Case:
    """What a case says, in the same fields."""
    return {key: case[key] for key in ("name", "expect", "level", "system") if key in case}


def passes(case: Case, found: Case, formats: Mapping[str, Format] = FORMATS) -> bool:
    """Whether the choice is right: formats beyond the catalogue may take the place of a null and of *nearly*."""
    if found == expected(case):
        return True
    replaceable = case["expect"] is None or case["level"] == "nearly"
    return replaceable and found["expect"] in formats.keys() - CATALOGUE.keys()


def main(arguments: list[str]) -> int:
    """Run a file of cases; print the answers or, with ``--check``, what differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.detect")
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--catalogue", action="store_true")
    options = parser.parse_args(arguments)
    cases = list(read_cases(options.file))
    if options.check:
        right = [_check(cases, formats) for formats in (CATALOGUE, FORMATS)]
        return 0 if all(right) else 1
    for case in cases:
        print(json.dumps(run_case(case, CATALOGUE if options.catalogue else FORMATS)))
    return 0


def _check(cases: list[Case], formats: Mapping[str, Format]) -> bool:
    passed = 0
    for case in cases:
        found = run_case(case, formats)
        right = passes(case, found, formats)
        passed += right
        if found != expected(case):
            print(f"{case['name']} {'is replaced' if right else 'DIFFERS'}: {expected(case)} -> {found}")
    print(f"{len(formats)} formats: {passed}/{len(cases)}")
    return passed == len(cases)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
