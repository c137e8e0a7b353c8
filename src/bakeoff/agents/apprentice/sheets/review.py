"""Reckoning all that was decided in the head, before it is handed in: rows that come to an error, rows that always came to nothing and no longer do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bakeoff.agents.apprentice.sheets.formula import Node, Unknown, Unreadable
from bakeoff.agents.apprentice.sheets.grid import Book, Row
from bakeoff.agents.apprentice.sheets.ideas import Idea
from bakeoff.agents.apprentice.sheets.past import noise
from bakeoff.agents.apprentice.sheets.reckoner import Reckoner, Spot

MOST = 60  # other plans that are reckoned
NEXT = 6  # next-best ideas of a row that are tried
LIKELY = 0.01  # ideas less certain than this are not tried
DOUBTED = 8  # rows that are doubted, the least certain first


@dataclass(frozen=True)
class Planned:
    """What was decided for a row: its ideas, the best first, how certain each is, and for which columns. `begun`: columns in which the row begins
    otherwise, and how; None for those that stay empty."""

    row: Row
    columns: tuple[int, ...]
    ideas: tuple[Idea, ...]
    chances: tuple[float, ...]
    begun: Mapping[int, Idea | None]

    def trees(self, book: Book, place: int) -> dict[Spot, Node | float]:
        """What stands in the row's cells with one of its ideas."""
        found: dict[Spot, Node | float] = {}
        for column in self.columns:
            idea = self.begun.get(column, self.ideas[place])
            if idea is not None:
                try:
                    found[self.row.sheet, self.row.number, column] = idea.tree(book, self.row, column)
                except Unreadable:
                    continue
        return found


def troubles(book: Book, planned: Sequence[Planned], places: Mapping[Row, int], nils: frozenset[Row]) -> frozenset[Row]:
    """Rows that go wrong if rows get the ideas of these places, else their best: they come to an error, or are in `nils` and come to something."""
    instead: dict[Spot, Node | float] = {}
    for one in planned:
        instead |= one.trees(book, places.get(one.row, 0))
    plan = {one.row for one in planned}
    reckoner, nothing = Reckoner(book, instead), max(1e-6, noise(book))
    found = set()
    for sheet, number, column in sorted(reckoner.affected):
        row = Row(sheet, number)
        if row not in plan and row not in nils:
            continue
        try:
            value = reckoner.value(sheet, number, column)
        except (Unknown, RecursionError):
            continue
        if isinstance(value, float) and (not math.isfinite(value) or (row in nils and abs(value) > nothing)):
            found.add(row)
    return frozenset(found)


def revised(book: Book, planned: Sequence[Planned], nils: frozenset[Row]) -> dict[Row, int]:
    """For which rows another idea than the best is to be taken so that less goes wrong: the least certain rows first, and no idea that is not likely."""
    places: dict[Row, int] = {}
    bad, left = troubles(book, planned, places, nils), MOST
    while bad:
        before = len(bad)
        doubted = sorted(planned, key=lambda one: (one.row not in bad, one.chances[0]))
        others = [(one, place) for one in doubted[:DOUBTED] for place in range(1, min(NEXT, len(one.ideas)))]
        for one, place in others:
            if one.chances[place] < LIKELY or place == places.get(one.row):
                continue
            if not left:
                return places
            left -= 1
            now = troubles(book, planned, {**places, one.row: place}, nils)
            if len(now) < before:
                places[one.row], bad = place, now
                break
        if len(bad) == before:
            break
    return places
