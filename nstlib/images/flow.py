"""Where every pixel of a frame was in the frame before, and how far that can be believed.

A flow is float32, (height, width, 2): at each pixel of the later frame, how many pixels to the
right (x) and down (y) of it its place in the earlier frame is. `warp(earlier, flow)` is then the
earlier frame as it looks from the later one.
"""

import cv2
import numpy as np

from nstlib.errors import InputError
from nstlib.images.arrays import as_image, resize, to_uint8

FLOW_SIZE = 640  # pixels on the longest side, in which flow is looked for: more is only slower
ERROR_SHARE, ERROR_PIXELS = 0.01, 0.5  # Sundaram et al. 2010, eq. 5
EDGE_SHARE, EDGE_SLOPE = 0.01, 0.002  # the same, eq. 6
COLOR_BLUR, COLOR_ERROR = 1.5, 0.06  # pixels; a change of colour, 0..1, that leaves a trust of 0.61
MARGIN, SOFT = 7, 1.5  # pixels: of the filter that widens what is hidden; blur of its edge


def warp(picture, flow) -> np.ndarray:
    """The earlier picture, or mask, as it looks from the later frame.

    (1, height, width, 3 or 1), (height, width, 2) -> (1, height, width, the same channels). Between
    pixels it is read by Lanczos filtering, which blurs less than a linear one when a picture is
    warped again and again; beyond the picture its border goes on.
    """
    return _moved(picture[0], flow, cv2.INTER_LANCZOS4)[None].clip(0, 1)


def _moved(channels: np.ndarray, flow: np.ndarray, filtering: int) -> np.ndarray:
    channels = np.ascontiguousarray(channels, "float32")
    moved = cv2.remap(channels, *_places(flow), filtering, borderMode=cv2.BORDER_REPLICATE)
    return moved.reshape(*flow.shape[:2], -1)


def _places(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x and y of every pixel in the earlier frame, in pixels."""
    y, x = np.indices(flow.shape[:2], "float32")
    return x + flow[..., 0], y + flow[..., 1]


def find_flow(before, now) -> np.ndarray:
    """The flow between two pictures of one size: where each pixel of `now` was in `before`.

    Dense inverse search (Kroeger et al. 2016) by OpenCV, on brightness, in FLOW_SIZE at most. It is
    followed to single pixels, which halves the error of OpenCV's presets, made for speed.
    """
    before, now = as_image(before), as_image(now)
    if before.shape != now.shape:
        sizes = " and ".join(f"{p.shape[2]} x {p.shape[1]}" for p in (before, now))
        raise InputError(f"Flow is between pictures of one size; these have {sizes} pixels.")
    height, width = now.shape[1:3]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(0)
    earlier, later = _gray(before), _gray(now)
    if min(later.shape) < search.getPatchSize():
        return np.zeros((height, width, 2), "float32")  # too few pixels for any motion to be seen
    found = search.calc(later, earlier, None)
    enlarged = width / found.shape[1], height / found.shape[0]
    return cv2.resize(found, (width, height)) * np.float32(enlarged)


def _gray(picture: np.ndarray) -> np.ndarray:
    """Brightness, 0..255, no larger than FLOW_SIZE."""
    small = resize(picture, min(FLOW_SIZE, max(picture.shape[1:3])))
    return cv2.cvtColor(to_uint8(small), cv2.COLOR_RGB2GRAY)


def flow_trust(back, forth, before, now) -> np.ndarray:
    """How far a flow can be believed, at each pixel of `now`: (1, height, width, 1), 0..1.

    `back` leads from `now` to `before`, `forth` from `before` to `now`. Nothing is believed of a
    pixel that came from beyond the border, or whose way back and forth does not end where it began,
    for it was hidden (Sundaram et al. 2010, eq. 5), or that lies where two motions meet (eq. 6),
    nor of its neighbours; and the less of others, the more their colour changed on the way.
    """
    height, width = back.shape[:2]
    there = _moved(forth, back, cv2.INTER_LINEAR)
    error = ((back + there) ** 2).sum(-1)
    allowed = ERROR_SHARE * ((back**2).sum(-1) + (there**2).sum(-1)) + ERROR_PIXELS
    slope = _slope(back)
    alike = (error <= allowed) & (slope <= EDGE_SHARE * (back**2).sum(-1) + EDGE_SLOPE)
    x, y = _places(back)
    inside = (x > -1) & (x < width) & (y > -1) & (y < height)
    # Blurred before its size is taken: detail between pixels differs with the best of flows.
    change = cv2.GaussianBlur((warp(before, back) - now)[0], (0, 0), COLOR_BLUR)
    likeness = np.exp(-((np.abs(change).max(-1) / COLOR_ERROR) ** 2) / 2)
    found = (likeness * inside * alike).astype("float32")
    side = int(MARGIN * max(1, max(height, width) / FLOW_SIZE)) | 1  # a coarse flow is less sure
    found = cv2.erode(found, np.ones((side, side), np.uint8))
    return cv2.GaussianBlur(found, (0, 0), SOFT)[None, ..., None]


def _slope(flow: np.ndarray) -> np.ndarray:
    """How much the flow changes from pixel to pixel: the sum of its squared derivatives."""
    padded = np.pad(flow, [(1, 1), (1, 1), (0, 0)], "edge")
    down, right = (change[1:-1, 1:-1] for change in np.gradient(padded, axis=(0, 1)))
    return (down**2 + right**2).sum(-1)
