"""A disk that forgets what was not synced: what a run did to a folder, and which of it a power cut may take back.

It promises no more than POSIX does. A file's sync makes its bytes durable, not its name. A folder's sync makes the
names in it durable, not the bytes behind them, nor the folder's own name. All else may be lost or kept, each change by
itself, whatever came first: a write wholly, its half, or all but its length, which then covers zeros. A rename within a
folder is one change; between two folders it is one in each, so a file may have both names, or none. A folder moves as
one. What a lock's file holds is for people to read and decides nothing: it is always kept.
"""

import contextlib
import copy
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeAlias

from tests.faults.power_log import Call


@dataclass(eq=False)
class File:
    """``durable`` is what stays, ``now`` what whoever reads it sees. ``inode``: that of the real file, once known."""

    durable: bytes = b""
    now: bytes = b""
    inode: int = 0
    is_lock: bool = False


@dataclass(eq=False)
class Folder:
    durable: "dict[str, File | Folder]" = field(default_factory=dict)
    now: "dict[str, File | Folder]" = field(default_factory=dict)


Node: TypeAlias = File | Folder

# How a write may end, besides not at all.
LOST, DONE, ZEROS, TORN = range(4)

# A pattern that nothing matches.
NEVER = r"(?!)"

# Before every call of a log.
_LONG_AGO = -1


