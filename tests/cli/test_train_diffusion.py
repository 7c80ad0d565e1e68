"""`train diffusion`: what is typed reaches the training, and what cannot be is said."""

from pathlib import Path
from unittest.mock import create_autospec

import numpy as np
import pytest
from PIL import Image

from nstlib.networks.files import PaintingNetwork, build_network, load_network
from nstlib.networks.training import diffusion
from nstlib.networks.training.diary import write_log


@pytest.fixture
def taught(monkeypatch) -> list[dict]:
    """Replace what trains; returns what each call was told."""
    calls = []

    def train(paintings, out, *, name, **options):
        calls.append(options | {"paintings": paintings, "name": name})
        write_log([{"step": 1, "loss": 2.0}], out)
        network = build_network("diffusion", 1)
        return PaintingNetwork("diffusion", (name,), network, {"heights": "72 px"})

    stand_in = create_autospec(diffusion.train_diffusion, side_effect=train)
    monkeypatch.setattr(diffusion, "train_diffusion", stand_in)
    return calls


def test_a_folder_of_paintings_is_learnt_and_painted_with(run, photo, taught, tmp_path):
    (tmp_path / "me").mkdir()
    Image.fromarray(np.zeros((80, 60, 3), "uint8")).save(tmp_path / "me" / "one.png")
    train = ["train", "diffusion", "--style", "me", "--preview"]
    code, out, _ = run(*train, "-o", "new", "--steps", 9, "--seed", 3)
    assert code == 0 and "Paint with it: nstlib stylize PHOTO me --engine diffusion" in out
    assert load_network("new/network.npz").styles == ("me",)
    card = Path("new/card.md").read_text(encoding="utf-8")
    assert "**Heights**: 72 px" in card and "16 crops of 32 px" in card
    (told,) = taught
    assert (told["name"], told["paintings"], told["steps"], told["seed"]) == (
        "me",
        Path("me"),
        9,
        3,
    )
    assert (told["batch"], told["crop"], told["start"]) == (16, 32, None)
    painted = ["--engine", "diffusion", "--network", "new/network.npz", "--steps", 1]
    code, out, _ = run("stylize", photo, "me", "-o", "painted.png", *painted)
    assert code == 0 and Image.open("painted.png").size == (96, 60)


def test_pictures_can_be_named_and_a_network_gone_on_from(run, photo, taught):
    train = ["train", "diffusion", "--style", "starry_night", photo, "--preview"]
    assert run(*train, "-o", "mine")[0] == 0
    assert run(*train, "-o", "more", "--go-on-from", "mine/network.npz")[0] == 0
    first, second = taught
    assert list(first["paintings"]) == ["starry_night", photo.stem] and first["name"] == "mine"
    assert second["start"].styles == ("mine",)


def test_what_diffusion_has_no_use_for(run, photo, tmp_path):
    code, _, err = run("train", "diffusion", "--content", tmp_path, "--style", photo, "-o", "x")
    assert code == 2 and "--content, a folder of photos, is for all kinds but diffusion" in err
    code, _, err = run("train", "styles", "--style", photo, "-o", "x")
    assert code == 2 and "is for all kinds but diffusion" in err
    code, _, err = run("train", "diffusion", "--style", photo, "-o", "x", "--style-weight", 2)
    assert code == 1 and "takes neither --add-to nor --style-weight" in err
    run_light = ["--go-on-from", "light", "--preview", "-o", "x"]
    code, _, err = run("train", "diffusion", "--style", photo, *run_light)
    assert code == 1 and "light is light; `train diffusion` goes on from diffusion" in err
