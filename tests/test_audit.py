"""An audit passes a sound environment and names what is wrong with each kind of unsound one."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bakeoff.audit import CHECKS, AuditReport, audit_environment, every_product, sample_tasks, wilson
from bakeoff.core import (
    SPLITS,
    Abstained,
    Action,
    Environment,
    EnvironmentFault,
    Observation,
    Policy,
    Product,
    Proof,
    Scored,
    Screen,
    Split,
    Task,
    TaskId,
    UsageError,
    Verdict,
)
from bakeoff.proofs import Canaries, Freedom, any_case
from toy import PRODUCTS, TEMPLATES, ToyEnvironment, goal_of, judge


class Wired(ToyEnvironment):
    """The toy with all hooks: a state level, freedoms, and a way to plant words."""

    def on_paper(self) -> Environment:
        return Wired()

    @contextlib.contextmanager
    def plant(self, task: Task) -> Iterator[Canaries]:
        honest = self._judge
        word = "zqplantedlabel"
        self._judge = lambda: judge(  # type: ignore[method-assign]
            self._before, self._lockers, replace(self._goal, wanted=replace(self._goal.wanted, label=word)), self._answer is not None
        )
        try:
            yield Canaries({"the wanted label": word}, self.heard)
        finally:
            self._judge = honest  # type: ignore[method-assign]

    def heard(self) -> list[tuple[str, str]]:
        return [("the page", self._words.title)]


def shown(report: AuditReport) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(report)
    return console.export_text()


def statuses(report: AuditReport) -> dict[str, str]:
    return {summary.check: summary.status for summary in report.summaries}


def test_the_toy_passes_every_check() -> None:
    report = audit_environment(Wired, sample=18)
    assert report.passed and report.verdict == "passed" and not report.failures, shown(report)
    assert statuses(report) == dict.fromkeys(CHECKS, "passed")
    rates = {rate.agent: rate for rate in report.rates}
    assert rates["expert"].passed == rates["expert"].trials == 36 and rates["mutants"].passed == 0 < rates["mutants"].trials
    assert rates["random"].trials == 18 and rates["random"].high < 0.2
    assert rates["generated mutants"].passed == 0 and rates["generated mutants"].trials > 200 and rates["generated mutants"].tasks == 18
    text = shown(report)
    assert "passes (18 tasks played" in text and all(check in text for check in CHECKS)
    data = json.loads(json.dumps(report.to_dict()))
    assert data["passed"] and len(data["tasks"]) == 18 and data["failures"] == []


def test_the_same_seed_audits_the_same_and_says_the_same() -> None:
    one, two, other = (audit_environment(ToyEnvironment, sample=4, seed=seed) for seed in (1, 1, 2))
    assert one.findings == two.findings and one.tasks == two.tasks != other.tasks


# --- unsound environments, each with the check that must fail


class ClumsyExpert(ToyEnvironment):
    def expert(self, task: Task) -> Policy:
        return lambda observation: Action("finish")


class PickyVerifier(ToyEnvironment):
    """Demands one way of working: refuses runs that touched anything else on the way."""

    def _judge(self) -> Verdict:
        verdict = super()._judge()
        return verdict if self._calls["step"] <= 6 else Scored(0.0)


class GoalOnly(ToyEnvironment):
    """Looks at the goal and at nothing else, as many verifiers do."""

    def _judge(self) -> Verdict:
        found = self._lockers[self._goal.target] == self._goal.wanted
        return Scored(float(found and self._answer is not None))

    def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
        goal = goal_of(task.id)
        lockers = {locker["id"]: locker for locker in json.loads(artefacts["after.json"])}
        return Scored(float(lockers[goal.target] == asdict(goal.wanted)))


class Numberless(ToyEnvironment):
    """Does not see what a page cannot show: two records under one number."""

    def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
        lockers = {locker["id"]: locker for locker in json.loads(artefacts["after.json"])}
        return super().regrade(task, {**artefacts, "after.json": json.dumps(list(lockers.values())).encode()})


class Pedantic(ToyEnvironment):
    """Says that order does not matter, and then minds it."""

    def freedoms(self, task: Task) -> tuple[Freedom, ...]:
        return (any_case("capital letters"),)


class TrustsTheWorker(ToyEnvironment):
    """Believes an answer that praises itself."""

    def _judge(self) -> Verdict:
        return Scored(1.0) if self._answer and "passed" in self._answer else super()._judge()


class PassesIdlers(ToyEnvironment):
    def _judge(self) -> Verdict:
        return super()._judge() if self._calls["step"] > 1 else Scored(1.0)


class Replayable(ToyEnvironment):
    """Every seed is the same job, so a recording passes them all."""

    def task(self, task_id: TaskId) -> Task:
        return replace(super().task(replace(task_id, seed=1)), id=task_id)

    def _begin(self, task: Task, practice: bool) -> Screen:
        return super()._begin(replace(task, id=replace(task.id, seed=1)), practice)

    def expert(self, task: Task) -> Policy:
        return super().expert(replace(task, id=replace(task.id, seed=1)))

    def proofs(self, task: Task) -> tuple[Proof, ...]:
        return super().proofs(replace(task, id=replace(task.id, seed=1)))

    def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
        return super().regrade(replace(task, id=replace(task.id, seed=1)), artefacts)


class Tattletale(ToyEnvironment):
    def _screen(self, *arguments: object) -> Screen:
        screen = super()._screen(*arguments)
        first = replace(screen.elements[0], attributes={"data-task": str(self._id)})
        return replace(screen, elements=(first, *screen.elements[1:]))


class LeakySource(Wired):
    """Whatever is wanted stands in the page's source."""

    def heard(self) -> list[tuple[str, str]]:
        return [("the page", "<!-- expects enFwbGFudGVkbGFiZWw= or zqplantedlabel -->")]


