"""`python -m nstlib train`: teach a network styles of your own, from photos and paintings."""

import argparse

from nstlib import gatys, networks
from nstlib.cli import train_collection, train_diffusion
from nstlib.cli.options import WEIGHT, WHOLE, given, path
from nstlib.cli.train_begin import KINDS, begun, new, pictures_of, settings
from nstlib.errors import InputError
from nstlib.files import write
from nstlib.stylizers.engine import ANY_STYLE

COLLECTIONS = {"collection": "unpaired", "one-way": "one_way", "cartoon": "cartoon"}
OWN_TRAINING = COLLECTIONS | {"diffusion": "diffusion"}  # the module of what `train` teaches
NETWORK = "network.npz"  # in the folder of a training
PREVIEWS = ("great_wall", "cat", "chameleon")
PREVIEW_PAINTINGS = ("starry_night", "great_wave", "the_scream", "composition_vii", "san_giorgio")


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "kind",
        choices=KINDS,
        help="one style; many; StyleBank; a collection and back, one way, cartoons; any; a painter",
    )
    photos = "a folder of photos; diffusion needs none"
    add("--content", "--from", metavar="DIR", type=path, help=photos)
    paintings = "bundled names or files; for adain, collection, diffusion a folder of paintings"
    add("--style", "--to", metavar="PICTURE", nargs="+", required=True, help=paintings)
    add("-o", "--output", metavar="DIR", type=path, required=True, help="checkpoints, log, network")
    begin = parser.add_mutually_exclusive_group().add_argument
    begin("--add-to", metavar="NETWORK", help="teach it the styles, change nothing else")
    begin("--go-on-from", metavar="NETWORK", help="begin with this; styles: or adain-light")
    add("--begin-as", metavar="STYLE", help="one way: the style to begin with of a network of many")
    strokes = "larger strokes: 640; finer: 320; else %(default)s"
    add("--style-size", metavar="N", type=WHOLE, default=448, help=strokes)
    add("--style-weight", metavar="W", type=WEIGHT, help="more paints more boldly")
    add("--preview", metavar="PHOTO", nargs="*", default=PREVIEWS, help="painted now and then")
    add(
        "--steps",
        metavar="N",
        type=WHOLE,
        help="6000; collection: 20000; one way: 2500; diffusion: 8000",
    )
    add("--batch", metavar="N", type=WHOLE, help="photos in a batch: 1; one way: 2")
    add("--crop", metavar="N", type=WHOLE, help="pixels of a photo: 256; collections: 128")
    zoom = "collections: how many times smaller than a photo a crop may be"
    add("--zoom", metavar=("FROM", "TO"), nargs=2, type=WEIGHT, help=zoom)
    terms = "collections: what terms of the loss weigh, for example content=0.5"
    add("--terms", metavar="NAME=W", nargs="+", help=terms)
    add(
        "--learning-rate",
        metavar="R",
        type=WEIGHT,
        help="of Adam: 0.002; collection: 0.0002; one way: 0.0007",
    )
    add(
        "--every",
        metavar="N",
        type=WHOLE,
        help="steps a checkpoint: 50; collection: 200; one way: 100",
    )
    add("--weights", metavar="W", default="imagenet", help="of VGG19: imagenet, random, or a file")
    add("--seed", metavar="N", type=int, default=0, help="of what is drawn: %(default)s")
    parser.set_defaults(when_stopped="the same command goes on from here")


def run(args: argparse.Namespace) -> None:
    """Train, going on from the last checkpoint in OUT, then write the network and its card."""
    train_diffusion.check(args)
    if args.begin_as and not (args.kind in ("one-way", "cartoon") and args.go_on_from):
        args.usage_error("--begin-as is for one-way and cartoon, with --go-on-from")
    for name in ("zoom", "terms"):
        if getattr(args, name) and args.kind not in COLLECTIONS:
            args.usage_error(f"--{name} is for {', '.join(COLLECTIONS)}")
    from nstlib.backend import has_fast_bfloat16, has_gpu, own_settings

    for name, usual in _usual(args.kind).items():
        if getattr(args, name) is None:
            setattr(args, name, usual)
    precision = "mixed_bfloat16" if has_fast_bfloat16() else "float32"
    with own_settings("mixed_float16" if has_gpu() else precision):
        trained, about = _teacher(args.kind)(args)
    file = args.output / NETWORK
    _write(args, trained, file, about)
    shown = trained.styles[0 if args.kind == "collection" else -1 :]
    style, engine = (shown[0], "fast") if trained.styles else ("STYLE", "adain")
    engine = args.kind if args.kind == "diffusion" else engine
    print(f"Trained {file}: {', '.join(trained.styles) or 'any style'}. Paint with it:", end=" ")
    print(f"nstlib stylize PHOTO {style} --engine {engine} --network {file} -o OUT")


