"""Which of two paintings is preferred by somebody who does not know whose it is?"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import binom, binomtest, norm

from nstlib.errors import InputError, choice, number
from nstlib.files import readable, writable, write

ANSWERS = ("left", "tie", "right")
CONFIDENCE, POWER = 0.95, 0.8  # of intervals; of telling a share from one half


class Question(NamedTuple):
    """The place in their lists of what is shown of two painters, and the painters by name."""

    scene: int
    left: str
    right: str


@dataclass(frozen=True)
class Votes:
    """How often the first of two painters was preferred to the second."""

    first: str
    second: str
    wins: int
    losses: int
    ties: int

    def __str__(self) -> str:
        votes = self.wins + self.losses
        low, high = (f"{100 * end:.0f}" for end in wilson_interval(self.wins, votes))
        return (
            f"{self.first} preferred to {self.second} in {self.wins} of {votes} votes "
            f"(95 % interval {low} to {high} %), ties: {self.ties}"
        )


def wilson_interval(wins: int, votes: int) -> tuple[float, float]:
    """Which shares of wins, in the long run, go together with so many in so few votes: (low, high).

    Wilson 1927, at 95 %, without correction for continuity; (0, 1) for no votes. Votes count as
    independent: those of one person say what this person prefers, and no more.
    """
    number("votes", votes, 0, whole=True)
    number("wins", wins, 0, votes, whole=True)
    if votes == 0:
        return 0.0, 1.0
    interval = binomtest(wins, votes).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def votes_needed(share: float) -> int:
    """From how many votes on is a true share of wins told from one half, four times in five?

    Told means that the whole `wilson_interval` is on the same side of one half as the share. Exact,
    by the binomial distribution; votes are independent, and none is a tie. Raises InputError for a
    share of one half, which no number of votes can tell from itself.
    """
    if abs(number("share", share, 0, 1) - 0.5) < 1e-3:
        raise InputError(f"share is {share!r}: take one further from 0.5 than 0.001.")
    share, z = max(share, 1 - share), norm.ppf((1 + CONFIDENCE) / 2)
    roughly = ((z + norm.ppf(POWER)) / (2 * share - 1)) ** 2  # where the spread is largest
    votes = np.arange(1, int(2 * roughly) + 50)
    # The interval excludes one half if wins are more than z standard deviations above it.
    told = binom.sf(np.floor(votes / 2 + z * np.sqrt(votes) / 2), votes, share) >= POWER
    return int(votes[~told].max(initial=0)) + 1


def blind_pairs(names: Sequence[str], scenes: int, *, seed: int = 0) -> list[Question]:
    """Every two painters side by side for every scene, in an order that only the seed knows.

    Each painter of a pair is on the left in half of the scenes (for an odd number, as nearly as can
    be), so that whoever always chooses the left prefers nobody.
    """
    random, questions = np.random.default_rng(seed), []
    for pair in combinations(names, 2):
        turned = random.permutation((np.arange(scenes) + random.integers(2)) % 2)
        questions += [Question(place, pair[t], pair[1 - t]) for place, t in enumerate(turned)]
    return [questions[place] for place in random.permutation(len(questions))]


class Ballot:
    """A blind vote: the questions of `blind_pairs`, and the answers so far.

    The answers are of a function (`ask`), or of a person before `nst.preference_panel`. `paintings`
    maps two or more painters to lists of pictures (1, height, width, 3), RGB, 0..1: the first of
    every list is of the same photo in the same style, and so on. `given` may be as long a list of
    tuples of pictures that the judge is to see as well, such as (photo, style).
    """

    def __init__(self, paintings: Mapping[str, Sequence], given: Sequence = (), *, seed: int = 0):
        self.seed = seed
        self.renew(paintings, given)

    def renew(self, paintings: Mapping[str, Sequence], given: Sequence = ()) -> None:
        """Begin anew with these paintings: all questions are open again."""
        counts = {name: len(pictures) for name, pictures in paintings.items()}
        lengths = {*counts.values(), *([len(given)] if len(given) else [])}
        if len(counts) < 2 or len(lengths) != 1 or 0 in lengths:
            raise InputError(
                f"Pictures by painter: {counts}; given: {len(given)}. It takes two painters or "
                "more, and lists of one length, with a picture for every scene."
            )
        self.questions = blind_pairs(list(paintings), *lengths, seed=self.seed)
        self.paintings, self.given = paintings, given
        self.answers: list[str] = []

    @property
    def question(self) -> Question | None:
        """What is to be answered next; None when all is answered."""
        return self.questions[len(self.answers)] if len(self.answers) < len(self) else None

    def __len__(self) -> int:
        return len(self.questions)

    def pictures(self) -> tuple:
        """The pictures of the next question: left, right, and what is given with it."""
        scene, *names = self.question
        given = self.given[scene] if len(self.given) else ()
        return *(self.paintings[name][scene] for name in names), *given

    def vote(self, answer: str) -> None:
        """Answer the next question: "left", "right" or "tie"."""
        choice("The answer", answer, ANSWERS)
        if self.question is None:
            raise InputError(f"All {len(self)} questions are answered: begin another ballot.")
        self.answers.append(answer)

    def ask(self, judge: Callable) -> "Ballot":
        """Let a function answer all that is open: judge(left, right, *given) -> answer."""
        while self.question is not None:
            self.vote(judge(*self.pictures()))
        return self

    def count(self) -> list[Votes]:
        """The votes on every two painters, so far."""
        return _counted(list(self.paintings), self._preferred())

    def save(self, path: str | os.PathLike) -> Path:
        """Write the answers so far as JSON, without pictures: for `join_votes`."""
        kept = {"painters": list(self.paintings), "preferred": self._preferred()}
        return write(writable(path, (".json",)), json.dumps(kept, indent=1).encode())

    def _preferred(self) -> list[tuple]:
        """(left, right, the painter who was preferred, or None) for every answer."""
        return [
            (left, right, {"left": left, "right": right}.get(answer))
            for (_, left, right), answer in zip(self.questions, self.answers, strict=False)
        ]


def join_votes(ballots: Iterable, *, by: str = "vote") -> list[Votes]:
    """The votes of several people on the same painters, as one count for every two of them.

    `ballots` are ballots, or files that `Ballot.save` wrote, one a person. By "vote" every answer
    counts; by "person" each has one vote for a pair, for the painter that he or she preferred more
    often. Only persons are independent of each other, so `wilson_interval` holds for the latter:
    twenty answers of one person are one taste. Raises InputError for other painters.
    """
    choice("by", by, ("vote", "person"))
    people = [_record(one) for one in ballots]
    if not people:
        raise InputError("There is no ballot to join: give one at least.")
    painters = people[0][0]
    for others, _ in people:
        if set(others) != set(painters):
            raise InputError(f"One ballot is on {painters}, another on {others}: join like ones.")
    if by == "person":
        preferred = [entry for person in people for entry in _taste(painters, person[1])]
    else:
        preferred = [entry for person in people for entry in person[1]]
    return _counted(painters, preferred)


def _record(one) -> tuple[list[str], list[tuple]]:
    """(painters, preferred) of a ballot or of a file."""
    if isinstance(one, Ballot):
        return list(one.paintings), one._preferred()
    path = readable(one, "file of votes")
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        painters = list(kept["painters"])
        preferred = [(left, right, winner) for left, right, winner in kept["preferred"]]
        if not {name for entry in preferred for name in entry} <= {*painters, None}:
            raise ValueError("a vote for somebody else")
        return painters, preferred
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} holds no votes: Ballot.save writes such files.") from error


def _taste(painters: Sequence[str], preferred: Sequence[tuple]) -> list[tuple]:
    """One entry for every two painters that a person has answered for."""
    taste = []
    for votes in _counted(painters, preferred):
        if votes.wins + votes.losses + votes.ties:
            more = votes.first if votes.wins > votes.losses else votes.second
            taste.append((votes.first, votes.second, None if votes.wins == votes.losses else more))
    return taste


def _counted(painters: Sequence[str], preferred: Sequence[tuple]) -> list[Votes]:
    won, votes = Counter(), []
    for left, right, winner in preferred:
        won[frozenset((left, right)), winner] += 1
    for pair in combinations(painters, 2):
        wins, losses, ties = (won[frozenset(pair), winner] for winner in (*pair, None))
        votes.append(Votes(*pair, wins, losses, ties))
    return votes
