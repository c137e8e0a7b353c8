"""The verdict on a saved workbook: right ones pass whatever their form, wrong ones fail by the check that names what is wrong, and nothing breaks it."""

from __future__ import annotations

import io
import os
import random
import signal
from dataclasses import replace

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core import Action, Scored, Verdict
from bakeoff.environments.spreadsheet import bare, hostile
from bakeoff.environments.spreadsheet.book import Formula, read
from bakeoff.environments.spreadsheet.desk import Desk
from bakeoff.environments.spreadsheet.disguises import disguises
from bakeoff.environments.spreadsheet.judge import judge
from bakeoff.environments.spreadsheet.judge.process import OFFICE, Crashed, Office
from bakeoff.environments.spreadsheet.judge.scenarios import draw
from bakeoff.environments.spreadsheet.judge.verify import _order
from bakeoff.environments.spreadsheet.spec import Driver, Output, Question, Spot
from spreadsheet_job import FILLED, job, other, solved, spots

JOB = job()


def failed(verdict: Verdict) -> dict[str, str]:
    """Failed checks with what they say."""
    assert isinstance(verdict, Scored)
    return {check.name: check.detail for check in verdict.checks if not check.passed}


def test_a_right_workbook_passes_every_check() -> None:
    verdict = judge(JOB, solved())
    assert isinstance(verdict, Scored) and verdict.passed
    assert [check.name for check in verdict.checks] == [
        "opens", "frame", "inputs-kept", "functions", "no-errors", "base", "scenarios", "depends", "literals", "identities", "engines-agree",
    ]  # fmt: skip
    assert len(verdict.evidence["scenarios"]) >= 9
    assert verdict.evidence["hygiene findings"] == ["there is no check"] and verdict.evidence["hygiene"] == 0.857
    checked = judge(JOB, solved({"A12": "Check", "E12": "=E8-E5-E7", "F12": "=F8-F5-F7", "G12": "=G8-G5-G7"}))
    assert isinstance(checked, Scored) and checked.passed and checked.evidence["hygiene"] == 1.0
    assert judge(JOB, solved()) == verdict


@pytest.mark.parametrize(
    "changes",
    [
        {"E5": "=D5+D5*E4", "F5": "=E5+E5*F4"},
        {"E5": "=SUM(D5,PRODUCT(D5,E4))"},
        {"J5": "=D5", "E5": "=J5*(1+E4)"},
        {"E8": "=E5*(1-E6)", "G8": "=SUM(G5,G7)"},
        {"F5": "=$D$5*(1+$E$4)*(1+F4)"},
        {"E7": "=-ROUND(E5*E6,12)"},
        {"A20": "my notes", "B20": "=SUM(E5:G5)"},
        {"F5": "=ROUND(0.5,0)*E5*(1+F4)"},
    ],
)
def test_other_ways_to_write_it_pass(changes: dict[str, object]) -> None:
    assert failed(judge(JOB, solved(changes))) == {}


