"""A workbook as it was seen so far: cells, labelled lines, periods, papers. Filled from observations, window by window."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from bakeoff.agents.apprentice.sheets.formula import Node, Ref, Unreadable, Value, cells, parse, read_ref, rebuild, relative, write
from bakeoff.agents.apprentice.sheets.labels import plain
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
    title: str = ""
    """What a header shows."""

    @property
    def number(self) -> float | None:
        """Its number, if it has one; truth values and texts have none."""
        return float(self.value) if isinstance(self.value, float | int) and not isinstance(self.value, bool) else None

    @property
    def numeric(self) -> bool:
        """Whether it has a number, or a formula whose number is not known for now."""
        return self.number is not None or (bool(self.formula) and self.value is None)


EMPTY = Cell(None)


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """A row of a sheet: what a formula's operand means once its column is known."""

    sheet: str
    number: int


PERIOD = re.compile(r"(?:19|20)\d\d|\b(?:FY|CY)\s?\d\d|\b[A-Za-z]{3,9}[-\s']\d\d|\b[QH][1-4]\b", re.IGNORECASE)
QUOTED = re.compile(r"[“«\"]([^”»\"]{1,80})[”»\"]")
BAND, LOOSE = (
    10_000,
    5_000,
)  # rows of a sheet that runs down: BAND times the block plus the column; LOOSE plus the row for lines by themselves


