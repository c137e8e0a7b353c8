"""Bring your own software: one TOML file wraps an app, and `list`, `try`, `run`, `audit` work on it at once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bakeoff.core import Abstained, Action, EnvironmentFault, Scored, Task, TaskId, UsageError, run_episode
from bakeoff.environments.outside.environment import OutsideEnvironment
from bakeoff.testing import environment_cases

ROOT = Path(__file__).parent.parent
LENDING = ROOT / "examples" / "lending.toml"


@pytest.fixture(scope="module")
def lending() -> Iterator[OutsideEnvironment]:
    with OutsideEnvironment(apps=[LENDING]) as found:
        yield found


def task_of(environment: OutsideEnvironment, template: str, seed: int = 7) -> Task:
    return environment.task(TaskId("outside", "lending", 1, template, seed))


def changed(tmp_path: Path, *edits: tuple[str, str], name: str = "app.toml") -> Path:
    """The example with some of its text replaced."""
    source = LENDING.read_text().replace("{here}", str(LENDING.parent))
    for old, new in edits:
        assert old in source, old
        source = source.replace(old, new)
    (tmp_path / name).write_text(source)
    return tmp_path / name


def test_the_example_is_under_sixty_lines() -> None:
    assert len(LENDING.read_text().splitlines()) < 60


@pytest.mark.parametrize("template", ["lend", "take-back", "who-has-it"])
def test_every_proof_of_the_example_holds(lending: OutsideEnvironment, template: str) -> None:
    task = task_of(lending, template)
    proofs = lending.proofs(task)
    kinds = [proof.kind for proof in proofs]
    assert kinds.count("expert") == 1 and kinds.count("alternative") >= 2 and kinds.count("mutant") >= 6 and kinds.count("attack") >= 4
    for proof in proofs:
        proof.play(lending, lending.reset(task))
        verdict = lending.verify()
        assert isinstance(verdict, Scored)
        right = proof.kind in ("expert", "alternative")
        assert verdict.passed == right, (proof.name, verdict, lending.answer)
        assert lending.regrade(task, lending.artefacts()) == verdict


@pytest.mark.parametrize(
    "case",
    environment_cases(
        lambda: OutsideEnvironment(apps=[LENDING]),
        ["outside/lending@1/lend#1", "outside/lending@1/take-back#2", "outside/lending@1/who-has-it#3"],
    ),
    ids=str,
)
def test_it_keeps_the_contract(case) -> None:  # type: ignore[no-untyped-def]
    if str(case).startswith("practice"):
        pytest.skip("the example has one data set, which practice shares; its product says so")
    case()


def test_practice_has_data_of_its_own_where_the_file_makes_worlds(tmp_path: Path) -> None:
    seed = 'seed = ["{python}", "-c", "import pathlib, sys; pathlib.Path(sys.argv[1], sys.argv[2]).touch()", "{data}", "world-{world}"]'
    path = changed(tmp_path, ('ready = "/login"', f'ready = "/login"\n{seed}'), ("[start]", "worlds = 2\n[start]"))
    with OutsideEnvironment(apps=[path]) as environment:
        for practice, seed_number, world in ((False, 4, "world-1"), (False, 5, "world-2"), (True, 4, "world-0")):
            environment.reset(task_of(environment, "lend", seed_number), practice=practice)
            assert (environment.running.data / world).exists(), world
        assert "practice" not in environment.product("lending").notes


def test_what_happens_in_one_episode_is_gone_in_the_next(lending: OutsideEnvironment) -> None:
    task = task_of(lending, "lend")
    expert = lending.expert(task)
    assert expert is not None
    first = run_episode(lending, expert, task, agent="expert")
    lending.tab.evaluate("localStorage.setItem('left', 'behind')")
    again = lending.reset(task)
    assert again == first.first
    assert lending.tab.evaluate("[localStorage.length, history.length]") == [0, 2] or lending.tab.evaluate("localStorage.length") == 0
    verdict = lending.verify()
    assert isinstance(verdict, Scored) and not verdict.passed and "0" not in verdict.evidence["difference"]


def test_a_crashed_app_abstains_and_comes_back(lending: OutsideEnvironment) -> None:
    task = task_of(lending, "take-back")
    lending.reset(task)
    keeper = lending.running._process
    assert keeper is not None
    children = Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    with pytest.raises(EnvironmentFault, match=r"ended by itself|at its start"):
        for _ in range(100):
            time.sleep(0.02)
            lending.verify()
    expert = lending.expert(task)
    assert expert is not None
    verdict = run_episode(lending, expert, task, agent="expert").verdict
    assert not isinstance(verdict, Abstained) and verdict is not None and verdict.passed


def test_nothing_of_an_app_outlives_its_parent(tmp_path: Path) -> None:
    """Not even when the parent is killed and the app has started others in sessions of their own."""
    app = "import subprocess, sys, time; subprocess.Popen(['sleep', '987'], start_new_session=True); time.sleep(987)"
    keeper = ROOT / "src/bakeoff/environments/outside/keeper.py"
    parent = (
        f"import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-I', '-S', {str(keeper)!r}, sys.executable, '-c', {app!r}], "
        "stdin=subprocess.PIPE, start_new_session=True); print(p.pid, flush=True); time.sleep(987)"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    watch = int(process.stdout.readline())
    deadline = time.monotonic() + 10
    while len(below(watch)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    family = below(watch)
    assert len(family) == 2, family
    process.kill()
    process.wait()
    while any(Path(f"/proc/{pid}").exists() for pid in (watch, *family)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in (watch, *family) if Path(f"/proc/{pid}").exists()]


def below(pid: int) -> list[int]:
    try:
        children = [int(item) for item in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [*children, *(other for child in children for other in below(child))]


BROKEN = [
    (("[truth]\n", "[trouth]\n"), r"\[truth\] is missing"),
    (('ready = "/login"', 'raedy = "/login"'), r"\[start\]: unknown key 'raedy' \(did you mean 'ready'\?\)"),
    (('"{port}"', '"8000"'), r"\[start\]: 'command' or 'env' must say \{port\}"),
    (("{python}", "{pyhton}"), r"nothing is called '\{pyhton\}' here; there are .*\{python\}"),
    (('files = ["lending.sqlite"]', ""), r"\[reset\]: say how a fresh copy is made"),
    (('"the library counts the pages that were looked at"', '""'), r"say why 'visit' is noise"),
    (("'click button \"Lend\"'", "'klick button \"Lend\"'"), r"there is no step 'klick'"),
    (("'click button \"Lend\"'", "'click button Lend'"), "name the element in quotation marks"),
    (
        ('type "Until" = "{day}"\', \'click button', 'type "Until" = "{date}"\', \'click button'),
        r"uses '\{date\}', which is not drawn; drawn are day",
    ),
    (('create = "loan"', 'make = "loan"'), "give one of 'change', 'create', 'delete' and 'query'"),
    (('name = "take-back"', 'name = "lend"'), "two tasks are called 'lend'"),
    (('name = "lending"', 'name = "Lending"'), "'name' must be lower-case"),
]


@pytest.mark.parametrize(("edit", "complaint"), BROKEN, ids=[complaint for _, complaint in BROKEN])
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, edit: tuple[str, str], complaint: str) -> None:
    path = changed(tmp_path, edit)
    with OutsideEnvironment(apps=[path]) as environment, pytest.raises(UsageError, match=complaint) as problem:
        environment.products()
    assert str(path) in str(problem.value) and "\n" not in str(problem.value)


LATE = [
    (('create = "loan"', 'create = "loans"'), r"there is no table 'loans' \(did you mean 'loan'\?\)"),
    (('until = "{day}" }', 'untill = "{day}" }'), r"no column 'untill' \(did you mean 'until'\?\)"),
    (('select id, name from member"', 'select id, name from membr"'), "no such table: membr"),
    (
        ('draw.day = ["2026-05-02", "2026-05-09", "2026-05-16", "2026-05-23"]', 'draw.day = "select id from tool where 0"'),
        "finds nothing to draw from",
    ),
    (('password = "tools"', 'password = "wrong"'), "did not let robin in"),
    (('form = "/login"', 'form = "/nowhere"'), "answered 404"),
    (("{here}/lending.py", "{here}/missing.py"), "ended at its start"),
    (('files = ["lending.sqlite"]', 'files = ["other.sqlite"]'), "there is no 'other.sqlite'"),
]


@pytest.mark.parametrize(("edit", "complaint"), LATE, ids=[complaint for _, complaint in LATE])
def test_what_only_the_app_can_tell_is_one_clear_line_too(tmp_path: Path, edit: tuple[str, str], complaint: str) -> None:
    edit = (edit[0].replace("{here}", str(LENDING.parent)), edit[1].replace("{here}", str(LENDING.parent)))
    path = changed(tmp_path, edit)
    with OutsideEnvironment(apps=[path]) as environment, pytest.raises((UsageError, EnvironmentFault), match=complaint) as problem:
        task_of(environment, "lend")
    assert "\n" not in str(problem.value)


def test_a_job_that_is_done_from_the_beginning_is_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, ("set = { returned = 1 }", "set = { returned = 0 }"))
    with OutsideEnvironment(apps=[path]) as environment, pytest.raises(UsageError, match="doing nothing would do"):
        task_of(environment, "take-back")


def test_a_reset_that_does_not_bring_back_the_first_state_is_a_fault(tmp_path: Path) -> None:
    path = changed(tmp_path, ('files = ["lending.sqlite"]', 'command = ["true"]'))
    with OutsideEnvironment(apps=[path]) as environment:
        task = task_of(environment, "take-back")
        expert = environment.expert(task)
        assert expert is not None
        run_episode(environment, expert, task, agent="expert")
        with pytest.raises(EnvironmentFault, match="does not bring back the first state: loan"):
            environment.reset(task)


def test_a_restart_resets_as_well(tmp_path: Path) -> None:
    path = changed(tmp_path, ('files = ["lending.sqlite"]', 'files = ["lending.sqlite"]\nrestart = true'))
    with OutsideEnvironment(apps=[path]) as environment:
        task = task_of(environment, "take-back")
        for _ in range(2):
            expert = environment.expert(task)
            assert expert is not None
            verdict = run_episode(environment, expert, task, agent="expert").verdict
            assert isinstance(verdict, Scored) and verdict.passed, verdict


def test_steps_can_sign_in(tmp_path: Path) -> None:
    steps = """steps = ['type "User" = "robin"', 'type "Password" = "tools"', 'click "Go"']"""
    path = changed(tmp_path, ('form = "/login"', steps), ('fields = { user = "robin", password = "tools" }', ""))
    with OutsideEnvironment(apps=[path]) as environment:
        task = task_of(environment, "take-back")
        first = environment.reset(task)
        assert first.step == 0 and any(item.name == "Tools" for item in first.elements)
    wrong = changed(
        tmp_path,
        ('form = "/login"', steps.replace('"Go"', '"Come in"')),
        ('fields = { user = "robin", password = "tools" }', ""),
        name="b.toml",
    )
    with OutsideEnvironment(apps=[wrong]) as environment, pytest.raises(UsageError, match="steps: lost: there is no"):
        environment.reset(task_of(environment, "take-back"))


def bakeoff(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bakeoff.cli", *words],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "COLUMNS": "200", **variables},
        cwd=ROOT,
        check=False,
    )


def test_the_command_line_knows_an_app_by_its_file() -> None:
    listed = bakeoff("list", "examples/lending.toml")
    assert listed.returncode == 0 and "lend, take-back, who-has-it" in listed.stdout, listed
    tried = bakeoff("try", "examples/lending.toml/who-has-it#3")
    assert tried.returncode == 0 and "passed, score 1" in tried.stdout, tried
    named = bakeoff("try", "outside/lending/lend#2", BAKEOFF_APPS="examples")
    assert named.returncode == 0 and "passed, score 1" in named.stdout, named
    for words, complaint in (
        (("try", "examples/nothing.toml"), "cannot read examples/nothing.toml"),
        (("try", "examples/lending.toml/lent#1"), "there is no task 'lent' (did you mean 'lend'?)"),
        (("try", "outside/lending/lend#2"), "there are no apps"),
    ):
        refused = bakeoff(*words)
        assert refused.returncode == 2 and complaint in refused.stderr, refused
        assert len(refused.stderr.strip().splitlines()) == 1


def test_a_recorded_run_becomes_an_expert(tmp_path: Path) -> None:
    """A run is stored by a bake-off, written down by `record`, put into the file, and solves another seed."""
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'name = "recorded"\nworkers = 1\n[[agents]]\nagent = "expert"\n[[streams]]\nname = "lending"\n'
        'tasks = ["outside/lending@1/lend#5", "outside/lending@1/take-back#6"]\n'
    )
    ran = bakeoff("run", str(plan), "--out", str(tmp_path / "run"), BAKEOFF_APPS=str(LENDING))
    assert ran.returncode == 0, ran
    for number, (template, seed) in enumerate((("lend", 8), ("take-back", 9)), start=1):
        written = bakeoff("record", str(tmp_path / "run"), str(number))
        assert written.returncode == 0 and "{" in written.stdout, written
        line = written.stdout.partition("\n")[2]
        source = LENDING.read_text().replace("{here}", str(LENDING.parent))
        source = re.sub(
            rf'(name = "{template}".*?)expert = .*?\n', lambda match, line=line: match[1] + line, source, count=1, flags=re.DOTALL
        )  # type: ignore[misc]
        path = tmp_path / f"{template}.toml"
        path.write_text(source)
        with OutsideEnvironment(apps=[path]) as environment:
            task = task_of(environment, template, seed)
            expert = environment.expert(task)
            assert expert is not None
            verdict = run_episode(environment, expert, task, agent="expert").verdict
            assert isinstance(verdict, Scored) and verdict.passed, (line, verdict)


def test_an_agent_that_acts_at_random_is_judged(lending: OutsideEnvironment) -> None:
    task = task_of(lending, "lend").with_limits(steps=4)
    lending.reset(task)
    for _ in range(4):
        seen = lending.step(Action("click", {"ref": "e2"}))
    assert seen.ended == "step_limit"
    verdict = lending.verify()
    assert isinstance(verdict, Scored) and re.search("nothing was created", str(verdict.checks))
