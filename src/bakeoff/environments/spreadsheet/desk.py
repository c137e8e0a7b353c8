"""The worker's session: a workbook open before it, changed by the tools, saved at the end.

The workbook is ours (`Book`); an engine shows what its formulas give. Nothing that stands here is secret: the desk knows a job's file and its papers and
none of its answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from bakeoff.core import Action, ActionError, Screen
from bakeoff.environments.spreadsheet import entry, formulas, view, writer
from bakeoff.environments.spreadsheet.book import PLAIN, Book, Content, Formula, Place, Sheet, Value, read
from bakeoff.environments.spreadsheet.engines import Ironcalc
from bakeoff.environments.spreadsheet.formulas import FormulaError, Reference
from bakeoff.environments.spreadsheet.spec import Document, Job, Spot
from bakeoff.environments.spreadsheet.writer import Chart, Shift

MOST_CELLS = 5_000
"""One action changes no more cells."""
MOST_ROWS, MOST_COLUMNS = 5_000, 200
"""Contents stay within; the desk's sheets are no larger."""
_UNDO = 50


@dataclass(slots=True)
class _State:
    """Everything that undo brings back."""

    book: Book
    charts: tuple[Chart, ...] = ()
    shifts: tuple[Shift, ...] = ()
    dressed: frozenset[Spot] = frozenset()


@dataclass(frozen=True, slots=True)
class _Window:
    """Where one looks: the sheet, and the first row and column of the part in view."""

    sheet: str
    row: int = 1
    column: int = 1


@dataclass(slots=True)
class _Session:
    state: _State
    window: _Window
    opened: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()
    undo: list[_State] = field(default_factory=list)


@lru_cache(maxsize=32)
def _first(workbook: bytes) -> Book:
    return read(workbook)


