"""Clips whose motion is known, made from photos.

Flow is as in `nstlib.images.flow`: at each pixel of the later frame, how many pixels to the right
and down of it its place in the earlier frame is.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from nstlib.errors import InputError, choice, number
from nstlib.images.arrays import as_image, fitted
from nstlib.images.flow import warp
from nstlib.images.masks import as_mask

FINER = 2  # clips are drawn so many times larger, then averaged: no jagged edges, no moiré
SPEED = {"pan": (2.3, 0.7), "zoom": (0.6, 0.3), "cut-out": (-1.2, 0.0)}  # pixels a frame
ZOOM, CUT_OUT_SPEED = 1.012, (3.4, -0.6)  # times a frame; pixels a frame


@dataclass(frozen=True)
class MovingClip:
    """Frames (1, height, width, 3), and for each but the first where its pixels were before.

    `flows` are (height, width, 2), in pixels; `visible` are masks (1, height, width, 1), 1 where a
    pixel of the later frame can be seen in the earlier one, too.
    """

    frames: list[np.ndarray]
    flows: list[np.ndarray]
    visible: list[np.ndarray]


def moving_clip(image, kind: str = "pan", frames: int = 12, size: int = 256, *, cut_out=None):
    """A clip of known motion from one photo -> MovingClip.

    `kind` is "pan", the camera moves along the photo; "zoom", it comes nearer; or "cut-out", while
    it moves, `cut_out` passes before the photo the other way, a (picture, mask) such as
    `load_image(file, alpha="mask")` gives. `size` is the longest side in pixels. All motion is by
    fractions of pixels.
    """
    choice("kind", kind, SPEED)
    number("frames", frames, 1, whole=True)
    number("size", size, 1, whole=True, unit="pixels")
    if (kind == "cut-out") != (cut_out is not None):
        raise InputError('cut_out=(picture, mask) is what passes in a clip of the kind "cut-out".')
    image = as_image(image)
    shape = fitted(*image.shape[1:3], size)
    layers = [_photo_layer(image, shape, kind, frames)]
    if cut_out is not None:
        layers.append(_cut_out_layer(*cut_out, shape, frames))
    drawn = [[layer.draw(shape, t) for layer in layers] for t in range(frames)]
    known = [_true_flow(layers, drawn, t) for t in range(1, frames)]
    flows, visible = [flow for flow, _ in known], [seen for _, seen in known]
    return MovingClip([_composed(*parts) for parts in drawn], flows, visible)


@dataclass(frozen=True)
class _Layer:
    """A picture with opacity, (height, width, 4), and where the frame lies on it at each time.

    The frame's point p, in pixels from its corner, shows the picture's point scale * p + place.
    """

    picture: np.ndarray
    scales: np.ndarray
    places: np.ndarray

    def draw(self, shape: tuple[int, int], t: int) -> np.ndarray:
        """What is seen of it at a time: (height, width, 4)."""
        height, width = shape
        scale = self.scales[t] / FINER
        shift = self.places[t] + scale / 2 - 0.5  # pixels are points in the middle of squares
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        fine = cv2.warpAffine(self.picture, matrix, (width * FINER, height * FINER), flags=how)
        return fine.reshape(height, FINER, width, FINER, 4).mean((1, 3)).clip(0, 1)

    def flow(self, shape: tuple[int, int], t: int) -> np.ndarray:
        """Where each of its pixels was in the frame before time t, exactly."""
        y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
        now = np.stack([x, y], axis=-1)
        before = (self.scales[t] * now + self.places[t] - self.places[t - 1]) / self.scales[t - 1]
        return (before - now).astype("float32")


def _photo_layer(image: np.ndarray, shape, kind: str, frames: int) -> _Layer:
    """The photo, FINER times larger than the frame and as much more as the camera's way needs."""
    time, speed, frame = np.arange(frames)[:, None], np.array(SPEED[kind]), np.array(shape[::-1])
    way = np.abs(speed) * (frames - 1)
    enlarged = FINER * max((frame + way + 1) / image.shape[2:0:-1])
    sides = [round(enlarged * side) for side in image.shape[2:0:-1]]
    picture = cv2.resize(image[0], sides, interpolation=cv2.INTER_AREA).clip(0, 1)
    scales = ZOOM**-time if kind == "zoom" else np.ones_like(time, "float64")
    places = np.where(speed < 0, way, 0) + time * speed + (1 - scales) * frame / 2
    opaque = cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)
    return _Layer(opaque, FINER * scales[:, 0], FINER * places)


def _cut_out_layer(picture, mask, shape, frames: int) -> _Layer:
    """What passes: two thirds as high as the frame, its way through the middle of it."""
    mask = as_mask(mask)[0]
    left, top, width, height = cv2.boundingRect((mask > 0.5).astype("uint8"))
    cut = np.concatenate([as_image(picture)[0], mask], axis=-1)
    cut = cut[top : top + height, left : left + width]
    enlarged = FINER * min(0.65 * shape[0] / height, 0.5 * shape[1] / width)
    sides = round(enlarged * width), round(enlarged * height)
    cut = cv2.resize(cut, sides, interpolation=cv2.INTER_AREA).clip(0, 1)
    cut = np.pad(cut, [(2, 2), (2, 2), (0, 0)])  # so that its edge is transparent
    middle = (np.array(shape[::-1]) - np.array(sides) / FINER) / 2
    time = np.arange(frames)[:, None] - (frames - 1) / 2
    places = -(middle + time * np.array(CUT_OUT_SPEED))
    return _Layer(cut, np.full(frames, float(FINER)), FINER * places)


def _composed(photo: np.ndarray, *fronts: np.ndarray) -> np.ndarray:
    """The layers of one time, the last one in front, as a picture."""
    picture = photo[..., :3]
    for front in fronts:
        picture = picture + front[..., 3:] * (front[..., :3] - picture)
    return picture[None].astype("float32")


def _true_flow(layers: list, drawn: list, t: int) -> tuple[np.ndarray, np.ndarray]:
    """The flow of the layer that is in front, and where that was the layer in front before, too.

    Pixels in which an edge is, in either frame, count as not visible.
    """
    height, width = shape = drawn[t][0].shape[:2]
    flow, seen = layers[0].flow(shape, t), True
    for layer, before, now in zip(layers[1:], drawn[t - 1][1:], drawn[t][1:], strict=True):
        front = now[..., 3]
        flow = np.where(front[..., None] > 0.5, layer.flow(shape, t), flow)
        past = warp(before[None, ..., 3:], flow)[0, ..., 0]
        seen = np.where(front > 0.5, np.minimum(front, past) > 0.99, np.maximum(front, past) < 0.01)
    places = flow + np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    seen = seen & ((places >= 0) & (places <= (width - 1, height - 1))).all(axis=-1)
    return flow, seen[None, ..., None].astype("float32")
