# PROVISIONAL stand-in by the lead; the owner overwrites this file wholly.
import json
from dataclasses import dataclass
from pathlib import Path
from nstlib.images import load_image
@dataclass(frozen=True)
class Picture:
    name: str; kind: str; title: str; author: str; licence: str; source: str; width: int; height: int; path: Path
def data_folder(): return Path(__file__).parent.parent / "data"
def pictures(kind=None):
    rows = json.loads((data_folder() / "images/manifest.json").read_text())
    out = []
    for r in rows:
        n = Path(r["file"]).stem
        k = "photo" if r["file"].startswith("content") else "texture" if n in ("brick", "gravel", "grass") else "painting"
        out.append(Picture(n, k, r["title"], r["author"], r["licence"], r["source"], r["width"], r["height"], data_folder() / "images" / r["file"]))
    return [p for p in out if kind in (None, p.kind)]
def picture(name): return next(p for p in pictures() if p.name == name)
def photo(name, size=None): return load_image(picture(name).path, size)
painting = photo
def find_picture(name, kind=None): return next((p.path for p in pictures() if p.name == name), Path(name))
