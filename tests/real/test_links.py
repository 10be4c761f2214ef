"""What ``links`` writes, run by the programs it is written for, against a real web server; then a real ``import``."""

import json
import os
import re
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pytest

from packllama.digest import Digest
from packllama.links.formats import Format, write
from tests.nginx import nginx
from tests.program import environment, packllama
from tests.unit.links.cases import CASES, Case
from tests.unit.stores import put_model

pytestmark = pytest.mark.slow

WEIGHTS = Random(8).randbytes(3 << 20)

# How each program is run on the text in FILE.
# Without it, gigabytes would be laid out on the disk before anything is asked for.
ARIA2 = ["aria2c", "--no-conf", "--quiet", "--max-tries=1", "--file-allocation=none"]
COMMANDS = {
    "aria2": [*ARIA2, "-i", "FILE"],
    "metalink": [*ARIA2, "-c", "-V", "-M", "FILE"],
    "curl": ["sh", "FILE"],
    "wget": ["bash", "FILE"],
}
MODELS = ("library/shared", "me/m.v2:Q4_K_M")

Need = Callable[[str, str], str]


@dataclass(frozen=True)
class Mirror:
    """Two models behind nginx. ``root`` is what it serves, ``work`` its own folder."""

    host: str
    root: Path
    work: Path

    @property
    def names(self) -> list[str]:
        return [f"{self.host}/{name}" for name in MODELS]

    def blob(self, data: bytes) -> Path:
        (path,) = {path.resolve() for path in self.root.rglob(f"blobs/{Digest.of(data)}")}
        return path

    def asked(self) -> list[str]:
        return (self.work / "access.log").read_text().splitlines()


@pytest.fixture
def mirror(tmp_path: Path, need_program: Need) -> Iterator[Mirror]:
    program = need_program("nginx", "nginx-light")
    store, root = tmp_path / "there", tmp_path / "served"
    for name in MODELS:
        put_model(store, f"h/{name}", weights=WEIGHTS)
        model, _, tag = name.partition(":")
        served = root / "v2" / model
        served.mkdir(parents=True)
        shutil.copytree(store / "manifests" / "h" / model, served / "manifests")
        (served / "blobs").symlink_to(root / "blobs")
        assert (served / "manifests" / (tag or "latest")).is_file()
    (root / "blobs").mkdir()
    for path in (store / "blobs").iterdir():
        shutil.copyfile(path, root / "blobs" / path.name.replace("-", ":"))
    with nginx(program, root, tmp_path / "nginx") as host:
        yield Mirror(host, root, tmp_path / "nginx")


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Where the downloads go. The canary would sing here."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def links(here: Path, *words: str) -> str:
    done = packllama("links", *words, cwd=here)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(form: str, here: Path, text: str, need: Need) -> subprocess.CompletedProcess[str]:
    """Run the program that a text is for."""
    command = COMMANDS[form]
    for program in {command[0], {"curl": "curl", "wget": "wget"}.get(form, command[0])} - {"sh", "bash"}:
        need(program, {"aria2c": "aria2"}.get(program, program))
    (here / "FILE").write_text(text)
    return subprocess.run(
        command, cwd=here, env=environment(here), capture_output=True, text=True, check=False, timeout=120
    )


def fetched(here: Path) -> list[str]:
    return sorted(str(path.relative_to(here)) for path in (here / "packllama-models").rglob("*") if path.is_file())


def seen(here: Path) -> dict[str, tuple[int, int]]:
    return {name: ((here / name).stat().st_ino, (here / name).stat().st_mtime_ns) for name in fetched(here)}


def check_whole(here: Path, mirror: Mirror) -> None:
    """All is there, and is imported under its own names by the command that every text ends with."""
    assert fetched(here) == sorted(path for line in sums(here, mirror) if (path := line.partition("  ")[2]))
    done = packllama("import", "packllama-models", cwd=here)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"imported {mirror.names[0]}:latest", f"imported {mirror.names[1]}"]


def sums(here: Path, mirror: Mirror) -> list[str]:
    return links(here, *mirror.names, "--insecure", "--format", "sha256sums").splitlines()


@pytest.mark.parametrize("form", COMMANDS)
def test_fetch_and_import(form: str, mirror: Mirror, here: Path, need_program: Need) -> None:
    text = links(here, *mirror.names, "--insecure", "--format", form)
    assert "packllama import packllama-models" in text.splitlines()[-1]
    done = run(form, here, text, need_program)
    assert done.returncode == 0, done.stdout + done.stderr
    check_whole(here, mirror)
    before = seen(here)
    again = run(form, here, text, need_program)
    assert again.returncode == 0, again.stdout + again.stderr
    assert seen(here) == before, "nothing is written twice"


