"""One door to every engine: what is asked for, how it travels, and what is refused."""

import multiprocessing
import os
import pickle
import time

import keras
import numpy as np
import pytest

from nstlib.errors import InputError, NstError
from nstlib.images.color import keep_color, match_color
from nstlib.images.files import save_image
from nstlib.networks import conditions
from nstlib.networks.denoising import sdedit
from nstlib.networks.files import PaintingNetwork, build_network, load_network, save_network
from nstlib.stylizers import one_pass
from nstlib.stylizers.door import by_region, fast_styles, painter, request, stylizer
from nstlib.stylizers.engine import ANY_STYLE, Engine

STYLES = ("dots", "waves", "fields")
ODD = (67, 93)  # no multiple of 4


def saved(architecture: str, folder, styles=STYLES):
    """A small untrained network, whose styles differ, in a file."""
    network, random = build_network(architecture, len(styles)), np.random.default_rng(0)
    for weight in network.weights:
        if "norm" in weight.path:
            weight.assign(weight.numpy() + random.normal(0, 0.5, weight.shape))
    return save_network(PaintingNetwork(architecture, styles, network), folder / architecture)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    keras.utils.set_random_seed(0)
    return saved("light", tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 1, (1, *ODD, 3)).astype("float32")


@pytest.fixture(scope="module")
def painting(photo, tmp_path_factory):
    """A painting in a file."""
    return save_image(photo[:, ::-1, :, ::-1] ** 2, tmp_path_factory.mktemp("style") / "p.png")


# --- Painting -------------------------------------------------------------------------------------


def test_a_stylizer_keeps_size_and_range(file, photo):
    paint = stylizer("dots", network=file)
    whole = paint(photo)
    assert whole.shape == photo.shape and whole.dtype == np.float32
    assert whole.min() >= 0 and whole.max() <= 1
    np.testing.assert_array_equal(paint(photo, strength=0.0), photo)
    np.testing.assert_allclose(paint(photo, strength=0.5), (photo + whole) / 2, atol=1e-6)


def test_a_painting_can_be_the_name_where_the_network_takes_any(photo, painting):
    named = stylizer("adain-light", painting)(photo)
    np.testing.assert_array_equal(stylizer(painting, network="adain-light")(photo), named)


def test_a_mix_lies_between_and_its_shares_are_scaled(file, photo):
    first, second, mixed, larger = (
        stylizer(style, network=file)(photo)
        for style in ("dots", "waves", {"dots": 0.5, "waves": 0.5}, {"dots": 3, "waves": 3})
    )
    np.testing.assert_allclose(mixed, larger, atol=1e-6)
    assert np.abs(mixed - first).mean() < np.abs(second - first).mean()


def test_preserve_color_keeps_the_photos_hues(file, photo):
    gray = np.repeat(photo.mean(axis=-1, keepdims=True), 3, axis=-1)
    painted = stylizer("dots", network=file)(gray, preserve_color=True)
    assert np.ptp(painted, axis=-1).max() < 0.01, "a gray photo stays gray"
    np.testing.assert_allclose(keep_color(photo, photo), photo, atol=1e-5)


@pytest.mark.random_weights
def test_gatys_through_the_same_door(photo):
    paint = stylizer("gatys", style=photo[:, ::-1], steps=2, weights="random")
    assert paint(photo, strength=0.5).shape == photo.shape
    assert callable(paint.follow)


def test_diffusion_through_the_same_door(photo, tmp_path):
    trained = PaintingNetwork("diffusion", ("me",), build_network("diffusion", 1))
    network = save_network(trained, tmp_path / "network.npz")
    paint = stylizer("diffusion", network=network, steps=2, seed=1)
    painted = paint(photo)
    np.testing.assert_array_equal(painted, sdedit(network, photo, 0.45, steps=2, seed=1))
    np.testing.assert_allclose(paint(photo, strength=0.5), (photo + painted) / 2, atol=1e-6)
    still = stylizer("diffusion", "me", network=network, noise=0)
    np.testing.assert_array_equal(still(photo), photo)
    assert pickle.loads(pickle.dumps(paint)).engine == paint.engine != still.engine
    with pytest.raises(InputError, match="style is 'you'. It can be 'me'. Or leave it out"):
        stylizer("diffusion", "you", network=network)
    with pytest.raises(InputError, match="paints in many steps, .* nst.stylizer..diffusion"):
        stylizer("me", network=network)
    with pytest.raises(InputError, match="light paints in one pass"):
        stylizer("diffusion", network="light")


