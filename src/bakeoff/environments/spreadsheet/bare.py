"""Writes a workbook's contents and nothing of its looks, fast: for proofs by the thousand and for programs that only calculate."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from bakeoff.environments.spreadsheet import formulas
from bakeoff.environments.spreadsheet.book import Book, Content, ErrorValue, Formula, Place, Sheet
from bakeoff.environments.spreadsheet.formulas import FormulaError, letters

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."


def write(book: Book) -> bytes:
    """The bytes of an .xlsx file: sheets, contents, defined names. The same workbook always gives the same bytes."""
    count = len(book.sheets)
    parts = {
        "[Content_Types].xml": _types(count),
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{_link(1, "officeDocument", "xl/workbook.xml")}</Relationships>',
        "xl/workbook.xml": _workbook(book),
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(_link(number, "worksheet", f"worksheets/sheet{number}.xml") for number in range(1, count + 1))
        + "</Relationships>",
        **{f"xl/worksheets/sheet{number}.xml": _sheet(sheet) for number, sheet in enumerate(book.sheets, 1)},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name, content in parts.items():
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content.encode(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _link(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_LINKS}/{kind}" Target="{target}"/>'


def _types(count: int) -> str:
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPE}worksheet+xml"/>' for number in range(1, count + 1)
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPE}sheet.main+xml"/>{sheets}</Types>'
    )


def _workbook(book: Book) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(sheet.name)} sheetId="{number}"{" state=" + quoteattr("hidden") if sheet.hidden else ""} r:id="rId{number}"/>'
        for number, sheet in enumerate(book.sheets, 1)
    )
    names = "".join(f"<definedName name={quoteattr(name)}>{escape(text)}</definedName>" for name, text in sorted(book.names.items()))
    named = f"<definedNames>{names}</definedNames>" if names else ""
    return f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{sheets}</sheets>{named}<calcPr fullCalcOnLoad="1"/></workbook>'


def _sheet(sheet: Sheet) -> str:
    rows: dict[int, list[tuple[int, Content]]] = {}
    for (row, column), content in sheet.cells.items():
        rows.setdefault(row, []).append((column, content))
    lines = "".join(f'<row r="{row}">{"".join(_cells(row, sorted(rows[row], key=_column)))}</row>' for row in sorted(rows))
    return f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData>{_merged(sheet.merged)}</worksheet>'


def _column(item: tuple[int, Content]) -> int:
    return item[0]


def _merged(areas: Iterable[tuple[int, int, int, int]]) -> str:
    found = "".join(f'<mergeCell ref="{letters(left)}{top}:{letters(right)}{bottom}"/>' for top, left, bottom, right in areas)
    return f"<mergeCells>{found}</mergeCells>" if found else ""


def _cells(row: int, cells: Iterable[tuple[int, Content]]) -> Iterable[str]:
    for column, content in cells:
        place: Place = (row, column)
        address = f"{letters(place[1])}{place[0]}"
        if isinstance(content, Formula):
            try:
                text = formulas.stored(content)
            except FormulaError:
                text = str(content)
            yield f'<c r="{address}"><f>{escape(text[1:])}</f></c>'
        elif isinstance(content, ErrorValue):
            yield f'<c r="{address}" t="e"><v>{escape(content)}</v></c>'
        elif isinstance(content, bool):
            yield f'<c r="{address}" t="b"><v>{int(content)}</v></c>'
        elif isinstance(content, str):
            yield f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{escape(content)}</t></is></c>'
        else:
            yield f'<c r="{address}"><v>{content!r}</v></c>'
