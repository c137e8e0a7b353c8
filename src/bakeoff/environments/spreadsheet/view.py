"""What a worker sees of a workbook: tabs, papers, and the cells of a window with the labels that belong to them.

Labels are found as a reader finds them, by position and looks: the text to the left of a cell, the caption above it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from bakeoff.core import Box, Element
from bakeoff.environments.spreadsheet import entry, formulas
from bakeoff.environments.spreadsheet.book import PLAIN, Book, Content, ErrorValue, Formula, Look, Place, Sheet, Value
from bakeoff.environments.spreadsheet.formulas import FormulaError, letters
from bakeoff.environments.spreadsheet.spec import Document, Spot

ROWS, COLUMNS = 40, 20
"""How much of a sheet is in view at once."""
SHORT = 400
"""Papers of up to so many characters lie open from the start."""
_CELL = (80.0, 20.0)
_TRACED = 60


class Labels:
    """Which cells of a sheet to show, their roles, and the captions beside and above them.

    `listed`: places in reading order: whatever holds something, and empty cells of rows that look as if they are to be filled.
    `fleeting`: some caption is calculated, so that labels have to be found again after any change.
    """

    def __init__(self, sheet: Sheet, values: Mapping[Place, Value | None]) -> None:
        self._sheet, self._values = sheet, values
        self.role: dict[Place, str] = {}
        self.name: dict[Place, str] = {}
        self.row_header: dict[int, Place] = {}
        self.fleeting = False
        rows: dict[int, list[int]] = {}
        for row, column in sorted(sheet.cells):
            rows.setdefault(row, []).append(column)
        dressed: dict[int, list[int]] = {}
        for (row, column), look in sheet.looks.items():
            if (row, column) not in sheet.cells and (look.number_format != "General" or look.border or look.fill):
                dressed.setdefault(row, []).append(column)
        self._rows, self._dressed = rows, dressed
        self._gaps = self._empty_columns()
        self.listed = self._walk()

    def _empty_columns(self) -> list[int]:
        """Columns within the used part that hold nothing: they part blocks that stand side by side."""
        used = {column for _, column in self._sheet.cells}
        return [column for column in range(1, max(used, default=0)) if column not in used]

    def _walk(self) -> list[Place]:
        listed: list[Place] = []
        captions: dict[int, str] = {}
        last_header = -9
        numeric: set[int] = set()
        for row in sorted(self._rows.keys() | self._dressed.keys()):
            columns = self._rows.get(row, [])
            label = self._label(row, columns)
            if self._is_header(row, columns):
                stacked = last_header == row - 1
                captions = self._captions(row, columns, captions if stacked else {}, label)
                last_header, numeric = row, set() if not stacked else numeric
                numeric = self._numeric_columns(row, captions)
                listed += [(row, column) for column in columns]
                continue
            heading = label is not None and len(columns) == 1 and self._is_heading(row, label, captions)
            if label is not None:
                self.role[row, label] = "heading" if heading else "rowheader"
                self.name[row, label] = self._text((row, label))
                self.row_header[row] = (row, label)
            empties = set() if heading or label is None else self._open(row, label, captions, numeric)
            for column in sorted({*columns, *empties}):
                listed.append((row, column))
                if column != label:
                    self._name_cell(row, column, captions)
        return listed

    def _text(self, place: Place) -> str:
        return entry.displayed(self._values.get(place), self._sheet.looks.get(place, PLAIN)).strip()

    def _look(self, place: Place) -> Look:
        return self._sheet.looks.get(place, PLAIN)

    def _is_caption(self, place: Place) -> bool:
        """Whether a cell could be a column's caption: text, a date, a year."""
        value = self._values.get(place)
        if isinstance(value, ErrorValue) or value is None or isinstance(value, bool):
            return False
        return isinstance(value, str) or self._is_period(place)

    def _is_period(self, place: Place) -> bool:
        value, look = self._values.get(place), self._look(place)
        if not isinstance(value, float) or isinstance(value, bool):
            return False
        if look.is_date:
            return True
        return value == int(value) and 1950 <= value <= 2150 and not any(mark in look.number_format for mark in "#,%.")

    def _label(self, row: int, columns: Sequence[int]) -> int | None:
        """The column of the row's own label: its first text, else its first cell where that is a date, a year or a running number."""
        for column in columns:
            value = self._values.get((row, column))
            if isinstance(value, str) and not isinstance(value, ErrorValue) and not isinstance(self._sheet.cells[row, column], Formula):
                return column
            if not self._is_period((row, column)):
                break
        for column in columns:
            value = self._values.get((row, column))
            if isinstance(value, str) and not isinstance(value, ErrorValue):
                return column
        if columns and (self._is_period((row, columns[0])) or self._is_running((row, columns[0]))):
            return columns[0]
        return None

    def _is_running(self, place: Place) -> bool:
        """Whether the numbers above and below run on by one, as those of periods do."""
        row, column = place
        value = self._values.get(place)
        if not isinstance(value, float) or value != int(value):
            return False
        above, below = self._values.get((row - 1, column)), self._values.get((row + 1, column))
        return (isinstance(above, float) and above == value - 1) or (isinstance(below, float) and below == value + 1)

    def _is_header(self, row: int, columns: Sequence[int]) -> bool:
        further = columns[1:]
        if not further:
            return False
        if sum(self._is_period((row, column)) for column in columns) >= 2 and all(self._is_caption((row, column)) for column in columns):
            return True
        if not all(self._is_caption((row, column)) for column in columns):
            return self._counts(row, further)
        if any(isinstance(self._sheet.cells[row, column], Formula) for column in further) and len(further) < 2:
            return False
        dressed = all(self._look((row, column)).bold or self._look((row, column)).fill for column in further)
        if len(further) < 2 and not dressed:
            return False
        below = [self._below(row, column) for column in further]
        return 2 * sum(below) >= len(below) or (dressed and any(below))

    def _counts(self, row: int, further: Sequence[int]) -> bool:
        """Period numbers 1, 2, 3… across, dressed as captions."""
        values = [self._values.get((row, column)) for column in further]
        numbers = [value for value in values if isinstance(value, float) and not isinstance(value, bool)]
        return (
            len(numbers) >= 3
            and len(numbers) == len(values)
            and all(later == earlier + 1 for earlier, later in pairwise(numbers))
            and all(self._look((row, column)).bold or self._look((row, column)).fill for column in further)
        )

    def _below(self, row: int, column: int) -> bool:
        """Whether the next cells below hold figures or look as if they should."""
        for further in range(row + 1, row + 7):
            content = self._sheet.cells.get((further, column))
            if content is not None and not is_label(content):
                return True
            if content is None and self._look((further, column)).number_format != "General":
                return True
        return False

    def _captions(self, row: int, columns: Sequence[int], above: Mapping[int, str], label: int | None) -> dict[int, str]:
        captions = dict(above)
        for column in columns:
            place = (row, column)
            self.fleeting |= isinstance(self._sheet.cells[place], Formula)
            text = self._text(place)
            self.role[place] = "columnheader"
            self.name[place] = text
            captions[column] = f"{captions[column]} {text}" if column in captions and captions[column] != text else text
        if label is not None and label == columns[0] and len(columns) > 1:
            self.role[row, label] = "columnheader"
        return captions

    def _numeric_columns(self, row: int, captions: Mapping[int, str]) -> set[int]:
        """Columns under these captions that hold figures, or nothing at all: not units and notes."""
        found = set()
        for column in captions:
            texts = figures = 0
            for further in range(row + 1, row + 60):
                content = self._sheet.cells.get((further, column))
                if content is not None:
                    texts += is_label(content)
                    figures += not is_label(content)
            if figures or not texts:
                found.add(column)
        return found

    def _is_heading(self, row: int, label: int, captions: Mapping[int, str]) -> bool:
        look = self._look((row, label))
        if any(column != label and (self._look((row, column)).number_format != "General") for column in self._dressed.get(row, ())):
            return False
        return look.bold or look.size > 12 or bool(look.fill) or not captions

    def _open(self, row: int, label: int, captions: Mapping[int, str], numeric: set[int]) -> set[int]:
        """Empty cells of a labelled row that look as if something belongs there."""
        cells = self._sheet.cells
        found = {column for column in self._dressed.get(row, ()) if column > label and self._look((row, column)).number_format != "General"}
        found |= {column for column in numeric if column > label and (row, column) not in cells and column in captions}
        return found

    def _name_cell(self, row: int, column: int, captions: Mapping[int, str]) -> None:
        self.role.setdefault((row, column), "cell")
        label = self._nearest_label(row, column)
        parts = [self._text((row, label)) if label is not None else "", captions.get(column, "")]
        self.name[row, column] = " · ".join(part for part in parts if part)

    def _nearest_label(self, row: int, column: int) -> int | None:
        """The first text of the row within the cell's own block; without one, the row's label."""
        gap = max((gap for gap in self._gaps if gap < column), default=0)
        for other in self._rows.get(row, ()):
            if gap < other < column and is_label(self._sheet.cells[row, other]):
                return other
        header = self.row_header.get(row)
        return header[1] if header is not None and header[1] < column else None


