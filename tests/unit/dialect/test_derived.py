"""The folder of translations: made once, whole or not at all, bounded, and never taken from who uses one."""

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, EngineFailed, MachineError, NoSpace, PackLlamaError
from packllama.base.observer import SilentObserver
from packllama.base.stop import Stop
from packllama.dialect import Derived, Pair, Translation, derived, translate
from packllama.dialect.translate import VERSION
from packllama.digest import Digest
from packllama.gguf import open_gguf
from tests.unit.dialect.test_translate import Gemma

Trial = Callable[[Pair], None]
PLENTY = 1 << 30


def number(index: int) -> Digest:
    return Digest(f"{index:064x}")


def pass_all(_: Pair) -> None: ...


class Listener(SilentObserver):
    """What was said, and how far it got."""

    def __init__(self) -> None:
        self.total = self.done = 0
        self.said: list[str] = []

    def planned(self, total: int) -> None:
        self.total, self.done = total, 0

    def advanced(self, count: int) -> None:
        self.done += count

    def waiting(self, holder: str) -> None:
        self.said.append(f"waiting for {holder}")

    def noted(self, text: str) -> None:
        self.said.append(text)


@dataclass
class Shop:
    """A folder of translations of one source; ``made`` counts them."""

    folder: Path
    source: Path
    limit: int = PLENTY
    made: int = 0
    engine: str = "1.0"

    def translate(self) -> Translation:
        self.made += 1
        return translate(self.source)

    @contextlib.contextmanager
    def pair(
        self, index: int, *, trial: Trial = pass_all, stop: Stop | None = None, listener: Listener | None = None
    ) -> Iterator[Pair]:
        place = Derived(self.folder, limit=self.limit)
        with place.pair(
            number(index),
            self.translate,
            trial=trial,
            engine=lambda: self.engine,
            observer=listener or Listener(),
            stop=stop or Stop(),
        ) as found:
            yield found

    def use(self, *indexes: int) -> None:
        for index in indexes:
            with self.pair(index):
                pass

    @property
    def kept(self) -> list[int]:
        """Those that have a final name; each must be whole."""
        found = [path for path in self.folder.glob(f"*-{VERSION}") if path.is_dir()]
        for path in found:
            sizes = [part.size for part in translate(self.source).parts]
            assert [(path / name).stat().st_size for name in ("text.gguf", "projector.gguf")] == sizes
        return sorted(int(path.name.partition("-")[0], 16) for path in found)

    @property
    def unfinished(self) -> list[Path]:
        return list(self.folder.glob("*.part"))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "cache" / "derived", Gemma().write(tmp_path / "m.gguf"))


def test_made_once_and_used_again(shop: Shop) -> None:
    listener = Listener()
    with shop.pair(1, listener=listener) as pair:
        assert pair.text is not None
        assert pair.projector is not None
        assert [open_gguf(path).version for path in (pair.text, pair.projector)] == [3, 3]
    assert listener.total == listener.done == translate(shop.source).size
    assert [text.partition(",")[0] for text in listener.said] == ["translating Gemma 3 for llama.cpp"]
    with shop.pair(1, listener=(again := Listener())) as same:
        assert same == pair
    assert (shop.made, again.said, again.total) == (1, [], 0)
    assert (shop.kept, shop.unfinished) == ([1], [])


@pytest.mark.parametrize("error", [EngineFailed("no"), Cancelled(), KeyboardInterrupt()])
def test_one_that_fails_its_trial_is_not_kept(shop: Shop, error: BaseException) -> None:
    seen: list[Pair] = []

    def fail(pair: Pair) -> None:
        seen.append(pair)
        assert pair.text
        assert pair.text.is_file()
        raise error

    with pytest.raises(type(error)), shop.pair(1, trial=fail):
        pass
    assert (len(seen), shop.kept, shop.unfinished) == (1, [], [])
    shop.engine = "1.1"
    shop.use(1)
    assert shop.kept == [1]


def fail(_: Pair) -> None:
    raise EngineFailed("it does not work", hint="Take another.")


def note(shop: Shop) -> Path:
    return shop.folder / f"{number(1).hex}-{VERSION}.failed"


def fail_once(shop: Shop) -> None:
    with pytest.raises(EngineFailed), shop.pair(1, trial=fail):
        pass


def test_what_failed_is_not_made_again_today(shop: Shop) -> None:
    fail_once(shop)
    for _ in range(2):
        with pytest.raises(EngineFailed) as caught, shop.pair(1):
            pass
    assert shop.made == 1
    assert caught.value.message == "it does not work (tried less than a second ago)"
    assert caught.value.hint.startswith("After a day, or 'packllama prune', it is tried again. Take another.")
    shop.use(2)
    assert shop.kept == [2]
    assert list(Derived(shop.folder, limit=0).failures()) == [note(shop)]


def grow_old(path: Path) -> None:
    os.utime(path, (path.stat().st_mtime - 86_401,) * 2)


def come_from_the_future(path: Path) -> None:
    os.utime(path, (path.stat().st_mtime + 1000,) * 2)


