"""What a network has to reach before it comes with the course: the limits, and what is measured.

`benchmarks/network_quality.py` measures all of it, the tests what is cheap. A picture goes through
VGG19 once for all its distances: a `glance` keeps what they need, a small part of a `look`.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nstlib.backend import ops
from nstlib.evaluation.measures import CONTENT_LAYER, lattice
from nstlib.images.arrays import as_image
from nstlib.images.bundled import bundled_networks, pictures
from nstlib.vgg.losses import gram_matrix, relative_distance
from nstlib.vgg.network import feature_extractor
from nstlib.vgg.statistics import LEVELS

# Of every style: `palette_kept` and `weave`. Of a network: the share of its paintings whose own
# style is the nearest, and of its styles in which it is nearer than the peer to photo and style.
PALETTE, WEAVE, TOLD_APART, NEARER = 0.75, 2.0, 0.9, 0.8
# Paintings that the networks for any style were not trained on: what they are judged on.
HELD_OUT = (
    *("starry_night", "great_wave", "the_scream", "composition_vii", "san_giorgio", "the_kiss"),
    *("red_fuji", "thousand_li", "udnie", "shipwreck"),
)
# Where a weave shows: a table of wood, and a sky without a cloud, the upper part of its photo.
FLAT = {"coffee": 1.0, "golden_temple": 3 / 8}
# Lab units: below `FAINT` a painting has no such colour to speak of (ink has no hues), and its
# copy is asked for none: it has to stay below `PALE`.
FAINT, PALE = 3.0, 4.5
# Architectures that are not judged: textures need no photo, and adain, with VGG19 inside and no
# palette, is there for chapter 10 to take apart; adain-light paints better.
NOT_JUDGED = ("texture", "adain")


def photo_networks() -> dict[str, dict]:
    """The bundled networks of bundled paintings, or of any: name -> row of `nst.bundled_networks`.

    Those of a collection have no painting of their own that a gate could compare with.
    """
    known = {entry.name for entry in pictures("painting")}
    rows = bundled_networks().items()
    judged = {name: row for name, row in rows if row["architecture"] not in NOT_JUDGED}
    return {name: row for name, row in judged.items() if known.issuperset(row["styles"])}


def palette_kept(painted, painting) -> np.ndarray:
    """How much of a painting's palette is in what was painted: 1 all of it, for each of L, a, b.

    Two `color_spread` (3,) -> their ratios. Where the painting's is FAINT, a ratio says nothing:
    then it is 1 as long as the other is faint, too, and falls to PALETTE at PALE and further.
    """
    painted, painting = np.asarray(painted, "float64"), np.asarray(painting, "float64")
    pale = np.minimum(PALETTE * PALE / np.maximum(painted, 1e-6), 1)
    return np.where(painting < FAINT, pale, painted / np.maximum(painting, 1e-6))


def weave(painted, photo: str) -> float:
    """The `lattice` of what was painted of a photo of FLAT, where it is flat."""
    rows = round(FLAT[photo] * painted.shape[1])
    return lattice(painted[:, :rows])


# --- Distances, each picture looked at once -------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Glance:
    """What content and style distances need to know of a picture.

    `content` are the features at CONTENT_LAYER, `grams` the Gram matrices (1, channels, channels)
    at LEVELS.
    """

    content: np.ndarray
    grams: list[np.ndarray]


def glance(picture) -> Glance:
    """Look at a picture (1, height, width, 3), RGB, 0..1, with VGG19."""
    seen = _network()(as_image(picture))
    grams = [ops.convert_to_numpy(gram_matrix(seen[level])) for level in LEVELS]
    return Glance(ops.convert_to_numpy(seen[CONTENT_LAYER]), grams)


def content_distance(painted: Glance, photo: Glance) -> float:
    """`nst.content_distance` of two pictures of one size."""
    return float(relative_distance(painted.content, photo.content))


def style_distances(painted: Glance, paintings: list[Glance]) -> np.ndarray:
    """`nst.style_distance` of a picture to each of several: (paintings,)."""
    return np.array([_style_distance(painted.grams, one.grams) for one in paintings])


def _style_distance(grams: list[np.ndarray], targets: list[np.ndarray]) -> float:
    apart = [
        np.mean((a - b) ** 2) / np.mean(np.square(b)) for a, b in zip(grams, targets, strict=True)
    ]
    return float(np.mean(apart))


@lru_cache(maxsize=1)
def _network():
    return feature_extractor({*LEVELS, CONTENT_LAYER}, padding="reflect", precision="float32")
