"""The list of what has been painted of a folder, and how, which the next run reads."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from nstlib.errors import InputError
from nstlib.files import unwritten, write

MANIFEST = "nstlib-manifest.jsonl"


class Manifest:
    """What has been done, a JSON object a line, in the folder of the paintings.

    `rows` holds the last row of each source. A row is added to the file when its picture is done,
    and on the disk before the next; what a kill may have left of a line is passed over when
    reading. `tidy` writes the file anew, at once, with one line a source.
    """

    def __init__(self, folder: Path):
        self.path = folder / MANIFEST
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        self.rows = {row["source"]: row for row in filter(None, map(_row, lines))}

    def add(self, row: dict) -> None:
        self.rows[row["source"]] = row
        try:
            with open(self.path, "ab") as file:
                file.write(_line(row))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(
                f"{unwritten(self.path, error)} Start again: it goes on from what is done."
            ) from error

    def plan(self, rows: Iterable[dict]) -> None:
        """Note what is about to be done, before anything is."""
        self.rows |= {row["source"]: row for row in rows}
        self.tidy()

    def tidy(self) -> None:
        rows = (self.rows[source] for source in sorted(self.rows))
        write(self.path, b"".join(map(_line, rows)))


def _line(row: dict) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"


def _row(line: bytes) -> dict | None:
    try:
        row = json.loads(line.decode("utf-8", "surrogateescape"))
    except ValueError:
        return None
    return row if isinstance(row, dict) and "source" in row else None
