"""train: from photos and paintings to a network and its card; what trains is tested elsewhere."""

from pathlib import Path
from unittest.mock import create_autospec

import keras
import numpy as np
import pytest
from PIL import Image

from nstlib.cli.train_begin import SETTINGS
from nstlib.networks.files import load_network
from nstlib.networks.training import any_style, cartoon, loop, one_way, unpaired
from nstlib.networks.training.diary import write_log
from nstlib.networks.training.loop import Training

TINY = ["--steps", 1, "--every", 1, "--batch", 1, "--crop", 32, "--weights", "random"]
TINY += ["--style-size", 64, "--preview", "cat"]


def noise(folder: Path, count: int) -> Path:
    """A folder of pictures."""
    folder.mkdir()
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (50, 50, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def photos(tmp_path) -> Path:
    return noise(tmp_path / "photos", 10)


@pytest.fixture
def taught(monkeypatch) -> list[dict]:
    """Replace what trains, which takes minutes; returns what each call was told.

    The stand-ins take what the functions take, and leave a log.
    """
    calls = []

    def train(network, content, styles, out, **options):
        calls.append(options | {"styles": list(styles)})
        write_log([{"step": 1, "loss": 2.0}], out)
        return loop.PhotoFolder(content, crop=options["crop"], batch=options["batch"])

    def train_any_style(network, content, paintings, out, **options):
        calls.append(options | {"network": network.name})
        sizes = {"crop": options["crop"], "batch": options["batch"]}
        return any_style.PhotosAndPaintings(content, paintings, **sizes)

    def lay_style_axes(network, content, paintings, **options):
        calls.append(options)

    def train_unpaired(network, content, paintings, out, **options):
        calls.append(options | {"network": network.name})
        sizes = {name: options[name] for name in ("crop", "batch", "seed")}
        return unpaired.TwoFolders(content, paintings, **sizes)

    def train_one_way(network, content, paintings, out, **options):
        return train_unpaired(network, content, paintings, out, **options)

    def train_cartoon(network, content, paintings, out, **options):
        return train_unpaired(network, content, paintings, out, **options)

    homes = {train: loop, train_unpaired: unpaired, train_one_way: one_way, train_cartoon: cartoon}
    for function in (train_any_style, lay_style_axes, *homes):
        name, module = function.__name__, homes.get(function, any_style)
        stand_in = create_autospec(getattr(module, name), side_effect=function)
        monkeypatch.setattr(module, name, stand_in)
    return calls


def test_train_two_styles_then_paint_with_them(run, photo, photos, taught):
    train = ["train", "styles", "--content", photos, "--style", "the_scream", photo, "-o", "two"]
    code, out, _ = run(*train, *TINY)
    assert code == 0 and "the_scream, my photo" in out and "--engine fast" in out
    assert keras.config.dtype_policy().name == "float32", "what it computed in is not left behind"
    card = Path("two/card.md").read_text(encoding="utf-8")
    assert "block3_conv2" in card and "| step |" in card and "10 files" in card
    fast = ["--engine", "fast", "--network", "two/network.npz"]
    assert run("stylize", photo, "the_scream", "-o", "out.png", *fast)[0] == 0
    (told,) = taught
    assert Training(**{name: told[name] for name in SETTINGS}).weights == "random"


def test_train_a_collection_then_paint_there_and_back(run, photo, photos, tmp_path, taught):
    train = ["train", "collection", "--from", photos, "--to", noise(tmp_path / "prints", 11)]
    code, out, _ = run(*train, "-o", "new", "--steps", 3, "--preview")
    assert code == 0 and "prints, photos. Paint with it" in out and "PHOTO prints" in out
    assert load_network("new/network.npz").architecture == "cyclegan"
    for way in ("prints", "photos"):
        fast = ["--engine", "fast", "--network", "new/network.npz", "-o", f"{way}.png"]
        assert run("stylize", photo, way, *fast)[0] == 0
    card = Path("new/card.md").read_text(encoding="utf-8")
    assert "cycle 10" in card and "11 files" in card
    (told,) = taught
    assert (told["steps"], told["crop"], told["learning_rate"]) == (3, 128, 2e-4)
    on = ["--go-on-from", "new/network.npz", "-o", "on", "--preview"]
    assert run(*train, *on)[0] == 0
    begun = ["--go-on-from", "adain-light", "-o", "begun", "--weights", "random", "--preview"]
    assert run(*train, *begun)[0] == 0
    assert [one["network"] for one in taught[1:]] == ["transform_cyclegan", "transform_light"]


def test_train_one_way_from_a_style_of_a_network_of_many(run, photo, photos, tmp_path, taught):
    train = ["train", "one-way", "--from", photos, "--to", noise(tmp_path / "prints", 11)]
    light = ["--go-on-from", "light", "-o", "new", "--preview"]
    code, out, _ = run(*train, *light, "--begin-as", "great_wave", "--zoom", 2, 4)
    assert code == 0 and "prints. Paint with it" in out
    trained, before = load_network("new/network.npz"), load_network("light")
    assert trained.styles == ("prints",)
    fast = ["--engine", "fast", "--network", "new/network.npz", "-o", "out.png"]
    assert run("stylize", photo, "prints", *fast)[0] == 0
    mix = np.eye(15, dtype="float32")[[before.styles.index("great_wave")]]
    picture = np.random.default_rng(0).random((1, 40, 48, 3), "float32")
    same = trained.network([picture, np.ones((1, 1), "float32")])
    assert np.allclose(same, before.network([picture, mix]), atol=0.01)
    (told,) = taught
    assert (told["steps"], told["batch"], told["zoom"]) == (2500, 2, (2, 4))
    code, _, error = run(*train, *light)
    assert code == 1 and "knows 15 styles: say with --begin-as which one" in error
    assert run(*train, "-o", "other", "--begin-as", "great_wave")[0] == 2
    any_style = ["--go-on-from", "adain-light", "-o", "other", "--begin-as", "great_wave"]
    code, _, error = run(*train, *any_style)
    assert code == 1 and "knows no style by name" in error
    code, _, error = run(*train, "-o", "other", "--zoom", 2, 1)
    assert code == 1 and "two numbers from 1 up, the smaller first" in error
    styles = ["train", "styles", "--content", photos, "--style", "the_scream", "-o", "other"]
    assert run(*styles, "--zoom", 1, 2)[0] == 2


def test_train_on_cartoons_with_other_weights_of_the_terms(run, photos, tmp_path, taught):
    train = ["train", "cartoon", "--from", photos, "--to", noise(tmp_path / "panels", 11)]
    train += ["--go-on-from", "light", "--begin-as", "udnie", "-o", "new", "--preview"]
    assert run(*train, "--terms", "texture=2", "content=0.5")[0] == 0
    (told,) = taught
    given = {"texture": 2.0, "content": 0.5}
    assert told["weights_of_terms"] == cartoon.WEIGHTS | given and told["steps"] == 2500
    assert load_network("new/network.npz").styles == ("panels",)
    assert "texture 2, structure 1" in Path("new/card.md").read_text(encoding="utf-8")
    for wrong, said in {
        "texture": "give NAME=W", "texture=much": "give NAME=W", "texture=-1": "0 or more",
        "tekstur=1": "Did you mean 'texture'?",
    }.items():  # fmt: skip
        code, _, error = run(*train, "--terms", wrong)
        assert code == 1 and said in error
    styles = ["train", "styles", "--content", photos, "--style", "the_scream", "-o", "other"]
    assert run(*styles, "--terms", "style=1")[0] == 2


def test_options_reach_the_training(run, photo, photos, taught):
    train = ["train", "styles", "--content", photos, "-o", "two", "--style", "the_scream", photo]
    assert run(*train)[0] == 0
    (told,) = taught
    assert list(told["previews"]) == ["great_wall", "cat", "chameleon"]
    defaults = {"steps": 6000, "batch": 1, "crop": 256, "learning_rate": 2e-3, "every": 50}
    defaults |= {"seed": 0, "weights": "imagenet", "only": None, "identity_every": 0}
    assert {name: told[name] for name in defaults} == defaults
    more = ["--steps", 9, "--batch", 2, "--crop", 64, "--learning-rate", 1e-3, "--every", 3]
    assert run(*train, *more, "--seed", 5, "--style-weight", 7, "--weights", "w.npz")[0] == 0
    given = {"steps": 9, "batch": 2, "crop": 64, "learning_rate": 1e-3, "every": 3, "seed": 5}
    assert {name: taught[1][name] for name in given} == given
    assert taught[1]["recipe"].style_weight == 7 and taught[1]["weights"] == "w.npz"
    assert "2 crops of 64 px" in Path("two/card.md").read_text(encoding="utf-8")


def test_going_on_and_adding_a_style(run, photo, photos, taught):
    train = ["train", "styles", "--content", photos, *TINY]
    assert run(*train, "--style", "the_scream", photo, "-o", "two")[0] == 0
    on = ["--go-on-from", "two/network.npz", "-o", "further"]
    assert run(*train, "--style", "the_scream", photo, *on)[0] == 0 and taught[-1]["only"] is None
    code, _, err = run(*train, "--style", "the_scream", *on)
    assert code == 1 and "knows the styles the_scream, my photo" in err
    more = ["--add-to", "two/network.npz", "-o", "three"]
    assert run(*train, "--style", "great_wave", *more)[0] == 0 and taught[-1]["only"] == [2]
    assert load_network("three/network.npz").styles == ("the_scream", photo.stem, "great_wave")


def test_a_stylebank_asks_for_the_photo_itself_now_and_then(run, photos, taught):
    train = ["train", "stylebank", "--content", photos, "-o", "bank", *TINY]
    assert run(*train, "--style", "the_scream", "brick")[0] == 0
    assert taught[0]["identity_every"] == 3


@pytest.mark.random_weights
@pytest.mark.filterwarnings("ignore:.*holds only:UserWarning")
def test_any_style_then_named_styles_from_it(run, photos, tmp_path, taught):
    paintings = noise(tmp_path / "paintings", 3)
    train = ["train", "adain-light", "--content", photos, "-o", "mine", *TINY]
    code, out, _ = run(*train, "--style", paintings)
    assert code == 0 and "Trained mine/network.npz: any style" in out and "--engine adain" in out
    axes, told = taught
    assert axes == {"crop": 32, "seed": 0, "weights": "random", "count": 4}
    assert told["network"] == "adain_light" and len(told["preview_paintings"]) == 5
    card = Path("mine/card.md").read_text(encoding="utf-8")
    assert "**Paintings**: 3 files, 0 unreadable" in card and "mean_std 30" in card
    styles = ["--style", "the_scream", "great_wave", "--go-on-from", "mine/network.npz"]
    assert run("train", "styles", "--content", photos, "-o", "light", *TINY, *styles)[0] == 0
    learnt = load_network("light/network.npz")
    assert (learnt.architecture, learnt.styles) == ("light", ("the_scream", "great_wave"))


def test_ctrl_c_leaves_a_training_that_is_gone_on_with(run, photos, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "train", stopped)
    code, _, err = run("train", "transform", "--content", photos, "-o", "o", "--style", "brick")
    assert code == 130 and "the same command goes on from here" in err
    assert keras.config.dtype_policy().name == "float32"