@dataclass
class Sheet:
    """A sheet as it was seen (`raw`, by true row and column), and as lines with periods across.

    Where periods run down, a column of a block becomes a line: `cells` has it turned. `true` and `turned` lead from one to the other. All other
    members speak of lines and periods.
    """

    name: str
    raw: dict[tuple[int, int], Cell] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    """Plain labels that the papers and the instruction put in quotation marks: names of lines."""
    siblings: frozenset[str] = frozenset()
    """Titles of members that run down other sheets."""
    brackets: frozenset[str] = frozenset()
    """What stands in brackets behind labels without being part of them: units."""

    def at(self, row: int, column: int) -> Cell:
        return self.cells.get((row, column), EMPTY)

    # --- which way it runs -----------------------------------------------------------------------------------------------------------

    @cached_property
    def down(self) -> bool:
        """Whether periods stand one under the other; or, in a table without periods, members (companies, cases) of which each column tells one thing."""
        counts = {
            role: sum(1 for cell in self.raw.values() if cell.role == role and is_period(cell)) for role in ("rowheader", "columnheader")
        }
        if any(counts.values()):
            return counts["rowheader"] >= 2 and counts["rowheader"] > counts["columnheader"]
        first = min((row for (row, _), cell in self.raw.items() if cell.role == "columnheader"), default=None)
        if first is None:
            return False
        heads = {
            role: {plain(self._bare(c.title)[0]) for (r, _), c in self.raw.items() if c.role == role and r >= first}
            for role in ("rowheader", "columnheader")
        }
        if len(heads["rowheader"] - self.named) < 2 or len(heads["columnheader"]) < 2:
            return False
        above, beside = (len(heads[role] & self.named) for role in ("columnheader", "rowheader"))
        down, across = self._repeats(first)
        return (above >= 2 and above > beside) or (down > 2 and down > 2 * across) or len(heads["rowheader"] & self.siblings) >= 2

    def _repeats(self, first: int) -> tuple[int, int]:
        """How many formulas from a row on are the same, as seen from their cells, as the one above, and as the one to the left."""
        forms = {place: _seen_from(cell.formula, *place) for place, cell in self.raw.items() if cell.formula and place[0] >= first}
        down = sum(form is not None and forms.get((row - 1, column)) == form for (row, column), form in forms.items())
        across = sum(form is not None and forms.get((row, column - 1)) == form for (row, column), form in forms.items())
        return down, across

    @cached_property
    def members(self) -> dict[int, str]:
        """Of a sheet that runs down: rows that head a period or a member, with their titles."""
        heads = {row: cell for (row, _), cell in sorted(self.raw.items(), reverse=True) if cell.role == "rowheader"}
        periods = {row: cell.title for row, cell in heads.items() if is_period(cell)}
        if periods:
            return dict(sorted(periods.items()))
        first = min((row for row, _ in self.bands), default=0)
        return {
            row: cell.title for row, cell in sorted(heads.items()) if row > first and plain(self._bare(cell.title)[0]) not in self.named
        }

    @cached_property
    def bands(self) -> list[tuple[int, int]]:
        """Of a sheet that runs down: first and last row of each group of rows that title columns."""
        rows = sorted({row for (row, _), cell in self.raw.items() if cell.role == "columnheader"})
        found: list[tuple[int, int]] = []
        for row in rows:
            if found and found[-1][1] == row - 1:
                found[-1] = (found[-1][0], row)
            else:
                found.append((row, row))
        return found

    @cached_property
    def period_rows(self) -> dict[int, int]:
        """Of a sheet that runs down: true row of a period -> the row that stands for this period in all blocks."""
        first: dict[str, int] = {}
        return {row: first.setdefault(period(title), row) for row, title in self.members.items()}

    def turned(self, row: int, column: int) -> tuple[int, int, bool]:
        """Line and period of a true cell, and whether the two changed places."""
        if not self.down:
            return row, column, False
        band = sum(1 for first, _ in self.bands if first <= row)
        inside = row in self.period_rows or any(first <= row <= last for first, last in self.bands)
        if not band or (not inside and row in self._labelled):
            return LOOSE + row, column, False
        return BAND * band + column, self.period_rows.get(row, row), True

    @cached_property
    def _labelled(self) -> frozenset[int]:
        return frozenset(row for (row, _), cell in self.raw.items() if cell.role == "rowheader" and row not in self.members)

    @cached_property
    def _back(self) -> dict[tuple[int, int], int]:
        """(band, period row) -> true row."""
        return {(sum(1 for first, _ in self.bands if first <= row), shared): row for row, shared in self.period_rows.items()}

    def true(self, row: int, column: int) -> tuple[int, int, bool]:
        """True row and column of a line's cell, and whether the two changed places."""
        if not self.down:
            return row, column, False
        if row < BAND:
            return row - LOOSE, column, False
        band, true_column = divmod(row, BAND)
        return self._back.get((band, column), column), true_column, True

    @cached_property
    def cells(self) -> dict[tuple[int, int], Cell]:
        if not self.down:
            return self.raw
        found = {}
        for (row, column), cell in self.raw.items():
            line, at, _ = self.turned(row, column)
            if cell.role in ("cell", "rowheader") and not (cell.role == "rowheader" and row in self.period_rows):
                found[line, at] = cell
        return found

    # --- lines -----------------------------------------------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> list[int]:
        return sorted({row for row, _ in self.cells})

    @cached_property
    def by_row(self) -> dict[int, dict[int, Cell]]:
        found: dict[int, dict[int, Cell]] = {}
        for (row, column), cell in sorted(self.cells.items()):
            found.setdefault(row, {})[column] = cell
        return found

    def label(self, row: int) -> str:
        """The line's label: its first text that heads it."""
        return self.labels.get(row, "")

    @cached_property
    def labels(self) -> dict[int, str]:
        return {row: self._bare(text)[0] for row, text in self.full_labels.items()}

    def _bare(self, text: str) -> tuple[str, str]:
        """A label without the unit behind it, and that unit."""
        bare, unit = bracketed(text)
        return (bare, unit) if unit in self.brackets else (text, "")

    @cached_property
    def full_labels(self) -> dict[int, str]:
        """Labels as they stand, with units where the sheet has them there."""
        found = {}
        for row, line in self.by_row.items():
            headed = [cell for cell in line.values() if cell.role == "rowheader" and isinstance(cell.value, str) and cell.value.strip()]
            texts = headed or [cell for cell in line.values() if cell.kind == "text" and cell.role == "cell"]
            if texts and row < BAND:
                found[row] = str(texts[0].value).strip()
        for number, band in enumerate(self.bands if self.down else (), 1):
            for column, title in self._titles(band)[0].items():
                if BAND * number + column in self.by_row:
                    found[BAND * number + column] = title
        return found

    def _titles(self, band: tuple[int, int]) -> tuple[dict[int, str], dict[int, str]]:
        """Of a band's header rows, the one that tells columns apart best, and the one below it (units), by column."""
        lines = []
        for row in range(band[0], band[1] + 1):
            lines.append({column: cell.title for (r, column), cell in sorted(self.raw.items()) if r == row and cell.role == "columnheader"})
        best = max(range(len(lines)), key=lambda at: (len(set(lines[at].values())), len(lines[at])))
        return lines[best], lines[best + 1] if best + 1 < len(lines) else {}

    @cached_property
    def units(self) -> dict[int, str]:
        """Units that stand behind labels or, on a sheet that runs down, under the titles of its lines."""
        found = {row: unit for row, text in self.full_labels.items() if (unit := self._bare(text)[1])}
        for number, band in enumerate(self.bands if self.down else (), 1):
            found.update({BAND * number + column: text for column, text in self._titles(band)[1].items()})
        return found

    @cached_property
    def headings(self) -> dict[int, str]:
        """For each line, the block heading above it."""
        found, now = {}, ""
        for row in self.rows:
            line = self.by_row[row]
            heading = next((cell for cell in line.values() if cell.role == "heading"), None)
            titled = [cell for cell in line.values() if cell.role == "columnheader"]
            if heading is not None:
                now = heading.title
            elif titled and not is_period(titled[0]):
                now = titled[0].title
            found[row] = now
        for number, (first, last) in enumerate(self.bands if self.down else (), 1):
            upper = sorted((column, cell.title) for (row, column), cell in self.raw.items() if row == first and first < last)
            for row in self.rows:
                if row // BAND == number:
                    found[row] = next((title for column, title in reversed(upper) if column <= row % BAND), "")
        return found

    @cached_property
    def heads(self) -> dict[int, dict[int, str]]:
        """Lines that title periods: line -> column -> title."""
        if self.down:
            titles = {}
            for (row, _), cell in self.raw.items():
                if row in self.period_rows and cell.role == "rowheader":
                    titles[self.period_rows[row]] = cell.title
            return {0: titles}
        found: dict[int, dict[int, str]] = {}
        for row, line in self.by_row.items():
            titles = {column: cell.title for column, cell in line.items() if cell.role == "columnheader" and cell.title}
            titles = titles or _plain_periods(line)
            if titles:
                found[row] = titles
        return found

    def head(self, row: int, column: int) -> str:
        """The title of a column as seen from a line: the nearest one above."""
        for above in sorted((r for r in self.heads if r <= row), reverse=True):
            if column in self.heads[above]:
                return self.heads[above][column]
        return ""

    def titles(self, row: int, column: int) -> list[str]:
        """All titles of a column above a line, the nearest first: dates may stand below the names of periods."""
        return [self.heads[above][column] for above in sorted(self.heads, reverse=True) if above <= row and column in self.heads[above]]

    def forget_views(self) -> None:
        """Drops what was made out of the cells, after they changed."""
        for name in (
            "cells",
            "rows",
            "by_row",
            "labels",
            "full_labels",
            "units",
            "headings",
            "heads",
            "series",
            "down",
            "bands",
            "members",
            "period_rows",
            "_labelled",
            "_back",
        ):
            self.__dict__.pop(name, None)

    @cached_property
    def series(self) -> list[int]:
        """Columns that make up the timeline: titled, and holding numbers or room for them; in several lines, where they are not titled as periods."""
        titled = {column for titles in self.heads.values() for column, title in titles.items() if names_period(title)}
        periods = bool(titled)
        titled = titled or {column for titles in self.heads.values() for column in titles}
        counts = dict.fromkeys(titled, 0)
        for (_, column), cell in self.cells.items():
            if column in counts and cell.role == "cell" and cell.kind != "text":
                counts[column] += 1
        most = max(counts.values(), default=0)
        found = sorted(column for column, count in counts.items() if count >= max(1, 0.0 if periods else 0.3 * most))
        return found if len(found) > 2 else self._untitled() or found

    def _untitled(self) -> list[int]:
        """Columns without titles in which lines of many numbers stand."""
        found: set[int] = set()
        for line in self.by_row.values():
            numbered = [column for column, cell in line.items() if cell.role == "cell" and (cell.number is not None or cell.formula)]
            if len(numbered) > 2:
                found |= {column for column, cell in line.items() if cell.role == "cell" and cell.kind != "text"}
        return sorted(found)


