"""What does painting in tiles cost, and what does it save, on a picture of 4096 x 3072 pixels?

    python benchmarks/tiles.py [--networks light stylebank] [--size 4096 3072] [--tile 512]

At once and in tiles, by the same stylizer, each in a process of its own, since the peak of memory
that the system reports never falls. CPU seconds are those of all threads: on a machine with other
work to do they say more than the clock. The difference is the largest of all pixels and colours.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
# The others paint in the first style that they know.
STYLES = {name: (name, "the_scream") for name in ("adain", "adain-light")}
ONE_PAINTING = """
import json, resource, sys, time
import numpy as np
import nstlib as nst
network, style, width, height, tile, out = json.loads(sys.argv[1])
paint = nst.stylizer(*style, network=network, tile=tile, runtime="keras")
picture = nst.resize(nst.photo("great_wall"), (height, width))
paint(picture[:, :64, :64])  # what is loaded or compiled once
clock, cpu = time.perf_counter(), time.process_time()
painting = paint(picture)
seconds = time.perf_counter() - clock, time.process_time() - cpu
unit = 1 if sys.platform == "darwin" else 1024
peak = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
np.save(out, painting)
print(json.dumps([*seconds, peak]))
"""


def measure(network: str, size: list[int], tile: int | None, out: Path) -> list[float] | None:
    """[seconds, CPU seconds, peak in bytes], or None if the process did not live to tell."""
    sys.path.insert(0, str(ROOT))
    from nstlib.images.bundled import bundled_networks

    style = STYLES.get(network) or bundled_networks()[network]["styles"][:1]
    arguments = json.dumps([network, style, *size, tile, str(out)])
    command = [sys.executable, "-c", ONE_PAINTING, arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


def difference(first: Path, second: Path) -> str:
    if not (first.exists() and second.exists()):
        return "–"
    pair = zip(*(np.load(path, mmap_mode="r")[0] for path in (first, second)), strict=True)
    largest = max(float(np.abs(a - b).max()) for a, b in pair)  # row by row
    return f"{255 * largest:.3f} / 255"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=["light"])
    parser.add_argument("--size", type=int, nargs=2, default=[4096, 3072], help="width, height")
    parser.add_argument("--tile", type=int, default=512)
    parser.add_argument("--only-tiles", action="store_true", help="where at once would not fit")
    options = parser.parse_args()
    ways = {"at once": None, f"tiles of {options.tile}": options.tile}
    ways = dict(list(ways.items())[options.only_tiles :])
    print("| network | | seconds | CPU seconds | peak, GB | largest difference |")
    print("|---|---|---|---|---|---|")
    for network in options.networks:
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder, f"{number}.npy") for number in range(2)]
            for (way, tile), file in zip(ways.items(), files, strict=False):
                found = measure(network, options.size, tile, file)
                cells = ["did not fit", "–", "–"]
                if found:
                    cells = [f"{found[0]:.1f}", f"{found[1]:.1f}", f"{found[2] / 1e9:.2f}"]
                last = difference(*files) if tile else ""
                print(f"| {network} | {way} | {' | '.join(cells)} | {last} |", flush=True)


if __name__ == "__main__":
    main()
