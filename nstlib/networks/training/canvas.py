"""What a network paints on while it learns: photos in their palettes, on a ground that varies."""

from nstlib.backend import keras, ops
from nstlib.networks.ground import STRENGTH, ground

ZOOM = (0.85, 2.0)  # of the ground: its bumps have standard deviations of 2.5 to 6 pixels
FORCE = (0.6, 1.2)  # of its strength


class Canvas:
    """(photos, conditions) -> photos in their palettes, and what the network paints of them.

    The network's own ground is the same for all pictures, and it would learn it by heart. Here it
    lies anywhere, larger or smaller, stronger or weaker; what is drawn depends on `seed`, and on
    how much was drawn before, which a checkpoint knows. Content is compared with the photo in its
    palette, without the ground.
    """

    def __init__(self, network: keras.Model, seed: int = 0):
        palette, laid = (network.get_layer(name).output for name in ("palette", "ground"))
        self.mix = keras.Model(network.inputs, palette, name="to_palette")
        conditions = [one for one in network.inputs[1:] if one.name != "colors"]
        self.paint = keras.Model([laid, *conditions], network.outputs[0], name="from_ground")
        self.names = [one.name for one in network.inputs[1:]]
        self.draw = keras.random.SeedGenerator(seed)

    def __call__(self, photos, conditions: list):
        photos = self.mix([photos, *conditions])
        pairs = zip(self.names, conditions, strict=True)
        conditions = [one for name, one in pairs if name != "colors"]
        painted = self.paint([self._primed(photos), *conditions], training=True)
        return photos, ops.cast(painted, "float32")

    def _primed(self, photos):
        batch, height, width, _ = ops.shape(photos)
        zoom, force = (self._drawn(*ends, (batch, 1)) for ends in (ZOOM, FORCE))
        places = [
            self._drawn(0, 1e3, (batch, 1)) + zoom * ops.arange(side, dtype="float32")
            for side in (height, width)
        ]
        force = STRENGTH * force[..., None, None]
        return ops.clip(photos + force * ground(*places)[..., None], 0, 1)

    def _drawn(self, low: float, high: float, shape: tuple):
        return keras.random.uniform(shape, low, high, seed=self.draw)
