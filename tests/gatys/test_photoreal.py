"""The matting Laplacian against its definition; photographs against what they keep."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.evaluation.measures import ssim
from nstlib.gatys import photoreal

random_weights = pytest.mark.random_weights
QUICK = {"weights": "random", "progress": False, "grain": 1.0}  # all is noise
SHALLOW = {"content_layers": "block2_conv1", "style_layers": ["block1_conv1", "block2_conv1"]}


def some_photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, (1, height, width, 3)).astype("float32")


def affine(photo, slopes=(0.2, -0.5, 0.3), constant=0.4) -> np.ndarray:
    return photo.reshape(-1, 3).astype("float64") @ slopes + constant


def disk(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    inside = (y - height / 2) ** 2 + (x - width / 2) ** 2 < (min(height, width) / 3) ** 2
    return inside.astype("float32")[None, ..., None]


# --- The matting Laplacian -----------------------------------------------------------------------


def from_the_definition(photo, radius: int, epsilon: float) -> np.ndarray:
    """Levin et al. 2008, eq. 12, window by window and pair by pair."""
    colors = photo[0].astype("float64")
    height, width, _ = colors.shape
    laplacian = np.zeros((height * width, height * width))
    for y in range(radius, height - radius):
        for x in range(radius, width - radius):
            rows, columns = np.mgrid[y - radius : y + radius + 1, x - radius : x + radius + 1]
            window = colors[rows, columns].reshape(-1, 3)
            places = (rows * width + columns).ravel()
            centred, count = window - window.mean(axis=0), len(window)
            covariance = centred.T @ centred / count + epsilon / count * np.eye(3)
            affinity = (1 + centred @ np.linalg.inv(covariance) @ centred.T) / count
            laplacian[np.ix_(places, places)] += np.eye(count) - affinity
    return laplacian


@pytest.mark.parametrize("radius", [1, 2])
def test_laplacian_is_levins(radius):
    photo = some_photo(6, 7)
    ours = photoreal.matting_laplacian(photo, radius=radius, epsilon=1e-3).toarray()
    np.testing.assert_allclose(ours, from_the_definition(photo, radius, 1e-3), atol=1e-12)


def test_laplacian_annihilates_an_affine_image_of_the_photo():
    photo = some_photo(24, 32)
    laplacian = photoreal.matting_laplacian(photo, epsilon=1e-12)
    assert abs(laplacian @ affine(photo)).max() < 1e-9
    noise = np.random.default_rng(1).normal(size=24 * 32)
    assert noise @ (laplacian @ noise) > 0.1 * noise @ noise


def test_laplacian_allows_another_map_in_every_part_and_sees_the_seam():
    photo = some_photo(12, 20)
    parts = affine(photo).reshape(12, 20).copy()
    parts[:, 10:] = affine(photo, (-0.4, 0.1, 0.6), 0.1).reshape(12, 20)[:, 10:]
    slope = photoreal.matting_laplacian(photo, epsilon=1e-12) @ parts.ravel()
    touched = abs(slope.reshape(12, 20)).max(axis=0) > 1e-9
    assert touched.nonzero()[0].tolist() == [8, 9, 10, 11]  # windows with pixels of both parts


def test_laplacian_is_symmetric_and_never_negative_and_its_rows_sum_to_zero():
    laplacian = photoreal.matting_laplacian(some_photo(8, 9)).toarray()
    np.testing.assert_array_equal(laplacian, laplacian.T)
    np.testing.assert_allclose(laplacian.sum(axis=1), 0, atol=1e-9)
    assert np.linalg.eigvalsh(laplacian).min() > -1e-9


@pytest.mark.parametrize("shape", [(1, 9, 11, 3), (9, 11)], ids=["colour", "gray"])
def test_laplacian_of_a_constant_photo_is_finite(shape):
    laplacian = photoreal.matting_laplacian(np.full(shape, 0.5, "float32"))
    assert np.isfinite(laplacian.data).all()
    np.testing.assert_allclose(laplacian.sum(axis=1), 0, atol=1e-12)


def test_laplacian_of_a_gray_photo_annihilates_its_affine_images():
    gray = some_photo(9, 11)[0, ..., 0]
    laplacian = photoreal.matting_laplacian(gray, epsilon=1e-7)
    assert abs(laplacian @ (0.3 * gray.ravel().astype("float64") + 0.1)).max() < 1e-5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radius": 0}, "radius is 0"),
        ({"radius": 4}, r"radius is 4; .* from 1 to 3\. The photo has 20 x 8 pixels"),
        ({"epsilon": 0}, "epsilon is 0; it must be a number above 0"),
    ],
)
def test_laplacian_says_what_is_wrong(options, message):
    with pytest.raises(InputError, match=message):
        photoreal.matting_laplacian(some_photo(8, 20), **options)


# --- The term ------------------------------------------------------------------------------------


def test_term_is_the_sum_of_the_channels_by_pixel():
    photo, picture = some_photo(6, 7), some_photo(6, 7, seed=1)
    value, _ = photoreal.photoreal_term(photo, 3.0)(picture)
    laplacian, flat = photoreal.matting_laplacian(photo), picture.reshape(42, 3).astype("float64")
    assert value == pytest.approx(3.0 * np.trace(flat.T @ (laplacian @ flat)) / 42, rel=1e-6)


def test_term_agrees_with_finite_differences():
    photo, picture = some_photo(6, 7), some_photo(6, 7, seed=1)
    term = photoreal.photoreal_term(photo, 2.0)
    _, gradient = term(picture)
    step = np.float32(2.0**-6)  # the term is quadratic, so the central difference is exact
    for place in ((0, 0, 0, 0), (0, 2, 3, 1), (0, 5, 6, 2)):
        there, back = picture.copy(), picture.copy()
        there[place], back[place] = there[place] + step, back[place] - step
        slope = (term(there)[0] - term(back)[0]) / float(there[place] - back[place])
        assert gradient[place] == pytest.approx(slope, rel=1e-3, abs=1e-5)


def test_term_is_nothing_for_a_recoloured_photo_and_refuses_another_size():
    photo = some_photo(16, 20)
    term = photoreal.photoreal_term(photo, 1.0)
    assert term(0.5 * photo[..., ::-1] + 0.2)[0] < 1e-4 < term(some_photo(16, 20, seed=1))[0]
    with pytest.raises(InputError, match="shape"):
        term(some_photo(16, 24))


# --- The smoothing step --------------------------------------------------------------------------


def test_smoothing_keeps_a_recoloured_photo():
    photo = some_photo(24, 30)
    recoloured = 0.5 * photo[..., ::-1] + 0.2
    kept = photoreal.smooth_like(recoloured, photo, alpha=0.999)
    np.testing.assert_allclose(kept, recoloured, atol=5e-3)


def test_smoothing_keeps_one_colour_up_to_the_border():
    smooth = photoreal.smooth_like(np.full((1, 12, 15, 3), 0.7, "float32"), some_photo(12, 15))
    np.testing.assert_allclose(smooth, 0.7, atol=1e-3)


def test_smoothing_solves_the_equation_of_the_paper():
    photo, picture, alpha = some_photo(8, 9), some_photo(8, 9, seed=1), 0.9
    laplacian = photoreal.matting_laplacian(photo).toarray()
    counts = np.outer([1, 2, 3, 3, 3, 3, 2, 1], [1, 2, 3, 3, 3, 3, 3, 2, 1]).ravel()
    affinity = np.diag(counts) - laplacian
    matrix = np.eye(72) - alpha * affinity / counts[:, None]
    expected = (1 - alpha) * np.linalg.solve(matrix, picture.reshape(72, 3))
    smooth = photoreal.smooth_like(picture, photo, alpha=alpha)
    np.testing.assert_allclose(smooth.reshape(72, 3), expected.clip(0, 1), atol=2e-3)


def test_smoothing_takes_noise_away_and_alpha_0_leaves_all_as_it_is():
    photo = np.broadcast_to(np.linspace(0.2, 0.8, 40, dtype="float32")[:, None], (1, 32, 40, 3))
    noisy = np.clip(photo + np.random.default_rng(0).normal(0, 0.1, photo.shape), 0, 1)
    smooth = photoreal.smooth_like(noisy, photo)
    assert abs(smooth - photo).mean() < 0.2 * abs(noisy - photo).mean()
    np.testing.assert_allclose(photoreal.smooth_like(noisy, photo, alpha=0), noisy, atol=1e-6)


def test_smoothing_takes_a_picture_of_another_size_and_refuses_alpha_1():
    assert photoreal.smooth_like(some_photo(20, 30), some_photo(10, 15)).shape == (1, 10, 15, 3)
    with pytest.raises(InputError, match="alpha is 1.0; it must be a number from 0 to 0.999999"):
        photoreal.smooth_like(some_photo(8, 9), some_photo(8, 9), alpha=1.0)


# --- Photorealistic transfer ---------------------------------------------------------------------


@random_weights
def test_photorealistic_keeps_the_photo_better_than_plain(tiny_image):
    run = photoreal.photorealistic(tiny_image, some_photo(40, 32), steps=(4, 4), **SHALLOW, **QUICK)
    assert list(run.stages) == ["plain", "regularised", "smoothed"]
    assert run.image.shape == tiny_image.shape and run.image.dtype == np.float32
    plain, _, smoothed = (ssim(s, tiny_image) for s in run.stages.values())
    assert smoothed > plain


@random_weights
@pytest.mark.parametrize("gray", [False, True])
def test_photorealistic_of_a_constant_photo_is_a_picture(gray, tiny_image):
    photo = np.full((32, 40) if gray else (1, 32, 40, 3), 0.5, "float32")
    run = photoreal.photorealistic(photo, tiny_image, steps=(2, 2), **SHALLOW, **QUICK)
    assert all(np.isfinite(stage).all() for stage in run.stages.values())


def test_region_colors_are_the_partners_and_the_rest_stays():
    photo, style = 0.4 + 0.2 * some_photo(20, 24), 0.1 + 0.2 * some_photo(30, 16, seed=1)
    place, model = np.zeros((1, 20, 24, 1), "float32"), np.zeros((1, 30, 16, 1), "float32")
    place[:, :9], model[:, 12:] = 1, 1
    picture = photoreal.region_colors(photo, style, [(place, model)])
    ours, theirs = picture[:, :9].reshape(-1, 3), style[:, 12:].reshape(-1, 3)
    np.testing.assert_allclose(ours.mean(0), theirs.mean(0), atol=1e-4)
    np.testing.assert_allclose(ours.std(0), theirs.std(0), rtol=1e-3)
    np.testing.assert_array_equal(picture[:, 9:], photo[:, 9:])


def test_region_colors_do_not_draw_out_what_is_flat():
    flat, style = np.full((1, 12, 12, 3), 0.5, "float32"), some_photo(12, 12)
    full = np.ones((1, 12, 12, 1))
    picture = photoreal.region_colors(flat, style, [(full, full)])
    np.testing.assert_allclose(
        picture, np.broadcast_to(style.mean((0, 1, 2)), flat.shape), atol=1e-4
    )


@random_weights
def test_masks_of_another_size_are_resized_and_empty_ones_refused(tiny_image):
    pairs, options = [(np.ones((1, 16, 20, 1)), disk(32, 40))], {"steps": (1, 1), **SHALLOW}
    with pytest.warns(UserWarning, match="photo's mask of region 1 has 20 x 16"):
        run = photoreal.photorealistic(tiny_image, tiny_image, masks=pairs, **options, **QUICK)
    assert np.isfinite(run.image).all()
    pairs = [(disk(32, 40), disk(32, 40)), (disk(32, 40), np.zeros((32, 40)))]
    with pytest.raises(InputError, match="style's mask of region 2 is 0 everywhere"):
        photoreal.photorealistic(tiny_image, tiny_image, masks=pairs, **QUICK)