def _usual(kind: str) -> dict:
    """The settings of a training for which nothing was given."""
    usual = vars(networks.training.loop.Training())
    own = OWN_TRAINING.get(kind)
    return usual | (getattr(networks.training, own).USUAL if own else {})


def _teacher(kind: str):
    if kind in COLLECTIONS:
        return train_collection.taught
    if kind == "diffusion":
        return train_diffusion.taught
    return _taught_any_style if kind in ANY_STYLE else _taught_styles


def _write(args: argparse.Namespace, trained, file, about: dict) -> None:
    """The network and its card."""
    usual = {
        "steps": args.steps,
        "batch": f"{args.batch} crops of {args.crop} px",
        "optimizer": f"Adam {args.learning_rate:g}, cosine schedule, gradients clipped to norm 5",
        "seed": args.seed,
    }
    trained.about.update(usual | about)
    diary = networks.training.diary
    card = diary.model_card(args.output.name, trained, diary.read_log(args.output))
    networks.files.save_network(trained, file)
    write(args.output / "card.md", card.encode())


# --- Styles by name ------------------------------------------------------------------------------


def _taught_styles(args: argparse.Namespace) -> tuple:
    """A network for these styles, trained, and what its card says of that."""
    paintings = pictures_of(args.style, args.style_size)
    trained = _styles_network(args, paintings)
    learnt = trained.styles[: -len(paintings)]  # of --add-to: never drawn, any picture will do
    styles = dict.fromkeys(learnt, next(iter(paintings.values()))) | paintings
    loss = gatys.recipe.recipe("feed-forward", **given(args, "style_weight"))
    again = len(styles) + 1 if trained.architecture == "stylebank" and not learnt else 0
    only = list(range(len(learnt), len(styles))) if learnt else None
    stream = networks.training.loop.train(
        trained.network, args.content, styles, args.output,
        recipe=loss, identity_every=again, only=only, **settings(args),
    )  # fmt: skip
    return trained, {
        "photos": f"{len(stream.files)} files, {len(stream.skipped)} of them unreadable",
        "style_size": args.style_size,
        "loss_network": f"{loss.network}, {', '.join([*loss.content_layers, *loss.style_layers])}",
        "loss_weights": f"content {loss.content_weight:g}, style {loss.style_weight:g}, "
        f"total variation {loss.tv_weight:g}",
    }


def _styles_network(args: argparse.Namespace, paintings: dict):
    """The network to train: a new one, one to go on with, or one that learns more styles."""
    names = tuple(paintings)
    if args.add_to:
        return networks.files.with_more_styles(begun(args.kind, args.add_to), names)
    if args.kind == "transform" and len(names) > 1:
        raise InputError("A transform network learns one style; `train styles` learns several.")
    if not args.go_on_from:
        return new(args.kind, names)
    before = begun(args.kind, args.go_on_from)
    if not before.styles:
        start, weights = args.go_on_from, args.weights
        return networks.beginning.network_for(paintings, start, weights=weights)
    if before.styles != names:
        known = ", ".join(before.styles)
        raise InputError(f"{args.go_on_from} knows the styles {known}: give these, in this order.")
    return before


# --- Any style -----------------------------------------------------------------------------------


def _taught_any_style(args: argparse.Namespace) -> tuple:
    """A network that takes any painting, trained, and what its card says of that."""
    folder, *more = map(path, args.style)
    if more or not folder.is_dir() or args.add_to or args.style_weight:
        raise InputError(
            f"`train {args.kind}` learns to paint in any style: it takes as --style one folder of "
            f"many paintings, not {' '.join(args.style)}, and neither --add-to nor --style-weight."
        )
    training, trained = networks.training.any_style, _any_style_network(args, folder)
    previews = list(pictures_of(PREVIEW_PAINTINGS, 384).values())
    stream = training.train_any_style(
        trained.network, args.content, folder, args.output,
        preview_paintings=previews, **settings(args),
    )  # fmt: skip
    terms = training.WEIGHTS[trained.network.name]
    count = {"photos": stream.photos, "paintings": stream.paintings}
    return trained, {
        **{kind: f"{len(s.files)} files, {len(s.skipped)} unreadable" for kind, s in count.items()},
        "encoder": "vgg19, block1_conv1 to block4_conv1",
        "loss_weights": ", ".join(f"{name} {weight:g}" for name, weight in terms.items()),
    }


def _any_style_network(args: argparse.Namespace, folder):
    """The network to train: a new one, or one to go on with."""
    if args.go_on_from:
        return begun(args.kind, args.go_on_from)
    trained = new(args.kind)
    resumed = any(args.output.glob("step_*.weights.h5"))  # then all weights come from there
    if args.kind == "adain-light" and not resumed:
        shared = given(args, "crop", "seed", "weights") | {"count": min(1000, 4 * args.steps)}
        networks.training.any_style.lay_style_axes(trained.network, args.content, folder, **shared)
    return trained
