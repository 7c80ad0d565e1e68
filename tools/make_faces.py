"""Make the sheets of drawn faces for chapter 11 again: data/faces/*.webp and their manifest.

    npm install --prefix DIR @dicebear/core@9.4.3 @dicebear/adventurer@9.4.3 @resvg/resvg-js@2
    python tools/make_faces.py DIR

Needs Node; who reads the course needs neither. The drawings' licence is in the package's LICENSE.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
FACES, SIZE, ACROSS = ROOT / "data" / "faces", 96, 32
SHEETS = {
    "colour": "512 drawn faces in colour",
    "ink": "512 other faces in ink",
    "glasses": "256 other faces in colour, with glasses",
    "pairs": "64 faces three times: in colour, in ink, in colour with glasses",
}
CHANGES = "drawn at 96 px before paper, a kind a sheet; five colours of hair; ink: white, black"


def main(node: Path) -> None:
    FACES.mkdir(exist_ok=True)
    script = shutil.copy(ROOT / "tools" / "make_faces.mjs", node)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["node", script, folder, str(SIZE)], check=True)
        rows = [sheet(name, title, Path(folder)) for name, title in SHEETS.items()]
    text = json.dumps(rows, indent=1) + "\n"
    (FACES / "manifest.json").write_text(text, encoding="utf-8")


def sheet(name: str, title: str, folder: Path) -> dict:
    """All faces of a kind side by side in one file; returns its row of the manifest."""
    files = sorted(folder.glob(f"{name}_*.png"))
    whole = Image.new("RGB", (SIZE * ACROSS, SIZE * (len(files) // ACROSS)))
    for number, file in enumerate(files):
        with Image.open(file) as face:
            place = (number % ACROSS * SIZE, number // ACROSS * SIZE)
            whole.paste(face.convert("RGB"), place)
    path = FACES / f"{name}.webp"
    whole.save(path, quality=88, method=6)
    content = path.read_bytes()
    return {
        "file": path.name,
        "title": f"Adventurer: {title}",
        "author": "Lisa Wischofsky",
        "licence": "CC-BY-4.0 (name Lisa Wischofsky, Adventurer)",
        "source": "https://www.figma.com/community/file/1184595184137881796",
        "taken_from": "npm package @dicebear/adventurer 9.4.3",
        "changes": CHANGES,
        "width": whole.width,
        "height": whole.height,
        "size": SIZE,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
