"""A second language: a tree of its own, in the places of the English one, and a switch between."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import make_nav
import make_site
import site_api
import site_pages

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# {title}

{promise}

**Time** about 1 minute on a laptop CPU, 1 minute on a Colab GPU, to run; 10 minutes to read

<!-- nav -->

<!-- /nav -->"""
START = """# {title}

THE CHAPTERS

```{{toctree}}
:hidden:
:glob:
notebooks/*
api
```
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Two chapters in English, the first of them in Chinese, in a folder of their own."""
    shutil.copytree(ROOT / "site", tmp_path / "site", ignore=shutil.ignore_patterns("en", "zh"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "site" / "en").mkdir()
    shutil.copy(ROOT / "site" / "en" / "words.json", tmp_path / "site" / "en")
    write(tmp_path / "notebooks" / "00_start.ipynb", "0 · Start", "One [leads](01_on.ipynb) on.")
    write(tmp_path / "notebooks" / "01_on.ipynb", "1 · On", "Go on.")
    text = "一条[路](01_on.ipynb)，[目录](../../README.zh.md#chapters)。"
    write(tmp_path / "notebooks" / "zh" / "00_start.ipynb", "0 · 开始", text)
    start_page(tmp_path, "en", "Start")
    for module in (site_pages, make_nav):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    for name, value in {"SETTINGS": tmp_path / "site", "OUT": tmp_path / "out"}.items():
        monkeypatch.setattr(make_site, name, value)
    monkeypatch.setattr(site_pages, "SITE", tmp_path / "site")
    monkeypatch.setattr(site_pages, "ROUTES", {})
    monkeypatch.setattr(site_api, "api_page", lambda: "# Names")
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    for kept in (site_pages.chapter, site_pages.words, site_pages._places):
        kept.cache_clear()


def write(path: Path, title: str, promise: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = new_markdown_cell(HEAD.format(title=title, promise=promise))
    nbformat.write(new_notebook(cells=[head, new_code_cell("1 + 1")]), path)


def start_page(folder: Path, code: str, title: str) -> None:
    path = folder / "site" / code / "index.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(START.format(title=title), encoding="utf-8")


def test_a_language_takes_a_start_page_and_a_chapter(course):
    assert list(site_pages.languages()) == ["en"]
    start_page(course, "zh", "开始")
    assert list(site_pages.languages()) == ["en", "zh"]
    shutil.rmtree(course / "notebooks" / "zh")
    assert list(site_pages.languages()) == ["en"]


def test_each_page_leads_to_itself_in_the_other_language(course):
    pytest.importorskip("myst_nb", reason="requirements-site.txt is not installed")
    start_page(course, "zh", "开始")
    assert make_site.make(course / "made", site_pages.languages(), False) == 0, "Sphinx warned"
    for code, other in (("en", "zh"), ("zh", "en")):
        for page in ("index", "api", "notebooks/00_start", "notebooks/01_on"):
            path = course / "made" / code / f"{page}.html"
            text = path.read_text(encoding="utf-8")
            (switch,) = re.findall(r'<nav class="languages".*?</nav>', text, re.DOTALL)
            (place,) = re.findall(r'href="(.*?)"', switch)
            assert (path.parent / place).resolve() == course / "made" / other / f"{page}.html"
    chapter, other = (
        (course / "made" / "zh" / "notebooks" / name).read_text(encoding="utf-8")
        for name in ("00_start.html", "01_on.html")
    )
    assert '<html class="no-js" lang="zh' in chapter and "开始" in chapter
    assert 'href="01_on.html"' in chapter and 'href="../index.html"' in chapter
    assert "Go on." in other and "Not translated yet." in other
