"""``python -m packllama``."""

from packllama.cli.main import entry

entry()
