"""Trained VGG weights: which copy is taken.

`load_vgg_weights` takes the first of these that applies:

1. a file that you name, by `weights=PATH` or the environment variable NSTLIB_VGG19 (NSTLIB_VGG16);
2. for VGG19 the copy that comes with the course, `data/weights/vgg19.npz`: 8 bits for each weight,
   decoded when it is used. `data/weights/vgg19.md` tells where it is from;
3. for VGG16, and for VGG19 with `weights="full"`, Keras' own file in full precision. Keras fetches
   it once and keeps it in ~/.keras/models (KERAS_HOME names another folder than ~/.keras).

Nothing else touches the network.
"""

import hashlib
import os
import socket
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nstlib.errors import NstError, WeightsError, choice
from nstlib.files import data_folder, readable
from nstlib.machine import keras_home
from nstlib.vgg.table import PRETRAINED, kernel_shapes
from nstlib.vgg.weight_files import Layers, read_weights

BUNDLED = "weights/vgg19.npz"
BUNDLED_SHA256 = "5a8891956df463d264589b40121269674aa6744cd03aca62d5ee2ded629db09e"

# The files that Keras itself fetches, and their MD5: it publishes no SHA-256.
WEB = "https://storage.googleapis.com/tensorflow/keras-applications"
OFFICIAL = {
    "vgg16": "6d6bbae143d832006294945121d1f1fc",
    "vgg19": "253f8cb515780f3b799900260a226db6",
}
PATIENCE = 30  # seconds for a host that does not answer; Keras would wait for ever


class VGGWeights(NamedTuple):
    """The numbers of a trained VGG network, and where they came from.

    `arrays` maps each convolution, "block1_conv1" and so on, to its kernel (height, width, channels
    in, channels out) and bias (channels out), float32, for pictures in BGR, 0..255, minus the mean
    colour of ImageNet. `origin` says in one line which copy this is.
    """

    arrays: Layers
    origin: str


class WeightsStatus(NamedTuple):
    ready: bool
    line: str


def load_vgg_weights(network: str = "vgg19", weights: str | os.PathLike = "imagenet") -> VGGWeights:
    """The weights of "vgg19" or "vgg16".

    `weights` is "imagenet" (the route at the top of this module), "full" (Keras' own file), a file
    (.h5 of Keras, .npz, .mat of MatConvNet), or "random" for an untrained network, which warns.
    Raises WeightsError when no copy can be had or a file does not hold this network, MissingFile
    when a named file is not there.
    """
    choice("network", network, PRETRAINED, 'build_vgg(…, weights="random") has the others.')
    if weights == "random":
        return _random(network)
    path, origin = _copy(network, weights)
    if path == _keras_file(network):
        _fetch(network)
    return VGGWeights(read_weights(path, network), origin)


def weights_status(network: str = "vgg19") -> WeightsStatus:
    """Whether the weights are at hand, and which copy, in a line. Fetches and decodes nothing."""
    try:
        path, origin = _copy(network, "imagenet")
    except NstError as error:
        return WeightsStatus(False, str(error))
    missing = f"not here yet; Keras fetches it on first use and keeps it in {path}"
    return WeightsStatus(path.is_file(), origin if path.is_file() else missing)


def _copy(network: str, weights: str | os.PathLike) -> tuple[Path, str]:
    """The file that is taken, Keras' own perhaps not here yet, and its origin in a line."""
    variable = f"NSTLIB_{network.upper()}"
    named = {"imagenet": os.environ.get(variable), "full": None}.get(weights, weights)
    if named:
        hint = f"Weights are 'imagenet', 'full', 'random' or a file, named here or in {variable}."
        path, how = readable(named, "weights file", hint), "from your file"
    elif network == "vgg19" and weights == "imagenet":
        path, how = _bundled(), "in 8 bits, from"
    else:
        path, how = _keras_file(network), "in full, from"
    return path, f"{network.upper()} {how} {path}"


def _bundled() -> Path:
    """The file with the 8-bit VGG19, if it is whole."""
    path = data_folder() / BUNDLED
    if not path.is_file():
        problem = "is missing"
    elif hashlib.sha256(path.read_bytes()).hexdigest() != BUNDLED_SHA256:
        problem = "is damaged (its SHA-256 is another)"
    else:
        return path
    raise WeightsError(
        f"{path} {problem}. Bring it back with `git checkout -- data/{BUNDLED}`, or clone the "
        "course again, or install nstlib again."
    )


def _keras_file(network: str) -> Path:
    return keras_home() / "models" / f"{network}_weights_tf_dim_ordering_tf_kernels_notop.h5"


def _fetch(network: str) -> None:
    """Fetch Keras' own file if it is not here yet, with the hash that Keras knows."""
    from nstlib.backend import keras  # only here: a file is read without a deep-learning library

    path, before = _keras_file(network), socket.getdefaulttimeout()
    address = f"{WEB}/{network}/{path.name}"
    where = {"cache_dir": str(path.parent.parent), "cache_subdir": path.parent.name}
    socket.setdefaulttimeout(PATIENCE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        keras.utils.get_file(path.name, address, file_hash=OFFICIAL[network], **where)
    except Exception as error:  # network, proxy, hash, disk: each fails in its own ways
        raise WeightsError(
            f"Keras could not fetch the weights of {network.upper()}: {error}. Download {address} "
            f"where the web is open, and set NSTLIB_{network.upper()} to that file."
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def _random(network: str) -> VGGWeights:
    """An untrained network: He-normal kernels (He et al. 2015), no biases, the same every time."""
    warnings.warn(
        f"*** RANDOM WEIGHTS *** This {network.upper()} has never seen a picture. It serves tests "
        "and lessons on untrained networks; a painting made with it is not style transfer.",
        stacklevel=3,
    )
    generator, layers = np.random.default_rng(0), {}
    for name, shape in kernel_shapes(network).items():
        kernel = generator.standard_normal(shape, np.float32)
        kernel *= np.float32(np.sqrt(2 / np.prod(shape[:3])))
        layers[name] = kernel, np.zeros(shape[-1], np.float32)
    return VGGWeights(layers, f"{network.upper()} with RANDOM weights, untrained")
