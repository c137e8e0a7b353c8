"""Runs an audit: draws tasks, puts each on the workbench, runs every check, and adds it all up."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bakeoff.audit.checks import CHECKS, ON_PAPER
from bakeoff.audit.coverage import coverage_of
from bakeoff.audit.crew import audit_tasks
from bakeoff.audit.journal import Journal, name_of
from bakeoff.audit.pace import Pace, Progress
from bakeoff.audit.report import AuditReport, Result, Tier, breakdown_of, errors_of, rates_of
from bakeoff.audit.sample import audited, unsealed
from bakeoff.audit.subject import Subject, subject_of
from bakeoff.audit.workshop import SAMPLE, Found, Order, Source, Workshop
from bakeoff.core import Split, TaskId, UsageError

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
    journal: Path | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Audits an environment on a sample of its tasks, on all its products, or both. Sealed products are left alone, whatever is asked for.

    An environment that offers `on_paper()` can be checked at the state level as well: proofs are played and verdicts recomputed without its surface
    (for the browser: without Chromium), which proves the verifier many times as fast, but not pages, attacks or isolation.

    Args:
        environment: a registered name, a factory, or an instance (then there is no second one, so `runtime.episode_isolation` does not apply).
        sample: how many tasks are played, spread over families, templates, splits, distances and products; 40 by default.
        all: besides, `each` tasks of every product at the state level; where there is no such level, these are played instead of a sample.
        paper: the state level alone; `sample` and `all` choose for it.
        each: tasks of each product, with `all`.
        seed: of the sample; the same seed audits the same tasks with the same mutants.
        splits: which products, of `train` and `dev`; both by default.
        tasks: these tasks instead of a sample.
        checks: ids of the checks to run; all by default.
        mutants: how many mutants to generate of one task, at most.
        workers: processes side by side; by default one for each processor, at most 4 and at most one for three tasks. Only for an
            environment given by name; others are audited in this process.
        journal: a file that keeps what is found after every task; a later audit of the same source with the same checks, seed and mutants goes on
            from there, be its sample larger or smaller. A folder: a file in it, named after the audit.
        progress: called as tasks begin or end, and at the end.
    Raises `UsageError` for unknown names, sealed products and contradictory wishes. A fault of the infrastructure is tried once more on a fresh
    instance and then reported as `inconclusive`; it never passes and never counts as a failure of the task.
    """
    wanted = _wanted(checks, paper)
    if workers is not None and workers < 1:
        raise UsageError(f"an audit needs at least one worker, not {workers}")
    if tasks is not None and (all or sample is not None):
        raise UsageError("an audit takes named tasks, or a sample and all products, not both")
    parts = audited(splits)
    workshop = Workshop(environment, Order(tuple(wanted), "state" if paper else "played", seed, mutants))
    try:
        subject = subject_of(workshop.environment)
        on_paper = [check for check in wanted if check in ON_PAPER]
        if tasks is not None:
            chosen: dict[Tier, list[TaskId]] = {"state" if paper else "played": list(tasks)}
            said = f"{len(tasks)} tasks by name"
        else:
            chosen, said = _choose(workshop, sample, all, paper, each, parts, bool(on_paper))
        for ids in chosen.values():
            unsealed(workshop.environment, ids)
        notes, covered = _left_out(subject), coverage_of(workshop.environment, chosen)
        keeper = _keeper(journal, subject, wanted, seed, mutants)
        pace = Pace({tier: [str(task) for task in ids] for tier, ids in chosen.items()}, progress, keeper.kept)
        found: dict[Tier, Found] = {}
        for tier, ids in chosen.items():
            order = Order(tuple(on_paper if tier == "state" else wanted), tier, seed, mutants)
            found[tier] = _run(environment, workshop, order, ids, workers, keeper, pace)
        changed = subject_of(workshop.environment).source != subject.source
    finally:
        workshop.close()
    pace.end()
    findings = tuple(finding for part in found.values() for finding in part.findings)
    results: dict[Tier, list[Result]] = {tier: found[tier].results for tier in found}
    ran = {finding.check for finding in findings}
    if changed:
        notes.append("The environment's source changed while it was audited, so nothing is certified; run the audit again.")
    return AuditReport(
        subject=subject,
        tasks=tuple(map(str, chosen.get("played", ()))),
        state_tasks=tuple(map(str, chosen.get("state", ()))),
        coverage=covered,
        claims={check: CHECKS[check].claim for check in wanted if check in ran},
        rfc={check: CHECKS[check].rfc for check in wanted},
        findings=findings,
        rates=tuple(rate for tier, part in results.items() for rate in rates_of(part, tier)),
        breakdown=breakdown_of(results),
        errors=errors_of([result for part in results.values() for result in part]),
        sample=said,
        seed=seed,
        date=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        episodes=sum(part.episodes for part in found.values()),
        seconds=keeper.before + pace.seconds,
        sittings=keeper.sittings,
        changed=changed,
        journal=keeper.path,
        notes=tuple(dict.fromkeys([*notes, *(note for part in found.values() for note in part.notes)])),
    )


