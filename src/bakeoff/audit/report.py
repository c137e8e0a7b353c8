"""What an audit found, for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from bakeoff.audit.subject import Subject

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from bakeoff.audit.coverage import Coverage

Status = Literal["passed", "failed", "inconclusive", "inapplicable"]
STATUSES: tuple[Status, ...] = get_args(Status)


def wilson(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """The score interval of a proportion (Wilson 1927), 95 % by default; (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    share, square = successes / trials, z * z / trials
    centre = (share + square / 2) / (1 + square)
    spread = z * math.sqrt(share * (1 - share) / trials + square / (4 * trials)) / (1 + square)
    return (0.0 if successes == 0 else max(0.0, centre - spread)), (1.0 if successes == trials else min(1.0, centre + spread))


@dataclass(frozen=True, slots=True)
class Finding:
    """One check on one task.

    Attributes:
        check: id, e.g. `semantic.oracle_max`.
        task: the task's id.
        status: `inconclusive` when the infrastructure failed or the verdict abstained; `inapplicable` when the task has nothing to check.
        detail: one sentence; for a failure, what to look at.
        subject: which proof or agent it was about, where there are several.
        tier: where it was found.
    """

    check: str
    task: str
    status: Status
    detail: str = ""
    subject: str = ""
    tier: Tier = "played"

    def to_dict(self) -> dict[str, str]:
        names = ("check", "tier", "task", "status", "subject", "detail")
        return {name: str(getattr(self, name)) for name in names}


Tier = Literal["played", "state"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""`played`: in the real thing. `state`: on paper, verdicts recomputed from final states, without the environment's surface."""

RIGHT = ("expert", "alternatives", "equivalents")
WRONG = ("mutants", "generated mutants", "attacks", "noop", "random", "replay")
"""Groups of results that must pass, and that must not."""


@dataclass(frozen=True, slots=True)
class Result:
    """One run or one judged state: of which group, which one, on which task, and whether it scored 1."""

    group: str
    name: str
    task: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something passed. `low`, `high`: 95 % Wilson interval, each trial taken as independent.

    `tasks`: over how many tasks the trials are spread; `tasks_passed`: how many of them passed at least one.
    """

    agent: str
    passed: int
    trials: int
    tasks: int = 0
    tasks_passed: int = 0
    tier: Tier = "played"

    @property
    def low(self) -> float:
        return wilson(self.passed, self.trials)[0]

    @property
    def high(self) -> float:
        return wilson(self.passed, self.trials)[1]

    def to_dict(self) -> dict[str, Any]:
        return {
            "agent": self.agent,
            "tier": self.tier,
            "passed": self.passed,
            "trials": self.trials,
            "rate": self.passed / self.trials if self.trials else None,
            "low": self.low,
            "high": self.high,
            "tasks": self.tasks,
            "tasks_passed": self.tasks_passed,
        }


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """How often the verifier was wrong: `false positive` a wrong result that scored 1, `false negative` a right one that did not.

    By trial, and by task (a task counts when at least one of its trials went wrong: trials of one task resemble each other, so this interval is
    the honest one when they fail together). Intervals are Wilson's, 95 %.
    """

    kind: str
    wrong: int
    trials: int
    tasks_wrong: int
    tasks: int

    def to_dict(self) -> dict[str, Any]:
        (low, high), (task_low, task_high) = wilson(self.wrong, self.trials), wilson(self.tasks_wrong, self.tasks)
        return {
            "kind": self.kind,
            "wrong": self.wrong,
            "trials": self.trials,
            "low": low,
            "high": high,
            "tasks_wrong": self.tasks_wrong,
            "tasks": self.tasks,
            "tasks_low": task_low,
            "tasks_high": task_high,
        }


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """One check over all tasks of a tier: what it proves, and how often it came out how."""

    check: str
    claim: str
    counts: Mapping[Status, int]
    tier: Tier = "played"
    rfc: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The worst that happened; `inapplicable` when it never applied."""
        for status in ("failed", "inconclusive", "passed"):
            if self.counts[status]:
                return status
        return "inapplicable"

    @property
    def trials(self) -> int:
        """How many things were looked at, inapplicable ones left out."""
        return sum(self.counts[status] for status in ("passed", "failed", "inconclusive"))

    def to_dict(self) -> dict[str, Any]:
        return {
            "check_id": self.check,
            "tier": self.tier,
            "status": {"passed": "pass", "failed": "fail", "inconclusive": "error", "inapplicable": "skip"}[self.status],
            "claim": self.claim,
            "answers": list(self.rfc),
            "n": self.trials,
            "counts": dict(self.counts),
        }


@dataclass(frozen=True)
class AuditReport:
    """The result of an audit.

    Attributes:
        subject: what was audited: the environment's name, version, and the content hash of its source.
        tasks: ids of the tasks that were played, in order.
        state_tasks: ids of the tasks that were checked at the state level.
        coverage: what these tasks cover, of how much, by family and tier.
        claims: check id → what it proves, for every check that was run.
        rfc: check id → the check ids of OpenEnv's RFC 008 that it answers.
        findings: one for each check, task and subject.
        rates: how often each group of right and of wrong results passed, by tier.
        breakdown: the same by name within groups that have names (kinds of generated mutants, attacks, …).
        errors: false positives and false negatives of the verifier.
        sample: how the tasks were chosen, in words.
        seed: of the sample.
        date: when, ISO 8601 in UTC.
        episodes: how many episodes were run.
        seconds: wall time, of all sittings together.
        sittings: in how many goes the audit was carried out.
        changed: the environment's source changed meanwhile, so that nothing is certified.
        journal: the file in which all this is kept, if there is one.
        notes: what a reader should know, e.g. why a split was left out.
    """

    subject: Subject
    tasks: tuple[str, ...]
    state_tasks: tuple[str, ...]
    coverage: tuple[Coverage, ...]
    claims: Mapping[str, str]
    rfc: Mapping[str, tuple[str, ...]]
    findings: tuple[Finding, ...]
    rates: tuple[Rate, ...]
    breakdown: Mapping[str, tuple[Rate, ...]]
    errors: tuple[ErrorRate, ...]
    sample: str
    seed: int
    date: str
    episodes: int
    seconds: float
    sittings: int = 1
    changed: bool = False
    journal: Path | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def environment(self) -> str:
        return self.subject.environment

    @property
    def passed(self) -> bool:
        """Something was proven, nothing failed, nothing stayed open, and it was one and the same source all the time."""
        statuses = {finding.status for finding in self.findings}
        return "passed" in statuses and not statuses & {"failed", "inconclusive"} and not self.changed

    @property
    def verdict(self) -> Status:
        """`failed` before `inconclusive` before `passed`."""
        statuses = {finding.status for finding in self.findings}
        return "failed" if "failed" in statuses else "passed" if self.passed else "inconclusive"

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What failed or stayed open."""
        return tuple(finding for finding in self.findings if finding.status in ("failed", "inconclusive"))

    @property
    def summaries(self) -> tuple[CheckSummary, ...]:
        """One line for each check and tier in which it ran, in the order of `claims`."""
        counts: dict[tuple[str, Tier], dict[Status, int]] = {}
        for finding in self.findings:
            counts.setdefault((finding.check, finding.tier), dict.fromkeys(STATUSES, 0))[finding.status] += 1
        return tuple(
            CheckSummary(check, claim, counts[check, tier], tier, self.rfc.get(check, ()))
            for check, claim in self.claims.items()
            for tier in TIERS
            if (check, tier) in counts
        )

    def reproduce(self, finding: Finding) -> str:
        """The command that runs this check on this task again."""
        paper = " --paper" if finding.tier == "state" else ""
        return f"bakeoff audit {self.environment} --task '{finding.task}' --check {finding.check} --seed {self.seed}{paper}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready. Failures and open points are listed one by one; the rest as counts."""
        return {
            "schema_version": "1",
            "environment": self.environment,
            "subject": self.subject.to_dict(),
            "date": self.date,
            "passed": self.passed,
            "verdict": self.verdict,
            "sample": self.sample,
            "seed": self.seed,
            "episodes": self.episodes,
            "seconds": round(self.seconds, 2),
            "sittings": self.sittings,
            "source_changed": self.changed,
            "coverage": [line.to_dict() for line in self.coverage],
            "tasks": list(self.tasks),
            "state_tasks": list(self.state_tasks),
            "checks": [summary.to_dict() for summary in self.summaries],
            "errors": [error.to_dict() for error in self.errors],
            "rates": [rate.to_dict() for rate in self.rates],
            "breakdown": {group: [rate.to_dict() for rate in rates] for group, rates in self.breakdown.items()},
            "failures": [finding.to_dict() | {"reproduce": self.reproduce(finding)} for finding in self.failures],
            "notes": list(self.notes),
        }

    def __rich__(self) -> RenderableType:
        from bakeoff.audit.terminal import render

        return render(self)


# --- adding up -------------------------------------------------------------------------------------------------------------------------


def rates_of(results: Sequence[Result], tier: Tier = "played", by: Literal["group", "name"] = "group") -> tuple[Rate, ...]:
    """Results of a tier as rates, by group or by name, in order of first appearance."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(getattr(result, by), []).append(result)
    return tuple(_rate(name, group, tier) for name, group in found.items())


def _rate(name: str, results: Sequence[Result], tier: Tier) -> Rate:
    passed = [result for result in results if result.passed]
    tasks, tasks_passed = ({result.task for result in chosen} for chosen in (results, passed))
    return Rate(name, len(passed), len(results), len(tasks), len(tasks_passed), tier)


def breakdown_of(results: Mapping[Tier, Sequence[Result]]) -> dict[str, tuple[Rate, ...]]:
    """The groups whose results have names, by name; both tiers under one heading."""
    groups: dict[str, list[Rate]] = {}
    for tier, found in results.items():
        for group in dict.fromkeys(result.group for result in found if result.name and result.group != "expert"):
            groups.setdefault(group, []).extend(rates_of([result for result in found if result.group == group], tier, "name"))
    return {group: tuple(sorted(rates, key=lambda rate: (TIERS.index(rate.tier), rate.agent))) for group, rates in groups.items()}


def errors_of(results: Sequence[Result]) -> tuple[ErrorRate, ...]:
    """How often the verifier was wrong in either direction; only for directions in which anything was tried."""
    found = []
    for kind, groups, wrong in (("false positive", WRONG, True), ("false negative", RIGHT, False)):
        tried = [result for result in results if result.group in groups]
        bad = [result for result in tried if result.passed is wrong]
        if tried:
            found.append(
                ErrorRate(kind, len(bad), len(tried), len({result.task for result in bad}), len({result.task for result in tried}))
            )
    return tuple(found)
