"""A workbook before it is a file: contents and looks by cell, defined names; written to .xlsx by openpyxl and computed by formualizer."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bakeoff.environments.spreadsheet.spec import Spot

Role = str
"""What a cell is, for its looks: `title subtitle section label unit note header input past calc total check`."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Content (a number, text, a formula with its equals sign, or None for an empty cell that is dressed already), role and number format."""

    content: float | int | str | None
    role: Role = "calc"
    number_format: str = "General"

    @property
    def formula(self) -> bool:
        return isinstance(self.content, str) and self.content.startswith("=")


@dataclass(frozen=True, slots=True)
class Looks:
    """Colours and fonts of a house."""

    head: str = "1F3864"
    input_font: str = "0000FF"
    input_fill: str = ""
    typeface: str = "Calibri"
    size: int = 10
    gridlines: bool = True


@dataclass(slots=True)
class Draft:
    """A workbook: sheets in order, cells, defined names (name -> sheet-qualified reference such as `Model!$C$5:$H$5`), the first cell that scrolls."""

    sheets: list[str]
    cells: dict[Spot, Cell]
    names: dict[str, str] = field(default_factory=dict)
    freeze: dict[str, str] = field(default_factory=dict)
    looks: Looks = field(default_factory=Looks)

    def copy(self) -> Draft:
        return Draft(list(self.sheets), dict(self.cells), dict(self.names), dict(self.freeze), self.looks)

    def put(self, spot: Spot, content: float | int | str | None) -> None:
        """New content in the looks that the cell has."""
        self.cells[spot] = replace(self.cells[spot], content=content) if spot in self.cells else Cell(content)

    def content(self, spot: Spot) -> float | int | str | None:
        cell = self.cells.get(spot)
        return None if cell is None else cell.content

    def cleared(self, spots: Iterable[Spot]) -> Draft:
        """A copy in which these cells are empty but keep their looks."""
        other = self.copy()
        for spot in spots:
            if spot in other.cells:
                other.put(spot, None)
        return other

    def to_xlsx(self) -> bytes:
        """The file, without cached values; equal drafts give equal bytes."""
        from openpyxl import Workbook
        from openpyxl.workbook.defined_name import DefinedName

        book = Workbook()
        book.remove(book.active)
        pages = {name: book.create_sheet(name) for name in self.sheets}
        dressing = _dressing(self.looks)
        widths: dict[tuple[str, int], int] = {}
        for spot, cell in sorted(self.cells.items(), key=lambda item: item[0]):
            target = pages[spot.sheet].cell(spot.row, spot.column)
            target.value = cell.content
            font, fill, border, alignment = dressing[cell.role]
            target.font = font
            if fill is not None:
                target.fill = fill
            if border is not None:
                target.border = border
            if alignment is not None:
                target.alignment = alignment
            if cell.number_format != "General":
                target.number_format = cell.number_format
            if isinstance(cell.content, str) and not cell.formula and cell.role not in ("title", "subtitle", "note", "section"):
                widths[spot.sheet, spot.column] = max(
                    widths.get((spot.sheet, spot.column), 9),
                    min(42, round(len(cell.content) * (1.15 if cell.role in ("header", "strong") else 1)) + 2),
                )
        for (sheet, column), width in widths.items():
            pages[sheet].column_dimensions[Spot(sheet, 1, column).a1[:-1]].width = width
        for name, page in pages.items():
            page.sheet_view.showGridLines = self.looks.gridlines
            if name in self.freeze:
                page.freeze_panes = self.freeze[name]
        for name, reference in self.names.items():
            book.defined_names[name] = DefinedName(name, attr_text=reference)
        stream = io.BytesIO()
        book.save(stream)
        return _undated(stream)

    def values(self, wanted: Iterable[Spot] | None = None, changed: Mapping[Spot, float] | None = None) -> dict[Spot, Any]:
        """What the cells (all formulas, unless some are asked for) come to, with some contents changed. Errors come as text such as `#DIV/0!`."""
        import formualizer

        book = formualizer.Workbook()
        for name in self.sheets:
            book.add_sheet(name)
        changes = changed or {}
        spots = [spot for spot, cell in self.cells.items() if cell.formula] if wanted is None else list(wanted)
        for spot, cell in self.cells.items():
            content = changes.get(spot, cell.content)
            if content is None:
                continue
            if isinstance(content, str) and content.startswith("="):
                book.set_formula(spot.sheet, spot.row, spot.column, content)
            else:
                book.set_value(spot.sheet, spot.row, spot.column, content)
        found = book.evaluate_cells([(spot.sheet, spot.row, spot.column) for spot in spots])
        return {spot: _plain(value) for spot, value in zip(spots, found, strict=True)}


def _undated(stream: io.BytesIO) -> bytes:
    """The file with one fixed date in place of the time at which it was written."""
    target = io.BytesIO()
    with zipfile.ZipFile(stream) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for item in before.infolist():
            content = before.read(item)
            if item.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2026-01-01T00:00:00Z", content)
            fixed = zipfile.ZipInfo(item.filename, (2026, 1, 1, 0, 0, 0))
            fixed.compress_type = zipfile.ZIP_DEFLATED
            after.writestr(fixed, content)
    return target.getvalue()


def _plain(value: Any) -> Any:
    return value.get("kind", "#ERROR") if isinstance(value, dict) else value


def _dressing(looks: Looks) -> dict[Role, tuple[Any, Any, Any, Any]]:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    def font(**more: Any) -> Any:
        return Font(name=looks.typeface, size=more.pop("size", looks.size), **more)

    def fill(colour: str) -> Any:
        return PatternFill("solid", start_color=colour, end_color=colour) if colour else None

    dark = looks.head != "FFFFFF"
    line = Side(style="thin", color="808080")
    head = font(bold=True, color="FFFFFF" if dark else "000000")
    return {
        "title": (font(bold=True, size=looks.size + 4), None, None, None),
        "subtitle": (font(italic=True, color="595959"), None, None, None),
        "section": (font(bold=True), fill("E7E6E6"), None, None),
        "label": (font(), None, None, None),
        "strong": (font(bold=True), None, None, None),
        "unit": (font(color="7F7F7F"), None, None, Alignment(horizontal="center")),
        "note": (font(italic=True, color="7F7F7F", size=looks.size - 1), None, None, None),
        "header": (head, fill(looks.head if dark else ""), Border(bottom=line), Alignment(horizontal="right", wrap_text=True)),
        "corner": (head, fill(looks.head if dark else ""), Border(bottom=line), None),
        "input": (font(color=looks.input_font), fill(looks.input_fill), None, None),
        "past": (font(color=looks.input_font), None, None, None),
        "calc": (font(color="000000"), None, None, None),
        "total": (font(bold=True), None, Border(top=line), None),
        "check": (font(color="C00000", italic=True), None, None, None),
    }
