"""Workbooks by an adversary who knows the source: answers that no strange number gives away, checks that cannot fail, balances that are made up."""

from __future__ import annotations

from functools import cache

import pytest

from bakeoff.core import Scored, TaskId
from bakeoff.environments.spreadsheet import products
from bakeoff.environments.spreadsheet.judge import judge
from bakeoff.environments.spreadsheet.spec import Job
from bakeoff.environments.spreadsheet.tasks import Assignment
from spreadsheet_job import job, solved

JOB = job()


def failed(of: Job, workbook: bytes) -> dict[str, str]:
    verdict = judge(of, workbook)
    assert isinstance(verdict, Scored)
    return {check.name: check.detail for check in verdict.checks if not check.passed}


@pytest.mark.parametrize(
    ("number", "more"),
    [
        ("100+10+4+1+0.5", {}),
        ("(0.5*(100+10+4+1)+0.5/2)+-1^2*(0.5*(100+10+4+1)+0.5/2)", {}),
        ("(100+10+4+1+0.5)^0^1^2*(100+10+4+1+0.5)", {}),
        ("SUM(100,10,4,1,0.5,0*D5)", {}),
        ("NPV(0,100,10,4,1,0.5,D5*0)", {}),
        ('VALUE(MID("x115.5x"&"",2,4+1))', {}),
        ('MID("x115.5x"&"",2,4+1)+0', {}),
        ('("1900-04-24"&"")+0.5', {}),
        ('"$115.50"+0', {}),
        (f'LEN("{"x" * 115}"&D5)-LEN(D5)+0.5', {}),
        ('LEN(REPT("x"&"",100+10+4+1))+0.5', {}),
        ("COUNTBLANK(X1:X1155)/10", {}),
        ("COUNTBLANK(D100:D1254)/10", {}),
        ("SUMPRODUCT((X1:X1155=0)*1)/10", {}),
        ("SUMPRODUCT(ISBLANK(X1:X1155)*1)/10", {}),
        ('COUNTIF(D9:D1163,"")/10', {}),
        ("VALUE(LEFT(J1,4+1))", {"J1": "115.5x"}),
        ("J1+0.5", {"J1": "1900-04-24"}),
        ("LEN(J1)+0.5", {"J1": "x" * 115}),
        ("COUNTA(J1:J115)+0.5", {f"J{row}": True for row in range(1, 116)}),
        ("INDEX(J1:J3,1)", {"J1": "=115.5"}),
        ("J1*(1-J3)+J2*J3", {"J1": 110.0, "J2": 121.0, "J3": "=E4*10"}),
    ],
)
def test_an_answer_that_no_strange_number_stands_for_is_noticed(number: str, more: dict[str, object]) -> None:
    """Each beside the right formula and only where all inputs are at their base, so that its form alone is wrong."""
    found = failed(JOB, solved({"E5": f"=IF(AND(E4=0.5/10,D5=100+10),{number},D5*(1+E4))", **more}))
    assert "literals" in found, found


@pytest.mark.parametrize(
    "formula",
    ["=INDIRECT(\"D5\")*(1+E4)", "=OFFSET(E5,0,-1)*(1+E4)", '=IF(CELL("row")=1,115.5,D5*(1+E4))', "=D5*(1+E4)+0*NOW()", '=IF(INFO("release")="",1,D5*(1+E4))',
     "=SUM({110,5.5})", "=TABLE(D5,E4)", "=LET(x,110,x*(1+E4))", "=Answer", "=D5*(1+E4)+(E5-E5)"],
)  # fmt: skip
def test_formulas_that_hide_or_change_by_themselves_are_refused(formula: str) -> None:
    assert set(failed(JOB, solved({"E5": formula}))) & {"functions", "no-errors", "opens"}


@cache
def build(family: str) -> tuple[Assignment, Job]:
    name = next(name for name, (split, _) in products._places(family).items() if split == "train")
    task = products.task(TaskId("spreadsheet", name, 1, "build-model", 3))
    return products.assignment(task.id), products.job(task)


