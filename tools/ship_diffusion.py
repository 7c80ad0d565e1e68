"""Put a trained diffusion network into data/weights: the file, its sheet, its card, its row.

    python tools/ship_diffusion.py TRAINING [--name diffusion] [--faults TEXT]

TRAINING is the folder of `python -m nstlib train diffusion`. The sheet shows photos at growing
strengths, and below them what is painted without a photo.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import nstlib as nst
from nstlib.images.bundled import DIFFUSION
from nstlib.networks.training.diary import model_card
from shelf import FOLDER, add_row, save_sheet

PHOTOS = ("colosseum", "machu_picchu", "great_wall", "astronaut", "cat")
STRENGTHS = (0.3, 0.45, 0.6, 0.75, 0.9)
SIDE = 256  # pixels of a picture on the sheet
LARGEST = 4_000_000  # bytes of the network
LICENCE = (
    "The weights, like the code: MIT. The paintings are in the public domain: their painter died "
    "in 1890. No photo was used."
)


def sheet_of(network: nst.PaintingNetwork, steps: int) -> list[list[np.ndarray]]:
    """A row for each photo, the photo first; and a row of what comes from noise."""
    rows = []
    for name in nst.progress(PHOTOS):
        photo = square(nst.photo(name))
        rows.append([photo, *(nst.sdedit(network, photo, s, steps=steps) for s in STRENGTHS)])
    columns = len(STRENGTHS) + 1
    free = nst.from_noise(network, SIDE, count=columns, steps=2 * steps)
    rows.append([one[None] for one in free])
    return rows


def square(photo: np.ndarray) -> np.ndarray:
    """The middle of a photo, SIDE pixels high and wide."""
    side = min(photo.shape[1:3])
    top, left = ((length - side) // 2 for length in photo.shape[1:3])
    return nst.resize(photo[:, top : top + side, left : left + side], (SIDE, SIDE))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("training", type=Path)
    parser.add_argument("--name", default=DIFFUSION, help="of the file: %(default)s")
    parser.add_argument("--faults", default="None known.", help="what is wrong with it, as text")
    parser.add_argument("--steps", type=int, default=20, help="of the sheet: %(default)s")
    options = parser.parse_args()
    trained = nst.load_network(options.training / "network.npz")
    file = nst.save_network(trained, FOLDER / f"{options.name}.npz")
    if file.stat().st_size > LARGEST:
        sys.exit(f"{file} has {file.stat().st_size} bytes, more than {LARGEST}.")
    add_row(file, trained.architecture, trained.styles)
    sheet, strengths = file.with_suffix(".jpg"), ", ".join(map(str, STRENGTHS))
    save_sheet(sheet_of(trained, options.steps), SIDE, sheet)
    extra = {
        "Photos at growing strengths": f"![photos, at {strengths}]({sheet.name})\n\nFrom left to "
        f"right: the photo, and it at the strengths {strengths}, in {options.steps} steps each. "
        "The last row has no photo: it is made of noise alone.",
        "Known faults": options.faults,
        "Licence": LICENCE,
    }
    card = model_card(file.stem, trained, nst.read_log(options.training), extra=extra)
    file.with_suffix(".md").write_text(card, encoding="utf-8")
    print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB, {', '.join(trained.styles)}")


if __name__ == "__main__":
    main()
