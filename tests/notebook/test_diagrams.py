"""The drawings: they show the layers that the table has, and the pictures that they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import nstlib as nst
from nstlib.errors import InputError
from nstlib.notebook import diagrams


def texts(figure) -> list[str]:
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_the_network_is_figures_as_its_table_says(figures):
    nst.show_vgg(["relu4_2"], ["block1_conv1", "block3_conv4"], size=256)
    boxes = [patch.get_facecolor() for patch in figures[0].axes[0].patches]
    assert len(boxes) == len(nst.layer_names())
    colored = {
        name: plt.matplotlib.colors.to_rgba(getattr(diagrams, name))
        for name in ("CONTENT", "STYLE")
    }
    assert boxes.count(colored["CONTENT"]) == 1 and boxes.count(colored["STYLE"]) == 2
    place = nst.layer_names().index("block3_conv4")
    assert boxes[place] == colored["STYLE"]
    assert "block 4\n512 channels\n32 x 32\nsees 68 px" in texts(figures[0])


def test_an_unknown_layer_is_refused():
    with pytest.raises(InputError, match="Did you mean 'block4_conv2'"):
        nst.show_vgg(["block4_conv22"])


def test_the_loop_shows_its_three_pictures(figures, tiny_image):
    shades = [np.full_like(tiny_image, shade) for shade in (0.2, 0.5, 0.8)]
    nst.show_loop(*shades)
    shown = [image.get_array().mean() for image in figures[0].axes[0].images]
    np.testing.assert_allclose(sorted(shown), [0.2, 0.5, 0.8], atol=0.01)
    assert {"photo c", "painting s", "picture x", "content loss", "style loss"} <= {
        *texts(figures[0])
    }


def test_numbers_stand_in_their_cells(figures):
    nst.show_numbers({"k": [[-1, 0, 2.5]], "none": [[0, 0], [0, 0]]})
    assert texts(figures[0]) == ["-1", "0", "2.5", "0", "0", "0", "0"]
    assert [axis.get_title() for axis in figures[0].axes] == ["k", "none"]


def test_the_loss_is_drawn_with_the_weights_of_the_recipe(figures, tiny_image):
    recipe = nst.recipe("plain", style_layers={"block1_conv1": 0.75, "block3_conv1": 0.25})
    names = "content block4_conv2", "style block1_conv1", "style block3_conv1", "tv"
    terms = dict(zip(names, (0.0, 3.5, 2.25, 0.125), strict=True))
    nst.show_loss_graph(tiny_image, tiny_image, tiny_image, recipe, terms=terms)
    said = texts(figures[0])
    assert {"× α = 1  →  0", "× γ = 10  →  0.125", "loss\n$L(x)$\n5.88"} <= {*said}
    assert "× β $w_l$ = 20 · 0.75  →  3.5" in said and "block5_conv1" not in said


def test_the_loss_is_drawn_without_what_a_recipe_does_not_ask_for(figures, tiny_image):
    nst.show_loss_graph(tiny_image, tiny_image, tiny_image, "gatys-2016")
    said = " ".join(texts(figures[0]))
    assert "total variation" not in said and "langle P^2" not in said
