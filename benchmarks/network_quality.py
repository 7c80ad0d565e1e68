"""Does a network paint as well as the optimiser that it learnt from? The training objective tells.

    python benchmarks/network_quality.py NETWORK… [--photos 10] [--size 256] [--steps 100]

For every style of bundled networks and for photos they were not trained on: the objective
("feed-forward", Gram matrices of the whole picture) of the network's painting, of the photo itself,
and of what our own Gatys optimiser reaches in a hundred steps of Adam from the photo. For each
network a table of means over the photos, one row a style, with the ratio network / optimiser. The
optimiser computes in bfloat16 where that is fast; all pictures are judged in single precision.
"""

import argparse
import sys
from functools import cache
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nstlib as nst  # noqa: E402 - found beside this folder

RECIPE = nst.recipe("feed-forward")


class Judge:
    """What a picture of one photo in one style costs; the optimiser's painting is made once."""

    def __init__(self, photo: np.ndarray, painting: np.ndarray, steps: int):
        objective = nst.objective(photo, painting, RECIPE)
        self.photo, self.loss = photo, lambda picture: float(objective(picture)[0])
        run = nst.style_transfer(
            photo, painting, RECIPE, steps=steps, precision="fast", progress=False
        )
        self.untouched, self.optimised = self.loss(photo), self.loss(run.image)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="+", metavar="NETWORK", help="bundled names")
    parser.add_argument("--photos", type=int, default=10)
    parser.add_argument("--size", type=int, default=256, help="longest side in pixels")
    parser.add_argument("--steps", type=int, default=100, help="of Adam")
    parser.add_argument("--styles", nargs="*", help="some of the networks' only")
    options = parser.parse_args()
    entries = nst.pictures("photo")[: options.photos]
    photos = [nst.photo(entry.name, options.size) for entry in entries]

    @cache
    def judges(style: str, seen: int) -> list[Judge]:
        painting = nst.painting(style, seen)
        return [Judge(photo, painting, options.steps) for photo in nst.progress(photos, desc=style)]

    for name in options.networks:
        trained = nst.load_network(name)
        seen = int(trained.about.get("style_size", 384))
        print(
            f"Mean objective on {len(photos)} photos at {options.size} px, after the photo itself, "
            f"{name}, and {options.steps} steps of Adam.\n"
        )
        print(
            "| style | photo | network | optimiser | network / optimiser |\n|---|---|---|---|---|"
        )
        for style in trained.styles:
            if style not in (options.styles or trained.styles):
                continue
            paint = nst.stylizer(style, network=name)
            photo, network, painter = np.mean(
                [[j.untouched, j.loss(paint(j.photo)), j.optimised] for j in judges(style, seen)],
                axis=0,
            )
            row = f"| {style} | {photo:.2f} | {network:.2f} | {painter:.2f} "
            print(row + f"| {network / painter:.2f} |", flush=True)
        print()


if __name__ == "__main__":
    main()
