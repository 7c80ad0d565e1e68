"""`python -m nstlib train collection`, `one-way` and `cartoon`: two folders without pairs."""

import argparse

from nstlib import images, networks
from nstlib.cli.options import path
from nstlib.cli.train_begin import begun, new, settings
from nstlib.errors import InputError, choice, number


def taught(args: argparse.Namespace) -> tuple:
    """The network, trained, and what its card says of that."""
    folder, *more = map(path, args.style)
    if more or not folder.is_dir() or args.add_to or args.style_weight:
        raise InputError(
            f"`train {args.kind}` learns from one folder how to paint and from the other how "
            f"photos look: it takes as --to one folder of pictures, not {' '.join(args.style)}, "
            "and neither --add-to nor --style-weight."
        )
    train, usual = _lesson(args.kind)
    trained = (_two_ways if args.kind == "collection" else _one_style)(args, folder)
    weights = usual | _terms(args, usual)
    options = _options(args) | {"weights_of_terms": weights}
    stream = train(trained.network, args.content, folder, args.output, **options)
    count = {"photos": stream.photos, "paintings": stream.paintings}
    return trained, {
        **{kind: f"{len(s.files)} files, {len(s.skipped)} unreadable" for kind, s in count.items()},
        "loss_weights": ", ".join(f"{name} {weight:g}" for name, weight in weights.items()),
    }


def _lesson(kind: str) -> tuple:
    """The function that trains, and what each term of its sum weighs."""
    training = networks.training
    if kind == "cartoon":
        return training.cartoon.train_cartoon, training.cartoon.WEIGHTS
    if kind == "one-way":
        return training.one_way.train_one_way, training.one_way.WEIGHTS
    return training.unpaired.train_unpaired, training.unpaired.WEIGHTS


def _terms(args: argparse.Namespace, usual: dict) -> dict:
    """The weights that were given as NAME=W."""
    found = {}
    for given in args.terms or ():
        name, _, weight = given.partition("=")
        try:
            value = float(weight)
        except ValueError:
            raise InputError(f"--terms {given}: give NAME=W, for example content=0.5.") from None
        found[choice("term", name, usual)] = number(f"--terms {name}", value, 0)
    return found


def _options(args: argparse.Namespace) -> dict:
    if args.zoom is None:
        return settings(args)
    least, most = args.zoom
    if not 1 <= least <= most:
        raise InputError(
            f"--zoom is {least:g} {most:g}: give two numbers from 1 up, the smaller first."
        )
    return settings(args) | {"zoom": (least, most)}


def _one_style(args: argparse.Namespace, folder):
    """The network to train, one way: a new one, or one to go on with."""
    name = folder.resolve().name
    if not args.go_on_from:
        return new(args.kind, (name,))
    before = begun(args.kind, args.go_on_from)
    if args.begin_as:
        if not before.styles:
            raise InputError(f"{args.go_on_from} knows no style by name: leave out --begin-as.")
        return networks.beginning.network_of_one(before, args.begin_as, name)
    if not before.styles:
        return _from_any_style(args, {name: folder})
    if len(before.styles) != 1:
        raise InputError(
            f"{args.go_on_from} knows {len(before.styles)} styles: say with --begin-as which one "
            f"to begin with: {', '.join(before.styles)}."
        )
    return before


def _two_ways(args: argparse.Namespace, folder):
    """The network to train, there and back: a new one, or one to go on with."""
    names = folder.resolve().name, args.content.resolve().name
    if names[0] == names[1]:
        raise InputError(f"Both folders are called {names[0]}: the styles take their names.")
    if not args.go_on_from:
        return new(args.kind, names)
    before = begun(args.kind, args.go_on_from)
    if before.styles:
        if len(before.styles) != 2:
            raise InputError(f"{args.go_on_from} knows {len(before.styles)} styles, and not 2.")
        return before
    return _from_any_style(args, dict(zip(names, (folder, args.content), strict=True)))


def _from_any_style(args: argparse.Namespace, folders: dict):
    """A network that begins with what one for any style sees in each folder's first picture."""
    streams = {name: networks.training.photos.PhotoFolder(one) for name, one in folders.items()}
    firsts = {name: images.files.load_image(s.files[0], 256) for name, s in streams.items()}
    return networks.beginning.network_for(firsts, args.go_on_from, weights=args.weights)