class Uncontrolled(Wired):
    """Plants words where no verdict looks."""

    @contextlib.contextmanager
    def plant(self, task: Task) -> Iterator[Canaries]:
        yield Canaries({"a comment": "zqnowhere"}, self.heard)


class Deaf(ToyEnvironment):
    """Every seed is the same job."""

    def _begin(self, task: Task, practice: bool) -> Screen:
        return replace(super()._begin(replace(task, id=replace(task.id, seed=1)), practice), goal="Do it.")


class Overconfident(ToyEnvironment):
    def _judge(self) -> Verdict:
        return Scored(super()._judge().value)  # type: ignore[union-attr]


class MoodyVerifier(ToyEnvironment):
    moods = itertools.count()

    def _judge(self) -> Verdict:
        verdict = super()._judge()
        return replace(verdict, evidence={"mood": next(self.moods)})


class Shuffles(ToyEnvironment):
    """Begins every other episode on the second page."""

    turn = itertools.count()

    def _begin(self, task: Task, practice: bool) -> Screen:
        super()._begin(task, practice)
        self._page = next(self.turn) % 2
        return self._screen()


class Personal(ToyEnvironment):
    """Every other instance begins on the second page."""

    count = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self._begins_at = next(self.count) % 2

    def _begin(self, task: Task, practice: bool) -> Screen:
        super()._begin(task, practice)
        self._page = self._begins_at
        return self._screen()


class LosesArtefacts(ToyEnvironment):
    def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
        return judge((), (), goal_of(task.id), True)


class OneRoomForAll(ToyEnvironment):
    """Instances share what was typed."""

    lockers: dict[str, object] = {}

    def _begin(self, task: Task, practice: bool) -> Screen:
        screen = super()._begin(task, practice)
        self.lockers["now"] = self._lockers
        return screen

    def _perform(self, action: Action) -> Screen:
        self._lockers = self.lockers["now"]  # type: ignore[assignment]
        return super()._perform(action)


class NoProofsEnough(ToyEnvironment):
    def proofs(self, task: Task) -> tuple[Proof, ...]:
        return tuple(proof for proof in super().proofs(task) if proof.name not in ("detour", "not-saved", "wrong-record"))


UNSOUND: list[tuple[Callable[[], Environment], str, str]] = [
    (ClumsyExpert, "semantic.oracle_max", "scored 0"),
    (PickyVerifier, "semantic.alternatives_accepted", "twice"),
    (NoProofsEnough, "semantic.alternatives_accepted", "at least 2"),
    (NoProofsEnough, "semantic.mutants_rejected", "at least 6"),
    (GoalOnly, "semantic.mutants_rejected", "relabels the neighbour"),
    (TrustsTheWorker, "adversarial.attacks_floor", "without doing anything"),
    (GoalOnly, "semantic.generated_mutants_rejected", "accepted"),
    (Numberless, "semantic.generated_mutants_rejected", "a copy of"),
    (Pedantic, "semantic.generated_mutants_rejected", "only capital letters differs"),
    (PassesIdlers, "semantic.floor_gap", "doing nothing"),
    (Replayable, "semantic.canary_floor", "replay reached"),
    (Tattletale, "semantic.no_solution_leakage", "the screen shows"),
    (LeakySource, "runtime.oracle_containment", "shows up in the page"),
    (Uncontrolled, "runtime.oracle_containment", "the plant reached nothing"),
    (Overconfident, "runtime.reward_well_formed", "no check failed"),
    (Deaf, "runtime.seed_control", "one and the same job"),
    (Shuffles, "runtime.seed_control", "became|differ"),
    (Shuffles, "runtime.episode_determinism", "became|differ"),
    (MoodyVerifier, "semantic.verifier_determinism", "two verdicts"),
    (Personal, "semantic.replayability", "became|differ"),
    (LosesArtefacts, "semantic.verifier_portability", "regraded"),
    (OneRoomForAll, "runtime.episode_isolation", "beside another episode|random neighbour passed"),
]


