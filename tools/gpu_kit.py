"""Train all networks in the few minutes for which a GPU is rented.

Here, in the clone, everything is packed and rehearsed (the folder `out` is ignored by git):

    python tools/gpu_kit.py pack --content PHOTOS --paintings FOLDER FOLDER \
        --collection blue_green=FOLDER monet=FOLDER van_gogh=FOLDER
    cd out/kit && python gpu_kit.py train --steps 20 --every 1 --batch 1 --crop 64 --out ../gpu

On a rented GPU, where there are Python 3.12, JAX and Pillow, and no web, this is the one line:

    cd out/kit && python3 gpu_kit.py train --minutes 8 --out "$OUT"

It leaves OUT/NAME.zip for each network: network.npz, log.csv and preview.jpg, two minutes old at
most whenever it is cut off; `unzip light.zip -d light` makes a folder for `tools/ship_network.py`.
The networks learn side by side, each in a process: while one compiles the others compute, and
where one fails they go on.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE if (HERE / "nstlib").is_dir() else HERE.parent  # of a kit, or of the clone
LIMIT = 55 * 2**20  # bytes
# Pixels on the shorter side (crops of paintings are up to 2.2 times smaller); quality of WebP.
PHOTO_SIDE, PAINTING_SIDE, QUALITY = 288, 384, 75
EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp")
# What an image for JAX and PyTorch does not have, or may not have. It has Pillow, which is large.
WHEELS = "keras namex optree typing-extensions absl-py rich markdown-it-py mdurl packaging psutil"
WHEELS += " lazy-loader tqdm"
PYTHON, SYSTEMS = "3.12", ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
SHOWN = ("coffee", "cat", "astronaut")  # bundled photos, on the sheets; no network learns on them
SQUARE, SQUARES = 32, 16  # pixels of what a diffusion network learns from; how many for one crop
GRACE = 60  # seconds until a process that does not end is killed


@dataclass(frozen=True)
class Lesson:
    """How a network is taught: what it begins with, the part of the minutes that it gets, the rate.

    Those that end early leave the GPU to the others. `later` are styles that are added at the end,
    with all else frozen. A network that learns without pairs goes `between` two folders of the kit,
    photos and a collection; until one is shipped it begins with what adain-light knows of both. A
    diffusion network learns `alone` from a folder of paintings, SQUARES of them for each crop of
    the others; until one is shipped it begins untrained.
    """

    start: str
    share: float = 1.0
    rate: float = 1e-3
    later: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    alone: str = ""

    @property
    def folders(self) -> tuple[str, ...]:
        """What the kit has to have for it beside photos and paintings."""
        return (*self.between, self.alone) if self.alone else self.between


LESSONS = {  # in the order of their worth
    "light": Lesson("light", rate=2e-3),
    "adain-light": Lesson("adain-light"),
    "johnson": Lesson("johnson_starry_night", share=0.7, rate=2e-3),
    "adain": Lesson("adain", share=0.5),
    "stylebank": Lesson("stylebank", share=0.6, rate=2e-3, later=("thousand_li",)),
    **{
        name: Lesson(name, rate=4e-4, between=("photos", name))
        for name in ("blue_green", "ink_landscape", "monet", "cartoon")
    },
    "diffusion": Lesson("diffusion", share=0.8, alone="van_gogh"),
}


# --- pack -----------------------------------------------------------------------------------------


def pack(args: argparse.Namespace) -> None:
    out = args.out
    if out.exists():
        if not (out / "gpu_kit.py").is_file():
            sys.exit(f"{out} is there and is no kit: name another folder.")
        shutil.rmtree(out)
    shutil.copytree(ROOT / "nstlib", out / "nstlib", ignore=shutil.ignore_patterns("__pycache__"))
    for tool in ("gpu_kit.py", "gpu_lesson.py"):
        shutil.copy(ROOT / "tools" / tool, out)
    shutil.copytree(ROOT / "data" / "images", out / "data" / "images", ignore=unshown)
    for folder in (out / "data" / "weights", out / "starts"):
        folder.mkdir()
    shutil.copy(ROOT / "data" / "weights" / "vgg19.npz", out / "data" / "weights")
    others = dict(pair.split("=", 1) for pair in args.start)
    for name, lesson in LESSONS.items():
        start = Path(others.get(name, ROOT / "data" / "weights" / f"{lesson.start}.npz"))
        if start.is_file() or not lesson.folders:
            shutil.copy(start, out / "starts" / f"{name}.npz")
    for name, folder in (pair.split("=", 1) for pair in args.collection):
        pack_pictures([Path(folder)], out / name, PHOTO_SIDE)
    pack_pictures(args.content, out / "photos", PHOTO_SIDE)
    sys.path.insert(0, str(ROOT))
    from nstlib.evaluation.gates import HELD_OUT  # what networks for any style are judged on

    pack_pictures(args.paintings, out / "paintings", PAINTING_SIDE, without=HELD_OUT)
    if args.wheels:
        shutil.copytree(args.wheels, out / "wheels")
    else:
        fetch_wheels(out / "wheels")
    weigh(out, args.limit)


def unshown(folder: str, names: list[str]) -> list[str]:
    """The bundled photos that are not SHOWN, for `shutil.copytree`."""
    return [name for name in names if folder.endswith("content") and Path(name).stem not in SHOWN]


def pack_pictures(folders: list[Path], out: Path, side: int, without=()) -> None:
    """The pictures of some folders, `side` pixels on the shorter side at most, in one."""
    out.mkdir(parents=True)
    files = [path for folder in folders for path in sorted(folder.rglob("*"))]
    files = [path for path in files if path.suffix.lower() in EXTENSIONS]
    files = [path for path in files if not any(name in path.stem for name in without)]
    if not files:
        sys.exit(f"There are no pictures in {', '.join(map(str, folders))}.")
    jobs = [(path, out / f"{number:04d}_{path.stem}.webp") for number, path in enumerate(files)]
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda job: shrink(*job, side), jobs))


def shrink(path: Path, to: Path, side: int) -> None:
    from PIL import Image

    with Image.open(path) as file:
        picture = file.convert("RGB")
    scale = min(1.0, side / min(picture.size))
    size = [round(scale * length) for length in picture.size]
    picture.resize(size, Image.Resampling.LANCZOS).save(to, quality=QUALITY)


def fetch_wheels(out: Path) -> None:
    systems = [f"--platform={system}_x86_64" for system in SYSTEMS]
    how = ["-q", "--no-deps", "--only-binary=:all:", f"--python-version={PYTHON}", *systems]
    command = [sys.executable, "-m", "pip", "download", *how, "-d", str(out), *WHEELS.split()]
    subprocess.run(command, check=True)


def weigh(out: Path, limit: int) -> None:
    """Print what each part of the kit weighs; ends the program if the whole is over the limit."""
    sizes = {path: path.stat().st_size for path in out.rglob("*") if path.is_file()}
    for part in sorted(out.iterdir()):
        inside = [path for path in sizes if part in (path, *path.parents)]
        print(f"{part.name:14}{len(inside):5} files {sum(map(sizes.get, inside)) / 2**20:7.2f} MiB")
    whole = sum(sizes.values())
    print(f"{'all':14}{len(sizes):5} files {whole / 2**20:7.2f} MiB", flush=True)
    if whole > limit:
        sys.exit(f"The kit is over {limit / 2**20:g} MiB: leave something out.")


# --- train ----------------------------------------------------------------------------------------


def train(args: argparse.Namespace) -> int:
    """A process for each network until the time is over; how many of them failed."""
    args.out = args.out.resolve()
    args.out.mkdir(parents=True, exist_ok=True)
    begun, failed = time.time(), 0
    with tempfile.TemporaryDirectory() as scratch:
        environment = {"KERAS_BACKEND": "jax"} | os.environ | {
            "KIT_SITE": str(unpacked(ROOT / "wheels", Path(scratch, "site"))),
            "NST_PROGRESS": "0", "PYTHONUNBUFFERED": "1",
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # several processes share the GPU's memory
            "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",  # many threads cut the crops
        }  # fmt: skip
        processes, ends = {}, turns(args.what, begun, 60 * args.minutes, args.one_by_one)
        for name, until in ends.items():
            settings = settings_of(name, until, args) | {"scratch": str(Path(scratch, name))}
            command = [sys.executable, str(HERE / "gpu_lesson.py"), name, json.dumps(settings)]
            processes[name] = subprocess.Popen(command, env=environment)
            if args.one_by_one:
                failed += has_failed(name, processes.pop(name), until)
        failed += sum(has_failed(name, one, ends[name]) for name, one in processes.items())
    return failed


def unpacked(wheels: Path, site: Path) -> Path:
    """A folder with what is in the wheels, which needs no pip; Python looks there last."""
    for wheel in wheels.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(site)
    return site


def turns(names: list[str], begun: float, seconds: float, one_by_one: bool) -> dict[str, float]:
    """name -> when it has to end: side by side after its share, or in turn, by their shares."""
    if not one_by_one:
        return {name: begun + LESSONS[name].share * seconds for name in names}
    whole, ends = sum(LESSONS[name].share for name in names), {}
    for name in names:
        begun += LESSONS[name].share / whole * seconds
        ends[name] = begun
    return ends


def settings_of(name: str, until: float, args: argparse.Namespace) -> dict:
    """What gpu_lesson.py is told of a network."""
    lesson, count = LESSONS[name], 1 if args.one_by_one else len(args.what)
    given = ("batch", "crop", "every", "steps", "precision", "seed")
    weights = {"style_weight": args.style_weight, "tv_weight": args.tv_weight}
    lists = dict(pair.split("=", 1) for pair in args.styles)
    small = {"crop": SQUARE, "batch": SQUARES * args.batch} if lesson.alone else {}
    return {
        "until": until, "rate": lesson.rate, "later": lesson.later, "between": lesson.between,
        "alone": lesson.alone,
        "kit": str(ROOT), "out": str(args.out),
        "start": str(ROOT / "starts" / f"{name}.npz"),
        "styles": lists[name].split(",") if name in lists else None,
        "recipe": {key: value for key, value in weights.items() if value is not None},
        "workers": max(2, (os.cpu_count() or 1) // count),
    } | {key: getattr(args, key) for key in given} | small  # fmt: skip


def has_failed(name: str, process: subprocess.Popen, until: float) -> bool:
    """Wait for a process until its time is over, and a little longer; end it then."""
    try:
        code = process.wait(max(1, until + GRACE - time.time()))
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    print(f"{name}: {'done' if code == 0 else f'failed ({code})'}", flush=True)
    return code != 0


def parsed(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("pack").add_argument
    add("--content", type=Path, nargs="+", required=True, help="folders of photos")
    add("--paintings", type=Path, nargs="+", required=True, help="folders of paintings")
    add("--collection", nargs="*", default=[], metavar="NAME=FOLDER", help="to learn without pairs")
    add("--start", nargs="*", default=[], metavar="NAME=FILE", help="instead of data/weights")
    add("--wheels", type=Path, help="a folder that has them; else pip fetches them")
    add("--limit", type=int, default=LIMIT, help="of all, in bytes: %(default)s")
    add("--out", type=Path, default=ROOT / "out" / "kit")
    add = commands.add_parser("train").add_argument
    add("--minutes", type=float, default=8, help="from now on, all told: %(default)s")
    there = [n for n, lesson in LESSONS.items() if all((ROOT / f).is_dir() for f in lesson.folders)]
    add("--what", type=lambda text: text.split(","), default=there, help="names, by commas")
    add("--out", type=Path, required=True)
    add("--styles", nargs="*", default=[], metavar="NAME=A,B", help="else those of its start")
    add("--style-weight", type=float, help="of the recipe feed-forward")
    add("--tv-weight", type=float, help="the same")
    add("--one-by-one", action="store_true", help="each gets its share of the minutes alone")
    add("--batch", type=int, default=12, help="crops a step: %(default)s")
    add("--crop", type=int, default=256, help="pixels: %(default)s")
    add("--every", type=int, default=25, help="steps a row of the log: %(default)s")
    add("--steps", type=int, default=10**9, help="at most, for rehearsals")
    add("--precision", default="mixed_bfloat16", help="of VGG19")
    add("--seed", type=int, default=0)
    args = parser.parse_args(words)
    if unknown := set(getattr(args, "what", [])) - set(LESSONS):
        parser.error(f"{', '.join(unknown)}: there are {', '.join(LESSONS)}")
    return args


if __name__ == "__main__":
    arguments = parsed()
    sys.exit(pack(arguments) if arguments.command == "pack" else train(arguments))
