"""The matting Laplacian against its definition; photographs and cut-outs against what they keep."""

import warnings

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.gatys import harmonize as harmony, photoreal

random_weights = pytest.mark.random_weights
QUICK = {"weights": "random", "progress": False}
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
        ({"radius": 4}, "9 on each side"),
        ({"epsilon": 0}, "above 0"),
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
    kept = photoreal.smooth_like(recoloured, photo, alpha=0.999, epsilon=1e-9)
    np.testing.assert_allclose(kept, recoloured, atol=2e-3)


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
    with pytest.raises(InputError, match="below 1"):
        photoreal.smooth_like(some_photo(8, 9), some_photo(8, 9), alpha=1.0)


# --- How much of the photo is left ---------------------------------------------------------------


def test_ssim_of_a_photo_with_itself_is_1_and_with_noise_little(tiny_image):
    assert photoreal.ssim(tiny_image, tiny_image) == pytest.approx(1)
    assert abs(photoreal.ssim(some_photo(32, 40), some_photo(32, 40, seed=1))) < 0.1
    with pytest.raises(InputError, match="shapes"):
        photoreal.ssim(tiny_image, tiny_image[:, :-1])


def test_ssim_of_two_constants_is_the_term_of_brightness():
    dark, light = (np.full((1, 16, 16, 3), value, "float32") for value in (0.2, 0.6))
    expected = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert photoreal.ssim(dark, light) == pytest.approx(expected, rel=1e-4)


def test_ssim_is_that_of_scikit_image(tiny_image):
    metrics = pytest.importorskip("skimage.metrics")
    other = 0.7 * tiny_image + 0.3 * some_photo(32, 40)
    gray = [image[0].astype("float64") @ (0.299, 0.587, 0.114) for image in (tiny_image, other)]
    options = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 1.0}
    expected = metrics.structural_similarity(*gray, **options)
    assert photoreal.ssim(tiny_image, other) == pytest.approx(expected, rel=1e-4)


# --- Photorealistic transfer ---------------------------------------------------------------------


@random_weights
def test_photorealistic_keeps_the_photo_better_than_plain(tiny_image):
    run = photoreal.photorealistic(tiny_image, some_photo(40, 32), steps=(4, 4), **SHALLOW, **QUICK)
    assert list(run.stages) == ["plain", "regularised", "smoothed"]
    assert run.image.shape == tiny_image.shape and run.image.dtype == np.float32
    plain, _, smoothed = (photoreal.ssim(s, tiny_image) for s in run.stages.values())
    assert smoothed > plain


@random_weights
@pytest.mark.parametrize("gray", [False, True])
def test_photorealistic_of_a_constant_photo_is_a_picture(gray, tiny_image):
    photo = np.full((32, 40) if gray else (1, 32, 40, 3), 0.5, "float32")
    run = photoreal.photorealistic(photo, tiny_image, steps=(2, 2), **SHALLOW, **QUICK)
    assert all(np.isfinite(stage).all() for stage in run.stages.values())


@random_weights
def test_region_term_of_full_masks_is_the_style_of_the_recipe(tiny_image):
    from nstlib.gatys.objective import objective
    from nstlib.gatys.recipe import recipe

    style, full = some_photo(36, 44), np.ones((1, 36, 44, 1), "float32")
    pairs = [(np.ones_like(tiny_image[..., :1]), full)]
    term = photoreal.region_term(tiny_image, style, pairs, weights="random", **SHALLOW)
    value, gradient = term(tiny_image)
    plan = recipe("default", **SHALLOW)
    _, terms = objective(tiny_image, style, plan, weights="random")(tiny_image)
    expected = sum(float(term) for name, term in terms.items() if name.startswith("style"))
    assert value == pytest.approx(expected, rel=1e-3)
    assert gradient.shape == tiny_image.shape


@random_weights
def test_regions_that_are_their_models_cost_nothing(tiny_image):
    left = np.zeros_like(tiny_image[..., :1])
    left[:, :, :20] = 1
    pairs, options = [(left, left), (1 - left, 1 - left)], {**SHALLOW, "weights": "random"}
    term = photoreal.region_term(tiny_image, tiny_image, pairs, **options)
    value, gradient = term(tiny_image)
    assert value < 1e-8 and abs(gradient).max() < 1e-5


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


# --- Harmonisation -------------------------------------------------------------------------------


@random_weights
def test_harmonize_changes_the_object_and_nothing_else():
    painting, cutout, mask = some_photo(48, 64), np.ones((1, 24, 32, 3), "float32"), disk(24, 32)
    run = harmony.harmonize(painting, cutout, mask, at=(20, 10), steps=(2, 2), **QUICK)
    assert list(run.stages) == ["pasted", "coarse", "fine"]
    outside = np.ones((48, 64), bool)
    outside[20:44, 10:42] = mask[0, ..., 0] == 0
    for stage in run.stages.values():
        np.testing.assert_array_equal(stage[0, outside], painting[0, outside])
    inside = run.stages["fine"][0, ~outside] - run.stages["pasted"][0, ~outside]
    assert abs(inside).max() > 0.01


