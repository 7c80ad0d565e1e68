"""Steering `stylize`: several paintings, where each is seen, in which colours."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nstlib.cli import steering
from nstlib.images import files as images, masks

QUICK = ["--size", "64", "--steps", "2", "--weights", "random"]


@pytest.fixture
def mask(tmp_path) -> Path:
    """The left half, as the transparency of a PNG of another size than the photo's."""
    pixels = np.full((30, 48, 4), 255, np.uint8)
    pixels[:, 24:, 3] = 0
    path = tmp_path / "my mask.png"
    Image.fromarray(pixels).save(path)
    return path


def left_half(given) -> np.ndarray:
    _, height, width, _ = given["content"].shape
    return np.broadcast_to(np.arange(width)[None, None, :, None] < width / 2, (1, height, width, 1))


def test_steering_reaches_the_painting(run, painted, photo, mask):
    code, _, err = run(
        *("stylize", photo, "starry_night", "-o", "a.png", "--size", 64, "--mask", mask),
        *("--styles", "brick", "--style-weights", 1, 3, "--style-size", 0.5),
        *("--histogram-weight", 2, "--pooling", "average", "--padding", "zero"),
        *("--style-layers", "conv1_1", "conv3_1=0.5", "--content-layers", "block3_conv2"),
    )
    recipe, options = painted["recipe"], painted["options"]
    assert code == 0 and "mask my mask.png has 48 x 30 pixels" in err
    assert list(painted["style"]) == ["starry_night", "brick"]
    assert options["style_weights"] == [1.0, 3.0] and options["style_scale"] == 0.5
    assert max(painted["style"]["brick"].shape[1:3]) > 64  # whole: it is shrunk to half of 64
    np.testing.assert_allclose(painted["options"]["masks"][0], left_half(painted), atol=0.6)
    np.testing.assert_allclose(sum(painted["options"]["masks"]), 1, atol=1e-6)
    assert (recipe.histogram_weight, recipe.pooling, recipe.padding) == (2.0, "average", "zero")
    assert recipe.style_layers == {"block1_conv1": 1.0, "block3_conv1": 0.5}
    assert recipe.content_layers == {"block3_conv2": 1.0}


def test_without_steering_nothing_is_passed_on(run, painted, photo):
    assert run("stylize", photo, "brick", "-o", "a.png", *QUICK)[0] == 0
    assert painted["options"] == {"masks": [None], "weights": "random"}
    assert painted["style"]["brick"].shape[-1] == 3


def test_automatic_masks(run, painted):
    masked = ["--styles", "grass", "--mask", "rest", "sky", "--feather", 2]
    assert run("stylize", "great_wall", "brick", "-o", "a.png", "--size", 128, *masked)[0] == 0
    rest, sky = painted["options"]["masks"]
    assert sky[:, :20].mean() > 0.8 and sky[:, -40:].mean() < 0.01
    np.testing.assert_allclose(rest + sky, 1, atol=1e-6)
    assert all(hasattr(masks, f"{name}_mask") for name in steering.AUTOMATIC)


def test_colors_of_the_photo(run, painted, mask):
    content = ["stylize", "coffee", "starry_night", "-o", "a.png", *QUICK, "--overwrite"]
    assert run(*content)[0] == 0
    plain, photo = painted["style"]["starry_night"], painted["content"]
    kept = {}
    for way in ("match", "histogram", "luminance"):
        assert run(*content, "--color", way)[0] == 0
        kept[way] = painted["style"]["starry_night"]
    for way in ("match", "histogram"):
        np.testing.assert_allclose(kept[way].mean((1, 2)), photo.mean((1, 2)), atol=0.03)
    np.testing.assert_array_equal(kept["luminance"], plain)  # this one comes after the painting
    np.testing.assert_allclose(images.load_image("a.png"), photo, atol=0.01)  # of a stand-in: done
    assert run(*content, "--color", "match", "--mask", mask)[0] == 0
    left = photo[:, :, :32].mean((1, 2))
    np.testing.assert_allclose(painted["style"]["starry_night"].mean((1, 2)), left, atol=0.03)


def test_a_gray_style_is_matched_with_a_note(run, painted):
    code, _, err = run("stylize", "cat", "brick", "-o", "a.png", *QUICK, "--color", "match")
    assert code == 0 and "note: The picture's colours vary along 1 of 3 axes" in err
    assert np.isfinite(painted["style"]["brick"]).all()
