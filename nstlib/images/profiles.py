"""The colours of a decoded file in sRGB, by its colour profile if it has one, and its opacity."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms

from nstlib.errors import InputError

SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK", "LAB": "Lab "}  # Pillow's mode: ICC's name


def color_and_opacity(picture: Image.Image, name: str, to_srgb: Callable) -> tuple:
    """Colour on white (RGB, or F in 0..1), and opacity (L) if any."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return _deep_gray(picture, name, to_srgb), None
    color, opacity = _apart(picture)
    color = to_srgb(color)
    if opacity is None:
        return color, None
    return Image.composite(color, Image.new("RGB", color.size, "white"), opacity), opacity


def _apart(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colour in a mode that a profile can be for (see SPACES), not yet on white, and opacity."""
    gray, opacity = picture.mode in ("1", "L", "LA", "La"), None
    if picture.has_transparency_data:
        picture = picture.convert("LA" if gray else "RGBA")
        opacity = picture.getchannel("A")
    if picture.mode in SPACES:
        return picture, opacity
    return picture.convert("L" if gray else "RGB"), opacity


def srgb_of(picture: Image.Image, name: str, notes: list[str]) -> Callable:
    """What turns pictures in the mode that `_apart` leaves into sRGB (RGB), by the profile."""
    deep = picture.mode.startswith("I") or picture.mode == "F"
    mode = "L" if deep else _apart(picture.crop((0, 0, 1, 1)))[0].mode
    content = picture.info.get("icc_profile")
    if not content and mode != "LAB":
        return _as_srgb
    try:
        lab = ImageCms.createProfile("LAB")
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content) if content else lab)
        return _by_profile(profile, mode)
    except Exception as error:  # of whatever kind: profiles come damaged, and for other things
        reason = str(error).strip() or type(error).__name__
        notes.append(
            f"{name} has a colour profile that cannot be used ({reason}): sRGB is taken instead."
        )
        return _as_srgb


def _as_srgb(color: Image.Image) -> Image.Image:
    return color.convert("RGB")


def _by_profile(profile: ImageCms.ImageCmsProfile, mode: str) -> Callable:
    """LittleCMS's transform to sRGB; nothing at all for a profile that is sRGB but for rounding.

    Gray may have a profile of colours. Raises ValueError for a profile of another kind of picture.
    """
    space = profile.profile.xcolor_space
    mode = "RGB" if (mode, space) == ("L", "RGB ") else mode
    if space != SPACES[mode]:
        raise ValueError(f"it is for {space.strip()}, the picture is {mode}")
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode == "RGB":
        few = np.stack(np.meshgrid(*3 * [np.arange(0, 256, 17, np.uint8)]), axis=-1)
        few = few.reshape(16, -1, 3)
        changed = np.asarray(ImageCms.applyTransform(Image.fromarray(few), transform))
        if abs(changed.astype(int) - few).max() <= 2:
            return _as_srgb
    return lambda color: ImageCms.applyTransform(color.convert(mode), transform)


def _deep_gray(picture: Image.Image, name: str, to_srgb: Callable) -> Image.Image:
    """Gray of 16 bits, or of floats in 0..1, as Pillow's floats in 0..1, between the 256 grays that
    a profile is asked for."""
    values, whole = np.asarray(picture, np.float32), 1 if picture.mode == "F" else 65535
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= whole):  # NaN, too
        raise InputError(f"{name} has values from {low:g} to {high:g}: rescale them to 0..{whole}.")
    values = values / np.float32(whole)
    if to_srgb is not _as_srgb:
        ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
        curve = np.asarray(to_srgb(ramp), np.float32)[0, :, 1] / 255
        values = np.interp(values, np.linspace(0, 1, 256), curve).astype(np.float32)
    return Image.fromarray(values)
