"""Good form, scored apart from correctness: what the FAST standard and the ICAEW's Financial Modelling Code ask of a model that can be checked by reading.

Evidence only: a model can be right and untidy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from bakeoff.environments.spreadsheet import formulas
from bakeoff.environments.spreadsheet.book import Book, Formula
from bakeoff.environments.spreadsheet.formulas import FormulaError
from bakeoff.environments.spreadsheet.judge.tracing import Graph
from bakeoff.environments.spreadsheet.spec import Spot

LONGEST = 150
"""Characters beyond which a formula is hard to read (FAST 3.03: no longer than a thumb)."""
_SHOWN = 12
_CHECK = re.compile(r"\b(check|control|difference|must be|should be|reconcil\w*|proof|tie[- ]?out|balances|nil)\b", re.IGNORECASE)


def score(book: Book, graph: Graph, changed: Sequence[tuple[Spot, Formula]], drivers: Iterable[Sequence[Spot]]) -> tuple[float, list[str]]:
    """The share of rules kept, 0 to 1, and findings by cell. Only the worker's own cells are looked at."""
    rules = (
        _consistent(changed),
        _short(changed),
        _apart(changed, drivers),
        _labelled(book, changed),
        _in_sight(book),
        _plain_links(book, graph, changed),
        _checked(book),
    )
    kept = sum(not rule for rule in rules) / len(rules)
    findings = [finding for rule in rules for finding in rule]
    return round(kept, 3), findings[:_SHOWN]


def _consistent(changed: Sequence[tuple[Spot, Formula]]) -> list[str]:
    """One formula a row, or a column where time runs down (FAST 3.02): neighbours hold the same formula copied along."""
    own = {(spot.sheet, spot.row, spot.column): formula for spot, formula in changed}
    seen: dict[tuple[str, int, int], str] = {}
    for (sheet, row, column), formula in own.items():
        with suppress(FormulaError):
            seen[sheet, row, column] = formulas.relative(formula, row, column)
    found = []
    for (sheet, row, column), here in seen.items():
        across = [seen.get((sheet, row, column + step)) for step in (-1, 1)]
        down = [seen.get((sheet, row + step, column)) for step in (-1, 1)]
        if None not in across and here not in across and here not in down:
            found.append(f"{Spot(sheet, row, column)} breaks the formula of its row")
    return found


def _short(changed: Sequence[tuple[Spot, Formula]]) -> list[str]:
    return [f"{spot} has a formula of {len(formula)} characters" for spot, formula in changed if len(formula) > LONGEST]


def _apart(changed: Sequence[tuple[Spot, Formula]], drivers: Iterable[Sequence[Spot]]) -> list[str]:
    """Inputs and calculations do not share a row within the same periods."""
    own = {(spot.sheet, spot.row, spot.column) for spot, _ in changed}
    found = []
    for spots in drivers:
        rows = {(spot.sheet, spot.row) for spot in spots}
        columns = {spot.column for spot in spots}
        for sheet, row in rows:
            mixed = [column for where, line, column in own if (where, line) == (sheet, row) and min(columns) < column < max(columns)]
            if mixed:
                found.append(f"{Spot(sheet, row, min(mixed))} is a calculation between inputs")
    return found


def _labelled(book: Book, changed: Sequence[tuple[Spot, Formula]]) -> list[str]:
    """Each row of calculations says what it is, or each column does."""
    found = []
    for sheet, row in sorted({(spot.sheet, spot.row) for spot, _ in changed}):
        page = book.sheet(sheet)
        assert page is not None
        columns = [spot.column for spot, _ in changed if (spot.sheet, spot.row) == (sheet, row)]
        texts = [
            column
            for (line, column), content in page.cells.items()
            if line == row and isinstance(content, str) and not isinstance(content, Formula)
        ]
        above = any(
            line < row and column == min(columns) and isinstance(content, str) and not isinstance(content, Formula)
            for (line, column), content in page.cells.items()
        )
        if not any(column < min(columns) for column in texts) and not above:
            found.append(f"row {row} of '{sheet}' has no label")
    return found


def _in_sight(book: Book) -> list[str]:
    """Nothing is hidden: no hidden sheets, no text in the colour of its ground."""
    found = [f"the sheet '{sheet.name}' is hidden" for sheet in book.sheets if sheet.hidden]
    for sheet in book.sheets:
        for (row, column), look in sheet.looks.items():
            if (row, column) in sheet.cells and look.font and look.font == (look.fill or "#FFFFFF"):
                found.append(f"{Spot(sheet.name, row, column)} is written in the colour of its ground")
    return found


def _checked(book: Book) -> list[str]:
    """There is a check (ICAEW: checks, and one place that shows them): a formula behind a word that says so."""
    for sheet in book.sheets:
        rows = {row for (row, _), content in sheet.cells.items() if isinstance(content, Formula)}
        columns = {column for (_, column), content in sheet.cells.items() if isinstance(content, Formula)}
        for (row, column), content in sheet.cells.items():
            if type(content) is str and _CHECK.search(content) and (row in rows or column in columns):
                return []
    return ["there is no check"]


def _plain_links(book: Book, graph: Graph, changed: Sequence[tuple[Spot, Formula]]) -> list[str]:
    """No daisy chains (FAST 3.03): a link does not point to a cell that only links on."""

    def link(formula: object) -> bool:
        if not isinstance(formula, Formula):
            return False
        try:
            parts = formulas.tokens(formula)
        except FormulaError:
            return False
        return len(parts) == 1 and parts[0].kind == "ref"

    found = []
    for spot, formula in changed:
        if link(formula):
            source = graph.links.get(graph.cell(spot), ())
            if source and link(book.get(graph.spot(source[0]))):
                found.append(f"{spot} links to a cell that is a link itself")
    return found