@pytest.mark.parametrize(
    ("changes", "check", "says"),
    [
        ({"F5": 122.43}, "scenarios", "Model!F5 (Revenue) stays 122.43 when"),
        (
            {"F5": "=IF(F4=0.06,122.43,E5*(1+F4))"},
            "literals",
            "Model!F5 =IF(F4=0.06,122.43,E5*(1+F4)) has the number 0.06, 122.43 written into it",
        ),
        ({"J5": 110, "E5": "=J5*(1+E4)"}, "literals", "Model!J5 holds the number 110, which is no given input"),
        ({"E5": "=115.5+0*E4+0*D5"}, "scenarios", "Model!E5"),
        ({"E7": "=E5*E6"}, "base", "Model!E7 (Costs) shows 69.3; expected -69.3"),
        ({"G8": "=F5+F7"}, "base", "Model!G8 (Gross profit) shows 47.7477; expected 49.780038"),
        ({"E4": 0.06}, "inputs-kept", "Model!E4 (growth) is an input and holds 0.06 instead of 0.05"),
        ({"E4": "=0.05"}, "inputs-kept", "Model!E4 (growth) is an input and holds the formula =0.05"),
        ({"A5": "Sales"}, "frame", "Model!A5 was 'Revenue' and is 'Sales'; it was not to be changed"),
        ({"D8": 45}, "frame", "Model!D8 was =D5+D7 and is 45; it was not to be changed"),
        ({"C5": None}, "frame", "Model!C5 was 100 and is empty"),
        ({"E5": "=OFFSET(D5,0,0)*(1+E4)"}, "functions", "OFFSET is not among those that may be used here"),
        ({"E5": "=D5:D6*(1+E4)"}, "functions", "as if it were one number"),
        ({"E5": "=Sales*(1+E4)"}, "functions", "the name 'Sales', which stands for no cells"),
        ({"E8": "=E8+0"}, "no-errors", "Model!E8 shows #CIRC!"),
        ({"J9": "=1/0"}, "no-errors", "Model!J9 shows #DIV/0!"),
        ({"E8": None}, "base", "Model!E8 (Gross profit) shows empty; expected 46.2"),
        ({"E5": "'=D5*(1+E4)"}, "base", "shows the text"),
        ({"G7": "=-ROUND(G5*G6,0)"}, "base", "Model!G7"),
        ({"G8": "=G5+G7*1.1", "E8": "=E5"}, "identities", "revenue less costs is gross profit: off by"),
    ],
)
def test_what_is_wrong_fails_by_name_and_cell(changes: dict[str, object], check: str, says: str) -> None:
    found = failed(judge(JOB, solved(changes)))
    assert says in found[check], found


def test_an_untouched_file_and_a_lost_sheet_fail() -> None:
    assert {"base", "scenarios", "depends"} <= failed(judge(JOB, JOB.workbook)).keys()
    book = openpyxl.load_workbook(io.BytesIO(solved()))
    book["Model"].title = "Model 2"
    buffer = io.BytesIO()
    book.save(buffer)
    assert "the sheet 'Model' is gone" in failed(judge(JOB, buffer.getvalue()))["frame"]


@pytest.mark.parametrize("row", [1, 4, 5, 6, 8, 9])
def test_inserted_rows_do_not_matter(row: int) -> None:
    desk = Desk(JOB)
    for cell, content in FILLED.items():
        desk.perform(Action("write", {"cell": f"Model!{cell}", "content": content}))
    desk.perform(Action("insert_rows", {"sheet": "Model", "row": row, "count": 2}))
    assert failed(judge(JOB, desk.save())) == {}
    desk.perform(Action("delete_rows", {"sheet": "Model", "row": 4 + (2 if row <= 4 else 0)}))
    assert {"frame", "inputs-kept"} <= failed(judge(JOB, desk.save())).keys()


def test_figures_asked_for_are_part_of_the_verdict() -> None:
    asked = other(question=Question(46.2, 0.05))
    for answer in ("46.2", "It is 46.2", "46.16", "46.20"):
        assert failed(judge(asked, solved(), answer)) == {}, answer
    for answer, says in (
        ("", "no figure"),
        ("46.2 or 47", "2 numbers"),
        ("-46.2", "expected 46.2"),
        ("462", "expected 46.2"),
        ("about half", "no figure"),
    ):
        assert says in failed(judge(asked, solved(), answer))["answer"]


def test_a_rate_may_be_said_as_people_say_it() -> None:
    """In a house that writes 5 for 5 %, `5 %` is 5 and not 0.05."""
    for percent, right, wrong in ((0.01, "5.4 %", "5.4"), (1.0, "5.4 %", "0.054"), (100.0, "540 bps", "540 %")):
        asked = other(question=Question(0.054 * 100 * percent, 0.0001 * 100 * percent, percent))
        assert failed(judge(asked, solved(), right)) == {}, right
        assert "answer" in failed(judge(asked, solved(), wrong)), wrong


