"""What a sample covers, of how much: products, templates and distances of each family, by tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bakeoff.audit.report import Tier
from bakeoff.audit.sample import AUDITED
from bakeoff.core import DISTANCES, Environment, TaskId


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of one family was looked at in one tier.

    Attributes:
        tasks: how many tasks; `seeds`: how many different seeds among them.
        products, of_products: how many products, of how many that an audit may touch.
        templates, of_templates: how many templates, of how many in those products.
        distances: how many tasks at each distance from the training products, `none` for those themselves.
    """

    family: str
    tier: Tier
    tasks: int
    seeds: int
    products: int
    of_products: int
    templates: int
    of_templates: int
    distances: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"distances": dict(self.distances)}


def coverage_of(environment: Environment, chosen: Mapping[Tier, Sequence[TaskId]]) -> tuple[Coverage, ...]:
    """One line for each family and tier. Products beside the catalogue (another version, a variant) count with the family they belong to."""
    offered = [product for product in environment.products() if product.split in AUDITED]
    found = []
    for tier, tasks in chosen.items():
        by_family: dict[str, list[TaskId]] = {}
        products = {name: environment.product(name) for name in dict.fromkeys(f"{task.product}@{task.version}" for task in tasks)}
        for task in tasks:
            by_family.setdefault(products[f"{task.product}@{task.version}"].family, []).append(task)
        for family, mine in sorted(by_family.items()):
            names = {f"{task.product}@{task.version}" for task in mine}
            theirs = {product.name: product for product in offered if product.family == family} | {name: products[name] for name in names}
            distances = [products[f"{task.product}@{task.version}"].distance for task in mine]
            found.append(
                Coverage(
                    family=family,
                    tier=tier,
                    tasks=len(mine),
                    seeds=len({task.seed for task in mine}),
                    products=len(names),
                    of_products=len(theirs),
                    templates=len({task.template for task in mine}),
                    of_templates=len({template for product in theirs.values() for template in product.templates}),
                    distances={distance: distances.count(distance) for distance in DISTANCES if distance in distances},
                )
            )
    return tuple(found)


def total(lines: Sequence[Coverage], tier: Tier) -> Coverage | None:
    """All families of a tier in one line; None where nothing was done there."""
    mine = [line for line in lines if line.tier == tier]
    if not mine:
        return None
    distances = {name: sum(line.distances.get(name, 0) for line in mine) for name in DISTANCES}
    return Coverage(
        family=f"{len(mine)} families",
        tier=tier,
        tasks=sum(line.tasks for line in mine),
        seeds=sum(line.seeds for line in mine),
        products=sum(line.products for line in mine),
        of_products=sum(line.of_products for line in mine),
        templates=sum(line.templates for line in mine),
        of_templates=sum(line.of_templates for line in mine),
        distances={name: count for name, count in distances.items() if count},
    )
