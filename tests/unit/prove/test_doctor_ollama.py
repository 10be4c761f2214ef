"""The Ollama of a machine, as its files tell: program, service, user, servers."""

from pathlib import Path

import pytest

from packllama.prove.doctor import ollama
from packllama.prove.doctor.checkup import Level
from packllama.prove.doctor.service import service
from tests.unit.prove.patients import patient, put, sentences, worst
from tests.unit.stores import put_model

UNIT = "/etc/systemd/system/ollama.service"
DROP_INS = f"{UNIT}.d"
INSTALLED = "[Unit]\nDescription=Ollama\n[Service]\nExecStart=/usr/local/bin/ollama serve\nUser=ollama\n{}\n"
PASSWD = "root:x:0:0:root:/root:/bin/sh\nollamas:x:9:9::/no:/no\nollama:x:998:998::/usr/share/ollama:/bin/false\n"


def serve(
    folder: Path, *, number: int = 41, environ: str | None = "HOME=/usr/share/ollama", cgroup: str = "0::/"
) -> None:
    put(folder, f"/proc/{number}/cmdline", "/usr/local/bin/ollama\0serve\0")
    put(folder, f"/proc/{number}/cgroup", cgroup)
    if environ is not None:
        put(folder, f"/proc/{number}/environ", environ.replace(" ", "\0") + "\0")


@pytest.mark.parametrize(
    ("files", "models", "said_in"),
    [
        ({UNIT: INSTALLED.format("")}, "", UNIT),
        ({UNIT: INSTALLED.format("Environment=OLLAMA_MODELS=/data")}, "/data", UNIT),
        ({UNIT: INSTALLED.format('Environment="PATH=/x" "OLLAMA_MODELS=/my data"')}, "/my data", UNIT),
        ({UNIT: INSTALLED.format("Environment=OLLAMA_MODELS=/a\nEnvironment=OLLAMA_MODELS=/b")}, "/b", UNIT),
        ({UNIT: INSTALLED.format("Environment=OLLAMA_MODELS=/a\nEnvironment=")}, "", UNIT),
        ({UNIT: INSTALLED.format("#Environment=OLLAMA_MODELS=/a")}, "", UNIT),
        ({UNIT: INSTALLED.format("Environment=A=1 \\\n  OLLAMA_MODELS=/a")}, "/a", UNIT),
        ({UNIT: INSTALLED.format("[Install]\nEnvironment=OLLAMA_MODELS=/a")}, "", UNIT),
        ({UNIT: INSTALLED.format('Environment="OLLAMA_MODELS=/a')}, "", UNIT),
        (
            {
                UNIT: INSTALLED.format("Environment=OLLAMA_MODELS=/a"),
                f"{DROP_INS}/10-a.conf": "[Service]\nEnvironment=OLLAMA_MODELS=/b\n",
                f"{DROP_INS}/20-b.conf": "[Service]\nEnvironment=OLLAMA_MODELS=/c\n",
            },
            "/c",
            f"{DROP_INS}/20-b.conf",
        ),
        (
            {
                "/usr/lib/systemd/system/ollama.service": INSTALLED.format("Environment=OLLAMA_MODELS=/a"),
                f"{DROP_INS}/10-a.conf": "[Service]\nEnvironment=OLLAMA_MODELS=/mine\n",
                "/usr/lib/systemd/system/ollama.service.d/10-a.conf": "[Service]\nEnvironment=OLLAMA_MODELS=/theirs\n",
            },
            "/mine",
            f"{DROP_INS}/10-a.conf",
        ),
        ({UNIT: INSTALLED.format("Environment=OLLAMA_MODELS=/a" + "x" * 100_000)}, "", UNIT),
    ],
)
def test_units(files: dict[str, str], models: str, said_in: str, tmp_path: Path) -> None:
    for path, text in files.items():
        put(tmp_path, path, text)
    found = service(patient(tmp_path))
    assert found is not None
    assert (found.models, found.said_in) == (models, tmp_path / "root" / said_in.lstrip("/"))


def test_no_service(tmp_path: Path) -> None:
    assert service(patient(tmp_path)) is None


def test_nothing_of_it_here(tmp_path: Path) -> None:
    found = list(ollama.look(patient(tmp_path)))
    assert worst(found) is Level.OK
    assert sentences(found) == "no program called ollama was found → \nnone is seen to run → "


