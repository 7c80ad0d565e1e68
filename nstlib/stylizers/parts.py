"""What is done of a video while it is being painted, so that a run that was killed can go on.

Beside OUT.mp4 stands a folder OUT.mp4.parts with the pieces that are finished, named by the frames
in them, and what the painter needs to go on. A piece has its name only once it is whole.
"""

import json
import shutil
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from nstlib.errors import InputError
from nstlib.images.arrays import to_uint8
from nstlib.stylizers.clips import Format, PieceWriter

SECONDS = 20.0  # of work in a piece: what a kill can cost
SAME = 2 / 255  # mean difference up to which two paintings of one frame are by the same painter


class Parts:
    """The pieces of one video. `done` frames of the source are in those that are finished.

    `pictures` are what goes on with the last piece: by name, pictures (1, height, width, 3).
    `skipped` are the (number, problem) of the frames that could not be painted.
    """

    def __init__(self, target: Path, form: Format, settings: dict):
        """Go on with what is there, if it was begun with the same settings; else begin."""
        self.folder, self.form = target.with_name(f"{target.name}.parts"), form
        self.settings = json.dumps(settings | {"form": repr(form)}, sort_keys=True)
        self.writer, self.first = None, self.folder / "first.npz"
        if not self._can_go_on():
            self.begin()

    def begin(self) -> None:
        """Throw away what there is."""
        strange = self.folder.is_dir() and any(self.folder.iterdir())
        if strange and not (self.folder / "settings.json").exists():
            raise InputError(f"{self.folder} is wanted for the work, but holds something else.")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "settings.json").write_text(self.settings, encoding="utf-8")
        self.done, self.pictures, self.skipped = 0, {}, []

    def _can_go_on(self) -> bool:
        with suppress(OSError, ValueError, KeyError):  # whatever is missing or broken: begin anew
            if (self.folder / "settings.json").read_text(encoding="utf-8") != self.settings:
                return False
            pieces = self.pieces()
            ends = [0, *(_numbers(piece)[1] + 1 for piece in pieces)]
            if not pieces or ends[:-1] != [_numbers(piece)[0] for piece in pieces]:
                return False
            state = _load(pieces[-1].with_suffix(".npz"))
            self.skipped = [tuple(entry) for entry in json.loads(str(state.pop("skipped")))]
            self.done, self.pictures = ends[-1], state
            return True
        return False

    def pieces(self) -> list[Path]:
        """The finished ones, in their order."""
        return sorted(self.folder.glob("*-*.nut"))

    def same_painter(self, paint) -> bool:
        """Whether this painter paints the first frame as the pieces' painter did."""
        first = _load(self.first)
        return float(np.abs(paint(first["frame"]) - first["painting"]).mean()) <= SAME

    def write(self, picture, when: int, done: int, **pictures) -> None:
        """Add one frame to the piece that is being written, shown from `when` on.

        With it `done` frames of the source are done, and `pictures` is what would go on from here.
        """
        if self.writer is None:
            self.begun = time.monotonic()
            self.writer = PieceWriter(self.folder / "piece.part", self.form)
        self.is_whole = False  # if the disk, or Ctrl-C, stops it in the middle
        self.writer.write(picture, when)
        self.pictures, self.reached = {"shown": picture, **pictures}, done
        self.is_whole = True
        if time.monotonic() - self.begun >= SECONDS:
            self.finish()

    def finish(self) -> None:
        """Make the piece whole, so that its frames are done."""
        if self.writer is None:
            return
        writer, self.writer = self.writer, None
        writer.close()
        older = list(self.folder.glob("*-*.npz"))
        piece = self.folder / f"{self.done:08d}-{self.reached - 1:08d}.nut"
        skipped = json.dumps([entry for entry in self.skipped if entry[0] < self.reached])
        self.save(piece.with_suffix(".npz"), skipped=skipped, **self.pictures)
        (self.folder / "piece.part").replace(piece)
        self.done = self.reached
        for state in older:
            state.unlink()

    def rescue(self) -> None:
        """After an error: keep what is being written, if it can be kept."""
        if self.writer is None:
            return
        with suppress(Exception):  # the error that is already on its way says more
            if self.is_whole:
                self.finish()
            else:
                self.writer.close()

    def save(self, path: Path, **values) -> None:
        """Pictures, in 8 bits, and strings."""
        with path.open("wb") as file:
            np.savez(
                file, **{k: v if isinstance(v, str) else to_uint8(v) for k, v in values.items()}
            )


def _numbers(piece: Path) -> tuple[int, int]:
    first, last = piece.stem.split("-")
    return int(first), int(last)


def _load(path: Path) -> dict:
    """Pictures back as (1, height, width, 3), 0..1; strings as they are."""
    with np.load(path) as file:
        values = {name: file[name] for name in file.files}
    return {k: v[None].astype("float32") / 255 if v.ndim == 3 else v for k, v in values.items()}
