"""One task on the workbench: the environment, a second instance where one can be made, and what was run so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bakeoff.agents.floors import NoOp, Random
from bakeoff.audit.report import Result, Status
from bakeoff.core import (
    Abstained,
    Action,
    Environment,
    EnvironmentFault,
    Observation,
    Policy,
    Proof,
    ProofKind,
    Scored,
    Task,
    Trajectory,
    Verdict,
    run_episode,
)

REPEATS = 3
"""How often the same actions are carried out, the first time included; the last time in a second instance where there is one."""


@dataclass(frozen=True, slots=True)
class Run:
    """An episode with what must be taken down before the next one begins: the artefacts, and what `verify` says when asked again."""

    trajectory: Trajectory
    artefacts: Mapping[str, bytes]
    again: Verdict

    @property
    def verdict(self) -> Scored:
        """The verdict, if it is one."""
        return scored(self.trajectory.verdict)

    @property
    def observations(self) -> list[Observation]:
        return [self.trajectory.first, *(step.observation for step in self.trajectory.steps)]


@dataclass
class Bench:
    """A task under audit.

    Attributes:
        other: a second instance; None where there is none.
        seed: of the audit; everything random here follows from it and the task.
        most: generated mutants of one task, at most.
        results: every run and every judged state, for the rates.
        played: proofs by name that have been played, so that a fault in one does not make the others be played again.
    """

    environment: Environment
    task: Task
    other: Environment | None = None
    seed: int = 0
    most: int = 60
    episodes: int = 0
    results: list[Result] = field(default_factory=list)
    played: dict[str, tuple[Status, str]] = field(default_factory=dict)

    def count(self, group: str, name: str, passed: bool) -> None:
        """Takes a result down."""
        self.results.append(Result(group, name, str(self.task.id), passed))

    def run(self, policy: Policy, agent: str, *, task: Task | None = None, on: Environment | None = None, count: bool = True) -> Run:
        """One judged episode; counted among the results of `agent`. An abstention becomes an `EnvironmentFault`."""
        self.episodes += 1
        environment = on or self.environment
        trajectory = run_episode(environment, policy, task or self.task, agent=agent)
        assert trajectory.verdict is not None
        verdict = scored(trajectory.verdict)
        if count:
            self.count(agent, "", verdict.passed)
        artefacts = {name: bytes(content) for name, content in environment.artefacts().items()}
        return Run(trajectory, artefacts, environment.verify())

    @cached_property
    def expert(self) -> Run | None:
        """The expert's run; None where the task has no expert."""
        policy = self.environment.expert(self.task)
        return None if policy is None else self.run(policy, "expert")

    @cached_property
    def idle(self) -> Run:
        """A run in which nothing is done."""
        return self.run(NoOp(self.environment.tools, 0).act, "noop")

    @cached_property
    def script(self) -> Run:
        """A run to repeat: the expert's, or a random one."""
        return self.expert or self.run(Random(self.environment.tools, self.seed).act, "random", count=False)

    @cached_property
    def repeats(self) -> list[tuple[str, Run | str]]:
        """The script's actions once more, and the last time in the second instance, where there is one: the run, or why it could not go on."""
        places: list[tuple[str, Environment]] = [(f"repetition {index}", self.environment) for index in range(2, REPEATS)]
        places.append(("another instance", self.other) if self.other is not None else (f"repetition {REPEATS}", self.environment))
        return [(name, self.repeat(environment)) for name, environment in places]

    def repeat(self, environment: Environment) -> Run | str:
        """The script's actions again, as long as they lead from one screen of the script to the next; else what differed first."""
        script = self.script
        actions = iter(script.trajectory.actions)
        expected = iter(script.observations)
        difference = ""

        def policy(observation: Observation) -> Action:
            nonlocal difference
            difference = difference or difference_of(next(expected), observation)
            if difference:
                raise Diverged
            return next(actions)

        try:
            run = self.run(policy, "script", on=environment, count=False)
        except (Diverged, StopIteration):
            return difference or "the episode went on after the last action of the first run"
        return difference_of(next(expected, run.trajectory.last), run.trajectory.last) or run

    @cached_property
    def all_proofs(self) -> tuple[Proof, ...]:
        return self.environment.proofs(self.task)

    def proofs(self, kind: ProofKind) -> list[Proof]:
        return [proof for proof in self.all_proofs if proof.kind == kind]


class Diverged(Exception):
    """A repeated run saw another screen than the first one."""


def scored(verdict: Verdict | None) -> Scored:
    """The verdict, if it is one. What could not be judged proves nothing either way."""
    if isinstance(verdict, Abstained):
        raise EnvironmentFault(f"the verdict abstained: {verdict.reason}")
    assert verdict is not None
    return verdict


def difference_of(one: Observation, two: Observation, when: str = "") -> str:
    """Where two observations differ first, in words; empty when they are equal."""
    if one == two:
        return ""
    when = when or (f"after {one.step} actions" if one.step else "at the start")
    lines, others = [*one.text.splitlines(), "(end)"], [*two.text.splitlines(), "(end)"]
    first = next(((line.strip(), other.strip()) for line, other in zip(lines, others, strict=False) if line != other), None)
    if first is None:
        names = [name for name, value in one.to_dict().items() if value != two.to_dict()[name]]
        return f"{when}, {', '.join(names)} differ"
    return f"{when}, {first[0]!r} became {first[1]!r}"
