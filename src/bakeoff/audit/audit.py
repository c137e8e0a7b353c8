"""Runs an audit: draws tasks, puts each on the workbench, runs every check, and adds it all up."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from bakeoff.audit.checks import CHECKS, ON_PAPER
from bakeoff.audit.crew import audit_tasks
from bakeoff.audit.report import AuditReport, Result, Tier, breakdown_of, errors_of, rates_of
from bakeoff.audit.subject import subject_of
from bakeoff.audit.workshop import SAMPLE, Found, Order, Source, Workshop
from bakeoff.core import Split, TaskId, UsageError

Progress = Callable[[int, int, str], None]
"""Called with the number of tasks done, tasks in all, and a task that is under way or was just done (empty at the end)."""

WORKERS = 4
"""Most processes an audit uses of its own accord."""

GENERATED = 60
"""Generated mutants of one task, at most."""


def audit_environment(
    environment: Source,
    *,
    sample: int | None = None,
    all: bool = False,
    paper: bool = False,
    each: int = 1,
    seed: int = 0,
    splits: Sequence[Split] | None = None,
    tasks: Sequence[TaskId] | None = None,
    checks: Sequence[str] | None = None,
    mutants: int = GENERATED,
    workers: int | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Audits an environment on a sample of its tasks, on all its products, or both.

    An environment that offers `on_paper()` can be checked at the state level as well: proofs are played and verdicts recomputed without its surface
    (for the browser: without Chromium), which proves the verifier hundreds of times as fast, but not pages, attacks or isolation.

    Args:
        environment: a registered name, a factory, or an instance (then there is no second one, so `runtime.episode_isolation` does not apply).
        sample: how many tasks are played, spread over families, templates, splits, distances and products; 40 by default.
        all: besides, `each` tasks of every product at the state level; where there is no such level, these are played instead of a sample.
        paper: the state level alone; `sample` and `all` choose for it.
        each: tasks of each product, with `all`.
        seed: of the sample; the same seed audits the same tasks with the same mutants.
        splits: which products; by default all, but without `sealed` where tasks have no expert: running agents there would be an evaluation.
        tasks: these tasks instead of a sample.
        checks: ids of the checks to run; all by default.
        mutants: how many mutants to generate of one task, at most.
        workers: processes side by side; by default one for each processor, at most 4 and at most one for three tasks. Only for an
            environment given by name; others are audited in this process.
        progress: called as tasks begin or end, and at the end.
    Raises `UsageError` for unknown names and contradictory wishes. A fault of the infrastructure is tried once more on a fresh instance and
    then reported as `inconclusive`; it never passes and never counts as a failure of the task.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"an audit needs at least one worker, not {workers}")
    if tasks is not None and (all or sample is not None):
        raise UsageError("an audit takes named tasks, or a sample and all products, not both")
    wanted = list(checks) if checks is not None else list(CHECKS)
    for check in wanted:
        if check not in CHECKS:
            raise UsageError(f"there is no check '{check}'; there are {', '.join(CHECKS)}")
    if paper and not any(check in ON_PAPER for check in wanted):
        raise UsageError(f"on paper there are only the checks {', '.join(ON_PAPER)}")
    began, date = time.perf_counter(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found: dict[Tier, Found] = {}
    chosen: dict[Tier, list[TaskId]] = {}
    notes: list[str] = []
    workshop = Workshop(environment, Order(tuple(wanted), "state" if paper else "played", seed, mutants))
    try:
        subject = subject_of(workshop.environment)
        on_paper = [check for check in wanted if check in ON_PAPER]
        if tasks is not None:
            chosen["state" if paper else "played"], said = list(tasks), f"{len(tasks)} tasks by name"
        else:
            parts, notes = workshop.splits(splits)
            chosen, said = _choose(workshop, sample, all, paper, each, parts, bool(on_paper))
        total, done = sum(map(len, chosen.values())), 0
        told = progress or (lambda done, count, task: None)
        for tier, ids in chosen.items():
            order = Order(tuple(on_paper if tier == "state" else wanted), tier, seed, mutants)

            def tell(number: int, task: str, before: int = done) -> None:
                told(before + number, total, task)

            tell(0, str(ids[0]) if ids else "")
            found[tier] = _run(environment, workshop, order, ids, workers, tell)
            done += len(ids)
    finally:
        workshop.close()
    told(total, total, "")
    findings = tuple(finding for each_ in found.values() for finding in each_.findings)
    results: dict[Tier, list[Result]] = {tier: found[tier].results for tier in found}
    ran = {finding.check for finding in findings}
    return AuditReport(
        subject=subject,
        tasks=tuple(map(str, chosen.get("played", ()))),
        state_tasks=tuple(map(str, chosen.get("state", ()))),
        claims={check: CHECKS[check].claim for check in wanted if check in ran},
        rfc={check: CHECKS[check].rfc for check in wanted},
        findings=findings,
        rates=tuple(rate for tier, part in results.items() for rate in rates_of(part, tier)),
        breakdown=breakdown_of(results),
        errors=errors_of([result for part in results.values() for result in part]),
        sample=said,
        seed=seed,
        date=date,
        episodes=sum(part.episodes for part in found.values()),
        seconds=time.perf_counter() - began,
        notes=tuple(dict.fromkeys([*notes, *(note for part in found.values() for note in part.notes)])),
    )


def _choose(
    workshop: Workshop, sample: int | None, all: bool, paper: bool, each: int, splits: Sequence[Split], checks_on_paper: bool
) -> tuple[dict[Tier, list[TaskId]], str]:
    """The tasks of each tier, and the choice in words."""
    has_paper = paper or (hasattr(workshop.environment, "on_paper") and checks_on_paper)
    many = "one task" if each == 1 else f"{each} tasks"
    if all and has_paper:
        every = workshop.every(each, splits)
        said = f"on paper {many} of every product, templates taking turns"
        played = [] if paper or sample == 0 else workshop.sample(SAMPLE if sample is None else sample, splits)
        if not played:
            return {"state": every}, said
        return {
            "state": every,
            "played": played,
        }, f"{said}; {len(played)} tasks played, spread over families, templates, splits and distances"
    if all:
        if sample is not None:
            raise UsageError("an environment without a state level takes a sample or all products, not both")
        return {"played": workshop.every(each, splits)}, f"{many} of every product, templates taking turns"
    chosen = workshop.sample(SAMPLE if sample is None else sample, splits)
    return {"state" if paper else "played": chosen}, f"{len(chosen)} tasks, spread over families, templates, splits and distances"


def _run(
    source: Source, workshop: Workshop, order: Order, ids: Sequence[TaskId], workers: int | None, told: Callable[[int, str], None]
) -> Found:
    """One tier, in this process or in several."""
    total = Found()
    crew = min(workers or min(os.cpu_count() or 1, WORKERS), max(1, len(ids) // 3))
    if isinstance(source, str) and crew > 1:
        workshop.close()
        for found in audit_tasks(source, order, ids, crew, told):
            total.add(found)
        return total
    room = workshop if workshop.order == order else Workshop(source, order)
    try:
        for number, task in enumerate(ids, start=1):
            total.add(room.audit(task))
            told(number, str(task))
    finally:
        if room is not workshop:
            room.close()
    return total