def test_program_and_user(tmp_path: Path) -> None:
    program = put(tmp_path, "/usr/local/bin/ollama", "#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    put(tmp_path, "/etc/passwd", PASSWD)
    said = sentences(ollama.look(patient(tmp_path)))
    assert f"the program is {program}" in said
    assert "a user ollama, whose home is /usr/share/ollama" in said


def test_it_is_never_run(tmp_path: Path) -> None:
    """It would ask its server."""
    program = put(tmp_path, "/usr/local/bin/ollama", f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    list(ollama.look(patient(tmp_path, {"PATH": str(program.parent)})))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("environ", "level", "said"),
    [
        ("HOME={home}", Level.OK, "works in the store that is taken"),
        ("HOME=/x OLLAMA_MODELS={home}/.ollama/models", Level.OK, "works in the store that is taken"),
        ("HOME=/x", Level.WARNING, "keeps its models in /x/.ollama/models, not in "),
        ("OLLAMA_MODELS=/the'data", Level.WARNING, "→ To work in Ollama's: --store '/the'\"'\"'data'"),
        (None, Level.NOTE, "cannot be seen from here"),
        ("A=1", Level.NOTE, "cannot be seen from here"),
    ],
)
def test_a_server_and_its_store(environ: str | None, level: Level, said: str, tmp_path: Path) -> None:
    put_model(tmp_path / "home/.ollama/models", "m")
    serve(tmp_path, environ=None if environ is None else environ.format(home=tmp_path / "home"))
    found = list(ollama.look(patient(tmp_path)))
    assert worst(found) is level
    assert said in sentences(found, level)


def test_a_link_to_the_store_is_the_same_store(tmp_path: Path) -> None:
    put_model(tmp_path / "home/.ollama/models", "m")
    (tmp_path / "also").symlink_to(tmp_path / "home/.ollama/models")
    serve(tmp_path, environ=f"OLLAMA_MODELS={tmp_path}/also")
    assert worst(ollama.look(patient(tmp_path))) is Level.OK


def test_a_server_in_a_container_has_paths_of_its_own(tmp_path: Path) -> None:
    serve(tmp_path, cgroup="0::/system.slice/docker-0123.scope\n")
    found = list(ollama.look(patient(tmp_path)))
    assert worst(found) is Level.NOTE
    assert "runs in a container, as" in sentences(found)


def test_in_the_same_container(tmp_path: Path) -> None:
    cgroup = "12:memory:/docker/0123\n"
    serve(tmp_path, environ=f"HOME={tmp_path}/home", cgroup=cgroup)
    put(tmp_path, "/proc/self/cgroup", cgroup)
    assert "works in the store that is taken" in sentences(ollama.look(patient(tmp_path)))


def test_what_its_environment_says(tmp_path: Path) -> None:
    words = "HOME=/h OLLAMA_API_KEY=hush OLLAMA_HOST=http://u:hush@0.0.0.0 OLLAMA_NOPRUNE=1 SECRET=hush"
    serve(tmp_path, environ=words)
    said = sentences(ollama.look(patient(tmp_path)))
    assert "with OLLAMA_API_KEY=(not shown) OLLAMA_HOST=http://***@0.0.0.0 OLLAMA_NOPRUNE=1" in said
    assert "hush" not in said


@pytest.mark.parametrize("words", ["ollama\0runner\0serve\0", "/bin/vi\0serve\0", "ollama\0list\0", "", "serve\0"])
def test_what_is_no_server(words: str, tmp_path: Path) -> None:
    put(tmp_path, "/proc/41/cmdline", words)
    put(tmp_path, "/proc/version", "Linux")
    assert "none is seen to run" in sentences(ollama.look(patient(tmp_path)))


def test_the_service_that_does_not_run(tmp_path: Path) -> None:
    put(tmp_path, UNIT, INSTALLED.format("Environment=OLLAMA_MODELS=/data"))
    said = sentences(ollama.look(patient(tmp_path)), Level.WARNING)
    assert f"the service, by {tmp_path}/root{UNIT}, keeps its models in /data" in said


def test_the_service_s_home(tmp_path: Path) -> None:
    put(tmp_path, UNIT, INSTALLED.format(""))
    put(tmp_path, "/etc/passwd", PASSWD)
    said = sentences(ollama.look(patient(tmp_path)), Level.WARNING)
    assert "keeps its models in /usr/share/ollama/.ollama/models" in said


def test_a_service_s_server_that_may_not_be_looked_into(tmp_path: Path) -> None:
    """Its owner tells that it is the service."""
    owner = tmp_path.owner()
    put(tmp_path, UNIT, f"[Service]\nUser={owner}\nEnvironment=OLLAMA_MODELS=/data\n")
    serve(tmp_path, environ=None)
    said = sentences(ollama.look(patient(tmp_path)))
    assert "its environment may not be read by you" in said
    assert "keeps its models in /data" in said