@pytest.mark.parametrize(("unsound", "check", "words"), UNSOUND, ids=lambda item: getattr(item, "__name__", None))
def test_each_check_catches_what_it_is_for(unsound: type[ToyEnvironment], check: str, words: str) -> None:
    report = audit_environment(unsound, sample=9, checks=[check])
    assert not report.passed and report.verdict == "failed"
    assert any(re.search(words, finding.detail + finding.subject) for finding in report.failures), report.failures
    assert "FAILS" in shown(report)


def test_every_check_has_something_that_fails_it() -> None:
    assert {check for _, check, _ in UNSOUND} == set(CHECKS)


def test_a_broken_proof_fails_with_its_error() -> None:
    class BrokenProof(ToyEnvironment):
        def proofs(self, task: Task) -> tuple[Proof, ...]:
            def crash(environment: Environment, observation: object) -> None:
                raise KeyError("the button is gone")

            return (*super().proofs(task), Proof("crash", "alternative", "presses a button", crash))

    report = audit_environment(BrokenProof, sample=1, checks=["semantic.alternatives_accepted"])
    assert [(finding.subject, "KeyError" in finding.detail) for finding in report.failures] == [("crash", True)]


def test_an_environment_that_breaks_has_failed_and_the_rest_is_checked() -> None:
    class Breaks(ToyEnvironment):
        def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
            raise ZeroDivisionError("no lockers")

    report = audit_environment(Breaks, sample=1, checks=["semantic.verifier_portability", "semantic.oracle_max"])
    assert report.verdict == "failed" and statuses(report)["semantic.oracle_max"] == "passed"
    assert "ZeroDivisionError: no lockers" in report.failures[0].detail


# --- faults


def test_a_fault_is_inconclusive_and_never_a_pass() -> None:
    report = audit_environment(lambda: ToyEnvironment(fault="step:2"), sample=2)
    assert not report.passed and report.verdict == "inconclusive"
    assert {finding.status for finding in report.failures} == {"inconclusive"}
    assert "INCONCLUSIVE" in shown(report)


def test_a_single_fault_is_tried_again_on_a_fresh_instance() -> None:
    made = itertools.count()
    report = audit_environment(lambda: ToyEnvironment(fault="step:2" if next(made) < 2 else ""), sample=2)
    assert report.passed and next(made) == 4, shown(report)


def test_an_abstention_is_inconclusive() -> None:
    class Silent(ToyEnvironment):
        def _judge(self) -> Verdict:
            return Abstained("the ledger was locked")

    report = audit_environment(Silent, sample=1, checks=["semantic.floor_gap"])
    assert report.verdict == "inconclusive" and "the ledger was locked" in report.failures[0].detail


def test_after_many_faults_in_a_row_the_rest_is_not_tried() -> None:
    begun = itertools.count()

    class Dead(ToyEnvironment):
        def _begin(self, task: Task, practice: bool) -> Screen:
            next(begun)
            raise EnvironmentFault("no browser")

    report = audit_environment(Dead, sample=10)
    assert report.verdict == "inconclusive" and next(begun) == 12
    assert sum("not tried" in finding.detail for finding in report.failures) > 80


def test_a_fault_while_closing_a_dead_instance_is_noted() -> None:
    made = itertools.count()

    class Stuck(ToyEnvironment):
        def close(self) -> None:
            if self._fault_at:
                raise EnvironmentFault("will not die")

    report = audit_environment(lambda: Stuck(fault="step:1" if next(made) < 2 else ""), sample=1)
    assert report.passed and any("will not die" in note for note in report.notes)


# --- what does not apply


class NoProofs(ToyEnvironment):
    def proofs(self, task: Task) -> tuple[Proof, ...]:
        return ()

    def expert(self, task: Task) -> None:
        return None


