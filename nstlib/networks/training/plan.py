"""What a training is given, beside pictures: how long, how much, how fast. Light: no Keras here."""

from dataclasses import dataclass

from nstlib.errors import number

SMALLEST_CROP = 32  # pixels: of less, a network with strides has nothing to reflect


@dataclass(frozen=True)
class Training:
    """How long a network learns, from how much, and how fast.

    `steps` batches of `batch` photos, each a square of `crop` pixels; the `learning_rate` of Adam
    where it is highest; `every` so many steps a checkpoint and a row of the log; the `seed` of the
    stream of photos; the `weights` of VGG19, "imagenet", "random" or a file.
    """

    steps: int = 2000
    batch: int = 4
    crop: int = 192
    learning_rate: float = 3e-3
    every: int = 50
    seed: int = 0
    weights: str = "imagenet"

    def __post_init__(self):
        for name in ("steps", "batch", "every"):
            number(name, getattr(self, name), 1, whole=True)
        number("crop", self.crop, SMALLEST_CROP, whole=True, unit="pixels")
        number("learning_rate", self.learning_rate, 0, above=True)

    def kept(self) -> dict:
        """What has to stay the same for a training to go on."""
        kept = {name: getattr(self, name) for name in ("batch", "crop", "seed")}
        return kept | {"vgg_weights": str(self.weights)}
