"""What is to paint, said in an `Engine`: checked early, built late, comparable and picklable."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from nstlib.errors import InputError, choice, number

# The engines, and the network that each runs if no other is named.
ENGINES = {
    "gatys": None,  # by gradient descent; its options are those of `nst.GatysPainter`
    "fast": "light",  # in one pass, in the styles that the network was trained for
    "adain": "adain",  # in one pass, in the style of any painting
    "adain-light": "adain-light",
    "diffusion": "diffusion",  # in steps, out of noise, as the painter that it learnt from
}
ANY_STYLE = ("adain", "adain-light")
CANVAS_OPTIONS = ("palette", "ground")
ANY_STYLE_OPTIONS = (*CANVAS_OPTIONS, "alpha", "style_size")
DIFFUSION_OPTIONS = ("noise", "steps", "seed")
# On a CPU these take 0.24 to 0.60 of Keras' time in ONNX Runtime and differ by rounding only; adain
# gains least, 0.70, and its file, which holds VGG19, takes longest to make (benchmarks/export.py).
FASTER_IN_ONNX = ("light", "johnson", "cyclegan", "stylebank", "adain-light")


@dataclass(frozen=True, eq=False)
class Engine:
    """What is to paint: an engine, a style, and how. Checked when made, built when needed.

    The arguments are those of `stylizer`, with `name` one of ENGINES. Two engines that are equal
    paint alike (`key`); one can be pickled, sent to another process, and built there. Raises
    InputError for what the engine does not take.
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
        if self.style is None and self.name != "diffusion":
            raise InputError(f'Name the painting for {self.name!r}, such as style="the_scream".')
        if self.name not in ("gatys", "diffusion"):
            self._check_network()
        elif (self.runtime, self.threads, self.tile) != (None, 0, None):
            raise InputError(f"runtime, threads, tile: {self.name!r} takes none of these.")
        if self.name == "gatys" and self.network is not None:
            raise InputError("network: 'gatys' takes none.")
        if self.name == "diffusion":
            self._check_diffusion()

    def _check_diffusion(self) -> None:
        if unknown := set(self.options).difference(DIFFUSION_OPTIONS):
            raise InputError(
                f"{', '.join(sorted(unknown))}: diffusion takes {', '.join(DIFFUSION_OPTIONS)}."
            )
        number("noise", self.options.get("noise", 0), 0, 1, hint="0 is the photo.")
        number("steps", self.options.get("steps", 1), 1, whole=True)
        number("seed", self.options.get("seed", 0), 0, whole=True)

    def _check_network(self) -> None:
        any_style = self.name in ANY_STYLE or self.network is not None
        unknown = set(self.options).difference(ANY_STYLE_OPTIONS if any_style else CANVAS_OPTIONS)
        if unknown:
            raise InputError(
                f"{', '.join(sorted(unknown))}: a network of named styles takes "
                f"{', '.join(CANVAS_OPTIONS)}, adain and adain-light take "
                f"{', '.join(ANY_STYLE_OPTIONS)}, and gatys others."
            )
        number("palette", self.options.get("palette", 1), 0, 1, hint="0 keeps the photo's colours.")
        number("ground", self.options.get("ground", 1), 0, 1, hint="0 paints on the bare photo.")
        number("threads", self.threads, 0, whole=True, hint="0 takes all cores.")
        if self.runtime is not None:
            choice("runtime", self.runtime, ("keras", "onnx"))
        if self.tile is not None and self.runtime == "onnx":
            raise InputError("tile is for runtime='keras': leave one of the two out.")

    @property
    def its_network(self) -> str | os.PathLike:
        """The network that is named, else the first of the bundled ones that knows the style."""
        usual, asked = ENGINES[self.name], self.style
        if self.network is not None or self.name != "fast" or not isinstance(asked, str | Mapping):
            return self.network or usual
        from nstlib.images.bundled import bundled_networks

        asked = {asked} if isinstance(asked, str) else set(asked)
        known = {name: row["styles"] for name, row in bundled_networks().items()}
        knowing = [name for name in known if asked <= set(known[name])]
        return usual if usual in knowing or not knowing else knowing[0]

    def key(self) -> str:
        """A hash of all that decides what a painting looks like, files by their content.

        So it tells whether work that was begun can be gone on with; `runtime` and `threads` change
        nothing but rounding and have no part in it.
        """
        from nstlib.images.bundled import bundled_networks

        network = self.its_network
        version = bundled_networks().get(str(network), {}).get("sha256")
        return fingerprint((self.name, self.style, network, version, self.tile, self.options))

    def __eq__(self, other):
        return isinstance(other, Engine) and self.key() == other.key()

    def __hash__(self):
        return hash(self.key())


def fingerprint(value) -> str:
    """A hash, 16 hexadecimal digits, of settings: the same in every process for numbers, texts,
    arrays, dicts and lists of these, files, by their content, and functions, by name and code."""
    return digest(repr(_said(value)).encode())[:16]


def digest(content: bytes) -> str:
    """The SHA-256, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _said(value):
    """A value in words, without places in memory."""
    value = getattr(value, "engine", value)
    if isinstance(value, Engine):
        return value.key()
    if isinstance(value, Mapping):
        return sorted([str(_said(name)), _said(one)] for name, one in value.items())
    if isinstance(value, list | tuple):
        return [_said(one) for one in value]
    if isinstance(value, partial):
        return _said((value.func, value.args, value.keywords))
    if isinstance(value, str | os.PathLike):
        path = Path(os.path.expanduser(value))
        return digest(path.read_bytes()) if os.path.isfile(path) else str(value)
    if hasattr(value, "shape"):
        import numpy as np  # not above: `--help` reads the table of engines

        return value.shape, digest(np.ascontiguousarray(value).tobytes())
    if not hasattr(value, "__qualname__"):
        return repr(value)
    code = getattr(value, "__code__", None)
    constants = [one for one in code.co_consts if not hasattr(one, "co_code")] if code else []
    return value.__module__, value.__qualname__, getattr(code, "co_code", b""), constants
