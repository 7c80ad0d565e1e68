"""Every error that nstlib raises on purpose, so that one `except NstError` catches them all.

Each also derives from the built-in error that Python programmers expect (`ValueError`,
`FileNotFoundError`, …). Messages name what was given, what is allowed and what to do.
"""

import difflib
from collections.abc import Iterable


class NstError(Exception):
    """Something nstlib can explain: the message is written for the reader, not for a debugger."""


class InputError(NstError, ValueError):
    """A value outside what is allowed."""


class MissingFile(NstError, FileNotFoundError):
    """A file or a bundled picture that is not there."""


class WeightsError(NstError, RuntimeError):
    """Pretrained weights that could not be found, fetched or read."""


class MemoryRefused(NstError, MemoryError):
    """Work that would not fit in memory, refused before it starts."""


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """The nearest allowed name as a question with a space before it, or nothing if none is near."""
    near = difflib.get_close_matches(str(name), list(allowed), n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""
