"""From the camera to the screen, with any stylizer."""

from contextlib import suppress

import cv2

from nstlib.errors import InputError
from nstlib.images.arrays import resize, to_uint8
from nstlib.stylizers.frames import CONSISTENCY, FramePainter

TITLE = "nstlib: n next, p previous, q quit"
TURNS = {ord("n"): 1, ord("p"): -1}
QUIT = ord("q"), 27  # 27 is the key Escape


def webcam(painters, *, camera: int = 0, size: int = 320, consistency: float = CONSISTENCY) -> int:
    """Paint what the camera sees, as in a mirror, until q; returns how many pictures were shown.

    `painters` is a stylizer, or a dict from name to stylizer; n and p change to the next and the
    previous. `size` is the longest side in pixels. Raises InputError where there is no camera, or
    no window can be opened.
    """
    named = {"": painters} if callable(painters) else painters
    if not named:
        raise InputError("There is no painter: give a stylizer, or a dict of them.")
    capture = cv2.VideoCapture(camera)
    try:
        count = _mirror(capture, list(named.items()), size, consistency)
    except cv2.error as error:
        raise InputError(
            "No window can be opened here: it takes a screen, and `pip install opencv-python` "
            "after `pip uninstall opencv-python-headless`."
        ) from error
    finally:
        capture.release()
        with suppress(cv2.error):
            cv2.destroyAllWindows()
    if not count:
        raise InputError(
            f"Camera {camera} gives no picture: connect one, close the program that uses it, or "
            "give another number: webcam(paint, camera=1)."
        )
    return count


def _mirror(capture, named: list, size: int, consistency: float) -> int:
    chosen, count = 0, 0
    painter = FramePainter(named[0][1], consistency)
    while True:
        ok, frame = capture.read()
        if not ok:
            return count
        painting = to_uint8(painter(resize(frame[:, ::-1, ::-1], size)))[..., ::-1].copy()
        cv2.putText(painting, named[chosen][0], (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255,) * 3)
        cv2.imshow(TITLE, painting)
        count, key = count + 1, cv2.waitKey(1) & 0xFF
        if key in QUIT or cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1:
            return count
        if key in TURNS:
            chosen = (chosen + TURNS[key]) % len(named)
            painter = FramePainter(named[chosen][1], consistency)