def bracketed(label: str) -> tuple[str, str]:
    """A label and what stands in brackets at its end; empty for none."""
    match = re.fullmatch(r"(.*\S)\s*\(([^()]{1,24})\)", label.strip())
    return (match[1], match[2]) if match else (label, "")


def _plain_periods(line: dict[int, Cell]) -> dict[int, str]:
    """A line of periods that is not marked as one: three or more texts that read as periods, and hardly anything else."""
    texts = {column: str(cell.value) for column, cell in line.items() if cell.kind == "text" and isinstance(cell.value, str) and cell.value}
    periods = {column: text for column, text in texts.items() if len(text) <= 12 and names_period(text) and re.search(r"\d", text)}
    others = len(texts) - len(periods) + sum(1 for cell in line.values() if cell.number is not None)
    return periods if len(periods) >= 3 and others <= 1 else {}


def is_period(cell: Cell) -> bool:
    """Whether a header names a period."""
    return cell.kind == "date" or names_period(cell.title)


def names_period(title: str) -> bool:
    """Whether a title reads as a period: digits with little else, or a year, a quarter, a month within a few words."""
    return bool(PERIOD.search(title)) or bool(re.fullmatch(r"[A-Za-z]{0,4}[\s.\-/']?\d{1,4}(?:[\s.\-/']\d{1,4}){0,2}[A-Za-z]?", title))


