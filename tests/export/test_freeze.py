"""A network frozen for one style paints what the network paints when it is told of the style."""

import keras
import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.export.freeze import for_style, freeze
from nstlib.images.arrays import resize
from nstlib.images.bundled import photo
from nstlib.networks.adain import Adapt
from nstlib.networks.blocks import ConditionalInstanceNormalization, InstanceNormalization
from nstlib.networks.conditions import conditions
from nstlib.networks.files import build_network, load_network
from nstlib.networks.stylebank import MixBanks

TOLD = (ConditionalInstanceNormalization, Adapt, MixBanks, keras.layers.Dense)
CASES = [
    ("light", {"great_wave": 0.3, "the_scream": 0.7}, {}),  # its normalisations have a limit
    ("stylebank", {"red_fuji": 0.5, "udnie": 0.5}, {}),
    ("adain-light", "the_scream", {}),
    ("adain", "the_scream", {"alpha": {"block2_conv1": 0.3}}),  # 1 at the other levels
]


@pytest.mark.parametrize(("name", "style", "options"), CASES)
def test_frozen(name, style, options):
    trained, picture = load_network(name), resize(photo("great_wall", 128), (50, 77))
    condition = conditions(trained, style, **options)
    frozen = freeze(trained.network, condition)
    assert not any(isinstance(layer, TOLD) for layer in frozen.layers)
    expected = keras.ops.convert_to_numpy(trained.network([picture, *condition]))
    made = keras.ops.convert_to_numpy(frozen(picture))
    np.testing.assert_allclose(made, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "style"), [("light", "great_wave"), ("adain-light", "great_wave")]
)
def test_a_palette_and_a_ground_of_any_strength(name, style):
    """Without both, what the network paints of is the photo itself."""
    picture, seen = resize(photo("great_wall", 128), (50, 77)), {}
    for how in ({}, {"palette": 0.5}, {"palette": 0}, {"ground": 0}, {"palette": 0, "ground": 0}):
        _, frozen = for_style(name, style, how)
        names = [layer.name for layer in frozen.layers]
        pad = frozen.get_layer("down1_pad").input
        seen[str(how)] = keras.ops.convert_to_numpy(keras.Model(frozen.input, pad)(picture))
        assert ("palette" in names) == (how.get("palette") != 0)
        assert ("ground" in names) == (how.get("ground") != 0)
    np.testing.assert_array_equal(seen[str({"palette": 0, "ground": 0})], picture)
    ends = seen["{}"] - seen[str({"ground": 0})]
    assert 0.02 < ends.std() < 0.06, "the ground"
    assert len({one.tobytes() for one in seen.values()}) == len(seen)


def test_strengths_that_a_network_does_not_take():
    for how, said in (({"palette": 2}, "palette is 2; "), ({"ground": "much"}, "ground is 'much'")):
        with pytest.raises(InputError, match=said):
            for_style("light", "great_wave", how)
    with pytest.raises(InputError, match="ground: the network adain has no such layer"):
        for_style("adain", "great_wave", {"ground": 0.5})
    with pytest.raises(InputError, match="palette: this belongs to a style"):
        for_style("light", None, {"palette": 0.5})


def test_what_is_left_of_1_goes_to_the_features():
    network, picture = build_network("stylebank", 2), resize(photo("great_wall", 128), (40, 40))
    mix = np.array([[0.25, 0]], "float32")
    expected = keras.ops.convert_to_numpy(network([picture, mix]))
    made = keras.ops.convert_to_numpy(freeze(network, [mix])(picture))
    np.testing.assert_allclose(made, expected, atol=1e-5)


def test_banks_without_a_share_are_left_out():
    network = build_network("stylebank", 3)
    frozen = freeze(network, [np.array([[0, 1, 0]], "float32")])
    banks = {w.path.split("_")[0] for w in frozen.weights if w.path.startswith("bank")}
    assert banks == {"bank2"}
    assert frozen.output_names == ["painting"]


def test_a_frozen_network_has_weights_of_its_own():
    network, mix = build_network("light", 1), [np.ones((1, 1), "float32")]
    frozen = freeze(network, mix)
    for layer in frozen.layers:
        if isinstance(layer, InstanceNormalization):
            layer.gamma.assign(0 * layer.gamma)
    assert network.get_layer("down1_norm").scale.numpy().all()
    kernels = (one.get_layer("down1_conv").kernel for one in (network, frozen))
    assert next(kernels) is not next(kernels)


def test_without_a_condition_it_stays_as_it_is():
    network = build_network("light", 2)
    assert freeze(network, []) is network