def test_paste_softens_the_edge_inwards_and_centres():
    painting, mask = np.zeros((1, 31, 41, 3), "float32"), np.zeros((1, 21, 21, 1), "float32")
    mask[:, 5:16, 5:16] = 1
    pasted, region = harmony.paste(painting, np.ones((1, 21, 21, 3), "float32"), mask, soften=1.0)
    assert region[0, :10].max() == 0 and region[0, 10, 20, 0] == pytest.approx(0.7, abs=0.05)
    assert region[0, 15, 20, 0] == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(pasted, np.broadcast_to(region, pasted.shape), atol=1e-6)


def test_nearest_finds_a_patch_where_it_was_cut():
    palette = np.random.default_rng(0).normal(size=(12, 15, 8)).astype("float32")
    scene, inside = palette[3:10, 4:12], np.zeros((7, 8), bool)
    inside[1:-1, 1:-1] = True  # where the whole 3 x 3 is the same
    places = harmony.nearest(scene, palette, inside)
    np.testing.assert_array_equal(places, np.argwhere(inside) + (3, 4))


def test_agreement_leaves_what_agrees_and_mends_an_outlier():
    y, x = np.mgrid[:12, :15]
    palette = np.stack([y, x], axis=-1).astype("float32")  # features that tell the place
    inside = np.zeros((7, 8), bool)
    inside[1:6, 1:7] = True
    places = np.argwhere(inside) + (3, 4)
    np.testing.assert_array_equal(harmony.agree(places, inside, palette), places)
    wrong = places.copy()
    wrong[14] = (0, 0)
    np.testing.assert_array_equal(harmony.agree(wrong, inside, palette), places)


def test_fine_places_are_the_same_squares_in_every_layer():
    random = np.random.default_rng(0)
    layers = {name: 2 ** (4 - int(name[5])) for name in harmony.FINE}
    palette = {name: random.normal(size=(4 * s, 5 * s, 6)) for name, s in layers.items()}
    mask = np.zeros((1, 4, 5, 1), "float32")
    mask[:, 1, 2] = 1
    places = harmony.fine_places(palette, palette, {harmony.CONTENT: mask})
    for name, side in layers.items():
        rows, columns = np.mgrid[side : 2 * side, 2 * side : 3 * side]
        np.testing.assert_array_equal(places[name], np.stack([rows.ravel(), columns.ravel()], 1))


def test_gram_of_all_places_is_the_gram_matrix():
    from nstlib.vgg.losses import gram_matrix

    features = np.random.default_rng(0).normal(size=(4, 5, 6)).astype("float32")
    everywhere = np.stack(np.mgrid[:4, :5], axis=-1).reshape(-1, 2)
    ours = harmony.gram_of_places(features, everywhere)
    np.testing.assert_allclose(ours, gram_matrix(features[None]), rtol=1e-5, atol=1e-6)


@random_weights
def test_one_pixel_is_enough():
    mask = np.zeros((1, 20, 20, 1), "float32")
    mask[:, 19, 0] = 1
    painting, cutout = np.full((1, 32, 40, 3), 0.5, "float32"), some_photo(20, 20)
    run = harmony.harmonize(painting, cutout, mask, at=(12, 0), steps=(1, 1), **QUICK)
    assert np.isfinite(run.image).all()
    assert (run.image != painting).any(axis=-1).sum() <= 1


@pytest.mark.parametrize(
    ("cutout", "mask", "options", "message"),
    [
        ((60, 20), 1, {}, "longest side of at most 48 pixels"),
        ((24, 20), 0, {}, "mask is 0 everywhere"),
        ((24, 20), 1, {"at": (30, 0)}, "rows go from 0 to 24"),
        ((24, 20), 1, {"soften": -1}, "soften is -1"),
    ],
)
def test_harmonize_says_what_is_wrong(cutout, mask, options, message):
    shape = (1, *cutout, 1)
    with pytest.raises(InputError, match=message):
        harmony.harmonize(some_photo(48, 64), some_photo(*cutout), np.full(shape, mask), **options)


def test_a_small_mask_is_resized_and_a_tiny_painting_refused():
    with pytest.warns(UserWarning, match="cut-out's mask has 12 x 12"):
        harmony.paste(some_photo(48, 64), some_photo(24, 24), np.ones((12, 12)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match="give 16 or more"):
            harmony.paste(some_photo(12, 64), some_photo(8, 8), np.ones((8, 8)))
