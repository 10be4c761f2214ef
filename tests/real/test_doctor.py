"""``packllama doctor`` from outside: in a fresh home, on odd disks, for other users, without a network."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from packllama.base.terminal import columns
from tests.another_user import packllama_as
from tests.mounted import mounted, sparse_file
from tests.program import environment, packllama, snapshot
from tests.registry.registry import Registry
from tests.test_bad_input import ON_READ_ONLY
from tests.test_json_documents import SCHEMAS
from tests.unit.engine.waiting import Watched, until
from tests.unit.stores import put_model

pytestmark = pytest.mark.slow

NeedProgram = Callable[[str, str], str]
SOMEBODY = 23456
MIB = 1 << 20


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """A program that says it is a llama-server."""
    program = tmp_path / "llama-server"
    program.write_text("#!/bin/sh\necho 'version: 9000 (abc)'\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def fresh(engine: Path) -> dict[str, str | None]:
    """Variables of a home where nothing was set up yet."""
    return {"PACKLLAMA_STORE": None, "PACKLLAMA_ENGINE": str(engine)}


def facts(text: str, topic: str) -> list[dict[str, Any]]:
    document = json.loads(text)
    jsonschema.validate(document, SCHEMAS["doctor"])
    return [fact for fact in document["facts"] if fact["topic"] == topic]


def said(text: str, topic: str) -> str:
    return "\n".join(f"{fact['level']}: {fact['sentence']} → {fact['cure']}" for fact in facts(text, topic))


def test_in_a_fresh_home(tmp_path: Path, fresh: dict[str, str | None]) -> None:
    done = packllama("doctor", cwd=tmp_path, env=fresh)
    assert (done.returncode, done.stderr) == (0, "")
    words = " ".join(done.stdout.split())
    assert f"{tmp_path}/.ollama/models is taken: it is your own it is not there yet" in words
    assert done.stdout.endswith("\n\nall will work here\n")
    assert [path.name for path in tmp_path.iterdir()] == ["llama-server"]


def test_the_real_engine(tmp_path: Path, need_module: Callable[[str, str], None]) -> None:
    need_module("xllamacpp", "'packllama[engine]'")
    put_model(tmp_path / "store", "m")
    done = packllama("--json", "doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "it starts" in said(done.stdout, "engine")


def test_lines_are_short_and_harmless(tmp_path: Path, engine: Path) -> None:
    evil = "\x1b[31m \u202ered\x07"
    store = tmp_path / f"store {evil}"
    put_model(store, "m")
    hostile = {
        "PACKLLAMA_STORE": str(store),
        "PACKLLAMA_ENGINE": str(engine),
        "OLLAMA_CONTEXT_LENGTH": evil * 50,
        f"PACKLLAMA_{evil}": "1",
        f"OLLAMA_{evil}": "1",
        "HTTPS_PROXY": f"http://{evil}",
        "HTTP_PROXY": "socks5://me:hush@proxy",
        "NO_PROXY": evil,
        "EDITOR": f"vi\n{evil}",
        "HF_TOKEN": "hush",
        "HF_ENDPOINT": "http://[",
        "PACKLLAMA_MIRROR": "https://me:hush@mirror",
    }
    done = packllama("doctor", cwd=tmp_path, env=hostile)
    assert done.returncode == 1
    assert "hush" not in done.stdout + done.stderr
    assert {character for character in done.stdout if not character.isprintable()} == {"\n"}
    long = [line[12:] for line in done.stdout.splitlines() if columns(line) > 100]
    assert [line for line in long if " " in line] == []
    assert "Traceback" not in done.stderr


def test_nothing_is_sent_unasked(tmp_path: Path, need_program: NeedProgram, fresh: dict[str, str | None]) -> None:
    """Not one connection, though a registry, a proxy and an Ollama could answer."""
    strace = need_program("strace", "strace")
    with Registry() as there:
        more = fresh | {"PACKLLAMA_MIRROR": there.url, "HTTPS_PROXY": there.url, "OLLAMA_HOST": there.host}
        log = tmp_path / "calls"
        before = (strace, "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(log))
        done = packllama("doctor", cwd=tmp_path, env=more, before=before)
    assert done.returncode == 0, done.stdout
    assert there.connections == 0
    calls = log.read_text()
    assert "SIGCHLD" in calls  # it was traced: the engine came and went
    assert "AF_INET" not in calls


def test_without_a_network(tmp_path: Path, need_program: NeedProgram, fresh: dict[str, str | None]) -> None:
    unshare = need_program("unshare", "util-linux")
    alone = (unshare, "--user", "--map-root-user", "--net")
    assert packllama("doctor", cwd=tmp_path, env=fresh, before=alone).returncode == 0
    done = packllama("--json", "doctor", "--network", cwd=tmp_path, env=fresh, before=alone)
    assert done.returncode == 1
    found = facts(done.stdout, "registries")
    assert [fact["level"] for fact in found] == ["problem", "problem"]
    assert "https://registry.ollama.ai cannot be reached" in found[0]["sentence"]


def test_registries_are_asked(tmp_path: Path, fresh: dict[str, str | None]) -> None:
    """The proxy hears who is wanted, the mirror is asked once."""
    with Registry() as mirror, Registry() as proxy:
        more = fresh | {"PACKLLAMA_MIRROR": mirror.url, "HTTPS_PROXY": proxy.url}
        done = packllama("--json", "doctor", "--network", cwd=tmp_path, env=more)
    assert done.returncode == 1, done.stdout
    assert f"ok: {mirror.url} answers (404) after " in said(done.stdout, "registries")
    assert [request.target for request in mirror.requests] == ["/v2/"]
    assert [(request.method, request.target) for request in proxy.requests] == [
        ("CONNECT", "registry.ollama.ai:443"),
        ("CONNECT", "hf.co:443"),
    ]
    assert f"asking {mirror.url}" in done.stderr


def test_a_read_only_store(tmp_path: Path, need_program: NeedProgram, fresh: dict[str, str | None]) -> None:
    store = tmp_path / "store"
    put_model(store, "m")
    wrapper = (need_program("unshare", "util-linux"), "--user", "--map-root-user", "--mount", "sh", "-c", ON_READ_ONLY)
    more = fresh | {"PACKLLAMA_STORE": str(store)}
    done = packllama("--json", "doctor", cwd=tmp_path, env=more, before=(*wrapper, str(store)))
    assert done.returncode == 1
    assert "problem: nothing can be built, fetched or removed: it is mounted" in said(done.stdout, "rights")
    assert "not tried" in said(done.stdout, "disk")
    assert not (store / ".packllama").exists()


@pytest.fixture
def open_folder(need_root: None) -> Iterator[Path]:
    """A folder that everybody may look into; pytest's own are for their owner alone."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_somebody_elses_store(open_folder: Path) -> None:
    store = open_folder / "store"
    put_model(store, "m")
    before = snapshot(open_folder)
    done = packllama_as(SOMEBODY, "--json", "doctor", cwd=open_folder)
    assert done.returncode == 1
    rights = said(done.stdout, "rights")
    assert f"problem: nothing can be built, fetched or removed: {store} is not yours to write" in rights
    assert f'sudo "$(command -v packllama)" --store {store} …' in rights
    assert "1 model" in said(done.stdout, "store")
    assert "not tried" in said(done.stdout, "disk")
    assert snapshot(open_folder) == before
    assert not (store / ".packllama").exists()


