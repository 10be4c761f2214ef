"""The recorded cases that packllama answers otherwise than Ollama, each with its reason."""

from enum import Enum


class Reason(Enum):
    """The only reasons there are."""

    NOT_BUILT = "not built yet"
    QUANTISE = "quantises"
    SAFETENSORS = "converts safetensors"
    SHARDS = "merges shards"
    NOTHING_PULLED = "pulls from a registry unasked"
    NO_CHECK = "runs llama-quantize as a check"
    GGUF_DIGEST = "depends on the digest of a rewritten GGUF"
    NO_SERVER = "asks a server, where packllama opens the store itself"
    OWN_TALK = "shows progress and talk, whose words are packllama's own"
    ON_PURPOSE = "a Modelfile that was named and is not there is an error here, on purpose"


def _all(reason: Reason, words: str) -> dict[str, Reason]:
    return dict.fromkeys(words.split(), reason)


CREATE: dict[str, Reason] = {
    **_all(
        Reason.NOT_BUILT,
        """
        api-files api-files-subpath api-name-field
        api-no-stream api-everything api-parameters-untyped api-parameters-empty api-from api-from-stop-list
        api-tool-message api-system-null api-unknown-field api-quantization-field api-remote
        api-remote-host-port api-error-no-source api-error-no-name api-error-absolute-path api-error-dot-path
        api-error-bad-digest api-error-missing-blob api-error-empty-files api-error-missing-blob-no-extension
        api-error-not-gguf api-error-not-gguf-no-extension api-error-cut api-error-template
        api-error-template-no-stream api-error-license-numbers api-error-parameters-array
        api-error-draft-quantize api-error-info-type api-error-info-negative api-error-info-family-number
        api-error-unreachable api-error-unreachable-no-stream api-error-malformed api-error-array
        api-error-wrong-type
        """,
    ),
    **_all(
        Reason.QUANTISE,
        """
        draft-quantize quantize-f16-to-q4-k-m quantize-f16-to-f16 quantize-existing
        """,
    ),
    **_all(
        Reason.ON_PURPOSE,
        """
        missing-f-takes-directory
        """,
    ),
}

CLI: dict[str, Reason] = {
    **_all(Reason.NO_SERVER, "no-server-list host-path host-bad-port"),
    **_all(Reason.OWN_TALK, "create-tty"),
}
