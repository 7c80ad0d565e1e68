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

    def __init__(self, target: Path, form: Format, settings: str):
        """Go on with what is there, if it was begun with the same settings; else begin."""
        self.folder, self.form = target.with_name(f"{target.name}.parts"), form
        self.writer, self.done, self.memory, self.skipped = None, 0, None, []
        mark = self.folder / "settings"
        if not self._can_go_on(mark, settings):
            self._begin(mark, settings)

    def _can_go_on(self, mark: Path, settings: str) -> bool:
        with suppress(OSError, ValueError, KeyError):  # whatever is missing or broken: begin anew
            pieces = self.pieces()
            numbers = [tuple(map(int, piece.stem.split("-"))) for piece in pieces]
            ends = [0, *(last + 1 for _, last in numbers)]
            whole = pieces and ends[:-1] == [first for first, _ in numbers]
            if not whole or mark.read_text(encoding="utf-8") != settings:
                return False
            with np.load(pieces[-1].with_suffix(".npz")) as state:
                skipped = [tuple(entry) for entry in json.loads(str(state["skipped"]))]
                memory = as_image(state["frame"]), as_image(state["painting"])
            self.done, self.skipped, self.memory = ends[-1], skipped, memory
            return True
        return False

    def _begin(self, mark: Path, settings: str) -> None:
        """Throw away what there is, which is said, and never what is not ours."""
        if self.folder.is_dir() and any(self.folder.iterdir()) and not mark.exists():
            raise InputError(f"{self.folder} is wanted for the work, but holds something else.")
        if self.pieces():
            warnings.warn(
                f"{self.folder} holds pieces of a film that was to be painted in another way, or "
                "are damaged: begun anew.",
                stacklevel=4,
            )
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        mark.write_text(settings, encoding="utf-8")

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
        self.reached = None  # if the disk, or Ctrl-C, stops it in the middle
        self.writer.write(picture, when)
        self.memory, self.reached = memory, done
        if time.monotonic() - self.begun >= SECONDS:
            self.finish()

    def finish(self) -> None:
        """Make the piece whole, so that its frames are done; a broken one is left."""
        if self.writer is None:
            return
        writer, self.writer = self.writer, None
        writer.close()
        if self.reached is None:
            return
        older = list(self.folder.glob("*-*.npz"))
        piece = self.folder / f"{self.done:08d}-{self.reached - 1:08d}.nut"
        frame, painting = map(to_uint8, self.memory)
        skipped = json.dumps([entry for entry in self.skipped if entry[0] < self.reached])
        np.savez(piece.with_suffix(".npz"), frame=frame, painting=painting, skipped=skipped)
        (self.folder / "piece.part").replace(piece)
        self.done = self.reached
        for state in older:
            state.unlink()


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
