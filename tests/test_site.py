"""The site as a reader opens it: built once, its files read, then looked at in a browser."""

import ast
import base64
import functools
import http.server
import io
import json
import re
import shutil
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from jinja2 import Template
from PIL import Image

import lab
import make_nav
import make_site
import site_pages

ROOT = Path(__file__).resolve().parent.parent
# One worker builds the site and looks at it; what is not installed is passed over.
pytestmark = pytest.mark.xdist_group("site")


class Tags(HTMLParser):
    """What a page loads, what it links to, its anchors, and pictures without words."""

    def __init__(self, text: str):
        super().__init__()
        self.loaded, self.links, self.anchors, self.silent = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors |= {attrs[name] for name in ("id", "name") if attrs.get(name)}
        if tag in ("script", "img", "source", "iframe", "video", "audio") and attrs.get("src"):
            self.loaded.append(attrs["src"])
        if tag == "link" and attrs.get("rel") not in (
            "canonical",
            "next",
            "prev",
            "search",
            "index",
        ):
            self.loaded.append(attrs.get("href", ""))
        if tag == "a" and attrs.get("href"):
            self.links.append(attrs["href"])
        if tag == "img" and "alt" not in attrs:
            self.silent.append(attrs.get("src"))


# --- Without building -----------------------------------------------------------------------------


def test_a_route_asks_for_nothing_that_is_not_on_it_before():
    for name, numbers in site_pages.ROUTES.items():
        for place, number in enumerate(numbers):
            needed = site_pages.chapter(number).said("You need")
            for other in re.findall(r"\]\((\d\d)_", needed):
                assert other in numbers[:place], f"{name}: {number} needs {other}"


def test_every_public_name_has_an_entry():
    stub = ast.parse((ROOT / "nstlib" / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom) and node.module]
    names = {alias.name for node in imports for alias in node.names}
    found = set(re.findall(r"^(?:`{5}\{py:\w+\}|###) (\w+)", site_pages.api_page(), re.MULTILINE))
    assert names == found and len(names) > 120


def test_a_figure_is_described_by_its_section_and_its_words():
    shown = site_pages.described('nst.show({"photo": photo, "painted": p})', "1 · Why?")
    assert shown == "Figure to “1 · Why?”: photo, painted."
    assert site_pages.described('axis.set(title="loss")', "2") == "Figure to “2”: loss."
    assert site_pages.described("%matplotlib inline", "2") == "Figure to “2”."


def test_links_lead_to_pages_or_to_the_repository():
    path = ROOT / "notebooks" / "03_style_is_correlation.ipynb"
    text = "[a](../README.md#chapters) [b](glossary.md) [c](../data/images/manifest.json) [d](https://x.org)"
    start, glossary, manifest, web = re.findall(r"\((.*?)\)", site_pages.relinked(text, path))
    assert (start, glossary, web) == ("../index.md#chapters", "glossary.md", "https://x.org")
    assert manifest.endswith("/blob/main/data/images/manifest.json")


