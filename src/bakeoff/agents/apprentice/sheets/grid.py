"""A workbook as it was seen so far: cells, labelled lines, periods, papers. Filled from observations, window by window."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from bakeoff.agents.apprentice.sheets.formula import Node, Ref, Unreadable, Value, cells, parse, read_ref
from bakeoff.core import Element, Observation


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what it shows, the formula behind it, and how it looks."""

    value: Value
    formula: str = ""
    kind: str = "empty"
    format: str = ""
    font: str = ""
    fill: str = ""
    role: str = "cell"

    @property
    def number(self) -> float | None:
        """Its number, if it has one; truth values and texts have none."""
        return float(self.value) if isinstance(self.value, float | int) and not isinstance(self.value, bool) else None


EMPTY = Cell(None)


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """A row of a sheet: what a formula's operand means once its column is known."""

    sheet: str
    number: int


@dataclass
class Sheet:
    """Cells by (row, column), and what was made out of them."""

    name: str
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)

    def at(self, row: int, column: int) -> Cell:
        return self.cells.get((row, column), EMPTY)

    @cached_property
    def rows(self) -> list[int]:
        return sorted({row for row, _ in self.cells})

    @cached_property
    def columns(self) -> list[int]:
        return sorted({column for _, column in self.cells})

    @cached_property
    def by_row(self) -> dict[int, dict[int, Cell]]:
        found: dict[int, dict[int, Cell]] = {}
        for (row, column), cell in sorted(self.cells.items()):
            found.setdefault(row, {})[column] = cell
        return found

    def label(self, row: int) -> str:
        """The row's label: its first text that heads it."""
        return self.labels.get(row, "")

    @cached_property
    def labels(self) -> dict[int, str]:
        found = {}
        for row, line in self.by_row.items():
            headed = [cell for cell in line.values() if cell.role == "rowheader" and isinstance(cell.value, str) and cell.value.strip()]
            texts = headed or [cell for cell in line.values() if cell.kind == "text" and cell.role not in ("columnheader",)]
            if texts:
                found[row] = str(texts[0].value).strip()
        return found

    @cached_property
    def headings(self) -> dict[int, str]:
        """For each row, the block heading above it."""
        found, now = {}, ""
        for row in self.rows:
            line = self.by_row[row]
            if any(cell.role == "heading" for cell in line.values()) and not any(cell.number is not None for cell in line.values()):
                now = next(str(cell.value) for cell in line.values() if cell.role == "heading")
            found[row] = now
        return found

    @cached_property
    def heads(self) -> dict[int, dict[int, str]]:
        """Rows that title columns: row -> column -> title."""
        found: dict[int, dict[int, str]] = {}
        for row, line in self.by_row.items():
            titles = {column: shown(cell.value) for column, cell in line.items() if cell.role == "columnheader" and cell.value is not None}
            if titles:
                found[row] = titles
        return found

    def head(self, row: int, column: int) -> str:
        """The title of a column as seen from a row: the nearest one above."""
        for above in sorted((r for r in self.heads if r <= row), reverse=True):
            if column in self.heads[above]:
                return self.heads[above][column]
        return ""

    def forget_views(self) -> None:
        """Drops what was made out of the cells, after they changed."""
        for name in ("rows", "columns", "by_row", "labels", "headings", "heads", "series"):
            self.__dict__.pop(name, None)

    @cached_property
    def series(self) -> list[int]:
        """Columns that make up the timeline: titled, and holding numbers or room for them in several rows; all of one run."""
        titled = {column for titles in self.heads.values() for column in titles}
        counts = {
            column: sum(
                1
                for row in self.rows
                if (cell := self.cells.get((row, column))) is not None and cell.role == "cell" and cell.kind != "text"
            )
            for column in titled
        }
        most = max(counts.values(), default=0)
        return sorted(column for column, count in counts.items() if count >= max(1, 0.3 * most))


def shown(value: Value) -> str:
    """A value as a title: whole numbers without their point."""
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return "" if value is None else str(value)


def period(title: str) -> str:
    """What makes two column titles the same period: their digits and letters, without marks for actual or forecast."""
    digits = re.findall(r"\d+", title)
    if digits and len(digits[0]) >= 2:
        return " ".join(digits) + "".join(re.findall(r"[a-z]{3}|[qh](?=\d)", title.lower()))
    return re.sub(r"\W+", " ", title.lower()).strip()


