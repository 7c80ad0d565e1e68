"""A page that paints: the network is in it, whole."""

import base64
import re
from types import SimpleNamespace

import pytest

from nstlib.errors import InputError
from nstlib.export import page


@pytest.fixture
def onnx(tmp_path):
    path = tmp_path / "wave.onnx"
    path.write_bytes(bytes(range(256)))
    return path


def opened(monkeypatch, *inputs):
    file = SimpleNamespace(inputs=dict.fromkeys(inputs, (1, 3, None, None)))
    monkeypatch.setattr(page, "open_exported", lambda path: file)


def test_the_file_is_in_the_page_as_it_was(onnx, tmp_path, monkeypatch):
    opened(monkeypatch, "image")
    text = page.export_page(onnx, tmp_path / "paint.html").read_text(encoding="utf-8")
    (content,) = re.findall(r'atob\("(.*?)"\)', text)
    assert base64.b64decode(content) == onnx.read_bytes()
    assert text.replace(content, page.PLACE) == page.PAGE


def test_a_file_that_wants_more_than_a_picture_is_refused(onnx, tmp_path, monkeypatch):
    opened(monkeypatch, "image", "mix")
    with pytest.raises(InputError, match="takes image, mix"):
        page.export_page(onnx, tmp_path / "paint.html")


def test_it_says_which_runtime_it_fetches():
    (address,) = re.findall(r'script src="(.*?)"', page.PAGE)
    assert re.fullmatch(
        r"https://cdn\.jsdelivr\.net/npm/onnxruntime-web@[\d.]+/dist/.*\.js", address
    )
    assert page.PAGE.count(page.PLACE) == 1
