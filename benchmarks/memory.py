"""How much memory does a painting take, and how good is `nstlib.estimate_memory`?

    python benchmarks/memory.py [--sizes 256 512 1024 1536]

Each size runs in a process of its own, since the peak that the system reports never falls: three
steps of the default recipe on a picture of 4:3, and the highest resident set of that process.
"""

import argparse
import json
import subprocess
import sys

ONE_SIZE = """
import json, resource, sys
import numpy as np
import nstlib as nst
height, width = 3 * int(sys.argv[1]) // 4, int(sys.argv[1])
image = np.random.default_rng(0).uniform(0, 1, (1, height, width, 3)).astype("float32")
nst.style_transfer(image, image[:, :256, :256], steps=3, start="noise", progress=False)
unit = 1 if sys.platform == "darwin" else 1024
peak = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([peak, nst.estimate_memory(height, width)]))
"""


def measure(size: int) -> tuple[float, float]:
    """Peak and estimate in bytes for a picture `size` pixels wide."""
    command = [sys.executable, "-c", ONE_SIZE, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024, 1536])
    print("| picture | peak, GB | estimate, GB | estimate / peak |\n|---|---|---|---|")
    for size in parser.parse_args().sizes:
        peak, estimate = measure(size)
        row = f"| {size} x {3 * size // 4} | {peak / 1e9:.2f} | {estimate / 1e9:.2f} |"
        print(f"{row} {estimate / peak:.2f} |", flush=True)


if __name__ == "__main__":
    main()
