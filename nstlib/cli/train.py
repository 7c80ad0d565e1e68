"""`python -m nstlib train`: a network of your own, from a folder of photos and some paintings."""

import argparse
from collections.abc import Callable

from nstlib.cli.options import WHOLE, given, number_type, path
from nstlib.errors import InputError
from nstlib.stylizers.engine import ANY_STYLE

HELP = "teach a network styles of your own"
# What is taught -> the architecture that learns it (`nstlib.networks.files.ARCHITECTURES`).
KINDS = {
    "transform": "johnson",
    "styles": "light",
    "stylebank": "stylebank",
    **{name: name for name in ANY_STYLE},
}
PREVIEWS = ("great_wall", "cat", "chameleon")
PREVIEW_PAINTINGS = ("starry_night", "great_wave", "poppies", "composition_viii", "summertime")
# Options that are arguments of both functions that train; what is not given is as they have it.
SETTINGS = ("steps", "batch", "crop", "learning_rate", "every", "seed", "weights")


def add_options(parser: argparse.ArgumentParser) -> None:
    add, positive = parser.add_argument, number_type(0)
    add("kind", choices=KINDS, help="one style; many; a StyleBank; or any style")
    add("--content", metavar="DIR", type=path, required=True, help="a folder of photos")
    paintings = "bundled names or files; for adain a folder of paintings"
    add("--style", metavar="PICTURE", nargs="+", required=True, help=paintings)
    add("-o", "--output", metavar="DIR", type=path, required=True, help="checkpoints, log, network")
    add("--add-to", metavar="NETWORK", help="teach the styles to this network, change nothing else")
    add("--go-on-from", metavar="NETWORK", help="begin with this; styles: or adain-light")
    strokes = "larger strokes: 512; finer: 256; by itself 384"
    add("--style-size", metavar="N", type=WHOLE, default=384, help=strokes)
    add("--style-weight", metavar="W", type=positive, help="more paints more boldly")
    add("--preview", metavar="PHOTO", nargs="*", default=PREVIEWS, help="painted now and then")
    add("--steps", metavar="N", type=WHOLE, help="batches: 2000")
    add("--batch", metavar="N", type=WHOLE, help="photos in a batch: 4")
    add("--crop", metavar="N", type=WHOLE, help="pixels of the square they see: 192; any style 128")
    rate = "of Adam: 0.003; any style 0.001"
    add("--learning-rate", metavar="R", type=positive, help=rate)
    add("--every", metavar="N", type=WHOLE, help="steps between checkpoints: 50")
    add("--weights", metavar="W", help="of VGG19: imagenet, random, or a file")
    add("--seed", metavar="N", type=int, help="0")
    parser.set_defaults(when_stopped="the same command goes on from here")


def run(args: argparse.Namespace) -> None:
    """Train, going on from the last checkpoint in OUT, then write the network and its card."""
    from nstlib.backend import has_fast_bfloat16, has_gpu, keras
    from nstlib.networks.files import save_network
    from nstlib.networks.training.diary import read_log
    from nstlib.networks.training.model_card import model_card

    before, halves = keras.config.dtype_policy(), "bfloat16" if has_fast_bfloat16() else ""
    halves = "float16" if has_gpu() else halves
    keras.mixed_precision.set_global_policy(f"mixed_{halves}" if halves else "float32")
    try:
        trained = (_taught_any_style if args.kind in ANY_STYLE else _taught_styles)(args)
    finally:
        keras.mixed_precision.set_global_policy(before)
    file = save_network(trained, args.output / "network.npz")
    card = model_card(args.output.name, trained, read_log(args.output))
    (args.output / "card.md").write_text(card, encoding="utf-8")
    learnt, (style, engine) = ", ".join(trained.styles) or "any style", ("STYLE", "adain")
    if trained.styles:
        style, engine = trained.styles[-1], "fast"
    print(f"Trained {file}: {learnt}. Paint with it: ", end="")
    print(f"nstlib stylize PHOTO {style} --engine {engine} --network {file} -o OUT")


def _settings(args: argparse.Namespace, function: Callable) -> dict:
    defaults = {name: function.__kwdefaults__[name] for name in SETTINGS}
    return defaults | given(args, *SETTINGS)


def _previews(args: argparse.Namespace) -> dict:
    from nstlib.images.bundled import find_picture
    from nstlib.images.files import load_image

    return {name: load_image(find_picture(name), 256) for name in args.preview}


def _shared_about(settings: dict) -> dict:
    """For the card: how it was trained."""
    rate = settings["learning_rate"]
    return {
        "steps": settings["steps"],
        "batch": f"{settings['batch']} crops of {settings['crop']} px",
        "optimizer": f"Adam {rate:g}, cosine schedule, gradients clipped to norm 5",
        "seed": settings["seed"],
    }


# --- Styles by name ------------------------------------------------------------------------------


