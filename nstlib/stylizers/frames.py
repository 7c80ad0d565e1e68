"""Frames that follow each other, painted so that paint stays on what it was painted on.

A painter that sees each frame for the first time paints it a little differently each time, and the
clip flickers. Here it sees what it painted before, moved along with the things in the picture, and
keeps to it wherever the motion is known (Ruder, Dosovitskiy & Brox 2016).
"""

import cv2
import numpy as np

from nstlib.errors import InputError, number
from nstlib.images.arrays import as_image, to_uint8
from nstlib.images.flow import find_flow, flow_trust, warp

CONSISTENCY = 0.8
MOST = 0.95  # of a painting that is kept, at most: an error fades to a third in twenty frames
CUT = 0.2  # mean trust below which two frames are two scenes
GRAIN, MOST_GAIN = 1.0, 2.0  # pixels: scale of the contrast that is given back; times, at most


def blend(painting, kept, share) -> np.ndarray:
    """Two paintings of one frame as one, without the loss of contrast that a mean brings.

    Pictures (1, height, width, 3), `share` of `kept` a number or a mask (1, height, width, 1). Of
    brush marks that do not coincide a mean leaves a blur; so the finest detail is given, place by
    place, the strength that it has in `painting`. After Heitz & Neyret 2018, who assume that the
    two are independent; here the strength is measured.
    """
    mixed = painting + share * (kept - painting)
    smooth = _smooth(mixed)
    fine, wanted = mixed - smooth, painting - _smooth(painting)
    gain = np.sqrt((_energy(wanted) + 1e-4) / (_energy(fine) + 1e-4)).clip(1, MOST_GAIN)
    return (smooth + gain * fine).clip(0, 1)


def _smooth(picture: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(picture[0], (0, 0), GRAIN).reshape(picture.shape)


def _energy(detail: np.ndarray) -> np.ndarray:
    """Its mean square around each pixel: (1, height, width, 1)."""
    return _smooth((detail**2).mean(axis=-1, keepdims=True))


class FramePainter:
    """A stylizer with a memory: call it with the frames of a clip, one after another.

    `paint` is any stylizer, picture -> painting. `consistency`, 0 to 1, is how much of a painting
    stays that of the frame before, moved along, where its motion is known: 0 paints every frame
    anew. A painter with a method `follow(frame, moved, trust, consistency)`, such as
    `GatysPainter`, decides by itself what it makes of the painting before. `memory` is the last
    frame and its painting, or None; what is hidden, new, or after a cut is not remembered.
    """

    def __init__(self, paint, consistency: float = CONSISTENCY):
        self.consistency = number("consistency", consistency, 0, 1, hint="0: each frame anew.")
        self.paint, self.memory = paint, None

    def __call__(self, frame) -> np.ndarray:
        # In 8 bits, as a file keeps it, so that work that was interrupted goes on the same.
        frame = as_image(to_uint8(frame))
        painting = as_image(to_uint8(self._painted(frame)))
        if painting.shape != frame.shape:
            raise InputError(f"The painter made {painting.shape} of a frame of {frame.shape}.")
        self.memory = frame, painting
        return painting

    def _painted(self, frame: np.ndarray) -> np.ndarray:
        if self.memory is None or not self.consistency or self.memory[0].shape != frame.shape:
            return self.paint(frame)
        before, painting = self.memory
        back, forth = find_flow(before, frame), find_flow(frame, before)
        trust = flow_trust(back, forth, before, frame)
        if trust.mean() < CUT:
            return self.paint(frame)
        moved = warp(painting, back)
        if hasattr(self.paint, "follow"):
            return self.paint.follow(frame, moved, trust, self.consistency)
        return blend(as_image(self.paint(frame)), moved, min(self.consistency, MOST) * trust)
