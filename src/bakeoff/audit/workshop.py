"""One process's part of an audit: two instances of the environment (or one on paper), replaced after a fault, and what was found with them."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bakeoff.audit.bench import Bench
from bakeoff.audit.checks import run_check
from bakeoff.audit.report import Finding, Result, Status, Tier
from bakeoff.audit.sample import every_product, sample_tasks
from bakeoff.core import Environment, EnvironmentFault, Split, TaskId, UsageError, make_environment

SAMPLE = 40
"""Tasks in a sample when nobody says how many."""

HOPELESS = 12
"""After so many faults in a row the rest of the audit is not tried."""

Source = str | Environment | Callable[[], Environment]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with every task: the checks by id, where, the audit's seed, and how many mutants to generate at most."""

    checks: tuple[str, ...]
    tier: Tier = "played"
    seed: int = 0
    most: int = 60


@dataclass(slots=True)
class Found:
    """What came of one task: findings, and every run and judged state."""

    findings: list[Finding] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    episodes: int = 0

    def add(self, other: Found) -> None:
        self.findings += other.findings
        self.results += other.results
        self.notes += [note for note in other.notes if note not in self.notes]
        self.episodes += other.episodes


class Workshop:
    """Audits tasks one by one. `source`: a registered name, a factory, or an instance, which then stays the caller's and has no second."""

    def __init__(self, source: Source, order: Order) -> None:
        self.source, self.order = source, order
        self._pair: tuple[Environment, Environment | None] | None = None
        self._faults = 0
        self._found = Found()
        self.name = self._open()[0].name

    def _open(self) -> tuple[Environment, Environment | None]:
        if self._pair is None:
            if self.order.tier == "state":
                self._pair = (self._paper(), None)
            elif isinstance(self.source, Environment):
                self._pair = (self.source, None)
            else:
                first = self._make()
                try:
                    self._pair = (first, self._make())
                except BaseException:
                    first.close()
                    raise
        return self._pair

    def _paper(self) -> Environment:
        """The environment without its surface. Raises `UsageError` when it has none such."""
        made = self.source if isinstance(self.source, Environment) else self._make()
        try:
            paper: Callable[[], Environment] | None = getattr(made, "on_paper", None)
            if paper is None:
                raise UsageError(f"environment '{made.name}' cannot be checked on paper: it offers no `on_paper()`; leave --paper out")
            return paper()
        finally:
            if made is not self.source:
                made.close()

    @property
    def environment(self) -> Environment:
        """The instance in use."""
        return self._open()[0]

    def _make(self) -> Environment:
        if isinstance(self.source, str):
            return make_environment(self.source)
        assert not isinstance(self.source, Environment)
        return self.source()

    def close(self) -> None:
        """Frees what was opened here; an instance given by the caller stays the caller's."""
        pair, self._pair = self._pair, None
        for instance in pair or ():
            if instance is not None and instance is not self.source:
                instance.close()

    def sample(self, count: int, splits: Sequence[Split]) -> list[TaskId]:
        return sample_tasks(self.environment, count, seed=self.order.seed, splits=splits)

    def every(self, each: int, splits: Sequence[Split]) -> list[TaskId]:
        return every_product(self.environment, each=each, seed=self.order.seed, splits=splits)

    def audit(self, task: TaskId) -> Found:
        """Runs every check on one task."""
        self._found = Found()
        bench: Bench | None = None
        played: dict[str, tuple[Status, str]] = {}
        for check in self.order.checks:
            for last_try in (False, True):
                if self._faults >= HOPELESS:
                    reason = f"not tried, because the infrastructure had failed {HOPELESS} times in a row"
                    self._found.findings.append(Finding(check, str(task), "inconclusive", reason, tier=self.order.tier))
                    break
                try:
                    if bench is None:
                        environment, other = self._open()
                        bench = Bench(environment, environment.task(task), other, self.order.seed, self.order.most, played=played)
                    found = run_check(check, bench)
                except EnvironmentFault as fault:
                    self._faults += 1
                    self._collect(bench)
                    bench = None
                    self._renew()
                    if last_try or not fault.retryable:
                        self._found.findings.append(Finding(check, str(task), "inconclusive", fault.reason, tier=self.order.tier))
                        break
                except UsageError:
                    raise
                except Exception as problem:  # a bug of the environment's: that is a finding, and no reason to stop
                    where = traceback.extract_tb(problem.__traceback__)[-1]
                    broke = (
                        f"the environment broke with {type(problem).__name__}: {problem} ({Path(where.filename).name}, line {where.lineno})"
                    )
                    self._found.findings.append(Finding(check, str(task), "failed", broke, tier=self.order.tier))
                    self._collect(bench)
                    bench = None
                    self._renew()
                    break
                else:
                    self._faults = 0
                    self._found.findings += [replace(finding, tier=self.order.tier) for finding in found]
                    break
        self._collect(bench)
        return self._found

    def _collect(self, bench: Bench | None) -> None:
        if bench is not None:
            self._found.results += bench.results
            self._found.episodes += bench.episodes

    def _renew(self) -> None:
        """A fresh pair of instances; the old ones may be dead, and closing them may fail for that very reason."""
        pair, self._pair = self._pair, None
        for instance in pair or ():
            if instance is not None and instance is not self.source:
                try:
                    instance.close()
                except EnvironmentFault as fault:
                    self._found.notes.append(f"An instance that had failed could not be closed cleanly: {fault.reason}")
