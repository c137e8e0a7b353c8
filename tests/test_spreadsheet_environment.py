"""The spreadsheet environment keeps the contract; its experts pass, its wrong workbooks fail, and a stored file alone gets the same verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bakeoff.cli import app
from bakeoff.core import Action, Environment, Observation, Scored, TaskId, make_environment, run_episode
from bakeoff.environments.spreadsheet.environment import ANSWER, WORKBOOK, SpreadsheetEnvironment
from bakeoff.testing import environment_cases

FAMILIES = ("loan", "budget")


def task_ids(templates: tuple[str, ...]) -> list[TaskId]:
    """A task of each template in the first training house of each family."""
    environment = SpreadsheetEnvironment()
    found = []
    for family in FAMILIES:
        house = environment.products(family=family, split="train")[0]
        found += [TaskId("spreadsheet", house.id, house.version, template, 1) for template in templates if template in house.templates]
    return found


CASES = environment_cases(SpreadsheetEnvironment, [str(item) for item in task_ids(("fill-row", "answer"))[:2]])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract(case: object) -> None:
    case.run()  # type: ignore[attr-defined]


@pytest.mark.parametrize("item", task_ids(("fill-rows", "build-model", "repair-one", "enter-inputs")), ids=str)
def test_experts_pass_and_files_alone_get_the_same_verdict(item: TaskId) -> None:
    with make_environment("spreadsheet") as environment:
        task = environment.task(item)
        policy = environment.expert(task)
        assert policy is not None
        run = run_episode(environment, policy, task, agent="expert")
        assert isinstance(run.verdict, Scored) and run.verdict.passed, run.verdict
        artefacts = environment.artefacts()
        assert SpreadsheetEnvironment().regrade(task, artefacts) == run.verdict
        spoilt = {**artefacts, WORKBOOK: artefacts[WORKBOOK][:-200]}
        assert environment.regrade(task, spoilt).to_dict()["value"] == 0


def test_what_the_answer_is_and_is_not_good_for() -> None:
    environment = SpreadsheetEnvironment()
    item = task_ids(("answer",))[0]
    task = environment.task(item)
    policy = environment.expert(task)
    assert policy is not None
    run_episode(environment, policy, task, agent="expert")
    artefacts = environment.artefacts()
    assert environment.verify().to_dict()["value"] == 1
    wrong = {**artefacts, ANSWER: b'{"answer": "123456789"}'}
    assert environment.regrade(task, wrong).to_dict()["value"] == 0


def test_nothing_of_the_verifier_is_on_the_screen() -> None:
    environment = SpreadsheetEnvironment()
    for item in task_ids(("build-model",)):
        seen: Observation = environment.reset(environment.task(item))
        text = seen.text + str(seen.to_dict())
        assert not any(name in text for name in ("literals", "reference(", "depends", "Driver("))
        seen = environment.step(Action("read", {"range": "A1:T40"}))
        assert not seen.error


def test_practice_is_the_same_house_with_other_figures() -> None:
    environment: Environment = SpreadsheetEnvironment()
    task = environment.task(task_ids(("fill-row",))[0])
    first, room = environment.reset(task), environment.reset(task, practice=True)
    labels = [[element.name for element in seen.elements if element.role == "rowheader"] for seen in (first, room)]
    assert labels[0] == labels[1] and first.elements != room.elements and room.goal == ""


def test_a_job_is_handed_out_and_graded_from_the_command_line(tmp_path: Path) -> None:
    item = task_ids(("fill-row",))[0]
    runner, folder = CliRunner(), tmp_path / "job"
    handed = runner.invoke(app, ["workbook", str(item), "--out", str(folder)])
    assert handed.exit_code == 0 and (folder / "TASK.md").is_file(), handed.output
    book = folder / f"{item.product}.xlsx"
    untouched = runner.invoke(app, ["grade", str(item), str(book)])
    assert untouched.exit_code == 1 and "✗ base" in untouched.output and "✓ frame" in untouched.output
    environment = SpreadsheetEnvironment()
    task = environment.task(item)
    policy = environment.expert(task)
    assert policy is not None
    run_episode(environment, policy, task, agent="expert", judge=False)
    book.write_bytes(environment.artefacts()[WORKBOOK])
    done = runner.invoke(app, ["grade", str(item), str(book), "--json", str(tmp_path / "verdict.json")])
    assert done.exit_code == 0 and "passed" in done.output, done.output
    assert '"value": 1.0' in (tmp_path / "verdict.json").read_text()
    again = runner.invoke(app, ["workbook", str(item), "--out", str(folder)])
    assert again.exit_code == 2 and "not empty" in again.output
