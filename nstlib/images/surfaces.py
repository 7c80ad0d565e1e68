"""Surfaces of revolution: a profile turned around an axis, with a picture on it, seen from a side.

Nothing has to be unfolded: across, a texture's coordinate is the longitude, and down, the way along
the profile from its rim to its foot. A ring of radius r at height z, seen from far away by an eye
that looks down by an angle e, is an ellipse around the height z cos e, r in half-width and r sin e
in half-height. So the ray through a place of the view meets the wall between two rings if the place
lies within the one's ellipse and without the other's, and sees the highest such place. All views of
one elevation are one view: to turn the surface is to roll its texture.
"""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from nstlib.errors import InputError, choice, number

PROFILES = {  # (radius, height) of a few points, foot first; a smooth curve goes through them
    "vase": ((0.6, 0), (0.85, 0.6), (1.1, 1.35), (1, 1.9), (0.5, 2.3), (0.45, 2.5), (0.6, 2.7)),
    "bottle": ((0.75, 0), (0.95, 0.5), (0.85, 1.15), (0.32, 1.75), (0.24, 2.4), (0.36, 2.8)),
    "bowl": ((0.5, 0), (1.05, 0.32), (1.4, 0.95)),
    "cylinder": ((1, 0), (1, 2)),
}
RINGS = 256  # of a profile, evenly along it


def profile(points="vase", rings: int = RINGS) -> np.ndarray:
    """A smooth curve through points (radius, height), from the foot to the rim, as so many rings.

    `points` is a name of PROFILES or (points, 2), two at least, in units of your own -> (rings, 2),
    evenly spaced along the curve, a cubic spline by the length of its chords. Raises InputError for
    a curve that crosses itself, or goes beyond the axis, where a radius would be below 0.
    """
    given = PROFILES[choice("profile", points, PROFILES)] if isinstance(points, str) else points
    number("rings", rings, 8, 4096, whole=True)
    given = np.asarray(given)
    sound = given.dtype.kind in "iuf" and np.isfinite(given).all()
    if not sound or given.ndim != 2 or given.shape[1] != 2 or len(given) < 2:
        raise InputError(f"profile is {given.shape}: give two points (radius, height), or more.")
    ways = _ways(given.astype("float64"))
    if not np.diff(ways).all():
        raise InputError("Two neighbouring points of the profile are the same: leave one out.")
    curve = CubicSpline(ways, given, bc_type="natural")(np.linspace(0, ways[-1], 8 * rings))
    ways = _ways(curve)
    even = np.linspace(0, ways[-1], rings)
    curve = np.stack([np.interp(even, ways, values) for values in curve.T], axis=1)
    if curve[:, 0].min() < -1e-9:
        raise InputError(
            f"The profile reaches the radius {curve[:, 0].min():.2g}, beyond the axis: give larger "
            "radii, or more points where the curve swings too far."
        )
    if _crosses_itself(curve):
        raise InputError("The profile crosses itself, which no clay can: move or leave out points.")
    return curve


class Rays(NamedTuple):
    """Where the rays through the places of a view meet a surface; all arrays (height, width).

    `longitude` in turns, 0 where the surface faces the eye, to the right; `along` the profile, from
    0, the foot, to 1; `hit` if anything is met; `outside` if its glazed side is; `normal`, (height,
    width, 3), to the right, away from the eye on the floor, and up, towards the eye's side.
    """

    longitude: np.ndarray
    along: np.ndarray
    hit: np.ndarray
    outside: np.ndarray
    normal: np.ndarray


def cast(curve: np.ndarray, across: np.ndarray, up: np.ndarray, elevation: float) -> Rays:
    """What rays meet that go through the places (across, up), in the profile's units, of a view.

    `curve` is what `profile` returns; the foot's centre is seen at (0, 0); `elevation` in degrees.
    """
    sin, cos = np.sin(np.radians(elevation)), np.cos(np.radians(elevation))
    place, highest = np.zeros(across.shape), np.full(across.shape, -np.inf)
    outside, before = np.zeros(across.shape, bool), None
    for ring, (radius, height) in enumerate(curve):
        beyond = across**2 + ((up - height * cos) / sin) ** 2 - radius**2  # the ring's ellipse
        if ring:
            met = (before < 0) != (beyond < 0)
            share = np.divide(before, before - beyond, where=met, out=np.zeros_like(beyond))
            level = curve[ring - 1, 1] + share * (height - curve[ring - 1, 1])
            nearer = met & (level > highest)
            place[nearer], highest[nearer] = (ring - 1 + share)[nearer], level[nearer]
            outside[nearer] = before[nearer] < 0
        before = beyond
    hit = np.isfinite(highest)
    away = np.where(hit, (up - np.where(hit, highest, 0) * cos) / sin, 1)
    rings = np.arange(len(curve))
    slope = np.stack([np.interp(place, rings, one) for one in np.gradient(curve, axis=0).T])
    slope = slope / np.linalg.norm(slope, axis=0) * np.where(outside, 1, -1)
    around = np.stack([across, away]) / np.maximum(np.hypot(across, away), 1e-9)
    normal = np.stack([*(slope[1] * around), -slope[0]], axis=-1)
    longitude = np.arctan2(across, -away) / (2 * np.pi)
    return Rays(longitude, place / (len(curve) - 1), hit, outside & hit, normal)


def _ways(curve: np.ndarray) -> np.ndarray:
    """How long the way is from the first point to each."""
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _crosses_itself(curve: np.ndarray) -> bool:
    """Whether two of its pieces do: then each has its ends on both sides of the other."""

    def side(start, end, point):
        (x, y), (u, v) = np.moveaxis(end - start, -1, 0), np.moveaxis(point - start, -1, 0)
        return np.sign(x * v - y * u)

    a, b, c, d = curve[:-1, None], curve[1:, None], curve[None, :-1], curve[None, 1:]
    apart = (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
    return bool(apart.any())
