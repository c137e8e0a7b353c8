"""Numbers written into formulas, typed into helper cells or outputs, or put together from small ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from contextlib import suppress
from dataclasses import dataclass

from bakeoff.environments.spreadsheet import formulas
from bakeoff.environments.spreadsheet.book import Formula
from bakeoff.environments.spreadsheet.formulas import FormulaError
from bakeoff.environments.spreadsheet.judge import pieces
from bakeoff.environments.spreadsheet.judge.case import Case, some
from bakeoff.environments.spreadsheet.judge.tracing import Cell, content_at
from bakeoff.environments.spreadsheet.spec import Spot

ALLOWED_LITERALS = frozenset(
    {0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 7.0, 10.0, 12.0, 52.0, 100.0, 360.0, 365.0, 366.0, 1000.0, 10_000.0, 1_000_000.0}
)
"""Numbers that may stand in a formula without being an assumption: signs, halves, days, weeks, months and quarters, per cent, basis points and units."""


class Pieces:
    """Numbers that the worker puts together from small ones, across formulas and helper cells."""

    def __init__(self, case: Case, changed: Iterable[tuple[Spot, Formula]], given: Set[Cell]) -> None:
        self._case, self._given = case, given
        self._own = {case.graph.cell(spot): formula for spot, formula in changed}
        self._places = {sheet.name.casefold(): index for index, sheet in enumerate(case.saved.sheets)}
        self._known: dict[Cell, pieces.Piece | None] = {}
        self._most: dict[Cell, int] = {}
        self._meanings = case.saved.meanings()
        self._rows, self._columns = (40 + max(sheet.used[at] for sheet in case.original.sheets) for at in (0, 1))

    def heaviest(self, cell: Cell) -> int:
        """The most pieces of any number within one of the worker's formulas. Raises `FormulaError`."""
        if cell not in self._most:
            self._prepare(cell)
        if cell not in self._most:
            self._most[cell] = self._read(cell)[0]
        return self._most[cell]

    def _prepare(self, cell: Cell) -> None:
        """Reads what a formula comes from before the formula itself, however long the chain."""
        links = self._case.graph.links
        waiting, begun = [cell], set[Cell]()
        while waiting:
            top = waiting[-1]
            left = [] if top in begun else [other for other in links.get(top, ()) if other in self._own and other not in self._known]
            begun.add(top)
            waiting += [other for other in left if other not in begun]
            if waiting[-1] == top:
                waiting.pop()
                if top not in self._known and top not in self._given:
                    self._known[top] = None  # a circle is nothing that holds
                    with suppress(FormulaError):
                        self._most[top], self._known[top] = self._read(top)

    def _read(self, cell: Cell) -> tuple[int, pieces.Piece | None]:
        text = formulas.resolved(str(self._own[cell]), self._meanings) if self._meanings else str(self._own[cell])
        return pieces.heaviest(text, _Ground(self, cell[0]))

    def cells(self, own: int, ref: formulas.Reference) -> tuple[Cell, ...]:
        """What a reference in a formula on the sheet `own` refers to."""
        return self._case.graph.cells(own if ref.sheet is None else self._places.get(ref.sheet.casefold(), -1), ref)

    def constant(self, own: int, ref: formulas.Reference) -> pieces.Piece | None:
        """As `pieces.Ground`."""
        parts = [self._piece(other) for other in self.cells(own, ref)]
        if any(part is None for part in parts):
            return None
        if ref.single and len(parts) == 1:
            return parts[0]
        return pieces.Piece(sum(part.plain.weight for part in parts if part is not None))

    def words(self, cells: Iterable[Cell]) -> str:
        """Texts in these cells that did not stand there from the start."""
        found = (content_at(self._case.saved, cell) for cell in cells if cell not in self._given)
        return "".join(content for content in found if type(content) is str)

    def inside(self, ref: formulas.Reference) -> bool:
        """As `pieces.Ground`."""
        _, _, bottom, right = ref.bounds
        return bool(ref.whole) or (bottom <= self._rows and right <= self._columns)

    def _piece(self, cell: Cell) -> pieces.Piece | None:
        """What a cell is made of; None when something given reaches it."""
        if cell in self._given:
            return None
        content = content_at(self._case.saved, cell)
        if not isinstance(content, Formula):
            number = 0.0 if content is None else content if isinstance(content, float) else None
            return pieces.Piece(int(content is not None), number, isinstance(content, str))
        return self._known.get(cell)


