"""Everything that reads what others wrote, as functions of bytes."""

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping

from packllama.base.errors import PackLlamaError
from packllama.base.http import Limits
from packllama.base.stop import Stop
from packllama.config import ModelConfig
from packllama.gguf import read_gguf
from packllama.manifest import Manifest
from packllama.message import Message
from packllama.modelfile import Modelfile, Recipe, decode_modelfile, print_modelfile, write_command
from packllama.name import ModelName
from packllama.places.bundle import BundleStream
from packllama.places.bundle.entry import BLOCK
from packllama.template import Template
from tests.fuzz.bounds import Target
from tests.registry.clients import client_of, source_of
from tests.registry.listener import Close, Listener, Request

NAME = ModelName.parse("one")
# What comes on one connection after the other stands in an input between these.
NEXT = b"\n--next answer--\n"
_IMPATIENT = Limits(connect=5, stall=0.2, document=0.5)


def modelfile(data: bytes) -> None:
    """Parse, print, and understand. A command that can be written reads as itself again."""
    parsed = Modelfile.parse(decode_modelfile(data), where="fuzzed")
    print_modelfile(parsed)
    for command in parsed.commands:
        if (written := write_command(command)) is not None:
            [again] = Modelfile.parse(f"FROM x\n{written}\n").commands[1:]
            assert (again.name, again.argument) == (command.name, command.argument)
    Recipe.of(parsed)


def gguf(data: bytes) -> None:
    """Read the header of a file of these bytes."""
    with _file(data) as descriptor:
        read_gguf(descriptor, size=len(data), where="fuzzed")


def template(data: bytes) -> None:
    """Parse a template, and render it for a conversation, a prompt and a gap."""
    parsed = Template.parse(data.decode(errors="replace"))
    talk = [Message("system", "be kind"), Message("user", "why?"), Message("assistant", "so"), Message("user", "ah")]
    with contextlib.suppress(PackLlamaError):
        parsed.render(talk)
    with contextlib.suppress(PackLlamaError):
        parsed.render(talk[:2], tools=[], think=True)
    with contextlib.suppress(PackLlamaError):
        parsed.render(prompt="a", suffix="b")


def manifest(data: bytes) -> None:
    """A manifest, and the config that it lists."""
    with contextlib.suppress(PackLlamaError):
        ModelConfig.decode(data, where="fuzzed")
    found = Manifest.decode(data, where="fuzzed")
    assert found.raw == data
    assert all(layer.size >= 0 for layer in found.layers_and_config)


def bundle(data: bytes) -> None:
    """A bundle as it is, and with checksums that fit."""
    for tar in (data, _sealed(data)):
        with contextlib.suppress(PackLlamaError), _file(tar) as descriptor:
            stream = BundleStream(descriptor, where="fuzzed", stop=Stop())
            stream.models()
            for blob, reader in stream.blobs():
                buffer, read = memoryview(bytearray(1 << 16)), 0
                while count := reader.readinto(buffer):
                    read += count
                assert read == blob.size


class _Answers:
    """A registry that says what it was given, an answer for each request, the last one for ever."""

    def __init__(self) -> None:
        self._left: list[bytes] = []
        self.listener = Listener(self._answer)

    def of(self, data: bytes) -> str:
        self._left = data.split(NEXT)[::-1]
        return self.listener.url

    def _answer(self, request: Request, sock: socket.socket) -> None:
        sock.sendall(self._left.pop() if len(self._left) > 1 else self._left[-1])
        raise Close


@contextlib.contextmanager
def registry() -> Iterator[Target]:
    """What a registry may answer: a manifest is asked for, and the beginning of each blob in it."""
    answers = _Answers()

    def read(data: bytes) -> None:
        url = answers.of(data)
        source = source_of(answers.listener, client=client_of(url, limits=_IMPATIENT))
        model = source.find(NAME)
        for blob in model.blobs[:3]:
            with contextlib.suppress(PackLlamaError):
                with source.read(blob, of=model, start=0, stop=min(blob.size, 1 << 20)) as reader:
                    while reader.readinto(memoryview(bytearray(1 << 16))):
                        pass

    with answers.listener:
        yield read


def _sealed(data: bytes) -> bytes:
    """Give each header of a tar the checksum that fits."""
    sealed = bytearray(data)
    for start in range(0, len(data) - BLOCK + 1, BLOCK):
        if sealed[start + 257 : start + 262] == b"ustar":
            sealed[start + 148 : start + 156] = b" " * 8
            sealed[start + 148 : start + 156] = b"%06o\0 " % sum(sealed[start : start + BLOCK])
    return bytes(sealed)


@contextlib.contextmanager
def _file(data: bytes) -> Iterator[int]:
    """A file that is nowhere but in memory."""
    descriptor = os.memfd_create("fuzzed")
    try:
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


WORDS: Mapping[str, tuple[bytes, ...]] = {
    "modelfile": (b"FROM ", b"TEMPLATE ", b"PARAMETER stop ", b"MESSAGE user ", b"LICENSE ", b'"""', b"ADAPTER ./"),
    "gguf": (b"GGUF", b"general.architecture", b"general.alignment", b"tokenizer.ggml.tokens", b"\x09\0\0\0"),
    "template": (
        b"{{ range $i, $m := .Messages }}",
        b"{{ end }}",
        b'{{ template "t" . }}',
        b'{{ define "t" }}',
        b'{{ printf "%999999d" 1 }}',
        b"{{ slice .Prompt 0 9 }}",
        b"{{ json . }}",
        b"{{- with $x := ",
        b"| len",
        b"(index . 1)",
        b"{{ if and .System (or .Tools false) }}",
        b"{{ break }}",
        b"{{/* */}}",
    ),
    "manifest": (b'"layers":', b'"config":', b'"digest":', b'"size":', b"sha256:", b"null", b"1e18", b'"\\u0000"'),
    "bundle": (b"ustar\x0000", b"blobs/sha256-", b"pieces.json", b"0" * 11 + b"\0", b"\x80" + b"\xff" * 11),
    "registry": (
        b"HTTP/1.1 206 Partial Content\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Range: bytes 0-9/10\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Location: http://127.0.0.1/\r\n",
        b'WWW-Authenticate: Bearer realm="http://127.0.0.1/t",service="s",scope="a"\r\n',
        b"Content-Length: 99999999999\r\n",
        b"Retry-After: 99999999\r\n",
        NEXT,
    ),
}
PLAIN: Mapping[str, Target] = {
    "modelfile": modelfile,
    "gguf": gguf,
    "template": template,
    "manifest": manifest,
    "bundle": bundle,
}
NAMES = (*PLAIN, "registry")


def opened(name: str) -> contextlib.AbstractContextManager[Target]:
    """The target of this name, ready."""
    return registry() if name == "registry" else contextlib.nullcontext(PLAIN[name])
