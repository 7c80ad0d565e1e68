"""StyleBank's promise: styles that meet inside one picture, since each is a part of its own."""

from collections.abc import Mapping

import numpy as np

from nstlib.backend import keras, ops
from nstlib.errors import InputError
from nstlib.images.arrays import as_image, resize
from nstlib.images.masks import as_mask
from nstlib.networks.conditions import style_mix
from nstlib.networks.files import PaintingNetwork


def banks_by_region(trained: PaintingNetwork, picture, regions: Mapping) -> np.ndarray:
    """Paint a picture with another bank in each region: (1, height, width, 3), RGB, 0..1.

    `regions` maps styles of a StyleBank to masks (1, height, width, 1), 0..1, in all 1 everywhere.
    Each bank sees the whole picture, in the palette of its style; their features are added up,
    weighted by the masks, and decoded once, so that strokes cross the border. Chen et al. 2017.
    """
    if trained.architecture != "stylebank":
        raise InputError(f"{trained.architecture} has no banks: nst.by_region blends its pictures.")
    if not regions:
        raise InputError("regions is empty: give a mask for each style that is to paint.")
    picture, network, joined = as_image(picture), trained.network, 0.0
    canvas, middle = (network.get_layer(name).output for name in ("ground", "mix_banks"))
    encode = keras.Model(network.inputs, [middle, canvas])
    decode = keras.Model([middle, canvas], network.outputs[0])
    for style, region in regions.items():
        parts = encode([picture, style_mix(trained.styles, style)])
        features, primed = map(ops.convert_to_numpy, parts)
        joined += resize(as_mask(region), features.shape[1:3]) * features
    return ops.convert_to_numpy(decode([joined, primed]))
