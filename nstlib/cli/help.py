"""How the help of the command line is set: in the reader's language, which may be Chinese."""

import argparse
import gettext
import unicodedata

from nstlib.words import DOMAIN, _


def speak() -> None:
    """Let argparse, too, look for its own words ("usage: ", "options") in nstlib's catalogue."""
    gettext.textdomain(DOMAIN)


class Help(argparse.HelpFormatter):
    """argparse's own layout, of what `_` makes of each help."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return _(action.help) if action.help else action.help

    def _split_lines(self, text: str, width: int) -> list[str]:
        """Lines of at most `width` columns; Chinese has no spaces, and two columns a letter."""
        if text.isascii():
            return super()._split_lines(text, width)
        lines, line = [], ""
        for letter in " ".join(text.split()):
            # No line begins with a comma: it stands out a little.
            if columns(line + letter) > width and letter not in CLOSING:
                start = len(line) if letter == " " else _break(line)
                lines.append(line[:start].rstrip())
                line = line[start:]
            line = (line + letter).lstrip()
        return [*lines, line]

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in self._split_lines(text, width - len(indent)))


CLOSING, OPENING = "，。；：、！？）》”", "（《“"


def columns(text: str) -> int:
    """The columns that a text takes in a terminal."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def _break(line: str) -> int:
    """Where a full line may end: not within a Latin word or an option."""
    tail = len(line)
    while tail and line[tail - 1].isascii() and not line[tail - 1].isspace():
        tail -= 1
    while tail and line[tail - 1] in OPENING:
        tail -= 1
    return tail or len(line)
