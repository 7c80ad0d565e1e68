"""texture: a piece of a bundled texture, or of one that is learnt first."""

import numpy as np
import pytest

from nstlib.images.files import load_image
from nstlib.networks.endless import texture
from nstlib.networks.files import PaintingNetwork, build_network
from nstlib.networks.training import texture as learning


def test_a_wall(run):
    code, out, err = run("texture", "brick", "-o", "wall.png", "--size", "64x33", "--seed", 3)
    assert (code, out, err) == (0, "Made wall.png: 64 x 33 pixels of brick\n", "")
    expected = texture("brick", (33, 64), seed=3)
    np.testing.assert_allclose(load_image("wall.png"), expected, atol=1 / 255)


@pytest.mark.parametrize(
    ("typed", "code", "message"),
    [
        (["brik", "-o", "w.png"], 1, "no texture 'brik'. Did you mean 'brick'?"),
        (["brick", "-o", "w.png", "--size", "0"], 1, "size is 0"),
        (["brick", "-o", "w.png", "--size", "-1"], 2, "size"),
        (["brick", "-o", "w.png", "--size", "x"], 2, "'x' is no size; write 2048, or 640x480"),
        (["brick", "-o", "w.png", "--seed", "-1"], 2, "0 or more"),
        (["brick", "-o", "w.pdf"], 1, "does not end in"),
        (["light", "-o", "w.png"], 1, "light paints pictures"),
        (["brick", "-o", "w.png", "--steps", "9"], 2, "--steps is for --train only"),
    ],
)
def test_what_will_not_do(run, typed, code, message):
    got, out, err = run("texture", *typed)
    assert (got, out) == (code, "") and message in err


def test_files_that_are_there_or_cannot_be(run, tmp_path):
    (tmp_path / "wall.png").write_bytes(b"mine")
    code, _, err = run("texture", "brick", "-o", "wall.png", "--size", 32)
    assert code == 1 and "is there already" in err
    assert run("texture", "brick", "-o", "wall.png", "--size", 32, "--overwrite")[0] == 0
    code, _, err = run("texture", "brick", "-o", "wall.png/wall.png", "--size", 32)
    assert code == 1 and "in, a file, not a folder" in err


def test_a_picture_is_learnt_first(run, photo, monkeypatch):
    def taught(picture, out, *, name, **options):
        assert (picture.shape, name, options) == ((1, 60, 96, 3), photo.stem, {"steps": 7})
        out.mkdir()
        return PaintingNetwork("texture", (name,), build_network("texture", 1), {"steps": 7})

    monkeypatch.setattr(learning, "train_texture", taught)
    typed = ["--train", "mine", "--steps", 7, "--size", 32]
    assert run("texture", photo, "-o", "wall.png", *typed)[0] == 0
    assert load_image("wall.png").shape == (1, 32, 32, 3)
    assert run("texture", "mine/network.npz", "-o", "again.png", "--size", 32)[0] == 0
    with open("mine/card.md", encoding="utf-8") as card:
        assert "- **Steps**: 7" in card.read()


def test_a_texture_network_is_no_painter(run, photo):
    typed = ["-o", "o.png", "--engine", "fast", "--network", "texture_brick"]
    code, _, err = run("stylize", photo, "brick", *typed)
    assert code == 1 and "makes textures from noise" in err
    code, out, _ = run("styles")
    assert code == 0 and "brick" in out.splitlines()[-1] and "texture_brick" not in out
