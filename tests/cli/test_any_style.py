"""Any style from the command line: painted in, and trained for."""

from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from nstlib.cli.main import main
from nstlib.networks.files import PaintingNetwork, build_network, load_network, save_network


def noise(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, shape).astype("float32")


@pytest.fixture(scope="module")
def adain(tmp_path_factory) -> Path:
    """The network with VGG19 inside, untrained, in a file."""
    keras.utils.set_random_seed(0)
    trained = PaintingNetwork("adain", (), build_network("adain", 0))
    return save_network(trained, tmp_path_factory.mktemp("adain") / "adain.npz")


@pytest.fixture
def folders(tmp_path):
    for kind in ("photos", "paintings"):
        (tmp_path / kind).mkdir()
        for number in range(3):
            picture = Image.fromarray((noise(4, 4, 3, seed=number) * 255).astype("uint8"))
            picture.resize((48, 48)).save(tmp_path / kind / f"{number}.png")
    return tmp_path / "photos", tmp_path / "paintings"


@pytest.fixture
def photo_file(tmp_path):
    Image.fromarray((noise(60, 90, 3) * 255).astype("uint8")).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_the_command_line_paints_in_any_style(adain, photo_file, tmp_path, capsys):
    out = tmp_path / "out.jpg"
    how = ["--engine", "adain", "--network", str(adain), "--alpha", "0.8"]
    assert main(["stylize", str(photo_file), "poppies", "-o", str(out), *how]) == 0
    assert "Painted" in capsys.readouterr().out
    assert Image.open(out).size == (90, 60)
    mixed = tmp_path / "mixed.png"
    assert main(["stylize", str(photo_file), "poppies=1,great_wave=1", "-o", str(mixed), *how]) == 0
    with pytest.raises(SystemExit):
        main(["stylize", str(photo_file), "poppies", "-o", str(out), "--alpha", "2", *how])
    assert "give a number, from 0 to 1" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        fast = ["--engine", "fast", "--alpha", "0.5"]
        main(["stylize", str(photo_file), "poppies", "-o", str(tmp_path / "no.jpg"), *fast])
    assert "--alpha is for --engine adain only" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:.*holds only:UserWarning")
def test_the_command_line_trains_for_any_style(folders, tmp_path, capsys):
    content, paintings = map(str, folders)
    out = tmp_path / "mine"
    small = ["--steps", "2", "--batch", "1", "--crop", "32", "--every", "2", "--preview", "cat"]
    command = ["train", "adain-light", "--content", content, "-o", str(out), *small]
    assert main([*command, "--style", paintings]) == 0
    assert load_network(out / "network.npz").architecture == "adain-light"
    card = (out / "card.md").read_text(encoding="utf-8")
    assert "**Paintings**: 3 files, 0 unreadable" in card and "mean_std 30" in card
    assert main([*command, "--style", paintings, "poppies"]) == 1
    assert "takes as --style one folder of many paintings" in capsys.readouterr().err
    light = ["train", "styles", "--content", content, "-o", str(tmp_path / "light"), *small]
    light += ["--style", "poppies", "great_wave", "--style-size", "64"]
    assert main([*light, "--go-on-from", str(out / "network.npz")]) == 0
    learnt = load_network(tmp_path / "light" / "network.npz")
    assert (learnt.architecture, learnt.styles) == ("light", ("poppies", "great_wave"))
    assert main([*command, "--style", paintings, "--go-on-from", "light"]) == 1
    assert "light is a network of `train styles`" in capsys.readouterr().err
