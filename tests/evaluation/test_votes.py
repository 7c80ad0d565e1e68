"""Blind votes: nobody gains by a side or an order, counts are right, intervals are Wilson's."""

import math
from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom

from nstlib.errors import InputError
from nstlib.evaluation.votes import (
    Ballot,
    blind_pairs,
    join_votes,
    votes_needed,
    wilson_interval,
)


def gray(value: float) -> np.ndarray:
    return np.full((1, 8, 10, 3), value, "float32")


def darker(left, right) -> str:
    """A judge with an analytic answer."""
    return (
        "tie" if left.mean() == right.mean() else "left" if left.mean() < right.mean() else "right"
    )


@pytest.fixture
def paintings() -> dict[str, list]:
    """Three painters: night is darker than noon in 3 of 4 scenes; dusk is like noon."""
    noon = [gray(value) for value in (0.5, 0.6, 0.7, 0.8)]
    return {"night": [gray(0.1), gray(0.1), gray(0.1), gray(0.9)], "noon": noon, "dusk": noon}


# --- Questions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scenes", [1, 4, 7])
@pytest.mark.parametrize("seed", range(3))
def test_every_pair_meets_once_a_scene_with_fair_sides(scenes, seed):
    questions = blind_pairs(["a", "b", "c"], scenes, seed=seed)
    met = Counter((q.scene, frozenset((q.left, q.right))) for q in questions)
    assert len(met) == 3 * scenes and set(met.values()) == {1}
    for pair in ({"a", "b"}, {"a", "c"}, {"b", "c"}):
        lefts = Counter(q.left for q in questions if {q.left, q.right} == pair)
        assert max(lefts.values()) - min(lefts[name] for name in pair) <= 1


def test_the_seed_decides_the_order():
    same, other = (blind_pairs(["a", "b"], 20, seed=seed) for seed in (0, 1))
    assert same == blind_pairs(["a", "b"], 20) != other


# --- Answers -------------------------------------------------------------------------------------


def test_a_judge_is_counted_whatever_the_order(paintings):
    for seed in range(5):
        counted = {(v.first, v.second): v for v in Ballot(paintings, seed=seed).ask(darker).count()}
        night = counted["night", "noon"]
        assert (night.wins, night.losses, night.ties) == (3, 1, 0)
        even = counted["noon", "dusk"]
        assert (even.wins, even.losses, even.ties) == (0, 0, 4)


def test_who_always_says_left_prefers_nobody(paintings):
    for votes in Ballot(paintings).ask(lambda left, right: "left").count():
        assert votes.wins == votes.losses == 2


def test_a_ballot_is_answered_one_by_one(paintings):
    ballot = Ballot(paintings, seed=3)
    assert len(ballot) == 12
    first = ballot.question
    left, right = ballot.pictures()
    np.testing.assert_array_equal(left, paintings[first.left][first.scene])
    np.testing.assert_array_equal(right, paintings[first.right][first.scene])
    ballot.vote("tie")
    assert ballot.question == ballot.questions[1]
    assert sum(votes.ties for votes in ballot.count()) == 1
    with pytest.raises(InputError, match="Did you mean 'right'"):
        ballot.vote("rigth")
    ballot.ask(darker)
    with pytest.raises(InputError, match="All 12 questions"):
        ballot.vote("tie")


def test_a_judge_sees_what_is_given_with_the_scene(paintings):
    seen = []

    def judge(left, right, *given):
        seen.append([one.mean() for one in given])
        return "tie"

    ballot = Ballot(paintings, [(gray(scene / 4), gray(1)) for scene in range(4)]).ask(judge)
    assert seen == [[question.scene / 4, 1] for question in ballot.questions]


def test_two_painters_and_lists_of_one_length_are_needed(paintings):
    with pytest.raises(InputError, match="'night': 3, 'noon': 4"):
        Ballot(paintings | {"night": paintings["night"][:3]})
    with pytest.raises(InputError, match="given: 2"):
        Ballot(paintings, given=[(gray(0),), (gray(1),)])
    for wrong in ({}, {"night": [gray(0)]}, {"night": [], "noon": []}):
        with pytest.raises(InputError, match="two painters or more"):
            Ballot(wrong)


def test_a_result_reads_as_a_sentence(paintings):
    told = str(Ballot(paintings).ask(darker).count()[0])
    assert told.startswith("night preferred to noon in 3 of 4 votes (95 % interval 30 to 95 %)")


