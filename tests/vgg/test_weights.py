"""Which copy of the VGG weights is taken, and files of every kind. No test opens a connection."""

import hashlib
import os
import socket
import subprocess
import sys

import h5py
import numpy as np
import pytest
from scipy.io import savemat

import pack_vgg19
from nstlib.errors import InputError, MissingFile, NstError, WeightsError
from nstlib.files import data_folder
from nstlib.vgg import table, weights
from nstlib.vgg.table import kernel_shapes
from nstlib.vgg.weights import load_vgg_weights, weights_status


@pytest.fixture(autouse=True)
def nothing_within_reach(tmp_path, monkeypatch):
    """No settings of the developer's, nothing that Keras has fetched before, and no network."""
    for name in ("NSTLIB_VGG16", "NSTLIB_VGG19", "NSTLIB_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))

    def refuse(*_, **__):
        raise ConnectionError("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def tiny(monkeypatch):
    """VGG networks of a few numbers, so that their files are written in no time."""
    for network in ("vgg16", "vgg19"):
        blocks = zip((2, 3, 4, 5, 6), table.VGG_TABLE[network], strict=True)
        small = tuple((channels, kernels) for channels, (_, kernels) in blocks)
        monkeypatch.setitem(table.VGG_TABLE, network, small)


def random_layers(network="vgg19"):
    generator = np.random.default_rng(1)
    return {
        name: tuple(generator.normal(size=size).astype("f4") for size in (shape, shape[3]))
        for name, shape in kernel_shapes(network).items()
    }


def assert_same(found, layers):
    assert list(found.arrays) == list(layers)
    for name, (kernel, bias) in layers.items():
        np.testing.assert_array_equal(found.arrays[name][0], kernel)
        np.testing.assert_array_equal(found.arrays[name][1], bias)
        assert found.arrays[name][0].dtype == found.arrays[name][1].dtype == np.float32


# --- The copy that comes with the course ----------------------------------------------------------

# Of the float32 bytes, as they were when the network was still fetched from the package index.
DECODED = {
    "block1_conv1": "813d769ed2d5af5d6c4c7f8f8e89148da23d125c87aff25c503109bf0b154794",
    "block5_conv4": "fcbab5c51e75e4bc290d8a5d9f5ea90ae498b345301adaf49b28a13b15f86ee0",
}


def test_the_bundled_network_is_the_one_of_imagenet_to_the_last_bit():
    found, path = load_vgg_weights(), data_folder() / "weights" / "vgg19.npz"
    assert found.origin == f"VGG19 in 8 bits, from {path}"
    kernel, _ = found.arrays["block1_conv1"]
    known = [0.3406328, 0.09514325, 0.01807017, 0.28980938]
    np.testing.assert_allclose(kernel[0, 0, 0, :4], known, rtol=1e-6)
    for name, expected in DECODED.items():
        assert hashlib.sha256(found.arrays[name][0].tobytes()).hexdigest() == expected
    assert path.stat().st_size < 19e6
    assert weights_status() == (True, found.origin)


def test_its_card_names_its_hash_and_whose_it_is():
    card = (data_folder() / "weights" / "vgg19.md").read_text(encoding="utf-8")
    for part in (weights.BUNDLED_SHA256, *DECODED.values(), "CC BY 4.0", "Daniel Steinberg"):
        assert part in card


def test_vgg19_is_built_without_a_connection(monkeypatch, tiny_image):
    from nstlib.vgg import network

    network._arrays.cache_clear()  # another test may have loaded them
    monkeypatch.setattr(socket, "socket", None)
    assert network.build_vgg(last="block1_conv1")(tiny_image).shape == (1, 32, 40, 64)


@pytest.mark.parametrize("content", [None, b"half"])
def test_a_bundled_file_that_is_missing_or_damaged_comes_with_its_mend(
    tmp_path, monkeypatch, content
):
    (tmp_path / "weights").mkdir()
    path = tmp_path / "weights" / "vgg19.npz"
    if content:
        path.write_bytes(content)
    monkeypatch.setattr(weights, "data_folder", lambda: tmp_path)
    with pytest.raises(WeightsError) as caught:
        load_vgg_weights()
    told = str(caught.value)
    assert f"{path} is {'damaged' if content else 'missing'}" in told
    assert "git checkout -- data/weights/vgg19.npz" in told
    assert weights_status() == (False, told)


def test_packing_loses_nothing_that_has_at_most_256_values():
    few = np.random.default_rng(0).choice(np.linspace(-1, 1, 200, dtype="f4"), (3, 3, 8, 16))
    codes, values = pack_vgg19.packed(few)
    assert (codes.dtype, codes.shape, values.shape) == (np.uint8, few.shape, (256,))
    np.testing.assert_array_equal(values[codes], few)
    many = np.random.default_rng(0).normal(size=(3, 3, 32, 32)).astype("f4")
    codes, values = pack_vgg19.packed(many)
    assert np.sqrt(np.mean((values[codes] - many) ** 2)) < 0.01


# --- Keras' own file ------------------------------------------------------------------------------


@pytest.mark.parametrize(("network", "wanted"), [("vgg16", "imagenet"), ("vgg19", "full")])
def test_the_file_that_keras_has_fetched_is_taken(tiny, monkeypatch, network, wanted):
    layers, path = random_layers(network), weights._keras_file(network)
    path.parent.mkdir(parents=True)
    write_h5(path, layers)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setitem(weights.OFFICIAL, network, md5)
    found = load_vgg_weights(network, wanted)
    assert_same(found, layers)
    assert found.origin == f"{network.upper()} in full, from {path}"


@pytest.mark.parametrize("damaged", [False, True])
def test_without_a_network_the_error_says_what_to_do(damaged):
    assert weights_status("vgg16").ready is False
    path = weights._keras_file("vgg16")
    if damaged:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"half a file")
        assert weights_status("vgg16") == (True, f"VGG16 in full, from {path}")
    before = socket.getdefaulttimeout()
    with pytest.raises(WeightsError, match="Keras could not fetch .* VGG16") as caught:
        load_vgg_weights("vgg16")
    assert f"{weights.WEB}/vgg16/{path.name}" in str(caught.value)
    assert "set NSTLIB_VGG16 to that file" in str(caught.value)
    assert socket.getdefaulttimeout() == before
    assert isinstance(caught.value, NstError)


# --- Named files, in each format ------------------------------------------------------------------

OLD_KERAS = ("{0}/{0}_W_1:0", "{0}/{0}_b_1:0")
NEW_KERAS = ("{0}/{0}/kernel:0", "{0}/{0}/bias:0")
KERAS_3 = ("layers/{0}/vars/0", "layers/{0}/vars/1")
WHOLE_MODEL = ("model_weights/{0}/{0}/kernel:0", "model_weights/{0}/{0}/bias:0")


def write_h5(path, layers, names=OLD_KERAS):
    with h5py.File(path, "w") as file:
        for layer, arrays in layers.items():
            for name, array in zip(names, arrays, strict=True):
                file[name.format(layer)] = array
        file["block1_pool/nothing"] = 1.0
    return path


def write_npz(path, layers):
    kernels = {f"{name}_kernel": kernel for name, (kernel, _) in layers.items()}
    np.savez(path, **kernels, **{f"{name}_bias": bias for name, (_, bias) in layers.items()})
    return path


def write_mat(path, layers, *, old=False):
    """As MatConvNet's converter does: kernels (height, width, in, out), the first one for RGB."""
    cells = []
    for name, (kernel, bias) in layers.items():
        if name == "block1_conv1":
            kernel = kernel[:, :, ::-1]
        pair = np.empty((1, 2), object)
        pair[0, 0], pair[0, 1] = kernel, bias[None]
        arrays = {"filters": kernel, "biases": bias[None]} if old else {"weights": pair}
        number = name.replace("block", "").replace("_conv", "_")
        cells += [{"type": "conv", "name": f"conv{number}", **arrays}]
        cells += [{"type": "relu", "name": f"relu{number}"}]
    fully_connected = {"type": "conv", "name": "fc6", "weights": pair}
    savemat(path, {"layers": np.array([*cells, fully_connected], object).reshape(1, -1)})
    return path


@pytest.mark.parametrize("names", [OLD_KERAS, NEW_KERAS, KERAS_3, WHOLE_MODEL])
def test_keras_files_of_every_generation_are_read(tiny, tmp_path, names):
    layers = random_layers()
    found = load_vgg_weights("vgg19", write_h5(tmp_path / "mine.h5", layers, names))
    assert_same(found, layers)
    assert found.origin == f"VGG19 from your file {tmp_path / 'mine.h5'}"


def test_npz_files_are_read(tiny, tmp_path):
    layers = random_layers("vgg16")
    assert_same(load_vgg_weights("vgg16", write_npz(tmp_path / "a.npz", layers)), layers)


def test_packed_files_are_read(tiny, tmp_path, monkeypatch):
    """What the tool writes, of whole numbers, which 256 values can hold."""
    layers = {name: (np.round(kernel), bias) for name, (kernel, bias) in random_layers().items()}
    source, out = write_npz(tmp_path / "float.npz", layers), tmp_path / "packed.npz"
    monkeypatch.setattr(sys, "argv", ["pack_vgg19.py", str(source), str(out)])
    pack_vgg19.main()
    with np.load(out) as archive:
        assert archive["block1_conv1/codes"].dtype == np.uint8
    assert_same(load_vgg_weights("vgg19", out), layers)


@pytest.mark.parametrize("old", [False, True])
def test_matconvnet_files_are_turned_from_rgb_to_bgr_and_not_transposed(tiny, tmp_path, old):
    layers = random_layers()
    path = write_mat(tmp_path / "imagenet-vgg-verydeep-19.mat", layers, old=old)
    assert_same(load_vgg_weights("vgg19", path), layers)


def test_an_environment_variable_can_name_the_file(tiny, tmp_path, monkeypatch):
    layers, path = random_layers(), tmp_path / "vgg19.npz"
    monkeypatch.setenv("NSTLIB_VGG19", str(write_npz(path, layers)))
    assert_same(load_vgg_weights(), layers)
    assert weights_status() == (True, f"VGG19 from your file {path}")
    monkeypatch.setenv("NSTLIB_VGG19", str(tmp_path / "vgg_19.npz"))
    with pytest.raises(MissingFile, match="Did you mean 'vgg19.npz'.* in NSTLIB_VGG19") as caught:
        load_vgg_weights()
    assert weights_status() == (False, str(caught.value))


def test_a_misspelt_choice_lists_what_is_allowed():
    with pytest.raises(MissingFile, match="imagnet.*'imagenet', 'full', 'random' or a file"):
        load_vgg_weights("vgg19", "imagnet")
    with pytest.raises(InputError, match="Did you mean 'vgg19'.*'vgg16', 'vgg19'"):
        load_vgg_weights("vgg_19")


@pytest.mark.parametrize("name", ["a.h5", "a.npz", "a.mat"])
@pytest.mark.parametrize("content", [b"<html>no</html>", b"PK\x03\x04 half a file" * 99])
def test_a_named_file_with_something_else_in_it_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=f"{name} cannot be used as VGG19"):
        load_vgg_weights("vgg19", tmp_path / name)


