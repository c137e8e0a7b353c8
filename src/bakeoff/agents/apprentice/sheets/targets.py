"""What is to be filled in: lines with gaps, the columns to fill and those that are known, and the ways of understanding which lines are meant."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from bakeoff.agents.apprentice.sheets.formula import Ref, read_ref
from bakeoff.agents.apprentice.sheets.grid import Book, Cell, Row
from bakeoff.agents.apprentice.sheets.labels import mentions, plain, plain_text
from bakeoff.agents.apprentice.sheets.papers import Papers
from bakeoff.agents.apprentice.sheets.phrases import read

_ADDRESS = re.compile(r"(?<![\w&])(?:(?:'(?:[^']|'')+'|[A-Za-z_]\w*)!)?\$?[A-Z]{1,3}\$?\d{1,5}(?::\$?[A-Z]{1,3}\$?\d{1,5})?(?!\w)")


@dataclass(frozen=True)
class Target:
    """A row to be filled: `gaps` are the columns to fill, `known` those whose numbers are given."""

    row: Row
    gaps: tuple[int, ...]
    known: tuple[int, ...]
    said: float = 0.0


@dataclass(frozen=True)
class Scope:
    """One way of understanding which rows are meant. `features` speak for or against it."""

    kind: str
    targets: tuple[Target, ...]
    features: dict[str, float]


def scopes(book: Book, papers: Papers, goal: str, reckoned: Callable[[Row], bool] = lambda _: False) -> list[Scope]:
    """The ways of understanding which rows with gaps are meant: those in ranges that the instruction gives, those that it names, in quotation marks or
    without, and all that were left unfinished. `reckoned`: whether a row is known to be reckoned in this house."""
    found = [_with_said(book, target, goal) for target in gaps(book)]
    titles = {title for sheet in book.sheets.values() for line in sheet.heads.values() for title in line.values()}
    ranges = addresses(goal, book.current, frozenset(titles))
    open_ = [target for target in found if unfinished(book, papers, target, reckoned)]
    named = [target for target in found if target.said >= 1.0]
    ways = {
        "ranges": [t for t in found if any(r.sheet == t.row.sheet and top <= t.row.number <= bottom for r, top, bottom in ranges)],
        "quoted": [target for target in named if target.said > 1.0],
        "named": [target for target in named if not _setting(book, target)] or named,
        "hinted": [target for target in found if target.said > 0],
        "unfinished": open_,
    }
    seen: dict[tuple[Target, ...], Scope] = {}
    for kind, wanted in ways.items():
        if not wanted:
            continue
        left = sum(target not in wanted for target in open_)
        features = {
            f"rows:{kind}": 1.0,
            "rows in quotes": sum(target.said > 1.0 for target in wanted) / len(wanted),
            "rows said": sum(target.said >= 1.0 for target in wanted) / len(wanted),
            "rows left open": math.log1p(left),
        }
        seen.setdefault(tuple(wanted), Scope(kind, tuple(wanted), features))
    return list(seen.values())


def clause(goal: str) -> str:
    """What an instruction asks for, without what it names: the kind of job, the same for other rows and periods."""
    words = re.sub(r"[\"'“‘«][^\"'”’»]+[\"'”’»]", "<>", goal.lower())
    return " ".join(re.sub(r"\w*\d[\w.]*", "#", re.split(r"[.;:!?](?:\s|$)", words)[0]).split())


def unfinished(book: Book, papers: Papers, target: Target, reckoned: Callable[[Row], bool]) -> bool:
    """Whether a row lacks something: it has numbers on the timeline up to some period, or words say how it is reckoned, or the house is known to."""
    series = book.sheets[target.row.sheet].series
    known = [column for column in target.known if column in series]
    if len(known) >= 2:
        return True
    label = book.label(target.row)
    if any(plain(reading.groups[0][0]) == plain(label) for line in papers.beside(label) if (reading := read(line))):
        return True
    return reckoned(target.row)


def _setting(book: Book, target: Target) -> bool:
    """Whether a row holds one number beside the timeline: a setting, not a line."""
    return len(target.known) == 1 and target.known[0] not in book.sheets[target.row.sheet].series


def rooms(cells: dict[int, Cell], series: list[int]) -> dict[int, Cell]:
    """Cells of a line that hold a figure or should: where some of the empty ones are dressed for figures, the others are merely empty; so are those
    of a line whose figure stands beside the timeline, and those beside a single figure that is dressed when they are not."""
    empty = [column for column, cell in cells.items() if cell.kind == "empty"]
    dressed = [column for column in empty if cells[column].format]
    filled = [column for column in cells if column not in empty]
    lone = len(filled) == 1 and bool(cells[filled[0]].format)
    if dressed or lone or (filled and not any(column in series for column in filled)):
        return {column: cell for column, cell in cells.items() if column in dressed or column in filled}
    return cells


def gaps(book: Book) -> list[Target]:
    """All labelled lines of the workbook with room after their last number."""
    found = []
    for sheet in (book.sheets[name] for name in book.tabs if name in book.sheets):
        for number, line in sheet.by_row.items():
            if not sheet.label(number) or number in sheet.heads:
                continue
            cells = {column: cell for column, cell in line.items() if cell.role == "cell" and cell.kind != "text"}
            cells = rooms(cells, sheet.series)
            known = tuple(column for column, cell in cells.items() if cell.number is not None)
            series = [column for column in cells if column in sheet.series] or list(cells)
            last = max((column for column in known if column in sheet.series), default=0)
            empty = tuple(column for column in series if cells[column].kind == "empty" and column > last)
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


def addresses(goal: str, sheet: str, titles: frozenset[str] = frozenset()) -> list[tuple[Row, int, int]]:
    """Ranges that the instruction gives: (sheet and first row, first row, last row). `titles`: periods, which may look like addresses."""
    found = []
    for match in _ADDRESS.finditer(goal):
        if match[0] in titles:
            continue
        first, _, last = match[0].partition(":")
        top, end = read_ref(first, sheet), read_ref(last) if last else None
        if top is not None:
            found.append((Row(top.sheet, top.row), top.row, end.row if end else top.row))
    return found


def named_cells(book: Book, goal: str) -> list[tuple[int, Ref]]:
    """Cells whose row and period the instruction names, each with how much of it names them (longer names win)."""
    found = []
    for name, sheet in book.sheets.items():
        for number, label in sheet.labels.items():
            if not quoted(goal, label):
                continue
            line = sheet.by_row.get(number, {})
            for column in sheet.series:
                said = [t for t in sheet.titles(number, column) if re.search(r"(?<![\w-])" + re.escape(t) + r"(?![\w-])", goal)]
                title = said[0] if said else ""
                if column in line and title:
                    found.append((len(label) + len(title) + 100, Ref(name, number, column)))
            single = [column for column, cell in line.items() if cell.number is not None and cell.role == "cell"]
            if len(single) == 1:
                found.append((len(label), Ref(name, number, single[0])))
    return found