@pytest.mark.parametrize("architecture", ["light", "johnson", "stylebank"])
def test_both_runtimes_paint_the_same(architecture, photo, tmp_path):
    network = saved(architecture, tmp_path)
    style = {"dots": 0.5, "fields": 0.5}
    ours, theirs, by_itself = (
        stylizer(style, network=network, runtime=runtime)(photo)
        for runtime in ("keras", "onnx", None)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    np.testing.assert_array_equal(by_itself, theirs)  # on a CPU, where it is faster


def test_a_gpu_is_not_left_idle(file, photo, monkeypatch):
    monkeypatch.setattr(one_pass, "has_gpu", lambda: True)
    monkeypatch.setattr(one_pass, "onnx_forward", pytest.fail)
    stylizer("dots", network=file)(photo)


def test_the_photo_gets_the_paintings_colours_first():
    photo, warm = (np.random.default_rng(s).uniform(0, 1, (1, 40, 30, 3)) for s in (0, 1))
    photo, warm = photo.astype("float32"), (warm * [1, 0.6, 0.2]).astype("float32")
    same, half = (
        one_pass._in_palette(lambda picture: picture, [1.0], [warm], share)(photo)
        for share in (1.0, 0.5)
    )
    np.testing.assert_allclose(same, match_color(photo, warm), atol=1e-6)
    np.testing.assert_allclose(half, (photo + same) / 2, atol=1e-6)
    assert one_pass._in_palette(len, [1.0], [warm], 0.0) is len


@pytest.mark.parametrize("name", ANY_STYLE)
def test_a_painting_is_read_and_looked_at_once(name, painting, photo, monkeypatch):
    calls = []

    def counted(function):
        def call(*args, **options):
            calls.append(function.__name__)
            return function(*args, **options)

        return call

    for function in ("load_image", "style_vector"):
        monkeypatch.setattr(conditions, function, counted(getattr(conditions, function)))
    paint = stylizer(name, painting, runtime="onnx")
    paint(photo), paint(photo)
    assert sorted(calls) == ["load_image", "style_vector"]


def test_regions_are_painted_each_by_its_own():
    photo = np.random.default_rng(0).uniform(0, 1, (1, 20, 30, 3)).astype("float32")
    black, white = (lambda p, *_, v=v: np.full_like(p, v) for v in (0.0, 1.0))
    left = np.zeros((20, 30), "float32")
    left[:, :15] = 1
    result = by_region([black, white], [left, 1 - left])(photo)
    assert (result[:, :, :15] == 0).all() and (result[:, :, 15:] == 1).all()
    result = by_region([black, None], [left, 0.5 * (1 - left)])(photo)
    np.testing.assert_array_equal(result[:, :, 15:], photo[:, :, 15:])
    with pytest.raises(InputError, match="2 stylizers and 1 masks"):
        by_region([black, white], [left])
    with pytest.raises(InputError, match="belong to no region"):
        by_region([black, white], [left, left])(photo)


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("adain",), {}, "Name the painting for .adain."),
        (("gatys",), {}, "Name the painting"),
        (("gatys", "the_scream"), {"tile": 1024}, "'gatys' takes none of these"),
        (("gatys", "the_scream"), {"network": "light"}, "network: 'gatys' takes none"),
        (("diffusion",), {"runtime": "onnx"}, "'diffusion' takes none of these"),
        (("diffusion",), {"palette": 0}, "palette: diffusion takes noise, steps, seed"),
        (("diffusion",), {"noise": 1.5}, "noise is 1.5; .* from 0 to 1. 0 is the photo"),
        (("diffusion",), {"steps": 0}, "steps is 0"),
        (("gatys", "the_scream"), {"runtime": "onnx"}, "'gatys' takes none of these"),
        (("the_scream", "waves"), {}, "style is for the engines gatys, fast, adain, adain-light"),
        (("the_scream",), {"alpha": 0.5}, "alpha: a network of named styles takes palette, ground"),
        (("adain", "the_scream"), {"steps": 3}, "steps: .* adain-light take palette, ground"),
        (("adain", "the_scream"), {"palette": 2}, "palette is 2; .* from 0 to 1"),
        (("the_scream",), {"ground": -1}, "ground is -1; .* 0 paints on the bare photo"),
        (("the_scream",), {"threads": -1}, "threads is -1"),
        (("the_scream",), {"runtime": "tflite"}, "runtime is 'tflite'. It can be 'keras', 'onnx'"),
        (("the_scream",), {"runtime": "onnx", "tile": 512}, "tile is for runtime='keras'"),
    ],
)  # fmt: skip
def test_what_an_engine_does_not_take_is_said_before_it_is_built(arguments, options, message):
    with pytest.raises(InputError, match=message):
        request(*arguments, **options)


@pytest.mark.parametrize(
    ("style", "options", "message"),
    [
        ("dotts", {}, "has not learnt 'dotts'. Did you mean 'dots'"),
        ({"dots": -1.0}, {}, "share of dots is -1.0"),
        ({"dots": np.nan}, {}, "share of dots is nan"),
        ({}, {}, "add up to 0"),
        ("dots", {"alpha": 0.5}, "alpha: a network of named styles takes no such thing"),
    ],
)
def test_styles_that_a_network_has_not_learnt(file, style, options, message):
    with pytest.raises(InputError, match=message):
        stylizer(style, network=file, **options)