class Desk:
    """A job opened for work.

    `answer`: what the worker said when it finished. `changes` counts changes to the workbook since it was opened.
    """

    def __init__(self, job: Job, title: str = "") -> None:
        self._pack: tuple[Document, ...] = job.pack
        self._original = job.workbook
        book = _first(job.workbook).copy()
        self._session = _Session(_State(book), _Window(book.sheets[0].name))
        self._engine = Ironcalc(book)
        self._title = title or f"{job.task.id.product}.xlsx"
        self._saved: bytes | None = None
        self._labels: dict[str, view.Labels] = {}
        self.answer = ""
        self.changes = 0

    @property
    def book(self) -> Book:
        """The workbook as it stands. Not to be changed from outside."""
        return self._session.state.book

    def value(self, spot: Spot) -> Value | None:
        """What a cell shows now."""
        return self._engine.values([spot])[spot]

    def area(self, text: str) -> tuple[str, tuple[int, int, int, int]]:
        """Sheet, and top, left, bottom and right, of what an address or a defined name means. Raises `ActionError` when it means nothing."""
        ref, sheet = self._reference(text)
        return sheet.name, ref.bounds

    def save(self) -> bytes:
        """The workbook as .xlsx; the same contents always give the same bytes."""
        if self._saved is None:
            state = self._session.state
            self._saved = writer.write(self._original, state.book, state.charts, state.shifts, state.dressed)
        return self._saved

    # --- looking ---------------------------------------------------------------------------------------------------------------------------

    def screen(self) -> Screen:
        """What is in view: tabs, papers, and the cells of the window."""
        session = self._session
        sheet, rows, columns = self._window()
        labels = self._labels.get(sheet.name)
        if labels is None or labels.fleeting:
            labels = self._labels[sheet.name] = view.Labels(sheet, self._values(sheet))
        spots = {place: Spot(sheet.name, *place) for place in labels.listed if place[0] in rows and place[1] in columns}
        found = self._engine.values(spots.values())
        values = {place: found[spot] for place, spot in spots.items()}
        elements = view.elements(self.book, sheet, labels, values, self._pack, session.opened, session.trace)
        return Screen(elements, self._title, view.location(sheet.name, rows, columns))

    def _window(self) -> tuple[Sheet, frozenset[int], frozenset[int]]:
        window = self._session.window
        sheet = self._sheet(window.sheet)
        return sheet, *view.window(sheet, window.row, window.column)

    def in_view(self) -> tuple[Sheet, frozenset[int], frozenset[int], dict[Place, Value | None]]:
        """The sheet in view, the rows and columns of the window, and what its cells show: for drawing."""
        sheet, rows, columns = self._window()
        found = self._engine.values(Spot(sheet.name, *place) for place in sheet.cells if place[0] in rows and place[1] in columns)
        return sheet, rows, columns, {(spot.row, spot.column): value for spot, value in found.items()}

    def _values(self, sheet: Sheet) -> dict[Place, Value | None]:
        found = self._engine.values(Spot(sheet.name, row, column) for row, column in sheet.cells)
        return {(spot.row, spot.column): value for spot, value in found.items()}

    # --- doing -----------------------------------------------------------------------------------------------------------------------------

    def perform(self, action: Action) -> Screen:
        """Carries out an action that fits its schema. Raises `ActionError` in one sentence when it cannot be done; then nothing has changed."""
        arguments = dict(action.arguments)
        self._session.trace = ()
        if action.tool == "finish":
            self.answer = str(arguments.get("answer", ""))
            return replace(self.screen(), ended="finished")
        getattr(self, "_do_" + action.tool)(**arguments)
        return self.screen()

    def _do_read(self, range: str) -> None:
        ref, sheet = self._reference(range)
        top, left, bottom, right = ref.bounds
        self._session.window = self._moved(sheet.name, top, left, bottom, right)

    def _moved(self, sheet: str, top: int, left: int, bottom: int, right: int) -> _Window:
        """The window, moved as little as need be to have an area in view."""
        now = self._session.window
        if now.sheet != sheet:
            now = _Window(sheet)
        row, column = now.row, now.column
        if not (row <= top and bottom < row + view.ROWS):
            row = 1 if bottom <= view.ROWS else top
        if not (column <= left and right < column + view.COLUMNS):
            column = 1 if right <= view.COLUMNS else left
        return _Window(sheet, row, column)

    def _do_open(self, document: str) -> None:
        wanted = document.casefold().strip()
        found = next((paper.title for paper in self._pack if paper.title.casefold() == wanted), None)
        if found is None:
            raise ActionError(f"there is no paper '{document[:80]}'; there are {', '.join(paper.title for paper in self._pack) or 'none'}")
        self._session.opened = tuple(dict.fromkeys((*self._session.opened, found)))

    def _do_write(self, cell: str, content: str) -> None:
        ref, sheet = self._reference(cell, single=True)
        self._write(sheet, {ref.bounds[:2]: self._entry(content)})

    def _do_write_block(self, cell: str, rows: list[list[str]]) -> None:
        ref, sheet = self._reference(cell, single=True)
        top, left = ref.bounds[:2]
        block = {(top + down, left + right): text for down, line in enumerate(rows) for right, text in enumerate(line)}
        if not block:
            raise ActionError("the block holds nothing")
        self._write(sheet, {place: self._entry(text, str(Spot(sheet.name, *place))) for place, text in block.items()})

    def _do_fill(self, range: str, direction: str) -> None:
        ref, sheet = self._reference(range)
        top, left, bottom, right = ref.bounds
        if (left == right) if direction == "right" else (top == bottom):
            raise ActionError(
                f"to fill {direction}, the range needs more than one {'column' if direction == 'right' else 'row'}; {range} has one"
            )
        changes: dict[Place, tuple[Content | None, str]] = {}
        for row, column in self._places(ref):
            source = (row, left) if direction == "right" else (top, column)
            if source != (row, column):
                changes[row, column] = self._copied(sheet, source, row - source[0], column - source[1])
        self._write(sheet, changes)

    def _do_copy(self, source: str, target: str, values: bool = False) -> None:
        ref, sheet = self._reference(source)
        goal, other = self._reference(target)
        top, left = goal.bounds[:2]
        places = self._places(ref)
        down, right = top - ref.bounds[0], left - ref.bounds[1]
        shown = self._engine.values(Spot(sheet.name, *place) for place in places) if values else {}
        changes: dict[Place, tuple[Content | None, str]] = {}
        for row, column in places:
            if values:
                changes[row + down, column + right] = (
                    shown[Spot(sheet.name, row, column)],
                    sheet.looks.get((row, column), PLAIN).number_format,
                )
            else:
                changes[row + down, column + right] = self._copied(sheet, (row, column), down, right)
        self._write(other, changes)

    def _copied(self, sheet: Sheet, source: Place, down: int, right: int) -> tuple[Content | None, str]:
        """A cell's content as it reads elsewhere, and its number format."""
        content = sheet.cells.get(source)
        if isinstance(content, Formula):
            try:
                content = Formula(formulas.moved(content, down, right))
            except FormulaError as problem:
                raise ActionError(f"the formula of {Spot(sheet.name, *source)} cannot be copied there: {problem}") from problem
        return content, sheet.looks.get(source, PLAIN).number_format

    def _do_insert_rows(self, sheet: str, row: int, count: int = 1) -> None:
        self._shift(self._named(sheet), row, count)

    def _do_delete_rows(self, sheet: str, row: int, count: int = 1) -> None:
        self._shift(self._named(sheet), row, -count)

    def _shift(self, sheet: Sheet, row: int, count: int) -> None:
        if row + abs(count) > MOST_ROWS or (count > 0 and sheet.used[0] + count > MOST_ROWS):
            raise ActionError(f"the desk's sheets end at row {MOST_ROWS}")
        with _Change(self) as state:
            state.book = shift_rows(state.book, sheet.name, row, count)
            state.shifts = (*state.shifts, Shift(sheet.name, row, count))
            state.dressed = frozenset(
                moved
                for spot in state.dressed
                if (moved := spot if spot.sheet != sheet.name else _shifted_spot(spot, row, count)) is not None
            )
            state.charts = tuple(chart.shifted(sheet.name, row, count) for chart in state.charts)
        self._engine = Ironcalc(self.book)
        self._labels.clear()

    def _do_add_sheet(self, name: str) -> None:
        if (
            not 1 <= len(name) <= 31
            or any(mark in name for mark in "[]:*?/\\")
            or name.startswith("'")
            or name.endswith("'")
            or not name.isprintable()
        ):
            raise ActionError(
                "a sheet's name has 1 to 31 characters and none of [ ] : * ? / \\, and does not begin or end with an apostrophe"
            )
        if self.book.sheet(name) is not None:
            raise ActionError(f"there is a sheet '{name}' already")
        if len(self.book.sheets) >= 30:
            raise ActionError("there are 30 sheets; the desk takes no more")
        with _Change(self) as state:
            state.book.sheets.append(Sheet(name))
        self._engine.add_sheet(name)
        self._session.window = _Window(name)

    def _do_name_range(self, name: str, range: str) -> None:
        ref, sheet = self._reference(range)
        self._places(ref)
        if not valid_name(name):
            raise ActionError(
                f"'{name[:60]}' cannot be a name: it needs letters, digits, _ and ., begins with a letter or _, and is no address"
            )
        top, left, bottom, right = ref.bounds
        first, last = (f"${formulas.letters(column)}${row}" for row, column in ((top, left), (bottom, right)))
        old = next((known for known in self.book.names if known.casefold() == name.casefold()), None)
        with _Change(self) as state:
            if old is not None:
                del state.book.names[old]
            state.book.names[name] = f"{formulas.quoted(sheet.name)}!{first}" + ("" if first == last else f":{last}")
        self._engine = Ironcalc(self.book)

    def _do_format(self, range: str, number: str = "", font: str = "", fill: str = "", **marks: bool) -> None:
        ref, sheet = self._reference(range)
        for colour in (font, fill):
            if colour and not (len(colour) == 7 and colour[0] == "#" and all(digit in "0123456789abcdefABCDEF" for digit in colour[1:])):
                raise ActionError(f"'{colour[:20]}' is no colour; write one like #0000FF")
        if len(number) > 100 or not number.isprintable() or number.count('"') % 2:
            raise ActionError(f"'{number[:40]}' is no number format; write one like #,##0.0 or 0.0%")
        if not (number or font or fill or marks):
            raise ActionError("say what to change: number, bold, italic, font or fill")
        places = self._places(ref)
        with _Change(self) as state:
            looks = _sheet_of(state.book, sheet.name).looks
            for place in places:
                old = looks.get(place, PLAIN)
                looks[place] = replace(
                    old,
                    number_format=number or old.number_format,
                    font=font.upper() or old.font,
                    fill=fill.upper() or old.fill,
                    bold=marks.get("bold", old.bold),
                    italic=marks.get("italic", old.italic),
                )
            state.dressed |= {Spot(sheet.name, *place) for place in places}
        self._labels.pop(sheet.name, None)

    def _do_chart(self, kind: str, range: str, cell: str, title: str = "") -> None:
        ref, sheet = self._reference(range)
        at, other = self._reference(cell, single=True)
        self._places(ref)
        if ref.single:
            raise ActionError("a chart needs a range of more than one cell")
        if len(self._session.state.charts) >= 20:
            raise ActionError("there are 20 charts; the desk takes no more")
        with _Change(self) as state:
            state.charts = (*state.charts, Chart(kind, sheet.name, ref.bounds, other.name, at.bounds[:2], title[:200]))

    def _do_recalculate(self) -> None:
        """Values are always current here."""

    def _do_trace(self, cell: str) -> None:
        ref, sheet = self._reference(cell, single=True)
        spot = Spot(sheet.name, *ref.bounds[:2])
        self._session.trace = view.trace(self.book, spot)

    def _do_undo(self) -> None:
        if not self._session.undo:
            raise ActionError("there is nothing to undo")
        last, before = self._session.state, self._session.undo.pop()
        self._session.state = before
        if self.book.sheet(self._session.window.sheet) is None:
            self._session.window = _Window(self.book.sheets[0].name)
        self._touch()
        if last.shifts != before.shifts or len(last.book.sheets) != len(before.book.sheets) or last.book.names != before.book.names:
            self._engine = Ironcalc(self.book)
        else:
            for old, new in zip(last.book.sheets, before.book.sheets, strict=True):
                for place in old.cells.keys() | new.cells.keys():
                    if old.cells.get(place) != new.cells.get(place) or type(old.cells.get(place)) is not type(new.cells.get(place)):
                        self._engine.put(Spot(new.name, *place), new.cells.get(place))
        self._labels.clear()

    # --- how -------------------------------------------------------------------------------------------------------------------------------

    def _touch(self) -> None:
        self._saved = None
        self.changes += 1

    def _sheet(self, name: str) -> Sheet:
        return _sheet_of(self.book, name)

    def _named(self, name: str) -> Sheet:
        found = self.book.sheet(name.strip().strip("'"))
        if found is None:
            raise ActionError(f"there is no sheet '{name[:60]}'; there are {', '.join(sheet.name for sheet in self.book.sheets)}")
        return found

    def _reference(self, text: str, single: bool = False) -> tuple[Reference, Sheet]:
        """An address, or a defined name, as the worker wrote it."""
        wanted = text.strip()
        wanted = self.book.meanings().get(wanted.casefold(), wanted)
        try:
            parts = formulas.tokens("=" + wanted)
            ref = formulas.reference(parts[0].text) if len(parts) == 1 and parts[0].kind == "ref" else None
        except FormulaError:
            ref = None
        if ref is None or ref.whole:
            raise ActionError(
                f"'{text[:60]}' is no {'cell' if single else 'range'}; write one like Model!C5{'' if single else ' or Model!C5:H9'}"
            )
        if single and not ref.single:
            raise ActionError(f"'{text[:60]}' is more than one cell")
        sheet = self._named(ref.sheet) if ref.sheet is not None else self._sheet(self._session.window.sheet)
        if ref.bounds[2] > MOST_ROWS or ref.bounds[3] > MOST_COLUMNS:
            raise ActionError(f"the desk's sheets end at {formulas.letters(MOST_COLUMNS)}{MOST_ROWS}")
        return ref, sheet

    def _places(self, ref: Reference) -> list[Place]:
        top, left, bottom, right = ref.bounds
        if (bottom - top + 1) * (right - left + 1) > MOST_CELLS:
            raise ActionError(f"that is more than {MOST_CELLS} cells; take a smaller range")
        return [(row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)]

    def _entry(self, text: str, where: str = "") -> tuple[Content | None, str]:
        try:
            return entry.parse(text, self.book.meanings())
        except FormulaError as problem:
            raise ActionError((f"{where}: " if where else "") + f"'{text[:60]}' cannot be entered: {problem}") from problem

    def _write(self, sheet: Sheet, changes: dict[Place, tuple[Content | None, str]]) -> None:
        """Puts contents into cells of one sheet; a number format comes along where the cell has none."""
        if len(changes) > MOST_CELLS:
            raise ActionError(f"that is more than {MOST_CELLS} cells; take a smaller range")
        for row, column in changes:
            if row > MOST_ROWS or column > MOST_COLUMNS:
                raise ActionError(f"the desk's sheets end at {formulas.letters(MOST_COLUMNS)}{MOST_ROWS}")
            if any(
                top <= row <= bottom and left <= column <= right and (row, column) != (top, left)
                for top, left, bottom, right in sheet.merged
            ):
                raise ActionError(f"{Spot(sheet.name, row, column)} lies within merged cells; use the first of them")
        relabel = False
        with _Change(self) as state:
            target = _sheet_of(state.book, sheet.name)
            dressed = set()
            for place, (content, number_format) in changes.items():
                old = target.cells.get(place)
                relabel |= old is None or content is None or view.is_label(old) or view.is_label(content)
                if content is None:
                    target.cells.pop(place, None)
                else:
                    target.cells[place] = content
                if (
                    number_format not in ("", "General")
                    and content is not None
                    and target.looks.get(place, PLAIN).number_format == "General"
                ):
                    target.looks[place] = replace(target.looks.get(place, PLAIN), number_format=number_format)
                    dressed.add(Spot(sheet.name, *place))
            state.dressed |= dressed
        for place, (content, _) in changes.items():
            self._engine.put(Spot(sheet.name, *place), content)
        if relabel:
            self._labels.pop(sheet.name, None)


