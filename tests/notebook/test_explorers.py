"""The explorers, without a front end: what they draw, and that their sliders compute nothing."""

import io

import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError
from nstlib.notebook import explorers as explore, features as seen, grams, kit, patches

LAYERS = ["block1_conv1", "block2_conv1"]


@pytest.fixture(autouse=True)
def untrained(monkeypatch):
    """A random network in place of VGG19, so that the tests need no weights."""
    rng = np.random.default_rng(0)
    calls = []

    def features(image, layer, weights="imagenet"):
        calls.append(layer)
        channels = 64 if layer == "block1_conv1" else 128
        return rng.uniform(0, 1, (8, 10, channels)).astype("float32") * image.mean()

    monkeypatch.setattr(seen, "features", features)
    return calls


@pytest.fixture
def unsaved(monkeypatch):
    """Figures are made but not laid out and saved, which takes longest."""
    monkeypatch.setattr(kit, "as_jpeg", lambda drawn: b"")


@pytest.fixture
def images(tiny_image):
    return {"ramp": tiny_image, "mirror": 1 - tiny_image}


def titles(figure):
    return [axis.get_title() for axis in figure.axes]


def controls(explorer):
    """The explorer's controls by what stands beside them."""
    return {control.description: control for control in explorer.children[0].children}


def picture(explorer) -> bytes:
    return explorer.children[-1].value


# --- Plain functions -----------------------------------------------------------------------------


def test_feature_maps_are_numbered_from_the_first(tiny_image, figures):
    explore.show_feature_maps(tiny_image, "block1_conv1", first=5, count=3)
    assert [title.split(",")[0] for title in titles(figures[0])] == [
        "channel 5",
        "channel 6",
        "channel 7",
    ]


def test_feature_maps_end_with_the_last_channel(tiny_image, figures):
    explore.show_feature_maps(tiny_image, "block1_conv1", first=62)
    assert len(figures[0].axes) == 2


def test_a_silent_channel_is_black_and_called_silent(monkeypatch, tiny_image, figures):
    monkeypatch.setattr(seen, "features", lambda *_: np.zeros((4, 4, 2), "float32"))
    explore.show_feature_maps(tiny_image, "block1_conv1")
    assert titles(figures[0]) == ["channel 0, silent", "channel 1, silent"]


@pytest.mark.parametrize("wrong", [{"first": 64}, {"first": -1}, {"count": 0}])
def test_a_channel_that_is_not_there_is_refused(tiny_image, wrong):
    with pytest.raises(InputError, match="from 0 to 63. block1_conv1 has 64|count is 0; .* 1 or"):
        explore.show_feature_maps(tiny_image, "block1_conv1", **wrong)


def test_gram_of_one_picture_and_of_two(images, figures):
    grams.show_gram(images["ramp"], "block1_conv1", channels=16)
    grams.show_gram(images, "block1_conv1", channels=16)
    assert [len(figure.axes) for figure in figures] == [2, 4]
    assert titles(figures[1])[::2] == ["ramp", "mirror"]
    assert figures[0].axes[1].images[0].get_array().shape == (16, 16)


def test_grams_share_their_scale(images, figures):
    grams.show_gram(images, "block1_conv1")
    limits = {axis.images[0].get_clim() for axis in figures[0].axes[1::2]}
    assert len(limits) == 1


def test_gram_takes_all_channels_when_asked_for_more(tiny_image, figures):
    grams.show_gram(tiny_image, "block1_conv1", channels=1000)
    assert figures[0].axes[1].images[0].get_array().shape == (64, 64)


def test_gram_needs_two_channels_and_a_picture(tiny_image):
    with pytest.raises(InputError, match="channels is 1; it must be a whole number, 2 or more"):
        grams.show_gram(tiny_image, "block1_conv1", channels=1)
    with pytest.raises(InputError, match="images is dict: give a dict from name"):
        grams.show_gram({}, "block1_conv1")


def test_the_strongest_pair_is_of_two_different_channels(monkeypatch, tiny_image, figures):
    maps = np.float32([[[3, 0, 1], [0, 5, 0]]])  # channel 1 answers most, but by itself
    monkeypatch.setattr(seen, "features", lambda *_: maps)
    grams.show_gram(tiny_image, "block1_conv1")
    assert titles(figures[0])[1] == "most together: channels 0 and 2"


# --- Widgets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("explorer", [explore.layer_explorer, grams.gram_explorer])
def test_every_control_draws_a_jpeg_anew(explorer, images):
    box = explorer(images)
    assert Image.open(io.BytesIO(picture(box))).format == "JPEG"
    for name, control in controls(box).items():
        before, old = picture(box), control.value
        values = (not old,) if isinstance(old, bool) else getattr(control, "options", (0, 8, 16))
        control.value = next(value for value in values if value != old)
        assert picture(box) != before, name
        control.value = old


