"""The Chinese pages that are written by hand hold what the English ones do, and are well set."""

import json
import os
import re
from pathlib import Path

import pytest

import make_nav
import site_pages
import translation_rules

ROOT = Path(__file__).resolve().parent.parent
DOCS = [ROOT / "docs" / path.name for path in sorted((ROOT / "docs" / "zh").glob("*.md"))]
SITE = sorted((ROOT / "site" / "zh").glob("*.md"))
PAGES = [ROOT / "README.zh.md", ROOT / "notebooks" / "zh" / "glossary.md", *SITE]
PAGES += [ROOT / "docs" / "zh" / path.name for path in DOCS]
LEVELS = {
    "first steps": "入门",
    "foundation": "基础",
    "core": "核心",
    "advanced": "进阶",
    "outlook": "展望",
}


def read(*place: str) -> str:
    return ROOT.joinpath(*place).read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table, without the lines under the heads."""
    lines = re.findall(r"^\|(.*)\|$", text, re.MULTILINE)
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [row for row in cells if not set("".join(row)) <= set(":-")]


def links(path: Path) -> set[str]:
    """Where a page leads: addresses, and files in the place of their English."""
    found = set()
    for link in translation_rules.links(path.read_text(encoding="utf-8")):
        place, _, anchor = link.partition("#")
        if place and not re.match("[a-z]+:", place):
            target = site_pages.place(Path(os.path.normpath(path.parent / place)))
            target = str(target).replace("README.zh.md", "README.md")
            found.add(f"{target.replace('site/en/', 'site/')}#{anchor}")
        elif place:
            found.add(re.sub(r"/(zh|en)/(index\.html)?", "/", link))
    return found


def code(text: str) -> list[str]:
    """What is typed in the fences of a page, without remarks."""
    fences = re.findall(r"^ *```(?:bash|python|powershell)\n(.*?)```", text, re.M | re.S)
    lines = [line.partition("  #")[0].strip() for fence in fences for line in fence.splitlines()]
    return [line for line in lines if line]


# --- The README ----------------------------------------------------------------------------------


def test_the_chapters_of_the_readme_are_the_english_ones():
    """In rows, links, badges and times; a link to a chapter leads to its Chinese notebook."""
    theirs, ours = (
        [row for row in rows(read(name)) if re.fullmatch(r"\d\d", row[0])]
        for name in ("README.md", "README.zh.md")
    )
    assert [row[0] for row in ours] == [row[0] for row in theirs]
    for (_, chapter, _, level, time, badge), row in zip(theirs, ours, strict=True):
        assert row[3] == LEVELS[level]
        assert row[4] == time.replace("min", "分钟") or (time, row[4]) == ("coming", "即将推出")
        assert link_of(row[1]) == link_of(chapter).replace("notebooks/", "notebooks/zh/")
        notebook = ROOT / (link_of(row[1]) or "none")
        wanted = make_nav.colab_badge(notebook).replace("Open in Colab", "在 Colab 中打开")
        assert row[5] == (wanted if badge else "")


def link_of(cell: str) -> str:
    return "".join(re.findall(r"\]\((.*?)\)", cell))


def test_titles_are_those_of_the_chapters():
    for row in rows(read("README.zh.md")):
        name = Path(link_of(row[1])).stem
        file = ROOT / "translations" / "zh" / f"{name}.md"
        if re.fullmatch(r"\d\d", row[0]) and name and file.exists():
            title = re.search(r"^# \d+ · (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert row[1].startswith(f"[{title[1]}]"), f"{row[1]}: the chapter says {title[1]}"


def test_the_readme_says_all_commands_and_leads_everywhere():
    ours, theirs = code(read("README.zh.md")), code(read("README.md"))
    assert [line for line in theirs if line not in ours] == []
    assert links(ROOT / "README.md") - {"README.md#"} <= links(ROOT / "README.zh.md")
    assert '<a id="chapters"></a>\n\n## ' in read("README.zh.md")  # the notebooks lead there
    for name, other in (("README.md", "README.zh.md"), ("README.zh.md", "README.md")):
        assert f"]({other})" in read(name).split("\n\n")[1]


# --- Pages to look things up ---------------------------------------------------------------------


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_a_page_says_what_the_english_one_does(path):
    ours, theirs = read("docs", "zh", path.name), path.read_text(encoding="utf-8")
    assert [len(row) for row in rows(ours)] == [len(row) for row in rows(theirs)]
    assert links(path.parent / "zh" / path.name) == links(path)
    assert code(ours) == code(theirs)
    ours = ours.replace("`notebooks/zh/", "`notebooks/")
    plain = (re.sub(r"\]\([^)]*\)|\d+ million", "]", text) for text in (ours, theirs))
    assert list(translation_rules.differing(*plain)) == []


def test_the_glossary_has_the_same_terms():
    ours, theirs = rows(read("notebooks", "zh", "glossary.md")), rows(read("notebooks/glossary.md"))
    assert [(row[1], row[0], row[3]) for row in ours[1:]] == [
        (row[0], row[1], row[3]) for row in theirs[1:]
    ]
    assert len(ours) > 60


def test_the_site_says_the_same_in_both_languages():
    english, chinese = (json.loads(read("site", code, "words.json")) for code in ("en", "zh"))
    blanks = [{k: re.findall(r"\{\w+\}", v) for k, v in one.items()} for one in (english, chinese)]
    assert blanks[0] == blanks[1]
    for path in SITE:
        first, second = (read("site", code, path.name) for code in ("en", "zh"))
        assert links(ROOT / "site" / "en" / path.name) <= links(path), path.name
        assert fixed(first) == fixed(second), path.name
    forms = [read("site", code, "try.html") for code in ("en", "zh")]
    parts = [re.findall(r'\b(?:id|name|value|type|src)="[^"]*"|…', form) for form in forms]
    assert parts[0] == parts[1]


def fixed(text: str) -> list[str]:
    """What make_site.py and Sphinx take of a page: marks, places to fill, and lists of pages."""
    marks = re.findall(r"^%.*$|THE [A-Z]+(?: OF \w+)?", text, re.MULTILINE)
    lists = re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL)
    lines = [line for one in lists for line in one.splitlines() if ":caption:" not in line]
    return marks + [re.sub(r"^.*<(.*)>$", r"\1", line) for line in lines]


def test_a_part_of_a_chapter_is_no_second_title_of_its_page():
    assert site_pages.PART.sub("## ", "# 第二部分 · 选读") == "## 第二部分 · 选读"
    assert site_pages.PART.sub("## ", "# 第二步") == "# 第二步"


# --- How they are set ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_is_well_set_and_its_links_lead_to_files(path):
    text = path.read_text(encoding="utf-8").replace("<!--", "")
    assert [*translation_rules.broken(text), *translation_rules.ill_set(text)] == []
    for link in translation_rules.links(text):
        place = link.partition("#")[0]
        target = path.parent / place
        if place and not re.match("[a-z]+:", place) and path not in SITE:
            # A Chinese notebook is there once it is translated and built.
            english = ROOT / site_pages.place(Path(os.path.normpath(target)))
            assert target.exists() or (english.suffix == ".ipynb" and english.exists()), link


def test_the_quotes_of_a_docstring_are_no_quotes_of_the_text():
    assert list(translation_rules.ill_set('"""第 4 层的特征"""')) == []
    assert list(translation_rules.ill_set('r"""第 4 层。\n\n形状不变。\n"""')) == []
    assert len(list(translation_rules.ill_set('"""他说"好"。"""'))) == 2