@dataclass(frozen=True, slots=True)
class _Ground:
    """References of formulas on one sheet."""

    made: Pieces
    own: int

    def constant(self, ref: formulas.Reference) -> pieces.Piece | None:
        return self.made.constant(self.own, ref)

    def inside(self, ref: formulas.Reference) -> bool:
        return self.made.inside(ref)

    def hollow(self, ref: formulas.Reference) -> bool:
        if ref.single or ref.whole:
            return False
        top, left, bottom, right = ref.bounds
        return (bottom - top + 1) * (right - left + 1) - len(self.made.cells(self.own, ref)) > pieces.SMALL

    def wordy(self, ref: formulas.Reference) -> str:
        return self.made.words(self.made.cells(self.own, ref))


def found_in(case: Case, changed: Iterable[tuple[Spot, Formula]], further: frozenset[float]) -> list[str]:
    """Numbers written into formulas, or put into helper cells, that an output comes from."""
    cone = case.graph.cone((case.graph.cell(spot) for spots in case.outputs.values() for spot in spots), fresh=True)
    allowed = ALLOWED_LITERALS | further
    inputs = {case.graph.cell(spot) for spots in case.drivers.values() for spot in spots}
    given = case.given()
    made = Pieces(case, changed, inputs | given)
    found = _typed(case, given)
    for spot, formula in changed:
        if case.graph.cell(spot) not in cone:
            continue
        try:
            if made.heaviest(case.graph.cell(spot)) > pieces.MOST:
                found.append(
                    f"{spot} {str(formula)[:80]} has a number put together from small ones, a text or empty cells, which no given input stands behind"
                )
            strange = [number for number in formulas.literals(formula) if abs(number) not in allowed and number not in allowed]
            hidden = [text for text in formulas.texts(formula) if _is_number(text)]
        except FormulaError:
            continue
        if strange or hidden:
            found.append(
                f"{spot} {str(formula)[:80]} has the number {', '.join([*(f'{number:.10g}' for number in strange), *hidden])} written into it"
            )
    for cell in sorted(cone - inputs - given):
        content = content_at(case.saved, cell)
        number = content if isinstance(content, float) else None
        if number is not None and abs(number) not in allowed and number not in allowed:
            found.append(f"{case.graph.spot(cell)} holds the number {number:.10g}, which is no given input")
        elif isinstance(content, str) and not isinstance(content, Formula) and _is_number(content):
            found.append(f"{case.graph.spot(cell)} holds the text '{content[:40]}' in place of a number")
    return some(found)


def _typed(case: Case, given: Set[Cell]) -> list[str]:
    """Outputs that are typed in, even where no scenario moves them. A row may begin with nought or one, as a counter does."""
    found = []
    for item in case.order["outputs"]:
        for place, spot in enumerate(case.outputs[item["key"]]):
            content = case.saved.get(spot)
            if content is None or case.graph.cell(spot) in given or (place == 0 and item["count"] > 1 and content in (0.0, 1.0)):
                continue
            if not isinstance(content, Formula):
                found.append(f"{spot} ({item['label']}) is typed in; a formula belongs there")
            elif not case.graph.links.get(case.graph.cell(spot)):
                with suppress(FormulaError):  # what is wrong with a formula is for `functions` to say
                    if not _POSITIONAL & set(formulas.functions(content)):
                        found.append(f"{spot} ({item['label']}) {str(content)[:60]} refers to nothing")
    return found


_POSITIONAL = frozenset(("ROW", "COLUMN", "ROWS", "COLUMNS"))
_MONTHS = re.compile(
    "jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(tember)?|oct(ober)?|nov(ember)?|dec(ember)?|[ap]m|e|t|z",
    re.IGNORECASE,
)


def _is_number(text: str) -> bool:
    """Whether a text could be taken for a number, an amount, a date or a time, other than nought."""
    plain = _MONTHS.sub("", text)
    return (
        any(mark.isdigit() and mark != "0" for mark in plain)
        and not any(mark.isalpha() for mark in plain)
        and plain.lstrip()[:1] not in "<>='"
    )
