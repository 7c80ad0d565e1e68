"""The colours of a film's frames, whatever way they are stored, as those of an ordinary screen.

Four tags say what the numbers in a file mean: matrix and range (how YUV was made of RGB), transfer
curve (how much light a number stands for) and primaries (which red, green and blue are meant). What
comes out is BT.709. It is done here, since FFmpeg's own filter for it (zscale) is not in PyAV's
wheels, and what its other converter takes for granted has changed from version to version.
"""

from functools import lru_cache

import cv2
import numpy as np

# FFmpeg's numbers for the tags, those of ITU-T H.273.
BT709, UNKNOWN, BT601, BT2020 = 1, 2, 6, 9
LIMITED, FULL = 1, 2  # 16 to 235, and 0 to 255
# The share of red and of blue in luma, by matrix; 4 is that of the FCC, 7 SMPTE 240M.
LUMA = {BT601: (0.299, 0.114), 5: (0.299, 0.114), 4: (0.30, 0.11), 7: (0.212, 0.087)}
LUMA |= {BT709: (0.2126, 0.0722), BT2020: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
HDR = {16: "PQ", 18: "HLG"}  # transfer curves that go beyond the white of an ordinary screen
# Linear RGB of these primaries -> that of BT.709. BT.2087, and the same for Display P3 (D65).
FROM_2020 = ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187))
FROM_P3 = ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979))
WIDE = {BT2020: FROM_2020, 12: FROM_P3}
WHITE = 203.0  # cd/m2 of a white sheet in HDR, BT.2408: it becomes the white of the screen
HLG_PEAK = 1000.0  # cd/m2 of the screen that HLG is shown on, with a gamma of 1.2: BT.2100
GAMMA = 2.4  # of an ordinary screen, BT.1886
KNEE = 0.92  # up to this signal nothing is changed; what is brighter is pressed into the rest
HD_WIDTH, SD_HEIGHT = 1280, 576  # as the player mpv decides


def to_rgb(frame) -> np.ndarray:
    """A decoded frame -> (height, width, 3), RGB, 0..1, BT.709, as it lies in the file.

    HLG and PQ are tone-mapped: all up to nine tenths of white is shown as it is, highlights are
    pressed together above. Frames without a matrix are taken for BT.709 if they are high
    definition, else for BT.601, as players do.
    """
    curve, primaries, signal = frame.color_trc, frame.color_primaries, _signal(frame)
    primaries = BT2020 if curve in HDR and primaries == UNKNOWN else primaries
    if curve not in HDR and primaries not in WIDE:
        return signal
    light = _light(curve)[np.rint(signal * 65535).astype(np.uint16)]
    if HDR.get(curve) == "HLG":
        luma = cv2.transform(light, np.float32([[0.2627, 0.6780, 0.0593]]))
        light *= luma[..., None] ** np.float32(0.2) * np.float32(HLG_PEAK / WHITE)
    light = cv2.transform(light, np.float32(WIDE.get(primaries, np.eye(3))))
    signal = np.maximum(light, 0, out=light) ** np.float32(1 / GAMMA)
    return _pressed(signal) if curve in HDR else np.minimum(signal, 1)


def _signal(frame) -> np.ndarray:
    """The frame's own RGB, 0..1, before its transfer curve is undone."""
    kind, limited = frame.format, frame.color_range == LIMITED
    gray = len(kind.components) < 3 and not kind.has_palette
    if kind.is_rgb or kind.has_palette or gray or kind.name.startswith("xyz"):
        signal = frame.to_ndarray(format="rgb24").astype(np.float32) / 255
        return ((signal * 255 - 16) / 219).clip(0, 1) if gray and limited else signal
    full = frame.color_range == FULL or kind.name.startswith("yuvj")
    frame.color_range = FULL if full else LIMITED  # so that nothing is converted on the way
    numbers = frame.to_ndarray(format="yuv444p16le").astype(np.float32)
    signal = cv2.transform(numbers, _from_yuv(_matrix(frame), full, kind.components[0].bits))
    return np.clip(signal, 0, 1, out=signal)


def _matrix(frame) -> int:
    if frame.colorspace in LUMA:
        return int(frame.colorspace)
    if frame.color_trc in HDR:
        return BT2020
    return BT709 if frame.width >= HD_WIDTH or frame.height > SD_HEIGHT else BT601


@lru_cache
def _from_yuv(matrix: int, full: bool, bits: int) -> np.ndarray:
    """(3, 4), from YUV in the upper `bits` of 16, and 1, to RGB in 0..1: H.273, section 8.3."""
    red, blue = LUMA[matrix]
    green = 1 - red - blue
    unit = 1 << (16 - 8)  # a step of 8 bits
    top = ((1 << bits) - 1) << (16 - bits)
    black, white, span = (0, top, top) if full else (16 * unit, 219 * unit, 224 * unit)
    v, u = 2 * (1 - red), 2 * (1 - blue)
    rows = np.array([[1, 0, v], [1, -u * blue / green, -v * red / green], [1, u, 0]])
    rows /= [white, span, span]
    return np.column_stack([rows, -rows @ [black, 128 * unit, 128 * unit]]).astype(np.float32)


@lru_cache(maxsize=2)
def _light(curve: int) -> np.ndarray:
    """The light of each 16-bit number, 1 being white; for HLG that before the camera, 0..1."""
    signal = np.arange(65536) / 65535
    if HDR.get(curve) == "HLG":  # ARIB STD-B67, its inverse OETF
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    elif HDR.get(curve) == "PQ":  # SMPTE ST 2084, its EOTF
        root = signal ** (32 / 2523)
        light = np.maximum(root - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * root)
        light = light ** (8192 / 1305) * (10_000 / WHITE)
    else:
        light = signal**GAMMA
    return light.astype(np.float32)


def _pressed(signal: np.ndarray) -> np.ndarray:
    """0..infinity -> 0..1, with slope 1 up to the knee and at it."""
    beyond = np.maximum(signal - KNEE, 0) / (1 - KNEE)
    return np.minimum(signal, KNEE) + (1 - KNEE) * beyond / (1 + beyond)
