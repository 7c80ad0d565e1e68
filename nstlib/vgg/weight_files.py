"""Files that hold a trained VGG network: read in three formats, checked against the table.

Whatever the format, a network becomes `Layers`: {"block1_conv1": (kernel, bias), …}, float32, the
kernel as (height, width, channels in, channels out), for pictures in BGR.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from nstlib.errors import WeightsError

Layers = dict[str, tuple[np.ndarray, np.ndarray]]

# Simonyan & Zisserman 2015, table 1: channels of the five blocks, and convolutions in each.
CHANNELS = (64, 128, 256, 512, 512)
CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


def kernel_shapes(network: str) -> dict[str, tuple[int, int, int, int]]:
    """{"block1_conv1": (3, 3, 3, 64), …}: height, width, channels in, channels out."""
    shapes, channels = {}, 3
    for block, (count, width) in enumerate(zip(CONVOLUTIONS[network], CHANNELS, strict=True), 1):
        for conv in range(1, count + 1):
            shapes[f"block{block}_conv{conv}"] = (3, 3, channels, width)
            channels = width
    return shapes


def read_h5(path: Path) -> Layers:
    """Keras' old and new ways: block1_conv1/block1_conv1_W_1:0, block1_conv1/…/kernel:0, vars/0."""
    import h5py

    datasets = {}
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: datasets.update({name: item}))
        return _by_layer((name, item) for name, item in datasets.items() if hasattr(item, "ndim"))


def read_npz(path: Path) -> Layers:
    with opened_npz(path) as archive:
        return _by_layer((name, archive[name]) for name in archive.files)


@contextmanager
def opened_npz(path: Path) -> Iterator[np.lib.npyio.NpzFile]:
    """As np.load, which by itself forgets to close a damaged file; Windows then cannot move it."""
    with open(path, "rb") as file, np.load(file) as archive:
        yield archive


def _by_layer(items: Iterable) -> Layers:
    """Sort (name, array) pairs into layers: what has four axes is a kernel, what has one a bias."""
    kernels, biases = {}, {}
    for name, array in items:
        layer = re.search(r"block\d_conv\d", name)
        if layer and array.ndim in (1, 4):
            (kernels if array.ndim == 4 else biases).setdefault(layer[0], np.asarray(array))
    return {layer: (kernels[layer], biases[layer]) for layer in kernels.keys() & biases.keys()}


def read_mat(path: Path) -> Layers:
    """MatConvNet's imagenet-vgg-verydeep-19.mat, in either of its two generations.

    Its converter (MatConvNet's utils/import-caffe.py) writes kernels as (height, width, in, out),
    the order that we use, so nothing is transposed here. Loaders that do transpose, after
    anishathalye/neural-style, turn every kernel over its diagonal. The converter also reverses the
    first layer's input channels, so that the network takes RGB; here that is reversed back to BGR.
    """
    from scipy.io import loadmat

    layers = {}
    for layer in loadmat(path, simplify_cells=True)["layers"]:
        name = re.fullmatch(r"conv(\d)_(\d)", str(layer["name"]))
        if name:
            pair = layer["weights"] if "weights" in layer else (layer["filters"], layer["biases"])
            layers[f"block{name[1]}_conv{name[2]}"] = (pair[0], pair[1])
    kernel, bias = layers["block1_conv1"]
    return layers | {"block1_conv1": (kernel[:, :, ::-1], bias)}


READERS = {".h5": read_h5, ".hdf5": read_h5, ".npz": read_npz, ".mat": read_mat}


def checked(layers: Layers, network: str) -> Layers:
    """The layers in order, float32, if they are this network's and finite; else WeightsError."""
    expected, found = kernel_shapes(network), {}
    wrong = sorted(layers.keys() ^ expected.keys())
    if wrong:
        raise WeightsError(f"layers missing, or not of {network.upper()}: {', '.join(wrong)}")
    for name, shape in expected.items():
        kernel, bias = (np.array(array, np.float32, order="C") for array in layers[name])
        if kernel.shape != shape or bias.shape != shape[-1:]:
            raise WeightsError(f"{name} has shapes {kernel.shape}, {bias.shape}, expected {shape}")
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise WeightsError(f"{name} has values that are not finite")
        found[name] = kernel, bias
    return found
