"""An audit passes a sound environment and names what is wrong with each kind of unsound one."""

from __future__ import annotations

import base64
import contextlib
import io
import itertools
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bakeoff.audit import CHECKS, ON_PAPER, AuditReport, audit_environment, every_product, sample_tasks, wilson
from bakeoff.audit.certificate import render
from bakeoff.audit.command import in_words
from bakeoff.audit.pace import DEARER, Pace
from bakeoff.audit.report import Result, errors_of
from bakeoff.audit.runtime import disguises
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


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package on the path that registers the toy and two of its relatives, here and in every child."""
    package = tmp_path / "lockers-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: lockers\nVersion: 1.0\n")
    names = {"toy": "toy:ToyEnvironment", "fragile": "test_audit:Fragile", "choosy": "test_audit:Choosy"}
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


# --- sealed products, and what survives a kill


def test_sealed_products_are_never_audited() -> None:
    """Not by a sample, not with all products, not on paper, not by name."""
    sealed = {product.id for product in PRODUCTS if product.split == "sealed"}
    assert sealed
    cheap = ["semantic.floor_gap"]
    for report in (
        audit_environment(Wired, sample=12, checks=cheap),
        audit_environment(Wired, sample=2, all=True, checks=cheap),
        audit_environment(Wired, all=True, paper=True, each=2, checks=cheap),
    ):
        assert not {task.split("/")[1].split("@")[0] for task in (*report.tasks, *report.state_tasks)} & sealed
        assert any("1 sealed products were left out" in note for note in report.notes)
    name = TaskId("toy", sealed.pop(), 1, TEMPLATES[0], 3)
    with pytest.raises(UsageError, match="leaves sealed products alone"):
        audit_environment(Wired, tasks=[name])
    with pytest.raises(UsageError, match="leaves sealed products alone"):
        audit_environment(Wired, splits=["dev", "sealed"])


class Killed(Exception):
    """Stands for the end of the process."""


def test_an_audit_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    checks = ["semantic.oracle_max", "semantic.generated_mutants_rejected"]
    whole = audit_environment(Wired, sample=4, all=True, each=2, seed=2, checks=checks, mutants=5)
    done: list[str] = []

    def until(number: int) -> Callable[[int, int, str, float | None], None]:
        def told(count: int, total: int, task: str, left: float | None) -> None:
            done.append(task)
            if count == number:
                raise Killed

        return told

    for number in (1, 3, 6):  # twice on paper, once among the tasks that are played
        with pytest.raises(Killed):
            audit_environment(Wired, sample=4, all=True, each=2, seed=2, checks=checks, mutants=5, journal=tmp_path, progress=until(number))
    (file,) = tmp_path.iterdir()
    with file.open("a") as journal:
        journal.write('{"tier": "played", "ta')  # killed in the middle of a line
    report = audit_environment(Wired, sample=4, all=True, each=2, seed=2, checks=checks, mutants=5, journal=tmp_path)
    assert report.journal == file and report.sittings == 4
    same = ("findings", "rates", "breakdown", "errors", "tasks", "state_tasks", "coverage", "sample", "claims")
    assert [getattr(report, name) for name in same] == [getattr(whole, name) for name in same]
    assert report.episodes == whole.episodes, "nothing is lost and nothing counts twice"
    again = audit_environment(Wired, sample=4, all=True, each=2, seed=2, checks=checks, mutants=5, journal=file)
    assert again.findings == whole.findings and file.read_bytes().count(b"\n") == 1 + 4 + 4, "all was known"
    more = audit_environment(Wired, sample=5, all=True, each=2, seed=2, checks=checks, mutants=5, journal=file)
    assert len(more.tasks) == 5 and file.read_bytes().count(b"\n") == 10, "a sample may grow"
    with pytest.raises(UsageError, match="belongs to another audit: seed differ"):
        audit_environment(Wired, sample=4, seed=3, checks=checks, mutants=5, journal=file)
    file.write_text("notes on something else\n")
    with pytest.raises(UsageError, match="no journal of an audit"):
        audit_environment(Wired, sample=4, seed=2, checks=checks, mutants=5, journal=file)


def test_what_stayed_open_is_tried_again_next_time(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    broken = audit_environment(Faulty, sample=2, checks=["semantic.floor_gap"], journal=file)
    assert broken.verdict == "inconclusive"
    Faulty.working = True
    try:
        mended = audit_environment(Faulty, sample=2, checks=["semantic.floor_gap"], journal=file)
    finally:
        Faulty.working = False
    assert mended.passed and mended.sittings == 2


class Faulty(ToyEnvironment):
    working = False

    def _begin(self, task: Task, practice: bool) -> Screen:
        if not self.working:
            raise EnvironmentFault("out of order")
        return super()._begin(task, practice)


def test_a_source_that_changes_meanwhile_certifies_nothing(tmp_path: Path) -> None:
    file = tmp_path / "app.toml"
    file.write_text("a = 1")

    class Edited(ToyEnvironment):
        def source_files(self) -> list[Path]:
            return [file]

    def edit(done: int, total: int, task: str, left: float | None) -> None:
        if done == 1:
            file.write_text("a = 2")

    report = audit_environment(Edited, sample=2, checks=["semantic.floor_gap"], progress=edit)
    assert not report.passed and report.verdict == "inconclusive" and "source changed" in shown(report)
    assert "inconclusive" in render(report)


def test_a_certificate_says_what_it_looked_at_of_how_much() -> None:
    report = audit_environment(Wired, sample=3, all=True, each=2, seed=4, checks=["semantic.floor_gap"])
    state, played = report.coverage
    open_products = [product for product in PRODUCTS if product.split != "sealed"]
    assert (state.tier, state.tasks, state.products, state.of_products) == (
        "state",
        2 * len(open_products),
        len(open_products),
        len(open_products),
    )
    assert (played.tier, played.tasks, played.of_templates) == ("played", 3, len(TEMPLATES))
    assert sum(state.distances.values()) == state.tasks and sum(played.distances.values()) == 3
    assert f"{state.products} of {state.of_products}" in render(report) and "What was looked at" in shown(report)


def test_how_long_it_may_take_is_reckoned_from_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("bakeoff.audit.pace.time.monotonic", lambda: now[0])
    said: list[float | None] = []
    pace = Pace({"state": ["a", "b", "c"], "played": ["d", "e"]}, lambda done, total, task, left: said.append(left), {("state", "a")})
    pace.begins("state", "b")
    now[0] = 2
    pace.done("state", "b")
    assert said == [None, 2 + 2 * 2 * DEARER], "a tier that has not begun is reckoned from the other"
    now[0] = 4
    pace.done("state", "c")
    pace.begins("played", "d")
    now[0] = 14
    pace.done("played", "d")
    assert said[-1] == 10
    assert in_words(said[-1]) == ", about 10 s left" and in_words(600) == ", about 10 min left" and in_words(None) == ""


# --- the certificate


def test_the_certificate_stands_alone_and_says_all_that_is_needed() -> None:
    report = audit_environment(Wired, sample=3, all=True, each=2, seed=4)
    assert report.passed and len(report.tasks) == 3 and len(report.state_tasks) == 4
    page = render(report)
    assert '<span class="seal">certified</span>' in page and page.count("<table>") == page.count("</table>") >= 5
    assert not re.search(r"<(script|link|img|iframe)\b|https?://|url\(", page), "nothing is fetched from anywhere"
    for needed in (
        report.date[:10],
        report.subject.source,
        "seed 4",
        "templates taking turns",
        *report.tasks,
        *CHECKS,
        "prefers-color-scheme: dark",
    ):
        assert needed in page, needed
    on_paper = {summary.check for summary in report.summaries if summary.tier == "state"}
    assert on_paper == set(ON_PAPER)


def test_only_a_whole_audit_certifies() -> None:
    assert "passed on paper" in render(audit_environment(Wired, sample=1, paper=True))
    assert "passed these checks" in render(audit_environment(Wired, sample=1, checks=["semantic.oracle_max"]))


def test_the_certificate_of_a_failure_shows_what_and_how_to_see_it_again() -> None:
    report = audit_environment(GoalOnly, sample=2, seed=7, checks=["semantic.generated_mutants_rejected"])
    page = render(report)
    failed = report.failures[0]
    assert '<span class="seal">failed</span>' in page and "accepted: " in page
    assert "--check semantic.generated_mutants_rejected --seed 7" in page and failed.task.replace("&", "&amp;") in page
    assert report.errors[0].kind == "false positive" and report.errors[0].wrong > 0 < report.errors[0].tasks_wrong
    again = audit_environment(GoalOnly, tasks=[TaskId.parse(failed.task)], seed=7, checks=[failed.check])
    assert failed in again.findings, "the command shows the same failure"


def test_the_source_hash_follows_the_source(tmp_path: Path) -> None:
    class Extended(ToyEnvironment):
        def source_files(self) -> list[Path]:
            return [tmp_path / "app.toml"]

    hashes = set()
    for text in ("a = 1", "a = 2", "a = 1"):
        (tmp_path / "app.toml").write_text(text)
        hashes.add(audit_environment(Extended, sample=1, checks=["semantic.floor_gap"]).subject.source)
    assert len(hashes) == 2


def test_results_are_added_up_by_group_and_by_task() -> None:
    results = [Result("mutants", "a", "t1", False), Result("mutants", "b", "t1", True), Result("attacks", "c", "t2", False)]
    results += [Result("expert", "", "t1", True), Result("equivalents", "space", "t2", False), Result("impossible", "sign", "t1", False)]
    positive, negative = errors_of(results)
    assert (positive.wrong, positive.trials, positive.tasks_wrong, positive.tasks) == (1, 3, 1, 2)
    assert (negative.wrong, negative.trials, negative.tasks_wrong, negative.tasks) == (1, 2, 1, 2)


@pytest.mark.parametrize("word", ["zqabc", "zqlonger"])
def test_disguised_words_are_found_wherever_they_begin(word: str) -> None:
    for lead in ("", "x", "yy", "zzz"):
        text = base64.b64encode(f"{lead}{word} and more".encode()).decode()
        assert any(form in text for form in disguises(word)), lead
    assert not any(form in base64.b64encode(b"something else altogether").decode() for form in disguises(word))
