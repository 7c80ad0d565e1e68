"""What is done of a video while it is being painted, so that a run that was killed can go on.

Beside OUT.mp4 stands a folder OUT.mp4.parts with the pieces that are finished, named by the frames
in them, and what the painter needs to go on. A piece has its name only once it is whole. Pieces are
in the container NUT, which keeps every frame's time exactly.
"""

import hashlib
import json
import os
import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import av
import numpy as np

from nstlib.errors import InputError
from nstlib.images.arrays import as_image, to_uint8
from nstlib.stylizers.clips import VideoFacts, address
from nstlib.stylizers.film_colors import BT709, LIMITED

SECONDS = 20.0  # of work in a piece: what a kill can cost
# Near to what the eye can tell. Without B-frames (bf), pieces can be joined as they are.
OPTIONS = {
    "libx264": {"crf": "18", "preset": "fast", "bf": "0"},
    "libvpx-vp9": {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"},
    "ffv1": {},
}
LOSSLESS = "ffv1"  # for pieces that are encoded anew when they are joined
LONGEST = 255  # bytes of a file's name


class Parts:
    """The pieces of one video. `done` frames of the source are in those that are finished.

    `memory` is what goes on with the last piece, the last frame and its painting, or None;
    `skipped` are the (number, problem) of the frames that could not be painted. All is written by
    `encoder`, in the shape, the rate and the unit of time of `facts`.
    """

    def __init__(self, target: Path, encoder: str, facts: VideoFacts, settings: str):
        """Go on with what is there, if it was begun with the same settings; else throw it away,
        which is said, and never what is not ours."""
        self.folder, self.encoder, self.facts = _folder_of(target), encoder, facts
        self.piece, self.done, self.memory, self.skipped = None, 0, None, []
        mark = self.folder / "settings"
        if self._can_go_on(mark, settings):
            return
        if self.folder.is_dir() and any(self.folder.iterdir()) and not mark.exists():
            raise InputError(f"{self.folder} is wanted for the work, but holds something else.")
        if self.pieces():
            said = f"{self.folder} holds pieces painted in another way, or damaged: begun anew."
            warnings.warn(said, stacklevel=3)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        mark.write_text(settings, encoding="utf-8")

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

    def pieces(self) -> list[Path]:
        """The finished ones, in their order."""
        return sorted(self.folder.glob("*-*.nut"))

    def write(self, picture, when: int, done: int, memory: tuple) -> None:
        """Add one picture to the piece that is being written, shown from `when` on; with it `done`
        frames of the source are done, and `memory` is what goes on from here."""
        if self.piece is None:
            self.begun, self.files = time.monotonic(), ExitStack()
            self.piece = self.files.enter_context(self.new(self.folder / "piece.part", "nut"))
        container, stream = self.piece
        self.reached = None  # if the disk, or Ctrl-C, stops it in the middle
        frame = av.VideoFrame.from_ndarray(to_uint8(picture), format="rgb24")
        frame = frame.reformat(format=stream.pix_fmt, dst_colorspace=BT709)
        frame.colorspace, frame.color_range = BT709, LIMITED
        frame.pts, frame.time_base = when, self.facts.time_base
        container.mux(stream.encode(frame))
        self.memory, self.reached = memory, done
        if time.monotonic() - self.begun >= SECONDS:
            self.finish()

    def finish(self) -> None:
        """Make the piece whole, so that its frames are done; a broken one is left."""
        if self.piece is None:
            return
        (container, stream), self.piece = self.piece, None
        with self.files:
            container.mux(stream.encode(None))
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

    def packets(self, stream) -> Iterator:
        """All packets of the pieces, addressed to a stream of another file."""
        last = None
        for piece in self.pieces():
            with av.open(address(piece)) as part:
                for packet in part.demux(video=0):
                    if packet.size:
                        yield from [last] if last else ()
                        packet.dts, packet.stream = (
                            packet.pts,
                            stream,
                        )  # without B-frames they agree
                        last = packet
        if last:
            last.duration = round(self.facts.last / last.time_base)
            yield last

    def frames(self) -> Iterator[av.VideoFrame]:
        """All frames of the pieces."""
        for piece in self.pieces():
            with av.open(address(piece)) as part:
                yield from part.decode(video=0)

    @contextmanager
    def new(self, path: Path, kind: str) -> Iterator[tuple]:
        """(container, its stream of pictures) of a new file. A disk that is full raises OSError, at
        the end at the latest."""
        with path.open("wb") as file:  # Python's own file tells of a full disk; FFmpeg's may not
            with av.open(file, "w", format=kind) as container:
                encoder = self.encoder if self.encoder in OPTIONS else LOSSLESS
                stream = container.add_stream(encoder, self.facts.rate, OPTIONS[encoder])
                stream.height, stream.width = self.facts.shape
                stream.pix_fmt = "bgr0" if encoder == LOSSLESS else "yuv420p"
                context = stream.codec_context
                context.time_base = self.facts.time_base
                context.colorspace = context.color_primaries = context.color_trc = BT709
                context.color_range = LIMITED
                yield container, stream
            file.flush()
            os.fsync(file.fileno())


def _folder_of(target: Path) -> Path:
    """TARGET.parts; where that is longer than a name may be, its middle is a hash instead."""
    name = os.fsencode(f"{target.name}.parts")
    if len(name) > LONGEST:
        name = name[:100] + hashlib.sha256(name).hexdigest()[:16].encode() + b".parts"
    return target.with_name(os.fsdecode(name))
