"""The studio, as a reader's clicks drive it; what a browser makes of it is in test_browser.py."""

import io
import time

import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError
from nstlib.images.arrays import to_pil
from nstlib.images.bundled import photo
from nstlib.images.files import load_image
from nstlib.notebook.choice import PictureChoice
from nstlib.notebook.studio import studio


def uploaded(name: str, picture) -> tuple:
    """What a FileUpload holds."""
    file = io.BytesIO()
    to_pil(picture).save(file, "PNG")
    return {"name": name, "type": "image/png", "size": 1, "content": memoryview(file.getvalue())}


def upload(chosen: PictureChoice, entry: dict) -> None:
    chosen._on_upload(type("change", (), {"new": (entry,)}))


def seen(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), "float32") / 255


@pytest.fixture
def panel(tmp_path, monkeypatch):
    monkeypatch.setenv("NST_OUT", str(tmp_path))
    return studio("cat", "the_scream", size=64, steps=3)


def test_it_paints_and_keeps_the_way_there(panel, tmp_path):
    assert "nst.style_transfer(nst.photo(&#x27;cat&#x27;, 64)" in panel.code.value
    panel.paint.click()
    assert panel.paint.disabled and not panel.stop.disabled
    panel.wait()
    assert panel.image.shape[1:3] == photo("cat", 64).shape[1:3] and panel.curve.value
    assert len(panel.frames) >= 4 and panel.frame.value == panel.frame.max == len(panel.frames) - 1
    assert np.abs(seen(panel.canvas.picture) - panel.image[0]).mean() < 0.03
    panel.frame.value = 0
    assert np.abs(seen(panel.canvas.picture) - photo("cat", 64)[0]).mean() < 0.03
    panel.photo.menu.value = "coffee"  # what was painted keeps its name
    panel.save.click()
    assert load_image(tmp_path / "cat_the_scream.jpg").shape == panel.image.shape
    assert 'download="cat_the_scream.jpg"' in panel.download.value


def test_stopping_keeps_what_is_there(panel):
    panel.steps.value = 400
    panel.paint.click()
    while len(panel.frames) < 3:
        assert panel.stop.disabled is False
        time.sleep(0.01)
    panel.stop.click()
    panel.wait()
    assert len(panel.frames) < 400 and panel.image is not None and not panel.paint.disabled


def test_other_engines_paint_at_once_and_say_what_they_cannot(panel):
    panel.engine.value = "fast"
    assert panel.steps.disabled and "nst.stylizer(&#x27;the_scream&#x27;)" in panel.code.value
    panel.paint.click()
    panel.wait()
    assert len(panel.frames) == 1 and panel.frame.max == 0
    panel.painting.menu.value = "senecio"
    panel.paint.click()
    panel.wait()
    assert "senecio" in panel.said.value and not panel.paint.disabled


def test_a_picture_of_the_reader_s_own(panel):
    mine = np.full((1, 40, 80, 3), [0.9, 0.5, 0.1], "float32")
    upload(panel.photo, uploaded("mine.png", mine))
    assert panel.photo.name == "mine.png" and panel.photo.load(40).shape == (1, 20, 40, 3)
    assert "nst.load_image(&#x27;mine.png&#x27;, 64)" in panel.code.value
    assert np.abs(seen(panel.canvas.picture) - mine[0, 0, 0]).mean() < 0.03
    upload(panel.photo, {"name": "broken.png", "content": b"no picture"})
    assert "not a picture that can be read" in panel.said.value


@pytest.mark.parametrize("wrong", [{"engine": "oil"}, {"size": 1}, {"steps": 0}, {"photo": "dog"}])
def test_what_cannot_be(wrong):
    with pytest.raises(InputError):
        studio(**wrong)
