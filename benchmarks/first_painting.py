"""What does the machinery around the network cost, and how long until the first picture?

    python benchmarks/first_painting.py [--size 400] [--steps 30]

Measures, in one run and by turns: one value and gradient of the bare VGG19 objective (a compiled
function called in a loop, nothing else), and one evaluation inside `style_transfer` with L-BFGS and
with Adam, which adds the optimiser, the steps, the history and the bounds. Medians, and what is
added as a ratio. Then the whole command line, from start to picture.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

import nstlib as nst


def bare_seconds(content, style, calls: int) -> float:
    """Median time of value and gradient alone, on changing pictures, after a warm-up."""
    call = nst.value_and_grad(nst.objective(content, style, nst.recipe()), has_aux=True)
    pictures = np.random.default_rng(0).uniform(0, 1, (3, *content.shape)).astype("float32")
    return median(_timed(call, pictures[k % 3]) for k in range(calls + 1))


def _timed(call, picture) -> float:
    begin = time.perf_counter()
    (total, _), gradient = call(picture)
    np.asarray(total), np.asarray(gradient)
    return time.perf_counter() - begin


def painting_seconds(content, style, optimizer: str, steps: int) -> float:
    """Median time of an evaluation inside a painting: differences between steps, by evaluations."""
    stamps = []
    options = {"optimizer": optimizer, "steps": steps, "progress": False}
    nst.style_transfer(
        content,
        style,
        **options,
        on_step=lambda step: stamps.append((time.perf_counter(), step.evaluations)),
    )
    pairs = zip(stamps[1:], stamps[2:], strict=False)
    return median((t2 - t1) / (e2 - e1) for (t1, e1), (t2, e2) in pairs)


def command_seconds(size: int, steps: int) -> float:
    """From pressing Enter to the picture on disk."""
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "nstlib", "stylize", "great_wall", "starry_night"]
        command += ["-o", str(Path(folder) / "out.jpg"), "--size", str(size), "--steps", str(steps)]
        subprocess.run([*command, "--quiet"], check=True)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=400, help="longest side in pixels")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3, help="turns between the contestants")
    options = parser.parse_args()
    content = nst.photo("great_wall", options.size)
    style = nst.painting("starry_night", options.size)
    times = {"bare value and gradient": [], "inside L-BFGS": [], "inside Adam": []}
    for _ in range(options.rounds):
        times["bare value and gradient"].append(bare_seconds(content, style, options.steps))
        for optimizer, name in (("lbfgs", "inside L-BFGS"), ("adam", "inside Adam")):
            times[name].append(painting_seconds(content, style, optimizer, options.steps))
    bare = median(times["bare value and gradient"])
    print(f"great_wall x starry_night, longest side {options.size}, {nst.device()}\n")
    print("| an evaluation | evaluations a second | cost / bare |\n|---|---|---|")
    for name, seconds in times.items():
        print(f"| {name} | {1 / median(seconds):.2f} | {median(seconds) / bare:.2f} |")
    seconds = command_seconds(options.size, options.steps)
    print(f"\nFrom command to picture, {options.steps} steps: {seconds:.0f} s")


if __name__ == "__main__":
    main()
