"""`python -m nstlib export`: write a network for programs without Keras."""

import argparse
from pathlib import Path

from nstlib import export, images, networks
from nstlib.cli.options import SHARE, given, path, shares
from nstlib.files import writable

NAMES = {"onnx": "ONNX", "litert": "LiteRT", "saved-model": "SavedModel"}
CHECKED = ("great_wall", "starry_night", 256)  # photo, painting if none is named, pixels


def add_options(parser: argparse.ArgumentParser) -> None:
    add, out = parser.add_argument, ".onnx, .tflite, or a folder"
    add("network", metavar="NETWORK", help="a bundled one, such as light or adain, or a file")
    add("-o", "--output", metavar="OUT", type=path, required=True, help=out)
    add("--style", metavar="S", help="a style, great_wave=1,the_scream=2, or for adain a painting")
    add("--size", metavar="WxH", type=_pixels, help=".tflite: for pictures of this size only")
    add("--precision", metavar="P", help=".tflite: float16 or float32: float16")
    add("--alpha", metavar="A", type=SHARE, help="adain: 0, keep content, to 1")
    add("--check", action="store_true", help="run OUT and Keras, print the largest difference")
    add("--overwrite", action="store_true", help="replace OUT if it exists")


def _pixels(text: str) -> tuple[int, int]:
    """An argparse type: WxH in pixels -> (height, width)."""
    try:
        width, height = (int(side) for side in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 640x480") from None
    return height, width


def run(args: argparse.Namespace) -> None:
    """Write the file, say what is in it, and with --check how near to Keras it paints."""
    kind = export.reader.format_of(args.output)
    for name in given(args, "size", "precision") if kind != "litert" else ():
        args.usage_error(f"--{name} is for .tflite files only")
    part = "saved_model.pb" if kind == "saved-model" else ""
    writable(args.output / part, overwrite=args.overwrite)
    if kind == "onnx":
        write = export.onnx.export_onnx
    elif kind == "litert":
        write = export.tensorflow.export_litert
    else:
        write = export.tensorflow.export_saved_model
    style = args.style and shares(args.style)
    options = given(args, "alpha", "size", "precision")
    exported = export.reader.open_exported(write(args.network, args.output, style, **options))
    print(f"Wrote {exported.path}: {megabytes(exported.path):.1f} MB, {NAMES[kind]}")
    print(f"  inputs: {_listed(exported.inputs)}\n  outputs: {_listed(exported.outputs)}")
    if args.check:
        print(_comparison(exported, args, style))


def megabytes(path: Path) -> float:
    """Size of a file, or of all in a folder, in MB of a million bytes."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def _listed(shapes: dict) -> str:
    named = (f"{name} {shape}" for name, shape in shapes.items())
    return ", ".join(named).replace("None", "any")


def _comparison(exported, args: argparse.Namespace, style) -> str:
    """The largest difference of any value, 0..1, between what the file and what Keras paints."""
    import numpy as np

    trained = networks.files.load_network(args.network, texture=None)
    photo, painting, size = CHECKED
    if trained.architecture == images.bundled.TEXTURE:
        noise = networks.endless.noise_picture(size, size, 0)[None]
        difference = np.abs(exported(noise) - networks.endless.texture(args.network, size)).max()
        return f"Largest difference from Keras: {difference:.6f} ({size} x {size} pixels of noise)"
    picture = images.bundled.photo(photo, size)
    if args.size:
        picture = images.arrays.resize(picture, args.size)
    style = style or (trained.styles[0] if trained.styles else painting)
    condition = networks.conditions.conditions(trained, style, **given(args, "alpha"))
    expected = np.asarray(trained.network([picture, *condition], training=False))
    others = [tensor.name for tensor in trained.network.inputs[1:]]
    free = {n: c for n, c in zip(others, condition, strict=True) if n in exported.inputs}
    difference = np.abs(exported(picture, **free) - expected).max()
    _, height, width, _ = picture.shape
    return f"Largest difference from Keras: {difference:.6f} ({photo}, {width} x {height} pixels)"
