"""What a network paints on while it learns: photos in their palettes, on a ground that varies."""

from nstlib.backend import keras, ops, own_settings
from nstlib.networks.ground import STRENGTH, ground


class Canvas:
    """(photos, conditions, lies) -> photos in their palettes, and what the network paints of them.

    `conditions` is what the network takes beside the photos. The network's own ground is the same
    for all pictures, and it would learn it by heart: here it lies as `lies` (batch, 4) say, first
    row, first column, scale, and strength. Content is compared with the photo in its palette,
    without the ground.
    """

    @own_settings()
    def __init__(self, network: keras.Model):
        palette, laid = (network.get_layer(name).output for name in ("palette", "ground"))
        self.mix = keras.Model(network.inputs, palette, name="to_palette")
        self.free = [one.name != "colors" for one in network.inputs[1:]]  # the palette is mixed
        others = self._needed(network.inputs[1:])
        self.paint = keras.Model([laid, *others], network.outputs[0], name="from_ground")

    def __call__(self, photos, conditions: list, lies):
        photos = self.mix([photos, *conditions])
        inputs = [self._primed(photos, lies), *self._needed(conditions)]
        return photos, ops.cast(self.paint(inputs, training=True), "float32")

    def _needed(self, conditions: list) -> list:
        return [one for one, free in zip(conditions, self.free, strict=True) if free]

    def _primed(self, photos, lies):
        _, height, width, _ = ops.shape(photos)
        down, across, scale, strength = (lies[:, place, None] for place in range(4))
        rows = down + scale * ops.arange(height, dtype="float32")
        columns = across + scale * ops.arange(width, dtype="float32")
        laid = STRENGTH * strength[..., None] * ground(rows, columns)
        return ops.clip(photos + laid[..., None], 0, 1)
