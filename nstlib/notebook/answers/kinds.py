"""The kinds of answers that exercises ask for, and how one of the reader's is compared."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nstlib.backend import ops
from nstlib.words import _


def nothing() -> str:
    """What is said of an exercise that nobody has begun."""
    return _("nothing given, write your answer in place of the dots")


@dataclass(frozen=True)
class Word:
    """One of a few words, kept as a hash; capital letters and spaces do not matter."""

    hashed: str
    words: tuple[str, ...]
    hint: str

    def problem(self, yours: Any) -> str:
        """What is wrong with an answer, or ""."""
        word = "" if yours is ... else str(yours).strip().lower()
        if word in self.words:
            return "" if _hash(word) == self.hashed else _no_answer(repr(word))
        words = _("write one of {words}").format(words=", ".join(self.words))
        return difference(yours, ...) if yours is ... else words


@dataclass(frozen=True)
class Value:
    """What a function computes; `of` takes from an answer what is compared, as what it returns.

    `tolerance` is relative to the reference's largest value.
    """

    reference: Callable[[], Any]
    hint: str
    of: Callable[[Any], Any] = lambda yours: yours
    tolerance: float = 1e-4

    def problem(self, yours: Any) -> str:
        compared = yours if yours is ... else self.of(yours)
        return difference(compared, self.reference(), self.tolerance)


def _hash(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()[:12]


def _no_answer(given: str) -> str:
    return _("{given} is not the answer").format(given=given)


def difference(yours: Any, reference: Any, tolerance: float = 1e-4) -> str:
    """The first difference in words, or "" for none."""
    if yours is None or yours is ...:
        return nothing()
    both = yours, reference
    mine, theirs = (dict(enumerate(v)) if isinstance(v, list | tuple) else v for v in both)
    if not (isinstance(mine, dict) and isinstance(theirs, dict)):
        return _array_difference(yours, reference, tolerance)
    if mine.keys() != theirs.keys():
        found = _("the entries are {mine}, expected {theirs}")
        return found.format(mine=list(mine), theirs=list(theirs))
    at = _("at {key!r}, {problem}")
    problems = ((key, difference(mine[key], theirs[key], tolerance)) for key in theirs)
    return next((at.format(key=key, problem=problem) for key, problem in problems if problem), "")


def _array_difference(yours: Any, reference: Any, tolerance: float) -> str:
    """The same for numbers, strings or tensors; numbers, also bfloat16 (V), in double precision."""
    arrays = [ops.convert_to_numpy(value) for value in (yours, reference)]
    yours, reference = (a.astype("float64") if a.dtype.kind in "biufV" else a for a in arrays)
    if yours.shape != reference.shape:
        found = _("the shape is {mine}, expected {theirs}")
        return found.format(mine=yours.shape, theirs=reference.shape)
    if yours.dtype != np.float64 or reference.dtype != np.float64:
        right = np.array_equal(yours, reference)
        return "" if right else _no_answer(f"{repr(yours.tolist()):.60}")
    largest = np.max(np.abs(reference), initial=0.0)
    allowed = tolerance * (largest or 1.0)
    if np.allclose(yours, reference, rtol=0, atol=allowed):
        return ""
    largest = np.max(np.abs(yours - reference))
    return _("the largest difference is {largest:.3g}").format(largest=largest)
