"""Networks in files: what comes back, and what is damaged, foreign, or nothing at all."""

import hashlib
import json

import numpy as np
import pytest
from keras import ops

from nstlib.errors import InputError, MissingFile, WeightsError
from nstlib.images import bundled as data
from nstlib.networks import files as network_files
from nstlib.networks.files import PaintingNetwork, build_network, load_network, save_network

STYLES = ("dots", "waves", "fields")
ODD = (67, 93)  # no multiple of 4


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A small untrained network of three styles, saved."""
    network = build_network("light", 3)
    path = tmp_path_factory.mktemp("networks") / "three.npz"
    return save_network(PaintingNetwork("light", STYLES, network, {"steps": 7}), path)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 1, (1, *ODD, 3)).astype("float32")


@pytest.mark.parametrize("architecture", ["light", "johnson", "stylebank"])
def test_a_network_comes_back_from_its_file(architecture, photo, tmp_path):
    saved = PaintingNetwork(architecture, STYLES, build_network(architecture, 3), {"steps": 7})
    loaded = load_network(save_network(saved, tmp_path / "network.npz"))
    assert (loaded.architecture, loaded.styles, loaded.about) == (
        architecture,
        STYLES,
        {"steps": 7},
    )
    mix = np.array([[0.2, 0.3, 0.5]], "float32")
    before, after = (ops.convert_to_numpy(net.network([photo, mix])) for net in (saved, loaded))
    np.testing.assert_allclose(before, after, atol=0.01)  # half precision, in 256 levels
    assert (tmp_path / "network.npz").stat().st_size < 2.2 * saved.network.count_params() + 40_000


def test_damaged_and_foreign_files(file, tmp_path):
    content = file.read_bytes()
    for name, damaged in {
        "half": content[: len(content) // 2], "page": b"<html>no</html>"
    }.items():  # fmt: skip
        path = tmp_path / f"{name}.npz"
        path.write_bytes(damaged)
        with pytest.raises(WeightsError, match="not a network that nstlib saved, or it is damaged"):
            load_network(path)


def test_a_file_of_another_architecture(file, tmp_path):
    with np.load(file) as archive:
        arrays = dict(archive)
    about = json.loads(str(arrays["about"])) | {"architecture": "johnson"}
    np.savez(tmp_path / "other.npz", **arrays | {"about": np.array(json.dumps(about))})
    with pytest.raises(WeightsError, match="holds another network than transform_johnson"):
        load_network(tmp_path / "other.npz")


def test_a_place_that_cannot_be_written(file, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(InputError, match="could not be written"):
        save_network(load_network(file), tmp_path / "taken" / "network")


def test_names_that_are_no_network(tmp_path):
    with pytest.raises(MissingFile, match="There is no network .*nothing.npz.* Bundled networks: "):
        load_network(tmp_path / "nothing.npz")
    with pytest.raises(InputError, match="architecture is 'lihgt'. Did you mean 'light'"):
        build_network("lihgt", 1)


@pytest.fixture
def bundle(file, tmp_path, monkeypatch):
    """A list of networks with the one from `file`; returns the function that changes its hash."""
    folder = tmp_path / "data"
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "three.npz").write_bytes(file.read_bytes())
    for module in (data, network_files):
        monkeypatch.setattr(module, "data_folder", lambda: folder)

    def write(sha256):
        row = {"file": "three.npz", "sha256": sha256, "styles": STYLES}
        (folder / "weights" / "manifest.json").write_text(json.dumps([row]))

    write(hashlib.sha256(file.read_bytes()).hexdigest())
    return write


def test_a_bundled_network_is_checked_by_its_hash(bundle):
    assert load_network("three").styles == STYLES
    bundle("0" * 64)
    with pytest.raises(WeightsError, match="SHA-256 differs"):
        load_network("three")
    with pytest.raises(MissingFile, match="Did you mean 'three'"):
        load_network("thre")
