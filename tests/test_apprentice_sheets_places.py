"""The apprentice at a spreadsheet: tables of members, places on the timeline, past ratios, rates in hundreds, lines that words contradict."""

from __future__ import annotations

import pytest

from bakeoff.agents.apprentice.agent import Apprentice
from bakeoff.agents.apprentice.sheets.counts import Counts
from bakeoff.agents.apprentice.sheets.formula import Ref, column_letters
from bakeoff.agents.apprentice.sheets.grid import Book, Cell, Row
from bakeoff.agents.apprentice.sheets.papers import Papers
from bakeoff.agents.apprentice.sheets.recipes import exchanged
from bakeoff.agents.apprentice.sheets.targets import scopes
from bakeoff.agents.apprentice.sheets.timeline import FIRST, FIRST_OPEN, LAST, LAST_KNOWN, OWN, parted, placed, spot
from bakeoff.agents.apprentice.sheets.units import unit
from bakeoff.core import Element, Observation, Outcome
from test_apprentice_sheets import TOOLS, Toy, model


def book(rows: list[list[object]], papers: dict[str, str] | None = None, heads: int = 1) -> Book:
    """A sheet from rows of contents: texts, numbers, formulas as (formula, number), None for an empty cell that is dressed for a figure."""
    elements = [Element("tab:Farm", "tab", "Farm", states=frozenset({"selected"}))]
    elements += [Element(f"document:{title}", "document", title, text) for title, text in (papers or {}).items()]
    for row, line in enumerate(rows, 1):
        for column, content in enumerate(line, 1):
            formula, value = content if isinstance(content, tuple) else ("", content)
            if value == "":
                continue
            role = "columnheader" if row <= heads and column > 1 else "rowheader" if column == 1 else "cell"
            kind = "empty" if value is None else "text" if isinstance(value, str) else "number"
            attributes = {"kind": kind, **({"formula": formula} if formula else {}), **({} if kind == "text" else {"number_format": "0.0"})}
            shown = "" if value is None else str(value)
            name = shown if role != "cell" else str(line[0])
            elements.append(Element(f"Farm!{column_letters(column)}{row}", role, name, shown, attributes=attributes))
    found = Book()
    found.absorb(Observation("", tuple(elements), 0, "farm.xlsx", "Farm!A1:T40"))
    return found


HENS = [
    ["", "Eggs", "Hens", "Eggs a hen"],
    ["Dora", 30.0, 3.0, ("=B2/C2", 10.0)],
    ["Olga", 24.0, 2.0, ("=B3/C3", 12.0)],
    ["Rita", 45.0, 5.0, ("=B4/C4", 9.0)],
    ["Vera", 16.0, 4.0, ("=B5/C5", 4.0)],
]


def test_a_table_whose_columns_the_papers_name_runs_down() -> None:
    found = book(HENS, {"Words": "“Eggs a hen” is “Eggs” over “Hens”."})
    found.orient("")
    sheet = found.sheets["Farm"]
    assert sheet.down
    assert set(sheet.labels.values()) == {"Eggs", "Hens", "Eggs a hen"}
    assert sheet.series == [2, 3, 4, 5]


def test_a_table_whose_formulas_repeat_downwards_runs_down_without_any_words() -> None:
    found = book(HENS)
    found.orient("")
    assert found.sheets["Farm"].down


def test_a_table_whose_rows_the_papers_name_does_not_run_down() -> None:
    across = [list(line) for line in zip(*[[c[1] if isinstance(c, tuple) else c for c in line] for line in HENS], strict=True)]
    found = book(across, {"Words": "“Eggs a hen” is “Eggs” over “Hens”."})
    found.orient("")
    assert not found.sheets["Farm"].down


YEARS = [
    ["Year", "2021", "2022", "2023", "2024", "2025", "2026"],
    ["Eggs", 10.0, 11.0, 12.0, None, None, None],
    ["Price", 0.4, "", "", "", "", ""],
]
SPANS = {"Rules": "2021 to 2023 are past, 2024 to 2026 are to come."}


