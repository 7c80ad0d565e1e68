"""What the exercises ask for, so that no cell shows its own answer, and a hint for each."""

import hashlib
from dataclasses import dataclass
from typing import Any

NOTHING = "nothing given"


@dataclass(frozen=True)
class Word:
    """One of a few words, kept as a hash; capital letters and spaces do not matter."""

    hashed: str
    words: tuple[str, ...]
    hint: str

    def problem(self, yours: Any) -> str:
        """What is wrong with an answer, or ""."""
        if yours is None or yours is ...:
            return f"{NOTHING}, write one of {', '.join(self.words)} in place of the dots"
        word = str(yours).strip().lower()
        if word not in self.words:
            return f"write one of {', '.join(self.words)}"
        return "" if hash_of(word) == self.hashed else f"{word!r} is not the answer"


def hash_of(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()[:12]


ANSWERS = {
    "00.predict": Word(
        "55c64d0fcd6f",
        ("photo", "painting", "noise"),
        "with a style weight of 0, which pictures have a loss of 0?",
    ),
}