class Book:
    """All that was seen of one workbook and its papers."""

    def __init__(self) -> None:
        self.title = ""
        self.sheets: dict[str, Sheet] = {}
        self.tabs: list[str] = []
        self.current = ""
        self.papers: dict[str, str] = {}
        self.titles: list[str] = []
        self._trees: dict[str, Node | None] = {}

    def absorb(self, observation: Observation) -> None:
        """Takes in what a screen shows; cells in view replace what was known of them."""
        self.title = observation.title or self.title
        touched = set()
        for element in observation.elements:
            if element.role == "tab":
                if element.name not in self.tabs:
                    self.tabs.append(element.name)
                if "selected" in element.states:
                    self.current = element.name
            elif element.role == "document":
                if element.name not in self.titles:
                    self.titles.append(element.name)
                if element.value:
                    self.papers[element.name] = element.value
            else:
                touched.add(self._cell(element))
        for name in touched - {""}:
            self.sheets[name].forget_views()

    def _cell(self, element: Element) -> str:
        ref = read_ref(element.attributes.get("address", element.ref), self.current)
        if ref is None:
            return ""
        sheet = self.sheets.setdefault(ref.sheet, Sheet(ref.sheet))
        attributes = element.attributes
        text = element.value if element.value or element.role == "cell" else element.name
        kind = attributes.get("kind", "text" if text else "empty")
        sheet.cells[ref.row, ref.column] = Cell(
            _value(text, kind),
            attributes.get("formula", ""),
            kind,
            attributes.get("number_format", ""),
            attributes.get("font", ""),
            attributes.get("fill", ""),
            element.role,
        )
        return ref.sheet

    def tree(self, formula: str) -> Node | None:
        """A formula read; None for one that cannot be."""
        if formula not in self._trees:
            try:
                self._trees[formula] = parse(formula)
            except Unreadable:
                self._trees[formula] = None
        return self._trees[formula]

    def cell(self, ref: Ref) -> Cell:
        sheet = self.sheets.get(ref.sheet)
        return sheet.at(ref.row, ref.column) if sheet else EMPTY

    def look(self, ref: Ref) -> Value:
        return self.cell(ref).value

    def label(self, row: Row) -> str:
        sheet = self.sheets.get(row.sheet)
        return sheet.label(row.number) if sheet else ""

    def column_on(self, sheet: str, home: Row, column: int) -> int:
        """The column of another sheet that stands for the same period as a column of the home row's sheet; the same column if none does."""
        if sheet == home.sheet:
            return column
        wanted = period(self.sheets[home.sheet].head(home.number, column))
        other = self.sheets.get(sheet)
        if wanted and other is not None:
            found = sorted({c for titles in other.heads.values() for c, title in titles.items() if period(title) == wanted})
            if found:
                return found[0]
        return column

    def readers(self) -> dict[tuple[str, int, int], set[tuple[str, int, int]]]:
        """Cell -> cells whose formulas read it."""
        found: dict[tuple[str, int, int], set[tuple[str, int, int]]] = {}
        for sheet in self.sheets.values():
            for (row, column), cell in sheet.cells.items():
                tree = self.tree(cell.formula) if cell.formula else None
                if tree is not None:
                    for ref in cells(tree):
                        found.setdefault((ref.sheet or sheet.name, ref.row, ref.column), set()).add((sheet.name, row, column))
        return found

    def users(self) -> dict[Row, set[Row]]:
        """Row -> rows whose formulas read it."""
        found: dict[Row, set[Row]] = {}
        for sheet in self.sheets.values():
            for (row, _), cell in sheet.cells.items():
                tree = self.tree(cell.formula) if cell.formula else None
                if tree is not None:
                    for ref in cells(tree):
                        found.setdefault(Row(ref.sheet or sheet.name, ref.row), set()).add(Row(sheet.name, row))
        return found


def _value(text: str, kind: str) -> Value:
    if kind == "empty" or (text == "" and kind != "text"):
        return None
    if kind in ("number", "date"):
        number = _number(text)
        return text if number is None else number
    if kind == "boolean":
        return text.strip().upper() == "TRUE"
    return text


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "").strip())
    except ValueError:
        return None
