"""The explorers, without a front end: what they draw, and that their sliders compute nothing."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError
from nstlib.notebook import explorers as explore, kit

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

    monkeypatch.setattr(explore, "_features", features)
    return calls


@pytest.fixture
def unsaved(monkeypatch):
    """Figures are made but not laid out and saved, which takes longest."""
    monkeypatch.setattr(kit, "as_jpeg", lambda drawn: b"")


@pytest.fixture
def figures(monkeypatch):
    """The figures that were shown, kept open until the test is over."""
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    yield shown
    plt.close("all")


@pytest.fixture
def images(tiny_image):
    return {"ramp": tiny_image, "mirror": 1 - tiny_image}


def titles(figure):
    return [axis.get_title() for axis in figure.axes]


def controls(explorer):
    """The explorer's controls by what stands beside them."""
    return {control.description: control for control in explorer.children[0].children}


def picture(explorer) -> bytes:
    return explorer.children[1].value


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
    monkeypatch.setattr(explore, "_features", lambda *_: np.zeros((4, 4, 2), "float32"))
    explore.show_feature_maps(tiny_image, "block1_conv1")
    assert titles(figures[0]) == ["channel 0, silent", "channel 1, silent"]


@pytest.mark.parametrize("wrong", [{"first": 64}, {"first": -1}, {"count": 0}])
def test_a_channel_that_is_not_there_is_refused(tiny_image, wrong):
    with pytest.raises(InputError, match="from 0 to 63. block1_conv1 has 64|count is 0; .* 1 or"):
        explore.show_feature_maps(tiny_image, "block1_conv1", **wrong)


def test_gram_of_one_picture_and_of_two(images, figures):
    explore.show_gram(images["ramp"], "block1_conv1", channels=16)
    explore.show_gram(images, "block1_conv1", channels=16)
    assert [len(figure.axes) for figure in figures] == [2, 4]
    assert titles(figures[1])[::2] == ["ramp", "mirror"]
    assert figures[0].axes[1].images[0].get_array().shape == (16, 16)


def test_grams_share_their_scale(images, figures):
    explore.show_gram(images, "block1_conv1")
    limits = {axis.images[0].get_clim() for axis in figures[0].axes[1::2]}
    assert len(limits) == 1


def test_gram_takes_all_channels_when_asked_for_more(tiny_image, figures):
    explore.show_gram(tiny_image, "block1_conv1", channels=1000)
    assert figures[0].axes[1].images[0].get_array().shape == (64, 64)


def test_gram_needs_two_channels_and_a_picture(tiny_image):
    with pytest.raises(InputError, match="channels is 1; it must be a whole number, 2 or more"):
        explore.show_gram(tiny_image, "block1_conv1", channels=1)
    with pytest.raises(InputError, match="images is dict: give a dict from name"):
        explore.show_gram({}, "block1_conv1")


def test_the_strongest_pair_is_of_two_different_channels(monkeypatch, tiny_image, figures):
    maps = np.float32([[[3, 0, 1], [0, 5, 0]]])  # channel 1 answers most, but by itself
    monkeypatch.setattr(explore, "_features", lambda *_: maps)
    explore.show_gram(tiny_image, "block1_conv1")
    assert titles(figures[0])[1] == "most together: channels 0 and 2"


# --- Widgets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("explorer", [explore.layer_explorer, explore.gram_explorer])
def test_every_control_draws_a_jpeg_anew(explorer, images):
    box = explorer(images)
    assert Image.open(io.BytesIO(picture(box))).format == "JPEG"
    for name, control in controls(box).items():
        before = picture(box)
        values = getattr(control, "options", (0, 8, 16))
        control.value = next(value for value in values if value != control.value)
        assert picture(box) != before, name


@pytest.mark.parametrize(
    ("explorer", "slider"),
    [(explore.layer_explorer, "channel"), (explore.gram_explorer, "channels")],
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
    shrunk = explore._shrunk({"large": large, "tiny": tiny_image})
    assert shrunk["large"].shape == (1, 160, 320, 3)
    assert shrunk["tiny"].shape == tiny_image.shape


@pytest.mark.usefixtures("unsaved")
def test_layers_are_checked_and_may_be_the_papers_names(images):
    box = explore.gram_explorer(images, ["relu2_1"])
    assert controls(box)["layer"].options == ("block2_conv1",)
    with pytest.raises(InputError, match="Did you mean 'block1_conv"):
        explore.gram_explorer(images, ["block1_conv9"])


@pytest.mark.usefixtures("unsaved")
def test_one_picture_is_enough_for_the_gram_explorer(tiny_image):
    box = explore.gram_explorer({"only": tiny_image}, LAYERS)
    assert controls(box)["left"].value == controls(box)["right"].value == "only"


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


# --- The network underneath ----------------------------------------------------------------------


@pytest.mark.random_weights
def test_features_are_those_of_the_feature_extractor(monkeypatch, tiny_image):
    monkeypatch.undo()
    from nstlib.vgg.network import feature_extractor

    layer = "block2_conv1"
    expected = feature_extractor(layer, weights="random")(tiny_image)[layer]
    found = explore._features(tiny_image, layer, "random")
    np.testing.assert_allclose(found, expected[0], atol=1e-3)


@pytest.mark.random_weights
def test_a_picture_too_small_for_the_layer_is_refused(monkeypatch):
    monkeypatch.undo()
    with pytest.raises(InputError, match="block5_conv1 needs 16"):
        explore.show_feature_maps(np.zeros((1, 8, 40, 3)), "block5_conv1", weights="random")
