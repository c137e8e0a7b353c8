"""What a cell comes from: read anew or beside what is known of the file handed out, the same is found."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.environments.spreadsheet import bare
from bakeoff.environments.spreadsheet.book import Book, Formula, Read, Sheet, read
from bakeoff.environments.spreadsheet.formulas import letters
from bakeoff.environments.spreadsheet.judge.tracing import Cell, Graph

NAMES = ("One", "Two", "Three")
ROWS, COLUMNS = 9, 6


def formula(rng: random.Random) -> Formula:
    """A formula over cells and areas of any sheet, some of which there may not be."""

    def cell() -> str:
        return f"{letters(rng.randint(1, COLUMNS))}{rng.randint(1, ROWS)}"

    sheet = rng.choice(("", "", *(f"{name}!" for name in NAMES), "Extra!"))
    return Formula(rng.choice((f"={sheet}{cell()}+{cell()}", f"=SUM({sheet}{cell()}:{cell()})", f"={cell()}*Known", "=1")))


def content(rng: random.Random) -> float | str | bool | Formula:
    return rng.choice((1.0, True, "text", "=A1", formula(rng), formula(rng)))


def book(rng: random.Random) -> Book:
    sheets = [Sheet(name, {(rng.randint(1, ROWS), rng.randint(1, COLUMNS)): content(rng) for _ in range(25)}) for name in NAMES]
    return Book(sheets, {"Known": "One!$A$1:$B$3"})


def changed(old: Book, rng: random.Random) -> Book:
    new = old.copy()
    for _ in range(rng.randint(0, 6)):
        cells = rng.choice(new.sheets).cells
        place = (rng.randint(1, ROWS + 2), rng.randint(1, COLUMNS))
        if rng.random() < 0.3:
            cells.pop(place, None)
        else:
            cells[place] = content(rng)
    if rng.random() < 0.2:
        new.sheets.append(Sheet("Extra", {(1, 1): 5.0, (2, 2): formula(rng)}))
    if rng.random() < 0.1:
        new.names["Known"] = "Two!$A$1"
    if rng.random() < 0.1:
        new.sheets.reverse()
    return new


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_what_is_known_already_changes_nothing(seed: int) -> None:
    rng = random.Random(seed)
    old = book(rng)
    new = changed(old, rng)
    cells = [(index, row, column) for index in range(len(new.sheets)) for row in range(1, ROWS + 1) for column in range(1, COLUMNS + 1)]
    own = rng.sample(cells, 3)
    anew, beside = Graph(new), Graph(new, Graph(old), own)
    assert {cell: sorted(links) for cell, links in beside.links.items()} == {cell: sorted(links) for cell, links in anew.links.items()}
    wanted: list[Cell] = rng.sample(cells, 5)
    whole, fresh = anew.cone(wanted), beside.cone(wanted, fresh=True)
    assert beside.cone(wanted) == whole
    assert fresh <= whole
    assert whole & set(own) <= fresh, "the worker's own cells are followed wherever they are"
    for index, row, column in whole - fresh:
        before = old.sheets[index].cells.get((row, column))
        after = new.sheets[index].cells.get((row, column))
        assert before == after and type(before) is type(after), "what is not followed is as it was"


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_marks_are_the_same_where_nothing_goes_in_circles(seed: int) -> None:
    rng = random.Random(seed)
    sheet = Sheet("One", {(1, column): float(column) for column in range(1, COLUMNS + 1)})
    old = Book([sheet])
    for row in range(2, ROWS + 1):
        for column in range(1, COLUMNS + 1):
            up = f"{letters(rng.randint(1, COLUMNS))}{rng.randint(1, row - 1)}"
            sheet.cells[row, column] = Formula(rng.choice((f"={up}*2", f"=SUM(A{row - 1}:{letters(column)}{row - 1})", "=7")))
    new = old.copy()
    for _ in range(4):
        row = rng.randint(2, ROWS)
        new.sheets[0].cells[row, rng.randint(1, COLUMNS)] = rng.choice((3.0, Formula("=1"), Formula(f"=SUM(A1:F{row - 1})")))
    marked = {(0, 1, column): 1 << column for column in range(1, COLUMNS + 1)}
    wanted = [(0, row, column) for row in (ROWS, ROWS - 1) for column in range(1, COLUMNS + 1)]
    assert Graph(new, Graph(old)).marks(marked, wanted) == Graph(new).marks(marked, wanted)


def test_sheets_that_are_the_same_are_read_once_and_never_shared() -> None:
    old = Book([Sheet("One", {(1, 1): 1.0, (2, 1): Formula("=A1")}), Sheet("Two", {(1, 1): "text"})])
    known: Read = {}
    first = read(bare.write(old), known)
    assert first == old and len(known) == 2
    new = old.copy()
    new.sheets[1].cells[1, 1] = "other"
    second = read(bare.write(new), known)
    assert second == new and len(known) == 2
    second.sheets[0].cells[1, 1] = 2.0
    assert read(bare.write(old), known) == old, "changing what was read changes nothing that is remembered"