@pytest.mark.parametrize(("column", "code"), [(2, FIRST), (4, LAST_KNOWN), (5, FIRST_OPEN), (7, LAST)])
def test_a_fixed_period_is_remembered_by_what_it_is_and_found_again_on_a_longer_timeline(column: int, code: int) -> None:
    short = book(YEARS, SPANS)
    assert spot(short, Row("Farm", 2), column) == code
    longer = book(
        [["Year", *map(str, range(2019, 2029))], ["Eggs", *[10.0] * 5, *[None] * 5], ["Price", 0.4, *[""] * 9]],
        {"Rules": "2019 to 2023 are past, 2024 to 2028 are to come."},
    )
    known, open_ = parted(longer, "Farm")
    wanted = {FIRST: known[0], LAST_KNOWN: known[-1], FIRST_OPEN: open_[0], LAST: open_[-1]}[code]
    assert placed(longer, Row("Farm", 2), code) == wanted


def test_a_number_by_itself_is_its_rows_own_cell() -> None:
    found = book(YEARS, SPANS)
    assert spot(found, Row("Farm", 3), 2) == OWN
    assert placed(found, Row("Farm", 3), OWN) == 2


def test_a_year_in_the_instruction_is_not_taken_for_a_cell() -> None:
    lines = [["Year", *[f"FY{year}E" for year in range(21, 27)]]]
    lines += [[label, 1.0, 2.0, 3.0, None, None, None] for label in ("Eggs", "Milk", "Wool")]
    lines += [[f"Other {number}", *[float(number)] * 6] for number in range(30)]
    lines[25] = ["Straw", 1.0, 2.0, 3.0, None, None, None]
    found = book(lines)
    goal = "Please complete “Eggs” and “Wool” for FY24E to FY26E."
    assert [found.label(target.row) for target in scopes(found, Papers({}), goal)[0].targets] == ["Eggs", "Wool"]


def test_bare_cells_beside_a_single_figure_in_the_first_period_are_no_gaps() -> None:
    found = book([YEARS[0], ["Eggs", 10.0, 11.0, 12.0, None, None, None], ["Case in use", 2.0, *[""] * 5]])
    for column in range(3, 8):
        found.sheets["Farm"].raw[3, column] = Cell(None)  # under a title, and dressed for nothing
    found.sheets["Farm"].forget_views()
    goal = "“Eggs” must follow “Case in use” for 2024 to 2026."
    assert [found.label(target.row) for target in scopes(found, Papers({}), goal)[0].targets] == ["Eggs"]  # type: ignore[arg-type]


def test_a_unit_in_brackets_behind_a_label_is_no_part_of_it_where_the_papers_leave_it_out() -> None:
    lines = [["Year", "2021", "2022"], ["Eggs (kg)", 10.0, None], ["Hens (old)", 1.0, 2.0], ["Milk (kg)", 3.0, 4.0]]
    found = book(lines, {"Words": "“Eggs” is twice “Hens (old)”."})
    known = found.orient("")
    assert list(found.sheets["Farm"].labels.values()) == ["Year", "Eggs", "Hens (old)", "Milk"]
    assert unit(found, Row("Farm", 4)) == "kg"
    later = book(lines)  # papers that name nothing: what the house does is known from the workbook before
    later.orient("", known)
    assert list(later.sheets["Farm"].labels.values()) == ["Year", "Eggs", "Hens (old)", "Milk"]


def test_a_sheet_with_one_past_figure_still_has_a_past() -> None:
    lines = [["Year", "2021", "2022", "2023", "2024", "2025", "2026"]]
    lines += [[label, "", "", "", None, None, None] for label in ("Hens", "Milk", "Wool", "Straw", "Feed", "Hay", "Barley", "Oats", "Peas")]
    found = book([*lines, YEARS[1]], SPANS)
    assert found.sheets["Farm"].series == [2, 3, 4, 5, 6, 7]
    assert parted(found, "Farm") == ([2, 3, 4], [5, 6, 7])


# --- at work ----------------------------------------------------------------------------------------------------------------------------


def test_a_past_ratio_does_not_keep_a_rise_from_being_used() -> None:
    toy = model()
    toy.cells["C2"] = "=C3/B3-1"
    toy.papers = {"Rules": "2024 to 2025 are past, 2026 to 2028 are to come."}
    toy.play(Apprentice(TOOLS, 1))
    assert toy.cells["D3"] == "=C3*(1+D2)"


