"""The site in a browser: its search, its formulas, and the page that paints."""

import base64
import functools
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("browser")


def test_a_word_is_found_without_a_server(site, page):
    page.goto(f"{(site / 'en' / 'search.html').as_uri()}?q=gram")
    page.locator("#search-results li a", has_text="Style is correlation").first.wait_for()


@pytest.mark.parametrize(
    ("words", "chapter"),
    [
        ("笔触", "用梯度下降作画"),  # two letters, in the middle of sentences
        ("格拉姆矩阵", "风格就是相关性"),  # a term of the glossary
        ("格拉姆矩阵的相关性", "风格就是相关性"),  # words without spaces
        ("VGG19 特征图", "网络看见了什么"),
    ],
)
def test_chinese_words_are_found(site, page, words, chapter):
    pytest.importorskip("jieba", reason="requirements-site.txt is not installed")
    page.goto(f"{(site / 'zh' / 'search.html').as_uri()}?q={words}")
    page.locator("#search-results li a", has_text=chapter).first.wait_for()


def test_a_formula_is_set(site, page):
    page.goto((site / "en" / "notebooks" / "03_style_is_correlation.html").as_uri())
    page.locator("mjx-container svg").first.wait_for()
    assert page.locator("mjx-merror").count() == 0


@pytest.mark.parametrize("width", [390, 800, 1100, 1400])
def test_no_formula_or_code_pushes_the_text_out_of_the_window(site, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto((site / "en" / "notebooks" / "11_collections_and_cartoons.html").as_uri())
    page.locator("mjx-container svg").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def repainted(page, act) -> np.ndarray:
    """What the canvas shows after something was done, (1, height, width, 3)."""
    page.evaluate("at('status').textContent = ''")
    act()
    page.wait_for_function("/\\d s\\./.test(at('status').textContent)")
    return seen(page)


def seen(page) -> np.ndarray:
    address = page.evaluate("canvas.toDataURL('image/png')")
    image = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))
    return np.asarray(image.convert("RGB"), "float32")[None] / 255


def status(page, act, *words: str) -> None:
    act()
    for word in words:
        page.wait_for_function("word => at('status').textContent.includes(word)", arg=word)


def test_it_paints_what_onnx_runtime_paints(painting, site, tmp_path):
    from nstlib.export.reader import open_exported
    from nstlib.images.bundled import photo
    from nstlib.images.files import load_image, save_image
    from nstlib.stylizers.door import finished

    file = save_image(photo("cat", 256), tmp_path / "cat.png")
    given = load_image(file)
    drawn = repainted(painting, lambda: painting.set_input_files("input[name=file]", file))
    mix = np.zeros((1, 15), "float32")
    mix[0, 0] = 1
    wanted = open_exported(site / "try" / "light.onnx")(given, mix=mix)
    assert drawn.shape == wanted.shape and np.abs(drawn - wanted).max() <= 2 / 255
    painting.evaluate("at('strength').value = 60; at('own').click()")
    wanted = finished(wanted, given, strength=0.6, preserve_color=True)
    assert np.abs(seen(painting) - wanted).max() <= 2 / 255
    painting.evaluate("at('strength').value = 100; at('own').click()")


def test_it_walks_between_any_two_paintings(painting, site, tmp_path):
    """What a network is told on the way is the sum of what two paintings measure, by shares."""
    from nstlib.export.reader import open_exported
    from nstlib.images.bundled import photo
    from nstlib.images.files import load_image, save_image

    file = save_image(photo("cat", 256), tmp_path / "cat.png")
    given = load_image(file)
    repainted(painting, lambda: painting.set_input_files("input[name=file]", file))
    known = json.loads((site / "try" / "networks.json").read_text(encoding="utf-8"))["adain-light"]
    numbers = np.fromfile(site / "try" / known["vectors"], "<f4").reshape(len(known["styles"]), -1)
    halfway = (numbers[:1] + numbers[2:3]) / 2
    sums = np.cumsum([0, *(length for _, length in known["inputs"])])
    told = {
        name: halfway[:, a:b]
        for (name, _), a, b in zip(known["inputs"], sums[:-1], sums[1:], strict=True)
    }

    def act():
        painting.evaluate("at('walk').value = 50")
        painting.locator("input[value=adain-light]").check()

    drawn = repainted(painting, act)
    wanted = open_exported(site / "try" / known["file"])(given, **told)
    assert np.abs(drawn - wanted).max() <= 2 / 255


def test_what_is_stored_of_paintings_is_of_these_paintings():
    """The means and spreads take VGG19, so only the colours are measured anew."""
    from nstlib.images.bundled import painting, pictures
    from nstlib.networks.palette import COLORS, palette_of
    from nstlib.vgg.statistics import STATISTICS

    with np.load(ROOT / "site" / "paintings.npz") as stored:
        assert set(stored) == {entry.name for entry in pictures("painting")}
        for name in stored:
            assert stored[name].shape == (STATISTICS + COLORS,)
            colors = palette_of(painting(name, 384))
            assert np.abs(stored[name][STATISTICS:] - colors).max() < 2e-3, name


def test_it_works_by_keyboard_and_says_what_it_shows(painting):
    painting.locator("input[value=light]").check()
    painting.evaluate("at('walk').value = 0")
    repainted(painting, lambda: painting.locator("#from input").first.press("ArrowRight"))
    assert painting.locator("#from input:checked").get_attribute("value") == "1"
    label = painting.locator("#painting").get_attribute("aria-label")
    assert "100 %" in label and painting.locator("#here").inner_text() in label
    assert painting.locator("#walk").get_attribute("aria-valuetext")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.txt", b"no picture", "notes.txt is no picture"),
        ("IMG_1.heic", b"ftypheic", "is a HEIC"),
    ],
)
def test_a_file_that_is_no_picture_gets_a_sentence(painting, name, content, words):
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    status(painting, lambda: painting.set_input_files("input[name=file]", file), words)


def test_a_photo_that_is_too_large_gets_a_sentence(painting, tmp_path):
    Image.new("1", (10_000, 10_000)).save(tmp_path / "large.png")
    act = functools.partial(painting.set_input_files, "input[name=file]", tmp_path / "large.png")
    status(painting, act, "100 million pixels")


def test_no_camera_gets_a_sentence(painting):
    status(painting, painting.locator("#camera").click, "There is no camera")


def test_the_camera_takes_a_picture(painting):
    painting.context.grant_permissions(["camera"])
    camera = painting.locator("#camera")
    status(painting, camera.click, "once more")
    assert repainted(painting, camera.click).shape[1] > 100
    assert painting.locator("#view").is_hidden()


@pytest.mark.parametrize(
    ("script", "lost", "words"),
    [
        ("", "**/light.onnx", "(light.onnx)"),
        ("", "**/networks.json", "(networks.json)"),
        ("", "**/ort.wasm.min.js", "(ort.wasm.min.js)"),
        ("WebAssembly.validate = () => false", "", "no WebAssembly with SIMD"),
    ],
)
def test_what_does_not_arrive_gets_a_sentence(page, served, script, lost, words):
    if script:
        page.add_init_script(script)
    if lost:
        page.route(lost, lambda route: route.abort())
    page.goto(f"{served}/en/try.html")
    status(page, lambda: None, words)


def test_from_a_file_it_says_how_to_open_it(site, paints, page):
    if not paints:
        pytest.skip("npm is not installed")
    page.goto((site / "en" / "try.html").as_uri())
    status(page, lambda: None, "make site-serve")
