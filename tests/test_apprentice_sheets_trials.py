"""The apprentice at a spreadsheet: what outcomes do to its hypotheses, what adds up over workbooks, what it reckons in the head before it hands in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.agents.apprentice.agent import Apprentice
from bakeoff.agents.apprentice.sheets.counts import Counts
from bakeoff.agents.apprentice.sheets.grid import Row
from bakeoff.agents.apprentice.sheets.ideas import Idea, Operand, probe
from bakeoff.agents.apprentice.sheets.papers import Papers
from bakeoff.agents.apprentice.sheets.past import Past, noise
from bakeoff.agents.apprentice.sheets.reckoner import enter
from bakeoff.agents.apprentice.sheets.review import Planned, revised, troubles
from bakeoff.agents.apprentice.sheets.targets import clause, scopes
from bakeoff.agents.apprentice.sheets.trials import DOUBT, Trial, Trials, tempered
from bakeoff.core import Outcome
from test_apprentice_sheets import TOOLS, Toy, model
from test_apprentice_sheets_places import book

CHANCES = st.lists(st.floats(0.05, 1.0), min_size=1, max_size=12)


def tried(chances: list[float]) -> list[Trial]:
    return [Trial(f"row {at}", "so", chance) for at, chance in enumerate(chances)]


# --- evidence ---------------------------------------------------------------------------------------------------------------------------


@given(CHANCES)
def test_a_failure_speaks_against_all_that_a_job_rested_on_and_loudest_against_the_least_certain(chances: list[float]) -> None:
    trials, rested = Trials(), tried(chances)
    trials.learn(rested, passed=False)
    said = [trials.evidence(trial.place, "so") for trial in rested]
    assert all(evidence <= 0 for evidence in said)
    capped = [min(chance, 1 - DOUBT) for chance in chances]
    assert said[int(np.argmin(capped))] == pytest.approx(min(said))
    assert trials.evidence("row 0", "otherwise") == 0.0


@given(CHANCES)
def test_a_pass_speaks_for_all_and_what_was_left_alone_counts_the_other_way(chances: list[float]) -> None:
    trials = Trials()
    trials.learn([*tried(chances), Trial("left alone", "a remedy", 0.9, against=True)], passed=True)
    assert all(trials.evidence(trial.place, "so") > 0 for trial in tried(chances))
    assert trials.evidence("left alone", "a remedy") < 0


def test_the_more_a_job_rested_on_the_less_its_failure_says_of_each() -> None:
    alone, among = Trials(), Trials()
    alone.learn(tried([0.9]), passed=False)
    among.learn(tried([0.9] * 12), passed=False)
    assert alone.evidence("row 0", "so") < among.evidence("row 0", "so") < 0


def test_failed_checks_come_to_point_to_the_kind_of_hypothesis_that_was_wrong() -> None:
    trials = Trials()
    for at in range(4):  # jobs that rest on one kind only show what fails with it
        trials.learn([Trial(f"figure {at}", "so", 0.9, kind="figure")], passed=False, checks=["entries"])
        trials.learn([Trial(f"formula {at}", "so", 0.9, kind="formula")], passed=False, checks=["values"])
    both = [Trial("this figure", "so", 0.9, kind="figure"), Trial("this formula", "so", 0.9, kind="formula")]
    trials.learn(both, passed=False, checks=["values"])
    assert trials.evidence("this formula", "so") < -1.0 < trials.evidence("this figure", "so")


@given(CHANCES)
def test_checks_of_which_nothing_is_known_say_no_more_than_the_failure(chances: list[float]) -> None:
    told, untold = Trials(), Trials()
    told.learn(tried(chances), passed=False, checks=["values"])
    untold.learn(tried(chances), passed=False)
    for trial in tried(chances):
        assert told.evidence(trial.place, "so") == pytest.approx(untold.evidence(trial.place, "so"))


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=20))
def test_no_belief_is_surer_than_it_may_be_and_the_order_stays(logits: list[float]) -> None:
    chances = tempered(np.array(logits))
    assert math.isclose(chances.sum(), 1.0, abs_tol=1e-6)
    assert chances.max() <= 1 - DOUBT + 1e-6
    order = np.argsort(logits)
    assert (np.diff(chances[order]) >= -1e-9).all()


# --- at work ----------------------------------------------------------------------------------------------------------------------------


def test_what_failed_by_itself_is_not_tried_again_at_once() -> None:
    agent = Apprentice(TOOLS, 1)
    before = ""
    for _ in range(4):
        toy = model()
        toy.play(agent)
        assert toy.cells["D3"] != before
        before = str(toy.cells["D3"])
        agent.learn(toy.last, Outcome("outcome", passed=False))


def test_what_passed_stays() -> None:
    agent = Apprentice(TOOLS, 1)
    chosen = set()
    for _ in range(4):
        toy = model()
        toy.play(agent)
        chosen.add(toy.cells["D3"])
        agent.learn(toy.last, Outcome("outcome", passed=True))
    assert len(chosen) == 1


def test_a_label_that_an_instruction_only_touches_upon_does_not_stand_for_the_whole_job() -> None:
    rows: list[list[object]] = [["Year", "2021", "2022", "2023", "2024"]]
    rows += [[label, 1.0, 2.0, None, None] for label in ("Eggs", "Milk", "Wool", "Straw", "Farm plan")]
    found = book(rows)
    ways = scopes(found, Papers({}), "The Farm plan is to be built for 2023 to 2024.")
    assert {way.kind for way in ways} == {"named", "unfinished"}
    assert {way.kind: way.features["rows left open"] for way in ways} == {"named": math.log(5), "unfinished": 0.0}


def farm(goal: str) -> Toy:
    """Two lines that are reckoned alike in three years, and open in the two to come."""
    cells: dict[str, object] = {"A1": "Year", "A2": "Hens", "A3": "Eggs", "A4": "Shells"}
    for column, letter in enumerate("BCDEF"):
        cells |= {f"{letter}1": f"{2021 + column}", f"{letter}2": 3.0 + column**2}
        if letter < "E":
            cells |= {f"{letter}3": f"={letter}2*7", f"{letter}4": f"={letter}2*2"}
    return Toy(goal, cells)


def test_the_reading_of_an_instruction_gives_way_when_it_fails() -> None:
    agent = Apprentice(TOOLS, 1)
    done = []
    for _ in range(3):
        toy = farm("Please carry Eggs on.")  # and Shells are meant as well
        toy.play(agent)
        done.append("E4" in toy.cells)
        assert toy.cells["E3"] == "=E2*7"
        agent.learn(toy.last, Outcome("outcome", passed=done[-1]))
    assert done == [False, True, True]


def test_the_kind_of_job_is_an_instruction_without_what_it_names() -> None:
    assert clause("Fill in “Eggs” for 2024 to Q3 2025. Use formulas.") == clause("Fill in “Milk” for 2026 to Q1 2031; no numbers.")
    assert clause("Fill in “Eggs” for 2024.") != clause("Mend “Eggs” for 2024.")


# --- what adds up over workbooks --------------------------------------------------------------------------------------------------------


def test_a_row_seen_in_two_workbooks_was_seen_twice_wherever_it_stood() -> None:
    agent = Apprentice(TOOLS, 1)
    for shift in (0, 3):
        toy = model(filled=True)
        toy.goal = "Fill in Left over."
        for letter in "DEF":
            del toy.cells[f"{letter}6"]
            toy.cells[f"{letter}{4 + 6 + shift}"] = toy.cells.pop(f"{letter}4")
            before = chr(ord(letter) - 1)
            toy.cells |= {f"{letter}5": f"=-{letter}3*{letter}{10 + shift}", f"{letter}3": f"={before}3*(1+{letter}2)"}
        toy.cells[f"A{10 + shift}"] = toy.cells.pop("A4")
        toy.percent = (2, 10 + shift)
        toy.play(agent)
    assert any("Seed share" in belief and "seen 2 times" in belief for belief in agent.beliefs())


def test_a_guard_seen_in_one_house_keeps_another_house_from_an_error() -> None:
    def rates(title: str, last: float, label: str) -> Toy:
        cells: dict[str, object] = {"A1": "Year", "A2": "Eggs", "A3": "Hens", "A4": label}
        hens = (3.0, 5.0, 4.0, 9.0, 7.0)
        for column, letter in enumerate("BCDEF"):
            cells |= {f"{letter}1": f"{2024 + column}", f"{letter}2": 30.0 + 7 * column, f"{letter}3": hens[column]}
            if column < 3:
                cells[f"{letter}4"] = (30.0 + 7 * column) / hens[column]
        cells["F3"] = last
        return Toy(f"Please complete “{label}” for 2027 to 2028.", cells, title=title)

    agent = Apprentice(TOOLS, 1)
    alone = rates("house-two.xlsx", 0.0, "Yield")
    alone.play(Apprentice(TOOLS, 1))
    assert not np.isfinite(float(alone.value(_ref("F4"))))  # type: ignore[arg-type]
    seen = rates("house-one.xlsx", 0.0, "Laid")
    for letter in "BCDEF":
        seen.cells |= {f"{letter}5": f"=IF({letter}3=0,0,{letter}2/{letter}3)"}
    seen.cells["A5"] = "Output rate"
    seen.play(agent)
    toy = rates("house-two.xlsx", 0.0, "Yield")
    toy.play(agent)
    assert toy.value(_ref("F4")) == 0.0


def _ref(address: str):  # type: ignore[no-untyped-def]
    from bakeoff.agents.apprentice.sheets.formula import read_ref

    return read_ref(address)


# --- rounding, stale numbers, the head --------------------------------------------------------------------------------------------------

CHECK = [
    ["Year", "2021", "2022", "2023", "2024"],
    ["Eggs", 30.1, 31.7, 33.3, 34.1],
    ["Sold", 10.2, 11.1, 12.9, 13.3],
    ["Kept", ("=B2-B3", 19.9), ("=C2-C3", 20.6), ("=D2-D3", 20.4), ("=E2-E3", 20.8)],
    ["Check", ("=B2-B3-B4", 3.6e-15), ("=C2-C3-C4", 0.0), ("=D2-D3-D4", -7.1e-15), None],
]


def test_what_is_left_of_a_difference_by_rounding_is_nothing() -> None:
    found = book(CHECK)
    past = Past(found, Row("Farm", 5), (2, 3, 4), noise=noise(found))
    own = Idea("{0}-{1}-{2}", tuple(Operand(Row("Farm", number)) for number in (2, 3, 4)))
    assert not past.telling
    assert past.compare(own) == (3, 0)


def test_a_check_goes_on_by_its_own_formula_and_is_not_carried_forward() -> None:
    cells: dict[str, object] = {"A1": "Year", "A2": "Eggs", "A3": "Sold", "A4": "Kept", "A5": "Check"}
    for column, letter in enumerate("BCDEF"):
        cells |= {f"{letter}1": f"{2021 + column}", f"{letter}2": 30.1 + 1.7 * column, f"{letter}3": 10.2 + 0.9 * column}
        cells[f"{letter}4"] = f"={letter}2-{letter}3"
        if letter < "F":
            cells[f"{letter}5"] = f"={letter}2-{letter}4-{letter}3"
    toy = Toy("Please complete “Check” for 2025.", cells)
    toy.play(Apprentice(TOOLS, 1))
    assert toy.cells["F5"] == "=F2-F4-F3"


def test_what_follows_from_an_entry_is_known_before_any_screen_shows_it() -> None:
    found = book([CHECK[0], CHECK[1], ["Sold", 10.2, 11.1, 12.9, None], ["Kept", *CHECK[3][1:4], ("=E2-E3", 34.1)]])
    enter(found, Row("Farm", 3), {5: "=D3+1"})
    assert found.sheets["Farm"].at(3, 5).number == pytest.approx(13.9)
    assert found.sheets["Farm"].at(4, 5).number == pytest.approx(20.2)


def test_ideas_are_the_same_only_where_they_are_the_same_for_zeros_and_negative_numbers_too() -> None:
    two = tuple(Operand(Row("Farm", number)) for number in (2, 3))
    assert probe(Idea("{0}/{1}", two)) != probe(Idea("IF({1}=0,0,{0}/{1})", two))
    assert probe(Idea("MAX({0}-{1},0)", two)) != probe(Idea("{0}-{1}", two))
    assert probe(Idea("{0}-{1}", two)) == probe(Idea("-{1}+{0}", two))


def test_a_plan_that_breaks_a_row_of_nothing_is_changed_where_it_is_least_certain() -> None:
    found = book([*CHECK[:3], ["Kept", *CHECK[3][1:4], None], [*CHECK[4][:4], ("=E2-E3-E4", 20.8)]])
    kept, nils = Row("Farm", 4), frozenset({Row("Farm", 5)})
    eggs, sold = (Operand(Row("Farm", number)) for number in (2, 3))
    ideas = (Idea("{0}+{1}", (eggs, sold)), Idea("{0}-{1}", (eggs, sold)))
    plan = [Planned(kept, (5,), ideas, (0.7, 0.3), {})]
    assert troubles(found, plan, {}, nils) == nils
    assert revised(found, plan, nils) == {kept: 1}
    assert revised(found, [Planned(kept, (5,), ideas, (0.999, 0.001), {})], nils) == {}  # what is not likely is not tried


# --- repair -----------------------------------------------------------------------------------------------------------------------------


def test_a_paper_that_the_instruction_names_may_say_how_many_lines_are_wrong() -> None:
    papers = Papers({"Note": "3 lines in “Plan 2” cannot be right.", "Rules": "5 % is 0.05."})
    goal = "Mend this file; see “Note”."
    assert Counts().said(goal, papers.titled(goal)) == 3


def test_a_reference_that_slips_along_a_row_is_mended_by_what_the_house_did_before() -> None:
    agent = Apprentice(TOOLS, 1)

    def discount(slips: bool) -> Toy:
        cells: dict[str, object] = {"A1": "Year", "A2": "Rate", "B2": 0.07, "A3": "Turn", "A4": "Factor", "A5": "Flow", "A6": "Worth"}
        for column, letter in enumerate("BCDEF"):
            rate = f"{letter}2" if slips else "$B2"
            cells |= {f"{letter}1": f"{2021 + column}", f"{letter}3": 1.0 + column, f"{letter}5": 20.0 + column}
            cells |= {f"{letter}4": f"=1/(1+{rate})^{letter}3", f"{letter}6": f"={letter}5*{letter}4"}
        return Toy("", cells, percent=(2,))

    for _ in range(2):
        seen = discount(False)
        seen.goal = "Please complete “Worth” for 2025."
        del seen.cells["F6"]
        seen.play(agent)
        agent.learn(seen.last, Outcome("outcome", passed=True))
    toy = discount(True)
    toy.goal = "Something is wrong in this file; find it and put it right."
    toy.play(agent)
    assert toy.value(_ref("F4")) == pytest.approx(1.07**-5)


def test_a_workbook_that_was_not_mended_still_shows_how_a_row_may_be_reckoned() -> None:
    def hens(goal: str) -> Toy:
        cells: dict[str, object] = {"A1": "Year", "A2": "Hens", "A3": "Feed", "A4": "Cost", "A5": "Eggs"}
        for column, letter in enumerate("BCDEF"):
            cells |= {
                f"{letter}1": f"{2021 + column}",
                f"{letter}2": 3.0 + column**2,
                f"{letter}3": 2.0 + column,
                f"{letter}5": f"={letter}2*7",
            }
            cells[f"{letter}4"] = f"=MAX({letter}2*{letter}3-9,{letter}3)"
        return Toy(goal, cells)

    agent = Apprentice(TOOLS, 1)
    wrong = hens("Something is wrong in this file; find it and put it right.")
    wrong.play(agent)
    agent.learn(wrong.last, Outcome("outcome", passed=False))
    toy = hens("Please complete “Cost” for 2021 to 2025.")
    right = {f"{letter}4": toy.cells.pop(f"{letter}4") for letter in "BCDEF"}
    toy.play(agent)
    assert {address: toy.cells[address] for address in right} == right
