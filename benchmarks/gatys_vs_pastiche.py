"""How long until a painting is as good as pastiche's after 200 steps, by pastiche's own measure?

    python benchmarks/gatys_vs_pastiche.py [--size 400] [--pairs great_wall+starry_night ...]

The peer is pastiche 1.6.0 (PyTorch, L-BFGS), installed from the package index into an environment
of its own, `.venv-peers-torch`, or found by `--peer-python`. Both have the same pictures, the same
VGG19 weights and the same threads; the objective is pastiche's default, which in nstlib is the
recipe "gatys-2016" times 0.01. Pastiche paints first, 200 steps, and its loss at the end is the
goal. Then nstlib paints, and each of its pictures, clipped to 0..1 as a file would be, is judged by
pastiche's code. Seconds count from the pictures in memory, preparations included, imports not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PEER = ("pastiche==1.6.0", "torch", "numpy")
PAIRS = ("great_wall+starry_night", "cat+great_wave", "golden_temple+the_scream")
SCALE = 0.01  # pastiche's weights / those of the recipe gatys-2016
EVERY = 4  # steps between pictures that are kept to be judged
PEER_PROGRAM = """
import json, sys, time
import numpy as np, torch
from pastiche.pastiche import PasticheArtist, VGG_MEAN
threads, steps, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(threads)
begin = time.perf_counter()
artist = PasticheArtist(f"{folder}/content.png", [f"{folder}/style.png"])
for step in range(steps):
    artist.draw()
artist.loss = artist._calc_loss().item()
print(json.dumps([time.perf_counter() - begin, artist.loss]), flush=True)
only_content = PasticheArtist(
    f"{folder}/content.png", [f"{folder}/style.png"], style_layer_weights=[0.0]
)
def judged(tensor):
    losses = []
    for judge in (artist, only_content):
        with torch.no_grad():
            judge.pastiche.copy_(tensor)
            losses.append(judge._calc_loss().item())
    return losses
print(json.dumps(judged(artist.pastiche.clone())), flush=True)
for line in sys.stdin:
    picture = np.load(line.strip())[0, :, :, ::-1] * 255 - np.array(VGG_MEAN)
    tensor = torch.from_numpy(picture.astype("float32").transpose(2, 0, 1)[None].copy())
    print(json.dumps(judged(tensor)), flush=True)
"""


def peer_python() -> Path:
    """The interpreter of `.venv-peers-torch`, with the peer installed."""
    folder = ROOT / ".venv-peers-torch"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "-q", *PEER], check=True)
    return python


class Pastiche:
    """The peer in a process of its own: it paints, then judges."""

    def __init__(self, python: Path, threads: int, steps: int, folder: Path):
        command = [python, "-c", PEER_PROGRAM, str(threads), str(steps), str(folder)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, **pipes)
        self.seconds, self.loss = self._answer()
        _, self.content = self._answer()

    def judge(self, file: Path) -> tuple[float, float]:
        """Loss and content loss of a picture in an .npy file."""
        print(file, file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> tuple[float, float]:
        return tuple(json.loads(self.process.stdout.readline()))


def our_pictures(content, style, goal: float, folder: Path, options: dict):
    """Paint until a little below the goal; yield the seconds and the file of every EVERYth step."""
    import nstlib as nst

    begin, waiting = time.perf_counter(), 0.0
    for step in nst.painting_steps(content, style, "gatys-2016", **options):
        seconds = time.perf_counter() - begin - waiting
        done = step.size == 1 and SCALE * step.total < 0.95 * goal
        if done or (step.size == 1 and step.index % EVERY == 0):
            file = folder / f"{step.index}.npy"
            np.save(file, step.image)
            yield seconds, file
        if done:
            return
        waiting = time.perf_counter() - begin - seconds


def first_as_good(pictures: list, peer: Pastiche) -> dict:
    """The first of the pictures whose loss is the peer's or less; else the last, after no time."""
    for seconds, file in pictures:
        loss, content = peer.judge(file)
        found = {"seconds": seconds, "loss": loss, "content": content, "steps": int(file.stem)}
        if loss <= peer.loss:
            return {**found, "file": file}
    return {**found, "seconds": float("nan"), "file": file}


def contest(pair: str, python: Path, args: argparse.Namespace, options: dict) -> dict:
    """One pair: pastiche's seconds and losses, and ours at the step that reaches them."""
    import nstlib as nst

    photo, painting = (nst.load_image(nst.find_picture(n), args.size) for n in pair.split("+"))
    ratio = (photo.shape[1] * photo.shape[2] / (painting.shape[1] * painting.shape[2])) ** 0.5
    painting = nst.resize(painting, tuple(round(ratio * side) for side in painting.shape[1:3]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nst.save_image(photo, folder / "content.png")
        nst.save_image(painting, folder / "style.png")
        photo, painting = (nst.load_image(folder / f"{n}.png") for n in ("content", "style"))
        peer = Pastiche(python, args.threads, args.steps, folder)
        ours = list(our_pictures(photo, painting, peer.loss, folder, options))
        found = first_as_good(ours, peer)
        if args.keep:
            nst.save_image(
                np.load(found.pop("file")), Path(args.keep) / f"{pair}.png", overwrite=True
            )
        peer.process.kill()
    return {"pair": pair, "peer": peer, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=400, help="longest side of photo and painting")
    parser.add_argument("--pairs", nargs="+", default=PAIRS, metavar="PHOTO+PAINTING")
    parser.add_argument("--steps", type=int, default=200, help="of pastiche")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", default="fast", help="of nstlib: fast or float32")
    parser.add_argument("--coarse", type=int, default=0, help="nstlib's steps at half size first")
    parser.add_argument("--peer-python", type=Path, help="an interpreter that has the peer")
    parser.add_argument("--keep", help="a folder for nstlib's pictures")
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    options = {"coordinates": "waves", "precision": args.precision, "steps": 2 * args.steps}
    options["coarse"] = {0.5: args.coarse} if args.coarse else {}
    python = args.peer_python or peer_python()
    print(
        f"Until pastiche's loss after {args.steps} steps, {args.size} px, {args.threads} threads\n"
    )
    print("| pair | loss: pastiche, nstlib | content part | steps of nstlib | seconds | ratio |")
    print("|---|---|---|---|---|---|")
    for pair in args.pairs:
        row = contest(pair, python, args, options)
        peer = row["peer"]
        print(
            f"| {pair} | {peer.loss:.0f}, {row['loss']:.0f} | {peer.content:.0f}, "
            f"{row['content']:.0f} | {row['steps']} | {peer.seconds:.0f}, {row['seconds']:.0f} | "
            f"{row['seconds'] / peer.seconds:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
