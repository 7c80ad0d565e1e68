"""Reads the 8-bit VGG19 that travels in the package index, without PyTorch and without trusting it.

The file is a `torch.save` stream of the kind used before PyTorch 1.6: pickles that describe the
tensors, then their raw numbers. A pickle may name any Python function and have it called, so the
unpickler here knows four names, all harmless, and refuses every other.
"""

import math
import pickle
import struct
from collections import OrderedDict
from typing import BinaryIO, NamedTuple

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class _Tensor(NamedTuple):
    """What the pickle tells about one tensor: which storage holds it, and its shape."""

    storage: tuple[str, str, int]  # key, dtype, number of values
    shape: tuple[int, ...]


def _describe_tensor(storage, offset, shape, stride, *_) -> _Tensor:
    """Stands in for PyTorch's function of the same arguments. One whole storage, row by row."""
    steps = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
    if offset != 0 or tuple(stride) != steps or math.prod(shape) != storage[2]:
        raise pickle.UnpicklingError(f"a tensor of shape {shape} does not fill its storage")
    return _Tensor(storage, tuple(shape))


ALLOWED = {
    ("torch._utils", "_rebuild_tensor_v2"): _describe_tensor,
    ("torch", "FloatStorage"): "<f4",
    ("torch", "ByteStorage"): "|u1",
    ("collections", "OrderedDict"): OrderedDict,
}


class _RestrictedUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which is refused")
        return ALLOWED[module, name]

    def persistent_load(self, saved_id):
        _, dtype, key, _, count, *_ = saved_id  # 'storage', dtype, key, 'cpu', count, None
        return key, dtype, count


def read_torch_stream(file: BinaryIO) -> dict[str, np.ndarray]:
    """A stream of float32 and uint8 tensors -> {name: array}.

    Raises `pickle.UnpicklingError` for anything else: another format, a forbidden name in the
    pickle, or a file that ends too early.
    """
    magic, protocol, _, tensors, keys = (_RestrictedUnpickler(file).load() for _ in range(5))
    if (magic, protocol) != (MAGIC, PROTOCOL):
        raise pickle.UnpicklingError("this is not a torch.save stream of protocol 1001")
    storages = {tensor.storage[0]: tensor.storage for tensor in tensors.values()}
    data = {key: _read_storage(file, *storages[key][1:]) for key in keys}
    return {name: data[tensor.storage[0]].reshape(tensor.shape) for name, tensor in tensors.items()}


def _read_storage(file: BinaryIO, dtype: str, count: int) -> np.ndarray:
    """One storage: how many values as a 64-bit integer, then the values, all little-endian."""
    head, size = file.read(8), count * np.dtype(dtype).itemsize
    raw = file.read(size)
    if head != struct.pack("<q", count) or len(raw) != size:
        raise pickle.UnpicklingError("the file ends too early or is damaged")
    return np.frombuffer(raw, dtype)


def read_quantised_vgg(file: BinaryIO) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """An 8-bit VGG -> {"block1_conv1": (kernel, bias), …}, float32.

    Kernels are (height, width, channels in, channels out), as Keras has them. In the file each
    layer has a table of 256 values (found by k-means) and, for each weight, the number of its entry
    in that table, stored (out, in, height, width).
    """
    tensors = read_torch_stream(file)
    layers = [name.removesuffix("_W_q") for name in tensors if name.endswith("_W_q")]
    return {layer: (_kernel(tensors, layer), tensors[f"{layer}_b"]) for layer in layers}


def _kernel(tensors: dict[str, np.ndarray], layer: str) -> np.ndarray:
    values = tensors[f"{layer}_W_table"][tensors[f"{layer}_W_q"]]
    return np.ascontiguousarray(values.transpose(2, 3, 1, 0))
