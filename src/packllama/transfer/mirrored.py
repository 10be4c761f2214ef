"""One source out of several that hold the same blobs: a range is asked of whoever is likely to bring it soonest.

One that fails rests while the others go on. When a blob turns out wrong, what is known of its pieces tells who sent the
wrong ones; where nothing is known the first source alone is asked for all of it, and tells that by its right ones.
"""

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field

from packllama.base.errors import Cancelled, FarSideError, InvalidManifest, NotFound, PackLlamaError
from packllama.base.observer import SILENT, Observer
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.pieces import PIECE_BYTES, Pieces
from packllama.places.place import Reader, Source
from packllama.transfer.ranges import Patience, ended_early, may_pass

# A source that failed so often in a row is not asked for that blob again.
_FAILURES = 4

# How much the last range counts for what the next one will take, and what a source is forgiven each time it is not
# asked: so a slow one is tried again after some hundred ranges.
_LAST, _FORGIVEN = 0.3, 0.99

# By piece: who sent something of it.
_Served = Mapping[int, set["_Line"]]


@dataclass(eq=False, slots=True)
class _Line:
    """A source and how it does. ``pace``: seconds that a range takes, 0: not known. ``barred``: not asked for these."""

    source: Source
    busy: int = 0
    pace: float = 0.0
    failures: int = 0
    rests_until: float = 0.0
    barred: set[Blob] = field(default_factory=set)

    def __str__(self) -> str:
        return str(self.source)


