"""Which files are pictures: by their suffix what Pillow can read and write, and what it cannot."""

import importlib.util
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from PIL import EpsImagePlugin, Image, ImageFile

_SUFFIXES = Image.registered_extensions()  # suffix -> format; it loads all of Pillow's formats
# What is written, the usual ones first; .avif where Pillow has been built with it.
EXTENSIONS = tuple(
    suffix
    for suffix in (
        *(".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"),
        *(".gif", ".avif", ".jpe", ".jfif"),
    )
    if _SUFFIXES.get(suffix) in Image.SAVE
)
LOSSY = tuple(suffix for suffix in EXTENSIONS if _SUFFIXES[suffix] in ("JPEG", "WEBP", "AVIF"))
TRANSPARENT = ("PNG", "WEBP", "TIFF", "AVIF", "GIF")  # formats that can hold opacity
READABLE = "JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF and the like can"
HEIF = (".heic", ".heif", ".hif")
FILMS = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".3gp"),
    *(".wmv", ".flv", ".ogv"),
)
OTHERS = (  # vectors, what cameras call raw, and what painting programs keep for themselves
    *(".svg", ".svgz", ".ai", ".eps", ".cdr", ".wmf", ".emf", ".jxl", ".jxr", ".exr", ".hdr"),
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".orf", ".rw2"),
    *(".raf", ".pef", ".srw", ".x3f", ".3fr", ".iiq", ".psb", ".xcf", ".kra", ".avif", ".webp"),
)
INSTALL_HEIF = "pip install pillow-heif, or nstlib[heic],"
ADVICE = {
    HEIF: f"{INSTALL_HEIF} to read them",
    FILMS: "`nstlib video` paints films",
    OTHERS: "export them as JPEG or PNG",
}


def format_of(path: Path) -> str:
    """Pillow's name of the format that a suffix in EXTENSIONS stands for."""
    return _SUFFIXES[path.suffix.lower()]


def has_heif() -> bool:
    """Whether pillow-heif is there, which reads what iPhones write."""
    return importlib.util.find_spec("pillow_heif") is not None


def read_suffixes() -> set[str]:
    """The suffixes of all formats that can be read on this machine."""
    opened = {*Image.OPEN, "MPO"}  # which is a JPEG, and more
    known = {end for end, kind in _SUFFIXES.items() if kind in opened and not is_stub(kind)}
    return known.union(HEIF if has_heif() else ())


def is_stub(kind: str | None) -> bool:
    """Whether Pillow knows files of this format, but cannot read them here."""
    if kind == "EPS":
        return not EpsImagePlugin.has_ghostscript()
    opener = Image.OPEN.get(kind, (None,))[0]
    stub = isinstance(opener, type) and issubclass(opener, ImageFile.StubImageFile)
    return stub or kind == "MPEG"


def sorted_out(root: Path, files: Iterable[Path]) -> tuple[list[Path], str]:
    """The pictures among files under `root`, and what else looks like one, as half a sentence.

    Hidden files, such as the twins `._photo.jpg` that macOS makes, and its folder `__MACOSX` are
    neither. The half sentence counts by suffix and says what to do; it is "" if there is nothing.
    """
    suffixes, pictures, others = read_suffixes(), [], Counter()
    looks = {suffix for several in ADVICE for suffix in several}
    for path in files:
        suffix = path.suffix.lower()
        if not (suffix in suffixes or suffix in looks) or _is_hidden(path.relative_to(root)):
            continue
        if not path.is_file():
            continue
        if suffix in suffixes:
            pictures.append(path)
        else:
            others[suffix] += 1
    return pictures, _counted(others)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _counted(others: Counter) -> str:
    """ "1 .mov, 3 .mp4: `nstlib video` paints films; 2 .svg: export them as JPEG or PNG"."""
    parts = []
    for suffixes, advice in ADVICE.items():
        found = [f"{others[suffix]} {suffix}" for suffix in suffixes if others[suffix]]
        if found:
            parts.append(f"{', '.join(found)}: {advice}")
    return "; ".join(parts)