def test_a_store_that_may_not_be_looked_into(open_folder: Path) -> None:
    store = open_folder / "store"
    put_model(store, "m")
    store.chmod(0o700)
    done = packllama_as(SOMEBODY, "--json", "doctor", cwd=open_folder)
    assert done.returncode == 1
    assert "problem: " in said(done.stdout, "store")
    assert f"problem: you may not read {store}" in said(done.stdout, "rights")


@pytest.mark.parametrize(
    ("folder", "said_of"),
    [
        (".packllama/locks", "problem: nothing can be built, fetched or removed: "),
        (".packllama/work", "problem: nothing can be built, fetched or removed: "),
        (".packllama/blobs", "problem: nothing can be built, fetched or removed: "),
        ("manifests/registry.ollama.ai", "problem: not every model can be built, fetched or removed: "),
        ("manifests/registry.ollama.ai/library/m", "problem: not every model can be built, fetched or removed: "),
    ],
)
def test_a_folder_that_may_not_be_written(folder: str, said_of: str, open_folder: Path) -> None:
    shut = open_folder / "store" / folder
    put_model(open_folder / "store", "m")
    shut.mkdir(parents=True, exist_ok=True)
    for path in (open_folder / "store", *(open_folder / "store").rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY)
    assert "you may read and write it" in said(
        packllama_as(SOMEBODY, "--json", "doctor", cwd=open_folder).stdout, "rights"
    )
    shut.chmod(0o500)
    done = packllama_as(SOMEBODY, "--json", "doctor", cwd=open_folder)
    assert done.returncode == 1
    assert f"{said_of}{shut} is not yours to write" in said(done.stdout, "rights")


