"""The tensors of a GGUF: their types and where their data is. The data itself is never read."""

from dataclasses import dataclass
from enum import Enum
from math import prod


class TensorType(Enum):
    """How a tensor's numbers are packed: ``(number in the file, numbers per block, bytes per block)``.

    Missing numbers belong to types that llama.cpp gave up (5, 31-33, 36-38). 4 was given up before GGUF
    existed; Ollama's first files in MXFP4 use it, later ones 39.
    """

    F32 = (0, 1, 4)
    F16 = (1, 1, 2)
    Q4_0 = (2, 32, 18)
    Q4_1 = (3, 32, 20)
    MXFP4_OLLAMA = (4, 32, 17)
    Q5_0 = (6, 32, 22)
    Q5_1 = (7, 32, 24)
    Q8_0 = (8, 32, 34)
    Q8_1 = (9, 32, 40)
    Q2_K = (10, 256, 84)
    Q3_K = (11, 256, 110)
    Q4_K = (12, 256, 144)
    Q5_K = (13, 256, 176)
    Q6_K = (14, 256, 210)
    Q8_K = (15, 256, 292)
    IQ2_XXS = (16, 256, 66)
    IQ2_XS = (17, 256, 74)
    IQ3_XXS = (18, 256, 98)
    IQ1_S = (19, 256, 50)
    IQ4_NL = (20, 32, 18)
    IQ3_S = (21, 256, 110)
    IQ2_S = (22, 256, 82)
    IQ4_XS = (23, 256, 136)
    I8 = (24, 1, 1)
    I16 = (25, 1, 2)
    I32 = (26, 1, 4)
    I64 = (27, 1, 8)
    F64 = (28, 1, 8)
    IQ1_M = (29, 256, 56)
    BF16 = (30, 1, 2)
    TQ1_0 = (34, 256, 54)
    TQ2_0 = (35, 256, 66)
    MXFP4 = (39, 32, 17)
    NVFP4 = (40, 64, 36)
    Q1_0 = (41, 128, 18)
    Q2_0 = (42, 64, 18)

    def __init__(self, code: int, block_elements: int, block_bytes: int) -> None:
        self.code = code
        self.block_elements = block_elements
        self.block_bytes = block_bytes


TENSOR_TYPES = {member.code: member for member in TensorType}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One entry of the tensor table.

    ``shape`` stands as in the file, fastest dimension first. ``offset`` counts bytes from the start of the data
    (:attr:`GGUF.data_offset <packllama.gguf.gguf.GGUF.data_offset>`), ``size`` is in bytes without padding.
    """

    name: str
    type: TensorType
    shape: tuple[int, ...]
    offset: int
    size: int

    @property
    def elements(self) -> int:
        """How many numbers it holds; 1 for a tensor without dimensions."""
        return prod(self.shape)
