"""What a person does in the window becomes an expert: noted as trusted input, written as steps, and right for other seeds as well."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bakeoff.core import Scored, Task, TaskId, run_episode
from bakeoff.environments.outside.environment import OutsideEnvironment
from bakeoff.environments.outside.record import Recorder
from bakeoff.environments.outside.steps import policy, read_steps

ROOT = Path(__file__).parent.parent
LENDING = ROOT / "examples" / "lending.toml"


def do_as_recorded(environment: OutsideEnvironment, task: Task) -> list[str]:
    """Does a task by trusted input, as a person's hands would, with the recorder looking on."""
    expert = environment.expert(task)
    assert expert is not None
    recorder = Recorder(environment, task)
    seen = environment._observation
    assert seen is not None
    while (action := expert(seen)).tool != "finish":
        seen = environment.step(action)
    steps, verdict = recorder.end(str(action.arguments.get("answer", "")))
    assert isinstance(verdict, Scored) and verdict.passed
    return [str(step) for step in steps]


@pytest.mark.parametrize("template", ["lend", "take-back", "who-has-it"])
def test_what_is_done_in_the_window_is_written_down_and_solves_another_seed(template: str) -> None:
    with OutsideEnvironment(apps=[LENDING]) as environment:
        assert isinstance(environment, OutsideEnvironment)
        lines = do_as_recorded(environment, environment.task(TaskId("outside", "lending", 1, template, 5)))
        assert len(lines) == {"lend": 5, "take-back": 3, "who-has-it": 2}[template], lines
        other = environment.task(TaskId("outside", "lending", 1, template, 8))
        values = environment.assignment(other.id).values
        verdict = run_episode(environment, policy(read_steps(lines, "recorded"), values), other, agent="recorded").verdict
        assert isinstance(verdict, Scored) and verdict.passed, (lines, verdict)


HEADED = """
import sys
sys.path.insert(0, {tests!r})
from test_outside_record import LENDING, do_as_recorded
from bakeoff.core import TaskId
from bakeoff.environments.outside.environment import OutsideEnvironment
with OutsideEnvironment(headless=False, apps=[LENDING]) as environment:
    print(*do_as_recorded(environment, environment.task(TaskId("outside", "lending", 1, "take-back", 5))), sep="\\n")
"""


@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="xvfb-run is not installed, and there is no other screen to test on")
def test_in_a_window_that_is_seen_it_goes_the_same() -> None:
    program = HEADED.format(tests=str(ROOT / "tests"))
    done = subprocess.run(["xvfb-run", "-a", sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines() == ['click link "Loans"', 'click button "Returned" in row ~"{loan.tool}"', "finish"], done


@pytest.mark.parametrize(
    ("task", "display", "complaint"),
    [("examples/lending.toml/lend#1", "", "there is no screen"), ("browser/crm-harbor#1", ":9", "is no task of an app")],
)
def test_what_cannot_be_recorded_is_said_at_once(task: str, display: str, complaint: str) -> None:
    variables = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    words = [sys.executable, "-m", "bakeoff.cli", "record", task]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env={**variables, **({"DISPLAY": display} if display else {})},
        check=False,
    )
    assert done.returncode == 2 and complaint in done.stderr and len(done.stderr.strip().splitlines()) == 1, done
