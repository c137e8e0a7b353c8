"""Saved files open elsewhere without repair: their parts keep the rules of the format, and LibreOffice shows the same figures."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest

from bakeoff.core import Action, TaskId
from bakeoff.environments.spreadsheet import bare, products, render
from bakeoff.environments.spreadsheet.book import Formula, read
from bakeoff.environments.spreadsheet.desk import Desk
from bakeoff.environments.spreadsheet.engines import ENGINES, Ironcalc
from bakeoff.environments.spreadsheet.families import FAMILIES
from bakeoff.environments.spreadsheet.spec import Spot
from spreadsheet_job import FILLED, job

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ORDER = "sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetProtection autoFilter mergeCells conditionalFormatting dataValidations hyperlinks printOptions pageMargins pageSetup headerFooter drawing legacyDrawing tableParts".split()
"""Children of a worksheet must come in this order, or Excel repairs the file (ECMA-376, part 1, 18.3.1.99)."""


def worked_on() -> Desk:
    desk = Desk(job())
    actions: list[tuple[str, dict[str, Any]]] = [
        ("write", {"cell": f"Model!{cell}", "content": content}) for cell, content in FILLED.items()
    ]
    actions += [
        ("insert_rows", {"sheet": "Model", "row": 7, "count": 2}),
        ("write", {"cell": "A7", "content": '<Notes> & "more"'}),
        ("write", {"cell": "B7", "content": "'=no formula"}),
        ("write", {"cell": "E7", "content": "=IFNA(XLOOKUP(2026,$C$3:$G$3,C5:G5),0)"}),
        ("add_sheet", {"name": "Bob's sheet"}),
        ("write", {"cell": "A1", "content": "=Model!E5*Tax"}),
        ("name_range", {"name": "Charge", "range": "A1:A2"}),
        ("format", {"range": "A1:B2", "number": "#,##0.0;[Red](#,##0.0)", "bold": True, "font": "#C00000", "fill": "#FFF2CC"}),
        ("chart", {"kind": "column", "range": "Model!C3:G5", "cell": "D4", "title": "Revenue"}),
        ("chart", {"kind": "scatter", "range": "Model!C3:G5", "cell": "D20"}),
        ("chart", {"kind": "pie", "range": "Model!C5:G5", "cell": "D40"}),
    ]
    for tool, arguments in actions:
        desk.perform(Action(tool, arguments))
    return desk


@pytest.fixture(scope="module")
def parts() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(worked_on().save())) as archive:
        assert archive.testzip() is None and len(set(archive.namelist())) == len(archive.namelist())
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_part_has_a_type_and_every_relation_a_part(parts: dict[str, bytes]) -> None:
    types = ElementTree.fromstring(parts["[Content_Types].xml"])
    overrides = {entry.get("PartName", "").lstrip("/") for entry in types if entry.tag.endswith("Override")}
    defaults = {entry.get("Extension") for entry in types if entry.tag.endswith("Default")}
    for name in parts:
        assert name == "[Content_Types].xml" or name in overrides or name.rpartition(".")[2] in defaults, name
    assert overrides <= set(parts)
    for name, content in parts.items():
        if name.endswith(".rels"):
            folder = name.replace("_rels/", "").rpartition("/")[0]
            for relation in ElementTree.fromstring(content):
                target = relation.get("Target", "")
                path = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}".lstrip("/")
                while "/../" in path:
                    path = re.sub(r"[^/]+/\.\./", "", path, count=1)
                assert path in parts, f"{name}: {target}"


def test_styles_and_cells_are_in_order(parts: dict[str, bytes]) -> None:
    styles = ElementTree.fromstring(parts["xl/styles.xml"])
    formats = len(styles.find(f"{MAIN}cellXfs") or ())
    assert all(int(found.get("numFmtId", 0)) >= 164 for found in styles.iter(f"{MAIN}numFmt")), "ids below 164 are the format's own"
    for name in (name for name in parts if name.startswith("xl/worksheets/sheet")):
        sheet = ElementTree.fromstring(parts[name])
        tags = [child.tag.removeprefix(MAIN) for child in sheet]
        assert tags == sorted(tags, key=ORDER.index), name
        rows = [int(row.get("r", 0)) for row in sheet.iter(f"{MAIN}row")]
        assert rows == sorted(set(rows))
        for cell in sheet.iter(f"{MAIN}c"):
            assert int(cell.get("s", 0)) < formats
            formula = cell.find(f"{MAIN}f")
            assert formula is None or not (formula.text or "").startswith("=")
            if formula is not None:
                assert not re.search(r"(?<!_xlfn\.)\b(XLOOKUP|IFNA|IFS|SWITCH|TEXTJOIN)\(", formula.text or "")


def test_names_are_sorted_and_refer_to_sheets_that_are_there(parts: dict[str, bytes]) -> None:
    book = ElementTree.fromstring(parts["xl/workbook.xml"])
    names = {found.get("name"): found.text for found in book.iter(f"{MAIN}definedName")}
    assert names == {"Charge": "'Bob''s sheet'!$A$1:$A$2", "Tax": "Model!$B$12"}


@pytest.mark.slow
@pytest.mark.skipif(render.office() is None, reason="LibreOffice is not installed")
def test_libreoffice_shows_the_same_figures() -> None:
    desk = worked_on()
    desk.perform(Action("write", {"cell": "Model!E7", "content": "=SUM(E5:E6)"}))  # LibreOffice 7.4 does not know XLOOKUP
    values = Ironcalc(desk.book).values(spot for spot, _ in desk.book.formulas())
    for saved in (desk.save(), bare.write(desk.book)):
        shown = openpyxl.load_workbook(io.BytesIO(render.converted(saved, "xlsx")), data_only=True)
        for spot, value in values.items():
            assert shown[spot.sheet][spot.a1].value == pytest.approx(value, rel=1e-12), spot
    assert render.pdf(desk.save()).startswith(b"%PDF")
    assert isinstance(desk.book.get(Spot("Model", 5, 5)), Formula)


@pytest.mark.slow
@pytest.mark.skipif(render.office() is None, reason="LibreOffice is not installed")
def test_three_engines_agree_on_finished_models() -> None:
    """Every calculated cell of finished models of all families, two training houses each."""
    books, files = [], []
    for family in FAMILIES:
        for house in products.products(family=family, split="train")[:2]:
            solved = products.assignment(TaskId("spreadsheet", house.id, house.version, "build-model", 1)).solved.to_xlsx()
            books.append(read(solved))
            files.append(solved)
    compared = 0
    for book, file in zip(books, render.many(files, "xlsx"), strict=True):
        spots = [spot for spot, _ in book.formulas()]
        one, two = (engine(book).values(spots) for engine in ENGINES)
        shown = openpyxl.load_workbook(io.BytesIO(file), data_only=True)
        for spot in spots:
            third = shown[spot.sheet][spot.a1].value
            if isinstance(third, datetime.datetime):
                third = float((third - datetime.datetime(1899, 12, 30)).days)
            assert one[spot] == pytest.approx(two[spot], rel=1e-9, abs=1e-9), spot
            assert third == pytest.approx(one[spot], rel=1e-9, abs=1e-9) or (third is None and one[spot] == ""), spot
            compared += 1
    print(f"{compared} cells of {len(books)} models agree in three engines")
    assert compared > 1_000
