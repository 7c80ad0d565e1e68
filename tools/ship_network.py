"""Put a trained network into data/weights: the file, its sheet of paintings, its card, its row.

    python tools/ship_network.py TRAINING NAME [--quality TABLE.md] [--faults TEXT]

TRAINING is the output folder of `python -m nstlib train`. The sheet shows every style, below its
painting, on ten bundled photos, none of which any network is trained on. Run it again after more
training, and once more with TABLE.md, what `benchmarks/network_quality.py NAME` printed of it.
"""

import numpy as np

import nstlib as nst
from nstlib.evaluation.gates import HELD_OUT
from nstlib.networks.training.diary import model_card
from shelf import FOLDER, add_row, save_sheet, shipping

PHOTOS, SIDE = 10, 256  # rows; pixels of a tile's longer side
LICENCE = (
    "The weights, like the code: MIT. The paintings are in the public domain; the photo of the "
    "mosaic is CC BY 4.0 (see `data/images/manifest.json`). The training photos, 502 of BSDS500 "
    "(UC Berkeley, research and education use) and 64 of GCompris (CC0, public domain or CC "
    "BY-SA), are no part of the file."
)


def contact_sheet(network: nst.PaintingNetwork, name: str) -> list[list[np.ndarray]]:
    """Photos down, styles across: the first column is the photo, the first row the paintings."""
    styles = network.styles or HELD_OUT
    named = [(style,) if network.styles else ("adain", style) for style in styles]
    stylizers = [nst.stylizer(*given, network=name) for given in named]
    rows = [[np.ones((1, 1, 1, 3), "float32"), *(nst.painting(style, SIDE) for style in styles)]]
    for entry in nst.pictures("photo")[:PHOTOS]:
        photo = nst.photo(entry.name, 2 * SIDE)
        painted = [photo, *(paint(photo) for paint in nst.progress(stylizers, desc=entry.name))]
        rows.append([nst.resize(image, SIDE) for image in painted])
    return rows


def main() -> None:
    options = shipping(__doc__, "network_quality.py").parse_args()
    trained = nst.load_network(options.training / "network.npz")
    file = nst.save_network(trained, FOLDER / f"{options.name}.npz")
    add_row(file, trained.architecture, trained.styles)
    sheet = file.with_suffix(".jpg")
    save_sheet(contact_sheet(trained, options.name), SIDE, sheet)
    styles = ", ".join(trained.styles or HELD_OUT)
    extra = {
        "Every style on ten photos it has not seen": f"![photo, {styles}]({sheet.name})\n\n"
        f"From left to right: the photo, {styles}. On top the paintings.",
        "Known faults": options.faults,
        "Licence": LICENCE,
    }
    if options.quality:
        extra = {"Quality": options.quality.read_text(encoding="utf-8"), **extra}
    card = model_card(options.name, trained, nst.read_log(options.training), extra=extra)
    file.with_suffix(".md").write_text(card, encoding="utf-8")
    print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB, {len(trained.styles) or 'any'} styles")


if __name__ == "__main__":
    main()
