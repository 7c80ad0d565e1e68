"""Recipes: settings that check themselves, and the sources' numbers by name."""

import dataclasses

import pytest

from nstlib.errors import InputError
from nstlib.gatys.recipe import RECIPES, Recipe, recipe


def test_a_recipe_cannot_be_changed_by_accident():
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe().steps = 3


def test_changes_make_a_new_recipe_and_leave_the_old():
    assert recipe("gatys-2016", steps=7).steps == 7
    assert RECIPES["gatys-2016"].steps == 500


def test_layers_by_the_papers_names_and_as_a_list_share_the_weight():
    changed = recipe(style_layers=["relu1_1", "conv2_1"])
    assert changed.style_layers == {"block1_conv1": 0.5, "block2_conv1": 0.5}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"style_weight": -1.0}, "style_weight is -1.0; it must be a number, 0 or more"),
        ({"tv_weight": float("nan")}, "tv_weight is nan"),
        (
            {"style_layers": {"block1_conv1": float("nan")}},
            "weight of block1_conv1 in style_layers",
        ),
        ({"content_layers": {"block4_conv9": 1.0}}, "Did you mean 'block4_conv"),
        ({"steps": 0}, "steps is 0; it must be a whole number, 1 or more"),
        ({"steps": 2.5}, "steps is 2.5"),
        ({"average": 1.5}, "average is 1.5; it must be a number from 0 to 1"),
        ({"optimizer": "adamw"}, "optimizer is 'adamw'. Did you mean 'adam'"),
        ({"start": "photo"}, "It can be 'content', 'noise', 'mix'"),
        ({"content_weight": 0.0, "style_weight": 0.0}, "nothing to paint"),
        ({"style_wieght": 3.0}, "option is 'style_wieght'. Did you mean 'style_weight'"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(InputError) as caught:
        recipe("default", **changes)
    assert message in str(caught.value)


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(InputError, match="recipe is 'gatys-2015'. Did you mean 'gatys-2016'"):
        recipe("gatys-2015")


def test_the_sources_settings():
    first, fourth, keras_example = map(recipe, ("source-001", "source-004", "keras-example"))
    assert (first.learning_rate * 255, first.steps, first.start) == (2, 2000, "content")
    assert list(fourth.content_layers) == ["block5_conv2"]
    assert (fourth.learning_rate, fourth.beta_1, fourth.epsilon) == (0.02, 0.99, 0.1)
    assert (fourth.content_weight, fourth.style_weight, fourth.steps) == (1e3, 1e-2, 1000)
    assert (keras_example.optimizer, keras_example.decay, keras_example.steps) == (
        "sgd",
        0.96,
        4000,
    )


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_says_where_it_comes_from(name):
    assert isinstance(RECIPES[name], Recipe)
    assert len(RECIPES[name].source) > 20


def test_the_recipes_of_other_programs():
    second, third, crowson = map(recipe, ("source-002", "source-003", "crowsonkb"))
    assert (
        second.content_layers == third.content_layers == {"block4_conv2": 0.5, "block5_conv2": 0.5}
    )
    assert (second.style_weight, second.start, second.noise_share) == (500.0, "mix", 0.5)
    assert (second.steps, third.steps, third.learning_rate * 255) == (3000, 200, 1)
    assert recipe("source-003-vgg16").network == "vgg16"
    assert crowson.style_layers["block1_conv1"] == 256 * crowson.style_layers["block5_conv1"]
    assert (crowson.average, crowson.all_steps) == (0.99, 3004)
    assert recipe("johnson-neural-style").style_layers["block3_conv1"] == 1.0


def test_default_is_plain_but_faster():
    differing = {
        field.name
        for field in dataclasses.fields(Recipe)
        if getattr(recipe(), field.name) != getattr(recipe("plain"), field.name)
    }
    speed = {"coordinates", "coarse", "coarse_content", "steps", "precision"}
    assert differing == {*speed, "source"}
