"""What is said of a model that cannot be taken yet: what it lacks, where that is, what to do then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packllama.base.errors import IntegrityError
from packllama.base.terminal import escaped
from packllama.base.units import human_bytes
from packllama.name import ModelName
from packllama.places.loose import Lack, Sheet
from packllama.places.registry.address import blob_url

# What a message shows of more; a document has all.
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Incomplete:
    """``name`` is what it shall be called, ``sheet`` its manifest."""

    name: ModelName
    sheet: Sheet
    lacks: Sequence[Lack]

    def document(self) -> dict[str, object]:
        """What a JSON document says of it."""
        return {
            "name": self.name.short,
            "manifest": self.sheet.path,
            "missing": [
                {
                    "type": lack.what,
                    "digest": str(lack.blob.digest),
                    "size": lack.blob.size,
                    "url": self._link(lack),
                    "instead": list(lack.instead),
                }
                for lack in self.lacks
            ],
        }

    def error(self) -> IntegrityError:
        """The same as an error."""
        advice = "Put what is missing into the folder, under any name, and run the same command again."
        return IntegrityError(
            f"{self.name.short} is not whole: it lacks {len(self.lacks):,} of its {len(self.sheet.blobs):,} files",
            where=self.sheet.path,
            hint="\n".join([*map(escaped, self._lines()), advice]),
        )

    def _lines(self) -> Iterator[str]:
        for lack in self.lacks[:_SHOWN]:
            yield f"  {lack.what}, {human_bytes(lack.blob.size)}: {self._link(lack) or lack.blob.digest}"
            yield from (f"    {sentence}" for sentence in lack.instead[:_SHOWN])
        if len(self.lacks) > _SHOWN:
            yield f"  and {len(self.lacks) - _SHOWN:,} more; --json lists all"

    def _link(self, lack: Lack) -> str | None:
        """Known only where the model's own name is: what the user calls it may be anything."""
        return blob_url(self.sheet.name, lack.blob.digest) if self.sheet.name else None
