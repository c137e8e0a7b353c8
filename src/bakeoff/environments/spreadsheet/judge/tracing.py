"""What a cell's value comes from: precedents through references, ranges and names, by reading formulas and never by trusting a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bakeoff.environments.spreadsheet import formulas
from bakeoff.environments.spreadsheet.book import Book, Formula, Place
from bakeoff.environments.spreadsheet.formulas import FormulaError
from bakeoff.environments.spreadsheet.spec import Spot

MOST_LINKS = 3_000_000
"""A workbook with more links between cells is refused; a real model has thousands."""


class TooManyLinks(Exception):
    """The workbook's formulas refer to each other too often to be followed."""


Cell = tuple[int, int, int]
"""Sheet (its place in the book), row, column: cheaper than a `Spot` where there are many."""


@dataclass(slots=True)
class Graph:
    """Direct precedents of all formulas of a workbook. Empty cells are left out, except single cells that a formula names."""

    book: Book
    links: dict[Cell, tuple[Cell, ...]] = field(default_factory=dict)
    _areas: dict[tuple[int, int, int, int, int], tuple[Cell, ...]] = field(default_factory=dict)
    _columns: list[dict[int, list[int]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        places = {sheet.name.casefold(): index for index, sheet in enumerate(self.book.sheets)}
        for sheet in self.book.sheets:
            columns: dict[int, list[int]] = {}
            for row, column in sheet.cells:
                columns.setdefault(column, []).append(row)
            self._columns.append(columns)
        meanings = self.book.meanings()
        count = 0
        for index, sheet in enumerate(self.book.sheets):
            for (row, column), content in sheet.cells.items():
                if isinstance(content, Formula):
                    found = self._precedents(content, index, places, meanings)
                    count += len(found)
                    if count > MOST_LINKS:
                        raise TooManyLinks
                    self.links[index, row, column] = found

    def _precedents(self, formula: str, own: int, places: Mapping[str, int], meanings: Mapping[str, str]) -> tuple[Cell, ...]:
        found: list[Cell] = []
        try:
            parts = formulas.tokens(formula)
        except FormulaError:
            return ()
        for token in parts:
            text = token.text if token.kind == "ref" else meanings.get(token.text.casefold(), "") if token.kind == "name" else ""
            if not text:
                continue
            ref = formulas.reference(text)
            sheet = own if ref.sheet is None else places.get(ref.sheet.casefold(), -1)
            if sheet < 0:
                continue
            found += self.cells(sheet, ref)
        return tuple(found)

    def _area(self, sheet: int, top: int, left: int, bottom: int, right: int) -> tuple[Cell, ...]:
        key = (sheet, top, left, bottom, right)
        found = self._areas.get(key)
        if found is None:
            columns = self._columns[sheet]
            wide = range(left, right + 1) if right - left < len(columns) else [column for column in columns if left <= column <= right]
            found = tuple((sheet, row, column) for column in wide for row in columns.get(column, ()) if top <= row <= bottom)
            self._areas[key] = found
        return found

    def cells(self, sheet: int, ref: formulas.Reference) -> tuple[Cell, ...]:
        """What a reference refers to on a sheet: the one cell, or the filled ones of an area."""
        if sheet < 0:
            return ()
        return ((sheet, ref.first.row, ref.first.column),) if ref.last is None else self._area(sheet, *ref.bounds)

    def cell(self, spot: Spot) -> Cell:
        """A spot as a `Cell`. The sheet must exist."""
        wanted = spot.sheet.casefold()
        return (next(index for index, sheet in enumerate(self.book.sheets) if sheet.name.casefold() == wanted), spot.row, spot.column)

    def spot(self, cell: Cell) -> Spot:
        """A `Cell` as a spot."""
        return Spot(self.book.sheets[cell[0]].name, cell[1], cell[2])

    def cone(self, cells: Iterable[Cell]) -> set[Cell]:
        """These cells and everything they depend on."""
        seen: set[Cell] = set()
        waiting = list(cells)
        while waiting:
            cell = waiting.pop()
            if cell not in seen:
                seen.add(cell)
                waiting += self.links.get(cell, ())
        return seen

    def marks(self, marked: Mapping[Cell, int], wanted: Iterable[Cell]) -> dict[Cell, int]:
        """For each wanted cell, the union of the marks (bit sets) of itself and all its precedents. Circles are followed once."""
        done: dict[Cell, int] = {}
        for start in wanted:
            stack: list[tuple[Cell, bool]] = [(start, False)]
            open_cells: set[Cell] = set()
            while stack:
                cell, ready = stack.pop()
                if ready:
                    union = marked.get(cell, 0)
                    for other in self.links.get(cell, ()):
                        union |= done.get(other, marked.get(other, 0))
                    done[cell] = union
                    open_cells.discard(cell)
                elif cell not in done and cell not in open_cells:
                    links = self.links.get(cell)
                    if links is None:
                        done[cell] = marked.get(cell, 0)
                    else:
                        open_cells.add(cell)
                        stack.append((cell, True))
                        stack += [(other, False) for other in links if other not in done]
        return {cell: done[cell] for cell in wanted}


def content_at(book: Book, cell: Cell) -> object:
    """What stands in a cell; None when it is empty."""
    place: Place = cell[1:]
    return book.sheets[cell[0]].cells.get(place)
