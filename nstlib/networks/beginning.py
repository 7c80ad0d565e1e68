"""Networks that begin with what another has learnt already."""

from collections.abc import Mapping

import numpy as np

from nstlib.errors import choice
from nstlib.networks.adain import light_network_of
from nstlib.networks.files import PaintingNetwork, build_network, load_network
from nstlib.networks.palette import palette_of
from nstlib.vgg.statistics import style_encoder, style_vector


def network_for(
    paintings: Mapping[str, np.ndarray], start="adain-light", *, weights: str = "imagenet"
) -> PaintingNetwork:
    """A network of the design "light" for named paintings, to be trained by `nst.train`.

    `paintings` maps names to pictures (1, height, width, 3), RGB, 0..1. `start` is a network for
    any style, adain-light or a file of its kind: from it come the convolutions, and for each
    painting the scales and shifts that it predicts, so that the new network paints before it has
    learnt anything. `weights` of VGG19 is as for `build_vgg`.
    """
    look = style_encoder(weights)
    vectors = np.concatenate([style_vector(look(painting)) for painting in paintings.values()])
    colors = np.stack([palette_of(painting) for painting in paintings.values()])
    begun = load_network(start, to_train=True)
    network = light_network_of(begun.network, vectors, colors)
    return PaintingNetwork("light", tuple(paintings), network)


def network_of_one(
    trained: PaintingNetwork, style: str, name: str | None = None
) -> PaintingNetwork:
    """A network for one `style` of those that another knows, under that or a new `name`.

    It paints what the other paints of this style, and can go on learning, alone. Raises InputError
    for a style that the other does not know.
    """
    place = trained.styles.index(choice("style", style, trained.styles))
    alone = build_network(trained.architecture, 1)
    known = {weight.path: np.asarray(weight.numpy()) for weight in trained.network.weights}
    for weight in alone.weights:
        whole = known[weight.path]
        weight.assign(whole if whole.shape == tuple(weight.shape) else whole[place : place + 1])
    return PaintingNetwork(trained.architecture, (name or style,), alone)