def test_pictures_strengths_and_names_that_cannot_be(file, photo):
    paint = stylizer("dots", network=file)
    with pytest.raises(InputError, match="8 x 8 pixels; the network needs 32"):
        paint(photo[:, :8, :8])
    with pytest.raises(InputError, match="strength is 1.5"):
        paint(photo, strength=1.5)
    with pytest.raises(InputError, match="paints in its own styles only, dots, waves, fields"):
        stylizer("adain", "the_scream", network=file)
    with pytest.raises(InputError, match="The engine is 'adainn'. Did you mean 'adain'"):
        Engine("adainn", "the_scream")


# --- An engine travels ----------------------------------------------------------------------------


def test_engines_of_one_key_are_those_that_paint_alike(painting, tmp_path):
    one = Engine("adain", painting, options={"alpha": 0.5, "palette": 1})
    assert one.key() == pickle.loads(pickle.dumps(one)).key()
    copy = tmp_path / "copy.png"
    copy.write_bytes(painting.read_bytes())
    assert one.key() == Engine("adain", copy, options={"palette": 1, "alpha": 0.5}).key()
    scream, fields = (Engine("fast", name, network="light") for name in ("the_scream", "fields"))
    assert request("the_scream").key() == scream.key() != fields.key()


def test_a_key_follows_the_content_of_files_and_every_option(painting, photo, tmp_path):
    file, found = tmp_path / "style.png", []
    for level in (0.1, 0.9):
        save_image(np.full((1, 8, 8, 3), level, "float32"), file)
        for options in ({}, {"alpha": 0.5}, {"palette": 0}, {"style_size": 99}, {"tile": 512}):
            found.append(request("adain", file, **options).key())
        found.append(request("adain", {file: 1, painting: 2}).key())
        found.append(request("adain-light", file).key())
        found.append(request("gatys", file).key())
        found.append(request("adain", photo * np.float32(level)).key())
    assert len(set(found)) == len(found)
    for how in ({"runtime": "onnx"}, {"threads": 2}):
        assert request("the_scream", **how).key() == request("the_scream").key()


def test_what_folders_and_films_take_is_checked_and_not_built(file):
    assert painter("dots", network=file).key() == request("dots", network=file).key()
    engine = Engine("fast", "dots", network=file)
    assert painter(engine) is engine
    paint = stylizer("dots", network=file)
    assert painter(paint) is paint and painter(len) is len
    assert painter(round, ndigits=1)(0.55) == round(0.55, 1)
    for made in (engine, paint):
        with pytest.raises(InputError, match="tile: .* belongs into the engine"):
            painter(made, tile=512)


def test_a_spawned_worker_paints_the_same(file, photo):
    paint = stylizer("waves", network=file)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.apply_async(paint, [photo, 0.5]).get(120)
    np.testing.assert_allclose(there, paint(photo, 0.5), atol=1e-6)
    assert pickle.loads(pickle.dumps(paint)).engine.key() == paint.engine.key()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
@pytest.mark.parametrize("work", ["paint", "make"])
def test_a_forked_worker_says_why_it_does_not_paint(file, photo, work):
    paint = stylizer("waves", network=file, runtime="keras")
    paint(photo)  # threads are running now
    inside, outside = os.pipe()
    child = os.fork()
    if not child:
        try:
            (paint if work == "paint" else stylizer("dots", network=file))(photo)
        except NstError as error:
            os.write(outside, str(error).encode())
        finally:
            os._exit(0)
    os.close(outside)
    for _ in range(100):
        if os.waitpid(child, os.WNOHANG)[0]:
            break
        time.sleep(0.1)
    else:
        os.kill(child, 9)
        pytest.fail("the fork hangs")
    assert "forked off one that has made stylizers" in os.read(inside, 1000).decode()


def test_a_style_is_painted_by_the_network_that_knows_it(monkeypatch):
    rows = {"light": {"styles": ["dots", "waves"]}, "other": {"styles": ["waves", "fields"]}}
    monkeypatch.setattr("nstlib.images.bundled.bundled_networks", lambda: rows)
    known = {"dots": "light", "waves": "light", "fields": "other", "nobody": "light"}
    assert {style: request(style).its_network for style in known} == known
    assert request("fast", {"waves": 0.5, "fields": 0.5}).its_network == "other"
    assert request("fast", {"dots": 0.5, "fields": 0.5}).its_network == "light"
    assert request("fields", network="light").its_network == "light"
    assert request("adain", "fields").its_network == "adain"


def test_fast_styles_are_those_of_the_network(file):
    assert fast_styles(file) == load_network(file).styles == STYLES