@pytest.mark.parametrize(
    ("explorer", "slider"),
    [(explore.layer_explorer, "channel"), (grams.gram_explorer, "channels")],
)
@pytest.mark.usefixtures("unsaved")
def test_sliders_and_returning_compute_nothing(explorer, slider, images, untrained):
    box = explorer(images)
    computed = len(untrained)
    for value in (8, 16, 24):
        controls(box)[slider].value = value
    assert len(untrained) == computed
    controls(box)["layer"].value = LAYERS[1]
    computed = len(untrained)
    controls(box)["layer"].value = LAYERS[0]
    assert len(untrained) == computed


@pytest.mark.usefixtures("unsaved")
def test_the_channel_slider_ends_where_the_layer_does(images):
    box = explore.layer_explorer(images)
    layer, channel = controls(box)["layer"], controls(box)["channel"]
    assert channel.max == 64 - 8
    layer.value = "block2_conv1"
    channel.value = 120
    layer.value = "block1_conv1"
    assert (channel.max, channel.value) == (56, 56)


def test_widgets_shrink_large_pictures_and_leave_small_ones(tiny_image):
    large = np.zeros((1, 400, 800, 3), "float32")
    shrunk = kit.shrunk({"large": large, "tiny": tiny_image})
    assert shrunk["large"].shape == (1, 160, 320, 3)
    assert shrunk["tiny"].shape == tiny_image.shape


@pytest.mark.usefixtures("unsaved")
def test_layers_are_checked_and_may_be_the_papers_names(images):
    box = grams.gram_explorer(images, ["relu2_1"])
    assert controls(box)["layer"].options == ("block2_conv1",)
    with pytest.raises(InputError, match="Did you mean 'block1_conv"):
        grams.gram_explorer(images, ["block1_conv9"])


def test_a_click_on_a_gram_matrix_picks_the_entry(images):
    box = grams.gram_explorer(images, LAYERS)
    before = picture(box)
    box.canvas.at = [0.9, 0.1]
    assert picture(box) != before


def test_a_click_on_the_photo_moves_the_frame_and_sorts_the_maps(images, monkeypatch):
    box, asked = explore.layer_explorer(images), []
    monkeypatch.setattr(explore, "_draw_maps", lambda *_, **how: asked.append((_[2], how)) or 0)
    monkeypatch.setattr(kit, "as_jpeg", lambda drawn: b"")
    controls(box)["channels"].value = "strongest here"
    before = box.canvas.picture
    box.canvas.at = [0.1, 0.9]
    assert box.canvas.picture != before
    (first, _), (then, how) = asked
    assert len(then) == explore.MAPS and list(first) != list(then) and how["at"] == [0.1, 0.9]


@pytest.mark.parametrize("wrong", [{}, [], np.zeros((1, 8, 8, 3))])
def test_pictures_need_names(wrong):
    with pytest.raises(InputError, match="dict from name to picture"):
        explore.layer_explorer(wrong)


def test_the_style_explorer_mixes_two_styles(monkeypatch, tiny_image):
    asked = []

    def stylizer(mix, network):
        return lambda photo, *how: asked.append((mix, network, *how)) or 1 - photo

    monkeypatch.setattr(explore, "stylizer", stylizer)
    monkeypatch.setattr(explore, "fast_styles", lambda network: ("wave", "night"))
    box = explore.style_explorer({"ramp": tiny_image}, "mine")
    assert asked == [({"wave": 1.0, "night": 0.0}, "mine", 1.0, False)]
    controls(box)["share"].value = 0.3
    controls(box)["other"].value = "wave"
    controls(box)["preserve_color"].value = True
    assert [sum(mix.values()) for mix, *_ in asked] == [1.0] * 4
    assert asked[1][0] == {"wave": 0.7, "night": 0.3} and asked[3][0] == {"wave": 1.0}
    assert asked[3][1:] == ("mine", 1.0, True)


# --- What a place sees ---------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ["block1_conv2", "block2_conv1", "block3_conv1", "block2_pool"])
@pytest.mark.random_weights
def test_the_frame_is_where_the_gradient_reaches(layer):
    """A pixel is seen by a position if changing it changes the answers there."""
    from nstlib.backend import ops, value_and_grad
    from nstlib.vgg.network import feature_extractor

    picture = np.random.default_rng(0).uniform(0, 1, (1, 64, 80, 3)).astype("float32")
    network, place = feature_extractor(layer, weights="random", padding="zero"), (0.45, 0.55)

    def answer(image):
        maps = network(image)[layer]
        row, column = seen.position(np.zeros(maps.shape[1:]), place)
        return ops.sum(maps[:, row, column])

    _, gradient = value_and_grad(answer)(picture)
    rows, columns = np.nonzero(np.abs(ops.convert_to_numpy(gradient)).max(axis=(0, 3)))
    top, left, bottom, right = patches.receptive_field(picture, layer, place)
    assert (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1) == (
        top,
        left,
        bottom,
        right,
    )


