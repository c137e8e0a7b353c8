"""Where on the timeline a fixed cell lies, in words that hold in other workbooks: the row's own cell, the first period, the last, the first open one."""

from __future__ import annotations

import re

from bakeoff.agents.apprentice.sheets.grid import Book, Row, names_period
from bakeoff.agents.apprentice.sheets.papers import Papers

OWN, FIRST, LAST, FIRST_OPEN, LAST_KNOWN, COUNTED = 1, 2, 3, 4, 5, 10
"""Codes of fixed places; `COUNTED` plus n is the n-th period from the first on. 0 is no fixed place."""


def parted(book: Book, name: str) -> tuple[list[int], list[int]]:
    """Known and open periods of a sheet, as a paper parts them: a sentence that names two spans of periods, one after the other.

    Without such a sentence nothing is known, and all periods are open.
    """
    found = book.parted.get(name)
    if found is None:
        found = book.parted[name] = _parted(book, name)
    return found


def _parted(book: Book, name: str) -> tuple[list[int], list[int]]:
    sheet = book.sheets[name]
    titled = {column for titles in sheet.heads.values() for column, title in titles.items() if names_period(title)}
    columns = sorted({*titled, *sheet.series})  # a sheet may title periods in which it holds nothing
    titles = {column: sheet.head(10**9, column) for column in columns}
    for line in Papers(book.papers).lines:
        spots = []
        for column, title in titles.items():
            match = re.search(r"(?<![\w-])" + re.escape(title) + r"(?![\w-])", line) if title else None
            if match:
                spots.append((match.start(), column))
        order = [column for _, column in sorted(spots)]
        if 2 <= len(order) <= 4 and order[0] == columns[0] and order[-1] == columns[-1] and order == sorted(order):
            cut = [column for column in order if column not in (order[0], order[-1])]
            first_open = cut[-1] if cut else order[-1]
            if len(cut) == 1 and columns.index(cut[0]) + 1 < len(columns) and len(order) == 3:
                first_open = cut[0] if columns.index(cut[0]) == 1 else columns[columns.index(cut[0]) + 1]
            return [c for c in sheet.series if c < first_open], [c for c in sheet.series if c >= first_open]
    return [], list(sheet.series)


def single(book: Book, row: Row) -> int:
    """The column of a row's only number, or of its only room for one; 0 for a row with several."""
    sheet = book.sheets.get(row.sheet)
    line = sheet.by_row.get(row.number, {}) if sheet else {}
    cells = {column: cell for column, cell in line.items() if cell.role == "cell" and cell.kind != "text"}
    rooms = [column for column, cell in cells.items() if cell.kind != "empty" or cell.format] or list(cells)
    return rooms[0] if len(rooms) == 1 else 0


def spot(book: Book, row: Row, column: int) -> int:
    """The code of a fixed column of a row; 0 for column 0."""
    sheet = book.sheets.get(row.sheet)
    if not column or sheet is None:
        return 0
    if column not in sheet.series or single(book, row) == column:
        return OWN
    known, open_ = parted(book, row.sheet)
    for code, place in ((LAST, sheet.series[-1]), (FIRST, sheet.series[0])):
        if column == place:
            return code
    if known and column in (open_[0], known[-1]):
        return FIRST_OPEN if column == open_[0] else LAST_KNOWN
    return COUNTED + sheet.series.index(column)


def placed(book: Book, row: Row, code: int) -> int:
    """The column that a code means for a row; 0 where there is none."""
    sheet = book.sheets.get(row.sheet)
    if sheet is None or not code:
        return 0
    if code == OWN:
        line = sheet.by_row.get(row.number, {})
        rooms = [column for column, cell in line.items() if cell.role == "cell" and cell.kind != "text"]
        filled = [column for column in rooms if line[column].number is not None or line[column].formula]
        own = [column for column in filled if column not in sheet.series] or [column for column in rooms if column not in sheet.series]
        return single(book, row) or next(iter(own or filled or rooms), 0)
    if not sheet.series:
        return 0
    known, open_ = parted(book, row.sheet)
    if code in (FIRST_OPEN, LAST_KNOWN):
        return 0 if not known else open_[0] if code == FIRST_OPEN else known[-1]
    if code >= COUNTED:
        return sheet.series[code - COUNTED] if code - COUNTED < len(sheet.series) else 0
    return sheet.series[0] if code == FIRST else sheet.series[-1]