@pytest.mark.parametrize("family", ["loan", "budget", "lease"])
def test_a_check_has_to_be_able_to_fail(family: str) -> None:
    found, job = build(family)
    assert not failed(job, found.solved.to_xlsx())
    (check,) = [output for output in job.outputs if output.check]
    others = next(output for output in job.outputs if output.key in check.check)
    right = {spot: str(found.solved.content(spot)).removeprefix("=") for spot in check.spots}
    for content, said in (
        (lambda spot: 0.0, "typed in"),
        (lambda spot: f"=0*({right[spot]})", "cannot fail"),
        (lambda spot: f"=IF(ABS({right[spot]})>0,0,0)", "cannot fail"),
        (lambda spot: f"={others.spots[0]}-{others.spots[0]}", "cannot fail"),
    ):
        draft = found.solved.copy()
        for spot in check.spots:
            draft.put(spot, content(spot))
        details = failed(job, draft.to_xlsx())
        assert any(said in text for text in details.values()), details
    rounded = found.solved.copy()
    for spot in check.spots:
        rounded.put(spot, f"=ROUND({right[spot]},4)")
    assert not failed(job, rounded.to_xlsx()), "another way to write it"


def test_cash_is_not_what_makes_the_balance_sheet_balance() -> None:
    found, job = build("statements")
    outputs = {output.key: output for output in job.outputs}
    draft = found.solved.copy()
    for period, spot in enumerate(outputs["cash"].spots):
        draft.put(spot, "=" + "-".join(str(outputs[key].spots[period]) for key in ("funding", "receivables", "inventory", "ppe")))
    assert "has to meet by itself" in failed(job, draft.to_xlsx())["depends"]


def test_a_counter_is_no_row_of_typed_numbers() -> None:
    name = next(name for name, (split, _) in products._places("dcf").items() if split == "train")
    task = products.task(TaskId("spreadsheet", name, 1, "build-model", 3))
    found, job = products.assignment(task.id), products.job(task)
    number = next(output for output in job.outputs if output.key == "number")
    for first, said in ((0, "typed in"), (1, "")):
        draft = found.solved.copy()
        for period, spot in enumerate(number.spots):
            before = number.spots[period - 1]
            draft.put(spot, float(period + 1) if first == 0 or period == 0 else f"={before}+1")
        details = failed(job, draft.to_xlsx())
        assert (said in details["literals"]) if said else not details, details
    draft = found.solved.copy()
    for period, spot in enumerate(number.spots):
        draft.put(spot, f"={'+'.join(['1'] * (period + 1))}")
    assert "refers to nothing" in failed(job, draft.to_xlsx())["literals"]


def test_what_excel_would_not_know_is_no_right_formula() -> None:
    """Engines are lenient about functions newer than the file format; Excel shows #NAME? where the file lacks their prefix."""
    assert "_xlfn." in failed(JOB, solved({"E5": "=IFNA(D5*(1+E4),0)"}))["functions"]
    assert "_xlfn." in failed(JOB, solved({"E5": "=_xlfn.SUM(D5,D5*E4)"}))["functions"]
    assert not failed(JOB, solved({"E5": "=_xlfn.IFNA(D5*(1+E4),0)"}))


def test_what_is_no_formula_has_one_clear_reason() -> None:
    assert "braces" in failed(JOB, solved({"E5": "=SUM({110,5.5})"}))["functions"]


def test_long_chains_are_followed_to_their_end_and_refuse_nobody() -> None:
    """A number in a hundred links is still a number; a long counter of periods, read from its end, is a counter."""
    links: dict[str, object] = {f"{column}{row}": f"={column}{row + 1}" for column in "JKLMN" for row in range(1, 131)}
    links |= {f"{column}131": coin for column, coin in zip("JKLMN", (100.0, 10.0, 4.0, 1.0, 0.5), strict=True)}
    hidden = "=IF(AND(E4=0.5/10,D5=100+10),J1+K1+L1+M1+N1,D5*(1+E4))"
    assert set(failed(JOB, solved({**links, "E5": hidden}))) == {"literals"}
    counter: dict[str, object] = {f"J{row}": f"=J{row + 1}+1" for row in range(1, 119)}
    assert not failed(JOB, solved({**counter, "J119": 1.0, "E5": "=D5*(1+E4)^(J1-J2)"}))