def test_figures_that_go_far_excuse_no_rounding_in_the_others() -> None:
    """A scenario in billions is no reason to be off by a cent where figures are small."""
    wide = other(drivers=tuple(replace(driver, high=1e12) if driver.key == "revenue_history" else driver for driver in JOB.drivers))
    assert {"base", "scenarios"} <= failed(judge(wide, solved({"G5": "=ROUNDUP(F5*(1+G4),1)"}))).keys()
    assert failed(judge(wide, solved())) == {}


def test_a_file_that_takes_too_long_ends_its_process_and_nothing_else() -> None:
    """The limit is of processor time, so that a busy machine fails nobody."""
    book = read(solved())
    book.sheets[0].cells |= {(row, 30): Formula(f"=AD{row - 1}+1") for row in range(1_001, 16_001)}
    long = bare.write(book)
    office = Office(seconds=0.4)
    try:
        for _ in range(2):
            with pytest.raises(Crashed, match=r"more than 0\.4 seconds"):
                office.ask(_order(JOB), JOB.workbook, long)
    finally:
        office.close()
    assert failed(judge(JOB, solved())) == {}


def test_names_stand_in_for_places_where_the_layout_is_the_workers_own() -> None:
    free = replace(
        JOB,
        drivers=tuple(replace(driver, spots=(), name=f"in_{driver.key}", given=False) for driver in JOB.drivers),
        outputs=tuple(replace(output, spots=(), name=f"out_{output.key}") for output in JOB.outputs),
        open=frozenset({*spots(4), *spots(5, (4, 5, 6, 7)), *spots(6), *spots(7), *spots(8)}),
    )
    desk = Desk(free)
    for cell, content in FILLED.items():
        desk.perform(Action("write", {"cell": f"Model!{cell}", "content": content}))
    missing = failed(judge(free, desk.save()))
    assert "no cells have the name 'in_revenue_history'" in missing["frame"]
    for name, area in {
        "in_revenue_history": "D5",
        "in_growth": "E4:G4",
        "in_cost_rate": "E6:G6",
        "out_revenue": "E5:G5",
        "out_costs": "E7:G7",
    }.items():
        desk.perform(Action("name_range", {"name": name, "range": f"Model!{area}"}))
    desk.perform(Action("name_range", {"name": "out_profit", "range": "Model!E8:F8"}))
    assert "stands for 2 cells; 3 were asked for" in failed(judge(free, desk.save()))["frame"]
    desk.perform(Action("name_range", {"name": "out_profit", "range": "Model!E8:G8"}))
    assert failed(judge(free, desk.save())) == {}


def test_scenarios_belong_to_what_was_handed_in() -> None:
    one, again, two = draw(JOB, b"a"), draw(JOB, b"a"), draw(JOB, b"b")
    assert one == again and one != two and one[0].name == "base"
    for scenario in (*one, *two):
        for driver in JOB.drivers:
            assert all(driver.low <= number <= driver.high for number in scenario.values[driver.key]), scenario
    moved = {key for scenario in one if len(scenario.moved) == 1 for key in scenario.moved}
    assert moved == {"revenue_history", "growth", "cost_rate"}


@settings(max_examples=40, deadline=None)
@given(
    st.binary(min_size=1, max_size=8),
    st.lists(st.sampled_from(["rate", "money", "count", "days", "date", "switch"]), min_size=1, max_size=9),
    st.integers(0, 10**6),
)
def test_scenarios_stay_within_what_is_legal(digest: bytes, units: list[str], seed: int) -> None:
    rng = random.Random(seed)
    drivers = []
    for index, unit in enumerate(units):
        low, high = sorted((rng.uniform(-100, 100), rng.uniform(100, 2_000)))
        if unit in ("count", "days", "date", "switch"):
            low, high = float(round(low)), float(round(high))
        base = tuple(float(rng.randint(round(low) + 1, round(high) - 1)) for _ in range(3))
        drivers.append(Driver(f"d{index}", spots(4), unit, base, low, high))  # type: ignore[arg-type]
    found = draw(replace(JOB, drivers=tuple(drivers)), digest)
    assert len(found) >= 9
    for scenario in found:
        for driver in drivers:
            for number in scenario.values[driver.key]:
                assert driver.low <= number <= driver.high
                assert driver.unit not in ("count", "days", "date", "switch") or number == int(number)


