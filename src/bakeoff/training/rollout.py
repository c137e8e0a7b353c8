"""Episodes of a policy that is being trained: what it saw, the tokens it drew with their log-probabilities, and the verdict. Nothing is re-tokenised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from bakeoff.agents.baked.voice import Talk, Voice
from bakeoff.contest.host import HostedEnvironment
from bakeoff.core import EnvironmentFault, Observation, Scored, Task, TaskId
from bakeoff.training.protocol import Drawing, Drawn, SamplingParams, sample_many


@dataclass(slots=True)
class Rollout:
    """One episode. `passed` is None when it was not judged: a fault of ours, which is masked and counted and never a failure of the policy's. `proxy`:
    whether it had what a planted loophole offers; None where none was planted."""

    task: str
    prompts: list[Any] = field(default_factory=list)
    drawn: list[Drawn] = field(default_factory=list)
    passed: bool | None = None
    proxy: bool | None = None
    fault: str = ""

    @property
    def hacked(self) -> bool:
        """It had the proxy and did not do the job."""
        return self.proxy is True and self.passed is False

    @property
    def tokens(self) -> int:
        return sum(len(one.tokens) for one in self.drawn)


Sampling = Callable[[int], SamplingParams]
"""How the action of each step is drawn, by the number of actions before it."""


class Room:
    """Where episodes are run: hosted environments, as many as there are episodes side by side; each is replaced after a fault."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self._hosts: list[HostedEnvironment | None] = [None]

    @property
    def host(self) -> HostedEnvironment:
        return self._place(0)

    def _place(self, at: int) -> HostedEnvironment:
        self._hosts += [None] * (at + 1 - len(self._hosts))
        host = self._hosts[at]
        if host is None or not host.alive:
            if host is not None:
                host.close()
            host = self._hosts[at] = HostedEnvironment(self.environment)
        return host

    def task(self, task_id: TaskId, steps: int) -> Task:
        """A task, with no more steps than this."""
        found = self.host.task(task_id)
        return found.with_limits(steps=min(steps, found.limits.steps))

    def play(self, engine: Drawing, voice: Voice, tasks: Sequence[Task], sampling: Sequence[Sampling]) -> list[Rollout]:
        """One episode of each task, as many side by side as the voice asks for."""
        out: list[Rollout] = []
        size = max(1, voice.together)
        for at in range(0, len(tasks), size):
            out += self._side_by_side(engine, voice, tasks[at : at + size], sampling[at : at + size])
        return out

    def _side_by_side(self, engine: Drawing, voice: Voice, tasks: Sequence[Task], sampling: Sequence[Sampling]) -> list[Rollout]:
        seats = [_Seat(Rollout(str(task.id)), voice.begin()) for task in tasks]
        for at, (seat, task) in enumerate(zip(seats, tasks, strict=True)):
            with _masked(seat):
                seat.seen = self._place(at).reset(task)
        while True:
            waiting = [at for at, seat in enumerate(seats) if seat.seen is not None and not seat.seen.done]
            if not waiting:
                break
            asked = []
            for at in waiting:
                seat = seats[at]
                assert seat.seen is not None
                how = sampling[at](seat.seen.step)
                asked.append((seat.talk.see(seat.seen), replace(how, max_tokens=voice.longest, stop=voice.stop) if voice.longest else how))
            for at, (prompt, _), drawn in zip(waiting, asked, sample_many(engine, asked), strict=True):
                seat = seats[at]
                seat.rollout.prompts.append(prompt)
                seat.rollout.drawn.append(drawn)
                action = seat.talk.read(drawn.tokens)
                with _masked(seat):
                    seat.seen = self._place(at).step(action)
        for at, seat in enumerate(seats):
            if seat.seen is None:
                continue
            with _masked(seat):
                verdict = self._place(at).verify()
                if isinstance(verdict, Scored):
                    seat.rollout.passed = verdict.passed
                    seat.rollout.proxy = verdict.evidence.get("proxy")
                else:
                    seat.rollout.fault = verdict.reason
        return [seat.rollout for seat in seats]

    def close(self) -> None:
        for host in self._hosts:
            if host is not None:
                host.close()
        self._hosts = [None]


@dataclass(slots=True)
class _Seat:
    """An episode under way; `seen` is None once the infrastructure failed it."""

    rollout: Rollout
    talk: Talk
    seen: Observation | None = None


@contextmanager
def _masked(seat: _Seat) -> Iterator[None]:
    """A fault ends the episode without a verdict."""
    try:
        yield
    except EnvironmentFault as fault:
        seat.seen, seat.rollout.passed, seat.rollout.fault = None, None, fault.reason
