"""What a network is asked for while it learns: the painter's terms, over a batch of photos.

Johnson et al. 2016: what Gatys' optimiser minimises for one picture, a network learns to minimise
for all pictures.
"""

from nstlib.backend import ops
from nstlib.errors import InputError
from nstlib.gatys.recipe import Recipe, recipe as named_recipe
from nstlib.vgg import losses
from nstlib.vgg.network import feature_extractor

IDENTITY_WEIGHT = 100.0  # of the mean squared difference of pixels, where nothing is to be painted
SHIFT, SHIFT_WEIGHT = 3, 40.0  # pixels, no divisor of a stride; of the mean squared difference
ONE = (1, 2, 3)  # the axes of one picture, or of its features, in a batch


class PerceptualLoss:
    """(photos, mix, painted) -> terms: what a painting network is trained to make small.

    photos and painted (batch, height, width, 3), mix (batch, styles) the share of each painting; a
    dict of scalars, weighted as they are summed, under the names that `nst.objective` uses. Each is
    a mean over the batch of what `nst.objective` says of the single pictures. Where a picture's mix
    is all 0, only "identity" counts: the mean squared difference from the photo.

    With `windows` above 1 each picture is cut into that many rows and columns, and the painting's
    Gram matrix is asked of every part. A Gram matrix does not know where: asked of the whole, a
    network may keep most of the photo and pay its debt to the style in one coloured blotch.
    """

    def __init__(
        self, paintings, recipe: str | Recipe = "feed-forward", weights="imagenet", windows: int = 1
    ):
        self.recipe, self.windows = named_recipe(recipe), windows
        if not self.recipe.relative or self.recipe.style_statistic != "gram":
            raise InputError("Only recipes that are relative, on Gram matrices, train networks.")
        asked = self.recipe.layer_weights.items()
        self.weights = {key: weight for key, weight in asked if key[0] != "histogram"}
        self.names = [*map(" ".join, self.weights), "tv", "identity"]  # of the terms, in order
        layers = [layer for _, layer in self.weights]
        seen_as = {name: getattr(self.recipe, name) for name in ("network", "pooling", "padding")}
        self.extract = feature_extractor(layers, weights=weights, **seen_as)
        features = [self.extract(painting) for painting in paintings]
        self.grams = {
            layer: ops.concatenate([losses.gram_matrix(seen[layer]) for seen in features])
            for kind, layer in self.weights
            if kind == "style"
        }

    def __call__(self, photos, mix, painted) -> dict:
        before, after = self.extract(photos), self.extract(painted)
        share, terms = ops.sum(mix, axis=1), {}
        for (kind, layer), weight in self.weights.items():
            if kind == "content":
                value, target = after[layer], ops.stop_gradient(before[layer])
            else:
                value = window_grams(after[layer], self.windows)
                target = ops.einsum("bs,scd->bcd", mix, self.grams[layer])[:, None]
            distance = losses.relative_distance(value, target, axis=ONE)
            terms[f"{kind} {layer}"] = weight * ops.mean(share * distance)
        roughness = losses.total_variation(painted * share[:, None, None, None])
        terms["tv"] = self.recipe.tv_weight * roughness
        unpainted = (1 - share) * ops.mean(ops.square(painted - photos), axis=ONE)
        terms["identity"] = IDENTITY_WEIGHT * ops.mean(unpainted)
        return terms


def window_grams(features, windows: int):
    """Gram matrices of the parts of a picture, cut into `windows` rows and as many columns.

    (batch, height, width, channels) -> (batch, windows^2, channels, channels); rows and columns
    that are left over at the lower and right border are not seen.
    """
    batch, height, width, channels = features.shape
    height, width = height // windows, width // windows
    parts = features[:, : height * windows, : width * windows]
    parts = ops.reshape(parts, (-1, windows, height, windows, width, channels))
    grams = ops.einsum("byhxwc,byhxwd->byxcd", parts, parts) / (height * width)
    return ops.reshape(grams, (-1, windows * windows, channels, channels))


def shift_distance(network, photos, mix, painted):
    """How much the painting of a photo that has moved differs from the painting, moved: a scalar.

    In a cloudless sky a network with strides paints their lattice, an even weave that a perceptual
    loss takes for strokes. The lattice stays where it is when the photo moves, and this is its
    price. (Losses for video ask the same of two frames: Gupta et al. 2017.)
    """
    mix = ops.concatenate([mix[::2], mix[1::2]])
    again = network([_shifted(photos), mix], training=True)
    squares = ops.square(ops.cast(again, "float32") - _shifted(painted))
    return ops.mean(ops.sum(mix, axis=1) * ops.mean(squares, axis=ONE))


def _shifted(pictures):
    """The first, third, … picture without its first rows, the others without first columns."""
    down, right = pictures[::2, SHIFT:, :-SHIFT], pictures[1::2, :-SHIFT, SHIFT:]
    return ops.concatenate([down, right])
