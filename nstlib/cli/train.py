"""`python -m nstlib train`: a network of your own, from a folder of photos and some paintings."""

import argparse
import sys
from pathlib import Path

from nstlib.errors import InputError

KINDS = {
    "transform": "johnson",
    "styles": "light",
    "stylebank": "stylebank",
    "adain": "adain",
    "adain-light": "adain-light",
}
ANY_STYLE = ("adain", "adain-light")
PREVIEW_PAINTINGS = ("starry_night", "great_wave", "poppies", "composition_viii", "summertime")


def add_train(parser: argparse.ArgumentParser, whole, positive) -> None:
    """The options of `train`; `whole` and `positive` are the argparse types of numbers."""
    add = parser.add_argument
    add("kind", choices=tuple(KINDS), help="one style; many; a StyleBank; or any style")
    add("--content", metavar="DIR", type=Path, required=True, help="a folder of photos")
    add(
        "--style",
        metavar="PICTURE",
        nargs="+",
        required=True,
        help="bundled names or files; for adain a folder of paintings",
    )
    add("-o", "--output", metavar="DIR", type=Path, required=True, help="checkpoints, log, network")
    add("--add-to", metavar="NETWORK", help="teach the styles to this network, change nothing else")
    add("--go-on-from", metavar="NETWORK", help="begin with this; styles: or adain-light")
    add("--steps", metavar="N", type=whole, default=3000, help="batches: 3000")
    add("--batch", metavar="N", type=whole, default=4, help="photos in a batch: 4")
    add("--crop", metavar="N", type=whole, default=192, help="pixels of the square they see: 192")
    add(
        "--style-size", metavar="N", type=whole, default=384, help="larger strokes: 512; finer: 256"
    )
    add("--style-weight", metavar="W", type=positive, help="more paints more boldly")
    add("--learning-rate", metavar="R", type=positive, default=3e-3, help="of Adam: 0.003")
    add("--every", metavar="N", type=whole, default=50, help="steps between checkpoints: 50")
    add("--preview", metavar="PHOTO", nargs="*", default=["great_wall", "cat", "chameleon"])
    add("--weights", metavar="W", default="imagenet", help="of VGG19: imagenet, random, or a file")
    add("--seed", metavar="N", type=int, default=0)
    parser.set_defaults(run=run_train, usage_error=parser.error)


def run_train(args: argparse.Namespace) -> int:
    """Train, going on from the last checkpoint in OUT, then write the network and its card."""
    from nstlib.backend import has_fast_bfloat16, has_gpu, keras

    policy = "float32"
    if has_gpu():
        policy = "mixed_float16"
    elif has_fast_bfloat16():
        policy = "mixed_bfloat16"
    before = keras.config.dtype_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        (_train_any_style if args.kind in ANY_STYLE else _train_styles)(args)
        return 0
    except KeyboardInterrupt:
        print("nstlib: stopped by Ctrl-C; the same command goes on from here", file=sys.stderr)
        return 130
    finally:
        keras.mixed_precision.set_global_policy(before)


def _train_styles(args: argparse.Namespace) -> None:
    """Train a network for these styles, and write it with its card."""
    from nstlib.gatys.recipe import recipe
    from nstlib.images.bundled import find_picture
    from nstlib.images.files import load_image
    from nstlib.networks.training.loop import train

    paths = [find_picture(name) for name in args.style]
    paintings = [load_image(path, args.style_size) for path in paths]
    trained, only = _network(args, [path.stem for path in paths], paintings)
    blank = paintings[0]  # stands for the styles that are learnt already and never drawn
    learnt = len(trained.styles) - len(paintings)
    styles = dict(zip(trained.styles, [blank] * learnt + paintings, strict=True))
    settings = recipe("feed-forward")
    if args.style_weight:
        settings = recipe(settings, style_weight=args.style_weight)
    stream = train(
        trained.network, args.content, styles, args.output, recipe=settings, only=only,
        steps=args.steps, batch=args.batch, crop=args.crop, learning_rate=args.learning_rate,
        every=args.every, seed=args.seed, weights=args.weights,
        identity_every=len(styles) + 1 if trained.architecture == "stylebank" and not only else 0,
        previews={name: load_image(find_picture(name), 256) for name in args.preview},
    )  # fmt: skip
    trained.about.update(_about(args, settings, stream))
    file = _saved(trained, args.output)
    print(f"Trained {file}: {', '.join(trained.styles)}. Paint with it: ", end="")
    print(f"nstlib stylize PHOTO {trained.styles[-1]} --engine fast --network {file} -o OUT")


