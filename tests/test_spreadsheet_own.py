"""Workbooks from elsewhere: a TOML file makes jobs of a finished workbook; mistakes in it are said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bakeoff.core import Action, Scored, TaskId, UsageError, run_episode
from bakeoff.environments.spreadsheet.own import NAMED, WorkbookEnvironment
from spreadsheet_job import solved

FILE = """
name = "harbour"
about = "Five rows of a revenue model."
workbook = "harbour.xlsx"

[[drivers]]
key = "history"
cells = "Model!D5"
low = 1.0
high = 10000.0
history = true

[[drivers]]
key = "growth"
cells = "Model!E4:G4"
unit = "rate"
low = -0.5
high = 2.0

[[drivers]]
key = "cost_rate"
cells = "Model!E6:G6"
unit = "rate"
low = 0.0
high = 1.0

[[outputs]]
key = "revenue"
label = "Revenue"
cells = "Model!E5:G5"

[[outputs]]
key = "profit"
label = "Gross profit"
cells = "Model!E8:G8"

[[papers]]
title = "Notes"
text = "Costs are written negative."

[[scenarios]]
name = "slump"
growth = -0.3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "harbour.xlsx").write_bytes(solved())
    (tmp_path / "harbour.toml").write_text(FILE)
    monkeypatch.setenv(NAMED, str(tmp_path))
    return tmp_path


def test_jobs_follow_from_a_finished_workbook(folder: Path) -> None:
    with WorkbookEnvironment() as environment:
        assert [product.templates for product in environment.products()] == [("fill-revenue", "fill-profit", "build")]
        for text in ("workbooks/harbour@1/fill-revenue#0", "workbooks/harbour@1/build#1"):
            task = environment.task(TaskId.parse(text))
            for proof in environment.proofs(task):
                if proof.kind == "attack" and proof.name not in ("boast", "remembered-results", "bomb"):
                    continue
                proof.play(environment, environment.reset(task))
                verdict = environment.verify()
                assert isinstance(verdict, Scored)
                assert verdict.passed == (proof.kind in ("expert", "alternative")), (proof.name, verdict)
        policy = environment.expert(task)
        assert policy is not None
        run = run_episode(environment, policy, task, agent="expert")
        assert "slump" in run.verdict.evidence["scenarios"]  # type: ignore[union-attr]


def test_figures_differ_by_seed_and_practice(folder: Path) -> None:
    with WorkbookEnvironment() as environment:
        tasks = [environment.task(TaskId.parse(f"workbooks/harbour@1/build#{seed}")) for seed in (0, 1, 2)]
        bases = [environment.job(task).base() for task in tasks]
        assert bases[0]["growth"] == (0.05, 0.06, 0.07) and bases[0] != bases[1] != bases[2]
        assert environment.practice(tasks[1]).base() not in bases
        environment.reset(tasks[1], practice=True)
        assert not environment.step(Action("write", {"cell": "E5", "content": "=D5"})).error


def test_a_python_function_can_be_the_reference(folder: Path) -> None:
    (folder / "ours.py").write_text(
        "def right(given):\n"
        "    revenue, profit, last = [], [], given['history'][0]\n"
        "    for growth, rate in zip(given['growth'], given['cost_rate']):\n"
        "        last *= 1 + growth\n"
        "        revenue.append(last)\n"
        "        profit.append(last - last * rate)\n"
        "    return {'revenue': tuple(revenue), 'profit': tuple(profit)}\n"
    )
    (folder / "harbour.toml").write_text(
        FILE.replace('workbook = "harbour.xlsx"', 'workbook = "harbour.xlsx"\nreference = "ours.py:right"')
    )
    with WorkbookEnvironment() as environment:
        task = environment.task(TaskId.parse("workbooks/harbour@1/build#3"))
        policy = environment.expert(task)
        assert policy is not None
        assert run_episode(environment, policy, task, agent="expert").verdict.to_dict()["value"] == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('workbook = "harbour.xlsx"', 'workbook = "nothing.xlsx"', "cannot read"),
        ('cells = "Model!E4:G4"', 'cells = "Sheet9!E4:G4"', "is no range of the workbook"),
        ('cells = "Model!E4:G4"', 'cells = "Model!E5:G5"', "holds no number"),
        ('cells = "Model!E8:G8"', 'cells = "Model!E4:G4"', "holds no formula"),
        ('key = "profit"', 'key = "revenue"', "two outputs share a key"),
        ("low = -0.5", "low = 0.5", "lie outside"),
        ('unit = "rate"', 'unit = "share"', "must be one of"),
        ("growth = -0.3", "growth = -3", "takes 3 numbers"),
        ("growth = -0.3", "grwth = -0.3", "unknown key 'grwth'"),
        ('cells = "Model!E4:G4"', 'cels = "Model!E4:G4"', "is it 'cels', misspelt"),
    ],
)
def test_mistakes_are_said_in_one_line(folder: Path, old: str, new: str, says: str) -> None:
    assert old in FILE
    (folder / "harbour.toml").write_text(FILE.replace(old, new))
    with pytest.raises(UsageError, match=says) as caught, WorkbookEnvironment() as environment:
        environment.products()
    assert "\n" not in str(caught.value) and "harbour.toml" in str(caught.value)