@lru_cache(maxsize=20000)
def _seen_from(formula: str, row: int, column: int) -> str | None:
    try:
        return relative(parse(formula), row, column)
    except Unreadable:
        return None


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
        self.parted: dict[str, tuple[list[int], list[int]]] = {}
        """Known and open periods by sheet, kept by `timeline`."""
        self._trees: dict[tuple[str, str], Node | None] = {}
        self._readers: dict[tuple[str, int, int], set[tuple[str, int, int]]] | None = None

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
        self.changed(touched - {""})

    def changed(self, names: set[str]) -> None:
        """Drops what was made out of the cells of some sheets, after they changed."""
        self.parted.clear()
        self._readers = None
        for name in names:
            self.sheets[name].forget_views()

    def orient(self, goal: str, known: frozenset[str] = frozenset()) -> frozenset[str]:
        """Takes into account which labels the papers and the instruction name, now that all was seen: they head lines, not periods or members.

        A label that they name without the brackets behind it has its unit there. `known`: units of which this is known; returned with those found."""
        said = " ".join((*self.papers.values(), goal))
        named = frozenset(plain(piece) for piece in QUOTED.findall(said))
        brackets = set(known)
        for sheet in self.sheets.values():
            sheet.named, sheet.siblings = named, frozenset()
            sheet.forget_views()
            texts = {cell.title for cell in sheet.raw.values() if cell.role in ("rowheader", "columnheader")}
            brackets |= {bracketed(text)[1] for text in texts if plain(text) not in named and plain(bracketed(text)[0]) in named}
        for sheet in self.sheets.values():
            sheet.brackets = frozenset(brackets - {""})
            sheet.forget_views()
        members = {plain(title) for sheet in self.sheets.values() if sheet.down for title in sheet.members.values()}
        for sheet in self.sheets.values():
            if members and not sheet.down:
                sheet.siblings = frozenset(members)
                sheet.forget_views()
        self.parted.clear()
        self._readers = None
        self._trees.clear()
        return frozenset(brackets - {""})

    def _cell(self, element: Element) -> str:
        ref = read_ref(element.attributes.get("address", element.ref), self.current)
        if ref is None:
            return ""
        sheet = self.sheets.setdefault(ref.sheet, Sheet(ref.sheet))
        attributes = element.attributes
        text = element.value if element.value or element.role == "cell" else element.name
        kind = attributes.get("kind", "text" if text else "empty")
        sheet.raw[ref.row, ref.column] = Cell(
            _value(text, kind),
            attributes.get("formula", ""),
            kind,
            attributes.get("number_format", ""),
            attributes.get("font", ""),
            attributes.get("fill", ""),
            element.role,
            (element.name or element.value).strip(),
        )
        return ref.sheet

    def tree(self, formula: str, home: str) -> Node | None:
        """A formula read as standing on a sheet, its cells as lines and periods; None for one that cannot be read."""
        if (formula, home) not in self._trees:
            try:
                self._trees[formula, home] = rebuild(parse(formula), lambda ref: self._turned(ref, home))
            except Unreadable:
                self._trees[formula, home] = None
        return self._trees[formula, home]

    def _turned(self, ref: Ref, home: str) -> Ref:
        sheet = self.sheets.get(ref.sheet or home)
        if sheet is None or not sheet.down:
            return ref
        row, column, changed = sheet.turned(ref.row, ref.column)
        fixed = (ref.fixed_column, ref.fixed_row) if changed else (ref.fixed_row, ref.fixed_column)
        return Ref(ref.sheet, row, column, *fixed)

    def written(self, tree: Node, home: str) -> str:
        """The formula as it is typed on a sheet: lines and periods as true cells."""

        def true(ref: Ref) -> Ref:
            sheet = self.sheets.get(ref.sheet or home)
            if sheet is None or not sheet.down:
                return ref
            row, column, changed = sheet.true(ref.row, ref.column)
            fixed = (ref.fixed_column, ref.fixed_row) if changed else (ref.fixed_row, ref.fixed_column)
            return Ref(ref.sheet, row, column, *fixed)

        return "=" + write(rebuild(tree, true), home)

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
        other = self.sheets.get(sheet)
        if other is None:
            return column
        for title in self.sheets[home.sheet].titles(home.number, column):
            wanted = period(title)
            found = sorted({c for titles in other.heads.values() for c, text in titles.items() if wanted and period(text) == wanted})
            if found:
                return found[0]
        return column

    def readers(self) -> dict[tuple[str, int, int], set[tuple[str, int, int]]]:
        """Cell -> cells whose formulas read it."""
        if self._readers is not None:
            return self._readers
        found: dict[tuple[str, int, int], set[tuple[str, int, int]]] = {}
        for sheet in self.sheets.values():
            for (row, column), cell in sheet.cells.items():
                tree = self.tree(cell.formula, sheet.name) if cell.formula else None
                if tree is not None:
                    for ref in cells(tree):
                        found.setdefault((ref.sheet or sheet.name, ref.row, ref.column), set()).add((sheet.name, row, column))
        self._readers = found
        return found

    def users(self) -> dict[Row, set[Row]]:
        """Row -> rows whose formulas read it."""
        found: dict[Row, set[Row]] = {}
        for sheet in self.sheets.values():
            for (row, _), cell in sheet.cells.items():
                tree = self.tree(cell.formula, sheet.name) if cell.formula else None
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
