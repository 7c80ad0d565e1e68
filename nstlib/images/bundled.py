"""What comes with the course: pictures by name, each with author and licence, and networks.

The pictures are in `data/images` of a clone, the networks in `data/weights`; both travel in an
installed package as `nstlib/_data`. A picture that is missing there is fetched from the repository
and checked by its hash.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nstlib.errors import InputError, MissingFile, did_you_mean
from nstlib.files import data_folder
from nstlib.images.files import load_image

REPOSITORY = "https://raw.githubusercontent.com/nstlib/nst-course/main/data/images/"
KINDS = ("photo", "painting", "texture")
TEXTURES = ("brick", "gravel", "grass")


@dataclass(frozen=True)
class Picture:
    """A bundled picture: what it shows, whose it is, and where its file lies.

    `kind` is "photo", "painting" or "texture"; `source` is the page it was published on; `width`
    and `height` are in pixels; `sha256` is the hash of the file.
    """

    name: str
    kind: str
    title: str
    author: str
    licence: str
    source: str
    width: int
    height: int
    sha256: str
    path: Path


def pictures(kind: str | None = None) -> list[Picture]:
    """All bundled pictures, or those of one kind: "photo", "painting" or "texture"."""
    if kind is not None and kind not in KINDS:
        raise InputError(f"kind is {kind!r}; it can be {', '.join(KINDS)}.")
    return [entry for entry in _manifest(data_folder()) if kind in (None, entry.kind)]


def picture(name: str) -> Picture:
    """What is known about a bundled picture."""
    known = {entry.name: entry for entry in pictures()}
    if name not in known:
        raise MissingFile(_unknown(name, known))
    return known[name]


def photo(name: str, size: int | None = None):
    """A bundled photo as (1, height, width, 3), RGB, 0..1; `size` is its longest side at most."""
    return _load(name, size, ("photo",))


def painting(name: str, size: int | None = None):
    """A bundled painting or texture as (1, height, width, 3), RGB, 0..1; `size` as for `photo`."""
    return _load(name, size, ("painting", "texture"))


def find_picture(name: str | os.PathLike, kind: str | None = None) -> Path:
    """The file behind a bundled name or a path: what the command line calls PHOTO and STYLE.

    A file of that name comes first. `kind` looks among the bundled pictures of one kind only.
    """
    known = {entry.name: entry for entry in pictures(kind)}
    path = Path(os.path.expanduser(name))
    if str(name) in known and not os.path.isfile(path):
        return _fetched(known[str(name)])
    if not os.path.exists(path):
        neighbours = []
        with suppress(OSError):
            neighbours = [str(path.parent / file) for file in os.listdir(path.parent)]
        raise MissingFile(
            f"{str(name)!r} is neither a file nor a bundled picture."
            f"{did_you_mean(str(name), [*known, *neighbours])} Bundled: {', '.join(known)}."
        )
    return path


def bundled_networks() -> dict[str, dict]:
    """The trained networks that come with the course: name -> its row in weights/manifest.json.

    A row has file, architecture, styles, sha256, bytes, licence and card.
    """
    manifest = data_folder() / "weights" / "manifest.json"
    if not manifest.is_file():
        return {}
    rows = json.loads(manifest.read_text(encoding="utf-8"))
    return {Path(row["file"]).stem: row for row in rows}


@lru_cache
def _manifest(folder: Path) -> tuple[Picture, ...]:
    rows = json.loads((folder / "images" / "manifest.json").read_text(encoding="utf-8"))
    return tuple(_from_row(row, folder) for row in rows)


def _from_row(row: dict, folder: Path) -> Picture:
    path = folder / "images" / row["file"]
    kind = "photo" if row["file"].startswith("content/") else "painting"
    kind = "texture" if path.stem in TEXTURES else kind
    known = ("title", "author", "licence", "source", "width", "height", "sha256")
    return Picture(name=path.stem, kind=kind, path=path, **{key: row[key] for key in known})


def _load(name: str, size: int | None, kinds: tuple[str, ...]):
    entry = picture(name)
    if entry.kind not in kinds:
        raise InputError(
            f"{name!r} is a {entry.kind}, not a {' or '.join(kinds)}: "
            f"{', '.join(other.name for other in pictures() if other.kind in kinds)}."
        )
    return load_image(_fetched(entry), size)


def _fetched(entry: Picture) -> Path:
    """The picture's file; if it is not there, a copy from the repository, checked and cached."""
    if entry.path.is_file():
        return entry.path
    try:
        return _download(entry)
    except Exception as error:  # network, proxy, hash, disk: each fails in its own way
        raise MissingFile(
            f"The picture {entry.name!r} is not at {entry.path} and could not be fetched: {error}. "
            "Try again with a network, or clone the repository, which holds it."
        ) from error


def _download(entry: Picture) -> Path:
    import pooch

    if os.environ.get("NSTLIB_OFFLINE", "0") not in ("", "0"):
        raise ConnectionError("NSTLIB_OFFLINE is set")
    file = entry.path.relative_to(entry.path.parents[1]).as_posix()
    cache = Path(os.environ.get("NSTLIB_CACHE") or pooch.os_cache("nstlib")) / "images"
    web = pooch.HTTPDownloader(timeout=float(os.environ.get("NSTLIB_TIMEOUT") or 15))
    found = pooch.retrieve(REPOSITORY + file, entry.sha256, file, path=cache, downloader=web)
    return Path(found)


def _unknown(name: str, known) -> str:
    return f"There is no picture {name!r}.{did_you_mean(name, known)} Names: {', '.join(known)}."