def _train_any_style(args: argparse.Namespace) -> None:
    """The same for a network that takes any painting: `--style` is a folder of many."""
    from nstlib.images.bundled import find_picture
    from nstlib.images.files import load_image
    from nstlib.networks.training.any_style import WEIGHTS, train_any_style

    if len(args.style) > 1 or args.add_to or args.style_weight:
        raise InputError(
            f"`train {args.kind}` takes as --style one folder of many paintings, and neither "
            "--add-to nor --style-weight: it learns to paint in any style, not in these."
        )
    if not Path(args.style[0]).is_dir():
        raise InputError(
            f"--style {args.style[0]} is no folder: `train {args.kind}` learns from a folder of "
            "many paintings."
        )
    trained = _any_style_network(args)
    stream = train_any_style(
        trained.network, args.content, args.style[0], args.output,
        steps=args.steps, batch=args.batch, crop=args.crop, learning_rate=args.learning_rate,
        every=args.every, seed=args.seed, weights=args.weights,
        previews={name: load_image(find_picture(name), 256) for name in args.preview},
        preview_paintings=[load_image(find_picture(name), 384) for name in PREVIEW_PAINTINGS],
    )  # fmt: skip
    terms = WEIGHTS[trained.network.name]
    count = {"photos": stream.photos, "paintings": stream.paintings}
    trained.about.update(_shared_about(args))
    trained.about.update({
        **{kind: f"{len(s.files)} files, {len(s.skipped)} unreadable" for kind, s in count.items()},
        "encoder": "vgg19, block1_conv1 to block4_conv1",
        "loss_weights": ", ".join(f"{name} {weight:g}" for name, weight in terms.items()),
    })  # fmt: skip
    file = _saved(trained, args.output)
    print(f"Trained {file} for any style. Paint with it: ", end="")
    print(f"nstlib stylize PHOTO STYLE --engine adain --network {file} -o OUT")


def _any_style_network(args: argparse.Namespace):
    """The network to train: a new one, or one to go on with."""
    from nstlib.networks.files import PaintingNetwork, build_network, load_network
    from nstlib.networks.training.any_style import lay_style_axes

    if args.go_on_from:
        before = load_network(args.go_on_from, to_train=True)
        if before.architecture != args.kind:
            raise InputError(_wrong_kind(args.go_on_from, before, args.kind))
        return before
    trained = PaintingNetwork(args.kind, (), build_network(args.kind, 0))
    resumed = any(args.output.glob("step_*.weights.h5"))  # then all weights come from there
    if args.kind == "adain-light" and not resumed:
        lay_style_axes(
            trained.network, args.content, args.style[0], crop=args.crop, seed=args.seed,
            count=min(1000, 4 * args.steps), weights=args.weights,
        )  # fmt: skip
    return trained


def _saved(trained, folder: Path) -> Path:
    """Write the network and its card."""
    from nstlib.networks.files import save_network
    from nstlib.networks.training.diary import model_card, read_log

    file = save_network(trained, folder / "network.npz")
    card = model_card(folder.name, trained, read_log(folder))
    (folder / "card.md").write_text(card, encoding="utf-8")
    return file


def _network(args: argparse.Namespace, names: list[str], paintings: list):
    """The network to train, and the numbers of the styles to draw (None: all of them)."""
    from nstlib.networks.files import (
        PaintingNetwork,
        build_network,
        load_network,
        with_more_styles,
    )

    if len(set(names)) < len(names):
        raise InputError(f"Two styles have one name: {', '.join(names)}. Rename a file.")
    architecture = KINDS[args.kind]
    if args.add_to:
        before = load_network(args.add_to)
        if args.go_on_from:
            raise InputError("--add-to and --go-on-from exclude each other: leave one out.")
        if before.architecture != architecture:
            raise InputError(_wrong_kind(args.add_to, before, args.kind))
        trained = with_more_styles(before, names)
        return trained, list(range(len(before.styles), len(trained.styles)))
    if args.kind == "transform" and len(names) > 1:
        raise InputError("A transform network learns one style; `train styles` learns several.")
    if args.go_on_from:
        trained = load_network(args.go_on_from, to_train=True)
        if (trained.architecture, args.kind) == ("adain-light", "styles"):
            return _light_network(args, names, paintings, trained), None
        if trained.architecture != architecture:
            raise InputError(_wrong_kind(args.go_on_from, trained, args.kind))
        if list(trained.styles) != names:
            raise InputError(
                f"{args.go_on_from} knows the styles {', '.join(trained.styles)}: give these "
                "styles, in this order, or --add-to."
            )
        return trained, None
    return PaintingNetwork(
        architecture, tuple(names), build_network(architecture, len(names))
    ), None


def _wrong_kind(name: str, trained, kind: str) -> str:
    its_kind = next(
        one for one, architecture in KINDS.items() if architecture == trained.architecture
    )
    return f"{name} is a network of `train {its_kind}`; `train {kind}` cannot go on from it."


def _light_network(args: argparse.Namespace, names: list[str], paintings: list, any_style):
    """A network of these styles that begins with what one of any style knows of them."""
    import numpy as np

    from nstlib.networks.adain import light_network_of
    from nstlib.networks.files import PaintingNetwork
    from nstlib.vgg.statistics import style_encoder, style_vector

    look = style_encoder(args.weights)
    vectors = np.concatenate([style_vector(look(painting)) for painting in paintings])
    return PaintingNetwork("light", tuple(names), light_network_of(any_style.network, vectors))


def _about(args: argparse.Namespace, settings, stream) -> dict:
    layers = [*settings.content_layers, *settings.style_layers]
    return _shared_about(args) | {
        "photos": f"{len(stream.files)} files, {len(stream.skipped)} of them unreadable",
        "style_size": args.style_size,
        "loss_network": f"{settings.network}, {', '.join(layers)}",
        "loss_weights": f"content {settings.content_weight:g}, style {settings.style_weight:g}, "
        f"total variation {settings.tv_weight:g}",
    }


def _shared_about(args: argparse.Namespace) -> dict:
    return {
        "steps": args.steps,
        "batch": f"{args.batch} crops of {args.crop} px",
        "optimizer": f"Adam {args.learning_rate:g}, cosine schedule, gradients clipped to norm 5",
        "seed": args.seed,
    }
