"""What a network takes beside the picture: shares of styles, looks of paintings, strengths."""

import keras
import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError
from nstlib.networks.conditions import conditions
from nstlib.networks.files import PaintingNetwork, build_network


def noise(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, shape).astype("float32")


@pytest.fixture(scope="module")
def networks() -> dict[str, PaintingNetwork]:
    """Untrained ones, for any style and for two."""
    keras.utils.set_random_seed(0)
    styles = {"light": ("dots", "waves"), "adain": (), "adain-light": ()}
    return {n: PaintingNetwork(n, s, build_network(n, len(s))) for n, s in styles.items()}


@pytest.fixture(scope="module")
def painting() -> np.ndarray:
    return noise(1, 80, 64, 3, seed=5)


def test_shares_of_styles_are_scaled_to_one(networks):
    (mix,) = conditions(networks["light"], {"dots": 1, "waves": 3})
    np.testing.assert_allclose(mix, [[0.25, 0.75]])
    for wanted, said in (("wave", "Did you mean 'waves'"), ({"dots": 0}, "add up to 0")):
        with pytest.raises(InputError, match=said):
            conditions(networks["light"], wanted)
    with pytest.raises(InputError, match="alpha: a network of named styles takes no such thing"):
        conditions(networks["light"], "dots", alpha=0.5)


def test_shares_of_two_paintings_are_scaled_to_one(networks, tmp_path):
    names = [tmp_path / f"{name}.png" for name in "ab"]
    for seed, name in enumerate(names):
        Image.fromarray((noise(64, 64, 3, seed=seed) * 255).astype("uint8")).save(name)
    trained, (a, b) = networks["adain-light"], map(str, names)
    one = [conditions(trained, name)[0] for name in (a, b)]
    mixed = conditions(trained, {a: 3, b: 1})[0]
    np.testing.assert_allclose(mixed, 0.75 * one[0] + 0.25 * one[1], rtol=1e-5)
    for shares, said in (({a: -1, b: 2}, "must be a number, 0 or more"), ({a: 0}, "add up to 0")):
        with pytest.raises(InputError, match=said):
            conditions(trained, shares)


def test_alpha_at_each_level(networks, painting):
    trained = networks["adain"]
    np.testing.assert_allclose(conditions(trained, painting, alpha=0.4)[1], 0.4)
    levels = conditions(trained, painting, alpha={"block3_conv1": 0.5})[1]
    np.testing.assert_allclose(levels, [[1, 0.5, 1]])
    for alpha in (-0.1, 1.5, "much", {"block3_conv1": 2}):
        with pytest.raises(InputError, match="alpha at block._conv1 is .* 0 is the photo"):
            conditions(trained, painting, alpha=alpha)
    with pytest.raises(InputError, match="A level of alpha is 'block5_conv1'. Did you mean"):
        conditions(trained, painting, alpha={"block5_conv1": 1})
    with pytest.raises(InputError, match="alpha is for the network adain"):
        conditions(networks["adain-light"], painting, alpha=0.5)


def test_paintings_that_are_too_small_of_one_colour_or_huge(networks):
    trained = networks["adain"]
    with pytest.raises(InputError, match="The style has 31 x 40 pixels: too few for brushwork"):
        conditions(trained, noise(1, 40, 31, 3))
    with pytest.warns(UserWarning, match="The style is of one colour"):
        vector, _ = conditions(trained, np.full((1, 40, 40, 3), 0.5, "float32"))
    assert np.isfinite(vector).all()
    with pytest.raises(InputError, match="Name the painting"):
        conditions(trained, None)
    huge = np.repeat(np.repeat(noise(1, 40, 30, 3), 40, 1), 40, 2)  # 1600 x 1200
    assert np.isfinite(conditions(trained, huge)[0]).all()