def is_label(content: Content | None) -> bool:
    """Whether this is plain text."""
    return isinstance(content, str) and not isinstance(content, (Formula, ErrorValue))


def window(sheet: Sheet, row: int, column: int) -> tuple[frozenset[int], frozenset[int]]:
    """The rows and columns in view: frozen ones, and those from a corner on."""
    frozen_rows, frozen_columns = (min(frozen, 10) for frozen in sheet.frozen)
    rows = frozenset(range(1, frozen_rows + 1)) | frozenset(range(row, row + ROWS))
    return rows, frozenset(range(1, frozen_columns + 1)) | frozenset(range(column, column + COLUMNS))


def location(sheet: str, rows: frozenset[int], columns: frozenset[int]) -> str:
    """E.g. `Model!A1:T40`; of a window with frozen parts, the part that moves."""
    top, left = max(rows) - ROWS + 1, max(columns) - COLUMNS + 1
    return f"{formulas.quoted(sheet)}!{letters(left)}{top}:{letters(max(columns))}{max(rows)}"


def elements(
    book: Book,
    sheet: Sheet,
    labels: Labels,
    values: Mapping[Place, Value | None],
    pack: Sequence[Document],
    opened: Sequence[str],
    traced: Sequence[str],
) -> tuple[Element, ...]:
    """Everything in view, in reading order. `values`: the places in view, in reading order."""
    found: list[Element] = []
    for other in book.sheets:
        states = {"selected"} if other is sheet else set()
        if other.hidden:
            states.add("hidden")
        found.append(
            Element(f"tab:{other.name}", "tab", other.name, states=frozenset(states), order=len(found), attributes={"used": _extent(other)})
        )
    for paper in pack:
        is_open = paper.title in opened or len(paper.text) <= SHORT
        folded = frozenset({"expanded" if is_open else "collapsed"})
        found.append(Element(f"document:{paper.title}", "document", paper.title, paper.text if is_open else "", folded, order=len(found)))
    for number, line in enumerate(traced):
        found.append(Element(f"trace:{number}", "listitem", line, order=len(found)))
    prefix = formulas.quoted(sheet.name) + "!"
    width, height = _CELL
    for (row, column), value in values.items():
        place = (row, column)
        look = sheet.looks.get(place, PLAIN)
        content = sheet.cells.get(place)
        role = labels.role.get(place, "cell")
        attributes = {"kind": entry.kind(value, look)}
        if isinstance(content, Formula):
            attributes["formula"] = str(content)
        if look is not PLAIN:
            if look.number_format != "General":
                attributes["number_format"] = look.number_format
            if look.font:
                attributes["font"] = look.font
            if look.fill:
                attributes["fill"] = look.fill
            if look.bold:
                attributes["bold"] = "true"
        header = labels.row_header.get(row)
        parent = None if header is None or header[1] >= column or header not in values else f"{prefix}{letters(header[1])}{row}"
        text = entry.shown(value, look)
        found.append(
            Element(
                f"{prefix}{letters(column)}{row}",
                role,
                labels.name.get(place, ""),
                "" if role != "cell" and attributes["kind"] == "text" and text == labels.name.get(place) else text,
                parent=parent,
                order=len(found),
                box=Box((column - 1) * width, (row - 1) * height, width, height),
                attributes=attributes,
            )
        )
    return tuple(found)


