"""What the tests of films share."""

import struct
from pathlib import Path

import pytest


@pytest.fixture
def displayed():
    """A function that writes (a, b, c, d) into the display matrix of an .mp4 or .mov, box tkhd."""

    def write(path: Path, matrix: tuple[int, int, int, int]) -> Path:
        content = bytearray(path.read_bytes())
        at = content.index(b"tkhd") + 4 + 40
        a, b, c, d = (65536 * entry for entry in matrix)
        content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
        path.write_bytes(bytes(content))
        return path

    return write
