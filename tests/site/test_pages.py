"""The pages of the site before they are built: what is written, and what stands for a figure."""

import ast
import json
import re
from pathlib import Path

import pytest
from PIL import Image

import heroes
import make_site
import site_api
import site_figures
import site_pages

ROOT = Path(__file__).resolve().parents[2]


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
    found = set(re.findall(r"^(?:`{5}\{py:\w+\}|###) (\w+)", site_api.api_page(), re.MULTILINE))
    assert names == found and len(names) > 120


def test_a_figure_is_described_by_its_section_and_its_words():
    shown = site_pages.described('nst.show({"photo": photo, "painted": p})', "1 · Why?")
    assert shown == "Figure in “1 · Why?”: photo; painted."
    assert site_pages.described("%matplotlib inline", "2") == "Figure in “2”."


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('plt.plot(x, label="loss")\nplt.xlabel("step")', ["loss", "step"]),
        ('nst.show([a, b], ["bulge", "swirl"], columns=2)', ["bulge", "swirl"]),
        ('strip[f"weight {w}"] = image\nnst.show(strip)', ["weight …"]),
        ('plain = {"steps": 3}\nnst.show({"a": nst.style_transfer(c, s, **plain)})', ["a"]),
        ('nst.show_lines(reached, x="rate", y="loss")', ["rate", "loss"]),
        ('nst.show(nst.photo("great_wall", 400), height=6)', ["great wall"]),
        ("nst.show(result.image, height=6)", ["result"]),
    ],
)
def test_a_figure_gets_the_words_that_are_drawn_in_it_or_else_what_it_shows(source, words):
    assert site_figures.shown(source) == words


def test_a_panel_is_told_by_what_it_says_of_itself():
    (words,) = site_figures.shown("nst.kernel_explorer(toys)")
    assert words.startswith("A panel over nst.apply_kernel")


def test_no_figure_of_the_course_is_without_words():
    for path in site_pages.notebooks():
        for cell in site_pages.notebook_page(path).cells:
            drawn = [one for one in cell.get("outputs", ()) if "image/jpeg" in one.get("data", {})]
            assert not drawn or ": " in cell.metadata.mystnb.image.alt, (path.stem, cell.source)


def test_links_lead_to_pages_or_to_the_repository():
    path = ROOT / "notebooks" / "03_style_is_correlation.ipynb"
    text = "[a](../README.md#chapters) [b](glossary.md) [c](../data/images/manifest.json) [d](https://x.org)"
    start, glossary, manifest, web = re.findall(r"\((.*?)\)", site_pages.relinked(text, path))
    assert (start, glossary, web) == ("../index.md", "glossary.md", "https://x.org")
    assert manifest.endswith("/blob/main/data/images/manifest.json")


def test_the_name_of_a_translated_section_is_one_that_sphinx_knows():
    path = ROOT / "docs" / "zh" / "licences.md"
    text = '一句话。\n\n<a id="people"></a>\n\n## 人\n'
    assert site_pages.relinked(text, path) == "一句话。\n\n(people)=\n## 人\n"
    for page, name in re.findall(r"\]\((\w+\.md)#([\w-]+)\)", path.read_text(encoding="utf-8")):
        target = path.with_name(page).read_text(encoding="utf-8")
        assert f'<a id="{name}"></a>\n\n## ' in target, f"{page} has no {name}"


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


def test_a_thumbnail_is_a_large_picture_without_title_and_neighbours():
    figure = Image.new("RGB", (300, 120), "white")
    figure.paste((90, 60, 30), (10, 20, 150, 110))
    figure.paste((10, 60, 90), (160, 20, 290, 110))
    figure.paste((0, 0, 0), (60, 5, 80, 12))
    tile = heroes.framed(figure)
    assert tile.size == (130, 90) and tile.getpixel((0, 0)) == (10, 60, 90)


def test_what_is_gone_is_taken_away_and_what_stays_is_not_touched(tmp_path):
    files = {Path("a", "b.md"): b"1", Path("c.md"): b"2"}
    assert make_site.replace(tmp_path, iter(files.items()))
    time = (tmp_path / "c.md").stat().st_mtime_ns
    del files[Path("a", "b.md")]
    assert not make_site.replace(tmp_path, iter(files.items()))
    assert [path.name for path in tmp_path.rglob("*.md")] == ["c.md"]
    assert (tmp_path / "c.md").stat().st_mtime_ns == time
