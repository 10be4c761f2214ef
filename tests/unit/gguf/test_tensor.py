from gguf.constants import GGML_QUANT_SIZES

from packllama.gguf import TensorInfo, TensorType

OURS_ALONE = {TensorType.MXFP4_OLLAMA, TensorType.Q2_0}
"""Ollama's own number, and one that is newer than the reference package."""


def test_every_type_of_the_reference_package_has_the_same_block() -> None:
    ours = {
        kind.code: (kind.name, kind.block_elements, kind.block_bytes) for kind in TensorType if kind not in OURS_ALONE
    }
    theirs = {kind.value: (kind.name, *sizes) for kind, sizes in GGML_QUANT_SIZES.items()}
    theirs.pop(TensorType.Q2_0.code, None)
    assert ours == theirs


def test_types_of_our_own_are_as_large_as_their_kin() -> None:
    old, new = TensorType.MXFP4_OLLAMA, TensorType.MXFP4
    assert (old.block_elements, old.block_bytes) == (new.block_elements, new.block_bytes)
    assert (TensorType.Q2_0.block_elements, TensorType.Q2_0.block_bytes) == (64, 2 + 64 * 2 // 8)


def test_numbers_are_unique() -> None:
    assert len({kind.code for kind in TensorType}) == len(TensorType)


def test_elements_are_the_product_of_the_shape() -> None:
    assert TensorInfo("t", TensorType.F32, (2, 3, 5), 0, 120).elements == 30
    assert TensorInfo("t", TensorType.F32, (), 0, 4).elements == 1
