"""Pack a trained VGG19 into 8 bits a weight, the way data/weights/vgg19.npz is.

    python tools/pack_vgg19.py SOURCE OUT.npz

SOURCE is any file that `nst.load_vgg_weights` reads. Each layer gets 256 values, and for each of
its weights the number of the nearest of them. A layer that has no more than 256 different values
loses nothing; else they are found by k-means. Biases stay float32. Prints the SHA-256 of OUT.
"""

import argparse
import hashlib
import io
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from nstlib.files import write  # noqa: E402 - found beside this folder
from nstlib.vgg.weights import load_vgg_weights  # noqa: E402

VALUES, ROUNDS = 256, 30


def packed(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A kernel -> codes of its shape (uint8), and the 256 values (float32) that they stand for."""
    values, codes = np.unique(kernel, return_inverse=True)
    if len(values) <= VALUES:
        values = np.pad(values, (0, VALUES - len(values)))
        return codes.reshape(kernel.shape).astype("uint8"), values
    counts, edges = np.histogram(kernel, 2048)  # values go by its cube root
    ranks = np.append(0, np.cbrt(counts).cumsum())
    values = np.interp((np.arange(VALUES) + 0.5) / VALUES * ranks[-1], ranks, edges)
    for _ in range(ROUNDS):  # Lloyd's algorithm on a line, where the cells are intervals
        codes = np.searchsorted((values[1:] + values[:-1]) / 2, kernel.ravel())
        counts, sums = np.bincount(codes, None, VALUES), np.bincount(codes, kernel.ravel(), VALUES)
        values = np.where(counts > 0, sums / np.maximum(counts, 1), values)
    return codes.reshape(kernel.shape).astype("uint8"), values.astype("float32")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    arrays, content = {}, io.BytesIO()
    for layer, (kernel, bias) in load_vgg_weights("vgg19", args.source).arrays.items():
        codes, values = packed(kernel)
        arrays |= {f"{layer}/codes": codes, f"{layer}/values": values, f"{layer}/bias": bias}
    np.savez_compressed(content, **arrays)
    print(hashlib.sha256(content.getvalue()).hexdigest(), write(args.out, content.getvalue()))


if __name__ == "__main__":
    main()
