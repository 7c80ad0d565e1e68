"""An exported network through OpenCV alone: what a program that ships without Keras would do."""

import os
import time
from pathlib import Path

import numpy as np

from nstlib.errors import InputError, MissingFile, WeightsError
from nstlib.images.arrays import resize
from nstlib.images.files import load_image, save_image


def style_transfer(pathIn, pathOut, model, width=None, jpg_quality=80) -> float:
    """Paint one file into another with an `.onnx` of `export_onnx`; prints and returns the seconds.

    The signature is that of source 000. `width` in pixels resizes first and keeps the aspect
    ratio; `jpg_quality` is from 1 to 100. The network has to be exported for one style. Raises
    MissingFile and WeightsError for a model that is missing or that OpenCV cannot read.
    """
    import cv2

    network = _read(cv2, model)
    picture = load_image(pathIn)
    if width is not None:
        if not (isinstance(width, int) and width >= 1):
            raise InputError(f"width is {width!r}; it is a whole number of pixels, 1 or more.")
        picture = resize(picture, (round(picture.shape[1] * width / picture.shape[2]), width))
    begin = time.perf_counter()
    try:
        network.setInput(np.ascontiguousarray(picture.transpose(0, 3, 1, 2)))
        painting = np.clip(network.forward().transpose(0, 2, 3, 1), 0, 1)
    except cv2.error as error:
        raise WeightsError(
            f"OpenCV {cv2.__version__} cannot run {model}: {str(error).splitlines()[0]} It needs "
            "one style in the file: nst.export_onnx(…, style='starry_night')."
        ) from error
    seconds = time.perf_counter() - begin
    print(f"painted {picture.shape[2]} x {picture.shape[1]} pixels in {seconds:.3f} s")
    save_image(painting, pathOut, quality=jpg_quality, overwrite=True, protect=[pathIn])
    return seconds


def _read(cv2, model):
    path = Path(os.path.expanduser(model))
    if not path.is_file():
        raise MissingFile(
            f"There is no network {model}. Write one: nst.export_onnx('light', 'starry.onnx', "
            "style='starry_night')."
        )
    try:
        return cv2.dnn.readNetFromONNX(str(path))
    except cv2.error as error:
        raise WeightsError(
            f"OpenCV {cv2.__version__} cannot read {path} as ONNX: {str(error).splitlines()[0]} "
            "Networks for pictures of any size need OpenCV 5."
        ) from error
