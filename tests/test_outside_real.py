"""The four products from elsewhere. Needs the extra `real`; building their data takes a while the first time, hence mostly slow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bakeoff.core import Scored, TaskId, UsageError, run_episode
from bakeoff.environments.outside.app import read_app
from bakeoff.environments.outside.real import RealEnvironment

FILES = sorted((Path(__file__).parent.parent / "src/bakeoff/environments/outside/real").glob("*/app.toml"))
APPS = {path.parent.name: read_app(path) for path in FILES}
TEMPLATES = [(name, template) for name, app in APPS.items() for template in app.jobs]
installed = pytest.mark.skipif(any(app.missing() for app in APPS.values()), reason="the extra `real` is not installed")


def test_there_are_four_with_ten_tasks_each() -> None:
    assert set(APPS) == {"tracker", "helpdesk", "cms", "shop"}
    for app in APPS.values():
        assert len(app.jobs) >= 10 and app.split == "dev" and app.worlds >= 1
        for job in app.jobs.values():
            assert len(job.experts) >= 3, f"{app.name}/{job.name} needs an expert and two alternatives"


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    with pytest.raises(UsageError, match=r"pip install 'bakeoff\[real\]'") as problem:
        RealEnvironment()
    assert "\n" not in str(problem.value) and "wagtail" in str(problem.value)


def test_importing_bakeoff_imports_no_framework() -> None:
    program = "import sys, bakeoff.environments.outside.real; print(*{name.partition('.')[0] for name in sys.modules} & {'django', 'roundup', 'sqlalchemy'})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert not done.stdout.strip()


@pytest.fixture(scope="module")
def real() -> Iterator[RealEnvironment]:
    with RealEnvironment() as environment:
        yield environment


@installed
@pytest.mark.slow
@pytest.mark.parametrize(("name", "template"), TEMPLATES)
def test_right_ways_pass_and_near_misses_do_not(real: RealEnvironment, name: str, template: str) -> None:
    task = real.task(TaskId("real", name, 1, template, 11))
    for proof in real.proofs(task):
        if proof.kind == "attack" and proof.name != "boast":
            continue
        proof.play(real, real.reset(task))
        verdict = real.verify()
        assert isinstance(verdict, Scored)
        assert verdict.passed == (proof.kind in ("expert", "alternative")), (proof.name, verdict.checks, real.answer)


@installed
@pytest.mark.slow
@pytest.mark.parametrize("name", list(APPS))
def test_the_same_task_goes_the_same_in_another_instance(real: RealEnvironment, name: str) -> None:
    template = next(iter(APPS[name].jobs))
    task = real.task(TaskId("real", name, 1, template, 23))
    runs = []
    with RealEnvironment() as other:
        for environment in (real, other):
            expert = environment.expert(environment.task(task.id))
            assert expert is not None
            runs.append(run_episode(environment, expert, task, agent="expert"))
        first, practice = other.reset(task), other.reset(task, practice=True)
    assert runs[0].first == runs[1].first == first
    assert [step.observation for step in runs[0].steps] == [step.observation for step in runs[1].steps]
    assert runs[0].verdict == runs[1].verdict
    assert practice.goal == ""