def _extent(sheet: Sheet) -> str:
    """The part of a sheet that holds contents, as its scroll bars show it: `A1:H57`."""
    last = max((row for row, _ in sheet.cells), default=1), max((column for _, column in sheet.cells), default=1)
    return f"A1:{letters(last[1])}{last[0]}"


def trace(book: Book, spot: Spot) -> tuple[str, ...]:
    """Lines on what a cell takes its value from, and what uses it."""
    lines: list[str] = []
    content = book.get(spot)
    if isinstance(content, Formula):
        lines.append(f"{spot} = {content[1:]}")
        lines += [f"{spot} uses {text}" for text in _uses(book, content, spot.sheet)]
    else:
        lines.append(f"{spot} holds no formula")
    users = [other for other, formula in book.formulas() if _reaches(book, formula, other.sheet, spot)]
    lines += [f"{spot} is used by {other} = {str(book.get(other))[1:]}" for other in users[:_TRACED]]
    if len(users) > _TRACED:
        lines.append(f"and by {len(users) - _TRACED} further cells")
    if not users:
        lines.append(f"no cell uses {spot}")
    return tuple(lines[: 2 * _TRACED])


def _uses(book: Book, formula: str, own: str) -> list[str]:
    meanings = book.meanings()
    try:
        parts = formulas.tokens(formula)
    except FormulaError:
        return []
    found = []
    for token in parts:
        if token.kind == "ref":
            ref = formulas.reference(token.text)
            found.append(token.text if ref.sheet is not None else f"{formulas.quoted(own)}!{token.text}")
        elif token.kind == "name" and token.text.casefold() in meanings:
            found.append(f"{token.text} ({meanings[token.text.casefold()]})")
    return list(dict.fromkeys(found))


def _reaches(book: Book, formula: str, own: str, spot: Spot) -> bool:
    try:
        for ref in formulas.references(formulas.resolved(formula, book.meanings())):
            top, left, bottom, right = ref.bounds
            if (ref.sheet or own).casefold() == spot.sheet.casefold() and top <= spot.row <= bottom and left <= spot.column <= right:
                return True
    except FormulaError:
        return False
    return False
