"""Cut what only debuggers read off the libraries below a directory, and print how many bytes.

Some wheels come with debug information: nine tenths of uvloop and of zstandard. ``strip`` would
take it out, but not every base of an image has it. A loader reads the segments that the program
headers name. Debug information, symbols for debuggers and the table of sections come after them,
so the file can end where the last segment ends.
"""  # noqa: INP001 - a script

from __future__ import annotations

import struct
import sys
from pathlib import Path

ELF64 = b"\x7fELF\x02"
HEADER = "16sHHIQQQIHHHHHH"
"""Of the file: its segments are at the 6th field, its sections at the 7th."""
SEGMENT = "IIQQQQQQ"
"""One program header: where its segment is in the file is the 3rd field, its length the 6th."""


def cut(path: Path) -> int:
    """End a library after its last segment; answers the bytes saved.

    What is no 64-bit ELF file, or has nothing after its segments, stays as it is.
    """
    content = path.read_bytes()
    if not content.startswith(ELF64):
        return 0
    order = "<" if content[5] == 1 else ">"
    header = list(struct.unpack_from(order + HEADER, content))
    segments_at, each, count = header[5], header[9], header[10]
    end = segments_at + each * count
    for index in range(count):
        segment = struct.unpack_from(order + SEGMENT, content, segments_at + each * index)
        end = max(end, segment[2] + segment[5])
    if end >= len(content):
        return 0
    # Neither a table of sections, nor any number of them, nor the one with their names.
    header[6] = header[12] = header[13] = 0
    start = struct.pack(order + HEADER, *header)
    path.write_bytes(start + content[len(start) : end])
    return len(content) - end


if __name__ == "__main__":
    libraries = [one for one in Path(sys.argv[1]).rglob("*.so*") if not one.is_symlink()]
    sys.stdout.write(f"{sum(cut(one) for one in libraries if one.is_file())}\n")
