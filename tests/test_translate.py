"""The Chinese edition: what is stale or wrong is said, and the rest of a notebook is as it was."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import clean_notebooks
import make_nav
import translate
import translation
import translation_rules

NAV = "<!-- nav -->\n\nlinks\n\n<!-- /nav -->"
CODE = '''def mean(x):
    """The mean
    of x."""
    return x.mean()  # over all positions


label = "the photo"'''
CHINESE_CODE = CODE.replace("The mean\n    of x.", "x 的均值。").replace(
    "over all positions", "对所有位置"
)
CELLS = [
    new_markdown_cell(f"# 0 · Start\n\nIn 15 minutes.\n\n{NAV}"),
    new_markdown_cell("## 1 · What?\n\nThe loss $L(x)$ of `x`, see [the next](01_next.ipynb)."),
    new_code_cell(CODE, execution_count=1, outputs=[new_output("stream", text="0.5\n")]),
    new_code_cell("x = 1", execution_count=2),
    new_markdown_cell("In 2 cells: **what to notice.** No more."),
]
TEXTS = {
    0: "# 0 · 开始\n\n用 15 分钟。",
    1: "## 1 · 什么？\n\n`x` 的损失 $L(x)$，见[下一章](01_next.ipynb)。",
    2: '''```diff
- """The mean
-     of x."""
+ """x 的均值。"""
- # over all positions
+ # 对所有位置
```
*图中文字：the photo，照片。*''',
    4: "2 个单元，**观察要点**：没有了。",
}
KEYS = [*map(translation.key_of, CELLS)]


def file(**changes) -> str:
    """The Chinese of CELLS, with other texts for some, or None for no section."""
    texts = TEXTS | {int(name[1:]): text for name, text in changes.items()}
    parts = [f"<!-- cell {KEYS[k]} -->\n{texts[k]}\n" for k in sorted(texts) if texts[k]]
    return "<!-- a note -->\n\n" + "\n".join(parts)


def found(text: str, cells=CELLS) -> list[tuple[str, bool]]:
    """What is said about a file: sentences, and whether they are wrong."""
    parts, by_key = translation.sections(text), {translation.key_of(cell): cell for cell in cells}
    problems = [*translation.misformed(text), *translation.stale(parts, cells)]
    problems += translation_rules.wrong(parts, by_key)
    return [(message, wrong) for _, message, wrong in problems]


def test_a_good_file_has_no_problems():
    assert found(file()) == []


def test_keys_are_ids_but_for_the_line_of_links():
    moved = new_markdown_cell(CELLS[0].source.replace("links", "other links"))
    assert translation.key_of(moved) == KEYS[0]
    text = nbformat.writes(new_notebook(cells=CELLS))
    cells = nbformat.reads(clean_notebooks.clean(text)[0], as_version=4).cells
    assert [cell.id for cell in cells[1:]] == KEYS[1:]


# --- Stale ---------------------------------------------------------------------------------------


def test_an_english_cell_that_changed_is_stale():
    cells = [*CELLS[:4], new_markdown_cell("In 3 cells.")]
    new = translation.key_of(cells[4])
    message = f"the English of {KEYS[4]} has changed; mend this and name it {new}"
    assert found(file(), cells) == [(message, False)]


def test_a_cell_that_went_is_stale():
    assert found(file(), CELLS[:4]) == [(f"the cell {KEYS[4]} is gone from the English", False)]


def test_a_cell_that_nobody_translated_is_stale():
    message = f"the cell {KEYS[1]}, below this one, is not translated"
    assert found(file(_1=None)) == [(message, False)]
    assert found("<!-- nothing yet -->\n")[0][1] is False


def test_a_cell_that_moved_is_stale():
    moved = [CELLS[0], CELLS[4], *CELLS[1:4]]
    assert {wrong for _, wrong in found(file(), moved)} == {False}
    assert "stands elsewhere" in found(file(), moved)[0][0]


def test_a_comment_for_the_translator_is_no_text():
    (message, wrong), *_ = found(file(_1="<!-- en\n## 1 · What?\n-->\n"))
    assert (message, wrong) == ("this cell has no Chinese yet", True)


# --- Wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place, old, new, message",
    [
        (1, "$L(x)$", "$L(y)$", "missing formula: $L(x)$"),
        (1, "$L(x)$", "$L(y)$", "formula that the English has not: $L(y)$"),
        (1, "`x`", "`z`", "missing code: `x`"),
        (1, "01_next", "02_next", "missing link: 01_next.ipynb"),
        (1, "## 1", "1", "missing heading: ##"),
        (0, "15", "十五", "missing number: 15"),
        (1, "$L(x)$", "$L(x)", "a $ has no partner"),
        (4, "**：", "：**", "** is printed as it stands"),
        (4, "**：", "：", "** is printed as it stands"),
        (4, "2 个", "2个", "a space is missing"),
        (4, "。", ".", "full-width punctuation is missing"),
        (4, "没有了", "没有(了)", "full-width punctuation is missing"),
        (4, "没有了", "没有了 <!-- en", "a comment is not closed by a line -->"),
        (4, "没有了。", "没有了。\n```", "a fence of code is not closed"),
        (2, "- # over", "- # about", "the cell has no '# about all positions'"),
        (2, "- # over", "- # about", "not translated: '# over all positions'"),
        (2, "+ # 对", "+ + 1  # 对", "the lines with + change more than comments and docstrings"),
        (2, "+ # 对所有位置\n", "", "no line with + follows '# over all positions'"),
    ],
)
def test_what_differs_from_the_english_is_wrong(place, old, new, message):
    text = TEXTS[place].replace(old, new, 1)
    assert text != TEXTS[place]
    said = found(file(**{f"_{place}": text}))
    assert any(sentence.startswith(message) and wrong for sentence, wrong in said)


def test_a_file_that_cannot_be_read_is_wrong():
    assert ("there is text before the first <!-- cell … -->", True) in found("words\n" + file())
    twice = file() + f"<!-- cell {KEYS[0]} -->\n{TEXTS[0]}\n"
    assert (f"the cell {KEYS[0]} stands here a second time", True) in found(twice)
    broken = file().replace(f"<!-- cell {KEYS[1]} -->", "<!-- cell 12 -->")
    assert ("'<!-- cell 12 -->' is no key; write <!-- cell 0123abcd -->", True) in found(broken)


# --- The notebook --------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """Two chapters and the solution of the first; returns the path of chapter 00."""
    folder = tmp_path / "notebooks"
    paths = [
        folder / "00_start.ipynb",
        folder / "01_next.ipynb",
        folder / "solutions/00_start.ipynb",
    ]
    (folder / "solutions").mkdir(parents=True)
    for path in paths:
        nbformat.write(new_notebook(cells=CELLS), path)
    (tmp_path / "README.md").touch()
    (tmp_path / "pyproject.toml").write_text('Repository = "https://github.com/a/b"')
    for module in (translate, make_nav):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(translate, "FOLDER", folder)
    monkeypatch.setattr(translate, "all_notebooks", lambda: paths)
    translate.file_of(paths[2]).parent.mkdir(parents=True)
    translate.file_of(paths[0]).write_text(file(), encoding="utf-8")
    return paths[0]


def test_the_chinese_notebook_has_the_same_code_and_outputs(course, capsys):
    assert translate.main(["build"]) == 0
    assert capsys.readouterr().out == "notebooks/zh/00_start.ipynb: written\n"
    cells = nbformat.read(translate.built_of(course), as_version=4).cells
    assert "".join(cell.cell_type[0] for cell in cells) == "mmcmcm"
    assert cells[0].source.startswith(TEXTS[0])
    assert cells[2].source == CHINESE_CODE and cells[2].outputs == CELLS[2].outputs
    assert cells[3].source == "*图中文字：the photo，照片。*"
    assert translate.main(["build"]) == translate.main(["check"]) == 0
    assert "stale" not in capsys.readouterr().out


def test_links_lead_to_chinese_where_there_is_some(course):
    translate.main(["build"])
    text = nbformat.read(translate.built_of(course), as_version=4).cells[1].source
    assert "](../01_next.ipynb)" in text
    translate.file_of(course.with_name("01_next.ipynb")).write_text(file(), encoding="utf-8")
    (course.parent.parent / "README.zh.md").touch()
    translate.main(["build"])
    cells = nbformat.read(translate.built_of(course), as_version=4).cells
    assert "](01_next.ipynb)" in cells[1].source
    for part in (
        "[目录](../../README.zh.md#chapters)",
        "[0 · 开始](01_next.ipynb) ›",
        "[题解](../solutions/00_start.ipynb)",
        "[English](../00_start.ipynb)",
        "/a/b/blob/main/notebooks/zh/00_start.ipynb)",
    ):
        assert part in cells[0].source


def test_a_link_out_of_the_project_is_left_for_the_rules_to_name(course):
    assert translate.link(translate.ROOT.parent / "away.md", course).endswith("../away.md")


def test_what_is_stale_stays_english_and_does_not_fail(course, capsys):
    text = file().replace(KEYS[4], "01234567")
    translate.file_of(course).write_text(text, encoding="utf-8")
    translate.main(["build"])
    cells = nbformat.read(translate.built_of(course), as_version=4).cells
    assert cells[-1].source == CELLS[4].source
    assert translate.main(["check"]) == 0
    assert f"name it {KEYS[4]}" in capsys.readouterr().out


def test_what_is_wrong_fails(course, capsys):
    translate.file_of(course).write_text(file(_0="# 0 · 开始"), encoding="utf-8")
    assert translate.main(["check", "00"]) == 1
    assert "translations/zh/00_start.md:3: missing number: 15" in capsys.readouterr().out


def test_a_skeleton_has_every_cell_and_can_be_read(course):
    translate.main(["start", "01"])
    text = translate.file_of(course.with_name("01_next.ipynb")).read_text(encoding="utf-8")
    parts = translation.sections(text)
    assert [part.key for part in parts] == [*KEYS[:3], KEYS[4]]
    texts = ['"""The mean\n    of x."""', "# over all positions"]
    assert [old for old, _ in parts[2].changes] == texts


def test_both_languages_can_be_read_side_by_side(course, capsys):
    translate.main(["read", "00"])
    told = capsys.readouterr().out
    assert "The loss $L(x)$ of `x`" in told and TEXTS[1] in told and CHINESE_CODE in told


def test_millions_are_counted_in_ten_thousands_in_chinese():
    assert [*translation_rules.differing("130 万张照片", "1.3 million photos")] == []
    assert [*translation_rules.differing("许多照片", "13 photos")] == ["missing number: 13"]


# --- This course ---------------------------------------------------------------------------------

BEGUN = [path for path in translate.all_notebooks() if translate.file_of(path).exists()]


@pytest.mark.parametrize("path", BEGUN, ids=translate.name_of)
def test_formulas_code_and_links_of_this_course_are_the_english_ones(path):
    assert [problem for problem in translate.problems(path) if problem.wrong] == []


def test_the_table_of_paintings_names_all_that_come_with_the_course():
    terms = translate.ROOT / "translations" / "zh" / "terms.md"
    pictures = (translate.ROOT / "data" / "images").glob("*/*.jpg")
    text, names = terms.read_text(encoding="utf-8"), [path.stem for path in pictures]
    assert names and [name for name in names if f"`{name}`" not in text] == []