class Mirrored:
    """A source that others mirror. May be shared between threads, but for `was_wrong` and `was_right`."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        pieces: Callable[[Blob], Pieces | None] = lambda _: None,
        observer: Observer = SILENT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``sources``: the one whose models they are, then its mirrors. ``pieces``: what is known of a blob."""
        self._lines = [_Line(source) for source in sources]
        self._pieces = pieces
        self._observer = observer
        self._clock = clock
        self._patience = Patience(_FAILURES)
        self._lock = threading.Lock()
        self._served: dict[Blob, defaultdict[int, set[_Line]]] = {}
        self._doubted: dict[Blob, tuple[Pieces, _Served]] = {}

    @property
    def streams(self) -> int:
        return max(line.source.streams for line in self._lines)

    def __str__(self) -> str:
        return ", ".join(map(str, self._lines))

    def find(self, name: ModelName) -> Model:
        """From the first source; only where that cannot be reached, from a mirror.

        Raises: what the first one raises.
        """
        first, *others = self._lines
        try:
            return first.source.find(name)
        except FarSideError as error:
            if not error.may_pass:
                raise
            failure = error
        # It may be back when the data is fetched; until it has shown that, one more failure is enough.
        first.failures, first.rests_until = _FAILURES, self._clock() + self._patience.pause(_FAILURES)
        for line in others:
            with contextlib.suppress(FarSideError, NotFound, InvalidManifest):
                model = line.source.find(name)
                self._observer.noted(f"{failure.sentence}; what {name.short} is, {line} says")
                return model
        raise failure

    def read(self, blob: Blob, *, of: Model, start: int, stop: int) -> AbstractContextManager[Reader]:
        """The bytes from ``start`` up to ``stop``. Raises what the last source raises that was asked."""
        return _Mixed(self, blob, of, start, stop)

    def was_wrong(self, blob: Blob, found: Pieces) -> bool:
        """What was read of a blob is wrong. Whether it should be read again: others will be asked then."""
        if blob in self._doubted:
            return False
        served: _Served = self._served.pop(blob, {})
        self._doubted[blob] = found, served
        right = self._pieces(blob)
        liars = self._liars(blob, right, found, served) if right else set()
        if len(liars) == 1 < len(self._lines):
            self._dismiss(liars)
        else:
            for line in self._lines[1:]:
                line.barred.add(blob)
            self._observer.noted(f"{blob.digest}: wrong bytes came; it is fetched again, from {self._lines[0]} alone")
        return True

    def was_right(self, blob: Blob, right: Pieces) -> None:
        """What was read of a blob is right."""
        self._served.pop(blob, None)
        found, served = self._doubted.pop(blob, (right, {}))
        self._dismiss(self._liars(blob, right, found, served) - {self._lines[0]})

    @staticmethod
    def _liars(blob: Blob, right: Pieces, found: Pieces, served: _Served) -> set[_Line]:
        """Who sent something of the first piece that is wrong."""
        bad = right.first_bad(found, size=blob.size)
        return served.get(bad.start // PIECE_BYTES, set()) if bad else set()

    def _dismiss(self, liars: set[_Line]) -> None:
        for line in liars & set(self._lines):
            self._observer.noted(f"{line} sends wrong bytes; it is not asked again")
            self._lines.remove(line)

    def begin(self, blob: Blob) -> _Line:
        """Who is to be asked for a range of a blob; `end` follows."""
        with self._lock:
            now = self._clock()
            fit = [line for line in self._lines if blob not in line.barred] or self._lines[:1]
            # Who gives whole files only would have to send all that is before the range, too.
            fit = [line for line in fit if line.source.streams > 1] or fit
            awake = [line for line in fit if line.rests_until <= now]
            if not awake:
                chosen = min(fit, key=lambda line: line.rests_until)
            else:
                # One that was never asked has a chance.
                unknown = min((line.pace for line in awake if line.pace), default=1.0) / 2
                chosen = min(awake, key=lambda line: ((line.busy + 1) * (line.pace or unknown), line.busy))
            for line in self._lines:
                line.pace *= 1 if line is chosen else _FORGIVEN
            chosen.busy += 1
            return chosen

    def end(self, line: _Line, blob: Blob, sent: range, *, seconds: float, whole: bool) -> None:
        """``sent``: the bytes that came, and whether these were all that was asked for."""
        with self._lock:
            line.busy -= 1
            if whole:
                line.failures = 0
                line.pace += (seconds - line.pace) * (_LAST if line.pace else 1)
            else:
                line.pace = max(line.pace, seconds)
            if sent:
                served = self._served.setdefault(blob, defaultdict(set))
                for piece in range(sent.start // PIECE_BYTES, (sent.stop - 1) // PIECE_BYTES + 1):
                    served[piece].add(line)

    def failed(self, line: _Line, blob: Blob, error: PackLlamaError) -> bool:
        """Whether somebody else can be asked at once."""
        with self._lock:
            now = self._clock()
            line.failures += 1
            asked_for = error.retry_after if isinstance(error, FarSideError) else 0.0
            line.rests_until = now + max(self._patience.pause(line.failures), asked_for)
            others = [other for other in self._lines if other is not line and blob not in other.barred]
            hopeless = line.failures >= _FAILURES or not may_pass(error)
            dropped = bool(others) and hopeless and blob not in line.barred
            if dropped:
                line.barred.add(blob)
        if dropped:
            self._observer.noted(f"{error.sentence}; {blob.digest.short} is fetched from elsewhere")
        return any(other.rests_until <= now for other in others)

    def now(self) -> float:
        return self._clock()


class _Mixed(AbstractContextManager["_Mixed"]):
    """A reader of one range, for one thread."""

    def __init__(self, mirrored: Mirrored, blob: Blob, of: Model, start: int, stop: int) -> None:
        self._mirrored = mirrored
        self._blob = blob
        self._of = of
        self._offset = start
        self._end = stop
        self._opened = ExitStack()
        self._line: _Line | None = None
        self._reader: Reader | None = None

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def readinto(self, buffer: memoryview, /) -> int:
        while self._offset < self._end:
            try:
                return self._readinto(buffer[: self._end - self._offset])
            except Cancelled:
                raise
            except PackLlamaError as error:
                self._opened.close()
                if self._line is None or not self._mirrored.failed(self._line, self._blob, error):
                    raise
        return 0

    def _readinto(self, buffer: memoryview) -> int:
        if self._reader is None:
            self._line = self._mirrored.begin(self._blob)
            self._opened.callback(self._ended, self._line, self._offset, self._mirrored.now())
            reading = self._line.source.read(self._blob, of=self._of, start=self._offset, stop=self._end)
            self._reader = self._opened.enter_context(reading)
        count = len(buffer[: self._reader.readinto(buffer)])
        if not count:
            raise ended_early(self._end - self._offset)
        self._offset += count
        return count

    def _ended(self, line: _Line, start: int, began: float) -> None:
        self._reader = None
        seconds, whole = self._mirrored.now() - began, self._offset == self._end
        self._mirrored.end(line, self._blob, range(start, self._offset), seconds=seconds, whole=whole)