def _wanted(checks: Sequence[str] | None, paper: bool) -> list[str]:
    """The checks to run, in order. Raises `UsageError` for what there is not."""
    wanted = list(checks) if checks is not None else list(CHECKS)
    for check in wanted:
        if check not in CHECKS:
            raise UsageError(f"there is no check '{check}'; there are {', '.join(CHECKS)}")
    if paper and not any(check in ON_PAPER for check in wanted):
        raise UsageError(f"on paper there are only the checks {', '.join(ON_PAPER)}")
    return wanted


def _left_out(subject: Subject) -> list[str]:
    """What a reader should know about the choice of products."""
    sealed = sum(count for name, count in subject.products.items() if name.endswith(" sealed"))
    if not sealed:
        return []
    return [f"{sealed} sealed products were left out: an audit leads to changes, and nothing may be tuned on them."]


def _keeper(path: Path | None, subject: Subject, checks: Sequence[str], seed: int, mutants: int) -> Journal:
    head: dict[str, Any] = {
        "environment": subject.environment,
        "source": subject.source,
        "checks": list(checks),
        "seed": seed,
        "mutants": mutants,
    }
    return Journal(path / name_of(head) if path is not None and path.is_dir() else path, head)


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
        said += f"; {len(played)} tasks played, spread over families, templates, splits and distances"
        return {"state": every, "played": played}, said
    if all:
        if sample is not None:
            raise UsageError("an environment without a state level takes a sample or all products, not both")
        return {"played": workshop.every(each, splits)}, f"{many} of every product, templates taking turns"
    chosen = workshop.sample(SAMPLE if sample is None else sample, splits)
    return {"state" if paper else "played": chosen}, f"{len(chosen)} tasks, spread over families, templates, splits and distances"


def _run(
    source: Source, workshop: Workshop, order: Order, ids: Sequence[TaskId], workers: int | None, keeper: Journal, pace: Pace
) -> Found:
    """One tier, in this process or in several; what the journal knows is not done again."""

    def work(left: Sequence[TaskId], hand_in: Callable[[TaskId, Found], None]) -> None:
        def done_with(task: TaskId, found: Found) -> None:
            hand_in(task, found)
            pace.done(order.tier, str(task))

        left = sorted(left, key=lambda task: task.product)  # a product that has to be started is started once
        pace.begins(order.tier, str(left[0]))
        crew = min(workers or min(os.cpu_count() or 1, WORKERS), max(1, len(left) // 3))
        if isinstance(source, str) and crew > 1:
            workshop.close()
            audit_tasks(source, order, left, crew, done_with)
            return
        room = workshop if workshop.order == order else Workshop(source, order)
        try:
            for task in left:
                done_with(task, room.audit(task))
        finally:
            if room is not workshop:
                room.close()

    total = Found()
    for found in keeper.through(order.tier, ids, work):
        total.add(found)
    return total
