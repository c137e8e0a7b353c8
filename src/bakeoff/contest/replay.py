"""Plays a stored episode's actions in a real environment again and says where it comes out otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bakeoff.contest.apps import announce_of
from bakeoff.contest.host import HostedEnvironment
from bakeoff.contest.prepare import prepare
from bakeoff.contest.regrade import describe
from bakeoff.contest.store import Episode, Store
from bakeoff.core import Action, Element, Observation, Scored, TaskId, Trajectory, UsageError, Verdict


@dataclass(frozen=True, slots=True)
class Divergence:
    """After `step` actions (0: on the first screen) something was otherwise: `what` in one sentence."""

    step: int
    what: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """`verdict`: today's on the replayed state, None when the replay ended before the stored episode did; `agrees`: it scores as stored."""

    episode: Episode
    steps: int
    divergences: tuple[Divergence, ...]
    verdict: Verdict | None

    @property
    def agrees(self) -> bool:
        if isinstance(self.verdict, Scored):
            return self.verdict.value == self.episode.value
        return self.verdict is not None and not self.episode.scored

    @property
    def faithful(self) -> bool:
        """Same screens all along and the same score at the end."""
        return self.agrees and not self.divergences


Show = Callable[[Action | None, Observation], None]


def replay(store: Store, episode: Episode, *, show: Show = lambda action, seen: None) -> Replayed:
    """Replays one episode. `show` is given each action (None at first) and the screen after it.

    Raises `UsageError` when no trajectory was kept, `EnvironmentFault` when the environment fails meanwhile.
    """
    trajectory = store.trajectory(episode)
    if trajectory is None:
        raise UsageError(f"episode {episode.id} has no stored trajectory (it abstained before it began, or the disk budget was spent)")
    announce_of(store)
    prepare(episode.environment, [TaskId.parse(episode.task_id).product])
    host = HostedEnvironment(episode.environment)
    try:
        return _play(host, episode, trajectory, show)
    finally:
        host.close()


def _play(host: HostedEnvironment, episode: Episode, trajectory: Trajectory, show: Show) -> Replayed:
    seen = host.reset(trajectory.task)
    show(None, seen)
    found = [Divergence(0, what) for what in _differences(trajectory.first, seen)]
    for number, step in enumerate(trajectory.steps, start=1):
        if seen.done:
            found.append(Divergence(number, f"the replayed episode ended ({seen.ended}) before '{step.action}'"))
            break
        seen = host.step(step.action)
        show(step.action, seen)
        found += [Divergence(number, what) for what in _differences(step.observation, seen)]
    verdict = host.verify()
    if not seen.done and trajectory.last.done:
        found.append(Divergence(len(trajectory.steps), f"the stored episode ended ({trajectory.last.ended}), the replayed one did not"))
    if isinstance(verdict, Scored) and episode.scored and verdict.value != episode.value:
        found.append(Divergence(len(trajectory.steps), f"the verdict was {episode.value:g}, and is now {describe(verdict)}"))
    return Replayed(episode, len(trajectory.steps), tuple(found), verdict)


def _differences(then: Observation, now: Observation) -> list[str]:
    """What a worker would have noticed: goal, place, error, ending, and the elements by role, name, value, states and options."""
    out = [
        f"{name} was {getattr(then, name)!r}, and is now {getattr(now, name)!r}"
        for name in ("goal", "title", "location", "error", "ended")
        if getattr(then, name) != getattr(now, name)
    ]
    before, after = [_essence(element) for element in then.elements], [_essence(element) for element in now.elements]
    if before != after:
        place = next(
            (index for index, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), min(len(before), len(after))
        )
        was = _name(then.elements[place]) if place < len(before) else "nothing"
        now_is = _name(now.elements[place]) if place < len(after) else "nothing"
        out.append(f"of {len(before)} elements, the one at {place + 1} was {was}, and is now {now_is}")
    return out


def _essence(element: Element) -> tuple[object, ...]:
    return element.ref, element.role, element.name, element.value, element.states, element.parent, element.options


def _name(element: Element) -> str:
    value = f" = {element.value!r}" if element.value else ""
    states = f" ({', '.join(sorted(element.states))})" if element.states else ""
    return f"{element.role} {element.name!r}{value}{states}"
