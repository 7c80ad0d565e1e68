"""Does a network paint as well as the optimiser that it learnt from? The training objective tells.

    python benchmarks/network_quality.py NETWORK [--photos 10] [--size 256] [--steps 100]

For every style of a bundled network and for photos it was not trained on: the objective
("feed-forward", Gram matrices of the whole picture) of the network's painting, of the photo itself,
and of what our own Gatys optimiser reaches in a hundred steps of Adam from the photo. Means over
the photos, one row a style, and the ratio network / optimiser.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nstlib as nst  # noqa: E402 - found beside this folder


def losses(style: str, name: str, photos: list, seen: int, steps: int) -> np.ndarray:
    """The mean objective of (photo, network, optimiser) for one style."""
    painting, paint = nst.painting(style, seen), nst.stylizer(style, network=name)
    rows = []
    for photo in nst.progress(photos, desc=style):
        judge = nst.objective(photo, painting, nst.recipe("feed-forward"))
        run = nst.style_transfer(photo, painting, "feed-forward", steps=steps, progress=False)
        rows.append([float(judge(photo)[0]), float(judge(paint(photo))[0]), run.curve().min()])
    return np.mean(rows, axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", help="bundled name")
    parser.add_argument("--photos", type=int, default=10)
    parser.add_argument("--size", type=int, default=256, help="longest side in pixels")
    parser.add_argument("--steps", type=int, default=100, help="of Adam")
    parser.add_argument("--styles", nargs="*", help="some of the network's only")
    options = parser.parse_args()
    trained = nst.load_network(options.network)
    entries = nst.pictures("photo")[: options.photos]
    photos = [nst.photo(entry.name, options.size) for entry in entries]
    print(
        f"Mean objective on {len(photos)} photos at {options.size} px, after the photo itself, "
        f"{options.network}, and {options.steps} steps of Adam.\n"
    )
    print("| style | photo | network | optimiser | network / optimiser |\n|---|---|---|---|---|")
    for style in options.styles or trained.styles:
        seen = int(trained.about.get("style_size", 384))
        photo, network, painter = losses(style, options.network, photos, seen, options.steps)
        print(
            f"| {style} | {photo:.2f} | {network:.2f} | {painter:.2f} | {network / painter:.2f} |"
        )


if __name__ == "__main__":
    main()
