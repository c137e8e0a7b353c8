"""What environments have to make ready once, before anything with a deadline begins: the data of software from elsewhere, for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bakeoff.contest.plan import Plan
from bakeoff.core import TaskId, load, make_environment

Told = Callable[[str, int, int], None]
"""Is told what is being made, how many parts are done, and of how many."""


def silent(what: str, done: int, total: int) -> None:
    """Tells nobody."""


def prepare(environment: str, products: Iterable[str] | None = None, told: Told = silent) -> None:
    """Lets an environment make ready what episodes in these products need, or in any without names; nothing where it offers no `prepare`."""
    if not hasattr(load("environments", environment), "prepare"):
        return
    with make_environment(environment) as found:
        found.prepare(None if products is None else list(products), told)  # type: ignore[attr-defined]


def prepare_plan(plan: Plan, told: Told = silent) -> None:
    """The same for all that a plan needs."""
    needed: dict[str, list[str] | None] = {}
    for stream in plan.streams:
        names = [TaskId.parse(task).product for task in stream.tasks] or (
            list(stream.products) if isinstance(stream.products, tuple) else []
        )
        open_ended = not names or any(exam.on == "unseen" for exam in stream.exams) or stream.warmup
        known = needed.get(stream.environment, [])
        needed[stream.environment] = None if open_ended or known is None else [*known, *names]
    for environment, products in needed.items():
        prepare(environment, products, told)
