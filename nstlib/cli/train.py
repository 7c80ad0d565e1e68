"""`python -m nstlib train`: a network of your own, from a folder of photos and some paintings."""

import argparse

from nstlib.cli.options import WEIGHT, WHOLE, given, path
from nstlib.errors import InputError
from nstlib.stylizers.engine import ANY_STYLE

HELP = "teach a network styles of your own"
NETWORK = "network.npz"  # in the folder of a training
# What is taught -> the architecture that learns it (`nstlib.networks.files.ARCHITECTURES`).
KINDS = {
    "transform": "johnson",
    "styles": "light",
    "stylebank": "stylebank",
    **{name: name for name in ANY_STYLE},
}
BEGINNINGS = {"styles": "adain-light"}  # what a kind may go on from besides its own architecture
PREVIEWS = ("great_wall", "cat", "chameleon")
PREVIEW_PAINTINGS = ("starry_night", "great_wave", "poppies", "composition_viii", "summertime")
# The options that are arguments of both functions that train.
SETTINGS = ("steps", "batch", "crop", "learning_rate", "every", "seed", "weights")


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("kind", choices=KINDS, help="one style; many; a StyleBank; or any style")
    add("--content", metavar="DIR", type=path, required=True, help="a folder of photos")
    paintings = "bundled names or files; for adain a folder of paintings"
    add("--style", metavar="PICTURE", nargs="+", required=True, help=paintings)
    add("-o", "--output", metavar="DIR", type=path, required=True, help="checkpoints, log, network")
    add("--add-to", metavar="NETWORK", help="teach the styles to this network, change nothing else")
    add("--go-on-from", metavar="NETWORK", help="begin with this; styles: or adain-light")
    strokes = "larger strokes: 512; finer: 256; else %(default)s"
    add("--style-size", metavar="N", type=WHOLE, default=384, help=strokes)
    add("--style-weight", metavar="W", type=WEIGHT, help="more paints more boldly")
    add("--preview", metavar="PHOTO", nargs="*", default=PREVIEWS, help="painted now and then")
    add("--steps", metavar="N", type=WHOLE, default=3000, help="batches: %(default)s")
    add("--batch", metavar="N", type=WHOLE, default=4, help="photos in a batch: %(default)s")
    square = "pixels of the square they see: %(default)s"
    add("--crop", metavar="N", type=WHOLE, default=192, help=square)
    add("--learning-rate", metavar="R", type=WEIGHT, default=3e-3, help="of Adam: %(default)s")
    add("--every", metavar="N", type=WHOLE, default=50, help="steps a checkpoint: %(default)s")
    add("--weights", metavar="W", default="imagenet", help="of VGG19: imagenet, random, or a file")
    add("--seed", metavar="N", type=int, default=0, help="of what is drawn: %(default)s")
    parser.set_defaults(when_stopped="the same command goes on from here")


def run(args: argparse.Namespace) -> None:
    """Train, going on from the last checkpoint in OUT, then write the network and its card."""
    from nstlib.backend import has_fast_bfloat16, has_gpu, keras

    before = keras.config.dtype_policy()
    policy = "mixed_bfloat16" if has_fast_bfloat16() else "float32"
    keras.mixed_precision.set_global_policy("mixed_float16" if has_gpu() else policy)
    try:
        trained, about = (_taught_any_style if args.kind in ANY_STYLE else _taught_styles)(args)
    finally:
        keras.mixed_precision.set_global_policy(before)
    _write(args, trained, about)
    style, engine = (trained.styles[-1], "fast") if trained.styles else ("STYLE", "adain")
    file, learnt = args.output / NETWORK, ", ".join(trained.styles) or "any style"
    print(f"Trained {file}: {learnt}. Paint with it: ", end="")
    print(f"nstlib stylize PHOTO {style} --engine {engine} --network {file} -o OUT")


def _write(args: argparse.Namespace, trained, about: dict) -> None:
    """The network and its card."""
    from nstlib.files import write
    from nstlib.networks.files import save_network
    from nstlib.networks.training.diary import model_card, read_log

    trained.about.update(
        steps=args.steps,
        batch=f"{args.batch} crops of {args.crop} px",
        optimizer=f"Adam {args.learning_rate:g}, cosine schedule, gradients clipped to norm 5",
        seed=args.seed,
        **about,
    )
    save_network(trained, args.output / NETWORK)
    card = model_card(args.output.name, trained, read_log(args.output))
    write(args.output / "card.md", card.encode())


def _pictures(names, size: int) -> list[tuple]:
    """(name, picture) for bundled names and files, at a longest side of `size` at most."""
    from nstlib.images.bundled import find_picture
    from nstlib.images.files import load_image

    files = [find_picture(name) for name in names]
    return [(file.stem, load_image(file, size)) for file in files]


def _settings(args: argparse.Namespace) -> dict:
    """What both functions that train are told."""
    return {"previews": dict(_pictures(args.preview, 256)), **given(args, *SETTINGS)}


# --- Styles by name ------------------------------------------------------------------------------


