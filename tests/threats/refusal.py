"""A scene with a store and what lies around it, and the one way to say that something was refused there."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import packllama
from packllama.base.terminal import escaped
from tests.faults.checker import check, hash_of
from tests.program import environment
from tests.unit.stores import put_model

# What one refusal may take: of the processor, and of memory at its peak, the interpreter and its libraries included.
SECONDS = 10.0
MEGABYTES = 200.0

# Where programs and their libraries read, whatever they are asked.
_FOLDERS = (sys.prefix, sys.base_prefix, packllama.__path__[0], "/usr", "/lib", "/etc", "/proc")
_SYSTEM = (*(str(Path(path).resolve()) for path in _FOLDERS), "/dev/null", "/dev/urandom", "/dev/tty")


@dataclass(frozen=True, slots=True)
class Ended:
    """How one run of the program ended."""

    args: tuple[str, ...]
    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Done:
    """What one process did. ``touched``: the audit events that name a file, with its path."""

    ended: tuple[Ended, ...]
    seconds: float
    megabytes: float
    touched: tuple[tuple[str, str], ...]

    @property
    def status(self) -> int:
        return self.ended[-1].status

    @property
    def out(self) -> str:
        return self.ended[-1].out

    @property
    def err(self) -> str:
        return self.ended[-1].err


class Program(AbstractContextManager["Program"]):
    """The program, forked from a process that has everything imported: a run takes milliseconds."""

    def __init__(self) -> None:
        self._forker = subprocess.Popen(
            [sys.executable, "-m", "tests.threats.forker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            text=True,
        )

    def __exit__(self, *_: object) -> None:
        self._forker.communicate()

    def run(
        self,
        *runs: Sequence[str],
        cwd: Path,
        env: Mapping[str, str | None] | None = None,
        stdin: Path | None = None,
        tty: bool = False,
    ) -> Done:
        """One run or several in one process. ``tty``: stdout is a terminal."""
        assert self._forker.stdin
        assert self._forker.stdout
        request = {
            "runs": runs,
            "cwd": str(cwd),
            "env": environment(cwd, env),
            "stdin": str(stdin or ""),
            "tty": tty,
        }
        self._forker.stdin.write(json.dumps(request) + "\n")
        self._forker.stdin.flush()
        answer = json.loads(self._forker.stdout.readline())
        ended = tuple(Ended(tuple(args), *how) for args, how in zip(runs, answer["ended"], strict=False))
        assert answer["signal"] == 0, (answer["signal"], runs[len(ended)])
        touched = tuple((kind, path) for kind, path in answer["touched"])
        return Done(ended, answer["seconds"], answer["megabytes"], touched)


@dataclass(frozen=True, slots=True)
class Scene:
    """A folder that is a user's home and where they work. Beside it lies what nobody is to touch.

    ``store`` has one whole model, ``here``.
    """

    folder: Path
    program: Program

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def canary(self) -> Path:
        return self.folder.parent / "canary"

    @classmethod
    def make(cls, around: Path, program: Program) -> "Scene":
        scene = cls(around / "home" / "work", program)
        scene.folder.mkdir(parents=True)
        put_model(scene.store, "here")
        scene.canary.write_text("sings\n")
        return scene

    def run(
        self, *args: str, env: Mapping[str, str | None] | None = None, stdin: Path | None = None, tty: bool = False
    ) -> Done:
        return self.program.run(args, cwd=self.folder, env=env, stdin=stdin, tty=tty)

    def seen(self) -> object:
        """Everything below the scene's surroundings: names, kinds, bytes, modes, links, times of what is no folder.

        Of packllama's own folder only what waits there, which is data: locks and records come and go. A blob whose
        bytes are right may wait, whatever it came with.
        """
        return {name: what for name, what in _entries(self.folder.parents[1]) if not self._is_right(name)}

    def _is_right(self, name: str) -> bool:
        path = self.folder.parents[1] / name
        return path.parent.match(".packllama/blobs") and path.is_file() and path.name == hash_of(str(path))


def assert_refused(
    scene: Scene,
    *args: str,
    exit: int | Set[int],
    words: Sequence[str] = (),
    env: Mapping[str, str | None] | None = None,
    stdin: Path | None = None,
) -> Done:
    """The command ends with that status and one clear error; nothing has changed, and it took little to say so."""
    return assert_all_refused(
        scene, [args], exit={exit} if isinstance(exit, int) else exit, words=words, env=env, stdin=stdin
    )


def assert_all_refused(
    scene: Scene,
    runs: Sequence[Sequence[str]],
    *,
    exit: Set[int],
    words: Sequence[str] = (),
    env: Mapping[str, str | None] | None = None,
    stdin: Path | None = None,
) -> Done:
    """As `assert_refused`, for many commands; each may end with any of these statuses."""
    before, problems = scene.seen(), check(str(scene.store))
    done = scene.program.run(*runs, cwd=scene.folder, env=env, stdin=stdin)
    for ended in done.ended:
        assert ended.status in exit, ended
        assert_clear(ended, words)
    assert scene.seen() == before
    assert outside(scene, done) == []
    assert_bounded(done)
    assert check(str(scene.store)) == problems
    return done


def assert_clear(ended: Ended, words: Sequence[str] = ()) -> None:
    """One error, whose sentence is one line; nothing in it steers a terminal, and none of it is Python's."""
    lines = ended.err.split("\n")
    assert len([line for line in lines if line.startswith("Error: ")]) == 1, ended
    assert ended.err == escaped(ended.err, keep="\n"), ended
    assert "Traceback" not in ended.err
    assert "bug in packllama" not in ended.err
    assert [word for word in words if word not in ended.err] == [], ended


def assert_bounded(done: Done) -> None:
    assert done.seconds < SECONDS * len(done.ended)
    assert done.megabytes < MEGABYTES


def outside(scene: Scene, done: Done) -> list[tuple[str, str]]:
    return [(kind, path) for kind, path in done.touched if not _may(scene, kind, path)]


def _may(scene: Scene, kind: str, path: str) -> bool:
    # As the system goes: a link in the middle counts, ".." behind it too.
    real = os.path.realpath(os.path.join(scene.folder, path))  # noqa: PTH118 - bytes that Path would tidy up
    if _is_below(real, str(scene.folder.resolve())):
        return True
    return kind in {"open", "os.listdir", "os.scandir"} and any(_is_below(real, place) for place in _SYSTEM)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _entries(folder: Path) -> Iterator[tuple[str, object]]:
    for place, folders, files in os.walk(folder):
        own = Path(place).name == ".packllama"
        if own:
            folders[:] = [name for name in folders if name in {"work", "blobs", "quarantine"}]
        for name in [] if own else [*folders, *files]:
            path = Path(place, name)
            if name != ".packllama":
                yield str(path.relative_to(folder)), _look(path)


def _look(path: Path) -> object:
    status = path.lstat()
    if path.is_symlink():
        return "link", str(path.readlink())
    if path.is_dir():
        return "folder", status.st_mode
    if path.is_file():
        data = path.read_bytes() if status.st_size < 1 << 22 else status.st_blocks
        return data, status.st_mode, status.st_mtime_ns, status.st_nlink
    return "other", status.st_mode
