"""How jobs are worded: choices found by laying instructions side by side, and what phrases meant in jobs that passed."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from bakeoff.agents.apprentice.workplace.job import Job, same, turned
from bakeoff.agents.apprentice.workplace.phrasing import Phrasing
from bakeoff.agents.apprentice.workplace.plans import Past, elsewhere, lexicon


def read(phrasing: Phrasing, goal: str) -> Job:
    job = Job(goal)
    tokens = job.tokens
    job.mark_choices(phrasing.choices(tokens))
    phrasing.hear(tokens)
    return job


def choices(job: Job) -> list[str]:
    return [slot.text for slot in job.slots if slot.kind == "word"]


def test_words_that_vary_are_choices_and_the_rest_says_what_to_do() -> None:
    phrasing = Phrasing()
    first = read(phrasing, "Paint the fence of Ann Ash in crimson before 3 May 2026.")
    assert choices(first) == [], "one instruction alone shows nothing"
    second = read(phrasing, "Paint the fence of Bob Birch in pale blue before 4 May 2026.")
    assert choices(second) == ["pal blu"]
    assert second.words == ("paint", "fenc", "befor")
    assert choices(read(phrasing, "Paint the fence of Cy Cedar in crimson before 9 May 2026.")) == ["crimson"]


def test_a_choice_once_known_is_found_in_other_sentences() -> None:
    phrasing = Phrasing()
    for colour in ("crimson", "olive", "crimson"):
        read(phrasing, f"Paint the fence of Ann Ash in {colour} before Friday.")
    assert "crimson" in choices(read(phrasing, "Order a crimson tin for Bob Birch."))


def test_a_part_that_only_some_jobs_have_is_a_choice() -> None:
    phrasing = Phrasing()
    read(phrasing, "Paint the fence of Ann Ash before Friday night.")
    assert choices(read(phrasing, "Paint the fence of Bob Birch in crimson before Friday night.")) == ["crimson"]


def test_jobs_of_different_kinds_show_no_choices() -> None:
    phrasing = Phrasing()
    read(phrasing, "Paint the fence of Ann Ash before Friday.")
    assert choices(read(phrasing, "Mend the fence of Ann Ash before Friday.")) == [], "the verb says what to do"
    assert choices(read(phrasing, "Paint the fence of Ann Ash and Bob Birch before Friday.")) == []


def test_wording_survives_being_stored() -> None:
    phrasing = Phrasing()
    for colour in ("crimson", "olive"):
        read(phrasing, f"Paint the fence of Ann Ash in {colour} before Friday.")
    again = Phrasing.from_dict(phrasing.to_dict())
    tokens = Job("Paint the fence of Di Date in amber before Friday.").tokens
    assert again.choices(tokens) == phrasing.choices(tokens) != []


@given(
    st.lists(
        st.sampled_from(["Set the tone of Ann Ash to", "high", "low", "and the pace", "fast", "slow", "Ann Ash", "3 May 2026", "."]),
        max_size=9,
    )
)
def test_choices_never_overlap_and_lie_within_the_job(parts: list[str]) -> None:
    phrasing = Phrasing()
    for goal in ("Set the tone of Ann Ash to high.", "Set the tone of Bob Birch to low.", "Set the pace of Bob Birch to slow."):
        read(phrasing, goal)
    tokens = Job(" ".join(parts)).tokens
    spans = phrasing.choices(tokens)
    assert all(0 <= a < b <= len(tokens) for a, b in spans)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))


def past(passed: bool, *meant: tuple[str, tuple[str, ...], tuple[str, ...]]) -> Past:
    return Past(("paint",), "key", ("Paint",), passed, meant=meant)


def test_what_phrases_meant_is_settled_by_elimination() -> None:
    both = past(True, ("Shade", ("crimson", "olive"), ("R7", "G2")))
    assert lexicon([both]) == {}, "either may be either"
    assert lexicon([both, past(True, ("Shade", ("olive",), ("G2",)))]) == {("Shade", "olive"): "G2", ("Shade", "crimson"): "R7"}
    assert lexicon([past(False, ("Shade", ("olive",), ("G2",)))]) == {}, "what failed settles nothing"


def test_meanings_of_other_products_are_counted_without_their_numbers() -> None:
    found = elsewhere([[past(True, ("Shade", ("olive",), ("2 · Moss",)))], [past(True, ("Tint", ("olive",), ("Moss",)))]])
    assert found == {"olive": {"moss": 2}}


def test_names_are_the_same_with_the_last_part_first() -> None:
    assert turned("Ada Byron") == "Byron, Ada"
    assert same("Byron, Ada", "ada byron") and same("Ada Byron", "Byron, Ada")
    assert not same("Ada Byron", "Byron Ada")
