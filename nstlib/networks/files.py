"""Networks in files: float16 arrays and a description of what they belong to, in one `.npz`.

Half precision is enough for painting (a picture has 256 levels) and halves the download.
"""

import hashlib
import io
import json
import os
import re
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from nstlib.backend import keras
from nstlib.errors import InputError, MissingFile, WeightsError, did_you_mean
from nstlib.files import data_folder, write
from nstlib.images.bundled import bundled_networks
from nstlib.networks.adain import adain_light_network, adain_network
from nstlib.networks.stylebank import stylebank_network
from nstlib.networks.transform import transform_network

ARCHITECTURES = {
    "johnson": lambda styles: transform_network("johnson", styles=styles),
    "light": lambda styles: transform_network("light", styles=styles),
    "stylebank": lambda styles: stylebank_network(styles=styles),
    "adain": lambda styles: adain_network(),  # these two take any style, and know none by name
    "adain-light": lambda styles: adain_light_network(),
}
PRETRAINED_LAYER = re.compile(r"block\d_conv\d/")  # VGG19's are in a file of their own
EXPORTS = (".onnx", ".tflite")
ABOUT = "about"  # the entry that is not an array of the network


@dataclass(frozen=True)
class PaintingNetwork:
    """A trained network and what it was trained for.

    `network` takes [picture, mix]; `styles` names what each place of the mix stands for. One for
    any style has no `styles` and takes [picture, style, …], as `nstlib.networks.adain` says.
    `about` is whatever was noted at saving (steps, recipe, size of the style pictures).
    """

    architecture: str
    styles: tuple[str, ...]
    network: keras.Model
    about: dict = field(default_factory=dict)


def build_network(architecture: str, styles: int) -> keras.Model:
    """An untrained network [picture, …] -> painting, by the name of its architecture."""
    if architecture not in ARCHITECTURES:
        hint = did_you_mean(architecture, ARCHITECTURES)
        known = ", ".join(ARCHITECTURES)
        raise InputError(f"There is no architecture {architecture!r}.{hint} There are {known}.")
    return ARCHITECTURES[architecture](styles)


def save_network(trained: PaintingNetwork, path) -> Path:
    """Write a network as float16; the file appears whole or not at all."""
    arrays = {v.path: np.asarray(v.numpy(), "float16") for v in _own_weights(trained.network)}
    about = {
        "architecture": trained.architecture,
        "styles": list(trained.styles),
        **trained.about,
    }
    buffer = io.BytesIO()
    np.savez(buffer, **arrays, **{ABOUT: np.array(json.dumps(about))})
    return write(path, buffer.getvalue())


def _own_weights(network: keras.Model) -> list:
    """The weights that training made, without the pretrained encoder's."""
    return [v for v in network.weights if not PRETRAINED_LAYER.match(v.path)]


def load_network(name, *, to_train: bool = False) -> PaintingNetwork:
    """A network by its bundled name ("light", "johnson_starry_night", …) or from a file.

    Whoever loads it again gets the same one, unless it is `to_train`, which changes it.
    Raises MissingFile for a name that is neither, WeightsError for a file that is damaged, that
    belongs to another architecture, or whose hash is not the one in the bundled list.
    """
    path = _network_file(name)
    if to_train:
        return _read(path)
    return _loaded(path, path.stat().st_mtime_ns, keras.config.dtype_policy().name)


def _network_file(name) -> Path:
    bundled = bundled_networks()
    path = Path(os.path.expanduser(name))
    if str(name) in bundled and not path.is_file():
        path = data_folder() / "weights" / bundled[str(name)]["file"]
        _check_hash(path, bundled[str(name)]["sha256"])
    if not path.is_file():
        hint = did_you_mean(str(name), bundled)
        raise MissingFile(
            f"{str(name)!r} is neither a file nor a bundled network.{hint} "
            f"Bundled: {', '.join(bundled) or 'none'}."
        )
    return path


def _check_hash(path: Path, expected: str) -> None:
    if not path.is_file():
        raise MissingFile(f"The bundled network {path} is missing: clone the repository again.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise WeightsError(
            f"{path} is not the file that the list of networks names: its SHA-256 differs. Get it "
            "again (git checkout, or clone), or give the path of your own file under another name."
        )


@lru_cache(maxsize=8)
def _loaded(path: Path, _changed: int, _policy: str) -> PaintingNetwork:
    return _read(path)


def _read(path: Path) -> PaintingNetwork:
    if path.suffix.lower() in EXPORTS:
        raise WeightsError(
            f"{path} is an export, for programs without Keras: nst.open_exported(…) paints with "
            "it. Here the network itself is needed, a .npz or a bundled name."
        )
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        about = json.loads(str(arrays.pop(ABOUT)))
        architecture, styles = about.pop("architecture"), tuple(about.pop("styles"))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"{path} is not a network that nstlib saved, or it is damaged. Get it again, or train "
            "it: python -m nstlib train --help."
        ) from error
    network = build_network(architecture, len(styles))
    _fill(network, arrays, path)
    return PaintingNetwork(architecture, styles, network, about)


def _fill(network: keras.Model, arrays: dict, path: Path) -> None:
    """Set the weights by name; names and shapes have to be exactly the network's."""
    wanted = {v.path: tuple(v.shape) for v in _own_weights(network)}
    given = {key: value.shape for key, value in arrays.items()}
    if wanted != given:
        different = sorted(set(wanted.items()) ^ set(given.items()))[0][0]
        raise WeightsError(
            f"{path} holds another network than {network.name}: {different} is "
            f"{given.get(different, 'missing')}, not {wanted.get(different, 'there at all')}."
        )
    for variable in _own_weights(network):
        variable.assign(arrays[variable.path].astype("float32"))
