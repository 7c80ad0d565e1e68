"""Put a trained network into data/weights: the file, its sheet of paintings, its card, its row.

    python tools/ship_network.py TRAINING NAME [--quality TABLE.md] [--faults TEXT]

TRAINING is the output folder of `python -m nstlib train`. The sheet shows every style, below its
painting, on ten bundled photos, none of which any network is trained on. Run it again after more
training, and once more with TABLE.md, what `benchmarks/network_quality.py NAME` printed of it.
"""

import argparse
import hashlib
import io
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import nstlib as nst  # noqa: E402 - found beside this folder
from nstlib.evaluation.gates import HELD_OUT  # noqa: E402
from nstlib.networks.training.diary import model_card  # noqa: E402

PHOTOS, SIDE, GAP = 10, 256, 4  # rows; pixels of a tile's longer side, and between tiles
LARGEST = 2_500_000  # bytes of a sheet
LICENCE = (
    "The weights, like the code: MIT. The paintings are in the public domain; the photo of the "
    "mosaic is CC BY 4.0 (see `data/images/manifest.json`). The training photos, 507 of BSDS500 "
    "(UC Berkeley, research and education use) and 64 of GCompris (CC0, public domain or CC "
    "BY-SA), are no part of the file."
)


def contact_sheet(network: nst.PaintingNetwork, name: str) -> np.ndarray:
    """Photos down, styles across: the first column is the photo, the first row the paintings."""
    styles = network.styles or HELD_OUT
    named = [(style,) if network.styles else ("adain", style) for style in styles]
    stylizers = [nst.stylizer(*given, network=name) for given in named]
    rows = [[np.ones((1, 1, 1, 3), "float32"), *(nst.painting(style, SIDE) for style in styles)]]
    for entry in nst.pictures("photo")[:PHOTOS]:
        photo = nst.photo(entry.name, 2 * SIDE)
        painted = [photo, *(paint(photo) for paint in nst.progress(stylizers, desc=entry.name))]
        rows.append([nst.resize(image, SIDE) for image in painted])
    return np.concatenate([_side_by_side(row) for row in rows], axis=1)


def _side_by_side(row: list[np.ndarray]) -> np.ndarray:
    """Pictures, each in the middle of a white tile as wide as any, as high as the highest."""
    high = max(picture.shape[1] for picture in row) + GAP
    tiles = np.ones((len(row), high, SIDE + GAP, 3), "float32")
    for tile, picture in zip(tiles, row, strict=True):
        _, height, width, _ = picture.shape
        top, left = (high - height) // 2, (SIDE + GAP - width) // 2
        tile[top : top + height, left : left + width] = picture[0]
    return np.concatenate(tiles, axis=1)[None]


def save_sheet(sheet: np.ndarray, path: Path) -> None:
    """As a JPEG of quality 80, or of the next lower one that makes a file not too large."""
    picture = Image.fromarray(np.rint(255 * sheet[0]).astype("uint8"))
    for quality in range(80, 40, -4):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, progressive=True, optimize=True)
        if file.tell() <= LARGEST:
            break
    path.write_bytes(file.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("training", type=Path)
    parser.add_argument("name")
    parser.add_argument("--quality", type=Path, help="what benchmarks/network_quality.py printed")
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
    save_sheet(contact_sheet(trained, options.name), sheet)
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
    (folder / f"{options.name}.md").write_text(card, encoding="utf-8")
    print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB, {len(trained.styles) or 'any'} styles")


if __name__ == "__main__":
    main()
