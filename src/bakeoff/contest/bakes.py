"""What was baked before a run: plain facts about checkpoints, so that a run knows what its workers brought along and what that had cost.

A plan gives an agent `recipes`; whoever starts the run bakes them first and hands over what came of it (`with_bakes`). Nothing here trains.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff.core import Ledger, UsageError

if TYPE_CHECKING:
    from bakeoff.contest.plan import Plan

FACTS = "facts.json"
"""The file in the folder of a finished bake that says what came of it."""


@dataclass(frozen=True, slots=True)
class BakeFacts:
    """What a finished bake says of itself.

    Attributes:
        recipe: its name. checkpoint: folder of the weights. sha256: of the weights.
        environment: where it was learned.
        products: what it was learned in, as id@version.
        items: demonstrations. parameters: numbers in the network.
        examined: passed and judged on other tasks of its products, after its last stage.
        ledger: everything that it cost, expert minutes included.
    """

    recipe: str
    checkpoint: str
    sha256: str
    environment: str
    products: tuple[str, ...]
    items: int
    parameters: int
    examined: tuple[int, int] = (0, 0)
    ledger: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BakeFacts:
        """The inverse of `dataclasses.asdict`. Raises `UsageError` for anything else."""
        try:
            return cls(**{**data, "products": tuple(data["products"]), "examined": tuple(data["examined"])})
        except (KeyError, TypeError) as problem:
            raise UsageError(f"what a bake says of itself is damaged: {problem}") from problem


def read_facts(folder: Path) -> BakeFacts:
    """Of a folder of `bakeoff bake`. Raises `UsageError` where no bake was finished."""
    try:
        return BakeFacts.from_dict(json.loads((folder / FACTS).read_text()))
    except FileNotFoundError as missing:
        raise UsageError(f"there is no finished bake in '{folder}'") from missing
    except ValueError as broken:
        raise UsageError(f"{folder / FACTS} is damaged: {broken}") from broken


def with_bakes(plan: Plan, baked: Mapping[str, BakeFacts]) -> Plan:
    """The plan with every recipe replaced by its checkpoint. `baked`: facts by the recipe's path as the plan has it.

    Raises `UsageError` when one is missing, or when products of a bake are examined that the bake may not have seen.
    """
    agents = []
    for agent in plan.agents:
        missing = [path for path in agent.recipes if path not in baked]
        if missing:
            raise UsageError(f"{plan.path}: agent '{agent.label}' needs '{missing[0]}' baked first; `bakeoff run` does that")
        if agent.recipes:
            spec = f"{agent.spec}:{'+'.join(baked[path].checkpoint for path in agent.recipes)}"
            agent = replace(agent, spec=spec)
        agents.append(agent)
    used = dict.fromkeys(path for agent in plan.agents for path in agent.recipes)
    return replace(plan, agents=tuple(agents), bakes=tuple((path, baked[path]) for path in used))


def bakes_of(recipes: Sequence[str], bakes: Sequence[tuple[str, BakeFacts]]) -> tuple[BakeFacts, ...]:
    """Those of one agent."""
    return tuple(facts for path, facts in bakes if path in recipes)


def beforehand(found: Sequence[BakeFacts]) -> Ledger:
    """Everything that some bakes cost together."""
    total = Ledger()
    for facts in found:
        total.add(Ledger.from_dict(facts.ledger))
    return total