def test_a_home_that_is_somebody_elses(open_folder: Path) -> None:
    more = {"PACKLLAMA_STORE": None}
    done = packllama_as(SOMEBODY, "--json", "doctor", cwd=open_folder, env=more)
    assert done.returncode == 1
    assert f"you may not make the store: {open_folder} belongs to root" in said(done.stdout, "rights")


def test_a_stick(tmp_path: Path, need_root: None, need_program: NeedProgram) -> None:
    make = need_program("mkfs.vfat", "dosfstools")
    need_program("fusefat", "fusefat")
    image = sparse_file(tmp_path / "fat.image", 64 * MIB)
    subprocess.run([make, "-F", "32", str(image)], check=True, capture_output=True)
    with mounted(image, tmp_path / "stick", mount='fusefat -o rw+ "$0" "$1" >/dev/null 2>&1') as stick:
        (stick.seen / "store/blobs").mkdir(parents=True)
        (stick.seen / "store/manifests").mkdir()
        done = stick.packllama("--json", "doctor")
        disk = said(done.stdout, "disk")
        left = [path.name for path in (stick.seen / "store").iterdir()]
    assert "warning: it takes no file of 4 GiB or more" in disk
    assert "no clones: 'import'" in disk
    assert "no hard links: --link copies" in disk
    assert "no name may have a colon there" in disk
    assert "transfers that broke off begin anew" in disk
    assert sorted(left) == ["blobs", "manifests"]


def test_a_disk_that_shares_blocks(tmp_path: Path, need_root: None, need_program: NeedProgram) -> None:
    make = need_program("mkfs.xfs", "xfsprogs")
    # xfs makes none smaller than 300 MB.
    image = sparse_file(tmp_path / "xfs.image", 320 * MIB)
    subprocess.run([make, "-q", "-m", "reflink=1", str(image)], check=True)
    with mounted(image, tmp_path / "disk", mount='mount -t xfs -o loop "$0" "$1"') as there:
        put_model(there.seen / "store", "m")
        disk = said(there.packllama("--json", "doctor").stdout, "disk")
    assert "ok: hard links work; clones work" in disk
    assert "warning: xfs, " in disk  # it is as good as full
    assert "MB free → Free some space" in disk


def test_warnings_alone_leave_the_exit_status(tmp_path: Path, fresh: dict[str, str | None]) -> None:
    done = packllama("doctor", cwd=tmp_path, env=fresh | {"PACKLLAMA_STROE": "x"})
    assert done.returncode == 0
    assert done.stdout.startswith("Warnings\n  settings    PACKLLAMA_STROE is set")
    assert done.stdout.endswith("\n\nno problems, 1 warning\n")


def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    """While an engine hangs that was asked what it is."""
    hanging = tmp_path / "llama-server"
    hanging.write_text(
        f"#!/bin/sh\nsleep 1000 &\necho $! > {tmp_path}/asked.new\nmv {tmp_path}/asked.new {tmp_path}/asked\nwait\n"
    )
    hanging.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-m", "packllama", "doctor"],
        cwd=tmp_path,
        env=environment(tmp_path, {"PACKLLAMA_ENGINE": str(hanging)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until((tmp_path / "asked").exists, 60)
    engine = Watched(int((tmp_path / "asked").read_text()))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert engine.gone_after(10)
