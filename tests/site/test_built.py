"""The site as files: every page is there, leads somewhere, and loads nothing foreign."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

import heroes
import make_nav
import site_pages

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("browser")


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
        if tag == "img" and not attrs.get("alt"):
            self.silent.append(attrs.get("src"))


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


def test_the_search_knows_chinese_words_inside_sentences(site):
    pytest.importorskip("jieba", reason="requirements-site.txt is not installed")
    text = (site / "zh" / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").rstrip().removesuffix(")"))
    for word in ("笔触", "风格", "特征", "格拉姆矩阵", "梯度", "感受野", "vgg19"):
        places = index["terms"].get(word, [])
        found = {index["docnames"][n] for n in ([places] if isinstance(places, int) else places)}
        assert any(name.startswith("notebooks/0") for name in found), word


def test_no_page_loads_anything_from_elsewhere(site, pages):
    for path, page in pages.items():
        foreign = [one for one in page.loaded if re.match(r"(\w+:)?//", one)]
        assert not foreign, f"{path.name} loads {foreign}"
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"url\(['\"]?(https?:)?//|@import ['\"]?http", text), path.name


def test_links_inside_lead_somewhere_and_pictures_have_words(site, pages):
    for path, page in pages.items():
        unsaid = page.silent[path.name == "try.html" :]  # there it is the mould of the others
        assert not unsaid, f"{path.name}: {unsaid[:3]} without alt"
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
        shown = any(one.endswith(f"/{path.stem}.jpg") for one in pages[start].loaded)
        assert shown == (heroes.hero(path) is not None)


def test_one_language_is_said_by_no_switch(site):
    there = {path.name for path in site.iterdir() if path.is_dir()} - {"try"}
    assert there == set(site_pages.languages())
    text = (site / "en" / "index.html").read_text(encoding="utf-8")
    assert ('class="languages"' in text) == (len(there) > 1)
