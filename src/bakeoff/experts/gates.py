"""What an item of expert data must pass before it is kept. Every gate can fail, and one that was not tried says so.

On every item: the expert passes, its final state passes again when it is judged from its artefacts alone, doing nothing fails, and each action
has its reason and fits the screen. On a sample, because each costs an episode: the same actions lead to the same screens and verdict once more, and random actions fail.
A fault of the infrastructure is no verdict: it raises, and the task is tried again later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bakeoff.core import Action, Environment, EnvironmentFault, Observation, Scored, Task, Trajectory, Verdict, make_agent
from bakeoff.experts.item import Gate

RANDOM_STEPS = 20


def always(
    environment: Environment, task: Task, demo: Trajectory, artefacts: Mapping[str, bytes], reasoning: tuple[str, ...]
) -> list[Gate]:
    """The gates of every item."""
    again = environment.regrade(task, artefacts)
    idle = _play(environment, task, lambda _: Action("finish") if any(t.name == "finish" for t in environment.tools) else Action("wait"), 1)
    misfits = _misfits(demo)
    return [
        Gate("expert-passes", _passed(demo.verdict), _told(demo.verdict)),
        Gate("gold-state-passes", _passed(again), _told(again)),
        Gate("nothing-done-fails", not _passed(idle), _told(idle)),
        Gate("reasons-complete", len(reasoning) == len(demo.steps), f"{len(reasoning)} reasons for {len(demo.steps)} actions"),
        Gate("actions-fit-the-screen", not misfits, "; ".join(misfits) or "each was possible where it was done"),
    ]


def _misfits(demo: Trajectory) -> list[str]:
    """Actions of a demonstration on elements that were not on the screen, and such as came back with an error: nobody should learn these."""
    found, seen = [], demo.first
    for number, step in enumerate(demo.steps, start=1):
        for name in ("ref", "to"):
            ref = step.action.arguments.get(name)
            if ref is not None and seen.element(str(ref)) is None:
                found.append(f"action {number} names {ref}, which was not on the screen")
        if step.observation.error:
            found.append(f"action {number}: {step.observation.error}")
        seen = step.observation
    return found


def sampled(environment: Environment, task: Task, demo: Trajectory, tried: bool) -> list[Gate]:
    """The gates of a sample of items; untried on the others."""
    if not tried:
        return [Gate(name, None, "not in the sample") for name in ("repeats-exactly", "random-actions-fail")]
    actions = iter(demo.actions)
    screens: list[Observation] = []
    environment.reset(task)
    seen = environment.step(next(actions))
    screens.append(seen)
    while not seen.done:
        seen = environment.step(next(actions, Action("finish")))
        screens.append(seen)
    verdict = environment.verify()
    differing = [n + 1 for n, (one, step) in enumerate(zip(screens, demo.steps, strict=False)) if one.text != step.observation.text]
    same = len(screens) == len(demo.steps) and not differing and _passed(verdict)
    agent = make_agent("random", environment.tools, task.id.seed)
    random = _play(environment, task, agent.act, RANDOM_STEPS)
    return [
        Gate("repeats-exactly", same, f"{_told(verdict)}; screens that differ after actions: {differing or 'none'}"),
        Gate("random-actions-fail", not _passed(random), _told(random)),
    ]


def _play(environment: Environment, task: Task, policy: Callable[[Observation], Action], steps: int) -> Verdict:
    seen = environment.reset(task)
    while not seen.done and seen.step < steps:
        seen = environment.step(policy(seen))
    return environment.verify()


def _passed(verdict: Verdict | None) -> bool:
    """Whether it passed. Raises `EnvironmentFault` for an abstention: that is neither."""
    if isinstance(verdict, Scored):
        return verdict.passed
    raise EnvironmentFault("a gate could not be judged" if verdict is None else f"a gate could not be judged: {verdict.reason}")


def _told(verdict: Verdict | None) -> str:
    return f"scored {verdict.value:g}" if isinstance(verdict, Scored) else "not judged"
