"""Files that hold a trained VGG network: read in three formats, checked against the table.

Whatever the format, a network becomes `Layers`: {"block1_conv1": (kernel, bias), …}, float32, the
kernel as (height, width, channels in, channels out), for pictures in BGR.
"""

import re
from pathlib import Path

import numpy as np

from nstlib.errors import InputError, WeightsError
from nstlib.vgg.table import kernel_shapes

Layers = dict[str, tuple[np.ndarray, np.ndarray]]


def read_weights(path: Path, network: str) -> Layers:
    """The layers in a file, if they are this network's; else a WeightsError that says why not."""
    if path.suffix.lower() not in READERS:
        raise InputError(f"{path} is not a weights file: it can be {', '.join(READERS)}.")
    try:
        return _checked(READERS[path.suffix.lower()](path), network)
    except Exception as error:  # three libraries read these files, and each fails in its own ways
        kind = "" if isinstance(error, WeightsError) else f"{type(error).__name__}: "
        message = f"{path} cannot be used as {network.upper()}: {kind}{error}"
        raise WeightsError(message) from error


def _checked(layers: Layers, network: str) -> Layers:
    """The layers in order, float32, if they are this network's and finite; else WeightsError."""
    expected, found = kernel_shapes(network), {}
    wrong = sorted(layers.keys() ^ expected.keys())
    if wrong:
        raise WeightsError(f"layers missing, or not of {network.upper()}: {', '.join(wrong)}")
    for name, shape in expected.items():
        kernel, bias = (np.asarray(array, np.float32, order="C") for array in layers[name])
        if kernel.shape != shape or bias.shape != shape[-1:]:
            raise WeightsError(f"{name} has shapes {kernel.shape}, {bias.shape}, expected {shape}")
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise WeightsError(f"{name} has values that are not finite")
        found[name] = kernel, bias
    return found


def _read_h5(path: Path) -> Layers:
    """Keras' old and new ways: block1_conv1/block1_conv1_W_1:0, block1_conv1/…/kernel:0, vars/0."""
    import h5py

    items = {}
    with h5py.File(path, "r") as file:
        file.visititems(items.__setitem__)
        return _by_layer(items)


def _read_npz(path: Path) -> Layers:
    """A kernel and a bias for each layer, or the kernel as `codes` (uint8) and their 256 `values`.

    The file is opened here because np.load forgets to close a damaged one.
    """
    with open(path, "rb") as file, np.load(file) as archive:
        arrays = dict(archive)
    for name in [name for name in arrays if name.endswith("/codes")]:
        values = arrays.pop(name.replace("/codes", "/values"))
        arrays[name] = np.take(values, arrays[name])
    return _by_layer(arrays)


def _by_layer(items: dict) -> Layers:
    """Named arrays, sorted into layers: what has four axes is a kernel, what has one a bias."""
    found = {1: {}, 4: {}}
    for name, item in items.items():
        layer, axes = re.search(r"block\d_conv\d", name), getattr(item, "ndim", None)  # or a group
        if layer and axes in found:
            found[axes].setdefault(layer[0], np.asarray(item))
    biases, kernels = found.values()
    return {layer: (kernels[layer], biases[layer]) for layer in kernels.keys() & biases.keys()}


def _read_mat(path: Path) -> Layers:
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


READERS = {".h5": _read_h5, ".hdf5": _read_h5, ".npz": _read_npz, ".mat": _read_mat}
