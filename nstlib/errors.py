"""Every error that nstlib raises on purpose, and the two questions that most of them answer.

One `except NstError` catches them all; each also derives from the built-in error that Python
programmers expect. Messages name what was given, what is allowed and what to do.
"""

import difflib
import math
from collections.abc import Iterable
from numbers import Integral, Real


class NstError(Exception):
    """Something nstlib can explain: the message is written for the reader, not for a debugger."""


class InputError(NstError, ValueError):
    """A value outside what is allowed."""


class MissingFile(NstError, FileNotFoundError):
    """A file or a bundled picture that is not there."""


class WeightsError(NstError, RuntimeError):
    """Weights that could not be found, fetched or read."""


class BackendError(NstError, RuntimeError):
    """Keras, or what it computes on, that cannot start or lacks what is asked of it."""


class MemoryRefused(NstError, MemoryError):
    """Work that would not fit in memory, refused before it starts."""


def did_you_mean(name: object, allowed: Iterable[str]) -> str:
    """The nearest allowed name as a question with a space before it, or nothing if none is near."""
    near = difflib.get_close_matches(str(name), [str(one) for one in allowed], cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""


def choice(name: str, given, allowed: Iterable[str], hint: str = ""):
    """`given` if it is one of the names that are allowed, else an InputError that lists them.

    `name` is what the argument is called; `hint` is a sentence to end with.
    """
    allowed = list(allowed)
    if given in allowed:
        return given
    known = ", ".join(repr(one) if isinstance(one, str) else str(one) for one in allowed)
    end = f" {hint}" if hint else ""
    raise InputError(f"{name} is {given!r}.{did_you_mean(given, allowed)} It can be {known}.{end}")


def number(
    name: str,
    given,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    whole: bool = False,
    above: bool = False,
    unit: str = "",
    hint: str = "",
):
    """`given` if it is a number from `low` to `high`, else an InputError that says so.

    NaN, infinity, True and texts are no numbers. `whole` allows whole ones only, `above` not `low`
    itself. `name` is what the argument is called, `unit` as in "pixels"; `hint` is a sentence to
    end with.
    """
    kind = Integral if whole else Real
    sound = isinstance(given, kind) and not isinstance(given, bool) and abs(given) != math.inf
    if sound and low <= given <= high and not (above and given == low):
        return given
    what = f"a {'whole ' * whole}number{' of ' * bool(unit)}{unit}{_range(low, high, above)}"
    raise InputError(f"{name} is {given!r}; it must be {what}.{f' {hint}' if hint else ''}")


def _range(low: float, high: float, above: bool) -> str:
    if low == -math.inf:
        return "" if high == math.inf else f", {high:.15g} at most"
    if above:
        return f" above {low:.15g}" + ("" if high == math.inf else f", {high:.15g} at most")
    return f", {low:.15g} or more" if high == math.inf else f" from {low:.15g} to {high:.15g}"
