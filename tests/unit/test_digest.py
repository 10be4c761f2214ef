"""Digests: what is one, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.errors import InvalidDigest
from packllama.digest import Digest

HEX = "89a2116c3a82d6a97f59f748d86ed4417214353fd178ee54df418fde32495fad"


def test_forms() -> None:
    digest = Digest.parse(f"sha256:{HEX}")
    assert digest.hex == HEX
    assert str(digest) == f"sha256:{HEX}"
    assert digest.file_name == f"sha256-{HEX}"
    assert digest.short == "89a2116c3a82"
    assert Digest.from_file_name(digest.file_name) == digest


def test_of_bytes() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Digest.of(b"").hex == empty
    assert Digest.of(memoryview(b"{{ .Prompt }}")).short == "b507b9c2f6ca"


@pytest.mark.parametrize(
    "spelling", [f"sha256:{HEX}", f"sha256-{HEX}", f"sha256:{HEX.upper()}", f"sha256-{HEX.upper()}"]
)
def test_lenient_parsing_lowers(spelling: str) -> None:
    assert Digest.parse_lenient(spelling).hex == HEX


@pytest.mark.parametrize("order", [("0" * 64, "1" + "0" * 63)])
def test_order_is_that_of_the_digits(order: tuple[str, str]) -> None:
    assert Digest(order[0]) < Digest(order[1])


WRONG = [
    "",
    HEX,
    f"sha256:{HEX[:-1]}",
    f"sha256:{HEX}0",
    f"sha256:{HEX}\n",
    f" sha256:{HEX}",
    f"SHA256:{HEX}",
    f"sha512:{HEX}",
    f"sha256:{HEX[:-1]}g",
    f"sha256:../{HEX[3:]}",
    f"sha256:{HEX[:-1]}\0",
    f"sha256:{HEX[:-1]}\u0661",
    f"sha256::{HEX[1:]}",
    f"sha256/{HEX}",
    "sha256:" + "a" * 1_000_000,
]


@pytest.mark.parametrize("text", WRONG, ids=lambda text: ascii(text[:30]))
def test_refuses(text: str) -> None:
    for parse in (Digest.parse, Digest.parse_lenient, Digest.from_file_name):
        with pytest.raises(InvalidDigest, match="invalid digest format") as caught:
            parse(text)
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", [f"sha256-{HEX}", f"sha256:{HEX.upper()}"])
def test_the_strict_form_has_one_spelling(text: str) -> None:
    with pytest.raises(InvalidDigest):
        Digest.parse(text)


@pytest.mark.parametrize(
    "name", [f"sha256-{HEX}-partial", f"sha256-{HEX}.tmp", "sha256-123456", f"sha256-{HEX.upper()}"]
)
def test_other_files_are_no_blobs(name: str) -> None:
    with pytest.raises(InvalidDigest):
        Digest.from_file_name(name)


def test_no_digest_can_be_built_of_anything_else() -> None:
    with pytest.raises(InvalidDigest):
        Digest(HEX.upper())


@given(st.binary())
def test_every_digest_reads_back(data: bytes) -> None:
    digest = Digest.of(data)
    assert Digest.parse(str(digest)) == digest