def test_every_disguise_is_refused() -> None:
    kinds: dict[str, int] = {}
    accepted = []
    for disguise in disguises(JOB, solved()):
        kinds[disguise.kind] = kinds.get(disguise.kind, 0) + 1
        verdict = judge(JOB, disguise.workbook)
        if not isinstance(verdict, Scored) or verdict.value != 0:
            accepted.append(disguise.name)
    assert not accepted and len(kinds) >= 55


@pytest.mark.parametrize("name", sorted(set(hostile.CLAIMS) - {"crowd", "bomb"}))
def test_hostile_files_get_one_clear_reason(name: str) -> None:
    found = failed(judge(JOB, hostile.make(name, solved())))
    assert len(found) == 1, found
    assert all(detail and "\n" not in detail and len(detail) < 300 for detail in found.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["crowd", "bomb"])
def test_huge_files_get_one_clear_reason(name: str) -> None:
    assert list(failed(judge(JOB, hostile.make(name, solved())))) == ["opens"]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_a_damaged_file_never_breaks_the_verifier(seed: int) -> None:
    rng = random.Random(seed)

    def edit(parts: dict[str, bytes]) -> None:
        name = rng.choice(sorted(name for name in parts if name.endswith((".xml", ".rels"))))
        content = bytearray(parts[name])
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(content))
            choice = rng.random()
            if choice < 0.4:
                content[at] = rng.randrange(32, 127)
            elif choice < 0.7:
                del content[at : at + rng.randint(1, 30)]
            else:
                content[at:at] = content[max(0, at - 40) : at]
        parts[name] = bytes(content)

    verdict = judge(JOB, hostile.repacked(solved(), edit))
    assert isinstance(verdict, Scored)


def test_the_verifier_survives_the_loss_of_its_process() -> None:
    before = judge(JOB, solved())
    child = OFFICE._child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    child.wait(10)
    assert judge(JOB, solved()) == before


def test_numbers_are_not_taken_for_right_because_they_are_small() -> None:
    tiny = replace(
        JOB,
        drivers=tuple(
            replace(driver, base=(0.0011,), low=0.0001, high=1.0) if driver.key == "revenue_history" else driver for driver in JOB.drivers
        ),
    )
    book = openpyxl.load_workbook(io.BytesIO(tiny.workbook))
    book["Model"]["D5"] = 0.0011
    buffer = io.BytesIO()
    book.save(buffer)
    tiny = replace(tiny, workbook=buffer.getvalue(), open=tiny.open)
    assert failed(judge(tiny, solved(of=tiny))) == {}
    assert "base" in failed(judge(tiny, solved({"E5": "=D5*(1+E4)*1.01"}, of=tiny))) or "scenarios" in failed(
        judge(tiny, solved({"E5": "=D5*(1+E4)*(1+1/100)"}, of=tiny))
    )


def test_outputs_without_inputs_are_possible() -> None:
    bare = replace(
        JOB,
        outputs=(Output("tax", "Tax", (Spot("Model", 12, 2),), "rate"),),
        reference=lambda _: {"tax": (0.25,)},
        identities=(),
        open=frozenset({Spot("Model", 12, 2)}),
    )
    assert failed(judge(bare, solved({"B12": "=B10"}))) == {}
    assert "base" in failed(judge(bare, solved({"B12": "=B10*2"})))