def test_without_proofs_the_rest_is_checked() -> None:
    report = audit_environment(NoProofs, sample=12)
    assert report.passed, shown(report)
    absent = {check for check, status in statuses(report).items() if status == "inapplicable"}
    assert absent == {
        "semantic.oracle_max",
        "semantic.alternatives_accepted",
        "semantic.mutants_rejected",
        "adversarial.attacks_floor",
        "semantic.canary_floor",
        "semantic.generated_mutants_rejected",
        "runtime.oracle_containment",
    }
    assert not any("toy-gamma" in task for task in report.tasks) and any("sealed products were left out" in note for note in report.notes)
    assert "does not apply" in shown(report)


def test_without_an_expert_attacks_are_played_and_alternatives_are_not_asked_for() -> None:
    class AttacksOnly(NoProofs):
        def proofs(self, task: Task) -> tuple[Proof, ...]:
            return tuple(proof for proof in ToyEnvironment.proofs(self, task) if proof.kind == "attack")

    report = audit_environment(AttacksOnly, sample=2)
    assert report.passed and statuses(report)["adversarial.attacks_floor"] == "passed", shown(report)
    assert statuses(report)["semantic.mutants_rejected"] == "inapplicable"


def test_an_expert_without_proofs_is_not_enough() -> None:
    class Bare(ToyEnvironment):
        def proofs(self, task: Task) -> tuple[Proof, ...]:
            return ()

    report = audit_environment(Bare, sample=1)
    assert {finding.check for finding in report.failures} == {
        "semantic.alternatives_accepted",
        "semantic.mutants_rejected",
        "adversarial.attacks_floor",
    }


def test_an_instance_of_the_caller_stays_open_and_isolation_does_not_apply() -> None:
    class Tracked(ToyEnvironment):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    environment = Tracked()
    report = audit_environment(environment, sample=2)
    assert report.passed and environment.closed == 0
    assert statuses(report)["runtime.episode_isolation"] == "inapplicable"


def test_what_the_audit_opens_it_closes() -> None:
    opened: list[ToyEnvironment] = []

    class Tracked(ToyEnvironment):
        closed = 0

        def __init__(self) -> None:
            super().__init__()
            opened.append(self)

        def close(self) -> None:
            self.closed += 1

    audit_environment(Tracked, sample=1)
    with pytest.raises(UsageError):
        audit_environment(Tracked, sample=0)
    assert len(opened) == 4 and all(environment.closed == 1 for environment in opened)


# --- which tasks


def test_a_sample_is_spread_evenly() -> None:
    with ToyEnvironment() as environment:
        tasks = sample_tasks(environment, 18, seed=0, splits=SPLITS)
        assert Counter(task.product for task in tasks) == {product.id: 6 for product in PRODUCTS}
        assert Counter((task.product, task.template) for task in tasks) == {(p.id, t): 2 for p in PRODUCTS for t in TEMPLATES}
        assert tasks == sample_tasks(environment, 18, seed=0, splits=SPLITS) != sample_tasks(environment, 18, seed=1, splits=SPLITS)
        assert {task.product for task in sample_tasks(environment, 9, seed=0, splits=["dev"])} == {"toy-beta"}
        every = every_product(environment, each=2, seed=0, splits=SPLITS)
        assert Counter(task.product for task in every) == {product.id: 2 for product in PRODUCTS}
        assert Counter(task.template for task in every) == dict.fromkeys(TEMPLATES, 2)


class Many(ToyEnvironment):
    """Two families of unequal size."""

    def products(self, *, family: str | None = None, split: Split | None = None) -> Sequence[Product]:
        every = [replace(PRODUCTS[0], id=f"big-{index:03}", family="big", split=SPLITS[index % 3]) for index in range(90)]
        every += [replace(PRODUCTS[0], id="small-000", family="small", templates=TEMPLATES[:1])]
        return every


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 60), st.integers(0, 5))
def test_families_take_turns_and_products_do_not_repeat_early(count: int, seed: int) -> None:
    tasks = sample_tasks(Many(), count, seed=seed, splits=SPLITS)
    assert len(set(tasks)) == count
    sizes = Counter(task.product.split("-")[0] for task in tasks)
    assert abs(sizes["big"] - sizes["small"]) <= 1
    for template in TEMPLATES:
        products = [task.product for task in tasks if task.template == template and task.product.startswith("big")]
        assert len(set(products)) == len(products)


def test_progress_is_told_at_the_start_after_each_task_and_at_the_end() -> None:
    calls: list[tuple[int, int, str]] = []
    report = audit_environment(ToyEnvironment, sample=3, progress=lambda *call: calls.append(call[:3]), checks=["semantic.floor_gap"])
    first, second, third = sorted(report.tasks, key=lambda task: task.split("/")[1])  # product after product
    assert calls == [(0, 3, first), (1, 3, first), (2, 3, second), (3, 3, third), (3, 3, "")]