class _Change:
    """One change that undo can take back: gives the state to change, a copy of the last one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __enter__(self) -> _State:
        session = self._desk._session
        self._before = session.state
        session.state = replace(session.state, book=session.state.book.copy())
        return session.state

    def __exit__(self, kind: object, *_: Any) -> None:
        session = self._desk._session
        if kind is not None:
            session.state = self._before
            return
        session.undo.append(self._before)
        del session.undo[:-_UNDO]
        self._desk._touch()


def _sheet_of(book: Book, name: str) -> Sheet:
    found = book.sheet(name)
    assert found is not None
    return found


def _shifted_spot(spot: Spot, row: int, count: int) -> Spot | None:
    span = formulas.shifted_rows(spot.row, spot.row, row, count)
    return None if span is None else Spot(spot.sheet, span[0], spot.column)


def valid_name(name: str) -> bool:
    """Whether a workbook may have a defined name like this."""
    try:
        parts = formulas.tokens("=" + name)
    except FormulaError:
        return False
    upper = name.upper()
    return (
        len(parts) == 1
        and parts[0].kind == "name"
        and "!" not in name
        and len(name) <= 100
        and upper not in ("TRUE", "FALSE", "R", "C")
        and not formulas.looks_relative(upper)
    )


def shift_rows(book: Book, sheet: str, row: int, count: int) -> Book:
    """The workbook after rows were inserted above `row` (`count` > 0) or deleted from it on (`count` < 0); references and names follow."""

    def place(old: Place) -> Place | None:
        span = formulas.shifted_rows(old[0], old[0], row, count)
        return None if span is None else (span[0], old[1])

    def text(content: Content, own: str) -> Content:
        if not isinstance(content, Formula):
            return content
        try:
            return Formula(formulas.shifted(content, own, sheet, row, count))
        except FormulaError:
            return content

    sheets = []
    for old in book.sheets:
        new = Sheet(old.name, {}, dict(old.looks), list(old.merged), old.hidden, old.frozen)
        here = old.name.casefold() == sheet.casefold()
        for where, content in old.cells.items():
            moved = place(where) if here else where
            if moved is not None:
                new.cells[moved] = text(content, old.name)
        if here:
            new.looks = {moved: look for where, look in old.looks.items() if (moved := place(where)) is not None}
            spans = [(formulas.shifted_rows(top, bottom, row, count), left, right) for top, left, bottom, right in old.merged]
            new.merged = [(span[0], left, span[1], right) for span, left, right in spans if span is not None]
            if count > 0:
                for (where_row, column), look in list(new.looks.items()):
                    if where_row == row - 1:
                        new.looks.update({(row + step, column): replace(look, bold=False) for step in range(count)})
        sheets.append(new)
    names = {}
    for name, meaning in book.names.items():
        try:
            names[name] = formulas.shifted("=" + meaning, sheet, sheet, row, count)[1:]
        except FormulaError:
            names[name] = meaning
    return Book(sheets, names, book.array_cells)
