"""What is looked for, and where what was found is kept."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).with_name("corpus")


@dataclass(frozen=True)
class Search:
    """``folder`` has the kept inputs of the target with this name."""

    name: str
    folder: Path
    seconds: int
    seed: int

    def seeds(self) -> list[bytes]:
        """The kept inputs."""
        return [path.read_bytes() for path in sorted(self.folder.iterdir())]

    def keep(self, data: bytes, error: BaseException) -> None:
        """Keep an input that broke a bound in the current folder, and say so."""
        path = Path(f"fuzz-{self.name}-{time.time_ns()}")
        path.write_bytes(data)
        print(f"{self.name}: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"{self.name}: kept as {path.resolve()}", file=sys.stderr, flush=True)
