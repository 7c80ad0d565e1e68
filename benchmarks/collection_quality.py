"""Does what a network paints belong to the collection that it learnt from?

    python benchmarks/collection_quality.py NETWORK STYLE COLLECTION [--pictures 10] [--size 256]

A Fréchet distance of style statistics (`nstlib.evaluation.frechet`) between sets of as many
pictures each: every other picture of the folder COLLECTION is what is compared with. The photos,
none of which any network is trained on, are given untouched, each in the colours of a picture of
the collection, and painted; the other half of the collection says how near one can be at all.
Beside it the weave of a flat table and sky (`nst.lattice`), and how far the content is from the
photo's.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from fast_vs_peers import ROOT

sys.path.insert(0, str(ROOT))

import nstlib as nst  # noqa: E402 - found beside this folder
from nstlib.evaluation import gates  # noqa: E402
from nstlib.evaluation.frechet import style_frechet  # noqa: E402
from nstlib.images.formats import sorted_out  # noqa: E402


def halves(folder: Path, count: int, size: int) -> tuple[list, list]:
    """Two lists of as many pictures, by turns from the whole folder."""
    files = sorted(sorted_out(folder, folder.rglob("*"))[0])
    if len(files) < 2 * count:
        sys.exit(f"{folder} holds {len(files)} pictures; {2 * count} are needed.")
    places = np.linspace(0, len(files) - 1, 2 * count).round().astype(int)
    pictures = [nst.load_image(files[place], size) for place in places]
    return pictures[::2], pictures[1::2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", help="a bundled name, or a file")
    parser.add_argument("style", help="the direction: the name of the collection in the network")
    parser.add_argument("collection", type=Path, help="a folder")
    parser.add_argument("--pictures", type=int, default=10, help="in each set")
    parser.add_argument("--size", type=int, default=256, help="longest side in pixels")
    options = parser.parse_args()
    known, rest = halves(options.collection, options.pictures, options.size)
    names = [entry.name for entry in nst.pictures("photo")[: options.pictures]]
    photos = [nst.photo(name, options.size) for name in names]
    paint = nst.stylizer("fast", options.style, network=options.network)
    bare = nst.stylizer("fast", options.style, network=options.network, ground=0)
    recoloured = [nst.match_color(photo, known[n % len(known)]) for n, photo in enumerate(photos)]
    painted = [paint(photo) for photo in photos]
    sets = {
        "the photos": photos,
        "the photos, each in the colours of a picture of the collection": recoloured,
        f"painted by {options.network}": painted,
        "the same without a ground": [bare(photo) for photo in photos],
        "the collection's other half": rest,
    }
    print("| set | Fréchet distance | content distance |\n|---|---|---|")
    for title, pictures in sets.items():
        content = ""
        if pictures is not rest:
            pairs = zip(pictures, photos, strict=True)
            content = f"{np.mean([nst.content_distance(a, b) for a, b in pairs]):.2f}"
        print(f"| {title} | {style_frechet(pictures, known):.0f} | {content} |", flush=True)
    weaves = [f"{name} {gates.weave(paint(nst.photo(name, 384)), name):.1f}" for name in gates.FLAT]
    print(f"\nWeave: {', '.join(weaves)} (at most {gates.WEAVE:g}).")


if __name__ == "__main__":
    main()