# --- Several people ------------------------------------------------------------------------------


def lighter(left, right) -> str:
    return {"left": "right", "right": "left", "tie": "tie"}[darker(left, right)]


def test_votes_of_several_people_are_joined(paintings, tmp_path):
    """Two people for the darker one, one for the lighter one, each with a shuffle of their own."""
    judges = (darker, darker, lighter)
    ballots = [Ballot(paintings, seed=n).ask(judge) for n, judge in enumerate(judges)]
    files = [ballot.save(tmp_path / f"{n}.json") for n, ballot in enumerate(ballots)]
    joined = {(v.first, v.second): v for v in join_votes(files)}
    night = joined["night", "noon"]
    assert (night.wins, night.losses, night.ties) == (3 + 3 + 1, 1 + 1 + 3, 0)
    assert joined["noon", "dusk"].ties == 12
    assert join_votes(ballots) == join_votes([files[0], ballots[1], files[2]])


def test_by_person_everybody_has_one_vote(paintings):
    ballots = [Ballot(paintings, seed=n).ask(judge) for n, judge in enumerate((darker, lighter))]
    night, _, even = join_votes([*ballots, ballots[0]], by="person")
    assert (night.wins, night.losses, night.ties) == (2, 1, 0)
    assert (even.wins, even.losses, even.ties) == (0, 0, 3)
    unfinished = Ballot(paintings)
    assert join_votes([unfinished], by="person")[0].ties == 0


def test_only_ballots_on_the_same_painters_are_joined(paintings, tmp_path):
    two = {name: paintings[name] for name in ("night", "noon")}
    with pytest.raises(InputError, match="join like ones"):
        join_votes([Ballot(paintings), Ballot(two)])
    with pytest.raises(InputError, match="no ballot to join"):
        join_votes([])
    votes = '{"painters": ["night", "noon"], "preferred": %s}'
    for text in ("[1, 2]", votes % '[["night", "noon"]]', votes % '[["night", "noon", "dawn"]]'):
        (tmp_path / "other.json").write_text(text)
        with pytest.raises(InputError, match=r"other\.json holds no votes"):
            join_votes([tmp_path / "other.json"])
    with pytest.raises(InputError, match="Did you mean 'person'"):
        join_votes([Ballot(two)], by="persons")


# --- Numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wins", "votes"), [(0, 5), (3, 4), (50, 100), (7, 7)])
def test_wilson_interval_solves_his_equation(wins, votes):
    """Its ends are the shares p with (wins / votes - p)^2 = z^2 p (1 - p) / votes."""
    for end in wilson_interval(wins, votes):
        apart = (wins / votes - end) ** 2
        assert math.isclose(
            apart, 1.959964**2 * end * (1 - end) / votes, rel_tol=1e-5, abs_tol=1e-9
        )


def test_no_votes_say_nothing():
    assert wilson_interval(0, 0) == (0, 1)
    with pytest.raises(InputError, match="wins is 5; it must be a whole number from 0 to 4"):
        wilson_interval(5, 4)


@pytest.mark.parametrize("share", [0.7, 0.2])
def test_votes_needed_give_the_power_that_was_asked_for(share):
    """Counted over all outcomes: enough from the answer on, and one vote fewer is not."""

    def told(votes):
        ends = [wilson_interval(wins, votes) for wins in range(votes + 1)]
        right = [low > 0.5 if share > 0.5 else high < 0.5 for low, high in ends]
        return binom.pmf(np.arange(votes + 1), votes, share)[right].sum()

    votes = votes_needed(share)
    assert told(votes - 1) < 0.8 <= min(told(votes + more) for more in range(10))


def test_more_votes_for_finer_differences():
    needed = [votes_needed(share) for share in (1.0, 0.9, 0.7, 0.6, 0.55)]
    assert needed == sorted(needed) and needed[0] == 4
    # The textbook's approximation: (z + z_power)^2 p (1 - p) / (p - 1/2)^2, nearly.
    assert math.isclose(needed[-1], 784, rel_tol=0.05)


@pytest.mark.parametrize("share", [0.5, 1.2, math.nan])
def test_what_no_number_of_votes_can_tell(share):
    with pytest.raises(InputError, match="share"):
        votes_needed(share)
