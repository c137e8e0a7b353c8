"""What is to be filled in: lines with gaps that the instruction means, the columns to fill and those that are known."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bakeoff.agents.apprentice.sheets.formula import read_ref
from bakeoff.agents.apprentice.sheets.grid import Book, Row
from bakeoff.agents.apprentice.sheets.labels import mentions, plain, plain_text

_ADDRESS = re.compile(r"(?:(?:'(?:[^']|'')+'|[A-Za-z_]\w*)!)?\$?[A-Z]{1,3}\$?\d{1,5}(?::\$?[A-Z]{1,3}\$?\d{1,5})?")


@dataclass(frozen=True)
class Target:
    """A row to be filled: `gaps` are the columns to fill, `known` those whose numbers are given."""

    row: Row
    gaps: tuple[int, ...]
    known: tuple[int, ...]
    said: float = 0.0


def targets(book: Book, goal: str) -> list[Target]:
    """Rows with gaps, those that the instruction names; all of them where it names none. In reading order."""
    found = [_with_said(book, target, goal) for target in gaps(book)]
    ranges = addresses(goal, book.current)
    if ranges:
        inside = [t for t in found if any(r.sheet == t.row.sheet and top <= t.row.number <= bottom for r, top, bottom in ranges)]
        if inside:
            return inside
    named = [target for target in found if target.said > 0]
    if not named:
        sheets = [target for target in found if mentions(goal, target.row.sheet)]
        return sheets or found
    best = [target for target in named if target.said >= 1.0]
    return best or named


def gaps(book: Book) -> list[Target]:
    """All labelled lines of the workbook that have room on the timeline."""
    found = []
    for sheet in (book.sheets[name] for name in book.tabs if name in book.sheets):
        for number, line in sheet.by_row.items():
            if not sheet.label(number):
                continue
            empty = tuple(c for c, cell in line.items() if cell.kind == "empty" and cell.role == "cell")
            known = tuple(c for c, cell in line.items() if cell.number is not None)
            if empty:
                found.append(Target(Row(sheet.name, number), empty, known))
    return found


def _with_said(book: Book, target: Target, goal: str) -> Target:
    label = book.label(target.row)
    said = 0.0
    if mentions(goal, label):
        longer = [
            other
            for sheet in book.sheets.values()
            for other in sheet.labels.values()
            if plain(label) in plain(other) and plain(label) != plain(other) and mentions(goal, other)
        ]
        text = f" {plain_text(goal)} "
        inside = sum(text.count(f" {plain(other)} ") for other in set(longer))
        said = 1.0 if text.count(f" {plain(label)} ") > inside else 0.2
        if quoted(goal, label):
            said += 1.0
    return Target(target.row, target.gaps, target.known, said)


def quoted(goal: str, label: str) -> bool:
    """Whether the label stands in quotation marks."""
    return any(plain(piece) == plain(label) for piece in re.findall(r"[\"'“‘«]([^\"'”’»]+)[\"'”’»]", goal))


def addresses(goal: str, sheet: str) -> list[tuple[Row, int, int]]:
    """Ranges that the instruction gives: (sheet and first row, first row, last row)."""
    found = []
    for match in _ADDRESS.finditer(goal):
        first, _, last = match[0].partition(":")
        top, end = read_ref(first, sheet), read_ref(last) if last else None
        if top is not None:
            found.append((Row(top.sheet, top.row), top.row, end.row if end else top.row))
    return found
