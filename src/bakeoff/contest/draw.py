"""Draws what a plan leaves open: which products, in which order, which tasks with which seeds; and what kind of exam at which point.

Everything is drawn from the plan's seed, the stream's name and the repetition, never from the agent.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from bakeoff.contest.plan import AgentPlan, ExamPlan, Plan, StreamPlan, StreamRun
from bakeoff.core import Distance, Exam, Product, Split, Stream, Task, TaskId, UsageError
from bakeoff.toml import nearest

TASK_SEEDS = 1_000_000
"""Stream tasks have seeds below this, exam tasks from here on, recordings (see `cell.py`) from ten times this on: they never meet."""


class Catalogue(Protocol):
    """What expanding a plan asks of an environment."""

    def products(self, *, family: str | None = None, split: Split | None = None) -> Sequence[Product]: ...

    def product(self, name: str) -> Product: ...

    def task(self, task_id: TaskId) -> Task: ...


def expand(plan: Plan, catalogues: Mapping[str, Catalogue]) -> tuple[StreamRun, ...]:
    """Draws the tasks of every stream in every repetition. Raises `UsageError` where the environment has no such product or task."""
    out: list[StreamRun] = []
    for declared in plan.streams:
        where = f"{plan.path}: stream '{declared.name}'"
        catalogue = catalogues[declared.environment]
        if declared.tasks:
            for task in declared.tasks:
                _checked(catalogue, TaskId.parse(task), where)
            chosen: tuple[Product, ...] = ()
        else:
            chosen = _choose(plan, declared, catalogue, where)
            chosen = _warmup(plan, declared, chosen, catalogue, where) + chosen
        for repetition in range(plan.repetitions):
            groups = [(declared.name, chosen)] if declared.carry else [(f"{declared.name}-{product.id}", (product,)) for product in chosen]
            for name, products in groups if chosen else [(declared.name, ())]:
                stream = _draw(plan, declared, name, products, chosen, repetition, catalogue, where)
                out.append(StreamRun(declared.environment, repetition, _seed(plan.seed, name, repetition), stream))
    return tuple(out)


def plan_hash(plan: Plan, streams: Sequence[StreamRun]) -> str:
    """SHA-256 of everything that decides results: agents, drawn streams, limits. Not of workers, prices or the disk budget."""
    identity = {
        "name": plan.name,
        "seed": plan.seed,
        "agents": [_identity(agent) for agent in plan.agents],
        "max_steps": plan.budgets.max_steps,
        "seconds": plan.budgets.seconds,
        "streams": [stream.to_dict() for stream in streams],
    }
    if plan.bakes:
        identity["bakes"] = sorted(facts.sha256 for _, facts in plan.bakes)
    if plan.apps:
        identity["apps"] = sorted(app.digest for app in plan.apps)
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _identity(agent: AgentPlan) -> dict[str, Any]:
    """Where a checkpoint lies does not matter; what it is stands beside (`bakes`)."""
    name = agent.spec.partition(":")[0] if agent.recipes else agent.spec
    return {"spec": name, "label": agent.label, "memory": agent.memory}


def plan_data(plan: Plan, streams: Sequence[StreamRun]) -> dict[str, Any]:
    """The plan with its drawn streams, JSON-ready, as the store keeps it. `runs.plan["streams"]` feeds `StreamRun.from_dict`."""
    data = asdict(plan)
    del data["source"]
    return {**data, "declared": data["streams"], "streams": [stream.to_dict() for stream in streams]}


def _seed(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:4], "big") >> 1


def _rng(*parts: object) -> random.Random:
    return random.Random("/".join(map(str, parts)))


def _checked(catalogue: Catalogue, task: TaskId, where: str) -> TaskId:
    try:
        catalogue.task(task)
    except UsageError as problem:
        raise UsageError(f"{where}: {problem}") from problem
    return task


def _choose(plan: Plan, declared: StreamPlan, catalogue: Catalogue, where: str) -> tuple[Product, ...]:
    """The products of a stream, the same in every repetition; only their order and their data vary."""
    on_offer = catalogue.products(family=declared.family, split=declared.split)
    if declared.family is not None and not catalogue.products(family=declared.family):
        families = list(dict.fromkeys(product.family for product in catalogue.products()))
        raise UsageError(
            f"{where}: environment '{declared.environment}' has no family '{declared.family}'{nearest(declared.family, families)}; "
            f"it has {', '.join(families)}"
        )
    if isinstance(declared.products, int):
        rng = _rng(plan.seed, declared.name, "products")
        chosen = _sample(on_offer, declared.products, declared.distances, rng, f"{where}: the split '{declared.split}'")
    else:
        chosen = tuple(_named(name, on_offer, catalogue, declared, where) for name in declared.products)
    for product in chosen:
        missing = [template for template in declared.templates if template not in product.templates]
        if missing:
            raise UsageError(
                f"{where}: product '{product.id}' has no template '{missing[0]}'{nearest(missing[0], product.templates)}; "
                f"it has {', '.join(product.templates)}"
            )
    return chosen


def _warmup(plan: Plan, declared: StreamPlan, chosen: tuple[Product, ...], catalogue: Catalogue, where: str) -> tuple[Product, ...]:
    """Training products of the families at hand that are not among the chosen: of those that something was baked on, where something was."""
    if not declared.warmup:
        return ()
    met, families = {product.name for product in chosen}, {product.family for product in chosen}
    on_offer = [item for item in catalogue.products(split="train") if item.name not in met and item.family in families]
    rehearsed = {name for _, facts in plan.bakes if facts.environment == declared.environment for name in facts.products}
    on_offer = [item for item in on_offer if item.name in rehearsed] or on_offer
    rng = _rng(plan.seed, declared.name, "warmup")
    return _sample(on_offer, declared.warmup, (), rng, f"{where}: 'warmup' draws from the split 'train'")


def _sample(on_offer: Sequence[Product], count: int, distances: Sequence[Distance], rng: random.Random, whose: str) -> tuple[Product, ...]:
    """`count` products; of each distance asked for as many, the first ones getting what does not divide evenly."""
    if not distances:
        if len(on_offer) < count:
            raise UsageError(f"{whose}: {count} products are wanted and {len(on_offer)} are left")
        return tuple(rng.sample(list(on_offer), count))
    chosen: list[Product] = []
    for index, distance in enumerate(distances):
        wanted = count // len(distances) + (index < count % len(distances))
        there = [product for product in on_offer if product.distance == distance]
        if len(there) < wanted:
            raise UsageError(f"{whose}: {wanted} products of distance '{distance}' are wanted and {len(there)} are left")
        chosen.extend(rng.sample(there, wanted))
    return tuple(chosen)


def _named(name: str, on_offer: Sequence[Product], catalogue: Catalogue, declared: StreamPlan, where: str) -> Product:
    wanted, _, version = name.partition("@")
    found = [product for product in on_offer if product.id == wanted and version in ("", str(product.version))]
    if found:
        return max(found, key=lambda product: product.version)
    try:
        elsewhere = catalogue.product(name)  # an environment may know more products than it lists
    except UsageError:
        elsewhere = None
    if elsewhere is not None:
        if declared.family in (None, elsewhere.family) and declared.split in (None, elsewhere.split):
            return elsewhere
        raise UsageError(
            f"{where}: product '{name}' is of family '{elsewhere.family}' and split '{elsewhere.split}', "
            f"and the stream asks for {declared.family or 'any'} and {declared.split or 'any'}"
        )
    near = nearest(wanted, [product.id for product in on_offer])
    raise UsageError(
        f"{where}: environment '{declared.environment}' has no product '{name}'{near}; see `bakeoff list {declared.environment}`"
    )


def _tasks(product: Product, declared: StreamPlan, episodes: int, rng: random.Random, environment: str, first_seed: int) -> list[TaskId]:
    """Templates in shuffled rounds, so that each comes up equally often; a fresh seed for each task."""
    templates = list(declared.templates or product.templates)
    schedule: list[str] = []
    while len(schedule) < episodes:
        rng.shuffle(templates)
        schedule.extend(templates)
    seeds = rng.sample(range(first_seed, first_seed + TASK_SEEDS), episodes)
    return [
        TaskId(environment, product.id, product.version, template, seed) for template, seed in zip(schedule[:episodes], seeds, strict=True)
    ]


def _draw(
    plan: Plan,
    declared: StreamPlan,
    name: str,
    products: tuple[Product, ...],
    drawn: tuple[Product, ...],
    repetition: int,
    catalogue: Catalogue,
    where: str,
) -> Stream:
    ends: list[int] = []
    if declared.tasks:
        tasks = [TaskId.parse(task) for task in declared.tasks]
    else:
        warm, order = list(products[: declared.warmup]), list(products[declared.warmup :])
        _rng(plan.seed, name, repetition, "order").shuffle(order)
        order = warm + order
        queues = [
            _tasks(product, declared, declared.episodes, _rng(plan.seed, name, repetition, product.name), declared.environment, 0)
            for product in order
        ]
        if declared.order == "blocked":
            tasks = [task for queue in queues for task in queue]
            ends = [declared.episodes * (index + 1) for index in range(len(queues))]
        else:
            turns = [index for index, queue in enumerate(queues) for _ in queue]
            _rng(plan.seed, name, repetition, "mix").shuffle(turns)
            waiting = [iter(queue) for queue in queues]
            tasks = [next(waiting[index]) for index in turns]
    exams = [
        exam
        for wanted in declared.exams
        for exam in _draw_exams(plan, declared, wanted, name, products, drawn, repetition, catalogue, where, len(tasks), ends)
    ]
    exams.sort(key=lambda exam: exam.after)
    return Stream(name, tuple(tasks), declared.feedback, tuple(exams), declared.practice_steps)


def _draw_exams(
    plan: Plan,
    declared: StreamPlan,
    wanted: ExamPlan,
    name: str,
    products: tuple[Product, ...],
    drawn: tuple[Product, ...],
    repetition: int,
    catalogue: Catalogue,
    where: str,
    length: int,
    ends: Sequence[int],
) -> list[Exam]:
    """The same tasks at every point of a repetition, so that points can be compared pair by pair; nothing is learned from them."""
    if declared.tasks:
        raise UsageError(f"{where}: a stream that lists tasks by id cannot have exams; declare it by products")
    if "product" in wanted.at and not ends:
        raise UsageError(f"{where}: exams after each 'product' need order = \"blocked\"")
    points: set[int] = set()
    for point in wanted.at:
        points |= {"start": {0}, "end": {length}, "product": set(ends)}[point] if isinstance(point, str) else {point}
    if max(points) > length:
        raise UsageError(f"{where}: an exam at {max(points)} lies after the last of {length} episodes")
    if wanted.on == "same":
        examined = products
    else:
        met = {product.name for product in drawn}
        family = {product.family for product in drawn}
        split = {product.split for product in drawn[declared.warmup :]} if wanted.split is None else {wanted.split}
        others = [item for item in catalogue.products() if item.name not in met and item.family in family and item.split in split]
        chance = _rng(plan.seed, declared.name, "exam", wanted.name)
        examined = _sample(others, wanted.products, wanted.distances, chance, f"{where}: exam '{wanted.name}'")
    rng = _rng(plan.seed, name, repetition, "exam", wanted.name)
    tasks = tuple(
        task for product in examined for task in _tasks(product, declared, wanted.episodes, rng, declared.environment, TASK_SEEDS)
    )
    return [Exam(point, tasks, wanted.name) for point in sorted(points)]
