"""Make the README's picture of the course: the hero of every chapter, as its notebook stores it.

    python tools/make_course_picture.py [--columns 4] [--width 400] [--out FILE]

What a hero is, heroes.py says.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from PIL import Image, ImageDraw, ImageFont, ImageOps

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from heroes import framed, hero  # noqa: E402
from make_engines_picture import FONT, GAP, LETTER  # noqa: E402


def sheet(chapters: dict[str, Image.Image], columns: int, width: int) -> Image.Image:
    """Tiles of one size, each above its chapter's name."""
    height, foot = 3 * width // 4, 2 * LETTER
    rows = -(-len(chapters) // columns)
    size = columns * (width + GAP) - GAP, rows * (height + foot + GAP) - GAP
    picture = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(FONT, LETTER)
    for number, (name, image) in enumerate(chapters.items()):
        left, top = number % columns * (width + GAP), number // columns * (height + foot + GAP)
        picture.paste(ImageOps.fit(image, (width, height)), (left, top))
        middle = left + width / 2, top + height + foot / 2
        draw.text(middle, name, "black", font, anchor="mm")
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--columns", type=int, default=4)
    parser.add_argument("--width", type=int, default=400, help="of a tile in pixels")
    parser.add_argument("--out", type=Path, default=ROOT / "data" / "gallery" / "course.jpg")
    args = parser.parse_args()
    notebooks = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    chapters = {}
    for notebook in notebooks:
        title = nbformat.read(notebook, 4).cells[0].source.splitlines()[0]
        if figure := hero(notebook):
            chapters[title.lstrip("# ")] = framed(figure.convert("RGB"))
    sheet(chapters, args.columns, args.width).save(args.out, quality=85, optimize=True)
    print(f"{args.out.name}: {len(chapters)} chapters, {args.out.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
