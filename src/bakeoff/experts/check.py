"""Looks through expert data that somebody keeps: nothing missing or damaged, every gold state still passes, nothing from an unseen product, no doubles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from bakeoff.contest.host import HostedEnvironment
from bakeoff.core import Scored, TaskId, UsageError
from bakeoff.experts.item import Item, reasons
from bakeoff.experts.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with an item."""

    item: str
    what: str


def check(shelf: Shelf, told: Callable[[int], None] = lambda done: None) -> tuple[Problem, ...]:
    """All problems of all items. Gold states are judged again with today's verifier; no browser is needed."""
    found: list[Problem] = []
    hosts: dict[str, HostedEnvironment] = {}
    questions: Counter[tuple[str, str]] = Counter((item.product, item.question) for item in shelf)
    try:
        for number, item in enumerate(shelf, start=1):
            name = TaskId.parse(item.id).environment
            if name not in hosts:
                hosts[name] = HostedEnvironment(name)
            found += [Problem(item.id, what) for what in _problems(shelf, item, hosts[name])]
            if questions[(item.product, item.question)] > 1:
                found.append(Problem(item.id, "another item of this product asks the same"))
            told(number)
    finally:
        for host in hosts.values():
            host.close()
    return tuple(found)


def _problems(shelf: Shelf, item: Item, host: HostedEnvironment) -> list[str]:
    task = host.task(TaskId.parse(item.id))
    out = []
    if task.split != "train" or item.split != "train":
        out.append(f"belongs to a {task.split} product")
    try:
        demo, gold = shelf.demo(item), shelf.gold(item)
    except UsageError as damage:
        return [*out, str(damage)]
    verdict = host.regrade(task, gold)
    if not (isinstance(verdict, Scored) and verdict.passed):
        out.append("its gold state does not pass any more; collect it again")
    if demo.task.id != task.id or len(demo.steps) != item.steps:
        out.append("its demonstration is of another task")
    if len(item.reasoning) != len(demo.steps) or (item.derived and item.reasoning != reasons(demo)):
        out.append("its reasons do not belong to its demonstration")
    return out