@dataclass(frozen=True, eq=False)
class Wrote:
    """``data`` at ``offset`` of the file ``home``."""

    home: File
    offset: int
    data: bytes

    @property
    def outcomes(self) -> Sequence[int]:
        return [LOST, DONE, ZEROS, *([TORN] if len(self.data) > 1 else [])]

    def on(self, content: bytes, outcome: int = DONE) -> bytes:
        data = {DONE: self.data, ZEROS: bytes(len(self.data)), TORN: self.data[: len(self.data) // 2]}[outcome]
        return content[: self.offset].ljust(self.offset, b"\0") + data + content[self.offset + len(data) :]


@dataclass(frozen=True, eq=False)
class Cut:
    """The file ``home`` got another length."""

    home: File
    length: int
    outcomes: Sequence[int] = (LOST, DONE)

    def on(self, content: bytes, outcome: int = DONE) -> bytes:
        return content[: self.length].ljust(self.length, b"\0")


@dataclass(frozen=True, eq=False)
class Named:
    """Names that were given or, where ``given`` is False, taken away; the sync of the folder ``home`` keeps them."""

    home: Folder
    changes: tuple[tuple[Folder, str, Node, bool], ...]
    outcomes: Sequence[int] = (LOST, DONE)


Change: TypeAlias = Wrote | Cut | Named
Tree: TypeAlias = dict[str, Node]


@dataclass(frozen=True)
class State:
    """What a power cut may leave: a node for every path, and the bytes of the files."""

    tree: Tree
    content: dict[File, bytes]

    def build(self, place: Path) -> None:
        """Make it real below an empty folder. Records that held of a file hold of the one made for it."""
        made: dict[int, Path] = {}
        for path, node in self.tree.items():
            target = place / path
            if isinstance(node, Folder):
                target.mkdir()
            elif id(node) in made:
                target.hardlink_to(made[id(node)])
            else:
                target.write_bytes(self.content[node])
                made[id(node)] = target
        files = {node.inode: made[id(node)] for node in self.content if id(node) in made}
        for record in place.glob("*/.packllama/hashes/*"):
            _let_hold(record, files)

    def description(self) -> dict[str, tuple[bytes | None, str]]:
        """For every path its bytes, None for a folder, and the first path of the same node."""
        first: dict[Node, str] = {}
        return {
            path: (self.content[node] if isinstance(node, File) else None, first.setdefault(node, path))
            for path, node in sorted(self.tree.items())
        }


def _let_hold(record: Path, files: Mapping[int, Path]) -> None:
    """Change the signs of a file in a hash record to those of the file that stands for it."""
    with contextlib.suppress(ValueError, KeyError):
        signs = json.loads(record.read_bytes())
        status = files[signs["inode"]].stat()
        now = {"inode": status.st_ino, "mtime_ns": status.st_mtime_ns, "ctime_ns": status.st_ctime_ns}
        record.write_text(json.dumps(signs | now))


class Disk:
    """A folder's files, to which calls are done one by one.

    The pattern ``word`` in what is written to stdout or stderr means that the user was told of the success: `told`.
    """

    def __init__(self, folder: Path, *, word: str = NEVER, ignored: str = NEVER) -> None:
        """``ignored``: a disk that lies syncs nothing whose path matches; a folder's path ends with a slash."""
        self.told = False
        self.pending: list[tuple[int, Change]] = []
        self.root = Folder()
        self._prefix = os.fsencode(folder) + b"/"
        self._word = re.compile(os.fsencode(word))
        self._ignored = re.compile(ignored)
        self._open: dict[str, tuple[Node, int]] = {}
        self._same: dict[bytes, bytes] = {}
        self._load(folder)

    def copy(self, *, ignored: str = NEVER) -> Self:
        """``ignored``: as for a new one."""
        copied = copy.deepcopy(self)
        copied._ignored = re.compile(ignored)
        return copied

    def _load(self, folder: Path) -> None:
        """All that is there is durable."""
        nodes: dict[Path, Folder] = {folder: self.root}
        files: dict[int, File] = {}
        for path in sorted(folder.rglob("*")):
            assert not path.is_symlink()
            status = path.stat()
            node: Node
            if path.is_dir():
                node = nodes[path] = Folder()
            elif (known := files.get(status.st_ino)) is not None:
                node = known
            else:
                data = path.read_bytes()
                node = files[status.st_ino] = File(data, data, status.st_ino, path.parent.name == "locks")
            nodes[path.parent].durable[path.name] = nodes[path.parent].now[path.name] = node

    def killed(self, folder: Path) -> Self:
        """The same after a kill, with what it holds now built in ``folder``: nothing is durable that was not before."""
        after = self.copy()
        after.now().build(folder)
        after.learn_inodes(folder)
        after.told = False
        after._open.clear()
        for path, node in after.now().tree.items():
            if isinstance(node, File) and node.now != (data := (folder / path).read_bytes()):  # a record that holds
                node.now = node.durable = data
                after.pending = [pending for pending in after.pending if pending[1].home is not node]
        after.pending = [(_LONG_AGO, change) for _, change in after.pending]
        return after

    def learn_inodes(self, folder: Path) -> None:
        """Of the files that are there by now."""
        for path, node in self.now().tree.items():
            if isinstance(node, File):
                node.inode = (folder / path).stat().st_ino

    def now(self) -> State:
        """What whoever looks sees."""
        tree = _walk(self.root, lambda folder: folder.now)
        return State(tree, {node: node.now for node in tree.values() if isinstance(node, File)})

    def after_cut(self, outcomes: Iterable[int]) -> State:
        """What is left when the pending changes, in order, end like this."""
        names = _Names()
        content: dict[File, bytes] = {}
        for (_, change), outcome in zip(self.pending, outcomes, strict=True):
            if outcome == LOST:
                continue
            if isinstance(change, Named):
                names.change(change)
            else:
                content[change.home] = change.on(content.get(change.home, change.home.durable), outcome)
        tree = _walk(self.root, names.of)
        return State(
            tree,
            {node: self._shared(content.get(node, node.durable)) for node in tree.values() if isinstance(node, File)},
        )

    def _shared(self, data: bytes) -> bytes:
        """The same bytes are one object: many states have them."""
        return self._same.setdefault(data, data)

    def do(self, call: Call) -> None:
        """Raises: AssertionError, for a call that is not modelled."""
        doing = getattr(self, f"_{call.name}", None)
        assert doing, f"a disk is to be taught this: {call.name}"
        doing(call)

    def _change(self, call: Call, change: Change) -> None:
        if isinstance(change, Named):
            for folder, name, node, given in change.changes:
                _set(folder.now, name, node, given=given)
        else:
            change.home.now = change.on(change.home.now)
            if change.home.is_lock:
                change.home.durable = change.home.now
                return
        self.pending.append((call.ended, change))

    # Paths

    def _parts(self, path: str | bytes, at: str | bytes = "AT_FDCWD") -> tuple[Folder, str] | None:
        """The folder and the last part of a path, if it leads to a place of ours."""
        assert isinstance(path, bytes) and isinstance(at, str)
        start: Node | None = self.root if at == "AT_FDCWD" else self._open.get(at, (None, 0))[0]
        if path.startswith(b"/"):
            start, path = self.root if path.startswith(self._prefix) else None, path.removeprefix(self._prefix)
        *above, last = os.fsdecode(path).split("/")
        assert start is None or not {"", ".."} & {*above, last}, path
        for part in above:
            start = start.now.get(part) if isinstance(start, Folder) else None
        return (start, last) if isinstance(start, Folder) else None

    def _file(self, number: str | bytes) -> File | None:
        assert isinstance(number, str)
        node = self._open.get(number, (None, 0))[0]
        return node if isinstance(node, File) else None

    # Calls

    def _openat(self, call: Call) -> None:
        self._open.pop(str(call.result), None)
        if call.args[1] in {b".", self._prefix[:-1]}:
            self._open[str(call.result)] = self.root, 0
        elif place := self._parts(call.args[1], call.args[0]):
            folder, name = place
            if name not in folder.now:
                self._change(call, Named(folder, ((folder, name, File(is_lock=self._is_locks(folder)), True),)))
            node = folder.now[name]
            self._open[str(call.result)] = node, 0
            if "O_TRUNC" in str(call.args[2]) and isinstance(node, File):
                self._change(call, Cut(node, 0))

    def _paths(self, wanted: Node) -> list[str]:
        tree = _walk(self.root, lambda folder: folder.now)
        return [path + "/" * isinstance(node, Folder) for path, node in tree.items() if node is wanted]

    def _is_locks(self, folder: Folder) -> bool:
        return any(path.endswith("/locks/") for path in self._paths(folder))

    def _lseek(self, call: Call) -> None:
        if (number := str(call.args[0])) in self._open:
            self._open[number] = self._open[number][0], call.result

    def _write(self, call: Call) -> None:
        number, data = str(call.args[0]), call.args[1]
        assert isinstance(data, bytes)
        if number in self._open:
            file, offset = self._open[number]
            assert isinstance(file, File)
            self._change(call, Wrote(file, offset, data[: call.result]))
            self._open[number] = file, offset + call.result
        elif number in {"1", "2"} and self._word.search(data):
            self.told = True

    def _pwrite64(self, call: Call) -> None:
        if file := self._file(call.args[0]):
            assert isinstance(call.args[1], bytes)
            self._change(call, Wrote(file, int(call.args[3]), call.args[1][: call.result]))

    def _ftruncate(self, call: Call) -> None:
        if file := self._file(call.args[0]):
            self._change(call, Cut(file, int(call.args[1])))

    def _ioctl(self, call: Call) -> None:
        if target := self._file(call.args[0]):
            source = self._file(call.args[2])
            assert source and str(call.args[1]).endswith(" FICLONE")
            self._change(call, Wrote(target, 0, source.now))

    def _mkdirat(self, call: Call) -> None:
        if place := self._parts(call.args[1], call.args[0]):
            self._change(call, Named(place[0], ((*place, Folder(), True),)))

    def _unlinkat(self, call: Call) -> None:
        self._remove(call, self._parts(call.args[1], call.args[0]))

    def _unlink(self, call: Call) -> None:
        self._remove(call, self._parts(call.args[0]))

    _rmdir = _unlink

    def _remove(self, call: Call, place: tuple[Folder, str] | None) -> None:
        if place:
            folder, name = place
            self._change(call, Named(folder, ((folder, name, folder.now[name], False),)))

    def _link(self, call: Call) -> None:
        source, target = self._parts(call.args[0]), self._parts(call.args[1])
        if target:
            assert source
            self._change(call, Named(target[0], ((*target, source[0].now[source[1]], True),)))

    def _rename(self, call: Call) -> None:
        source, target = self._parts(call.args[0]), self._parts(call.args[1])
        if source is None and target is None:
            return
        assert source and target
        node = source[0].now[source[1]]
        if target[0].now.get(target[1]) is node:  # two names of one file stay two
            return
        given, taken = (*target, node, True), (*source, node, False)
        if source[0] is target[0] or isinstance(node, Folder):
            self._change(call, Named(target[0], (given, taken)))
        else:
            self._change(call, Named(target[0], (given,)))
            self._change(call, Named(source[0], (taken,)))

    def _fsync(self, call: Call) -> None:
        """What was done before the call began is durable."""
        node, _ = self._open.get(str(call.args[0]), (None, 0))
        if node is None or any(self._ignored.search(path) for path in self._paths(node)):
            return
        covered = [change for ended, change in self.pending if change.home is node and ended <= call.began]
        for change in covered:
            if isinstance(change, Named):
                for folder, name, named, given in change.changes:
                    _set(folder.durable, name, named, given=given)
            else:
                change.home.durable = change.on(change.home.durable)
        self.pending = [pending for pending in self.pending if pending[1] not in covered]

    _fdatasync = _fsync


class _Names:
    """Durable names with some changes to them."""

    def __init__(self) -> None:
        self._changed: dict[Folder, dict[str, Node]] = {}

    def of(self, folder: Folder) -> dict[str, Node]:
        return self._changed.get(folder, folder.durable)

    def change(self, change: Named) -> None:
        for folder, name, node, given in change.changes:
            entries = self._changed.setdefault(folder, dict(folder.durable))
            _set(entries, name, node, given=given)


def _set(entries: dict[str, Node], name: str, node: Node, *, given: bool) -> None:
    if given:
        entries[name] = node
    elif entries.get(name) is node:
        del entries[name]


def _walk(root: Folder, entries: Callable[[Folder], dict[str, Node]]) -> Tree:
    found: Tree = {}
    waiting: list[tuple[str, Folder]] = [("", root)]
    for above, folder in waiting:
        for name, node in entries(folder).items():
            found[f"{above}{name}"] = node
            if isinstance(node, Folder):
                waiting.append((f"{above}{name}/", node))
    return found