def _taught_styles(args: argparse.Namespace) -> tuple:
    """A network for these styles, trained, and what its card says of that."""
    from nstlib.gatys.recipe import recipe
    from nstlib.networks.training.loop import train

    names, paintings = map(list, zip(*_pictures(args.style, args.style_size), strict=True))
    trained = _styles_network(args, names, paintings)
    learnt = len(trained.styles) - len(names)  # of --add-to: never drawn, any picture will do
    styles = dict(zip(trained.styles, [paintings[0]] * learnt + paintings, strict=True))
    loss = recipe("feed-forward", **given(args, "style_weight"))
    again = len(styles) + 1 if trained.architecture == "stylebank" and not learnt else 0
    stream = train(
        trained.network, args.content, styles, args.output, recipe=loss, identity_every=again,
        only=list(range(learnt, len(styles))) if learnt else None, **_settings(args),
    )  # fmt: skip
    return trained, {
        "photos": f"{len(stream.files)} files, {len(stream.skipped)} of them unreadable",
        "style_size": args.style_size,
        "loss_network": f"{loss.network}, {', '.join([*loss.content_layers, *loss.style_layers])}",
        "loss_weights": f"content {loss.content_weight:g}, style {loss.style_weight:g}, "
        f"total variation {loss.tv_weight:g}",
    }


def _styles_network(args: argparse.Namespace, names: list[str], paintings: list):
    """The network to train: a new one, one to go on with, or one that learns more styles."""
    from nstlib.networks.files import PaintingNetwork, build_network, with_more_styles

    if len(set(names)) < len(names):
        raise InputError(f"Two styles have one name: {', '.join(names)}. Rename a file.")
    if args.add_to and args.go_on_from:
        raise InputError("--add-to and --go-on-from exclude each other: leave one out.")
    if args.add_to:
        return with_more_styles(_begun(args.kind, args.add_to), names)
    if args.kind == "transform" and len(names) > 1:
        raise InputError("A transform network learns one style; `train styles` learns several.")
    if args.go_on_from:
        return _gone_on(args, names, paintings)
    architecture = KINDS[args.kind]
    return PaintingNetwork(architecture, tuple(names), build_network(architecture, len(names)))


def _gone_on(args: argparse.Namespace, names: list[str], paintings: list):
    """One of these styles, further; or a new one that begins with what one of any style knows."""
    import numpy as np

    from nstlib.networks.adain import light_network_of
    from nstlib.networks.files import PaintingNetwork
    from nstlib.vgg.statistics import style_encoder, style_vector

    before = _begun(args.kind, args.go_on_from)
    if not before.styles:
        look = style_encoder(args.weights)
        vectors = np.concatenate([style_vector(look(painting)) for painting in paintings])
        return PaintingNetwork("light", tuple(names), light_network_of(before.network, vectors))
    if list(before.styles) != names:
        raise InputError(
            f"{args.go_on_from} knows the styles {', '.join(before.styles)}: give these styles, in "
            "this order, or --add-to."
        )
    return before


def _begun(kind: str, name: str):
    """The network of that name or file, which `train KIND` is to go on from."""
    from nstlib.networks.files import load_network

    trained = load_network(name, to_train=True)
    if trained.architecture not in (KINDS[kind], BEGINNINGS.get(kind)):
        its = {architecture: one for one, architecture in KINDS.items()}[trained.architecture]
        raise InputError(
            f"{name} is a network of `train {its}`; `train {kind}` cannot go on from it."
        )
    return trained


# --- Any style -----------------------------------------------------------------------------------


def _taught_any_style(args: argparse.Namespace) -> tuple:
    """A network that takes any painting, trained, and what its card says of that."""
    from nstlib.networks.training.any_style import WEIGHTS, train_any_style

    if len(args.style) > 1 or args.add_to or args.style_weight:
        raise InputError(
            f"`train {args.kind}` takes as --style one folder of many paintings, and neither "
            "--add-to nor --style-weight: it learns to paint in any style, not in these."
        )
    if not path(args.style[0]).is_dir():
        raise InputError(
            f"--style {args.style[0]} is no folder: `train {args.kind}` learns from a folder of "
            "many paintings."
        )
    trained = _any_style_network(args)
    stream = train_any_style(
        trained.network, args.content, path(args.style[0]), args.output, **_settings(args),
        preview_paintings=[painting for _, painting in _pictures(PREVIEW_PAINTINGS, 384)],
    )  # fmt: skip
    terms = WEIGHTS[trained.network.name]
    count = {"photos": stream.photos, "paintings": stream.paintings}
    return trained, {
        **{kind: f"{len(s.files)} files, {len(s.skipped)} unreadable" for kind, s in count.items()},
        "encoder": "vgg19, block1_conv1 to block4_conv1",
        "loss_weights": ", ".join(f"{name} {weight:g}" for name, weight in terms.items()),
    }


def _any_style_network(args: argparse.Namespace):
    """The network to train: a new one, or one to go on with."""
    from nstlib.networks.files import PaintingNetwork, build_network
    from nstlib.networks.training.any_style import lay_style_axes

    if args.go_on_from:
        return _begun(args.kind, args.go_on_from)
    trained = PaintingNetwork(args.kind, (), build_network(args.kind, 0))
    resumed = any(args.output.glob("step_*.weights.h5"))  # then all weights come from there
    if args.kind == "adain-light" and not resumed:
        shared = given(args, "crop", "seed", "weights") | {"count": min(1000, 4 * args.steps)}
        lay_style_axes(trained.network, args.content, path(args.style[0]), **shared)
    return trained
