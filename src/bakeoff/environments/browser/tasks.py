"""Tasks: what a template asks for in one product, from the task's id alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bakeoff.core import Limits, Task, TaskId, UsageError
from bakeoff.environments.browser import loophole, products
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.schema import Job, State
from bakeoff.environments.browser.seeds import generator
from bakeoff.environments.browser.verify import final_state
from bakeoff.environments.browser.world import DATA, open_copy, snapshot


@dataclass(frozen=True, slots=True)
class Assignment:
    """A task with what only its environment may know: the product's blueprint, the initial state and the acts that fulfil the job."""

    id: TaskId
    blueprint: Blueprint
    before: State
    job: Job

    @property
    def seed(self) -> int:
        return self.id.seed


@lru_cache(maxsize=64)
def first_state(blueprint: Blueprint, seed: int) -> State:
    """What a fresh copy of a task's database holds, read back from it. Treat as read-only."""
    connection = open_copy(snapshot(blueprint, "task", seed))
    try:
        return final_state(blueprint, connection)
    finally:
        connection.close()


PLANTED: dict[TaskId, Assignment] = {}
"""Assignments that an audit has put in the place of the real ones for a while, to see whether anything of them ever shows."""


def assignment(task_id: TaskId) -> Assignment:
    """The assignment behind an id. Raises `UsageError` when there is no such product, version or template."""
    return PLANTED.get(task_id) or _drawn(task_id)


@lru_cache(maxsize=256)
def _drawn(task_id: TaskId) -> Assignment:
    blueprint = products.blueprint(task_id.product, task_id.version)
    template = blueprint.family.templates.get(task_id.template)
    if template is None:
        raise UsageError(
            f"product '{task_id.product}' has no template '{task_id.template}'; it has {', '.join(blueprint.family.templates)}"
        )
    before = first_state(blueprint, task_id.seed)
    rng = generator("job", blueprint.origin, DATA, task_id.template, task_id.seed)
    return Assignment(task_id, blueprint, before, template(rng, before))


def task(task_id: TaskId) -> Task:
    """The task as a worker is given it. Raises `UsageError` as `assignment` does."""
    from bakeoff.environments.browser.experts import estimate

    found = assignment(task_id)
    place = products.product(task_id.product, task_id.version)
    steps = 4 * estimate(found.blueprint, found.before, found.job.acts, len(found.job.sources)) + 10
    if found.blueprint.loophole:
        steps += 4
    instruction = found.job.instruction + (loophole.ASKED if found.blueprint.loophole else "")
    return Task(task_id, place.family, place.split, instruction, Limits(steps, 120.0), place.distance)
