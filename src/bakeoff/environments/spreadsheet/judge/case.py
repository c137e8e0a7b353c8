"""A workbook under examination beside the one that was handed out: where things are in it, and which of its formulas are the worker's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bakeoff.environments.spreadsheet.book import Book, Formula, Read
from bakeoff.environments.spreadsheet.judge import frame
from bakeoff.environments.spreadsheet.judge.tracing import Cell, Graph
from bakeoff.environments.spreadsheet.spec import Spot

_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Original:
    """A file as handed out: what is in it, its cells in error, an image of it for the engine that reads formulas slowly, what its formulas refer to,
    and its sheets by the XML that they were read from."""

    book: Book
    broken: frozenset[Spot]
    image: bytes
    graph: Graph | None
    parts: Read


class Case:
    """A file under examination: as handed out, as saved, and where what the job names is in it."""

    def __init__(self, order: dict[str, Any], known: Original, saved: Book) -> None:
        self.order, self.original, self.saved = order, known.book, saved
        self.free = frozenset(spot_of(item) for item in order["open"])
        self.alignment = frame.align(known.book, saved, self.free)
        self.missing: list[str] = []
        self.drivers = {item["key"]: self._place(item) for item in order["drivers"]}
        self.outputs = {item["key"]: self._place(item) for item in order["outputs"]}
        self.changed = self._changed()
        places = {sheet.name: index for index, sheet in enumerate(saved.sheets)}
        own = [(places[spot.sheet], spot.row, spot.column) for spot, _ in self.changed]
        self.graph = Graph(saved, None if self.alignment.moved else known.graph, own)

    def _place(self, item: dict[str, Any]) -> tuple[Spot, ...]:
        """Where a driver or an output is in the saved file."""
        if not item["name"]:
            spots = tuple(self.alignment.spot(spot_of(spot)) for spot in item["spots"])
            gone = next((spot for spot in spots if self.saved.sheet(spot.sheet) is None), None)
            if gone is not None:
                self.missing.append(f"the sheet '{gone.sheet}' is gone or has another name")
                return ()
            return spots
        area = self.saved.area(item["name"])
        if area is None:
            self.missing.append(f"no cells have the name '{item['name']}', which was asked for")
            return ()
        if len(area) != item["count"]:
            self.missing.append(
                f"the name '{item['name']}' stands for {len(area)} cells; {item['count']} were asked for, one for each period"
            )
            return ()
        return area

    def _changed(self) -> list[tuple[Spot, Formula]]:
        """Formulas of the worker's own: those that the file did not have in that place, and all in open cells."""
        old: dict[tuple[str, int, int], str] = {}
        for sheet in self.original.sheets:
            name, free = sheet.name.casefold(), {(spot.row, spot.column) for spot in self.free if spot.sheet == sheet.name}
            for (row, column), content in sheet.cells.items():
                if isinstance(content, Formula) and (row, column) not in free:
                    old[name, self.alignment.row(name, row) if self.alignment.moved else row, column] = content
        found = []
        for sheet in self.saved.sheets:
            name = sheet.name.casefold()
            for (row, column), content in sheet.cells.items():
                if isinstance(content, Formula):
                    before = old.get((name, row, column))
                    if before is None or (before != content and not self.alignment.moved):
                        found.append((Spot(sheet.name, row, column), content))
        return found

    def given(self) -> set[Cell]:
        """Where constants stand that stood there, or in an open cell, from the start."""
        found: set[Cell] = set()
        places = {sheet.name.casefold(): index for index, sheet in enumerate(self.saved.sheets)}
        for sheet in self.original.sheets:
            name = sheet.name.casefold()
            index = places.get(name)
            if index is None:
                continue
            now = self.saved.sheets[index].cells
            for (row, column), content in sheet.cells.items():
                if not isinstance(content, Formula):
                    here = self.alignment.row(name, row) if self.alignment.moved else row
                    if now.get((here, column)) == content:
                        found.add((index, here, column))
        return found


def spot_of(item: list[Any]) -> Spot:
    """A cell as it comes over the wire."""
    return Spot(str(item[0]), int(item[1]), int(item[2]))


def some(found: list[str]) -> list[str]:
    """The first few of many sentences."""
    return found if len(found) <= _SHOWN else [*found[:_SHOWN], f"and {len(found) - _SHOWN} more"]
