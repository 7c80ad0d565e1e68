"""Make the README's picture of the engines: three photos, one style, every engine beside the photo.

    python tools/make_engines_picture.py [--photos cat great_wall astronaut] [--style starry_night]
                                         [--size 280] [--steps 300] [--out FILE]

A column for the photo, one for each bundled network that can paint in the style, and one for the
optimiser, which takes minutes. All paint at the size at which they are shown.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import nstlib as nst  # noqa: E402 - found beside this folder
from nstlib.evaluation.gates import photo_networks  # noqa: E402

ORDER = ("light", "johnson", "stylebank", "adain-light")  # architectures, left to right
GAP, LETTER = 6, 15  # pixels between tiles, and of a letter's height
FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def engines(style: str, steps: int) -> dict[str, Callable]:
    """Title of a column -> painter."""
    rows = photo_networks().items()
    able = [(n, row) for n, row in rows if not row["styles"] or style in row["styles"]]
    painters = {}
    for name, row in sorted(able, key=lambda one: ORDER.index(one[1]["architecture"])):
        given = (style,) if row["styles"] else ("adain", style)
        painters[name] = nst.stylizer(*given, network=name)
    painters["gatys"] = nst.stylizer("gatys", style, steps=steps)
    return painters


def cut(photo: np.ndarray, width: int, height: int) -> np.ndarray:
    """The middle of a photo in the proportions of a tile, at its size."""
    _, high, wide, _ = photo.shape
    w, h = min(wide, high * width // height), min(high, wide * height // width)
    top, left = (high - h) // 2, (wide - w) // 2
    return nst.resize(photo[:, top : top + h, left : left + w], (height, width))


def sheet(tiles: list[list[np.ndarray]], titles: list[str]) -> np.ndarray:
    """Rows of tiles of one size under a row of titles, with thin white gaps between them."""
    _, height, width, _ = tiles[0][0].shape
    top = 2 * LETTER
    size = len(titles) * (width + GAP) - GAP, top + len(tiles) * (height + GAP) - GAP
    picture = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(FONT, LETTER)
    for column, title in enumerate(titles):
        left = column * (width + GAP)
        draw.text((left + width / 2, top / 2), title, "black", font, anchor="mm")
        for row, line in enumerate(tiles):
            pixels = np.rint(255 * line[column][0]).astype("uint8")
            picture.paste(Image.fromarray(pixels), (left, top + row * (height + GAP)))
    return np.asarray(picture, "float32")[None] / 255


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", nargs="+", default=["cat", "great_wall", "astronaut"])
    parser.add_argument("--style", default="starry_night")
    parser.add_argument("--size", type=int, default=280, help="width of a tile in pixels")
    parser.add_argument("--steps", type=int, default=300, help="of the optimiser")
    parser.add_argument("--out", type=Path, default=ROOT / "data" / "gallery" / "engines.jpg")
    options = parser.parse_args()
    width, height = options.size, options.size * 3 // 4
    painters = engines(options.style, options.steps)
    tiles = []
    for name in options.photos:
        photo = cut(nst.photo(name), width, height)
        tiles.append([photo, *(paint(photo) for paint in painters.values())])
    path = nst.save_image(sheet(tiles, ["photo", *painters]), options.out, quality=88)
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