@pytest.mark.parametrize("form", COMMANDS)
def test_go_on(form: str, mirror: Mirror, here: Path, need_program: Need) -> None:
    """What an interrupted run has left is used: the rest is asked for by a range."""
    text = links(here, *mirror.names, "--insecure", "--format", form)
    part = here / "packllama-models" / "blobs" / Digest.of(WEIGHTS).file_name
    part.parent.mkdir(parents=True)
    (part if COMMANDS[form][0] == "aria2c" else part.with_name(f"{part.name}.part")).write_bytes(WEIGHTS[: 2 << 20])
    done = run(form, here, text, need_program)
    assert done.returncode == 0, done.stdout + done.stderr
    check_whole(here, mirror)
    assert [line for line in mirror.asked() if str(Digest.of(WEIGHTS)) in line and f'" 206 {1 << 20} ' in line]


@pytest.mark.parametrize("form", COMMANDS)
def test_wrong_bytes(form: str, mirror: Mirror, here: Path, need_program: Need) -> None:
    """They are refused; what came before and after them is there; when they are right again, the same text works."""
    text = links(here, *mirror.names, "--insecure", "--format", form)
    blob = mirror.blob(WEIGHTS)
    blob.write_bytes(bytes(len(WEIGHTS)))
    done = run(form, here, text, need_program)
    assert done.returncode != 0
    assert packllama("import", "packllama-models", cwd=here).returncode == 5
    blob.write_bytes(WEIGHTS)
    done = run(form, here, text, need_program)
    assert done.returncode == 0, done.stdout + done.stderr
    check_whole(here, mirror)


@pytest.mark.parametrize("form", COMMANDS)
def test_nothing_is_overwritten(form: str, mirror: Mirror, here: Path, need_program: Need) -> None:
    text = links(here, *mirror.names, "--insecure", "--format", form)
    mine = here / "packllama-models" / "blobs" / Digest.of(WEIGHTS).file_name
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine" * (1 << 20))
    done = run(form, here, text, need_program)
    # By a metalink, aria2 fetches it beside ours, under another name.
    assert (done.returncode == 0) == (form == "metalink")
    assert mine.read_bytes() == b"mine" * (1 << 20)


@pytest.mark.parametrize("form", COMMANDS)
def test_not_there(form: str, mirror: Mirror, here: Path, need_program: Need) -> None:
    """An error page is no blob, and does not become a part of one."""
    text = links(here, *mirror.names, "--insecure", "--format", form)
    mirror.blob(WEIGHTS).unlink()
    assert run(form, here, text, need_program).returncode != 0
    done = packllama("import", "packllama-models", cwd=here)
    assert done.returncode == 5
    assert "damaged" not in done.stderr


@pytest.mark.parametrize("form", COMMANDS)
def test_mirrors(form: str, mirror: Mirror, here: Path, need_program: Need) -> None:
    """Of two mirrors one is not there, and the registry itself is nowhere."""
    for path in mirror.root.glob("v2/library/shared/manifests/*"):
        shutil.copyfile(path, here / "saved.json")
    words = ["reg.invalid/library/shared", "--manifest", "saved.json", "--format", form]
    text = links(here, *words, "--mirror", "http://127.0.0.1:9", "--mirror", f"http://{mirror.host}/")
    done = run(form, here, text, need_program)
    assert done.returncode == 0, done.stdout + done.stderr
    done = packllama("import", "packllama-models", cwd=here)
    assert "imported reg.invalid/library/shared:latest" in done.stdout


@pytest.mark.parametrize("form", ["curl", "wget"])
def test_a_server_that_gives_whole_files_only(form: str, mirror: Mirror, here: Path, need_program: Need) -> None:
    """What was begun is no hindrance there."""
    handler = partial(QuietHandler, directory=str(mirror.root))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        name = f"http://127.0.0.1:{server.server_port}/library/shared"
        text = links(here, name, "--format", form)
        part = here / "packllama-models" / "blobs" / f"{Digest.of(WEIGHTS).file_name}.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(WEIGHTS[:1000])
        done = run(form, here, text, need_program)
        server.shutdown()
    assert done.returncode == 0, done.stdout + done.stderr
    assert (here / "packllama-models" / "blobs" / Digest.of(WEIGHTS).file_name).read_bytes() == WEIGHTS


