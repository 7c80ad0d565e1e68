"""Attention: what one query among few keys has to find, its two ends, and a painting with it."""

import numpy as np
import pytest
from scipy.special import softmax

from nstlib.errors import InputError
from nstlib.networks import attention
from nstlib.networks.adain import adaptive_instance_normalization
from nstlib.networks.files import PaintingNetwork, build_network
from nstlib.vgg.losses import mean_std

RANDOM = np.random.default_rng(0)
QUERIES, KEYS = RANDOM.normal(size=(7, 5)), RANDOM.normal(size=(9, 5))
VALUES = RANDOM.uniform(0, 1, (9, 4))
BOTH = np.concatenate([VALUES, VALUES**2], axis=1).astype("float32")


def shares(temperature):
    return np.asarray(attention.attention(*map(np.float32, (QUERIES, KEYS)), temperature))


def found(temperature, **options):
    both = attention.attended(*map(np.float32, (QUERIES, KEYS)), BOTH, temperature, **options)
    return [np.asarray(one) for one in both]


def test_shares_are_the_softmax_of_cosines():
    unit = [vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (QUERIES, KEYS)]
    np.testing.assert_allclose(shares(0.5), softmax(unit[0] @ unit[1].T / 0.5, axis=1), atol=1e-6)


def test_a_query_that_is_a_key_finds_it():
    own = np.asarray(attention.attention(np.float32(KEYS), np.float32(3 * KEYS), 1e-3))
    np.testing.assert_allclose(own, np.eye(9), atol=1e-6)


def test_at_zero_temperature_all_is_the_likest_places():
    mean, spread = found(1e-5)
    np.testing.assert_allclose(mean, VALUES[shares(1.0).argmax(axis=1)], atol=1e-5)
    np.testing.assert_allclose(spread, np.sqrt(attention.EPSILON), atol=1e-3)


def test_at_infinite_temperature_it_is_plain_adain():
    x = RANDOM.uniform(0, 1, (1, 1, 7, 4)).astype("float32")
    mean, spread = found(1e6)
    plain = adaptive_instance_normalization(x, mean_std(np.float32(VALUES[None, None])))
    ours = attention.normalized(x) * spread[None, None] + mean[None, None]
    np.testing.assert_allclose(ours, plain, atol=1e-4)


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1")
def test_one_key_is_plain_adain_at_any_temperature():
    x, one = RANDOM.uniform(0, 1, (1, 1, 7, 4)).astype("float32"), np.float32(VALUES[:1])
    queries, key = np.float32(QUERIES), np.float32(KEYS[:1])
    mean, spread = map(np.asarray, attention.attended(queries, key, BOTH[:1], 0.1))
    plain = adaptive_instance_normalization(x, mean_std(one[None, None]))
    np.testing.assert_allclose(attention.normalized(x) * spread + mean, plain, atol=1e-3)


@pytest.mark.parametrize("chunk", [1, 3, 7, 100])
def test_chunks_make_the_whole(chunk):
    np.testing.assert_allclose(found(0.2, chunk=chunk), found(0.2), atol=1e-6)


# --- With the network, untrained ------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def network():
    untrained = PaintingNetwork("adain", (), build_network("adain", 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention, "load_network", lambda name: untrained)
        attention._halves.cache_clear()
        yield untrained.network
    attention._halves.cache_clear()


@pytest.fixture(scope="module")
def pair():
    photo, painting = (RANDOM.uniform(0, 1, (1, *s, 3)) for s in ((45, 59), (40, 64)))
    return photo.astype("float32"), painting.astype("float32")


def test_a_hot_painting_is_the_network_adain(network, pair):
    photo, painting = pair
    encode, style = attention.conditions.style_encoder(), attention.conditions.style_vector
    matched = attention.match_color(photo, painting)
    vector = np.asarray(style(encode(painting)))
    plain = network([matched, vector, np.ones((1, 3), "float32")])
    np.testing.assert_allclose(attention.attend(photo, painting, 1e6), plain, atol=2e-3)


def test_its_size_is_the_photos_and_chunks_change_nothing(pair):
    painted = attention.attend(*pair)
    assert painted.shape == pair[0].shape
    np.testing.assert_allclose(attention.attend(*pair, chunk=5), painted, atol=1e-4)


def test_a_picture_looks_at_itself(pair):
    _, painting = pair
    places = [(0.02, 0.05), (0.99, 0.99), (1, 1), (0.5, 0.1)]
    maps = attention.who_looks_where(painting, painting, places, 1e-3)
    assert maps.shape == (4, 5, 8)
    where = [np.unravel_index(one.argmax(), one.shape) for one in maps]
    assert where == [(0, 0), (4, 7), (4, 7), (0, 4)]
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), 1, atol=1e-5)


# --- What cannot be looked at ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"temperature": 0}, "temperature is 0; it must be a number above 0"),
        ({"chunk": 0.5}, "chunk is 0.5"),
        ({"style": {"one": 1.0}}, "several paintings"),
        ({"photo": np.zeros((20, 90, 3))}, "The photo has 90 x 20 pixels"),
        ({"style": np.zeros((20, 90, 3))}, "too few for brushwork"),
    ],
)
def test_what_cannot_be_done_is_said(options, said, pair):
    given = {"photo": pair[0], "style": pair[1]} | options
    with pytest.raises(InputError, match=said):
        attention.attend(**given)


def test_a_place_is_within_the_photo(pair):
    with pytest.raises(InputError, match="A place's x or y is 1.5"):
        attention.who_looks_where(*pair, [(0.5, 1.5)])


def test_a_painting_of_one_colour_is_allowed_and_said(pair):
    flat = np.full((1, 40, 40, 3), 0.5, "float32")
    with pytest.warns(UserWarning, match="of one colour"):
        assert np.isfinite(attention.attend(pair[0], flat)).all()