def spoil(path: Path) -> None:
    path.write_bytes(b"{")


def nest(path: Path) -> None:
    path.write_bytes(b"[" * 9000)


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" " * 10_000)


def say_nothing(path: Path) -> None:
    path.write_text('{"engine": "1.0"}')


def become_a_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    "change", [Path.unlink, grow_old, come_from_the_future, spoil, nest, grow, say_nothing, become_a_link]
)
def test_in_doubt_it_is_made_again(shop: Shop, change: Callable[[Path], None]) -> None:
    fail_once(shop)
    change(note(shop))
    shop.use(1)
    assert (shop.made, shop.kept, os.path.lexists(note(shop))) == (2, [1], False)


def test_a_machine_that_fails_is_not_remembered(shop: Shop) -> None:
    def lack_space(_: Pair) -> None:
        raise NoSpace("full")

    with pytest.raises(NoSpace), shop.pair(1, trial=lack_space):
        pass
    assert not note(shop).exists()


def test_a_source_that_cannot_be_translated(shop: Shop) -> None:
    shop.source.write_bytes(b"GGUF")
    with pytest.raises(PackLlamaError), shop.pair(1):
        pass
    assert (shop.kept, shop.unfinished) == ([], [])


def test_stopped_half_way(shop: Shop) -> None:
    stop = Stop()

    class Stopper(Listener):
        def advanced(self, count: int) -> None:
            stop.set()

    with pytest.raises(Cancelled), shop.pair(1, stop=stop, listener=Stopper()):
        pass
    assert (shop.kept, shop.unfinished) == ([], [])


def cut(path: Path) -> None:
    os.truncate(path / "text.gguf", 1000)


def lose(path: Path) -> None:
    (path / "text.gguf").unlink()


def empty(path: Path) -> None:
    for file in path.iterdir():
        file.unlink()


def link(path: Path) -> None:
    (path / "text.gguf").rename(path / "x")
    (path / "text.gguf").symlink_to("x")


def replace_by_file(path: Path) -> None:
    path.rename(path.with_name("x"))
    path.write_text("a file")


def replace_by_link(path: Path) -> None:
    path.rename(path.with_name("x"))
    path.symlink_to("nowhere")
    path.with_name(f"{path.name}.part").symlink_to("x")


@pytest.mark.parametrize("damage", [cut, lose, empty, link, replace_by_file, replace_by_link])
def test_one_that_is_not_whole_is_made_again(shop: Shop, damage: Callable[[Path], None]) -> None:
    with shop.pair(1) as pair:
        pass
    damage(shop.folder / f"{number(1).hex}-{VERSION}")
    with shop.pair(1) as again:
        assert again == pair
    assert (shop.made, shop.kept, shop.unfinished) == (2, [1], [])
    shop.use(1)
    assert shop.made == 2


def test_a_folder_that_can_only_be_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there is used, without a lock; what is not cannot be made."""
    shop.use(1)
    shutil.rmtree(shop.folder / "locks")
    shop.folder.chmod(0o555)
    monkeypatch.setattr(os, "access", lambda path, mode, **_: bool(Path(path).stat().st_mode & 0o200))
    before = sorted(shop.folder.rglob("*"))
    with shop.pair(1) as pair:
        assert pair == Pair.inside(shop.folder / f"{number(1).hex}-{VERSION}")
    assert (shop.made, sorted(shop.folder.rglob("*"))) == (1, before)


def test_the_least_recently_used_goes_first(shop: Shop) -> None:
    size = translate(shop.source).size
    shop.limit = 3 * size
    for index, used in ((1, 100), (2, 300), (3, 200)):
        shop.use(index)
        os.utime(shop.folder / f"{number(index).hex}-{VERSION}", (used, used))
    shop.use(4)
    assert shop.kept == [2, 3, 4]
    shop.use(3, 5)
    assert shop.kept == [3, 4, 5]


def test_one_that_does_not_work_takes_nobodys_place(shop: Shop) -> None:
    shop.limit = translate(shop.source).size
    shop.use(1)
    with pytest.raises(EngineFailed), shop.pair(2, trial=fail):
        pass
    assert shop.kept == [1]
    shop.engine = "1.1"
    shop.use(2)
    assert shop.kept == [2]


def test_one_in_use_stays(shop: Shop) -> None:
    shop.limit = 1
    with shop.pair(1) as pair:
        shop.use(2, 3)
        assert shop.kept == [1, 3]
        assert pair.text
        assert pair.text.is_file()
    shop.use(4)
    assert shop.kept == [4]


def test_no_space_for_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be made by removing all others removes none of them."""
    shop.use(1)
    monkeypatch.setattr(derived, "free_space", lambda _: 1000)
    with pytest.raises(NoSpace, match="needs 33 MB, 1 KB are free") as caught, shop.pair(2):
        pass
    assert "PACKLLAMA_DERIVED=store" in caught.value.hint
    assert (shop.kept, shop.unfinished) == ([1], [])


