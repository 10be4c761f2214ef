"""Manifests that a strict reader and a lenient one, or two languages, could read differently."""

from random import Random

from tests.unit.links.cases import CASES

RAW: bytes = CASES[0].given["models"][0]["manifest"].encode()

_WHOLE = [
    RAW, b"\xef\xbb\xbf" + RAW, b"\xef\xbb\xbf\xef\xbb\xbf" + RAW, b" \t\r\n" + RAW + b"\n", b"\x0b" + RAW,
    RAW + b" and so on", RAW + b"}", RAW + RAW, RAW + b"\xff\xff" * 1000, RAW[:-1], RAW[1:],
    RAW.decode().encode("utf-16"), b"null", b"7", b'"x"', b"[", b"{}", b"\0", b"{" * 100_000, b"[" * 100_000,
    *(RAW + b" " * count for count in range(1, 1200, 77)),
]  # fmt: skip

_NUMBERS = [
    "77.0", "7.7e1", "1e3", "1E3", "-0", "-1", "0", "077", "+77", "77.", ".77", "0x77", "1_0", "NaN", "Infinity",
    "-Infinity", "true", "null", '"77"', "[77]", "{}", "1e999", "-", "1e", "9007199254740993", "9223372036854775808",
    "1125899906842624", "1125899906842624000000", "9" * 4300, "9" * 4301, "\u0667\u0667",
]  # fmt: skip

_VALUES = [
    "1e308", "1e309", "-1e309", "0.1e-999", "9" * 400, "9" * 4300, "9" * 4301, "-" + "9" * 4300, "nul", "True", "'2'",
    '{"a":{"b":[1,2,{"c":null}]}}', "[,]", "[1,]", '{"a":1,}', '{"a"}', '{"a":}', "{1:2}", "[" * 90 + "]" * 90,
    r'"\x"', r'"\u12"', r'"\u00e9"', r'"\ud83d\ude00"', r'"\ud83d"', r'"\ude00\ud83d"', r'"\\"', r'"\""', '"\t"',
    '"\x7f\u2028"', "2//c\n", "2/*c*/",
]  # fmt: skip

_KEYS = [
    '"size":77', '"size":5', '"SIZE":5', '"Size":null', '"ſize":5', '"SIZE":1,"size":6', r'"s\u0069ze":9', '"size ":1',
    '"sıze":1', '"sİze":1', '"from":"x"', '"from":7', '"name":"x"', '"name":[]', '"__proto__":{"size":1}', '"":1',
    '"constructor":1', r'"\ud800":1', f'"DIGEST":"sha256:{"b" * 64}"',
]  # fmt: skip

_DIGEST = "sha256:" + "3" * 64
_DIGESTS = [
    _DIGEST.replace(":", "-"), _DIGEST.replace("sha", "SHA"), _DIGEST[:-1], _DIGEST + "3", _DIGEST + r"\n",
    f" {_DIGEST}", _DIGEST[:-1] + r"\n", "sha256:" + "AbCdEf01" * 8, "sha256:" + "g" * 64, "", "3" * 64,
    "sha256:" + "\u0663" * 64, "sha256:" + "a" * 64, "sha256:" + r"\u0061" * 64,
]  # fmt: skip

_TYPES = [
    '"mediaType":null', '"MediaType":"x"', '"mediaType":7', '"x":1', r'"mediaType":"\ud800x\udc00"',
    '"mediaType":"é\u2028😀"', '"mediaType":"a\nb"', r'"mediaType":"a\nb\u0000"', f'"mediaType":"{"x" * 100_000}"',
]  # fmt: skip

_BYTES = [b"\xff\xfe", b"\xe4\xb8", b"\xed\xa0\x80", b"\xf0\x9f\x98\xe4", b"\xc0\xaf", b"\xef\xbb\xbf", b"\0", b"\x80"]

_LISTS = [
    '"layers":[null,', '"layers":[[],', '"layers":null,"LAYERS":[', '"layers":[],"layers":[', '"layers":{},"layers":[',
    '"manifests":null,"layers":[', '"manifeſts":[],"layers":[', '"MANIFESTS":0,"layers":[',
    f'"layers":[{{"digest":"sha256:{"a" * 64}","size":1}},',
]  # fmt: skip


def _with(old: str, new: str | bytes) -> bytes:
    assert old.encode() in RAW
    return RAW.replace(old.encode(), new if isinstance(new, bytes) else new.encode(), 1)


ODD = [
    *_WHOLE,
    *(_with('"size":77', f'"size":{number}') for number in _NUMBERS),
    *(_with('"schemaVersion":2', f'"schemaVersion":{value}') for value in _VALUES),
    *(_with('"size":77', f'"size":77,{key}') for key in _KEYS),
    *(_with(_DIGEST, digest) for digest in _DIGESTS),
    *(_with('"mediaType":"application/vnd.ollama.image.params"', media_type) for media_type in _TYPES),
    *(_with('image.params"', b'image.params%s"' % odd) for odd in _BYTES),
    *(_with('"size":77', b'"%s":"%s","size":77' % (odd, odd)) for odd in _BYTES),
    *(_with('"layers":[', value) for value in _LISTS),
    _with('"config"', '"conﬁg"'),
    *(_with('"config":{', value) for value in ('"config":null,"Config":{', '"config":[],"x":{', '"config":[{')),
]

# Read by Python, refused by the page; no manifest looks like it.
ONLY_PYTHON = {
    "Python's own bound on depth is its stack, some hundred levels": _with(":2,", f":{'[' * 120}{']' * 120},"),
}


def hurt(random: Random) -> bytes:
    """The manifest, changed in a few places."""
    raw = RAW
    pieces = [b"", b"", b'"', b"\\", b"{", b"}", b"]", b",", b":", b"0", b".", b"e", b"-", b"null", b"\xff", b" "]
    for _ in range(random.randint(1, 3)):
        start = random.randrange(len(raw))
        end = start + random.choice([0, 0, 1, 1, 2, 30])
        raw = raw[:start] + random.choice(pieces) + raw[end:]
    return raw
