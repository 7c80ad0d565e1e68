"""What is done of a video while it is being painted, so that a run that was killed can go on.

Beside OUT.mp4 stands a folder OUT.mp4.parts with the pieces that are finished, named by the frames
in them, and what the painter needs to go on. A piece has its name only once it is whole.
"""

import json
import shutil
import time
import warnings
from contextlib import suppress
from pathlib import Path

import av
import numpy as np

from nstlib.errors import InputError
from nstlib.images.arrays import as_image, to_uint8
from nstlib.stylizers.clips import BT709, LIMITED, Format, safe_on_disk

SECONDS = 20.0  # of work in a piece: what a kill can cost


class Parts:
    """The pieces of one video. `done` frames of the source are in those that are finished.

    `memory` is what goes on with the last piece, the last frame and its painting, or None;
    `skipped` are the (number, problem) of the frames that could not be painted.
    """

    def __init__(self, target: Path, form: Format, settings: dict):
        """Go on with what is there, if it was begun with the same settings; else begin."""
        self.folder, self.form = target.with_name(f"{target.name}.parts"), form
        self.settings = json.dumps(settings | {"form": repr(form)}, sort_keys=True)
        self.writer, self.done, self.memory, self.skipped = None, 0, None, []
        if not self._can_go_on():
            self._begin()

    def _can_go_on(self) -> bool:
        with suppress(OSError, ValueError, KeyError):  # whatever is missing or broken: begin anew
            if (self.folder / "settings.json").read_text(encoding="utf-8") != self.settings:
                return False
            pieces = self.pieces()
            ends = [0, *(_numbers(piece)[1] + 1 for piece in pieces)]
            if not pieces or ends[:-1] != [_numbers(piece)[0] for piece in pieces]:
                return False
            with np.load(pieces[-1].with_suffix(".npz")) as state:
                skipped = [tuple(entry) for entry in json.loads(str(state["skipped"]))]
                pictures = [state[name][None] for name in ("frame", "painting")]
            self.done, self.skipped, self.memory = ends[-1], skipped, tuple(map(as_image, pictures))
            return True
        return False

    def _begin(self) -> None:
        """Throw away what there is, which is said, and never what is not ours."""
        mark, pieces = self.folder / "settings.json", len(self.pieces())
        if self.folder.is_dir() and any(self.folder.iterdir()) and not mark.exists():
            raise InputError(f"{self.folder} is wanted for the work, but holds something else.")
        if pieces:
            warnings.warn(
                f"{self.folder} holds {pieces} pieces of a film that was to be painted in another "
                "way, or are damaged: begun anew.",
                stacklevel=4,
            )
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        mark.write_text(self.settings, encoding="utf-8")

    def pieces(self) -> list[Path]:
        """The finished ones, in their order."""
        return sorted(self.folder.glob("*-*.nut"))

    def write(self, picture, when: int, done: int, memory: tuple) -> None:
        """Add one frame to the piece that is being written, shown from `when` on.

        With it `done` frames of the source are done, and from `memory` it would go on from here.
        """
        if self.writer is None:
            self.begun = time.monotonic()
            self.writer = PieceWriter(self.folder / "piece.part", self.form)
        self.is_whole = False  # if the disk, or Ctrl-C, stops it in the middle
        self.writer.write(picture, when)
        self.memory, self.reached = memory, done
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
        frame, painting = map(to_uint8, self.memory)
        skipped = json.dumps([entry for entry in self.skipped if entry[0] < self.reached])
        np.savez(piece.with_suffix(".npz"), frame=frame, painting=painting, skipped=skipped)
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


def _numbers(piece: Path) -> tuple[int, int]:
    first, last = piece.stem.split("-")
    return int(first), int(last)


class PieceWriter:
    """Writes frames into one file of the container NUT, which keeps every frame's time exactly.

    Only after `close` is the piece whole. A disk that is full raises OSError, at the latest then.
    """

    def __init__(self, path: Path, form: Format):
        self.file = path.open("wb")  # Python's own file tells of a full disk; FFmpeg's may not
        self.container = av.open(self.file, "w", format="nut")
        self.stream, self.time_base = form.add_to(self.container), form.time_base

    def write(self, picture, time: int) -> None:
        """Add a picture, (1, height, width, 3), RGB, 0..1, that is shown from `time` on."""
        frame = av.VideoFrame.from_ndarray(to_uint8(picture), format="rgb24")
        frame = frame.reformat(format=self.stream.pix_fmt, dst_colorspace=BT709)
        frame.colorspace, frame.color_range = BT709, LIMITED
        frame.pts, frame.time_base = time, self.time_base
        self.container.mux(self.stream.encode(frame))

    def close(self) -> None:
        """Write what is still to be written; after it the piece is whole."""
        with self.file:
            self.container.mux(self.stream.encode(None))
            self.container.close()
            safe_on_disk(self.file)