def test_room_is_made_on_a_disk_that_is_nearly_full(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.use(1, 2)
    size = translate(shop.source).size
    whole = 3 * size - 1 + (32 << 20)
    monkeypatch.setattr(derived, "free_space", lambda _: whole - size * len(list(shop.folder.glob("*-*"))))
    shop.use(3)
    assert shop.kept == [2, 3]


def test_a_disk_that_is_full_after_all(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NoSpace) as caught, shop.pair(1):
        pass
    assert "Free some space" in caught.value.hint
    assert "XDG_CACHE_HOME" in caught.value.hint
    assert (shop.kept, shop.unfinished) == ([], [])


def test_a_file_system_of_small_files(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived, "file_size_limit", lambda _: 1000)
    with pytest.raises(MachineError, match="no file of more than 1 KB"), shop.pair(1):
        pass
    assert (shop.kept, shop.unfinished) == ([], [])


def test_a_folder_that_cannot_be_made(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(PackLlamaError) as caught, shop.pair(1):
        pass
    assert "XDG_CACHE_HOME" in caught.value.hint
    assert (tmp_path / "cache").read_text() == "a file"


def test_errors_of_those_who_use_it_stay_as_they_are(shop: Shop) -> None:
    with pytest.raises(MachineError) as caught, shop.pair(1):
        raise MachineError("no", where=str(shop.folder), hint="the right one")
    assert caught.value.hint == "the right one"


def test_what_is_not_ours_stays(shop: Shop) -> None:
    shop.limit = 1
    strangers = [shop.folder / "x.part", shop.folder / "notes", shop.folder / f"{'0' * 64}-1.txt"]
    shop.use(1)
    for path in strangers:
        path.mkdir()
    shop.use(2)
    assert shop.kept == [2]
    assert all(path.is_dir() for path in strangers)


def test_what_another_version_made_goes(shop: Shop) -> None:
    shop.use(1, 2)
    for index in (1, 2):
        (shop.folder / f"{number(index).hex}-{VERSION}").rename(shop.folder / f"{number(index).hex}-999")
    shop.use(1)
    assert shop.kept == [1]
    assert [path.name for path in shop.folder.glob("*-999")] == [f"{number(2).hex}-999"]


def test_two_at_once_make_one(shop: Shop) -> None:
    """The second waits, says for whom, and finds it made."""
    trying, heard = threading.Event(), threading.Event()

    def slow(_: Pair) -> None:
        trying.set()
        assert heard.wait(20)
        assert shop.kept == []

    class Waiter(Listener):
        def waiting(self, holder: str) -> None:
            super().waiting(holder)
            heard.set()

    def use(trial: Trial, listener: Listener) -> None:
        with shop.pair(1, trial=trial, listener=listener):
            pass

    listener = Waiter()
    threads = [threading.Thread(target=use, args=args) for args in ((slow, Listener()), (pass_all, listener))]
    threads[0].start()
    assert trying.wait(20)
    threads[1].start()
    for thread in threads:
        thread.join(20)
    assert listener.said == [f"waiting for process {os.getpid()} (translating a model)"]
    assert (shop.made, shop.kept) == (1, [1])


KILLED = """
import sys
from pathlib import Path
from packllama.base.observer import SILENT
from packllama.base.stop import Stop
from packllama.dialect import Derived, translate
from packllama.dialect.translate import VERSION
from packllama.digest import Digest

def trial(pair):
    print("trying", flush=True)
    sys.stdin.read()

class Slow(type(SILENT)):
    def advanced(self, count):
        if "writing" in sys.argv[3:]:
            trial(None)

def make():
    return translate(Path(sys.argv[2]))

place = Derived(Path(sys.argv[1]), limit=1 << 30)
with place.pair(Digest("0" * 63 + "1"), make, trial=trial, engine=str, observer=Slow(), stop=Stop()):
    pass
"""


@pytest.mark.parametrize("when", ["writing", "trying"])
@pytest.mark.parametrize("next_one", [1, 2])
def test_killed_while_it_is_made(shop: Shop, when: str, next_one: int) -> None:
    command = [sys.executable, "-c", KILLED, str(shop.folder), str(shop.source), when]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "trying\n"
        assert len(shop.unfinished) == 1
        if next_one == 2:
            shop.use(2)
            assert len(shop.unfinished) == 1, "somebody is still at it"
        process.send_signal(signal.SIGKILL)
    assert shop.kept == ([2] if next_one == 2 else [])
    shop.use(next_one + 2)
    assert shop.unfinished == []
    shop.use(1)
    assert shop.kept == sorted({*([2] if next_one == 2 else []), next_one + 2, 1})


def test_killed_while_one_is_removed(shop: Shop) -> None:
    """It loses its name first."""
    shop.use(1)
    final = shop.folder / f"{number(1).hex}-{VERSION}"
    half = final.with_name(f"{final.name}.part")
    final.rename(half)
    (half / "text.gguf").unlink()
    assert shop.kept == []
    shop.use(2)
    assert (shop.kept, shop.unfinished) == ([2], [])
