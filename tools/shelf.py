"""What every script that ships a network does: its row in data/weights, and its sheet."""

import argparse
import hashlib
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent

FOLDER = ROOT / "data" / "weights"
GAP, LARGEST = 4, 2_500_000  # pixels between tiles; bytes of a sheet


def shipping(description: str, benchmark: str) -> argparse.ArgumentParser:
    """The options that such scripts share; `benchmark` measures the network's quality."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("training", type=Path)
    parser.add_argument("name")
    parser.add_argument("--quality", type=Path, help=f"what benchmarks/{benchmark} printed")
    parser.add_argument("--faults", default="None known.", help="what is wrong with it, as text")
    return parser


def add_row(file: Path, architecture: str, styles) -> None:
    """Into the list of networks, in place of an earlier one of that name."""
    manifest = FOLDER / "manifest.json"
    rows = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else []
    rows = [row for row in rows if row["file"] != file.name]
    rows.append({
        "file": file.name,
        "architecture": architecture,
        "styles": list(styles),
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
        "licence": "MIT",
        "card": f"{file.stem}.md",
    })  # fmt: skip
    rows.sort(key=lambda row: row["file"])
    manifest.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def side_by_side(row: list[np.ndarray], side: int) -> np.ndarray:
    """Pictures, each in the middle of a white tile `side` wide, as high as the highest."""
    high = max(picture.shape[1] for picture in row) + GAP
    tiles = np.ones((len(row), high, side + GAP, 3), "float32")
    for tile, picture in zip(tiles, row, strict=True):
        _, height, width, _ = picture.shape
        top, left = (high - height) // 2, (side + GAP - width) // 2
        tile[top : top + height, left : left + width] = picture[0]
    return np.concatenate(tiles, axis=1)[None]


def save_sheet(rows: list[list[np.ndarray]], side: int, path: Path) -> None:
    """Rows of pictures as a JPEG of quality 80, or of the next lower one that is not too large."""
    sheet = np.concatenate([side_by_side(row, side) for row in rows], axis=1)
    picture = Image.fromarray(np.rint(255 * sheet[0]).astype("uint8"))
    for quality in range(80, 40, -4):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, progressive=True, optimize=True)
        if file.tell() <= LARGEST:
            break
    path.write_bytes(file.getvalue())
