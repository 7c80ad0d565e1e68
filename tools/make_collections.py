"""Make the sheets of samples of collections again: data/collections/*.webp and their manifest.

    python tools/make_collections.py FOLDER [NAME ...]

Of all collections, or of those with these names. In FOLDER lie the pictures, under the names in
SAMPLES. A dozen of each is shown in chapter 11; the networks have learnt from all that the
collection holds.
"""

import hashlib
import json
import sys
from pathlib import Path

from PIL import Image, ImageOps

OUT = Path(__file__).resolve().parent.parent / "data" / "collections"
SIZE, ACROSS = 256, 6
SAMPLES = {
    "ink": (
        [
            f"scroll_views-of-huqiu_b_{number:02d}.jpg"
            for number in (0, 3, 6, 9, 11, 13, 16, 18, 21, 25, 33, 37)
        ],
        {
            "title": "Views of Huqiu (1536): twelve windows of the scroll",
            "author": "Xie Shichen (1488-after 1567)",
            "licence": "public domain",
            "source": "Center for the Art of East Asia, University of Chicago",
            "taken_from": "charlescrable/HandscrollViewer-OpenSeadragon-Extension, demo, 728363",
        },
    ),
    "blue_green": (
        [
            f"qianli_b_{name}.jpg"
            for name in (
                "006_0", "018_3", "028_2", "012_2", "042_3", "063_3",
                "073_3", "095_3", "002_2", "038_2", "022_2", "103_3",
            )
        ],
        {
            "title": "A Thousand Li of Rivers and Mountains (1113): twelve windows of the scroll",
            "author": "Wang Ximeng (1096-1119)",
            "licence": "public domain",
            "source": "Palace Museum, Beijing",
            "taken_from": "icahuang/Chinese-Painting-Style-Transfer",
        },
    ),
    "cartoon": (
        [
            f"E{name}.jpg"
            for name in (
                "22P06_04", "02P03_02", "06P05_01", "14P02_03", "03P05_02", "19P06_04",
                "07Pcover_01", "21P04_02", "11P02_02", "02P02_02", "20P05_04", "18P02_01",
            )
        ],
        {
            "title": "Pepper&Carrot, a comic: twelve panels without their texts",
            "author": "David Revoy, www.peppercarrot.com",
            "licence": "CC-BY-4.0 (name David Revoy, www.peppercarrot.com)",
            "source": "David Revoy, www.peppercarrot.com",
            "taken_from": "Deevad/peppercarrot_ep02_translation and others",
        },
    ),
}  # fmt: skip


def main(folder: Path, *names: str) -> None:
    OUT.mkdir(exist_ok=True)
    manifest = OUT / "manifest.json"
    known = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else []
    rows = {Path(row["file"]).stem: row for row in known}
    rows |= {name: sheet(folder, name, *SAMPLES[name]) for name in names or SAMPLES}
    text = json.dumps([rows[name] for name in SAMPLES if name in rows], indent=1)
    manifest.write_text(text + "\n", encoding="utf-8")


def sheet(folder: Path, name: str, files: list[str], known: dict) -> dict:
    """All samples side by side in one file; returns its row of the manifest."""
    whole = Image.new("RGB", (SIZE * ACROSS, SIZE * (len(files) // ACROSS)))
    for number, file in enumerate(files):
        with Image.open(folder / file) as picture:
            square = ImageOps.fit(picture.convert("RGB"), (SIZE, SIZE), Image.Resampling.LANCZOS)
        whole.paste(square, (number % ACROSS * SIZE, number // ACROSS * SIZE))
    path = OUT / f"{name}.webp"
    whole.save(path, quality=86, method=6)
    content = path.read_bytes()
    return {
        "file": path.name, **known, "changes": f"squares of {SIZE} px, side by side",
        "width": whole.width, "height": whole.height, "size": SIZE,
        "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
