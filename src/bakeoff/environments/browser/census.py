"""How many products of each family show each kind of widget and each way of working. `python -m bakeoff.environments.browser.census` prints it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bakeoff.environments.browser import forms, products
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.families import FAMILIES

SOMEBODY = (("A", "T"),)
WAYS = ("edit", "commit", "confirm", "find", "actions", "grid", "home", "lock", "justify", "fold", "notes", "bulk", "merge")
"""Workflow features that are counted by value; where a feature is merely on or off, only where it is on."""


def shown(drawn: Blueprint) -> frozenset[str]:
    """The kinds of widgets that some form or list of this product shows, and its ways of working, e.g. `slider`, `board`, `commit: approval`."""
    family = drawn.family
    forms_of = {*drawn.actions, *(item.name for item in family.operations if item.kind in ("edit", "create"))}
    fields = {name for action in forms_of for name in drawn.form_fields(action)}
    found = {part.widget for name in fields for part in forms.parts(drawn, name, SOMEBODY)}
    found |= {"board"} if any(drawn.moves(entity) for entity in family.entities) else set()
    found |= {"one form for the status"} if any(drawn.status_form(entity) for entity in family.entities) else set()
    found |= {"fields in the list"} if any(drawn.gridded(entity) for entity in family.entities) else set()
    found |= {"ticked rows"} if drawn.bulk_actions else set()
    merges = any(item.kind == "merge" for item in family.operations)
    for name in WAYS:
        value = drawn.workflow[name]
        if value is not False and (name != "merge" or merges) and (name != "grid" or "fields in the list" in found):
            found.add(name if value is True else f"{name}: {value}")
    return frozenset(found)


def census(family: str) -> Counter[str]:
    """Products of a family by what they show."""
    return Counter(feature for name in products.ids(family) for feature in shown(products.blueprint(name)))


def table(families: Sequence[str] = tuple(FAMILIES)) -> Table:
    """The census of several families, a column each."""
    counts = {family: census(family) for family in families}
    out = Table("shown", *families, title="Products by what they show, of 220 in each family")
    for feature in sorted({feature for count in counts.values() for feature in count}, key=lambda name: (": " in name, name)):
        out.add_row(feature, *(str(counts[family][feature] or "–") for family in families))
    return out


if __name__ == "__main__":
    Console().print(table())
