"""What an error says, what it is called, and what the program ends with."""

import errno

import pytest

from packllama.base import errors
from packllama.base.errors import DigestMismatch, ModelfileError, ModelNotFound, PackLlamaError, from_os_error


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("PackLlamaError", "pack-llama-error", 70),
        ("UsageError", "usage-error", 2),
        ("NotFound", "not-found", 3),
        ("ModelNotFound", "model-not-found", 3),
        ("MissingFile", "missing-file", 3),
        ("BadInput", "bad-input", 4),
        ("InvalidName", "invalid-name", 4),
        ("InvalidDigest", "invalid-digest", 4),
        ("InvalidManifest", "invalid-manifest", 4),
        ("ModelfileError", "modelfile-error", 4),
        ("GGUFError", "gguf-error", 4),
        ("NotSupported", "not-supported", 4),
        ("IntegrityError", "integrity-error", 5),
        ("FileChanged", "file-changed", 5),
        ("MachineError", "machine-error", 7),
        ("NoSpace", "no-space", 7),
        ("NoRights", "no-rights", 7),
        ("NoStore", "no-store", 7),
        ("Busy", "busy", 8),
        ("EngineError", "engine-error", 9),
        ("EngineMissing", "engine-missing", 9),
        ("EngineFailed", "engine-failed", 9),
        ("EngineRefused", "engine-refused", 9),
    ],
)
def test_kind_and_exit_status(name: str, kind: str, status: int) -> None:
    error = getattr(errors, name)("x")
    assert isinstance(error, PackLlamaError)
    assert (error.kind, error.exit_status) == (kind, status)


def test_cancelled_needs_no_words() -> None:
    assert (errors.Cancelled().kind, errors.Cancelled().exit_status) == ("cancelled", 130)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PackLlamaError("no"), "no"),
        (PackLlamaError("no", where="/a"), "/a: no"),
        (PackLlamaError("no", where="/a", hint="Do."), "/a: no\nDo."),
        (ModelfileError("no", line=3, where="Modelfile"), "Modelfile: (line 3): no"),
        (ModelNotFound("a:b"), "model 'a:b' not found\n'packllama list' shows what is there."),
        (
            DigestMismatch(expected="a", actual="b", where="/c"),
            "/c: expected a, found b\nThe data is damaged or was changed; fetch it again.",
        ),
    ],
)
def test_text(error: PackLlamaError, text: str) -> None:
    assert str(error) == text


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, errors.NoSpace),
        (errno.EDQUOT, errors.NoSpace),
        (errno.EFBIG, errors.NoSpace),
        (errno.EACCES, errors.NoRights),
        (errno.EPERM, errors.NoRights),
        (errno.EROFS, errors.NoRights),
        (errno.ENOENT, errors.MissingFile),
        (errno.ENOTDIR, errors.MissingFile),
        (errno.ELOOP, errors.BadInput),
        (errno.ENAMETOOLONG, errors.BadInput),
        (errno.EISDIR, errors.BadInput),
        (errno.EEXIST, errors.Busy),
        (errno.ENOTEMPTY, errors.Busy),
        (errno.EBUSY, errors.Busy),
        (errno.EIO, errors.MachineError),
    ],
)
def test_what_the_system_said(number: int, kind: type[PackLlamaError]) -> None:
    error = from_os_error(OSError(number, "words", "/a"), doing="reading")
    assert type(error) is kind
    assert error.message == "words (while reading)"
    assert error.where == "/a"
    assert error.hint
