"""What all unit tests share: a quiet machine, a tiny picture, and a mark for untrained networks.

Nothing here imports Keras: a test file that does not need it is collected in an instant.
"""

import os
import struct

import numpy as np
import pytest
from PIL import ImageCms

import lab

# Before any test module is imported: Matplotlib and TensorFlow read these once.
os.environ["MPLBACKEND"] = "Agg"
os.environ["NST_PROGRESS"] = "0"
os.environ["LANGUAGE"] = "en"  # texts are compared in English, wherever the tests run
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
for choice in ("NST_BUDGET", "NST_OUT"):  # the developer's own settings are no part of a test
    os.environ.pop(choice, None)


@pytest.fixture
def tiny_image() -> np.ndarray:
    """A picture of smooth colour and a little noise, always the same: (1, 32, 40, 3), 0..1."""
    height, width = 32, 40
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    ramps = np.stack([x / width, y / height, (x + y) / (width + height)], axis=-1)
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, ramps.shape)
    return np.clip(ramps + noise, 0, 1).astype(np.float32)[None]


def icc_profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile, version 2, of a colour space, b"RGB ", b"GRAY" or b"CMYK"."""
    pcs = b"Lab " if b"A2B0" in tags else b"XYZ "
    place, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, place + len(body), len(content))
        body += content
    white = struct.pack(">3i", 63190, 65536, 54061)  # D50, in 65536ths
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    head = struct.pack(">I4xI4s4s4s12x4s", place + len(body), 0x2400000, kind, space, pcs, b"acsp")
    return (head.ljust(68, b"\0") + white).ljust(128, b"\0") + table + body


def _number(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


WHITE = {b"wtpt": _number(0.9642, 1, 0.8249)}


@pytest.fixture(scope="session")
def profiles() -> dict[str, bytes]:
    """Colour profiles by name: of phones, cameras, scanners and printers, and a broken one."""

    def colors(gamma, *primaries):
        curves = {f"{channel}TRC".encode(): _gamma(gamma) for channel in "rgb"}
        points = zip("rgb", primaries, strict=True)
        lights = {f"{channel}XYZ".encode(): _number(*light) for channel, light in points}
        return icc_profile(b"RGB ", WHITE | curves | lights)

    ramp = bytes(range(256))
    # Of cyan, magenta, yellow and black, each none or all: L in 0..255, a and b around 128.
    inks = [(255 - 60 * c - 60 * m - 60 * y) * (1 - k) for c, m, y, k in np.ndindex(2, 2, 2, 2)]
    grid = b"".join(bytes([max(0, ink), 128, 128]) for ink in inks)
    look_up = struct.pack(">4s4x4B9i", b"mft1", 4, 3, 2, 0, *np.eye(3, dtype=int).ravel() * 65536)
    table = {b"A2B0": look_up + 4 * ramp + grid + 3 * ramp}
    p3 = (0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)
    adobe = (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)
    return {
        "srgb": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        "p3": colors(2.2, *p3),
        "adobe": colors(2.19921875, *adobe),
        "gray": icc_profile(b"GRAY", WHITE | {b"kTRC": _gamma(1.0)}),  # linear light
        "cmyk": icc_profile(b"CMYK", WHITE | table),
        "broken": b"not a profile at all",
    }


@pytest.fixture(scope="session")
def browser():
    """The one browser of all tests, which carry the mark xdist_group("browser")."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if lab.CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with lab.browser() as browser:
        yield browser


@pytest.fixture
def keras_settings():
    """A function that changes what Keras is told, as in floatx="float16", until the test ends."""
    from keras import config

    names = ("floatx", "image_data_format", "epsilon", "dtype_policy")
    before = {name: getattr(config, name)() for name in names}

    def change(**settings):
        for name, value in settings.items():
            getattr(config, f"set_{name}")(value)

    yield change
    change(**before)


def pytest_collection_modifyitems(items):
    """A test marked `random_weights` expects the banner that an untrained network prints."""
    expected = pytest.mark.filterwarnings(r"ignore:\*\*\* RANDOM WEIGHTS \*\*\*")
    for item in items:
        if item.get_closest_marker("random_weights"):
            item.add_marker(expected)
