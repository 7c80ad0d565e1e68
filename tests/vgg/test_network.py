"""The VGG family: its table, its names, what its options do, and its trained weights."""

import numpy as np
import pytest
from keras import ops

from nstlib.errors import InputError, MissingFile
from nstlib.vgg import network as vgg, table
from nstlib.vgg.layers import Preprocess
from nstlib.vgg.table import kernel_shapes, receptive_reach

pytestmark = pytest.mark.filterwarnings("ignore:.*RANDOM WEIGHTS")

# Simonyan & Zisserman 2015, table 1, without the three dense layers that each network ends in.
CONVOLUTIONS = {"A": 8, "B": 10, "C": 13, "D": 13, "E": 16}


@pytest.mark.parametrize(("letter", "count"), CONVOLUTIONS.items())
def test_table_has_the_papers_convolutions(letter, count):
    assert sum("conv" in name for name in table.layer_names(letter)) == count


@pytest.mark.parametrize("letter", CONVOLUTIONS)
def test_every_member_of_the_family_runs_and_is_as_the_table_says(letter, tiny_image):
    network = vgg.build_vgg(letter, weights="random")
    assert tuple(network(tiny_image).shape) == (1, 1, 1, 512)
    for name, shape in kernel_shapes(letter).items():
        assert network.get_layer(name).kernel.shape == shape


def test_c_has_one_by_one_kernels_where_d_has_three_by_three():
    sides = {letter: kernel_shapes(letter)["block4_conv3"][:2] for letter in "CD"}
    assert sides == {"C": (1, 1), "D": (3, 3)}


@pytest.mark.parametrize("letter", ["D", "E"])
def test_same_names_and_sizes_as_keras_applications(letter):
    import keras

    network = {"D": keras.applications.VGG16, "E": keras.applications.VGG19}[letter]
    theirs = network(include_top=False, weights=None)
    ours = vgg.build_vgg(letter, weights="random")
    assert [layer.name for layer in theirs.layers[1:]] == table.layer_names(letter)
    assert ours.count_params() == theirs.count_params()


def test_preprocess_agrees_with_keras_applications(tiny_image):
    from keras.applications.vgg19 import preprocess_input

    expected = preprocess_input(tiny_image[0] * 255.0)
    found = Preprocess()(ops.array(tiny_image))[0]
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("name", ["relu4_2", "conv4_2", "block4_conv2", "Conv4_2"])
def test_the_papers_names_are_understood(name):
    assert table.layer_name(name) == "block4_conv2"


def test_an_unknown_layer_names_the_nearest_and_all():
    with pytest.raises(
        InputError, match=r"'block4_con2'\. Did you mean 'block4_conv2'\? Layers: b"
    ):
        table.layer_name("block4_con2")
    with pytest.raises(InputError, match="VGG16 has no layer 'conv4_4'"):
        table.layer_name("conv4_4", "vgg16")


def test_an_unknown_network_names_the_nearest():
    with pytest.raises(InputError, match=r"'vgg18'.*Did you mean 'vgg1\d'"):
        vgg.build_vgg("vgg18")


def test_a_position_sees_as_far_as_its_kernels_reach():
    """By hand: each 3 x 3 adds a pixel a side, times how far its block's positions are apart."""
    assert receptive_reach("block5_conv1") == 2 + 2 * 2 + 4 * 4 + 4 * 8 + 16
    assert receptive_reach("block4_conv3", "C") == 2 + 2 * 2 + 2 * 4 + 2 * 8


def test_features_come_by_name_and_at_their_depth(tiny_image):
    extractor = vgg.feature_extractor(["relu3_1", "block1_conv1"], weights="random")
    shapes = {name: tuple(f.shape) for name, f in extractor(tiny_image).items()}
    assert shapes == {"block3_conv1": (1, 8, 10, 256), "block1_conv1": (1, 32, 40, 64)}
    assert extractor.layers[-1].name == "block3_conv1", "built deeper than needed"
    assert not extractor.trainable_variables


def test_no_layers_is_an_error():
    with pytest.raises(InputError, match="at least one layer"):
        vgg.feature_extractor([], weights="random")


def test_average_pooling_averages(tiny_image):
    names = ["block1_conv2", "block1_pool"]
    features = vgg.feature_extractor(names, weights="random", pooling="average")(tiny_image)
    conv, pool = (ops.convert_to_numpy(features[name]) for name in names)
    expected = conv.reshape(1, 16, 2, 20, 2, 64).mean((2, 4))
    np.testing.assert_allclose(pool, expected, rtol=1e-4, atol=1e-4)


def test_reflection_padding_hides_the_border_of_a_constant_picture():
    gray = np.full((1, 16, 16, 3), 0.7, "float32")
    spread = {}
    for padding in ("zero", "reflect"):
        extractor = vgg.feature_extractor(["block2_conv2"], weights="random", padding=padding)
        features = ops.convert_to_numpy(extractor(gray)["block2_conv2"])
        spread[padding] = float(features.std(axis=(1, 2)).max() / features.mean())
    assert spread["reflect"] < 1e-4 < spread["zero"]


@pytest.mark.parametrize("option", ["pooling", "padding"])
def test_options_name_what_is_allowed(option):
    with pytest.raises(InputError, match=f"{option} is 'median'. It can be"):
        vgg.build_vgg(weights="random", **{option: "median"})


def test_only_two_members_have_pretrained_weights():
    with pytest.raises(InputError, match="network is 'vgg11'.*'vgg16', 'vgg19'.*random"):
        vgg.build_vgg("A")


def test_a_weights_file_that_is_not_there():
    with pytest.raises(MissingFile, match="nowhere.h5"):
        vgg.build_vgg(weights="nowhere.h5")


def test_trained_features_know_a_photo_from_its_shuffled_pixels():
    """Deep features of the real network answer to shapes, which shuffling the pixels destroys."""
    from nstlib.images import bundled as data

    photo = data.photo("great_wall", 96)
    pixels = np.random.default_rng(0).permutation(photo.reshape(-1, 3)).reshape(photo.shape)
    extractor = vgg.feature_extractor(["block5_conv1"])
    spread = [float(ops.std(extractor(image)["block5_conv1"])) for image in (photo, pixels)]
    assert spread[0] > 1.3 * spread[1]


def test_a_picture_too_small_to_be_mirrored_deep_down_is_said():
    see = vgg.feature_extractor("block5_conv1", padding="reflect", weights="random")
    with pytest.raises(InputError, match="block5_conv1_pad is given 1 x 2 .*larger picture"):
        see(np.zeros((1, 16, 40, 3), "float32"))
