"""Episodes of a policy that is being trained: what it saw, the tokens it drew with their log-probabilities, and the verdict. Nothing is re-tokenised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bakeoff.agents.baked.kinds import AnyGrammar, eyes
from bakeoff.contest.host import HostedEnvironment
from bakeoff.core import EnvironmentFault, Scored, Task, TaskId
from bakeoff.training.protocol import Drawn, Engine, SamplingParams


@dataclass(slots=True)
class Rollout:
    """One episode. `passed` is None when it was not judged: a fault of ours, which is masked and counted and never a failure of the policy's."""

    task: str
    prompts: list[Any] = field(default_factory=list)
    drawn: list[Drawn] = field(default_factory=list)
    passed: bool | None = None
    fault: str = ""

    @property
    def tokens(self) -> int:
        return sum(len(one.tokens) for one in self.drawn)


class Room:
    """Where episodes are run: a hosted environment that is replaced after a fault."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self._host: HostedEnvironment | None = None

    @property
    def host(self) -> HostedEnvironment:
        if self._host is None or not self._host.alive:
            self.close()
            self._host = HostedEnvironment(self.environment)
        return self._host

    def task(self, task_id: TaskId, steps: int) -> Task:
        """A task, with no more steps than this."""
        found = self.host.task(task_id)
        return found.with_limits(steps=min(steps, found.limits.steps))

    def play(self, engine: Engine, grammar: AnyGrammar, task: Task, sampling: Callable[[int], SamplingParams]) -> Rollout:
        """One episode; `sampling(step)` says how each action is drawn."""
        out = Rollout(str(task.id))
        try:
            host = self.host
            seen = host.reset(task)
            sight = eyes(grammar)
            while not seen.done:
                screen = sight.look(seen)
                (one,) = engine.sample(screen, 1, sampling(seen.step))
                out.prompts.append(screen)
                out.drawn.append(one)
                action = grammar.read(one.tokens, screen)
                sight.did(action, seen)
                seen = host.step(action)
            verdict = host.verify()
            if isinstance(verdict, Scored):
                out.passed = verdict.passed
            else:
                out.fault = verdict.reason
        except EnvironmentFault as fault:
            out.passed, out.fault = None, fault.reason
        return out

    def close(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None
