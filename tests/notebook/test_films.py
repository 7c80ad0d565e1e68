"""Films beside each other: as one video, and in two players that keep step."""

import base64
import io
import re
from datetime import UTC, datetime

import av
import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError
from nstlib.images.bundled import find_clip
from nstlib.notebook import films
from nstlib.stylizers.footage import clip


def film(level: float, frames: int = 4, height: int = 20) -> list[np.ndarray]:
    return [np.full((1, height, 32, 3), level, "float32")] * frames


def uploaded(name: str, content: bytes) -> dict:
    """What the page sends of a file."""
    facts = {"type": "video/mp4", "size": len(content), "last_modified": datetime.now(UTC)}
    return {"name": name, "content": memoryview(content), **facts}


def decoded(content: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(content)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def test_films_become_one_video_side_by_side():
    shown = films.show_films({"dark & calm": film(0.2), "light": film(0.8, frames=3)}, 10).data
    assert "dark &amp; calm" in shown and 'alt="dark &amp; calm beside light"' in shown
    content = re.search(r"data:video/mp4;base64,([^\"]*)", shown)[1]
    frames = decoded(base64.b64decode(content))
    assert len(frames) == 3 and frames[0].shape == (20, 32 + films.GAP + 32, 3)
    assert abs(int(frames[1][10, 5, 0]) - 51) < 6 and abs(int(frames[1][10, 66, 0]) - 204) < 6


def test_a_film_can_be_a_picture_that_moves(tmp_path):
    frames = [np.full((1, 20, 32, 3), level, "float32") for level in (0.2, 0.5, 0.8)]
    path = films.save_film(frames, tmp_path / "turn.webp", 10)
    with Image.open(path) as file:
        assert (file.format, file.size, file.n_frames) == ("WEBP", (32, 20), 3)
        file.seek(2)
        file.load()
        assert file.info["duration"] == 100 and file.info["loop"] == 0
        assert abs(file.convert("RGB").getpixel((9, 9))[0] - 204) < 8


def test_a_film_is_saved_and_read_again(tmp_path):
    path = films.save_film(film(0.5), tmp_path / "new" / "mine.mp4", 10)
    frames = clip(path)
    assert len(frames) == 4 and np.abs(frames[0] - 0.5).max() < 0.02
    with pytest.raises(InputError, match="mp4"):
        films.save_film(film(0.5), tmp_path / "mine.gif")


def test_films_of_two_heights_or_none_are_refused():
    with pytest.raises(InputError, match=r"are \[20, 24\] pixels high"):
        films.show_films({"a": film(0), "b": film(0, height=24)})
    with pytest.raises(InputError, match="'a' has no frames"):
        films.film_player({"a": []})
    with pytest.raises(InputError, match="give a dict from name to picture"):
        films.show_films([film(0)])


def test_the_players_keep_step_and_follow_the_menus():
    dark = [np.full((1, 8, 8, 3), number / 10, "float32") for number in range(5)]
    player = films.film_player({"up": dark, "down": dark[::-1], "short": dark[:4]}, 10)
    assert player.frame.max == 3 and player.play.interval == 100
    assert (player.left.value, player.right.value) == ("up", "short")
    left, right = player.screens
    assert left.value == right.value
    player.right.value = "down"
    assert left.value != right.value
    player.frame.value = 2
    assert left.value == right.value


def test_the_panel_paints_a_film_in_two_ways(monkeypatch):
    painted = []

    def paint(frame):
        painted.append(frame.shape)
        return 1 - frame

    monkeypatch.setattr(films, "stylizer", lambda style: paint)
    panel = films.film_explorer(size=32, frames=3)
    assert not panel.films
    panel.paint.click()
    assert painted == [(1, 18, 32, 3)] * 6 and not panel.paint.disabled
    assert list(panel.films) == ["film", "frame by frame", "kept"]
    np.testing.assert_array_equal(panel.films["film"][1], clip("bird", 32, 2, every=2)[1])
    (player,) = panel.children[-1].children
    assert (player.left.value, player.right.value) == ("frame by frame", "kept")


def test_a_film_can_be_uploaded(monkeypatch):
    monkeypatch.setattr(films, "stylizer", lambda style: lambda frame: frame)
    panel = films.film_explorer(size=32, frames=2)
    own = uploaded("mine.mp4", find_clip("aisle").read_bytes())
    panel.clip.upload.value = (own,)
    assert panel.clip.name == "mine.mp4" and panel.clip.is_own
    panel.paint.click()
    np.testing.assert_array_equal(panel.films["film"][0], clip("aisle", 32, 1)[0])
    broken = uploaded("broken.mp4", b"no film")
    panel.clip.upload.value = (broken,)
    panel.paint.click()
    assert "broken.mp4 is not a video" in panel.said.value and not panel.paint.disabled
