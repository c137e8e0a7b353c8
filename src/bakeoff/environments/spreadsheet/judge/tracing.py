"""What a cell's value comes from: precedents through references, ranges and names, by reading formulas and never by trusting a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

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


Area = tuple[int, int, int, int, int]
"""Sheet, first row, first column, last row, last column."""


@dataclass
class Graph:
    """Direct precedents of all formulas of a workbook. Empty cells are left out, except single cells that a formula names.

    `known`: the graph of a workbook most of which is in this one, cell by cell: what is the same in both is not read again.
    `own`: cells to count as different from it in any case.
    """

    book: Book
    known: Graph | None = None
    own: Iterable[Cell] = ()
    links: dict[Cell, tuple[Cell, ...]] = field(default_factory=dict)
    _areas: dict[Area, tuple[Cell, ...]] = field(default_factory=dict)
    _uses: dict[Cell, tuple[Area, ...]] = field(default_factory=dict)
    _columns: dict[int, dict[int, list[int]]] = field(default_factory=dict)
    _astray: bool = False
    """Whether a formula refers to a sheet that there is not."""
    _marks: tuple[frozenset[tuple[Cell, int]], Mapping[Cell, int]] | None = None

    def __post_init__(self) -> None:
        self._meanings = self.book.meanings()
        self._places = {sheet.name.casefold(): index for index, sheet in enumerate(self.book.sheets)}
        if self.known is not None and not self._extends(self.known):
            self.known = None
        touched = self._touched(self.known) if self.known is not None else frozenset()
        count = 0
        fresh: set[Cell] = set()
        for index, sheet in enumerate(self.book.sheets):
            before = self.known.book.sheets[index].cells if self.known is not None and index < len(self.known.book.sheets) else {}
            for (row, column), content in sheet.cells.items():
                was = before.get((row, column))
                same = was is content or (was == content and type(was) is type(content))
                if not same:
                    fresh.add((index, row, column))
                if isinstance(content, Formula):
                    cell = (index, row, column)
                    uses = self.known._uses.get(cell, ()) if same and self.known is not None else ()
                    if same and self.known is not None and (not touched or touched.isdisjoint(uses)):
                        found = self.known.links[cell]
                        if uses:
                            self._uses[cell] = uses
                    else:
                        fresh.add(cell)
                        found = self._precedents(content, cell)
                    count += len(found)
                    if count > MOST_LINKS:
                        raise TooManyLinks
                    self.links[cell] = found
            fresh.update((index, *place) for place in before.keys() - sheet.cells.keys())
        self._fresh = frozenset() if self.known is None else self._reached(self.known, fresh)

    def _extends(self, known: Graph) -> bool:
        """Whether this workbook begins with the sheets of the other, and words mean the same in both."""
        names = [sheet.name for sheet in known.book.sheets]
        more = len(self.book.sheets) > len(names)
        return (
            [sheet.name for sheet in self.book.sheets[: len(names)]] == names
            and self._meanings == known._meanings
            and not (more and known._astray)
        )

    def _touched(self, known: Graph) -> frozenset[Area]:
        """Areas of the other workbook in which other cells are filled now; a few too many."""
        boxes = {}
        for index, (old, new) in enumerate(zip(known.book.sheets, self.book.sheets, strict=False)):
            places = old.cells.keys() ^ new.cells.keys()
            if places:
                rows, columns = [row for row, _ in places], [column for _, column in places]
                boxes[index] = (min(rows), min(columns), max(rows), max(columns))
        if not boxes:
            return frozenset()
        found = []
        for area in known._areas:
            box = boxes.get(area[0])
            if box is not None and area[1] <= box[2] and area[3] >= box[0] and area[2] <= box[3] and area[4] >= box[1]:
                found.append(area)
        return frozenset(found)

    def _reached(self, known: Graph, fresh: set[Cell]) -> frozenset[Cell]:
        """What differs from the other workbook, and whatever comes from that."""
        waiting = [*fresh, *self.own]
        seen = set(waiting)
        users = known.users
        while waiting:
            for user in users.get(waiting.pop(), ()):
                if user not in seen:
                    seen.add(user)
                    waiting.append(user)
        return frozenset(seen)

    @cached_property
    def users(self) -> Mapping[Cell, list[Cell]]:
        """Which formulas refer to a cell."""
        found: dict[Cell, list[Cell]] = {}
        for cell, links in self.links.items():
            for other in links:
                found.setdefault(other, []).append(cell)
        return found

    def _precedents(self, formula: str, cell: Cell) -> tuple[Cell, ...]:
        found: list[Cell] = []
        areas: list[Area] = []
        try:
            parts = formulas.tokens(formula)
        except FormulaError:
            return ()
        for token in parts:
            text = token.text if token.kind == "ref" else self._meanings.get(token.text.casefold(), "") if token.kind == "name" else ""
            if not text:
                continue
            ref = formulas.reference(text)
            sheet = cell[0] if ref.sheet is None else self._places.get(ref.sheet.casefold(), -1)
            if sheet < 0:
                self._astray = True
                continue
            if ref.last is not None:
                areas.append((sheet, *ref.bounds))
            found += self.cells(sheet, ref)
        if areas:
            self._uses[cell] = tuple(areas)
        return tuple(found)

    def _area(self, sheet: int, top: int, left: int, bottom: int, right: int) -> tuple[Cell, ...]:
        key = (sheet, top, left, bottom, right)
        found = self._areas.get(key)
        if found is None:
            columns = self._filled(sheet)
            wide = range(left, right + 1) if right - left < len(columns) else [column for column in columns if left <= column <= right]
            found = tuple((sheet, row, column) for column in wide for row in columns.get(column, ()) if top <= row <= bottom)
            self._areas[key] = found
        return found

    def _filled(self, sheet: int) -> dict[int, list[int]]:
        """Rows that are filled, by column."""
        found = self._columns.get(sheet)
        if found is None:
            found = self._columns[sheet] = {}
            for row, column in self.book.sheets[sheet].cells:
                found.setdefault(column, []).append(row)
        return found

    def cells(self, sheet: int, ref: formulas.Reference) -> tuple[Cell, ...]:
        """What a reference refers to on a sheet: the one cell, or the filled ones of an area."""
        if sheet < 0:
            return ()
        return ((sheet, ref.first.row, ref.first.column),) if ref.last is None else self._area(sheet, *ref.bounds)

    def cell(self, spot: Spot) -> Cell:
        """A spot as a `Cell`. The sheet must exist."""
        return (self._places[spot.sheet.casefold()], spot.row, spot.column)

    def spot(self, cell: Cell) -> Spot:
        """A `Cell` as a spot."""
        return Spot(self.book.sheets[cell[0]].name, cell[1], cell[2])

    def cone(self, cells: Iterable[Cell], *, fresh: bool = False) -> set[Cell]:
        """These cells and everything they depend on. `fresh`: not followed behind cells that are, with all they come from, as in the workbook known before."""
        seen: set[Cell] = set()
        waiting = list(cells)
        ends = fresh and self.known is not None
        while waiting:
            cell = waiting.pop()
            if cell not in seen:
                seen.add(cell)
                if not ends or cell in self._fresh:
                    waiting += self.links.get(cell, ())
        return seen

    def marks(self, marked: Mapping[Cell, int], wanted: Iterable[Cell]) -> dict[Cell, int]:
        """For each wanted cell, the union of the marks (bit sets) of itself and all its precedents. Circles are followed once."""
        wanted = list(wanted)
        before = {} if self.known is None else self.known._all_marks(marked)
        fresh = self._fresh
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
                    elif cell in before and cell not in fresh:
                        done[cell] = before[cell]
                    else:
                        open_cells.add(cell)
                        stack.append((cell, True))
                        stack += [(other, False) for other in links if other not in done]
        return {cell: done[cell] for cell in wanted}

    def _all_marks(self, marked: Mapping[Cell, int]) -> Mapping[Cell, int]:
        """The marks of all formulas, worked out once for the same marks."""
        key = frozenset(marked.items())
        if self._marks is None or self._marks[0] != key:
            self._marks = (key, self.marks(marked, self.links))
        return self._marks[1]


def content_at(book: Book, cell: Cell) -> object:
    """What stands in a cell; None when it is empty."""
    place: Place = cell[1:]
    return book.sheets[cell[0]].cells.get(place)