def test_a_file_of_another_kind_or_cut_short_is_refused(tiny, tmp_path):
    path = write_h5(tmp_path / "a.h5", random_layers())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(WeightsError, match="a.h5 cannot be used"):
        load_vgg_weights("vgg19", path)
    with pytest.raises(InputError, match=r"a.jpg is not .*\.h5, \.hdf5, \.npz, \.mat"):
        load_vgg_weights("vgg19", path.rename(tmp_path / "a.jpg"))


def test_another_network_other_shapes_and_values_that_are_not_finite_are_refused(tiny, tmp_path):
    layers = random_layers("vgg19")
    with pytest.raises(WeightsError, match="VGG16: block3_conv4, block4_conv4, block5_conv4"):
        load_vgg_weights("vgg16", write_npz(tmp_path / "a.npz", layers))
    kernel, bias = layers["block2_conv1"]
    layers["block2_conv1"] = (kernel[:, :, :1], bias)
    with pytest.raises(WeightsError, match=r"block2_conv1 has shapes \(3, 3, 1, 3\)"):
        load_vgg_weights("vgg19", write_npz(tmp_path / "a.npz", layers))
    layers["block2_conv1"] = (kernel * np.nan, bias)
    with pytest.raises(WeightsError, match="not finite"):
        load_vgg_weights("vgg19", write_npz(tmp_path / "b.npz", layers))


# --- Untrained networks, and what is imported -----------------------------------------------------


def test_random_weights_are_he_normal_always_the_same_and_never_silent():
    with pytest.warns(UserWarning, match="RANDOM WEIGHTS") as caught:
        first, second = (load_vgg_weights("vgg16", "random") for _ in range(2))
    assert caught[0].filename == __file__
    assert "RANDOM" in first.origin
    assert_same(first, second.arrays)
    kernel, bias = first.arrays["block3_conv2"]
    assert kernel.std() == pytest.approx(np.sqrt(2 / (9 * 256)), rel=0.01)
    assert not bias.any()


def test_reading_weights_needs_no_deep_learning_library():
    code = """
import sys
from nstlib.vgg.weights import load_vgg_weights
assert not {"scipy", "h5py"} & set(sys.modules)
load_vgg_weights()
assert not {"keras", "tensorflow"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)


def test_the_table_has_the_shapes_of_the_paper():
    for network, layers, total in (("vgg16", 13, 14_714_688), ("vgg19", 16, 20_024_384)):
        shapes = kernel_shapes(network)
        assert len(shapes) == layers
        assert sum(np.prod(shape) + shape[3] for shape in shapes.values()) == total
