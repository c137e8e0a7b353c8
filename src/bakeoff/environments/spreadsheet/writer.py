"""Writes a workbook that was worked on: the file as handed out, with the worker's contents, looks, sheets, names and charts put in.

Done by openpyxl on the original, so that whatever the desk does not know of (widths, print areas, conditional formats) stays. No cached results are
written; programs calculate when they open it. The same workbook always gives the same bytes.
"""

from __future__ import annotations

import copy
import io
import re
import zipfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import openpyxl
from openpyxl.chart import AreaChart, BarChart, LineChart, PieChart, Reference, ScatterChart, Series
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName

from bakeoff.environments.spreadsheet import formulas
from bakeoff.environments.spreadsheet.book import Book, ErrorValue, Formula, Look, Place
from bakeoff.environments.spreadsheet.formulas import FormulaError, letters
from bakeoff.environments.spreadsheet.spec import Spot

_STAMP = "2026-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Shift:
    """Rows inserted above `row` (`count` > 0) or deleted from it on (`count` < 0)."""

    sheet: str
    row: int
    count: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its kind, what it shows (first row, first column, last row, last column) and the cell it stands beside."""

    kind: str
    sheet: str
    area: tuple[int, int, int, int]
    at_sheet: str
    at: Place
    title: str = ""

    def shifted(self, sheet: str, row: int, count: int) -> Chart:
        """The chart after rows were inserted or deleted."""
        top, left, bottom, right = self.area
        area, at = self.area, self.at
        if self.sheet.casefold() == sheet.casefold():
            span = formulas.shifted_rows(top, bottom, row, count)
            area = area if span is None else (span[0], left, span[1], right)
        if self.at_sheet.casefold() == sheet.casefold():
            span = formulas.shifted_rows(at[0], at[0], row, count)
            at = (row, at[1]) if span is None else (span[0], at[1])
        return replace(self, area=area, at=at)


def write(original: bytes, book: Book, charts: Sequence[Chart] = (), shifts: Sequence[Shift] = (), dressed: Collection[Spot] = ()) -> bytes:
    """The bytes of an .xlsx file.

    Args:
        original: the file as handed out.
        book: what it holds now.
        shifts: rows inserted and deleted since, in order.
        dressed: cells whose looks the worker changed.
    """
    workbook = openpyxl.load_workbook(io.BytesIO(original))
    for shift in shifts:
        sheet = _find(workbook, shift.sheet)
        if sheet is not None:
            _shift(sheet, shift.row, shift.count)
    looks: dict[str, set[Place]] = {}
    for spot in dressed:
        looks.setdefault(spot.sheet, set()).add((spot.row, spot.column))
    for ours in book.sheets:
        sheet = _find(workbook, ours.name)
        if sheet is None:
            sheet = workbook.create_sheet(ours.name)
        sheet.sheet_state = "hidden" if ours.hidden else "visible"
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None and (cell.row, cell.column) not in ours.cells:
                    cell.value = None
        for (row_number, column), content in ours.cells.items():
            _put(sheet.cell(row_number, column), content)
        for row_number, column in looks.get(ours.name, ()):
            if (row_number, column) in ours.looks:
                _dress(sheet.cell(row_number, column), ours.looks[row_number, column])
    for sheet in list(workbook.worksheets):
        if book.sheet(sheet.title) is None:
            workbook.remove(sheet)
    for name in list(workbook.defined_names):
        del workbook.defined_names[name]
    for name, text in sorted(book.names.items()):
        workbook.defined_names[name] = DefinedName(name, attr_text=text)
    for chart in charts:
        _draw(workbook, chart)
    workbook.calculation.fullCalcOnLoad = True
    buffer = io.BytesIO()
    workbook.save(buffer)
    return _settled(buffer.getvalue())


def _find(workbook: Any, name: str) -> Any:
    return next((sheet for sheet in workbook.worksheets if sheet.title.casefold() == name.casefold()), None)


def _put(cell: Any, content: object) -> None:
    if isinstance(content, Formula):
        try:
            text = formulas.stored(content)
        except FormulaError:
            text = str(content)
        if cell.value != text:
            cell.value = text
        cell.data_type = "f"
    elif isinstance(content, ErrorValue):
        cell.value = str(content)
        cell.data_type = "e"
    elif isinstance(content, str):
        cell.value = content
        cell.data_type = "s"
    elif isinstance(content, bool):
        cell.value = content
    elif isinstance(content, float):
        number = int(content) if content == int(content) and abs(content) < 1e15 else content
        cell._value = number  # openpyxl's own setter would change the format of dates
        cell.data_type = "n"


def _dress(cell: Any, look: Look) -> None:
    cell.number_format = look.number_format
    font = copy.copy(cell.font)
    colour = {"color": "FF" + look.font[1:]} if look.font else {"color": font.color}
    cell.font = Font(name=font.name, size=font.size, bold=look.bold, italic=look.italic, underline=font.underline, **colour)
    if look.fill:
        cell.fill = PatternFill("solid", fgColor="FF" + look.fill[1:])


def _shift(sheet: Any, row: int, count: int) -> None:
    """Moves cells, heights, merged areas and conditional formats; formulas come from the book afterwards."""
    merged = [(area.min_row, area.min_col, area.max_row, area.max_col) for area in sheet.merged_cells.ranges]
    for top, left, bottom, right in merged:
        sheet.unmerge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
    if count > 0:
        sheet.insert_rows(row, count)
    else:
        sheet.delete_rows(row, -count)
    for top, left, bottom, right in merged:
        span = formulas.shifted_rows(top, bottom, row, count)
        if span is not None and (span[0], left) != (span[1], right):
            sheet.merge_cells(start_row=span[0], start_column=left, end_row=span[1], end_column=right)
    heights = {index: dimension.height for index, dimension in sheet.row_dimensions.items() if dimension.height is not None}
    for index in heights:
        sheet.row_dimensions[index].height = None
    for index, height in heights.items():
        span = formulas.shifted_rows(index, index, row, count)
        if span is not None:
            sheet.row_dimensions[span[0]].height = height
    _shift_conditional(sheet, row, count)
    if count > 0 and row > 1:
        for column in range(1, sheet.max_column + 1):
            above = sheet.cell(row - 1, column)
            if above.has_style:
                for step in range(count):
                    cell = sheet.cell(row + step, column)
                    cell._style = copy.copy(above._style)
                    if above.font.b:
                        cell.font = Font(name=above.font.name, size=above.font.size, italic=above.font.i, color=above.font.color)


def _shift_conditional(sheet: Any, row: int, count: int) -> None:
    old = sheet.conditional_formatting
    if not len(old):
        return
    rules = [(str(area.sqref), rule) for area in old for rule in area.rules]
    sheet.conditional_formatting = type(old)()
    for areas, rule in rules:
        moved = []
        for area in areas.split():
            try:
                ref = formulas.reference(area)
            except FormulaError:
                continue
            top, left, bottom, right = ref.bounds
            span = formulas.shifted_rows(top, bottom, row, count)
            if span is not None:
                moved.append(f"{letters(left)}{span[0]}:{letters(right)}{span[1]}")
        rule.formula = [formulas.shifted("=" + text, sheet.title, sheet.title, row, count)[1:] for text in rule.formula]
        if moved:
            sheet.conditional_formatting.add(" ".join(moved), rule)


_CHARTS = {"line": LineChart, "column": BarChart, "bar": BarChart, "pie": PieChart, "area": AreaChart, "scatter": ScatterChart}


def _draw(workbook: Any, chart: Chart) -> None:
    sheet, place = _find(workbook, chart.sheet), _find(workbook, chart.at_sheet)
    if sheet is None or place is None:
        return
    drawn: Any = _CHARTS[chart.kind]()
    top, left, bottom, right = chart.area
    across = right - left >= bottom - top  # series in rows where the range is wider than high
    if chart.kind in ("column", "bar"):
        drawn.type = "col" if chart.kind == "column" else "bar"
    headed = (right > left) if across else (bottom > top)
    if chart.kind == "scatter":
        xs = (
            Reference(sheet, min_col=left + 1, max_col=right, min_row=top)
            if across
            else Reference(sheet, min_col=left, min_row=top + 1, max_row=bottom)
        )
        lines = range(top + 1, bottom + 1) if across else range(left + 1, right + 1)
        for line in lines:
            ys = (
                Reference(sheet, min_col=left, max_col=right, min_row=line)
                if across
                else Reference(sheet, min_col=line, min_row=top, max_row=bottom)
            )
            drawn.series.append(Series(ys, xs, title_from_data=True))
    else:
        many = (bottom > top) if across else (right > left)
        if across:
            data = Reference(sheet, min_col=left, max_col=right, min_row=top + (1 if many else 0), max_row=bottom)
            names = Reference(sheet, min_col=left + 1, max_col=right, min_row=top) if many else None
        else:
            data = Reference(sheet, min_col=left + (1 if many else 0), max_col=right, min_row=top, max_row=bottom)
            names = Reference(sheet, min_col=left, min_row=top + 1, max_row=bottom) if many else None
        drawn.add_data(data, from_rows=across, titles_from_data=headed)
        if names is not None:
            drawn.set_categories(names)
    if chart.title:
        drawn.title = chart.title
    place.add_chart(drawn, f"{letters(chart.at[1])}{chart.at[0]}")


def _settled(data: bytes) -> bytes:
    """The same file without traces of when it was written."""
    source, buffer = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>" + _STAMP.encode(), content)
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return buffer.getvalue()
