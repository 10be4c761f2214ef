"""The real engine takes what files in Ollama's own form are translated into: it speaks, makes vectors, sees.

The models are random, so what they say means nothing; that the engine wants no other key, name or shape is what counts.
Gemma 3's fixture is the one that sees, and has to say the same as the plain pair it was made from.
"""

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from packllama.base.errors import EngineFailed
from packllama.base.stop import Stop
from packllama.dialect import translate
from packllama.engine import Chunk, Engine, LoadOptions, SamplingOptions, start
from packllama.gguf import open_gguf
from tests.fixtures import dialects
from tests.fixtures.dialect_models import MODELS

Fixture = Callable[[str], Path]

pytestmark = pytest.mark.slow

SPEAKING = [name for name, model in MODELS.items() if model.architecture != "clip" and name != "embeddinggemma"]
SEEING = ("qwen25vl", "llama4", "gemma4", "gemma4-hearing", "deepseekocr", "llava-projector")
CONTEXT = 512
# Per block seven, and one to the text, each with two limits for what goes in and two for what comes out.
LIMITS = 4 * (7 + 1)


@pytest.fixture(autouse=True)
def engine_installed(need_module: Callable[[str, str], None]) -> None:
    need_module("xllamacpp", "xllamacpp")
    need_module("PIL", "pillow")


@contextmanager
def running(source: Path, folder: Path, *, plain: Path, embedding: bool = False) -> Iterator[Engine]:
    """The engine with the translated file; ``plain`` is the text part where the file is a projector."""
    translation = translate(source)
    model, eyes = plain, []
    if translation.text:
        model = folder / "text.gguf"
        translation.text.write(model)
    if translation.projector:
        eyes = [folder / "eyes.gguf"]
        translation.projector.write(eyes[0])
    load = LoadOptions(model, projectors=tuple(eyes), num_ctx=CONTEXT, embedding=embedding)
    with start(load, stop=Stop()) as engine:
        yield engine


def answer(engine: Engine, prompt: str, *pictures: bytes, words: int = 4) -> tuple[str, int]:
    """What it says, and how many tokens it read."""
    options = SamplingOptions(temperature=0, num_predict=words)
    chunks: Sequence[Chunk] = list(engine.complete(prompt, options, pictures=pictures, stop=Stop()))
    done = chunks[-1].done
    assert done is not None
    assert 0 < done.eval_count <= words
    return "".join(chunk.text for chunk in chunks), done.prompt_count


def picture(colour: str) -> bytes:
    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", (56, 56), colour).save(data, "PNG")
    return data.getvalue()


def looked(engine: Engine, colour: str) -> tuple[str, int]:
    return answer(engine, "look [img-0] hi", picture(colour))


def made(name: str, folder: Path) -> Path:
    path = folder / "source.gguf"
    dialects.make(name, path)
    return path


@pytest.mark.parametrize("family", SPEAKING)
def test_it_speaks(family: str, gguf: Fixture, tmp_path: Path) -> None:
    source = made(family, tmp_path)
    with pytest.raises(EngineFailed):
        start(LoadOptions(source, num_ctx=CONTEXT), stop=Stop())
    with running(source, tmp_path, plain=gguf("tiny.gguf")) as engine:
        assert answer(engine, "hi")


def test_it_makes_vectors(gguf: Fixture, tmp_path: Path) -> None:
    source = made("embeddinggemma", tmp_path)
    with running(source, tmp_path, plain=gguf("tiny.gguf"), embedding=True) as engine:
        vectors = [engine.embed(text, truncate=True, stop=Stop()) for text in ("hi", "cats and dogs")]
    assert [len(vector) for vector in vectors] == [64, 64]
    assert vectors[0] != vectors[1]


@pytest.mark.parametrize("family", SEEING)
def test_it_looks_at_a_picture(family: str, gguf: Fixture, tmp_path: Path) -> None:
    with running(made(family, tmp_path), tmp_path, plain=gguf("tiny.gguf")) as engine:
        _, blind = answer(engine, "look  hi")
        _, red = looked(engine, "red")
        # Some models have no mark of their own behind a picture.
        assert answer(engine, "[img-0]", picture("red"))
    assert red > blind


def test_the_model_that_sees(gguf: Fixture, tmp_path: Path) -> None:
    """The same answers as those of the plain pair, from as many tokens."""
    prompt = "<start_of_turn>user\n[img-0]What is it?<end_of_turn>\n<start_of_turn>model\n"
    plain = LoadOptions(gguf("tiny-gemma3.gguf"), projectors=(gguf("tiny-mmproj.gguf"),), num_ctx=CONTEXT)
    with start(plain, stop=Stop()) as engine:
        wanted = [answer(engine, prompt, picture(colour), words=20) for colour in ("red", "blue", "cyan")]
        wanted.append(answer(engine, prompt.replace("[img-0]", ""), words=20))
    assert [text for text, _ in wanted[:3]] == [f"The picture is {colour}." for colour in ("red", "blue", "cyan")]
    with running(gguf("tiny-gemma3-inline.gguf"), tmp_path, plain=gguf("tiny.gguf")) as engine:
        found = [answer(engine, prompt, picture(colour), words=20) for colour in ("red", "blue", "cyan")]
        found.append(answer(engine, prompt.replace("[img-0]", ""), words=20))
    assert found == wanted


def test_limits_of_gemma_4_are_unpacked(gguf: Fixture, tmp_path: Path) -> None:
    """Limits that nothing reaches change nothing, nor do those never filled in; between narrow ones all looks alike."""
    said: list[list[str]] = []
    for name, limits in (("gemma4", ()), *(("gemma4-limited", (-most, most)) for most in (1e30, 0.0, 1e-30))):
        folder = tmp_path / str(len(said))
        folder.mkdir()
        source = made(name, folder)
        if limits:
            overwrite(source, "v.clamp_data", struct.pack(f"<{LIMITS}f", *(limits * (LIMITS // 2))))
        with running(source, folder, plain=gguf("tiny.gguf")) as engine:
            said.append([looked(engine, colour)[0] for colour in ("red", "blue")])
    free, wide, unsaid, closed = said
    assert free[0] != free[1]
    assert wide == unsaid == free
    assert closed[0] == closed[1]


def overwrite(path: Path, name: str, data: bytes) -> None:
    """Put other bytes into a tensor."""
    header = open_gguf(path)
    tensor = next(tensor for tensor in header.tensors if tensor.name == name)
    assert len(data) == tensor.size
    with path.open("r+b") as file:
        file.seek(header.data_offset + tensor.offset)
        file.write(data)