def _taught_styles(args: argparse.Namespace):
    """A network for these styles, trained."""
    from nstlib.gatys.recipe import recipe
    from nstlib.images.bundled import find_picture
    from nstlib.images.files import load_image
    from nstlib.networks.training.loop import train

    files = [find_picture(name) for name in args.style]
    paintings = [load_image(file, args.style_size) for file in files]
    settings = _settings(args, train)
    trained = _styles_network(args, [file.stem for file in files], paintings)
    learnt = len(trained.styles) - len(
        paintings
    )  # of --add-to; never drawn, so any picture will do
    styles = dict(zip(trained.styles, [paintings[0]] * learnt + paintings, strict=True))
    loss = recipe("feed-forward", **given(args, "style_weight"))
    again = len(styles) + 1 if trained.architecture == "stylebank" and not learnt else 0
    stream = train(
        trained.network, args.content, styles, args.output, recipe=loss, identity_every=again,
        only=list(range(learnt, len(styles))) if learnt else None, previews=_previews(args),
        **settings,
    )  # fmt: skip
    trained.about.update(
        _shared_about(settings),
        photos=f"{len(stream.files)} files, {len(stream.skipped)} of them unreadable",
        style_size=args.style_size,
        loss_network=f"{loss.network}, {', '.join([*loss.content_layers, *loss.style_layers])}",
        loss_weights=f"content {loss.content_weight:g}, style {loss.style_weight:g}, "
        f"total variation {loss.tv_weight:g}",
    )
    return trained


def _styles_network(args: argparse.Namespace, names: list[str], paintings: list):
    """The network to train: a new one, one to go on with, or one that learns more styles."""
    from nstlib.networks.files import PaintingNetwork, build_network
    from nstlib.networks.growth import with_more_styles

    if len(set(names)) < len(names):
        raise InputError(f"Two styles have one name: {', '.join(names)}. Rename a file.")
    if args.add_to and args.go_on_from:
        raise InputError("--add-to and --go-on-from exclude each other: leave one out.")
    if args.add_to:
        return with_more_styles(_of_kind(args.kind, args.add_to), names)
    if args.kind == "transform" and len(names) > 1:
        raise InputError("A transform network learns one style; `train styles` learns several.")
    if args.go_on_from:
        return _gone_on(args, names, paintings)
    architecture = KINDS[args.kind]
    return PaintingNetwork(architecture, tuple(names), build_network(architecture, len(names)))


def _gone_on(args: argparse.Namespace, names: list[str], paintings: list):
    from nstlib.networks.files import load_network

    if args.kind == "styles" and load_network(args.go_on_from).architecture == "adain-light":
        return _light_network(args, names, paintings)
    trained = _of_kind(args.kind, args.go_on_from)
    if list(trained.styles) != names:
        raise InputError(
            f"{args.go_on_from} knows the styles {', '.join(trained.styles)}: give these styles, "
            "in this order, or --add-to."
        )
    return trained


def _of_kind(kind: str, name: str):
    """The network of that name or file, if `train KIND` can go on from it."""
    from nstlib.networks.files import load_network

    trained = load_network(name, to_train=True)
    if trained.architecture != KINDS[kind]:
        its = next(
            one for one, architecture in KINDS.items() if architecture == trained.architecture
        )
        raise InputError(
            f"{name} is a network of `train {its}`; `train {kind}` cannot go on from it."
        )
    return trained


def _light_network(args: argparse.Namespace, names: list[str], paintings: list):
    """A network of these styles that begins with what one of any style knows of them."""
    import numpy as np

    from nstlib.networks.adain import light_network_of
    from nstlib.networks.files import PaintingNetwork, load_network
    from nstlib.vgg.statistics import style_encoder, style_vector

    look, any_style = style_encoder(**given(args, "weights")), load_network(args.go_on_from)
    vectors = np.concatenate([style_vector(look(painting)) for painting in paintings])
    return PaintingNetwork("light", tuple(names), light_network_of(any_style.network, vectors))


# --- Any style -----------------------------------------------------------------------------------


def _taught_any_style(args: argparse.Namespace):
    """A network that takes any painting, trained: `--style` is a folder of many."""
    from nstlib.images.bundled import find_picture
    from nstlib.images.files import load_image
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
    settings = _settings(args, train_any_style)
    trained = _any_style_network(args, settings)
    stream = train_any_style(
        trained.network, args.content, path(args.style[0]), args.output, previews=_previews(args),
        preview_paintings=[load_image(find_picture(name), 384) for name in PREVIEW_PAINTINGS],
        **settings,
    )  # fmt: skip
    terms = WEIGHTS[trained.network.name]
    count = {"photos": stream.photos, "paintings": stream.paintings}
    trained.about.update(
        _shared_about(settings),
        **{kind: f"{len(s.files)} files, {len(s.skipped)} unreadable" for kind, s in count.items()},
        encoder="vgg19, block1_conv1 to block4_conv1",
        loss_weights=", ".join(f"{name} {weight:g}" for name, weight in terms.items()),
    )
    return trained


def _any_style_network(args: argparse.Namespace, settings: dict):
    """The network to train: a new one, or one to go on with."""
    from nstlib.networks.files import PaintingNetwork, build_network
    from nstlib.networks.training.any_style import lay_style_axes

    if args.go_on_from:
        return _of_kind(args.kind, args.go_on_from)
    trained = PaintingNetwork(args.kind, (), build_network(args.kind, 0))
    resumed = any(args.output.glob("step_*.weights.h5"))  # then all weights come from there
    if args.kind == "adain-light" and not resumed:
        count = min(1000, 4 * settings["steps"])
        shared = {name: settings[name] for name in ("crop", "seed", "weights")}
        lay_style_axes(trained.network, args.content, path(args.style[0]), count=count, **shared)
    return trained
