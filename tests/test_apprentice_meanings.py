"""What phrases mean, weighed over all pairings of phrases and options."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.agents.apprentice.workplace.meanings import CERTAIN, Meanings, Trial

OPTIONS = ("R7", "G2", "B5")


def test_what_passed_is_settled_and_its_option_taken() -> None:
    belief = Meanings([Trial("Shade", ("crimson",), ("R7",), True, 0.9)])
    assert belief.evidence("Shade", OPTIONS, [("crimson", "R7")]) > 2
    assert belief.evidence("Shade", OPTIONS, [("crimson", "G2")]) < -1
    assert belief.evidence("Shade", OPTIONS, [("olive", "R7")]) < -1, "it means something else already"
    assert belief.evidence("Shade", OPTIONS, [("olive", "G2")]) > 0
    assert belief.evidence("Tone", OPTIONS, [("crimson", "R7")]) == 0, "another field tells nothing"


def test_the_last_way_left_after_failures_is_believed() -> None:
    failures = [Trial("Shade", ("crimson",), (option,), False, 0.95) for option in ("R7", "G2")]
    belief = Meanings(failures)
    assert belief.evidence("Shade", OPTIONS, [("crimson", "B5")]) > 2
    assert belief.evidence("Shade", OPTIONS, [("olive", "B5")]) < -1


def test_a_failure_says_less_when_the_rest_was_doubtful() -> None:
    sure, unsure = (Meanings([Trial("Shade", ("crimson",), ("R7",), False, rest)]) for rest in (0.95, 0.3))
    pair = [("crimson", "R7")]
    assert sure.evidence("Shade", OPTIONS, pair) < unsure.evidence("Shade", OPTIONS, pair) < 0


def test_two_phrases_at_once_are_split_by_what_one_of_them_means() -> None:
    belief = Meanings([Trial("Shade", ("crimson", "olive"), ("R7", "G2"), True, 0.9), Trial("Shade", ("olive",), ("R7",), False, 0.95)])
    assert belief.evidence("Shade", OPTIONS, [("crimson", "R7")]) > 2
    assert belief.evidence("Shade", OPTIONS, [("crimson", "B5"), ("amber", "G2")]) < 0


trial = st.builds(
    Trial,
    st.just("Shade"),
    st.sampled_from([("crimson",), ("olive",), ("crimson", "olive")]),
    st.sampled_from([("R7",), ("G2",), ("B5",), ("R7", "G2")]),
    st.booleans(),
    st.floats(0.05, 0.99),
)


@given(st.lists(trial, max_size=6))
def test_evidence_is_bounded_and_some_option_gains_when_another_loses(trials: list[Trial]) -> None:
    belief = Meanings(trials)
    told = [belief.evidence("Shade", OPTIONS, [("crimson", option)]) for option in OPTIONS]
    assert all(-CERTAIN <= value <= CERTAIN for value in told)
    if min(told) < -0.01:
        assert max(told) > 0
    assert belief.evidence("Shade", ("R7",), [("crimson", "R7")]) == pytest.approx(0), "one option is no choice"