def test_wishes_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="not both"):
        audit_environment(ToyEnvironment, sample=3, all=True)
    with pytest.raises(UsageError, match=r"no check 'semantic\.vibes'"):
        audit_environment(ToyEnvironment, checks=["semantic.vibes"])
    with pytest.raises(UsageError, match="no environment 'nowhere'"):
        audit_environment("nowhere")
    with pytest.raises(UsageError, match="nothing to audit"):
        audit_environment(ToyEnvironment, splits=[])


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 10, 0.0179, 0.4042), (50, 100, 0.4038, 0.5962), (0, 0, 0.0, 1.0)],
)
def test_wilson_intervals_match_published_values(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=1e-4)


# --- side by side


class Fragile(ToyEnvironment):
    """Takes its whole process down at one template."""

    name = "fragile"  # type: ignore[misc]

    def _begin(self, task: Task, practice: bool) -> Screen:
        if task.id.template == "release-locker":
            os._exit(3)
        return super()._begin(task, practice)


class Choosy(ToyEnvironment):
    name = "choosy"  # type: ignore[misc]

    def reset(self, task: Task, *, practice: bool = False) -> Observation:
        raise UsageError("no display; install one")


class Endless(ToyEnvironment):
    """Never judges; leaves its process's id behind."""

    name = "endless"  # type: ignore[misc]

    def _judge(self) -> Verdict:
        Path(os.environ["ENDLESS"], str(os.getpid())).touch()
        while True:
            time.sleep(1)


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package on the path that registers the toy and two of its relatives, here and in every child."""
    package = tmp_path / "lockers-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: lockers\nVersion: 1.0\n")
    names = {"toy": "toy:ToyEnvironment", "fragile": "test_audit:Fragile", "choosy": "test_audit:Choosy", "endless": "test_audit:Endless"}
    (package / "entry_points.txt").write_text("[bakeoff.environments]\n" + "".join(f"{name} = {where}\n" for name, where in names.items()))
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("registered")
def test_several_processes_find_what_one_finds() -> None:
    calls: list[tuple[int, int, str, float | None]] = []
    alone = audit_environment("toy", sample=8, workers=1)
    together = audit_environment("toy", sample=8, workers=2, progress=lambda *call: calls.append(call))
    assert alone.passed and together.findings == alone.findings and together.rates == alone.rates
    assert together.episodes == alone.episodes and together.tasks == alone.tasks
    assert [done for done, *_ in calls] == [*range(9), 8]
    assert calls[0][3] is None and calls[4][3] is not None and calls[-1][3] == 0, "what is left is reckoned, once a task is done"


@pytest.mark.usefixtures("registered")
def test_what_dies_with_its_process_stays_open_and_the_rest_is_judged() -> None:
    report = audit_environment("fragile", sample=9, workers=2, checks=["semantic.floor_gap"])
    assert report.verdict == "inconclusive"
    assert {("release" in finding.task) for finding in report.failures} == {True} and len(report.failures) == 3
    assert "died" in report.failures[0].detail and sum(finding.status == "passed" for finding in report.findings) == 6


@pytest.mark.usefixtures("registered")
def test_what_cannot_be_used_is_said_in_the_environments_words() -> None:
    with pytest.raises(UsageError, match="install one"):
        audit_environment("choosy", sample=9, workers=2)
    with pytest.raises(UsageError, match="at least one worker"):
        audit_environment("toy", workers=0)


@pytest.mark.usefixtures("registered")
def test_the_processes_of_an_audit_do_not_outlive_it(tmp_path: Path) -> None:
    script = "import json, os, sys; sys.path[:] = json.loads(os.environ['WAYS']); from bakeoff.audit import audit_environment as audit; audit('endless', sample=9, workers=2, checks=['semantic.floor_gap'])"
    known = {**os.environ, "ENDLESS": str(tmp_path / "pids"), "WAYS": json.dumps(sys.path)}
    (tmp_path / "pids").mkdir()
    parent = subprocess.Popen([sys.executable, "-c", script], env=known)
    try:
        _until(lambda: len(list((tmp_path / "pids").iterdir())) == 2)
        children = [int(file.name) for file in (tmp_path / "pids").iterdir()]
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(20) == -signal.SIGTERM
        _until(lambda: not any(Path("/proc", str(child)).exists() for child in children))
    finally:
        parent.kill()
        parent.wait()


def _until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
