"""What is to paint, said in an `Engine`: checked early, built late, comparable and picklable."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nstlib.errors import InputError, choice, number

# What each engine takes beside a style, and the network it runs if no other is named.
ENGINES = {
    "gatys": None,  # by gradient descent; its options are those of `style_transfer`
    "fast": "light",  # in one pass, in the styles that the network was trained for
    "adain": "adain",  # in one pass, in the style of any painting
    "adain-light": "adain-light",
}
ANY_STYLE = ("adain", "adain-light")
ANY_STYLE_OPTIONS = ("alpha", "style_size", "palette")
RUNTIMES = ("keras", "onnx")
# Measured (benchmarks/engines.py): a convolution network's painting takes 0.4 to 0.7 of the time in
# ONNX Runtime on a CPU, and differs by rounding only; adain, which carries VGG19, gains nothing.
FASTER_IN_ONNX = ("light", "johnson", "stylebank", "adain-light")


@dataclass(frozen=True)
class Engine:
    """What is to paint: an engine, a style, and how. Checked when made, built when needed.

    The arguments are those of `stylizer`, with `name` one of ENGINES. Two engines that are equal
    paint alike; one can be pickled, sent to another process, and built there.
    """

    name: str
    style: object = None
    network: str | os.PathLike | None = None
    runtime: str | None = None
    threads: int = 0
    tile: int | None = None
    options: Mapping = field(default_factory=dict)

    def __post_init__(self):
        choice("The engine", self.name, ENGINES)
        if self.style is None:
            raise InputError(
                f'Name the painting: nst.stylizer("{self.name}", style="starry_night").'
            )
        if self.name == "gatys":
            if (self.network, self.runtime, self.tile) != (None, None, None):
                raise InputError("network, runtime and tile are for networks: 'gatys' takes none.")
            return
        unknown = [option for option in self.options if option not in ANY_STYLE_OPTIONS]
        if unknown or (self.options and self.network is None and self.name == "fast"):
            raise InputError(
                f"{', '.join(unknown or self.options)}: a network of named styles takes no such "
                "thing; adain, adain-light or gatys may: nst.stylizer('gatys', …)."
            )
        if "palette" in self.options:
            number("palette", self.options["palette"], 0, 1, hint="0 leaves the photo's colours.")
        if self.runtime is not None:
            choice("runtime", self.runtime, RUNTIMES)
        if self.tile is not None and self.runtime == "onnx":
            raise InputError("tile is for runtime='keras': leave one of the two out.")

    def key(self) -> str:
        """A hash of all that decides what a painting looks like, files by their content."""
        said = (self.name, self.style, self.network, self.tile, self.options)
        return hashlib.sha256(repr(_said(said)).encode()).hexdigest()[:16]


def _said(value):
    """A value in words: what a file holds for its path, and numbers for an array."""
    if isinstance(value, Mapping):
        return sorted((str(name), _said(one)) for name, one in value.items())
    if isinstance(value, list | tuple):
        return [_said(one) for one in value]
    if hasattr(value, "shape"):
        array = np.asarray(value)
        return array.shape, hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    if isinstance(value, str | os.PathLike):
        path = Path(os.path.expanduser(value))
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else str(value)
    return repr(value)
