"""What does each export weigh, how fast does it paint, and how near to Keras?

    python benchmarks/export.py [--size 512] [--calls 10] [--threads 2] [--networks light adain]

Every bundled network, exported for one style: Keras on TensorFlow as it is, ONNX in ONNX Runtime
and in OpenCV's DNN module, LiteRT with float16 weights (XNNPACK), and a SavedModel in TensorFlow.
Each call is from a picture in memory to a picture in memory; the runtimes of a network take turns,
in another's turn nothing else runs, and the table gives warm medians. The difference is the largest
of any value, 0..1, from what Keras paints of the same photo. MB are of a million bytes; Keras' is
the network's own file, to which "adain" needs VGG19's weights, which the exports hold.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from fast_vs_peers import PAUSE, ROOT

sys.path.insert(0, str(ROOT))

import nstlib as nst  # noqa: E402 - found beside this folder
from nstlib.cli.export import megabytes  # noqa: E402

STYLE = "starry_night"  # every bundled network knows it, or can look at it
RUNTIMES = ("Keras, TensorFlow", "ONNX Runtime", "OpenCV DNN", "LiteRT float16", "SavedModel")


def painters(name: str, folder: Path, threads: int) -> tuple[dict, dict]:
    """(runtime -> function picture -> painting, runtime -> MB)."""
    from nstlib.export.reader import open_exported
    from nstlib.export.tensorflow import export_litert, export_saved_model
    from nstlib.networks.conditions import conditions

    trained = nst.load_network(name)
    condition = conditions(trained, STYLE)
    files = {
        "ONNX Runtime": nst.export_onnx(name, folder / f"{name}.onnx", STYLE),
        "LiteRT float16": export_litert(name, folder / f"{name}.tflite", STYLE),
        "SavedModel": export_saved_model(name, folder / name, STYLE),
    }
    paint = {runtime: open_exported(path, threads) for runtime, path in files.items()}
    paint["OpenCV DNN"] = opencv(files["ONNX Runtime"], threads)
    paint["Keras, TensorFlow"] = lambda picture: np.asarray(
        trained.network([picture, *condition], training=False)
    )
    size = {runtime: megabytes(path) for runtime, path in files.items()}
    size["OpenCV DNN"] = size["ONNX Runtime"]
    own = nst.data_folder() / "weights" / nst.bundled_networks()[name]["file"]
    return paint, size | {"Keras, TensorFlow": megabytes(own)}


def opencv(path: Path, threads: int):
    import cv2

    cv2.setNumThreads(threads)
    network = cv2.dnn.readNetFromONNX(str(path))

    def paint(picture: np.ndarray) -> np.ndarray:
        network.setInput(np.ascontiguousarray(picture.transpose(0, 3, 1, 2)))
        return network.forward().transpose(0, 2, 3, 1)

    return paint


def measure(paint: dict, picture: np.ndarray, calls: int) -> tuple[dict, dict]:
    """(runtime -> warm median in seconds, runtime -> largest difference from Keras)."""
    taken, painting = {runtime: [] for runtime in RUNTIMES}, {}
    for turn in range(calls + 2):  # two to warm up
        for runtime in RUNTIMES:
            time.sleep(PAUSE)
            begin = time.perf_counter()
            painting[runtime] = paint[runtime](picture)
            if turn >= 2:
                taken[runtime].append(time.perf_counter() - begin)
    keras = painting[RUNTIMES[0]]
    difference = {runtime: np.abs(painting[runtime] - keras).max() for runtime in RUNTIMES}
    return {runtime: median(taken[runtime]) for runtime in RUNTIMES}, difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512, help="of the square photo, in pixels")
    parser.add_argument("--calls", type=int, default=10, help="warm calls of which the median is")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--networks", nargs="+", default=list(nst.bundled_networks()))
    options = parser.parse_args()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    picture = nst.resize(nst.photo("great_wall"), (options.size, options.size))
    print(
        f"{options.size} px, {options.threads} threads, median of {options.calls}: ms (of Keras), "
        "MB, largest difference from Keras\n"
    )
    print("| | " + " | ".join(RUNTIMES) + " |")
    print("|---" * (len(RUNTIMES) + 1) + "|")
    for name in options.networks:
        with tempfile.TemporaryDirectory() as folder:
            paint, size = painters(name, Path(folder), options.threads)
            seconds, difference = measure(paint, picture, options.calls)
            cells = [
                f"{1000 * seconds[r]:.0f} ({seconds[r] / seconds[RUNTIMES[0]]:.2f}), "
                f"{size[r]:.1f}, {difference[r]:.0e}"
                for r in RUNTIMES
            ]
            del paint  # Windows deletes no file that is open
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
