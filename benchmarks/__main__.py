"""``python -m benchmarks [NAME…]``: measure, print a table, keep a JSON in ``build/bench.json``.

A name is that of a figure's function, or of a module, for all figures in it.
"""

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks import figures


def main(names: list[str]) -> int:
    """Exit status 1 when a figure is more than twice its goal."""
    results = []
    for measure in figures.ALL:
        if names and not {measure.__name__, measure.__module__.rpartition(".")[2]} & set(names):
            continue
        with tempfile.TemporaryDirectory(dir=Path("build")) as folder:
            for figure in measure(Path(folder).absolute()):
                word = "reached" if figure.reached else "MISSED"
                sign = "≥" if figure.at_least else "≤"
                goal = f"goal {sign} {figure.goal:g} {figure.unit}"
                print(f"{figure.name:32} {figure.value:8.3f} {figure.unit:2}  {goal:16} {word:8} {figure.detail}")
                sys.stdout.flush()
                results.append({**asdict(figure), "reached": figure.reached})
    Path("build/bench.json").write_text(json.dumps(results, indent=1) + "\n")
    far = [r for r in results if not r["reached"] and not r["at_least"] and r["value"] > 2 * r["goal"]]
    return 1 if far else 0


Path("build").mkdir(exist_ok=True)
sys.exit(main(sys.argv[1:]))
