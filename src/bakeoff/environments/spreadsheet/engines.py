"""Two engines that know nothing of each other, behind one small face: set numbers, ask for values.

Both are given our own reading of a workbook, cell by cell, never the file: so neither sees cached results, and both see the same.
Defined names are replaced by what they stand for on the way in.
"""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import formualizer
import ironcalc

from bakeoff.environments.spreadsheet import formulas
from bakeoff.environments.spreadsheet.book import ERRORS, Book, Content, ErrorValue, Formula, Value
from bakeoff.environments.spreadsheet.formulas import FormulaError
from bakeoff.environments.spreadsheet.spec import Spot


class EngineError(Exception):
    """An engine cannot take a cell; the text names cell and engine."""


class Engine(ABC):
    """A workbook in an engine. Formulas are calculated when values are asked for."""

    name: ClassVar[str]

    def __init__(self, book: Book) -> None:
        self._meanings = book.meanings()
        self._sheets = [sheet.name for sheet in book.sheets]
        self._open()
        for index, sheet in enumerate(book.sheets):
            for (row, column), content in sheet.cells.items():
                self._put(index, row, column, content)

    def _put(self, sheet: int, row: int, column: int, content: Content) -> None:
        if isinstance(content, Formula):
            text = str(content)
            if self._meanings:
                try:
                    text = formulas.resolved(text, self._meanings)
                except FormulaError as problem:
                    raise EngineError(f"{self.name} cannot take {Spot(self._sheets[sheet], row, column)}: {problem}") from problem
            self._formula(sheet, row, column, text)
        elif isinstance(content, ErrorValue):
            self._formula(sheet, row, column, "=" + content if content in ("#N/A", "#REF!") else "=1/0")
        else:
            self._constant(sheet, row, column, content)

    def set(self, numbers: Mapping[Spot, float]) -> None:
        """Puts numbers into cells."""
        for spot, number in numbers.items():
            self._constant(self._index(spot.sheet), spot.row, spot.column, float(number))

    def put(self, spot: Spot, content: Content | None) -> None:
        """Puts any content into a cell, or empties it."""
        if content is None:
            self._clear(self._index(spot.sheet), spot.row, spot.column)
        else:
            self._put(self._index(spot.sheet), spot.row, spot.column, content)

    def _index(self, sheet: str) -> int:
        wanted = sheet.casefold()
        return next(index for index, name in enumerate(self._sheets) if name.casefold() == wanted)

    def values(self, spots: Iterable[Spot]) -> dict[Spot, Value | None]:
        """What these cells show now; None for empty ones."""
        self._calculate()
        places = {name: index for index, name in enumerate(self._sheets)}
        return {
            spot: self._value(places[spot.sheet] if spot.sheet in places else self._index(spot.sheet), spot.row, spot.column)
            for spot in spots
        }

    def errors(self, cells: Iterable[tuple[int, int, int]]) -> dict[tuple[int, int, int], ErrorValue]:
        """Those of the cells (sheet by its place from 0, row, column) that are in error now."""
        self._calculate()
        return {cell: value for cell in cells if isinstance(value := self._value(*cell), ErrorValue)}

    def add_sheet(self, name: str) -> None:
        """Adds an empty sheet at the end."""
        self._sheets.append(name)
        self._add_sheet(name)

    def define(self, meanings: Mapping[str, str]) -> None:
        """Tells what defined names stand for from now on."""
        self._meanings = dict(meanings)

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    def _add_sheet(self, name: str) -> None: ...

    @abstractmethod
    def _formula(self, sheet: int, row: int, column: int, text: str) -> None: ...

    @abstractmethod
    def _constant(self, sheet: int, row: int, column: int, content: float | str | bool) -> None: ...

    @abstractmethod
    def _clear(self, sheet: int, row: int, column: int) -> None: ...

    @abstractmethod
    def _calculate(self) -> None: ...

    @abstractmethod
    def _value(self, sheet: int, row: int, column: int) -> Value | None: ...


class Ironcalc(Engine):
    """IronCalc; recalculates everything each time, fast."""

    name = "ironcalc"

    @classmethod
    def copied(cls, image: bytes, original: Book, book: Book) -> Ironcalc:
        """As `Ironcalc(book)`, from the `image` of another workbook with which it shares most cells: parsing formulas is what takes time."""
        if book.meanings() != original.meanings() or not _extends(book, original):
            return cls(book)
        engine = cls.__new__(cls)
        engine._meanings = book.meanings()
        engine._sheets = [sheet.name for sheet in book.sheets]
        engine._model = ironcalc.load_from_bytes(image)
        engine._stale = True
        for name in engine._sheets[len(original.sheets) :]:
            engine._model.add_sheet(name)
        for index, sheet in enumerate(book.sheets):
            before = original.sheets[index].cells if index < len(original.sheets) else {}
            for (row, column), content in sheet.cells.items():
                was = before.get((row, column))
                if type(was) is not type(content) or was != content:
                    engine._put(index, row, column, content)
            for row, column in before.keys() - sheet.cells.keys():
                engine._clear(index, row, column)
        return engine

    @property
    def image(self) -> bytes:
        """The whole workbook, for `copied`."""
        return bytes(self._model.to_bytes())

    def _open(self) -> None:
        self._model = ironcalc.create("book", "en", "UTC", "en")
        self._model.rename_sheet(0, self._sheets[0])
        for name in self._sheets[1:]:
            self._model.add_sheet(name)
        self._stale = True

    def _add_sheet(self, name: str) -> None:
        self._model.add_sheet(name)

    def _formula(self, sheet: int, row: int, column: int, text: str) -> None:
        self._stale = True
        try:
            self._model.update_cell_with_formula(sheet, row, column, text)
        except ironcalc.WorkbookError as problem:
            raise EngineError(f"{self.name} cannot take {Spot(self._sheets[sheet], row, column)}: {problem}") from problem

    def _constant(self, sheet: int, row: int, column: int, content: float | str | bool) -> None:
        self._stale = True
        if isinstance(content, bool):
            self._model.update_cell_with_bool(sheet, row, column, content)
        elif isinstance(content, str):
            self._model.update_cell_with_text(sheet, row, column, content)
        else:
            self._model.update_cell_with_number(sheet, row, column, float(content))

    def _clear(self, sheet: int, row: int, column: int) -> None:
        self._stale = True
        self._model.range_clear_all(sheet, row, column, row, column)

    def _calculate(self) -> None:
        if self._stale:
            self._model.evaluate()
            self._stale = False

    def _value(self, sheet: int, row: int, column: int) -> Value | None:
        value = self._model.get_cell_value(sheet, row, column)
        if isinstance(value, str):
            return (
                ErrorValue(value)
                if value in ERRORS and str(self._model.get_cell_type(sheet, row, column)) == "CellType.ErrorValue"
                else value
            )
        return value if value is None or isinstance(value, bool) else float(value)


