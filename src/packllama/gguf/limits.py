"""How much a header may ask for. Checked before anything is allocated or looped over.

The first three are limits of Ollama's own decoder; a file beyond them would be refused there too.
"""

MIB = 1 << 20

STRING_BYTES = 16 * MIB
ARRAY_ELEMENTS = 64 * MIB
DIMENSIONS = 4

NAME_BYTES = 65_535
"""Longest key or tensor name: what the format allows for keys."""

KEYS = 4_096
"""Published files have 20 to 80 keys. A key costs about 200 bytes of memory and may take 9 in the file,
so this keeps hostile headers below 1 MiB of bookkeeping."""

TENSORS = 65_536
"""The largest published models have a few thousand tensors, all experts apart. About 20 MiB of bookkeeping."""

TEXT_BYTES = 32 * MIB
"""Keys, names and string values kept in memory, together. Published files keep less than 100 KiB."""

HEADER_BYTES = 1024 * MIB
"""Bytes before the tensors' data. Published files stay below 32 MiB; the largest single array that is
allowed, of 8-byte numbers, needs 512 MiB. It bounds the time that a huge sparse file can cost."""

ELEMENTS = (1 << 63) - 1
"""Numbers in one tensor: engines count them in a signed 64-bit integer."""
