"""The corpus of hostile names."""

import json
from pathlib import Path

_LINES = (Path(__file__).parent / "hostile_names.txt").read_text(encoding="ascii").splitlines()

# What is no model's name, and what is one.
HOSTILE: list[str] = [json.loads(line) for line in _LINES if line.startswith('"')]
ODD: list[str] = [json.loads(line[2:]) for line in _LINES if line.startswith("+ ")]
ALL = HOSTILE + ODD
