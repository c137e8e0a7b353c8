"""The checks of an audit, in order of running. Their ids are those of OpenEnv's RFC 008 where it names the measurement, else in its manner."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bakeoff.audit import generated, runtime, semantic
from bakeoff.audit.bench import Bench
from bakeoff.audit.report import Finding
from bakeoff.audit.semantic import ALTERNATIVES, ATTACKS, MUTANTS, RANDOM_RUNS, Results

__all__ = ["ALTERNATIVES", "ATTACKS", "CHECKS", "MUTANTS", "ON_PAPER", "RANDOM_RUNS", "Check", "run_check"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        run: yields subject, status and detail of everything it looked at on one task.
        rfc: the check ids of RFC 008 that it answers; empty where the RFC has none.
        paper: whether it also runs at the state level, without the environment's surface.
    """

    run: Callable[[Bench], Results]
    rfc: tuple[str, ...] = ()
    paper: bool = False

    @property
    def claim(self) -> str:
        """What it proves, in a few words."""
        return re.sub(r"\s+", " ", (self.run.__doc__ or "").strip())


CHECKS: dict[str, Check] = {
    "semantic.oracle_max": Check(semantic.oracle_max, ("semantic.oracle_max",), paper=True),
    "semantic.alternatives_accepted": Check(semantic.alternatives_accepted, paper=True),
    "semantic.mutants_rejected": Check(semantic.mutants_rejected, ("semantic.canary_floor",), paper=True),
    "semantic.generated_mutants_rejected": Check(generated.generated_mutants_rejected, paper=True),
    "adversarial.attacks_floor": Check(
        semantic.attacks_floor,
        ("semantic.canary_floor", "runtime.egress_denied", "runtime.host_containment", "runtime.oracle_containment"),
    ),
    "semantic.floor_gap": Check(semantic.floor_gap, ("semantic.floor_gap",), paper=True),
    "semantic.canary_floor": Check(semantic.canary_floor, ("semantic.canary_floor",)),
    "semantic.no_solution_leakage": Check(semantic.no_solution_leakage, ("semantic.no_solution_leakage",)),
    "runtime.oracle_containment": Check(runtime.oracle_containment, ("runtime.oracle_containment", "semantic.no_solution_leakage")),
    "runtime.reward_well_formed": Check(
        runtime.reward_well_formed, ("runtime.reward_well_formed", "runtime.reward_attribution"), paper=True
    ),
    "runtime.seed_control": Check(runtime.seed_control, ("runtime.seed_control",)),
    "runtime.episode_determinism": Check(runtime.episode_determinism, ("runtime.episode_determinism",)),
    "semantic.verifier_determinism": Check(semantic.verifier_determinism, ("semantic.verifier_determinism",)),
    "semantic.verifier_portability": Check(semantic.verifier_portability, ("semantic.verifier_portability",), paper=True),
    "semantic.replayability": Check(semantic.replayability, ("semantic.replayability",)),
    "runtime.episode_isolation": Check(runtime.episode_isolation, ("runtime.episode_isolation",)),
}

ON_PAPER = tuple(check for check, found in CHECKS.items() if found.paper)
"""What is checked at the state level."""


def run_check(check: str, bench: Bench) -> list[Finding]:
    """Runs one check on one task. Raises `EnvironmentFault` when the infrastructure fails."""
    make = partial(Finding, check, str(bench.task.id))
    return [make(status=status, detail=detail, subject=subject) for subject, status, detail in CHECKS[check].run(bench)]