def test_urls(mirror: Mirror, here: Path, need_program: Need) -> None:
    """As the hint says: wget keeps the path of each link, which says the name."""
    done = packllama("links", *mirror.names, "--insecure", "--format", "urls", cwd=here)
    assert "packllama import packllama-models" in done.stderr
    (here / "FILE").write_text(done.stdout)
    words = [need_program("wget", "wget"), "-q", "-x", "-c", "-P", "packllama-models", "-i", "FILE"]
    assert subprocess.run(words, cwd=here, env=environment(here), check=False).returncode == 0
    done = packllama("import", "packllama-models", cwd=here)
    assert done.returncode == 0, done.stderr
    assert f"imported {mirror.names[1]}" in done.stdout


def test_sha256sums(mirror: Mirror, here: Path, need_program: Need) -> None:
    """``sha256sum -c`` finds what is right, what is wrong and what is missing."""
    text = links(here, *mirror.names, "--insecure", "--format", "curl")
    (here / "sums").write_text("".join(f"{line}\n" for line in sums(here, mirror)))
    assert run("curl", here, text, need_program).returncode == 0
    check = [need_program("sha256sum", "coreutils"), "--strict", "-c", "sums"]
    assert subprocess.run(check, cwd=here, capture_output=True, check=False).returncode == 0
    os.truncate(here / "packllama-models" / "blobs" / Digest.of(WEIGHTS).file_name, 5)
    done = subprocess.run(check, cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.count("FAILED") == 1


@pytest.mark.parametrize("form", ["aria2", "curl", "wget"])
def test_files_of_a_repository(
    form: str, mirror: Mirror, here: Path, gguf: Callable[[str], Path], need_program: Need
) -> None:
    """The weights and the projector, which ``init`` finds in the folder."""
    files = [gguf("tiny-gemma3.gguf"), gguf("tiny-mmproj.gguf")]
    served = mirror.root / "me/r/resolve/main"
    served.mkdir(parents=True)
    entries = []
    for path in files:
        shutil.copyfile(path, served / path.name)
        oid = Digest.of(path.read_bytes()).hex
        entries.append({"type": "file", "path": path.name, "size": path.stat().st_size, "lfs": {"oid": oid}})
    tree = mirror.root / "api/models/me/r/tree/main"
    tree.parent.mkdir(parents=True)
    tree.write_text(json.dumps(entries))
    words = ("links", "hf.co/me/r", "--files", "tiny*", "--format", form)
    text = packllama(*words, cwd=here, env={"HF_ENDPOINT": f"http://{mirror.host}"}).stdout
    assert text.splitlines()[-1] == "# Then: packllama init packllama-models"
    done = run(form, here, text, need_program)
    assert done.returncode == 0, done.stdout + done.stderr
    done = packllama("init", "packllama-models", cwd=here)
    assert done.returncode == 0, done.stderr
    modelfile = (here / "packllama-models" / "Modelfile").read_text()
    assert all(f"FROM ./{path.name}\n" in modelfile for path in files)


def test_downloads_of_a_browser(mirror: Mirror, here: Path) -> None:
    """As the table says: one folder, and whatever names a browser gives."""
    text = links(here, mirror.names[1], "--insecure")
    folder = here / "Downloads"
    folder.mkdir()
    for number, url in enumerate(re.findall(r"http://\S+", text)):
        with urllib.request.urlopen(url) as answer:
            (folder / f"download ({number}).bin").write_bytes(answer.read())
    command = text.splitlines()[-1].split()
    assert command[:3] == ["packllama", "import", "FOLDER"]
    done = packllama("import", "Downloads", *command[3:], cwd=here)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"imported {mirror.names[1]}\n"


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("form", COMMANDS)
def test_every_text_is_understood(form: str, case: Case, here: Path, need_program: Need) -> None:
    """Nothing is reachable, so nothing comes; but each file is asked for, and no other word is."""
    text = write(case.listing(), Format(form))
    nowhere = re.sub(r"https?://[^\s'<]+?(?=/v2/)", "http://127.0.0.1:9", text).replace("'=https'", "'=http'")
    done = run(form, here, nowhere, need_program)
    assert done.returncode in {1, 2}, done.stdout + done.stderr
    assert not re.search(
        r"syntax|unrecognized|unknown|invalid option|not found", done.stdout + done.stderr, re.IGNORECASE
    )
    assert not list(here.rglob("*canary*"))
    if COMMANDS[form][0] != "aria2c":
        assert done.stdout.split() == [link.saved for link in case.listing().links for _ in link.urls]
