"""A patch critic: is this square of pixels from a picture of the collection, or was it painted?

Isola et al. 2017, section 3.2.2. It looks at squares of 46 pixels and not at the whole, so that it
judges strokes and colours, and a few hundred pictures are many thousand squares to learn from.
"""

from nstlib.backend import keras, layers, ops, own_settings
from nstlib.networks.blocks import InstanceNormalization

CHANNELS = (32, 64, 128)  # after each halving
SLOPE = 0.2  # of the leaky ReLU
KEPT = 50  # paintings of the past that a critic is shown, too (Shrivastava et al. 2017)


@own_settings()
def patch_critic(name: str = "critic") -> keras.Model:
    """A network pictures (batch, height, width, 3), RGB, 0..1 -> marks (batch, height / 8, …, 1).

    A mark near 1 says that the square is from the collection, near 0 that it was painted.
    """
    image = x = keras.Input((None, None, 3), name="image")
    for number, channels in enumerate(CHANNELS, start=1):
        x = layers.Conv2D(channels, 4, strides=2, padding="same", name=f"down{number}_conv")(x)
        if number > 1:
            x = InstanceNormalization(name=f"down{number}_norm")(x)
        x = layers.LeakyReLU(SLOPE, name=f"down{number}_relu")(x)
    marks = layers.Conv2D(1, 4, padding="same", dtype="float32", name="marks")(x)
    return keras.Model(image, marks, name=name)


def held(critic: keras.Model):
    """The critic as a function pictures -> marks whose weights the marks' gradient leaves alone.

    The painter learns from it what would please the critic, and must not teach it to be pleased.
    """

    def judge(pictures):
        weights = [ops.stop_gradient(weight.value) for weight in critic.trainable_variables]
        return critic.stateless_call(weights, [], pictures)[0]

    return judge


class PastPaintings(layers.Layer):
    """What a critic is shown: paintings, some of them exchanged for those of earlier steps.

    [pictures (batch, crop, crop, 3), slots (batch, KEPT), old (batch, 1)] -> pictures. A picture is
    kept where its slots are 1, and where `old` is 1 the one that was kept there before is shown in
    its place, so that a painter gains nothing by coming back to an old trick (Shrivastava et al.
    2017). No gradient comes through.
    """

    def __init__(self, crop: int, **options):
        super().__init__(trainable=False, autocast=False, dtype="float32", **options)
        self.kept = self.add_weight((KEPT, crop, crop, 3), "zeros", trainable=False, name="kept")

    def call(self, pictures, slots, old):
        pictures, before = ops.stop_gradient(pictures), self.kept.value
        place, keep = old[:, :, None, None], ops.sum(slots, axis=0)[:, None, None, None]
        shown = (1 - place) * pictures + place * ops.tensordot(slots, before, axes=1)
        self.kept.assign(
            (1 - keep) * before + ops.tensordot(ops.transpose(slots), pictures, axes=1)
        )
        return shown


def for_true(marks):
    """How far marks are from 1, which says "of the collection" (Mao et al. 2017): a scalar."""
    return ops.mean(ops.square(marks - 1))


def told_apart(true, painted):
    """What a critic learns to make small, from its marks of true and of painted squares."""
    return (for_true(true) + ops.mean(ops.square(painted))) / 2
