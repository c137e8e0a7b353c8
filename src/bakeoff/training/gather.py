"""The expert data of a recipe: collected where the recipe says what it shall be and the folder does not hold it yet; read and chosen from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from bakeoff.core import TaskId, UsageError
from bakeoff.experts.collect import collect
from bakeoff.experts.export import card
from bakeoff.experts.item import Item
from bakeoff.experts.shelf import Shelf
from bakeoff.training.recipe import Recipe

DONE = "collected.json"
"""In the folder of the data: which collections it holds in full, so that nothing is looked for again."""


def gather(recipe: Recipe, told: Callable[[str, int, int, Mapping[str, float]], None]) -> None:
    """Collects what the recipe's folder shall hold and does not; goes on where it was stopped. Does nothing when all is there.

    Raises `UsageError` for a wish that cannot be met, `EnvironmentFault` when no environment can be started.
    """
    if not missing(recipe):
        return
    shelf = Shelf(recipe.data)
    for wanted in recipe.collect:
        name = f"collect {wanted.family or wanted.environment}"

        def each(done: int, what: str, name: str = name, total: int = wanted.n) -> None:
            told(name, done, total, {})

        collect(wanted, shelf, each)
    (recipe.data / "README.md").write_text(card(shelf), encoding="utf-8")
    (recipe.data / DONE).write_text(_said(recipe))


def _said(recipe: Recipe) -> str:
    return json.dumps(recipe.facts()["collect"], indent=1)


def missing(recipe: Recipe) -> int:
    """How many items the recipe's folder still lacks, at most: collections may have tasks in common."""
    wanted = sum(one.n for one in recipe.collect)
    if not wanted or not recipe.data.exists():
        return wanted
    done = recipe.data / DONE
    if done.exists() and done.read_text() == _said(recipe):
        return 0
    shelf = Shelf(recipe.data)
    return max(1, wanted - len(shelf) - len(shelf.rejected))


def choose(recipe: Recipe, shelf: Shelf) -> list[Item]:
    """The items a recipe learns from, in the order of collection. Raises `UsageError` when there are none, or some that nobody may learn from."""
    found = list(shelf)
    if recipe.products:
        kept = set(list(dict.fromkeys(item.product for item in found))[: recipe.products])
        found = [item for item in found if item.product in kept]
    found = found[: recipe.items or None]
    if not found:
        raise UsageError(f"there is nothing to learn from in '{recipe.data}'; fill it with `bakeoff experts collect`")
    for item in found:
        if TaskId.parse(item.id).environment != recipe.environment:
            raise UsageError(f"'{recipe.data}' holds tasks of '{TaskId.parse(item.id).environment}', not of '{recipe.environment}'")
        if item.split != "train":
            raise UsageError(f"{item.id} belongs to a {item.split} product: nothing may be learned from it beforehand")
    return found
