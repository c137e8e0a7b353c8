"""The tutorial is what it says: its pieces make a file that works, and its commands run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bakeoff.core import Scored, TaskId, run_episode
from bakeoff.environments.outside import jobs, steps
from bakeoff.environments.outside.environment import OutsideEnvironment

ROOT = Path(__file__).parent.parent
TUTORIAL = (ROOT / "docs" / "bring-your-own.md").read_text()
PIECES = re.findall(r"```toml\n(.*?)```", TUTORIAL, re.DOTALL)
COMMANDS = re.findall(r"^\$ (bakeoff .*)$", TUTORIAL, re.MULTILINE)


def test_the_pieces_are_those_of_the_example() -> None:
    example = (ROOT / "examples" / "lending.toml").read_text()
    assert len(PIECES) == 4
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


def test_every_pattern_and_every_step_is_documented() -> None:
    for pattern in jobs.PATTERNS:
        assert f"{{ {pattern} = " in TUTORIAL, pattern
    for verb in steps.VERBS:
        if verb in ("click", "type", "select", "check", "press", "finish"):
            assert f"`{verb} " in TUTORIAL, verb


def run(command: str) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)[1:]
    return subprocess.run([sys.executable, "-m", "bakeoff.cli", *words], capture_output=True, text=True, timeout=280, cwd=ROOT, check=False)


@pytest.mark.parametrize("command", [command for command in COMMANDS if " audit " not in command])
def test_its_commands_run(command: str) -> None:
    done = run(command)
    assert done.returncode == 0, done.stderr
    assert "--agent random" in command or "passed, score 1" in done.stdout or " list " in command


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in COMMANDS if " audit " in command])
def test_its_audit_passes(command: str) -> None:
    done = run(command)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