def test_answers_are_collected_as_teachers_are_told(tmp_path, monkeypatch, capsys):
    text = (ROOT / "site" / "en" / "teachers.md").read_text(encoding="utf-8")
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "id": "a"}
    cell |= {
        "source": "nst.check(1, 1)",
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "yes\n"}],
    }
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    (tmp_path / "handed_in").mkdir()
    (tmp_path / "handed_in" / "ada.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out == "ada.ipynb [True]\n"


def test_without_npm_nothing_leads_to_the_page_that_paints():
    text = (ROOT / "site" / "en" / "index.md").read_text(encoding="utf-8")
    kept = make_site.PAINTING.sub("", text)
    assert "(try.md)" in text and "<try>" in text
    assert "(try.md)" not in kept and "<try>" not in kept and "THE CHAPTERS" in kept


def test_a_second_language_appears_in_the_switch_once_it_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(make_site, "SITE", tmp_path)
    text = (ROOT / "site" / "templates" / "languages.html").read_text(encoding="utf-8")
    shown = {
        "names": make_site.LANGUAGES,
        "language": "en",
        "content_root": "../",
        "pagename": "api",
    }
    for code, link in {"en": False, "zh": True}.items():
        (tmp_path / code).mkdir()
        (tmp_path / code / "index.md").touch()
        switch = Template(text).render(trees=",".join(make_site.languages()), **shown)
        assert ('href="../../zh/api.html"' in switch) == link


def test_a_thumbnail_is_the_picture_without_title_and_neighbours():
    figure = Image.new("RGB", (300, 120), "white")
    figure.paste((90, 60, 30), (10, 20, 150, 110))
    figure.paste((10, 60, 90), (160, 20, 290, 110))
    figure.paste((0, 0, 0), (60, 5, 80, 12))
    assert make_site.framed(figure).size == (140, 90)


# --- As files -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paints() -> bool:
    return shutil.which("npm") is not None


@pytest.fixture(scope="module")
def site(tmp_path_factory, paints) -> Path:
    pytest.importorskip("myst_nb", reason="requirements-site.txt is not installed")
    pytest.importorskip("furo", reason="requirements-site.txt is not installed")
    folder = tmp_path_factory.mktemp("site")
    assert make_site.make(folder, make_site.languages(), paints) == 0, "Sphinx warned"
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Tags]:
    return {path: Tags(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_there_is_a_page_for_every_notebook_and_paper(site, paints):
    wanted = [*site_pages.notebooks(), *site_pages.papers()]
    made = [site / "en" / path.relative_to(ROOT).with_suffix(".html") for path in wanted]
    made += [
        site / "en" / f"{name}.html" for name in ("index", "api", "teachers", "solutions", "cards")
    ]
    assert [path for path in made if not path.exists()] == []
    assert (site / "en" / "try.html").exists() == paints


def test_no_page_loads_anything_from_elsewhere(site, pages):
    for path, page in pages.items():
        foreign = [one for one in page.loaded if re.match(r"(\w+:)?//", one)]
        assert not foreign, f"{path.name} loads {foreign}"
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"url\(['\"]?(https?:)?//|@import ['\"]?http", text), path.name


def test_links_inside_lead_somewhere_and_pictures_have_words(site, pages):
    for path, page in pages.items():
        assert not page.silent, f"{path.name}: {page.silent[:3]} without alt"
        for link in page.links + page.loaded:
            place, _, anchor = unquote(link).partition("#")
            if re.match(r"[a-z]+:", place):
                continue
            target = (path.parent / place.split("?")[0]).resolve() if place else path
            assert target.exists(), f"{path.name} links to {link}"
            if anchor and target in pages:
                assert anchor in pages[target].anchors, f"{path.name} links to {link}"


def test_the_start_page_leads_to_every_chapter_by_its_picture(site, pages):
    start = site / "en" / "index.html"
    for path in make_nav.chapters():
        assert f"notebooks/{path.stem}.html" in pages[start].links
        assert any(one.endswith(f"/{path.stem}.jpg") for one in pages[start].loaded)


def test_a_language_that_is_not_there_is_not_linked(site):
    there = {path.name for path in site.iterdir() if path.is_dir()} - {"try"}
    assert there == set(make_site.languages())
    text = (site / "en" / "index.html").read_text(encoding="utf-8")
    assert ('class="languages"' in text) == (len(there) > 1)


# --- In a browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    tool = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if lab.CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with tool.sync_playwright() as started:
        flags = ["--no-sandbox", "--use-fake-device-for-media-stream"]  # of moving colours
        browser = started.chromium.launch(executable_path=lab.CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(1000 * lab.SECONDS)
    yield page
    page.close()


def test_a_word_is_found_without_a_server(site, page):
    page.goto(f"{(site / 'en' / 'search.html').as_uri()}?q=gram")
    page.locator("#search-results li a", has_text="Style is correlation").first.wait_for()


def test_a_formula_is_set(site, page):
    page.goto((site / "en" / "notebooks" / "03_style_is_correlation.html").as_uri())
    page.locator("mjx-container svg").first.wait_for()
    assert page.locator("mjx-merror").count() == 0


@pytest.fixture(scope="module")
def served(site, paints):
    """The address of the site, from this machine; browsers fetch no networks from files."""
    if not paints:
        pytest.skip("npm is not installed")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def painting(browser, served):
    """The page that paints, once it has painted the photo that it begins with."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(3000 * lab.SECONDS)
    page.goto(f"{served}/en/try.html")
    page.wait_for_function("painted")
    yield page
    page.close()


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

    given = load_image(save_image(photo("cat", 256), tmp_path / "cat.png"))
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