def test_a_frame_is_drawn_inside_the_picture(tiny_image):
    shown = patches.framed(tiny_image, "block1_conv1", (0, 1))
    assert shown.shape == tiny_image.shape and (shown != tiny_image).any()
    assert patches.receptive_field(tiny_image, "block5_conv1", (0.5, 0.5)) == (
        0,
        0,
        *tiny_image.shape[1:3],
    )


def test_the_best_patches_hold_what_a_channel_answers_to(monkeypatch):
    """A layer that answers to red: its patches are the reddest of all photos."""
    red = lambda image, layer, weights="imagenet": image[0] * [1, 0, 0]  # noqa: E731
    monkeypatch.setattr(seen, "features", red)
    patches._answers.cache_clear()
    best = patches.best_patches("block1_conv1", 0, 3)
    means = [patch.mean(axis=(0, 1, 2))[0] for patch in best]
    assert min(means) > 0.8 and all(patch.shape[1:] == (3, 3, 3) for patch in best)
    patches._answers.cache_clear()
    with pytest.raises(InputError, match="channel is 3; .* block1_conv1 has 3 channels"):
        patches.best_patches("block1_conv1", 3)
    patches._answers.cache_clear()


def test_an_entry_of_the_gram_matrix_is_the_mean_of_the_product(tiny_image, figures):
    grams.show_gram_entry(tiny_image, "block1_conv1", 3, 5)
    *maps, product = (axis.images[0].get_array() for axis in figures[0].axes[1:])
    np.testing.assert_allclose(product, maps[0] * maps[1])
    assert titles(figures[0])[3] == f"product, mean {product.mean():,.0f}"
    assert figures[0].axes[-1].images[0].get_clim() == (0, maps[0].max() * maps[1].max())


def test_a_picture_is_lit_where_a_channel_is_active(tiny_image):
    silent = np.zeros(tiny_image.shape[1:3], "float32")
    active = np.copy(silent)
    active[:4] = 6
    dark = seen.DARK * tiny_image.mean(axis=-1, keepdims=True) + 0 * tiny_image
    np.testing.assert_allclose(seen.spotlight(tiny_image, silent), dark, atol=1e-6)
    shown = seen.spotlight(tiny_image, active)
    np.testing.assert_allclose(shown[:, :4], tiny_image[:, :4], atol=1e-6)
    np.testing.assert_allclose(shown[:, 4:], dark[:, 4:], atol=1e-6)
    dimmer = seen.spotlight(tiny_image, active, full=12)
    np.testing.assert_allclose(dimmer[:, :4], ((tiny_image + dark) / 2)[:, :4], atol=1e-6)


def test_maps_are_drawn_as_light_on_the_picture(tiny_image, figures):
    explore.show_feature_maps(tiny_image, "block1_conv1", count=1, lit=True)
    explore.show_place(tiny_image, "block1_conv1", 0.5, 0.5, count=1, lit=True)
    shown = [figure.axes[0].images[0].get_array().shape for figure in figures]
    assert shown == [tiny_image.shape[1:]] * 2


def test_the_strongest_channels_of_a_place(tiny_image, figures):
    explore.show_place(tiny_image, "block1_conv1", 0.5, 0.5, count=3)
    assert len(figures[0].axes) == 3
    maps = np.zeros((2, 2, 4))
    maps[0, 1] = [0, 3, 1, 2]
    assert list(seen.strongest(maps, (0.9, 0.1))) == [1, 3, 2, 0]


# --- The network underneath ----------------------------------------------------------------------


@pytest.mark.random_weights
def test_features_are_those_of_the_feature_extractor(monkeypatch, tiny_image):
    monkeypatch.undo()
    from nstlib.vgg.network import feature_extractor

    layer = "block2_conv1"
    expected = feature_extractor(layer, weights="random")(tiny_image)[layer]
    found = seen.features(tiny_image, layer, "random")
    np.testing.assert_allclose(found, expected[0], atol=1e-3)


@pytest.mark.random_weights
def test_a_picture_too_small_for_the_layer_is_refused(monkeypatch):
    monkeypatch.undo()
    with pytest.raises(InputError, match="block5_conv1 needs 16"):
        explore.show_feature_maps(np.zeros((1, 8, 40, 3)), "block5_conv1", weights="random")
