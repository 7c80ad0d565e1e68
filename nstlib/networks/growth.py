"""A trained network that learns one more style without forgetting, or changing, the others."""

import re
from collections.abc import Sequence

import numpy as np

from nstlib.errors import InputError
from nstlib.networks.blocks import ConditionalInstanceNormalization
from nstlib.networks.files import PaintingNetwork, build_network


def with_more_styles(trained: PaintingNetwork, names: Sequence[str]) -> PaintingNetwork:
    """The same network with room for more styles; only what is new can be trained.

    A network with conditional instance normalisation gets a scale and a shift for each new style,
    which start from the mean of the learnt ones (Dumoulin et al. 2017, section 3.2); a StyleBank
    gets a bank (Chen et al. 2017, section 4.3). Train it with `only=` the new numbers: pictures in
    the old styles then stay what they are, to the bit.
    """
    if not trained.styles:
        raise InputError("A network for any style has no list of styles that could grow.")
    known = [name for name in names if name in trained.styles]
    if known or not names:
        raise InputError(f"{', '.join(known) or 'nothing'} to add: give names that are new to it.")
    styles = (*trained.styles, *names)
    network = build_network(trained.architecture, len(styles))
    old = {variable.path: variable.numpy() for variable in trained.network.weights}
    for variable in network.weights:
        if variable.path in old:
            variable.assign(_grown(old[variable.path], tuple(variable.shape)))
    for layer in network.layers:
        layer.trainable = _is_new(layer, len(trained.styles))
    return PaintingNetwork(trained.architecture, styles, network, dict(trained.about))


def _grown(table: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A weight as it was, or a table of styles with mean rows added at the end."""
    added = shape[0] - table.shape[0]
    mean = table.mean(axis=0, keepdims=True)
    return np.concatenate([table] + [mean] * added) if added else table


def _is_new(layer, learnt: int) -> bool:
    bank = re.match(r"bank(\d+)_", layer.name)
    if bank:
        return int(bank[1]) > learnt
    return isinstance(layer, ConditionalInstanceNormalization)
