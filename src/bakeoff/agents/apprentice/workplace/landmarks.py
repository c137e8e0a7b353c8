"""What the pages of any software have besides records: menus, menus that fold, tabs, the way out, and boxes to look for something.

Words baked in: what is written on the way out (`log out`), on a box to look for something (`search`), on a button that
picks something for a field (`choose file`, which is the browser's own), and `breadcrumb`, the standard name of a path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from bakeoff.core import Element

WAY_OUT = re.compile(r"(log|sign)[ -]?(out|off)", re.IGNORECASE)
LOOK_FOR = frozenset({"search", "find", "filter", "go"})
LEAVING = re.compile(r"(cancel|close|back)\b", re.IGNORECASE)
PICKING = re.compile(r"(choose|browse|select)\b", re.IGNORECASE)
PATH = re.compile(r"breadcrumbs?", re.IGNORECASE)
FEW = 3  # items that make a menu
LONGEST = 40  # letters of a label
CONTROLS = ("link", "button", "menuitem", "tab")
Below = Callable[[str], list[Element]]


def leads_out(name: str) -> bool:
    """Whether a control ends the session."""
    return WAY_OUT.fullmatch(name.strip()) is not None


def looks_for(name: str) -> bool:
    """Whether a button is that of a box to look for something."""
    return name.strip().lower().rstrip(" .…:") in LOOK_FOR


def only_controls(listed: Element, children: dict[str | None, list[Element]], below: Below) -> bool:
    """Whether a list is a menu: a few items, each nothing but one control, perhaps with the items that it unfolds."""
    items = [item for item in children.get(listed.ref, ()) if item.role == "listitem" and below(item.ref)]
    if len(items) < FEW:
        return False
    for item in items:
        inner = children.get(item.ref, [])
        controls = [e for e in inner if e.role in CONTROLS]
        if len(controls) != 1 or any(e.role not in (*CONTROLS, "generic", "list") for e in inner):
            return False
    return True


def fold_of(element: Element, by_ref: dict[str, Element], children: dict[str | None, list[Element]]) -> str:
    """The name of the unfolded button that a menu's control stands below; empty for one that always stands there."""
    at = by_ref.get(element.parent) if element.parent else None
    while at is not None and at.role != "navigation":
        button = next((e for e in children.get(at.ref, ()) if e.role == "button" and "expanded" in e.states and e.ref != element.ref), None)
        if button is not None and button.name:
            return button.name
        at = by_ref.get(at.parent) if at.parent else None
    return ""


def group_of(element: Element, children: dict[str | None, list[Element]]) -> str:
    """The text that heads the group in which a control stands."""
    beside = children.get(element.parent, [])
    place = next((index for index, e in enumerate(beside) if e.ref == element.ref), 0)
    return next((e.name for e in reversed(beside[:place]) if e.role in ("text", "heading") and any(c.isalnum() for c in e.name)), "")


def head(column: Element, children: dict[str | None, list[Element]]) -> str:
    """What a column is called: without the text on a button that sorts it."""
    inner = children.get(column.ref, [])
    if any(e.role in ("link", "button") for e in inner):
        return next((e.name for e in inner if e.name), column.name)
    return column.name


def heads(rows: Sequence[Element], children: dict[str | None, list[Element]]) -> list[str]:
    """The names of a table's columns, from its first row that consists of heads; empty without one."""
    for row in rows:
        cells = [e for e in children.get(row.ref, ()) if e.role in ("columnheader", "cell")]
        if len(cells) > 1 and all(e.role == "columnheader" or not (e.name or children.get(e.ref)) for e in cells):
            return [head(e, children) for e in cells]
    return []


def table_facts(
    elements: Sequence[Element], children: dict[str | None, list[Element]], columns: dict[str | None, list[str]], records: set[str]
) -> dict[str, str]:
    """What tables say of a record: a single row below heads, or lines of a head and a cell."""
    found: dict[str, str] = {}
    rows = [e for e in elements if e.role == "row" and e.ref not in records]
    for row in rows:
        cells = children.get(row.ref, [])
        values = [e for e in cells if e.role == "cell"]
        names = columns.get(row.parent) or []
        alone = (
            sum(other.parent == row.parent and any(e.role == "cell" and e.name for e in children.get(other.ref, ())) for other in rows) == 1
        )
        if names and alone and len(values) == len(names):
            found |= {name: cell.name for name, cell in zip(names, values, strict=True) if name and cell.name}
        elif len(cells) == 2 and cells[0].role in ("columnheader", "rowheader") and cells[1].role == "cell" and cells[1].name:
            found[cells[0].name.rstrip(": ")] = cells[1].name
    return found


def beside(
    elements: Sequence[Element], chain: Callable[[Element], tuple[str, ...]], children: dict[str | None, list[Element]]
) -> dict[str, str]:
    """Texts of the main part that stand next to each other, the one before perhaps the label of the other; or of what stands in a field."""
    found: dict[str, str] = {}
    aside = {"navigation", "banner", "row", "listitem", "contentinfo", "tablist"}
    for inside in children.values():
        if inside and aside & set(chain(inside[0])):
            continue
        for one, other in pairwise(inside):
            value = other.value or other.name
            if (
                one.role == "text"
                and 1 < len(one.name) <= LONGEST
                and other.role in ("text", "generic", "textbox", "combobox", "link")
                and value
            ):
                found.setdefault(one.name.rstrip(": "), value)
    return found
