"""How fast a model in Ollama's own form is translated, and what it costs to use it afterwards."""

import shutil
import sys
from collections.abc import Iterator
from math import prod
from pathlib import Path

from tests.fixtures import gguf_files
from tests.unit.gguf.builder import numbers, string, strings, tensor, uint32

from benchmarks.large import write_blocks
from benchmarks.measure import Figure, Times, interleaved, packllama, ratio, run, settle
from packllama.gguf import TensorType, ValueType

TOKENS, MERGES = 262_145, 514_906
# The text model is made up, the tower is that of all sizes of Gemma 3.
TEXT_BLOCKS, TEXT_TENSOR = 48, (2560, 2800)
WIDTH, INNER, PATCH, SIDE, TOWER_BLOCKS, EMBEDDING = 1152, 4304, 14, 64, 27, 2560
# What a translation may take beside copying, for a header of half a million strings.
HEADER_SECONDS = 2.0

TRANSLATE = """
import sys
from pathlib import Path
from packllama.base.observer import SILENT
from packllama.base.stop import Stop
from packllama.dialect import Derived, translate
from packllama.digest import Digest

source, folder = map(Path, sys.argv[1:])
place = Derived(folder, limit=1 << 60)
with place.pair(
    Digest("0" * 64), lambda: translate(source), trial=lambda pair: None, observer=SILENT, stop=Stop()
):
    pass
"""


def dialect_translation(folder: Path) -> Iterator[Figure]:
    """Gemma 3 of more than 4 GB, with all its tokens, without the trial, against a durable copy of what is written."""
    source, made, copied = folder / "own.gguf", folder / "made", folder / "copied"
    # Not by this process: the memory it once had would count for those it starts.
    run([sys.executable, "-c", "import sys; from benchmarks.dialect import *; write_gemma3(Path(sys.argv[1]))", source])
    peaks: list[int] = []

    def translate() -> float:
        shutil.rmtree(made, ignore_errors=True)
        settle()
        done = run([sys.executable, "-c", TRANSLATE, source, made])
        peaks.append(done.peak_memory)
        return done.seconds

    def copy() -> float:
        shutil.rmtree(copied, ignore_errors=True)
        copied.mkdir()
        settle()
        return run(["sh", "-c", 'cp "$0"/*/*.gguf "$1" && sync "$1"/*.gguf', made, copied]).seconds

    ours, cp = interleaved([translate, copy], rounds=3)
    size = sum(path.stat().st_size for path in made.glob("*/*.gguf")) / 1e9
    beside = Times(tuple(max(seconds - HEADER_SECONDS, 0.0) for seconds in ours.seconds))
    detail = f"ours {ours}, {HEADER_SECONDS:g} s of it for the header; cp and fsync {cp}"
    yield Figure(f"translate Gemma 3, {size:.1f} GB", beside.best / cp.best, 1.3, "x", detail)
    yield Figure("translate Gemma 3, peak memory", max(peaks) / 1e6, 80, "MB", "the whole process")


def dialect_second_run(folder: Path) -> Iterator[Figure]:
    """``run`` of a tiny model that is translated already, against the plain pair it was made from."""
    store = folder / "store"
    plain = [gguf_files.path(name) for name in ("tiny-gemma3.gguf", "tiny-mmproj.gguf")]
    for name, files in (("plain", plain), ("own", [gguf_files.path("tiny-gemma3-inline.gguf")])):
        lines = "".join(f"FROM {path}\n" for path in files)
        (folder / "Modelfile").write_text(f'{lines}TEMPLATE """{{{{ .Prompt }}}}"""\n')
        run(packllama(store, "create", name), cwd=folder)
    env = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}

    def answer(name: str) -> float:
        return run(packllama(store, "run", name, "hello"), env=env).seconds

    own, stock = interleaved([lambda: answer("own"), lambda: answer("plain")], rounds=11)
    yield ratio("run, translated before", own, stock, 1.05, f"the plain pair {stock}")


def write_gemma3(path: Path) -> None:
    """A file as Ollama's converter makes it, of noise."""
    shapes = {f"blk.{block}.ffn_{name}.weight": TEXT_TENSOR for block in range(TEXT_BLOCKS) for name in "abcde"}
    shapes |= {"token_embd.weight": (EMBEDDING, TOKENS - 1)} | dict(_tower())
    table, end = [], 0
    for name, shape in shapes.items():
        table.append(tensor(name, shape, kind=TensorType.F16.code, offset=end))
        end += -(-2 * prod(shape) // 32) * 32
    keys = [string("general.architecture", "gemma3"), *_numbers()]
    keys += [
        strings("tokenizer.ggml.tokens", [f"token {index}" for index in range(TOKENS)]),
        numbers("tokenizer.ggml.scores", ValueType.FLOAT32, [0.0] * TOKENS),
        numbers("tokenizer.ggml.token_type", ValueType.INT32, [1] * TOKENS),
        strings("tokenizer.ggml.merges", [f"left{index} right{index}" for index in range(MERGES)]),
    ]
    write_blocks(path, keys, table, end)


def _numbers() -> Iterator[bytes]:
    own = {"block_count": TEXT_BLOCKS, "embedding_length": EMBEDDING, "context_length": 131072}
    eyes = {"block_count": TOWER_BLOCKS, "embedding_length": WIDTH, "feed_forward_length": INNER}
    eyes |= {"image_size": PATCH * SIDE, "patch_size": PATCH, "attention.head_count": 16}
    eyes |= {"attention.layer_norm_epsilon": 1}
    for name, number in (own | {f"vision.{name}": number for name, number in eyes.items()}).items():
        yield uint32(f"gemma3.{name}", number)
    yield uint32("gemma3.mm.tokens_per_image", 256)


def _tower() -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "mm.mm_input_projection.weight", (EMBEDDING, WIDTH)
    yield "mm.mm_soft_emb_norm.weight", (WIDTH,)
    linear = {"attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH, WIDTH), "attn_v": (WIDTH, WIDTH)}
    linear |= {"attn_output": (WIDTH, WIDTH), "mlp.fc1": (WIDTH, INNER), "mlp.fc2": (INNER, WIDTH)}
    for block in range(TOWER_BLOCKS):
        for name, shape in linear.items():
            yield f"v.blk.{block}.{name}.weight", shape
            yield f"v.blk.{block}.{name}.bias", shape[1:]
        for name in ("layer_norm1", "layer_norm2"):
            yield f"v.blk.{block}.{name}.weight", (WIDTH,)
            yield f"v.blk.{block}.{name}.bias", (WIDTH,)
    yield "v.patch_embedding.weight", (PATCH, PATCH, 3, WIDTH)
    yield "v.patch_embedding.bias", (WIDTH,)
    yield "v.position_embedding.weight", (WIDTH, SIDE * SIDE)
    yield "v.post_layernorm.weight", (WIDTH,)
    yield "v.post_layernorm.bias", (WIDTH,)


ALL = (dialect_translation, dialect_second_run)