def _extends(book: Book, original: Book) -> bool:
    """Whether a workbook begins with the sheets of another, by the same names and in the same order."""
    return [sheet.name for sheet in book.sheets[: len(original.sheets)]] == [sheet.name for sheet in original.sheets]


class Formualizer(Engine):
    """Formualizer; recalculates what depends on what changed."""

    name = "formualizer"

    def _open(self) -> None:
        self._model = formualizer.Workbook(config=formualizer.WorkbookConfig(enable_changelog=False))
        for name in self._sheets:
            self._model.add_sheet(name)
        self._stale = True

    def _add_sheet(self, name: str) -> None:
        self._model.add_sheet(name)

    def _formula(self, sheet: int, row: int, column: int, text: str) -> None:
        self._stale = True
        try:
            self._model.set_formula(self._sheets[sheet], row, column, text)
        except (formualizer.FormualizerHostError, formualizer.ParserError, formualizer.TokenizerError, ValueError) as problem:
            raise EngineError(f"{self.name} cannot take {Spot(self._sheets[sheet], row, column)}: {problem}") from problem

    def _constant(self, sheet: int, row: int, column: int, content: float | str | bool) -> None:
        self._stale = True
        self._model.set_value(self._sheets[sheet], row, column, content)

    def _clear(self, sheet: int, row: int, column: int) -> None:
        self._stale = True
        self._model.set_value(self._sheets[sheet], row, column, None)

    def _calculate(self) -> None:
        if self._stale:
            self._model.evaluate_all()
            self._stale = False

    def set(self, numbers: Mapping[Spot, float]) -> None:
        """As `Engine.set`, block by block: each call floods all that depends on its cells, so few calls are several times as fast."""
        self._stale = True
        for sheet, row, column, block in _blocks(numbers):
            self._model.set_values_batch(self._sheets[self._index(sheet)], row, column, block)

    def _value(self, sheet: int, row: int, column: int) -> Value | None:
        return _plain(self._model.get_value(self._sheets[sheet], row, column))


def _blocks(numbers: Mapping[Spot, float]) -> list[tuple[str, int, int, list[list[float]]]]:
    """Cells as rectangles: sheet, first row, first column, rows of numbers."""
    runs: list[tuple[str, int, int, list[float]]] = []
    for spot in sorted(numbers):
        number = float(numbers[spot])
        if runs and runs[-1][:2] == (spot.sheet, spot.row) and runs[-1][2] + len(runs[-1][3]) == spot.column:
            runs[-1][3].append(number)
        else:
            runs.append((spot.sheet, spot.row, spot.column, [number]))
    blocks: list[tuple[str, int, int, list[list[float]]]] = []
    for sheet, row, column, line in sorted(runs, key=lambda run: (run[0], run[2], len(run[3]), run[1])):
        last = blocks[-1] if blocks else None
        if last and last[0] == sheet and last[2] == column and last[1] + len(last[3]) == row and len(last[3][0]) == len(line):
            last[3].append(line)
        else:
            blocks.append((sheet, row, column, [line]))
    return blocks


def _plain(value: Any) -> Value | None:
    """A value of formualizer's in ours; dates become the numbers they are."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, dict):
        kind = str(value.get("kind") or value.get("type") or "Error")
        return ErrorValue(_KINDS.get(kind, "#" + kind.upper().strip("#!") + "!"))
    if isinstance(value, datetime.datetime):
        return (value - datetime.datetime(1899, 12, 30)).total_seconds() / 86400
    if isinstance(value, datetime.date):
        return float((value - datetime.date(1899, 12, 30)).days)
    if isinstance(value, datetime.timedelta):
        return value.total_seconds() / 86400
    raise EngineError(f"formualizer gave a {type(value).__name__}, which no cell holds")


_KINDS = {
    "Div": "#DIV/0!",
    "Ref": "#REF!",
    "Na": "#N/A",
    "NA": "#N/A",
    "Value": "#VALUE!",
    "Name": "#NAME?",
    "Num": "#NUM!",
    "Null": "#NULL!",
    "Circ": "#CIRC!",
}


ENGINES: tuple[type[Engine], ...] = (Ironcalc, Formualizer)
