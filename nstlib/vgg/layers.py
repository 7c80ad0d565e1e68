"""The layers that Keras lacks for VGG: what it expects of a picture, and mirrors at the border."""

from nstlib.backend import keras, layers, ops
from nstlib.errors import InputError
from nstlib.vgg.table import MEAN_BGR


class Preprocess(layers.Layer):
    """What the pretrained networks expect: BGR, 0..255, minus the mean colour of ImageNet.

    (batch, height, width, 3) RGB in 0..1 -> the same shape, roughly -124..151. As a layer, so that
    every network takes nstlib's pictures as they are.
    """

    def call(self, image):
        return ops.flip(image, axis=-1) * 255.0 - ops.array(MEAN_BGR, dtype=image.dtype)


@keras.saving.register_keras_serializable("nstlib")
class ReflectionPadding(layers.Layer):
    """`size` pixels of mirror image on every side; InputError if the picture has too few.

    The mirror stands on the outermost pixels, which have no image then, or, with `repeat`, beside
    them.
    """

    def __init__(self, size: int = 1, repeat: bool = False, **options):
        super().__init__(**options)
        self.size, self.repeat = size, repeat

    def call(self, x):
        least = self.size + (not self.repeat)
        if any(isinstance(side, int) and side < least for side in x.shape[1:3]):
            raise InputError(
                f"{self.name} is given {x.shape[1]} x {x.shape[2]} numbers a channel and mirrors "
                f"{self.size} at each side: at least {least} are needed. Take a larger picture, "
                "or shallower layers."
            )
        sides = (self.size, self.size)
        mode = "symmetric" if self.repeat else "reflect"
        return ops.pad(x, ((0, 0), sides, sides, (0, 0)), mode=mode)

    def compute_output_shape(self, shape):
        grow = [None if side is None else side + 2 * self.size for side in shape[1:3]]
        return (shape[0], *grow, shape[3])

    def get_config(self):
        return {**super().get_config(), "size": self.size, "repeat": self.repeat}
