"""The tutorial is what it says: its pieces make a file that works, and its commands run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bakeoff.contest.plan import read_plan
from bakeoff.core import Scored, TaskId, run_episode
from bakeoff.environments.outside import jobs, steps
from bakeoff.environments.outside.app import read_app
from bakeoff.environments.outside.environment import OutsideEnvironment

ROOT = Path(__file__).parent.parent
TUTORIAL = (ROOT / "docs" / "bring-your-own.md").read_text()
TOML = re.findall(r"```toml\n(.*?)```", TUTORIAL, re.DOTALL)
PIECES, PLAN, URL = TOML[:4], TOML[4], TOML[5]
LONG = re.compile(" (audit|run) ")
COMMANDS = re.findall(r"^\$ (bakeoff .*)$", TUTORIAL, re.MULTILINE)


def test_the_pieces_are_those_of_the_example() -> None:
    example = (ROOT / "examples" / "lending.toml").read_text()
    assert len(TOML) == 6
    for piece in PIECES:
        for line in filter(str.strip, piece.splitlines()):
            assert line in example, line
    assert f"({len(example.splitlines())} lines)" in TUTORIAL


def test_the_pieces_make_a_file_that_works(tmp_path: Path) -> None:
    path = tmp_path / "app.toml"
    path.write_text("\n".join(PIECES).replace("{here}", str(ROOT / "examples")))
    with OutsideEnvironment(apps=[path]) as environment:
        task = environment.task(TaskId("outside", "lending", 1, "take-back", 3))
        expert = environment.expert(task)
        assert expert is not None
        verdict = run_episode(environment, expert, task, agent="expert").verdict
        assert isinstance(verdict, Scored) and verdict.passed


def test_the_plan_and_the_app_that_runs_already_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "lending.toml").write_text((ROOT / "examples" / "lending.toml").read_text())
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN)
    assert [Path(app.path) for app in read_plan(plan).apps] == [(tmp_path / "lending.toml").resolve()]
    running = tmp_path / "running.toml"
    running.write_text('name = "shop"\n' + URL + '[[tasks]]\nname = "look"\ninstruction = "Look."\nanswer = "well"\n')
    app = read_app(running)
    assert app.start.url == "http://127.0.0.1:8000" and app.reset.command[0] == "psql" and app.truth.database.startswith("postgresql://")


def test_every_pattern_and_every_step_is_documented() -> None:
    for pattern in jobs.PATTERNS:
        assert f"{{ {pattern} = " in TUTORIAL, pattern
    for verb in steps.VERBS:
        if verb in ("click", "type", "select", "check", "press", "finish"):
            assert f"`{verb} " in TUTORIAL, verb


def run(command: str) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)[1:]
    return subprocess.run([sys.executable, "-m", "bakeoff.cli", *words], capture_output=True, text=True, timeout=280, cwd=ROOT, check=False)


@pytest.mark.parametrize("command", [command for command in COMMANDS if not LONG.search(command)])
def test_its_commands_run(command: str) -> None:
    done = run(command)
    assert done.returncode == 0, done.stderr
    assert "--agent random" in command or "passed, score 1" in done.stdout or " list " in command


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in COMMANDS if LONG.search(command)])
def test_its_long_commands_run_too(command: str, tmp_path: Path) -> None:
    done = run(f"{command} --out {tmp_path / 'run'}" if " run " in command else command)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