def test_figures_are_entered_where_the_past_was_reckoned() -> None:
    toy = model(filled=True)
    toy.cells["C2"] = "=C3/B3-1"
    for letter in "DEF":
        del toy.cells[f"{letter}2"]
    toy.goal = "Enter the figures from the paper."
    toy.papers = {"Figures": "“Rise of turnips sold”: 2026 5 %, 2027 6 %, 2028 7 %."}
    toy.play(Apprentice(TOOLS, 1))
    assert [toy.cells[f"{letter}2"] for letter in "DEF"] == [0.05, 0.06, 0.07]


def test_rates_are_entered_as_the_example_in_a_paper_says() -> None:
    toy = model(filled=True)
    for letter in "DEF":
        del toy.cells[f"{letter}2"]
    toy.percent = ()
    toy.goal = "Enter the figures from the paper."
    toy.papers = {"Figures": "“Rise of turnips sold”: 2026 5 %, 2027 6.5 %, 2028 7 %.", "Rules": "Shares are written oddly (4 % is 400)."}
    toy.play(Apprentice(TOOLS, 1))
    assert [toy.cells[f"{letter}2"] for letter in "DEF"] == [500.0, 650.0, 700.0]


WORDS = {
    "Words": "“Seed” is “Seed share” of “Turnips sold”.\n“Left over” is “Turnips sold” less “Seed”.",
    "Rules": "2024 to 2025 are past, 2026 to 2028 are to come.",
}


def mangled(title: str = "house-one.xlsx") -> Toy:
    """A finished workbook in which all periods to come of one line are wrong."""
    toy = model(filled=True, title=title)
    toy.papers = dict(WORDS)
    toy.goal = "One line is wrong in this file; find it and put it right."
    for letter in "DEF":
        toy.cells[f"{letter}5"] = f"=-{letter}3*{letter}4*1000"
    return toy


def test_a_line_that_is_wrong_in_all_periods_is_mended_by_what_the_house_does_elsewhere() -> None:
    agent = Apprentice(TOOLS, 1)
    seen = model(filled=True)
    seen.papers, seen.goal = dict(WORDS), "Please complete Left over."
    for letter in "DEF":
        del seen.cells[f"{letter}6"]
    seen.play(agent)
    agent.learn(seen.last, Outcome("outcome", passed=True))
    toy = mangled()
    toy.play(agent)
    assert not any("1000" in str(toy.cells[f"{letter}5"]) for letter in "DEF")
    right = model(filled=True)
    for column in (4, 5, 6):
        assert toy.value(Ref("", 5, column)) == pytest.approx(right.value(Ref("", 5, column)))


def test_a_wrong_workbook_proves_nothing_before_it_passed() -> None:
    agent = Apprentice(TOOLS, 1)
    toy = mangled()
    toy.play(agent)
    agent.learn(toy.last, Outcome("outcome", passed=False))
    assert agent.sheets is not None
    assert not any("1000" in recipe.shape and seen.count for recipe, seen in agent.sheets.recipes.seen.items())


def test_how_many_lines_are_wrong_is_learned_from_what_passed() -> None:
    counts = Counts()
    assert counts.said("Two of these lines are wrong") == 0
    counts.learn("Mend one line", 1)
    assert counts.said("Mend one line") == 0  # nothing to compare it with yet
    counts.learn("Mend two lines", 2)
    counts.learn("Mend one line, please", 1)
    assert (counts.said("Mend one line"), counts.said("Mend two lines"), counts.said("Mend 4 lines")) == (1, 2, 4)
    assert Counts.from_dict(counts.to_dict()).seen == counts.seen


def test_a_parallel_block_is_read_with_its_own_word() -> None:
    swap = exchanged("Opening stock – Hens", "Opening stock – Ducks")
    assert swap("Closing stock – Hens") == "closing stock ducks"
    assert swap("Price of eggs") == "Price of eggs"
    assert exchanged("Eggs", "Opening stock – Ducks")("Eggs") == "Eggs"
