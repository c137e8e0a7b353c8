"""The desk: what a worker sees and does, what undo brings back, and the file that comes out."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core import Action, ActionError, Element, Screen
from bakeoff.environments.spreadsheet import bare, entry, formulas
from bakeoff.environments.spreadsheet.book import PLAIN, Formula, read
from bakeoff.environments.spreadsheet.desk import Desk
from bakeoff.environments.spreadsheet.spec import Spot
from bakeoff.environments.spreadsheet.tools import TOOLS
from spreadsheet_job import FILLED, job


def do(desk: Desk, tool: str, **arguments: Any) -> Screen:
    action = Action(tool, arguments)
    action.check(TOOLS)
    return desk.perform(action)


def at(screen: Screen, ref: str) -> Element:
    return next(element for element in screen.elements if element.ref == ref)


def finished() -> Desk:
    desk = Desk(job())
    for cell, content in FILLED.items():
        do(desk, "write", cell=f"Model!{cell}", content=content)
    return desk


def test_cells_carry_the_labels_a_reader_would_give_them() -> None:
    screen = Desk(job()).screen()
    cell = at(screen, "Model!E4")
    assert (cell.role, cell.name, cell.value) == ("cell", "Growth · FY2026", "0.05")
    assert cell.attributes["number_format"] == "0.0%" and cell.attributes["font"] == "#0000FF" and cell.attributes["kind"] == "number"
    assert at(screen, "Model!A1").role == "heading" and at(screen, "Model!E3").role == "columnheader"
    assert at(screen, "Model!A5").role == "rowheader"
    blank = at(screen, "Model!F5")
    assert blank.value == "" and blank.name == "Revenue · FY2027" and blank.attributes["kind"] == "empty"
    assert at(screen, "Model!D8").attributes["formula"] == "=D5+D7" and at(screen, "Model!D8").value == "45"
    assert at(screen, "document:Notes").value == "Costs are written negative." and at(screen, "document:History").value == ""


def test_a_paper_is_read_once_it_is_opened() -> None:
    desk = Desk(job())
    assert at(do(desk, "open", document="history"), "document:History").value.startswith("Long.")
    with pytest.raises(ActionError, match="there are Notes, History"):
        do(desk, "open", document="Budget")


def test_writing_filling_and_copying() -> None:
    desk = Desk(job())
    do(desk, "write", cell="E5", content="=D5*(1+E4)")
    screen = do(desk, "fill", range="Model!E5:G5", direction="right")
    assert at(screen, "Model!G5").value == "131.0001" and at(screen, "Model!G5").attributes["formula"] == "=F5*(1+G4)"
    do(desk, "write_block", cell="E7", rows=[["=-E5*E6", "=-F5*F6"], ["=E5+E7", "=F5+F7"]])
    screen = do(desk, "copy", source="F7:F8", target="G7")
    assert at(screen, "Model!G8").attributes["formula"] == "=G5+G7"
    screen = do(desk, "copy", source="Model!E8:G8", target="Model!E12", values=True)
    assert at(screen, "Model!E12").value == "46.2" and "formula" not in at(screen, "Model!E12").attributes


def test_rows_move_and_references_and_names_follow() -> None:
    desk = finished()
    screen = do(desk, "insert_rows", sheet="Model", row=5, count=2)
    assert at(screen, "Model!E7").attributes["formula"] == "=D7*(1+E4)" and at(screen, "Model!E7").value == "115.5"
    assert desk.book.names["Tax"] == "Model!$B$12"
    screen = do(desk, "delete_rows", sheet="Model", row=4)
    assert "#REF!" in at(screen, "Model!E6").attributes["formula"] and at(screen, "Model!E6").value == "#REF!"
    do(desk, "undo")
    assert desk.value(Spot("Model", 7, 5)) == 115.5


def test_sheets_names_formats_and_charts_are_saved() -> None:
    desk = finished()
    do(desk, "add_sheet", name="Work area")
    do(desk, "write", cell="B2", content="=Model!E5*Tax")
    do(desk, "name_range", name="Charge", range="B2")
    do(desk, "write", cell="B3", content="=IFNA(Charge,0)")
    do(desk, "format", range="B2:B3", number="0.00", bold=True, fill="#FFEE00")
    do(desk, "chart", kind="line", range="Model!C3:G5", cell="D4", title="Revenue")
    saved = desk.save()
    assert saved == desk.save(), "the same workbook must give the same bytes"
    book = read(saved)
    assert book.names == {"Tax": "Model!$B$10", "Charge": "'Work area'!$B$2"}
    assert book.sheets[1].cells[3, 2] == "=IFNA(Charge,0)" and book.sheets[1].looks[2, 2].fill == "#FFEE00"
    with zipfile.ZipFile(io.BytesIO(saved)) as archive:
        assert b"_xlfn.IFNA(" in archive.read("xl/worksheets/sheet2.xml")
        assert "xl/charts/chart1.xml" in archive.namelist()
        assert not re.search(rb"<f>[^<]*</f><v>[^<]", archive.read("xl/worksheets/sheet1.xml")), "a result was stored"
    opened = openpyxl.load_workbook(io.BytesIO(saved))
    assert opened["Model"].column_dimensions["A"].width == 24 and opened["Model"].freeze_panes == "C4"


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("write", {"cell": "E5", "content": "=SUM(A1"}, "a bracket is not closed"),
        ("write", {"cell": "E5", "content": "=OFFSET(A1,1,1)"}, "OFFSET is not among"),
        ("write", {"cell": "E5", "content": "=A1:A3*2"}, "as if it were one number"),
        ("write", {"cell": "E5", "content": "=[other.xlsx]A!B1"}, "another file"),
        ("write", {"cell": "A1:B2", "content": "1"}, "more than one cell"),
        ("write", {"cell": "Nowhere!A1", "content": "1"}, "there is no sheet 'Nowhere'; there are Model"),
        ("write", {"cell": "ZZZ99", "content": "1"}, "no cell|end at"),
        ("fill", {"range": "E5", "direction": "right"}, "more than one column"),
        ("add_sheet", {"name": "a/b"}, "name has 1 to 31"),
        ("add_sheet", {"name": "model"}, "already"),
        ("name_range", {"name": "R1C1", "range": "A1"}, "cannot be a name"),
        ("format", {"range": "A1"}, "say what to change"),
        ("format", {"range": "A1", "font": "blue"}, "no colour"),
        ("delete_rows", {"sheet": "Model", "row": 4_999, "count": 5}, "end at row"),
        ("undo", {}, "nothing to undo"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence_and_changes_nothing(tool: str, arguments: dict[str, Any], says: str) -> None:
    desk = Desk(job())
    before = desk.screen()
    with pytest.raises(ActionError, match=says):
        do(desk, tool, **arguments)
    assert desk.screen() == before and desk.changes == 0


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("12.5", 12.5), ("4%", 0.04), ("-3", -3.0), ("(1,234.5)", -1234.5), ("1e3", 1000.0), ("31/03/2026", 46112.0), ("2026-03-31", 46112.0),
        ("31 Mar 2026", 46112.0), ("true", True), ("'012", "012"), ("5 bps", "5 bps"), ("1,23", "1,23"), ("31/02/2026", "31/02/2026"), ("  ", None),
    ],
)  # fmt: skip
def test_entries_mean_what_a_person_means(text: str, content: object) -> None:
    found, _ = entry.parse(text)
    assert found == content and type(found) is type(content)


def test_undo_goes_back_step_by_step() -> None:
    desk = Desk(job())
    screens = [desk.screen()]
    for tool, arguments in (
        ("write", {"cell": "E5", "content": "=D5*(1+E4)"}),
        ("fill", {"range": "E5:G5", "direction": "right"}),
        ("insert_rows", {"sheet": "Model", "row": 6}),
        ("format", {"range": "E5:G5", "bold": True}),
        ("name_range", {"name": "Sales", "range": "E5:G5"}),
    ):
        screens.append(do(desk, tool, **arguments))
    for screen in reversed(screens[:-1]):
        assert do(desk, "undo").elements == screen.elements


cells = st.tuples(st.integers(1, 30), st.integers(1, 12))


@given(cells, cells, st.integers(1, 25), st.integers(1, 4))
def test_inserting_and_deleting_the_same_rows_leaves_references_as_they_were(
    one: tuple[int, int], two: tuple[int, int], row: int, count: int
) -> None:
    text = f"=SUM({formulas.letters(one[1])}{one[0]}:{formulas.letters(two[1])}${two[0]})"
    there = formulas.shifted(text, "A", "A", row, count)
    back = formulas.shifted(there, "A", "A", row, -count)
    assert formulas.reference(back[5:-1]).bounds == formulas.reference(text[5:-1]).bounds


@given(cells, cells, st.integers(0, 9), st.integers(0, 9))
def test_a_copied_formula_looks_the_same_from_its_new_cell(home: tuple[int, int], target: tuple[int, int], down: int, right: int) -> None:
    text = f"={formulas.letters(target[1])}{target[0]}*$B$3+Model!C{target[0]}"
    copy = formulas.moved(text, down, right)
    assert formulas.relative(copy, home[0] + down, home[1] + right) == formulas.relative(text, *home)


contents = st.one_of(
    st.floats(-1e12, 1e12, allow_nan=False),
    st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
    st.sampled_from([Formula("=A1+1"), Formula("=SUM($A$1:A3)"), Formula("=XLOOKUP(1,A1:A3,B1:B3)")]),
)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.tuples(st.integers(12, 60), st.integers(1, 30)), contents, max_size=12))
def test_what_is_written_is_read_again(found: dict[tuple[int, int], Any]) -> None:
    desk = Desk(job())
    sheet = desk.book.sheets[0]
    sheet.cells.update(found)
    again = read(desk.save()).sheets[0].cells
    assert again.keys() == sheet.cells.keys()
    for place, value in again.items():
        assert type(value) is type(sheet.cells[place])
        assert value == sheet.cells[place] or value == pytest.approx(sheet.cells[place], rel=1e-15), "openpyxl writes 16 digits"


def test_large_sheets_are_shown_by_window() -> None:
    desk = Desk(job())
    do(desk, "write_block", cell="A100", rows=[[f"Line {index}", str(index)] for index in range(100)])
    assert not any(element.ref == "Model!B150" for element in desk.screen().elements)
    screen = do(desk, "read", range="Model!B150:B155")
    assert at(screen, "Model!B152").name == "Line 52" and at(screen, "Model!E3").name == "FY2026", "frozen rows stay in view"
    assert len(screen.elements) < 1_000


def test_trace_names_what_a_cell_uses_and_what_uses_it() -> None:
    screen = do(finished(), "trace", cell="Model!E5")
    lines = [element.name for element in screen.elements if element.role == "listitem"]
    assert "Model!E5 uses Model!D5" in lines and "Model!E5 is used by Model!E7 = -E5*E6" in lines


def test_dates_are_shown_as_dates() -> None:
    desk = Desk(job())
    screen = do(desk, "write", cell="E12", content="31/03/2026")
    assert at(screen, "Model!E12").value == "2026-03-31" and at(screen, "Model!E12").attributes["kind"] == "date"
    assert entry.shown(0.1 + 0.2, PLAIN) == "0.3"


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.tuples(st.integers(12, 60), st.integers(1, 30)), contents, max_size=12))
def test_what_is_written_without_looks_is_read_again(found: dict[tuple[int, int], Any]) -> None:
    book = Desk(job()).book.copy()
    book.sheets[0].cells.update(found)
    again = read(bare.write(book))
    assert again.sheets[0].cells == book.sheets[0].cells and again.names == book.names
    assert [type(value) for value in again.sheets[0].cells.values()] == [
        type(book.sheets[0].cells[place]) for place in again.sheets[0].cells
    ]
    openpyxl.load_workbook(io.BytesIO(bare.write(book)))
