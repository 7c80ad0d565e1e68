"""Networks in files: float16 arrays and a description of what they belong to, in one `.npz`.

Half precision is enough for painting (a picture has 256 levels) and halves the download.
"""

import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from nstlib.backend import keras, own_settings
from nstlib.errors import InputError, WeightsError, choice, did_you_mean
from nstlib.files import data_folder, readable, write
from nstlib.images.bundled import DIFFUSION, TEXTURE, bundled_networks, bundled_textures
from nstlib.networks.adain import adain_light_network, adain_network
from nstlib.networks.blocks import ConditionalInstanceNormalization
from nstlib.networks.diffusion import diffusion_network
from nstlib.networks.stylebank import stylebank_network
from nstlib.networks.texture import texture_network
from nstlib.networks.transform import transform_network

ARCHITECTURES = {
    "johnson": lambda styles: transform_network("johnson", styles=styles),
    "light": lambda styles: transform_network("light", styles=styles),
    "cyclegan": lambda styles: transform_network("cyclegan", styles=styles),
    "stylebank": lambda styles: stylebank_network(styles=styles),
    "adain": lambda styles: adain_network(),  # these two take any style, and know none by name
    "adain-light": lambda styles: adain_light_network(),
    TEXTURE: lambda styles: texture_network(),  # from noise: it takes no picture
    DIFFUSION: lambda styles: diffusion_network(),  # [picture with noise, time] -> velocity
}
PRETRAINED_LAYER = re.compile(r"block\d_conv\d/")  # VGG19's are in a file of their own
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
    return ARCHITECTURES[choice("architecture", architecture, ARCHITECTURES)](styles)


def save_network(trained: PaintingNetwork, path) -> Path:
    """Write a network as float16; the file appears whole or not at all."""
    arrays = {v.path: np.asarray(v.numpy(), "float16") for v in _own_weights(trained.network)}
    known = {"architecture": trained.architecture, "styles": list(trained.styles)}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays, **{ABOUT: np.array(json.dumps(known | trained.about))})
    return write(path, buffer.getvalue())


def _own_weights(network: keras.Model) -> list:
    """The weights that training made, without the pretrained encoder's."""
    return [v for v in network.weights if not PRETRAINED_LAYER.match(v.path)]


def load_network(name, *, to_train=False, texture: bool | None = False) -> PaintingNetwork:
    """A network by its bundled name ("light", "johnson_starry_night", …) or from a file.

    It paints in float32, and whoever loads it again gets the same one; one `to_train`, which
    changes, is a new one, that computes by Keras' global policy if it is a mixed one. With
    `texture` it has to be one that makes textures from noise, without it one that paints pictures;
    None takes both.
    Raises MissingFile for a name that is neither, WeightsError for a file that is damaged, that
    belongs to another architecture, or whose hash is not the one in the bundled list, InputError
    for a network of the other kind.
    """
    path = _network_file(name)
    if to_train:
        trained = _read(path)
    else:
        with own_settings("float32"):
            trained = _read_once(path, path.stat().st_mtime_ns)
    if texture in (None, trained.architecture == TEXTURE):
        return trained
    if texture:
        raise InputError(f"{name} paints pictures and makes no textures: nst.stylizer(…).")
    raise InputError(
        f"{name} makes textures from noise and paints no pictures: nst.texture({str(name)!r}, 512),"
        " or on the command line: nstlib texture."
    )


def _network_file(name) -> Path:
    path, bundled = Path(os.path.expanduser(name)), bundled_networks() | bundled_textures()
    if str(name) not in bundled or path.is_file():
        near, known = did_you_mean(str(name), bundled), ", ".join(bundled) or "none"
        return readable(path, "network", f"{near} Bundled networks: {known}.".lstrip())
    path = data_folder() / "weights" / bundled[str(name)]["file"]
    readable(path, "bundled network", "Clone the repository again.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != bundled[str(name)]["sha256"]:
        raise WeightsError(
            f"{path} is not the file that the list of networks names: its SHA-256 differs. Get it "
            "again (git checkout, or clone), or give the path of your own file under another name."
        )
    return path


@lru_cache(maxsize=8)
def _read_once(path: Path, _changed: int) -> PaintingNetwork:
    return _read(path)


def _read(path: Path) -> PaintingNetwork:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        about = json.loads(str(arrays.pop(ABOUT)))
        architecture, styles = about.pop("architecture"), tuple(about.pop("styles"))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"{path} is not a network that nstlib saved, or it is damaged. Get it again, or train "
            "it: python -m nstlib train --help. (Exports are opened with nst.open_exported.)"
        ) from error
    network = build_network(architecture, len(styles))
    wanted = {v.path: tuple(v.shape) for v in _own_weights(network)}
    given = {key: value.shape for key, value in arrays.items()}
    if different := sorted(wanted.items() ^ given.items()):
        name = different[0][0]
        raise WeightsError(
            f"{path} holds another network than {network.name}: {name} is "
            f"{given.get(name, 'missing')}, not {wanted.get(name, 'there at all')}."
        )
    for variable in _own_weights(network):
        variable.assign(arrays[variable.path].astype("float32"))
    return PaintingNetwork(architecture, styles, network, about)


# --- One style more -------------------------------------------------------------------------------


def with_more_styles(trained: PaintingNetwork, names: Sequence[str]) -> PaintingNetwork:
    """The same network with room for more styles; only what is new can be trained.

    A network with conditional instance normalisation gets a scale and a shift for each new style,
    which start from the mean of the learnt ones (Dumoulin et al. 2017, section 3.2); a StyleBank
    gets a bank (Chen et al. 2017, section 4.3). Train it with `only=` the new numbers: pictures in
    the old styles then stay what they are, to the bit. Raises InputError for a network that takes
    no mix of styles, or names that are not new to it.
    """
    if trained.architecture in (TEXTURE, DIFFUSION):
        raise InputError(
            f"This network is {trained.architecture}, which takes no mix of styles, so that none "
            "can be added. Train another one, or add to one such as light or stylebank."
        )
    if not trained.styles:
        raise InputError("A network for any style has no list of styles that could grow.")
    known = [name for name in names if name in trained.styles]
    if known or not names:
        raise InputError(f"{', '.join(known) or 'nothing'} to add: give names that are new to it.")
    styles = (*trained.styles, *names)
    network = build_network(trained.architecture, len(styles))
    old = {variable.path: variable.numpy() for variable in trained.network.weights}
    for variable in network.weights:
        if variable.path in old:
            table = old[variable.path]
            means = [table.mean(axis=0, keepdims=True)] * (variable.shape[0] - len(table))
            variable.assign(np.concatenate([table, *means]))
    for layer in network.layers:
        bank = re.match(r"bank(\d+)_", layer.name)
        new_bank = bank and int(bank[1]) > len(trained.styles)
        layer.trainable = bool(new_bank) or isinstance(layer, ConditionalInstanceNormalization)
    return PaintingNetwork(trained.architecture, styles, network, dict(trained.about))
