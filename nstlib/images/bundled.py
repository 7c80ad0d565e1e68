"""What comes with the course: pictures by name, each with author and licence, and networks."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nstlib.errors import InputError, MissingFile, choice, did_you_mean
from nstlib.files import data_folder, readable
from nstlib.images.files import load_image, save_image

KINDS = ("photo", "painting", "texture")
TEXTURE = "texture"  # the architecture of networks that take noise instead of a picture
DIFFUSION = "diffusion"  # of networks that paint by taking noise out of a picture, in steps
PREFIX = "texture_"  # of the names of their files
TEXTURES = ("brick", "gravel", "grass", "sandstone")


@dataclass(frozen=True)
class Picture:
    """A bundled picture or clip: what it shows, whose it is, and where its file lies.

    `kind` is one of KINDS, or "clip"; `source` is where it was published, or the collection that
    has the work, `taken_from` where our file is from; sides are in pixels.
    """

    name: str
    kind: str
    title: str
    author: str
    licence: str
    source: str
    taken_from: str
    width: int
    height: int
    path: Path


def pictures(kind: str | None = None) -> list[Picture]:
    """All bundled pictures, or those of one kind: "photo", "painting" or "texture"."""
    choice("kind", kind, (*KINDS, None))
    entries = [_from_row(row) for row in _rows("images")]
    return [entry for entry in entries if kind in (None, entry.kind)]


def clips() -> list[Picture]:
    """All bundled clips: short films, of the kind "clip"."""
    return [_from_row(row, "clips") for row in _rows("clips")]


def faces(kind: str = "colour") -> np.ndarray:
    """Drawn faces, all of a kind: (count, 96, 96, 3), RGB, 0..1.

    "colour" (512), "ink" (512) and "glasses" (256, in colour) share no face; "pairs" holds 64 more,
    three times: in colour, then the same in ink, then in colour with glasses. Adventurer by Lisa
    Wischofsky, CC BY 4.0.
    """
    return _from_sheet("faces", kind)


def collection(name: str = "ink") -> np.ndarray:
    """A dozen pictures of a collection from which networks have learnt: (12, 256, 256, 3), 0..1.

    "ink": windows of the scroll Views of Huqiu (Xie Shichen, 1536); "blue_green": of A Thousand Li
    of Rivers and Mountains (Wang Ximeng, 1113); both are in the public domain. "cartoon": panels of
    the comic Pepper&Carrot, by David Revoy, www.peppercarrot.com, CC BY 4.0.
    """
    return _from_sheet("collections", name)


def _from_sheet(folder: str, kind: str) -> np.ndarray:
    """The square pictures of a sheet in data/, row by row: (count, size, size, 3), RGB, 0..1."""
    rows = {Path(row["file"]).stem: row for row in _rows(folder)}
    row = rows[choice("kind", kind, rows)]
    path = readable(data_folder() / folder / row["file"], "sheet", "Clone the repository again.")
    sheet, size = load_image(path)[0], row["size"]
    down, across = (side // size for side in sheet.shape[:2])
    tiles = sheet.reshape(down, size, across, size, 3).swapaxes(1, 2)
    return np.ascontiguousarray(tiles.reshape(-1, size, size, 3))


def unpack_faces(kind: str, folder) -> Path:
    """The faces of a kind as PNGs in a new folder, to train with; returns the folder."""
    folder = Path(folder)
    if folder.exists():
        raise InputError(f"{folder} is there already: name a new folder for the faces.")
    folder.mkdir(parents=True)
    for number, face in enumerate(faces(kind)):
        save_image(face[None], folder / f"{kind}_{number:03d}.png")
    return folder


def find_clip(name: str | os.PathLike) -> Path:
    """The file behind the name of a bundled clip, or behind a path. A file comes first."""
    known = {entry.name: entry.path for entry in clips()}
    path = Path(os.path.expanduser(name))
    if str(name) in known and not path.is_file():
        return readable(known[str(name)], "bundled clip", "Clone the repository again.")
    near = did_you_mean(name, known).lstrip()
    return readable(path, "video or bundled clip", f"{near} Bundled: {', '.join(known)}.".lstrip())


def picture(name: str) -> Picture:
    """What is known about a bundled picture."""
    known = {entry.name: entry for entry in pictures()}
    if name not in known:
        near = did_you_mean(name, known)
        raise MissingFile(f"There is no picture {name!r}.{near} Names: {', '.join(known)}.")
    return known[name]


def photo(name: str, size: int | None = None):
    """A bundled photo as (1, height, width, 3), RGB, 0..1; `size` is its longest side at most."""
    return _load(name, size, ("photo",))


def painting(name: str, size: int | None = None):
    """A bundled painting or texture as (1, height, width, 3), RGB, 0..1; `size` as for `photo`."""
    return _load(name, size, ("painting", "texture"))


def find_picture(name: str | os.PathLike) -> Path:
    """The file behind a bundled name or a path: what the command line calls PHOTO and STYLE.

    A file of that name comes first.
    """
    known = {entry.name: entry for entry in pictures()}
    path = Path(os.path.expanduser(name))
    if str(name) in known and not os.path.isfile(path):
        return _file(known[str(name)])
    if os.path.isdir(path):
        raise InputError(
            f"{path} is a folder: name a picture in it; `nstlib folder` paints all of them."
        )
    near = did_you_mean(name, known).lstrip()
    return readable(
        path, "file or bundled picture", f"{near} Bundled: {', '.join(known)}.".lstrip()
    )


def bundled_networks() -> dict[str, dict]:
    """The trained painters that come with the course: name -> its row in weights/manifest.json.

    A row has file, architecture, styles, sha256, bytes, licence and card.
    """
    return {name: row for name, row in _networks().items() if row.get("architecture") != TEXTURE}


def bundled_textures() -> dict[str, dict]:
    """The same for networks that make textures, and paint no photo."""
    return {name: row for name, row in _networks().items() if row.get("architecture") == TEXTURE}


def textures() -> tuple[str, ...]:
    """The names of the textures that come with the course, for `nst.texture`."""
    return tuple(name.removeprefix(PREFIX) for name in bundled_textures())


def _networks() -> dict[str, dict]:
    return {Path(row["file"]).stem: row for row in _rows("weights")}


def _rows(folder: str) -> list[dict]:
    """What a folder of data says of its files; nothing if it is not there."""
    manifest = data_folder() / folder / "manifest.json"
    return json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else []


def _from_row(row: dict, folder: str = "images") -> Picture:
    path = data_folder() / folder / row["file"]
    kind = "photo" if row["file"].startswith("content/") else "painting"
    kind = "texture" if path.stem in TEXTURES else kind
    kind = "clip" if folder == "clips" else kind
    known = ("title", "author", "licence", "source", "taken_from", "width", "height")
    return Picture(name=path.stem, kind=kind, path=path, **{key: row[key] for key in known})


def _load(name: str, size: int | None, kinds: tuple[str, ...]):
    entry = picture(name)
    if entry.kind not in kinds:
        others = ", ".join(other.name for other in pictures() if other.kind in kinds)
        raise InputError(f"{name!r} is a {entry.kind}, not a {' or '.join(kinds)}: {others}.")
    return load_image(_file(entry), size)


def _file(entry: Picture) -> Path:
    return readable(entry.path, "bundled picture", "Clone the repository again: it holds them all.")
