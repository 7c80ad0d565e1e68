"""What nstlib says in Chinese: the catalogue fits the code, and the language is the reader's."""

import os
import subprocess
import sys

import pytest

import catalogue
from nstlib.cli import help as cli_help
from nstlib.notebook import course
from nstlib.words import _

SETTINGS = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def speak(monkeypatch):
    """A function that sets the reader's language as in LANG="zh_CN", and nothing else."""

    def call(**settings):
        for name in SETTINGS:
            monkeypatch.delenv(name, raising=False)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    return call


# --- The catalogue --------------------------------------------------------------------------------


def test_nothing_in_the_catalogue_is_wrong():
    assert [line for line, wrong in catalogue.check() if wrong] == []


def test_both_languages_have_the_same_places_to_fill():
    assert len(catalogue.built()) > 150
    for english, chinese in catalogue.built().items():
        assert catalogue.places(chinese) == catalogue.places(english), english


@pytest.mark.parametrize(
    ("english", "chinese", "same"),
    [
        ("{free:.1f} of {name!r}", "{name!r}，{free:.1f}", True),
        ("{free:.1f}", "{free}", False),
        ("{name}", "{nome}", False),
        ("{name}", "{name", False),
        ("%(default)s", "%(default)s。", True),
        ("%(default)s", "默认", False),
        ("%(prog)s\n", "%(prog)s", False),
        ("100 of %s", "%s，100", True),
    ],
)
def test_places(english, chinese, same):
    assert (catalogue.places(english) == catalogue.places(chinese)) is same


def test_help_doctor_and_hints_are_collected():
    said = catalogue.texts()
    for text in (
        *(
            "usage: ",
            "the picture to write",
            "teach a network styles of your own",
        ),
        *("All is well.", "for --engine {names} only", "nothing was saved", "A hint: {hint}"),
        "compare the two rows of your table, column by column.",
    ):
        assert any(one.startswith(text) for one in said), text
    from nstlib.notebook.answers import ANSWERS

    assert {answer.hint for answer in ANSWERS.values()} <= said.keys()


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A small catalogue of its own, and a function that says what `check` finds in it."""
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "SOURCE", tmp_path / "nstlib.po")
    monkeypatch.setattr(catalogue, "BUILT", tmp_path / "locale" / "nstlib.mo")
    said = {"All is well.": "doctor.py", "close {count} programs": "doctor.py"}
    monkeypatch.setattr(catalogue, "texts", lambda: said)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    lines = [head, 'msgid "All is well."\nmsgstr "一切正常。"\n']
    lines += ['msgid "close {count} programs"\nmsgstr "关掉 {count} 个程序"\n']
    catalogue.SOURCE.write_text("\n".join(lines), encoding="utf-8")
    catalogue.build()
    return said


def test_what_is_missing_stale_or_wrong_is_said(own, capsys):
    assert list(catalogue.check()) == []
    del own["All is well."]
    own["All is quite well."] = "doctor.py"
    found = dict(catalogue.check())
    assert found == {
        "doctor.py: not translated: 'All is quite well.'": False,
        "nobody says this any more: 'All is well.'": False,
    }
    catalogue.update()
    assert 'msgid "All is quite well."\nmsgstr "一切正常。"' in catalogue.SOURCE.read_text("utf-8")
    found = dict(catalogue.check())
    assert found.pop("doctor.py: stale: 'All is quite well.'") is False
    assert list(found) == ["locale/nstlib.mo: stale: tools/catalogue.py build"]
    catalogue.build()
    assert catalogue.built() == {"close {count} programs": "关掉 {count} 个程序"}
    assert catalogue.main(["check"]) == 0
    text = catalogue.SOURCE.read_text("utf-8").replace("关掉 {count} 个", "关掉一些")
    catalogue.SOURCE.write_text(text, encoding="utf-8")
    assert catalogue.main(["check"]) == 1
    assert "other places to fill than in 'close {count} programs'" in capsys.readouterr().out


# --- The reader's language ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "一切正常。"),
        ({"LANG": "zh"}, "一切正常。"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN"}, "一切正常。"),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en"}, "All is well."),
        ({"LANG": "fr_FR.UTF-8"}, "All is well."),
        ({"LANG": "C"}, "All is well."),
        ({}, "All is well."),
    ],
)
def test_the_language_is_asked_of_the_environment(speak, settings, said):
    speak(**settings)
    assert _("All is well.") == said


def test_a_text_without_chinese_stays_english(speak):
    speak(LANG="zh_CN")
    assert _("nobody has translated this") == "nobody has translated this" and _("") == ""


def test_help_is_chinese_down_to_the_words_of_argparse():
    line = [sys.executable, "-m", "nstlib", "stylize", "--help"]
    settings = {"LANGUAGE": "zh_CN", "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"}
    how = {"capture_output": True, "encoding": "utf-8", "env": {**os.environ, **settings}}
    done = subprocess.run(line, check=True, **how)
    for text in ("用法：", "位置参数", "显示这段帮助", "要写出的图像", "从噪声开始：gatys"):
        assert text in done.stdout
    lines = [line for line in done.stdout.splitlines() if not line.isascii()]
    assert len(lines) > 40 and max(map(cli_help.columns, lines[1:])) <= 80  # [0]: argparse counts


def test_a_terminal_without_chinese_letters_gets_its_help():
    settings = {**os.environ, "LANGUAGE": "zh_CN", "PYTHONIOENCODING": "ascii"}
    line = [sys.executable, "-m", "nstlib", "--help"]
    done = subprocess.run(line, capture_output=True, env=settings)
    assert done.returncode == 0 and b"nstlib" in done.stdout


def test_hints_are_chinese(speak, capsys):
    speak(LANG="zh_CN")
    assert not course.check("00.predict", ...) and not course.check("00.predict", "noise")
    assert not course.check("14.predict", "four") and not course.check([1, 2], [1, 3])
    assert course.check(1, 1)
    out = capsys.readouterr().out
    assert "not yet（还不对）：还没有答案，把省略号换成你的答案\nnot yet" in out
    assert "'noise' 不是答案\n提示：风格权重为 0 时" in out and "在 1 处，最大的差别是 1" in out
    assert out.endswith("yes（对了）\n")


# --- Lines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 8, ["one two", "three"]),
        ("照片的颜色", 6, ["照片的", "颜色"]),
        ("照片，颜色", 4, ["照片，", "颜色"]),  # no line begins with a comma
        ("用 adain 绘制", 8, ["用 adain", "绘制"]),
        ("照片用 adain 绘制", 8, ["照片用", "adain 绘", "制"]),
        ("照片（颜色）", 6, ["照片", "（颜色）"]),
    ],
)
def test_lines_end_where_they_may(text, width, lines):
    assert cli_help.Help("nstlib")._split_lines(text, width) == lines
