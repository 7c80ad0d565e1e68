"""Letters in figures: Matplotlib's own font has no Chinese ones, so one is looked for that has."""

import re
import warnings
from collections.abc import Iterable

# The names by which Matplotlib knows fonts with Chinese letters. Of a collection (.ttc) it may know
# the first font alone, which in Noto's is the Japanese one; that has the Chinese letters, too.
CHINESE = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN"),
    *("Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "Heiti SC", "STHeiti"),
    *("WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Noto Sans CJK JP"),
)
LETTERS = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
MISSING = r"Glyph \d+ \(\\N\{(CJK|FULLWIDTH|IDEOGRAPHIC)"  # how Matplotlib's own warnings begin
NOTE = (
    "No font with Chinese letters is installed, so that boxes stand for them in the figure. "
    "Install Noto Sans CJK SC (on Linux and in Colab: apt-get install fonts-noto-cjk) and restart "
    "Python, or write English titles."
)


def chinese_font() -> str | None:
    """The first of the known fonts that is installed."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in CHINESE if name in installed), None)


def families(titles: Iterable) -> list[str]:
    """The fonts in which titles are set: the usual ones, then one for Chinese if there is any.

    Matplotlib takes each letter from the first font that has it. Warns if none is installed.
    """
    from matplotlib import rcParams

    usual = list(rcParams["font.family"])
    if not any(LETTERS.search(str(title)) for title in titles):
        return usual
    if font := chinese_font():
        return [*usual, font]
    warnings.warn(NOTE, stacklevel=3)
    return usual
