"""The optimiser as a painter of films, whose paint stays on what it was painted on."""

from collections.abc import Mapping
from functools import cached_property
from numbers import Real

import numpy as np

from nstlib.gatys.objective import Objective
from nstlib.gatys.painting import settled, style_transfer
from nstlib.images.arrays import as_image
from nstlib.images.bundled import find_picture
from nstlib.images.files import load_image

STYLE_SIZE = 512  # pixels: longest side of a painting given by name


class GatysPainter:
    """The optimiser as a painter, picture -> painting: of one picture, of many, of a film.

    What it learns of the paintings, and VGG, serve for every picture that it paints. Of a film it
    starts from the painting before, moved along, and a temporal term holds it there (Ruder et al.
    2016, eqs. 7 and 8); frames after the first take half the steps.

    `style` is a painting (a bundled name, a file, or a picture), a list of them, or a mapping from
    name to painting, or from painting to its share. The other arguments are those of
    `nst.style_transfer`; `temporal_weight` is the term's at consistency 1. Unlike there, Ctrl-C
    leaves no picture that is half done, and there is no bar unless `progress` is True.
    """

    def __init__(self, style, recipe="default", *, temporal_weight: float = 500.0, **options):
        if isinstance(style, Mapping) and all(isinstance(one, Real) for one in style.values()):
            style, options["style_weights"] = list(style), list(style.values())
        self.recipe, self.options = settled(recipe, {"progress": False, **options})
        self.style = self._loaded(style)
        self.temporal_weight = temporal_weight

    @cached_property
    def objective(self) -> Objective:
        """What it asks of every picture; made when the first one is painted."""
        return Objective(self.recipe, self.options.get("weights", "imagenet"))

    def __call__(self, frame, **changes) -> np.ndarray:
        """The painting of a picture, with other options than usual for this once."""
        options = {**self.options, "objective": self.objective, **changes}
        run = style_transfer(frame, self.style, self.recipe, **options)
        if run.stopped == "interrupted":  # which ends the film, not a frame of it
            raise KeyboardInterrupt
        return run.image

    def follow(self, frame, moved, trust, consistency: float) -> np.ndarray:
        """The painting of a frame, where the one before, `moved` along, is trusted so far."""
        term = temporal_term(moved, trust, consistency * self.temporal_weight)
        extra = {**(self.options.get("extra") or {}), "temporal": term}
        steps = max(1, self.recipe.steps // 2)
        start = frame + trust * (moved - frame)
        return self(frame, steps=steps, start=start, extra=extra)

    def _loaded(self, style):
        """The paintings as pictures; of those with a `style_scale` every detail."""
        if isinstance(style, Mapping):
            return {name: self._loaded(one) for name, one in style.items()}
        if isinstance(style, list | tuple):
            return [self._loaded(one) for one in style]
        size = None if self.options.get("style_scale") else STYLE_SIZE
        return as_image(style) if hasattr(style, "shape") else load_image(find_picture(style), size)


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
