"""What `try.html` fetches: a runtime for browsers, networks, what paintings measure, pictures.

    python tools/site_try.py        measure the paintings anew, into site/paintings.npz

The runtime is of the version that `nst.export_page` names, and comes from its npm package; the
networks are the course's own, written as ONNX. Neither is kept in git. What `adain-light` is told
of a painting is: it takes VGG19 to measure it, and half a second each.
"""

import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import nstlib as nst
from nstlib.export.page import PAGE
from nstlib.networks.conditions import conditions

VERSION = re.search(r"onnxruntime-web@([\d.]+)/", PAGE)[1]
RUNTIME = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
MEASURED = Path(__file__).resolve().parent.parent / "site" / "paintings.npz"
THUMB, PHOTO = 128, 512  # pixels: sides of a thumbnail, longest side of a photo to try
PHOTOS = ("chameleon", "cat", "coffee", "great_wall", "astronaut")


def fetch_runtime(folder: Path) -> None:
    """The three files of onnxruntime-web into a folder, unless they are there. Needs npm."""
    if all((folder / name).exists() for name in RUNTIME):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        command = [shutil.which("npm"), "pack", f"onnxruntime-web@{VERSION}", "--silent"]
        subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(scratch).glob("*.tgz"))) as package:
            for name in RUNTIME:
                content = package.extractfile(f"package/dist/{name}").read()
                (folder / name).write_bytes(content)


def write_networks(folder: Path) -> None:
    """light.onnx and adain-light.onnx, for each the numbers of its styles, and networks.json."""
    folder.mkdir(parents=True, exist_ok=True)
    known, numbers = {entry.name: entry for entry in nst.pictures("painting")}, measured()
    listed = {"photos": [_photo(name, folder) for name in PHOTOS]}
    for name in ("light", "adain-light"):
        network = nst.load_network(name)
        nst.export_onnx(network, folder / f"{name}.onnx")
        styles = network.styles or tuple(known)
        told = np.eye(len(styles)) if network.styles else np.stack([numbers[n] for n in styles])
        told.astype("<f4").tofile(folder / f"{name}.bin")
        listed[name] = {
            "file": f"{name}.onnx",
            "vectors": f"{name}.bin",
            "inputs": [[tensor.name, tensor.shape[1]] for tensor in network.network.inputs[1:]],
            "styles": [_style(known[style], folder) for style in styles],
        }
    (folder / "networks.json").write_text(json.dumps(listed), encoding="utf-8")


def measured() -> dict[str, np.ndarray]:
    """What adain-light is told of each bundled painting, its inputs one after the other."""
    if not MEASURED.exists():
        return {entry.name: measure(entry.name) for entry in nst.pictures("painting")}
    with np.load(MEASURED) as stored:
        return dict(stored)


def measure(name: str) -> np.ndarray:
    told = conditions(_any_style(), name)
    return np.concatenate(told, axis=1)[0].astype("float16")


_any_style = lru_cache(partial(nst.load_network, "adain-light"))


def _style(entry, folder: Path) -> dict:
    return {"name": entry.name, "title": entry.title, "thumb": _thumb(entry, folder)}


def _photo(name: str, folder: Path) -> dict:
    entry = nst.picture(name)
    nst.save_image(nst.photo(name, PHOTO), folder / f"{name}.jpg", overwrite=True)
    shown = {"title": entry.title, "thumb": _thumb(entry, folder)}
    return {"name": name, "file": f"{name}.jpg", **shown}


def _thumb(entry, folder: Path) -> str:
    path = folder / "thumbs" / f"{entry.name}.jpg"
    path.parent.mkdir(exist_ok=True)
    with Image.open(entry.path) as image:
        ImageOps.fit(image.convert("RGB"), (THUMB, THUMB)).save(path, quality=82, optimize=True)
    return f"thumbs/{path.name}"


if __name__ == "__main__":
    MEASURED.unlink(missing_ok=True)
    np.savez(MEASURED, **measured())
