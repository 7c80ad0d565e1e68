"""The optimiser as a painter of films, whose paint stays on what it was painted on."""

import numpy as np

from nstlib.images.arrays import as_image

STYLE_SIZE = 512  # pixels: longest side of a painting given by name


class GatysPainter:
    """The optimiser as a painter of frames: it starts from the painting before, moved along, and a
    temporal term holds it there (Ruder et al. 2016, eqs. 7 and 8).

    `style` is a bundled name, a file, or a picture; `options` are those of `nst.style_transfer`.
    `temporal_weight` is the term's at consistency 1. Frames after the first take half the steps.
    """

    def __init__(self, style, recipe="default", *, temporal_weight: float = 500.0, **options):
        from nstlib.gatys.recipe import recipe as named
        from nstlib.images.bundled import find_picture
        from nstlib.images.files import load_image

        given = hasattr(style, "shape")
        self.style = as_image(style) if given else load_image(find_picture(style), STYLE_SIZE)
        self.own = {name: options.pop(name) for name in ("seed", "weights") if name in options}
        self.recipe, self.temporal_weight = named(recipe, **options), temporal_weight
        # Video that was begun by a painter with the same label is gone on with.
        self.label = f"gatys {self.style.mean()} {self.recipe} {self.own} {temporal_weight}"

    def __call__(self, frame) -> np.ndarray:
        return self._painted(frame, steps=self.recipe.steps)

    def follow(self, frame, moved, trust, consistency: float) -> np.ndarray:
        """The painting of a frame, where the one before, `moved` along, is trusted so far."""
        term = temporal_term(moved, trust, consistency * self.temporal_weight)
        start = frame + trust * (moved - frame)
        steps = max(1, self.recipe.steps // 2)
        return self._painted(frame, steps=steps, start=start, extra={"temporal": term})

    def _painted(self, frame, **options) -> np.ndarray:
        from nstlib.gatys.painting import style_transfer

        options |= self.own
        return style_transfer(frame, self.style, self.recipe, progress=False, **options).image


def temporal_term(moved, trust, weight: float):
    """A term for `painting_steps(extra=…)`: how far a picture is from the painting before.

    The mean of trust * difference^2 over all values, times `weight`; a function from a picture to
    (value, gradient).
    """

    def term(picture):
        difference = trust * (picture - moved)
        value = weight * float((difference * (picture - moved)).mean())
        return value, (2 * weight / picture.size) * difference

    return term
