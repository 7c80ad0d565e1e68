"""Put a trained network into data/weights: the file, its sheet of paintings, its card, its row.

    python tools/ship_network.py TRAINING NAME [--quality TABLE.md] [--faults TEXT]

TRAINING is the output folder of `python -m nstlib train`. The sheet shows every style on ten
bundled photos, none of which any network is trained on. Run it again after more training.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import nstlib as nst  # noqa: E402 - found beside this folder
from nstlib.networks.training.diary import model_card  # noqa: E402

PHOTOS = 10
# What networks for any style are shown and judged on: paintings that they were not trained on.
UNSEEN = (
    *("starry_night", "great_wave", "the_scream", "composition_vii", "san_giorgio", "the_kiss"),
    *("red_fuji", "thousand_li", "udnie", "shipwreck"),
)
WIDTH, HEIGHT = 192, 128  # pixels of a picture on the sheet
LICENCE = (
    "The weights, like the code: MIT. The paintings are in the public domain; the photo of the "
    "mosaic is CC BY 4.0 (see `data/images/manifest.json`). The training photos, 507 of BSDS500 "
    "(UC Berkeley, research and education use) and 64 of GCompris (CC0, public domain or CC "
    "BY-SA), are no part of the file."
)


def contact_sheet(network: nst.PaintingNetwork, name: str) -> np.ndarray:
    """Photos down, styles across: the first column is the photo."""
    styles = network.styles or UNSEEN
    how = {"network": name}
    stylizers = [
        nst.stylizer(style, **how) if network.styles else nst.stylizer("adain", style, **how)
        for style in styles
    ]
    rows = []
    for entry in nst.pictures("photo")[:PHOTOS]:
        photo = nst.resize(_cut(nst.load_image(entry.path)), (2 * HEIGHT, 2 * WIDTH))
        painted = [paint(photo) for paint in stylizers]
        rows.append([nst.resize(image, (HEIGHT, WIDTH)) for image in [photo, *painted]])
    return np.concatenate([np.concatenate(row, axis=2) for row in rows], axis=1)


def _cut(photo: np.ndarray) -> np.ndarray:
    """The middle of a photo, as wide as a picture on the sheet is to its height."""
    _, height, width, _ = photo.shape
    wide, high = min(width, height * WIDTH // HEIGHT), min(height, width * HEIGHT // WIDTH)
    top, left = (height - high) // 2, (width - wide) // 2
    return photo[:, top : top + high, left : left + wide]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("training", type=Path)
    parser.add_argument("name")
    parser.add_argument("--quality", type=Path, help="table of benchmarks/network_quality.py")
    parser.add_argument("--faults", default="None known.", help="what is wrong with it, as text")
    options = parser.parse_args()
    folder = ROOT / "data" / "weights"
    folder.mkdir(exist_ok=True)
    trained = nst.load_network(options.training / "network.npz")
    file = nst.save_network(trained, folder / f"{options.name}.npz")
    manifest = folder / "manifest.json"
    rows = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else []
    rows = [row for row in rows if row["file"] != file.name]
    rows.append({
        "file": file.name,
        "architecture": trained.architecture,
        "styles": list(trained.styles),
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
        "licence": "MIT",
        "card": f"{options.name}.md",
    })  # fmt: skip
    rows.sort(key=lambda row: row["file"])
    manifest.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    sheet = folder / f"{options.name}.jpg"
    nst.save_image(contact_sheet(trained, options.name), sheet, quality=82, overwrite=True)
    styles = ", ".join(trained.styles or UNSEEN)
    extra = {
        "Every style on ten photos it has not seen": f"![photo, {styles}]({sheet.name})\n\n"
        f"From left to right: the photo, {styles}.",
        "Known faults": options.faults,
        "Licence": LICENCE,
    }
    if options.quality:
        extra = {"Quality": options.quality.read_text(encoding="utf-8"), **extra}
    card = model_card(options.name, trained, nst.read_log(options.training), extra=extra)
    (folder / f"{options.name}.md").write_text(card, encoding="utf-8")
    print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB, {len(trained.styles) or 'any'} styles")


if __name__ == "__main__":
    main()
