"""What a network is asked for while it learns: the painter's terms, over a batch of photos.

Johnson et al. 2016: what Gatys' optimiser minimises for one picture, a network learns to minimise
for all pictures.
"""

from functools import partial

from nstlib.backend import ops
from nstlib.errors import InputError
from nstlib.gatys.recipe import Recipe, recipe as named_recipe
from nstlib.images.arrays import without_grain
from nstlib.vgg import losses
from nstlib.vgg.network import feature_extractor

IDENTITY_WEIGHT = 100.0  # of the mean squared difference of pixels, where nothing is to be painted
TONE_WEIGHT = 15.0
TONE_CELL = 16  # pixels: strokes are free within it
ONE = (1, 2, 3)  # the axes of one picture, or of its features, in a batch


class PerceptualLoss:
    """(photos, mix, painted) -> terms: what a painting network is trained to make small.

    photos, in the palettes of their paintings, and painted (batch, height, width, 3), mix (batch,
    styles) the share of each painting; a dict of scalars, weighted as they are summed, under the
    names that `nst.objective` uses. Each is a mean over the batch of what `nst.objective` says of
    the single pictures. Where a picture's mix is all 0, only "identity" counts: the mean squared
    difference from the photo.

    A Gram matrix does not know where, and a network may keep most of the photo and pay its debt to
    the style in one coloured blotch. So "tone" asks light and colour of every cell of TONE_CELL
    pixels to stay near the photo's.
    """

    def __init__(self, paintings, recipe: str | Recipe = "feed-forward", weights="imagenet"):
        self.recipe = named_recipe(recipe)
        if not self.recipe.relative or self.recipe.style_statistic != "gram":
            raise InputError("Only recipes that are relative, on Gram matrices, train networks.")
        if self.recipe.histogram_weight:
            raise InputError("histogram_weight is for nst.style_transfer: networks take 0 only.")
        self.weights = self.recipe.layer_weights
        self.names = [*map(" ".join, self.weights), "tone", "tv", "identity"]  # of the terms
        seen_as = {name: getattr(self.recipe, name) for name in ("network", "pooling", "padding")}
        see = partial(feature_extractor, weights=weights, **seen_as)
        self.extract = see([layer for _, layer in self.weights])
        content = [layer for kind, layer in self.weights if kind == "content"]
        self.content = see(content) if content else lambda photos: {}  # mostly not as deep
        features = [self.extract(without_grain(one, self.recipe.grain)) for one in paintings]
        self.grams = {
            layer: ops.concatenate([losses.gram_matrix(seen[layer]) for seen in features])
            for kind, layer in self.weights
            if kind == "style"
        }

    def __call__(self, photos, mix, painted) -> dict:
        before, after = self.content(photos), self.extract(painted)
        share, terms = ops.sum(mix, axis=1), {}
        for (kind, layer), weight in self.weights.items():
            if kind == "content":
                value, target = after[layer], ops.stop_gradient(before[layer])
            else:
                value = losses.gram_matrix(after[layer])
                target = ops.einsum("bs,scd->bcd", mix, self.grams[layer])
            axes = tuple(range(1, len(value.shape)))
            distance = losses.relative_distance(value, target, axis=axes)
            terms[f"{kind} {layer}"] = weight * ops.mean(share * distance)
        terms["tone"] = TONE_WEIGHT * ops.mean(share * tone_distance(photos, painted))
        roughness = losses.total_variation(painted * share[:, None, None, None])
        terms["tv"] = self.recipe.tv_weight * roughness
        unpainted = (1 - share) * ops.mean(ops.square(painted - photos), axis=ONE)
        terms["identity"] = IDENTITY_WEIGHT * ops.mean(unpainted)
        return terms


def tone_distance(photos, painted):
    """The relative distance of light and colour, as means of cells: two pictures -> (batch,)."""
    cells = {"pool_size": TONE_CELL, "strides": TONE_CELL, "data_format": "channels_last"}
    after, before = (ops.average_pool(picture, **cells) for picture in (painted, photos))
    return losses.relative_distance(after, before, axis=ONE, floor=0.02)
