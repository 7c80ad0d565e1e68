"""Put a trained texture network into data/weights: the file, its picture, its card, its row.

    python tools/ship_texture.py TRAINING [--source PICTURE] [--faults TEXT]

TRAINING is the folder of `python -m nstlib texture PICTURE --train TRAINING`; the file is called
after what the network says that it makes. The picture shows what was learnt beside what was made.
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
from nstlib.images.bundled import PREFIX, TEXTURE  # noqa: E402
from nstlib.networks.training.diary import model_card  # noqa: E402

SIDE = 384  # pixels of each of the two pictures
FOLDER = ROOT / "data" / "weights"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("training", type=Path)
    parser.add_argument("--source", help="the picture that was learnt; else the bundled one")
    parser.add_argument("--faults", default="None known.", help="what is wrong with it, as text")
    options = parser.parse_args()
    trained = nst.load_network(options.training / "network.npz", texture=True)
    (name,) = trained.styles
    file = nst.save_network(trained, FOLDER / f"{PREFIX}{name}.npz")
    add_row(file, name)
    longest = max(map(int, trained.about["picture"].removesuffix(" px").split(" x ")))
    source = nst.load_image(nst.find_picture(options.source or name), longest)
    sheet = file.with_suffix(".jpg")
    nst.save_image(beside(source, nst.texture(file, SIDE)), sheet, quality=88)
    extra = {
        "Distance to the source": distances(file, source, name),
        "What was learnt, and what is made": f"![{name}, and made from noise]({sheet.name})",
        "Known faults": options.faults,
        "Licence": "The weights, like the code: MIT. " + about_source(name),
    }
    card = model_card(file.stem, trained, nst.read_log(options.training), extra=extra)
    file.with_suffix(".md").write_text(card, encoding="utf-8")
    print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB")


def add_row(file: Path, name: str, architecture: str = TEXTURE) -> None:
    """Into the list of networks, in place of an earlier one of that name."""
    manifest = FOLDER / "manifest.json"
    rows = [row for row in json.loads(manifest.read_text("utf-8")) if row["file"] != file.name]
    rows.append({
        "file": file.name,
        "architecture": architecture,
        "styles": [name],
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
        "licence": "MIT",
        "card": f"{file.stem}.md",
    })  # fmt: skip
    rows.sort(key=lambda row: row["file"])
    manifest.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def beside(source: np.ndarray, made: np.ndarray) -> np.ndarray:
    """The upper left corners of both, no pixel scaled, with a white line between."""
    parts = [picture[:, :SIDE, :SIDE] for picture in (source, made)]
    height = min(part.shape[1] for part in parts)
    line = np.ones((1, height, 8, 3), "float32")
    return np.concatenate([parts[0][:, :height], line, parts[1][:, :height]], axis=2)


def distances(file: Path, source: np.ndarray, name: str) -> str:
    """The style distance to the source of what is made, and of other textures, as a table."""
    rows = {f"made, {side} px": nst.texture(file, side, seed=1) for side in (256, 512, 1024)}
    others = [entry.name for entry in nst.pictures("texture") if entry.name != name]
    rows |= {other: nst.painting(other, max(source.shape)) for other in others}
    lines = ["| picture | style distance to the source |", "|---|---|"]
    lines += [f"| {what} | {nst.style_distance(one, source):.3f} |" for what, one in rows.items()]
    return "\n".join(lines)


def about_source(name: str) -> str:
    """Whose picture was learnt, where it is one that comes with the course."""
    entry = next((entry for entry in nst.pictures() if entry.name == name), None)
    if entry is None:
        return ""
    return f"It learnt from {entry.title} by {entry.author} ({entry.licence}, {entry.source})."


if __name__ == "__main__":
    main()
