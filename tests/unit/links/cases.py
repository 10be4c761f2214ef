"""The table of cases, which the link page is tested with too."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packllama.links.listing import Listing, model_links
from packllama.manifest import Manifest
from packllama.name import ModelName

TABLE: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data" / "links.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Case:
    """``texts`` are whole, of others only the ``calls`` are written down: the lines that a file has to itself."""

    about: str
    given: dict[str, Any]
    document: dict[str, Any]
    texts: dict[str, list[str]]
    calls: dict[str, list[str]]

    def __str__(self) -> str:
        return self.about

    def listing(self) -> Listing:
        how = {key: value for key, value in self.given.items() if key != "models"}
        models = [
            model_links(ModelName.parse(model["name"]), Manifest.decode(model["manifest"].encode(), where=""), **how)
            for model in self.given["models"]
        ]
        return Listing(tuple(models))


CASES = [Case(**case) for case in TABLE["cases"]]
