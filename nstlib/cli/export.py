"""`python -m nstlib export`: a painting network in a file that other programs can run."""

import argparse
from pathlib import Path

from nstlib.cli.options import SHARE, given, path, shares
from nstlib.errors import InputError, choice

HELP = "write a network for programs without Keras"
NAMES = {"onnx": "ONNX", "litert": "LiteRT", "saved-model": "SavedModel"}
CHECKED = ("great_wall", "starry_night", 256)  # photo, painting if none is named, pixels


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("network", metavar="NETWORK", help="a bundled one, such as light or adain, or a file")
    add(
        "-o", "--output", metavar="OUT", type=path, required=True, help=".onnx .tflite, or a folder"
    )
    add("--style", metavar="S", help="a style, great_wave=0.5,poppies=0.5, or for adain a painting")
    add("--format", metavar="F", help="onnx, litert or saved-model; else the suffix of OUT says it")
    add("--size", metavar="WxH", type=_pixels, help="litert: for pictures of this size only")
    add("--precision", metavar="P", help="litert: float16 or float32: float16")
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
    kind = _kind(args)
    from nstlib.export.reader import open_exported
    from nstlib.files import writable

    part = "saved_model.pb" if kind == "saved-model" else ""
    writable(args.output / part, overwrite=args.overwrite)
    args.style = None if args.style is None else shares(args.style)
    exported = open_exported(_write(kind, args))
    print(_description(exported))
    if args.check:
        print(_comparison(exported, args))


def _kind(args: argparse.Namespace) -> str:
    """The format to write; what it has no use for is wrong usage."""
    from nstlib.export.reader import SUFFIXES, format_of

    try:
        named = args.format and choice("--format", args.format, SUFFIXES.values())
        kind = named or format_of(args.output)
    except InputError as error:
        args.usage_error(f"{error} Or name the --format.")
    suffix = next(suffix for suffix, name in SUFFIXES.items() if name == kind)
    if suffix and args.output.suffix.lower() != suffix:
        args.usage_error(f"--format {kind} is written into files that end in {suffix}")
    for name in given(args, "size", "precision") if kind != "litert" else ():
        args.usage_error(f"--{name} is for .tflite files only")
    if args.alpha is not None and args.style is None:
        args.usage_error("--alpha belongs to a --style; without it alpha is an input of the file")
    return kind


def _write(kind: str, args: argparse.Namespace) -> Path:
    what, options = (args.network, args.output, args.style), given(args, "alpha")
    if kind == "onnx":
        from nstlib.export.onnx import export_onnx

        return export_onnx(*what, **options)
    from nstlib.export.tensorflow import export_litert, export_saved_model

    if kind == "saved-model":
        return export_saved_model(*what, **options)
    return export_litert(*what, **given(args, "size", "precision"), **options)


def megabytes(path: Path) -> float:
    """Size of a file, or of all in a folder, in MB of a million bytes."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def _description(exported) -> str:
    def listed(shapes: dict) -> str:
        return ", ".join(
            f"{name} ({', '.join('any' if n is None else str(n) for n in shape)})"
            for name, shape in shapes.items()
        )

    return (
        f"Wrote {exported.path}: {megabytes(exported.path):.1f} MB, {NAMES[exported.format]}\n"
        f"  inputs: {listed(exported.inputs)}\n"
        f"  outputs: {listed(exported.outputs)}"
    )


def _comparison(exported, args: argparse.Namespace) -> str:
    """The largest difference of any value, 0..1, between what the file and what Keras paints."""
    import numpy as np

    from nstlib.images.arrays import resize
    from nstlib.images.bundled import photo
    from nstlib.networks.conditions import conditions
    from nstlib.networks.files import load_network

    trained, (name, painting, size) = load_network(args.network), CHECKED
    picture = photo(name, size) if args.size is None else resize(photo(name, size), args.size)
    style = args.style or (trained.styles[0] if trained.styles else painting)
    condition = conditions(trained, style, **given(args, "alpha"))
    expected = np.asarray(trained.network([picture, *condition], training=False))
    others = [tensor.name for tensor in trained.network.inputs[1:]]
    free = {n: c for n, c in zip(others, condition, strict=True) if n in exported.inputs}
    difference = np.abs(exported(picture, **free) - expected).max()
    _, height, width, _ = picture.shape
    return f"Largest difference from Keras: {difference:.6f} ({name}, {width} x {height} pixels)"
