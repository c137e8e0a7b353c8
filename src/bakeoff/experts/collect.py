"""Collects expert data: draws tasks of training products, has the environment's expert do them, puts each run through the gates, keeps what passes.

Products and templates are gone through in turn, so that whatever number is asked for is spread evenly, and a larger number contains the smaller
one. What is on the shelf already is not done again.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bakeoff import __version__
from bakeoff.contest.cell import SECONDS_PER_EXPERT_STEP
from bakeoff.contest.host import HostedEnvironment
from bakeoff.contest.trajectories import pack
from bakeoff.core import Environment, EnvironmentFault, Product, Scored, TaskId, Trajectory, UsageError
from bakeoff.experts.gates import always, sampled
from bakeoff.experts.item import EXPERT_SEEDS, Item, Provenance, digest, reasons
from bakeoff.experts.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to collect.

    Attributes:
        environment: by name.
        n: how many items the shelf shall hold of this, at least 1.
        family: one job family; empty for all.
        products: how many training products, the first of the catalogue; 0 for all.
        named: these products by name instead.
        templates: these task templates; empty for all.
        sample: share of items on which the dearer gates are tried, in [0, 1].
        first: seed to begin with, from `EXPERT_SEEDS` on.
        suffix: these variants of the products, by what stands behind their ids, e.g. `-loophole`; empty for the products themselves.
    """

    environment: str
    n: int
    family: str = ""
    products: int = 0
    named: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    sample: float = 0.1
    first: int = EXPERT_SEEDS
    suffix: str = ""

    def __post_init__(self) -> None:
        if self.n < 1:
            raise UsageError(f"ask for at least one item, not {self.n}")
        if not 0 <= self.sample <= 1:
            raise UsageError(f"the sample is a share between 0 and 1, not {self.sample}")
        if self.first < EXPERT_SEEDS:
            raise UsageError(f"seeds of expert data begin at {EXPERT_SEEDS}; those below belong to the contest")


@dataclass(slots=True)
class Collected:
    """What came of it: items added now, there before, failed a gate, and tasks that the infrastructure failed twice."""

    added: int = 0
    before: int = 0
    rejected: int = 0
    faults: list[str] = field(default_factory=list)


def training_products(environment: Environment, wanted: Wanted) -> tuple[Product, ...]:
    """The products to learn from. Raises `UsageError` when one of them is not in the training split, or there is none."""
    if wanted.named:
        found = tuple(environment.product(name) for name in wanted.named)
    else:
        found = tuple(environment.products(family=wanted.family or None, split="train"))
        if wanted.products > len(found):
            raise UsageError(f"there are only {len(found)} such training products, not {wanted.products}")
        found = found[: wanted.products or None]
    if wanted.suffix:
        found = tuple(environment.product(f"{product.id}{wanted.suffix}@{product.version}") for product in found)
    for product in found:
        if product.split != "train":
            raise UsageError(f"'{product.id}' is a {product.split} product: nothing may be learned from it beforehand")
    if not found:
        families = sorted({product.family for product in environment.products(split="train")})
        raise UsageError(f"there is no training product of that kind; families with some: {', '.join(families) or 'none'}")
    return found


def draw(products: Sequence[Product], wanted: Wanted) -> Iterator[TaskId]:
    """Task ids without end: every product and template once, then again with the next seed."""
    for template in wanted.templates:
        if not any(template in product.templates for product in products):
            raise UsageError(f"no such product has the template '{template}'; there are {', '.join(products[0].templates)}")
    pairs = [(p, t) for p in products for t in p.templates if not wanted.templates or t in wanted.templates]
    for seed in itertools.count(wanted.first):
        for product, template in pairs:
            yield TaskId(wanted.environment, product.id, product.version, template, seed)


def collect(wanted: Wanted, shelf: Shelf, told: Callable[[int, str], None] = lambda done, what: None) -> Collected:
    """Fills the shelf. `told(done, what)` is called after each task. A fault is tried once more on a fresh host, then counted and passed over.

    Raises `UsageError` for a wish that cannot be met, `EnvironmentFault` when no host can be started.
    """
    result = Collected()
    host: HostedEnvironment | None = None
    try:
        host = HostedEnvironment(wanted.environment)
        products = training_products(host, wanted)
        tasks = itertools.islice(draw(products, wanted), wanted.n)
        for number, task_id in enumerate(tasks):
            key = str(task_id)
            if key in shelf.items or key in shelf.rejected:
                result.before += 1
                told(number + 1, "")
                continue
            for attempt in (1, 2):
                try:
                    item, demo, artefacts = make(host, task_id, tried=_in_sample(number, wanted.sample))
                except EnvironmentFault as fault:
                    if attempt == 2 or not fault.retryable:
                        result.faults.append(f"{task_id}: {fault.reason}")
                    host.close()
                    host = HostedEnvironment(wanted.environment)
                    if attempt == 2 or not fault.retryable:
                        break
                    continue
                shelf.add(item, demo, artefacts)
                result.added += item.passed
                result.rejected += not item.passed
                break
            told(number + 1, key)
    finally:
        if host is not None:
            with contextlib.suppress(EnvironmentFault):
                host.close()
    return result


def _in_sample(number: int, share: float) -> bool:
    """Evenly spread, the first one always when any is."""
    return share > 0 and int(number * share) != int((number - 1) * share) if number else share > 0


def make(host: HostedEnvironment, task_id: TaskId, *, tried: bool) -> tuple[Item, Trajectory, dict[str, bytes]]:
    """One item with its demonstration and gold state. Raises `UsageError` for a product outside the training split or without an expert,
    `EnvironmentFault` when it could not be judged."""
    task = host.task(task_id)
    if task.split != "train":
        raise UsageError(f"{task_id} belongs to a {task.split} product: nothing may be learned from it beforehand")
    demo = host.record(task)
    artefacts = dict(host.artefacts())
    reasoning = reasons(demo)
    gates = (*always(host, task, demo, artefacts, reasoning), *sampled(host, task, demo, tried))
    last = demo.steps[-1].action
    item = Item(
        id=str(task_id),
        family=task.family,
        product=f"{task_id.product}@{task_id.version}",
        template=task_id.template,
        split=task.split,
        distance=task.distance,
        question=demo.first.goal,
        context={"title": demo.first.title, "elements": len(demo.first.elements)},
        answer={name: digest(content) for name, content in artefacts.items()},
        said=str(last.arguments.get("answer", "")) if last.tool == "finish" else "",
        reasoning=reasoning,
        derived=True,
        demo=digest(pack(demo, "experts")),
        steps=len(demo.steps),
        verifier=f"environments/{task_id.environment}",
        checks=tuple(check.name for check in demo.verdict.checks) if isinstance(demo.verdict, Scored) else (),
        gates=gates,
        provenance=Provenance("programmed expert", {"solve": round(len(demo.steps) * SECONDS_PER_EXPERT_STEP / 60, 3)}, True, __version__),
    )
    return item, demo, artefacts
