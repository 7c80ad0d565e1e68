"""Surfaces of revolution: profiles, rays that meet a cylinder, a sphere and a bowl."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.images.surfaces import PROFILES, cast, profile

HALF = np.linspace(-np.pi / 2, np.pi / 2, 9)
BALL = np.stack([np.cos(HALF).clip(0), np.sin(HALF)], axis=1)


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_go_from_foot_to_rim_in_even_steps(name):
    curve = profile(name, 64)
    np.testing.assert_allclose(curve[[0, -1]], [PROFILES[name][0], PROFILES[name][-1]], atol=1e-3)
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps.mean(), rtol=0.01)


def test_two_points_are_a_straight_line():
    np.testing.assert_allclose(profile([(2, 0), (2, 7)], 8)[:, 0], 2, atol=1e-9)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([(1, 0), (2, 2), (0.5, 2), (2, 0)], "crosses itself"),
        ([(1, 0), (0, 1), (1, 1.3)], "beyond the axis"),
        ([(1, 0), (-1, 1)], "beyond the axis"),
        ([(1, 0), (1, 0), (2, 1)], "are the same"),
        ([(1, 0)], "two points"),
        ([(1, 0, 3), (1, 2, 3)], "two points"),
        ([(1, 0), (1, np.nan)], "two points"),
        ([("a", 0), ("b", 1)], "two points"),
        ("vaze", "Did you mean 'vase'"),
    ],
)
def test_what_no_clay_can_be_is_refused(points, said):
    with pytest.raises(InputError, match=said):
        profile(points)


@pytest.mark.parametrize("elevation", [10, 45, 80])
def test_a_cylinder_has_the_longitude_and_the_height_of_where_a_ray_meets_it(elevation):
    turn, across = np.radians(elevation), np.linspace(-0.9, 0.9, 7)[None]
    away, height = -np.sqrt(1 - across**2), 0.8  # of the places looked for, on the front
    up = height * np.cos(turn) + away * np.sin(turn)
    rays = cast(profile("cylinder", 2048), across, up, elevation)
    assert rays.hit.all() and rays.outside.all()
    np.testing.assert_allclose(rays.longitude, np.arcsin(across) / (2 * np.pi), atol=1e-3)
    np.testing.assert_allclose(rays.along, height / 2, atol=1e-3)
    normal = np.stack([across, away, 0 * away], axis=-1)
    np.testing.assert_allclose(rays.normal, normal, atol=1e-2)


def test_through_the_mouth_one_sees_the_bare_inside_at_the_back():
    turn = np.radians(45)
    up = np.array([[1.5 * np.cos(turn) + np.sin(turn), 3.0]])  # height 1.5, the back wall; beyond
    rays = cast(profile("cylinder"), np.zeros((1, 2)), up, 45)
    assert rays.hit.tolist() == [[True, False]] and not rays.outside.any()
    np.testing.assert_allclose(rays.normal[0, 0], [0, -1, 0], atol=0.05)  # towards the eye


def test_a_ball_is_a_disc_whose_normals_point_from_its_centre():
    side = np.linspace(-1.2, 1.2, 49)
    across, up = np.meshgrid(side, side[::-1])
    rays = cast(profile(BALL, 1024), across, up, 30)
    inside = np.hypot(across, up) < 0.97
    assert rays.outside[inside].all() and not rays.hit[np.hypot(across, up) > 1.03].any()
    facing = rays.normal @ [0, -np.cos(np.pi / 6), np.sin(np.pi / 6)]
    depth = np.sqrt(np.maximum(1 - across**2 - up**2, 0))
    np.testing.assert_allclose(facing[inside], depth[inside], atol=0.09)
