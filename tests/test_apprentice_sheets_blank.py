"""The apprentice before an empty sheet: it lays out what the papers name, as the house does, fills it by what it learned in other workbooks, and gives names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bakeoff.agents.apprentice.agent import Apprentice
from bakeoff.agents.apprentice.sheets import formula as f
from bakeoff.agents.apprentice.sheets.blank import in_order, joined, periods_of
from bakeoff.agents.apprentice.sheets.papers import Papers
from bakeoff.core import Action, Element, Ledger, Observation, Outcome, Practice, Tool, memory_hash

TOOLS = tuple(
    Tool(name, name, {"type": "object", "properties": {}})
    for name in ("read", "open", "write", "write_block", "format", "name_range", "recalculate", "finish")
)
WORDS = (
    "“Turnips sold”: that of the period before, grown by “Rise”; the very first is “Turnips at start”.\n“Seed”: “Seed share” of “Turnips sold”.\n"
    "“Left over”: “Turnips sold” less “Seed”.\n“In the barn”: that of the period before plus “Left over”; the very first is “Barn at start”."
)
RULES = "{0} to {1} are past, {2} to {3} are to come."
GROWN = {"rise": (0.1, 0.2, 0.05, 0.1, 0.2), "share": (0.5, 0.4, 0.3, 0.25, 0.5), "start": 80.0, "barn": 7.0}


@dataclass
class Desk:
    """One sheet by (row, column), shown as a desk shows it: a line of periods heads columns, the first text of a row heads the row."""

    goal: str
    papers: dict[str, str]
    cells: dict[tuple[int, int], object] = field(default_factory=dict)
    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    names: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    title: str = "farm.xlsx"

    def value(self, ref: f.Ref) -> f.Value:
        content = self.cells.get((ref.row, ref.column))
        if isinstance(content, str) and content.startswith("="):
            return f.reckon(f.parse(content), self.value)
        return content  # type: ignore[return-value]

    def screen(self, step: int, done: bool) -> Observation:
        elements = [Element("tab:Farm", "tab", "Farm", states=frozenset({"selected"}))]
        elements += [Element(f"document:{title}", "document", title, text) for title, text in self.papers.items()]
        heads: list[int] = []
        for row in sorted({row for row, _ in {*self.cells, *self.formats}}):
            line = {column: self.value(f.Ref("", row, column)) for (r, column) in self.cells if r == row}
            texts = [column for column, value in sorted(line.items()) if isinstance(value, str)]
            header = len(texts) > 1 and len(texts) == len(line)
            heads = texts if header else heads
            dressed = {column for (r, column) in self.formats if r == row}
            for column in sorted({*line, *dressed, *(heads if texts and not header else ())}):
                value = line.get(column)
                alone = len(line) == 1 and not dressed and not heads
                role = "columnheader" if header else "cell" if column not in texts else "heading" if alone else "rowheader"
                attributes = {"kind": "empty" if value is None else "text" if isinstance(value, str) else "number"}
                if (row, column) in self.formats:
                    attributes["number_format"] = self.formats[row, column]
                content = self.cells.get((row, column))
                if isinstance(content, str) and content.startswith("="):
                    attributes["formula"] = content
                shown = "" if value is None else str(value)
                elements.append(
                    Element(f"Farm!{f.column_letters(column)}{row}", role, shown if role != "cell" else "", shown, attributes=attributes)
                )
        return Observation(self.goal, tuple(elements), step, self.title, "Farm!A1:T40", ended="finished" if done else None)

    def area(self, text: str) -> list[tuple[int, int]]:
        first, _, last = text.partition(":")
        one = f.read_ref(first)
        assert one is not None
        other = f.read_ref(last or first) or one
        return [(row, column) for row in range(one.row, other.row + 1) for column in range(one.column, other.column + 1)]

    def perform(self, action: Action) -> None:
        about = action.arguments
        if action.tool == "write_block":
            top, left = self.area(str(about["cell"]))[0]
            for row, line in enumerate(about["rows"], top):
                for column, text in enumerate(line, left):
                    self.cells[row, column] = typed(text)
        elif action.tool == "format":
            self.formats |= dict.fromkeys(self.area(str(about["range"])), str(about["number"]))
        elif action.tool == "name_range":
            self.names[str(about["name"])] = self.area(str(about["range"]))

    def play(self, agent: Apprentice) -> Observation:
        observation = self.screen(0, False)
        while not observation.done:
            action = agent.act(observation)
            self.perform(action)
            observation = self.screen(observation.step + 1, action.tool == "finish")
            assert observation.step < 90
        return observation


def typed(text: str) -> object:
    if text.startswith("'"):
        return text[1:]
    try:
        return float(text.rstrip("%")) / (100 if "%" in text else 1)
    except ValueError:
        return text


def finished(first: int, past: int, title: str = "farm.xlsx", labels: dict[str, str] | None = None) -> Desk:
    """A workbook in which only one line is missing, so that all others can be learned from; the past is reckoned as well."""
    called = labels or {}
    years = [str(first + at) for at in range(past + 3)]

    def words(text: str) -> str:
        for old, new in called.items():
            text = text.replace(f"“{old}”", f"“{new}”")
        return text

    papers = {"Words": words(WORDS), "Rules": RULES.format(years[0], years[past - 1], years[past], years[-1])}
    desk = Desk(words("Fill in “Seed”."), papers, title=title)
    lines = ["Turnips at start", "Barn at start", "Rise", "Seed share", "Turnips sold", "Seed", "Left over", "In the barn"]
    for row, label in enumerate(lines, 2):
        desk.cells[row, 1] = called.get(label, label)
    for at, year in enumerate(years):
        here, before = f.column_letters(at + 3), f.column_letters(at + 2)
        desk.cells[1, at + 3] = year
        desk.cells[4, at + 3], desk.cells[5, at + 3] = 0.1 + at / 50, 0.3 + at / 40
        desk.cells[6, at + 3] = f"={before}6*(1+{here}4)" if at else "=$B2"
        if at < past:
            desk.cells[7, at + 3] = f"={here}6*{here}5"
        desk.cells[8, at + 3] = f"={here}6-{here}7"
        desk.cells[9, at + 3] = f"={before}9+{here}8" if at else "=$B3"
        for row in range(4, 10):
            desk.formats[row, at + 3] = "0.0%" if row < 6 else "#,##0"
    desk.cells[2, 2], desk.cells[3, 2] = 50.0, 5.0
    desk.formats[2, 2] = desk.formats[3, 2] = "#,##0"
    return desk


def blank(title: str = "farm.xlsx") -> Desk:
    years = [str(2030 + at) for at in range(5)]

    def said(numbers: tuple[float, ...]) -> str:
        return ", ".join(f"{year} {100 * number:g} %" for year, number in zip(years, numbers, strict=True))

    papers = {
        "Figures": f"“Turnips at start”: 80.\n“Barn at start”: 7.\n“Rise”: {said(GROWN['rise'])}.\n“Seed share”: {said(GROWN['share'])}.",  # type: ignore[arg-type]
        "Words": WORDS,
        "Names": "Share_given: “Seed share” (given; 3 cells, 2032 to 2034)\nBarn: “In the barn” (asked; 3 cells, 2032 to 2034)\nStart: “Turnips at start” (given; 1 cell)",
        "Rules": RULES.format(years[0], years[1], years[2], years[4]),
    }
    return Desk("Build it from the papers.", papers, cells={(1, 1): "Farm plan"}, title=title)


def barn() -> list[float]:
    sold, store, found = 80.0, 7.0, []
    for at in range(5):
        sold = sold * (1 + GROWN["rise"][at]) if at else sold  # type: ignore[index]
        store = store + sold - sold * GROWN["share"][at] if at else store  # type: ignore[index]
        found.append(store)
    return found[2:]


def shown(desk: Desk, name: str) -> list[f.Value]:
    return [desk.value(f.Ref("", *place)) for place in desk.names[name]]


def test_an_empty_sheet_is_built_from_the_papers_by_what_other_workbooks_of_the_house_taught() -> None:
    agent = Apprentice(TOOLS, 1)
    for first in (2020, 2023):
        seen = finished(first, 3)
        agent.learn(seen.play(agent), Outcome("outcome", passed=True))
    desk = blank()
    desk.play(agent)
    assert shown(desk, "Barn") == pytest.approx(barn())
    assert shown(desk, "Share_given") == pytest.approx(GROWN["share"][2:])  # type: ignore[index]
    assert shown(desk, "Start") == [80.0]
    assert all(str(desk.cells[place]).startswith("=") for place in desk.names["Barn"])
    assert desk.cells[1, 1] == "Farm plan"


def test_sentences_learned_in_a_house_with_other_labels_build_an_empty_sheet() -> None:
    called = {
        "Turnips sold": "Eggs laid",
        "Seed": "Eggs kept",
        "Seed share": "Part kept",
        "Left over": "Eggs to sell",
        "In the barn": "Store",
    }
    called |= {"Rise": "Gain", "Turnips at start": "First eggs", "Barn at start": "First store"}
    agent = Apprentice(TOOLS, 1)
    for first in (2020, 2023):
        agent.learn(finished(first, 3, "hens.xlsx", called).play(agent), Outcome("outcome", passed=True))
    desk = blank()
    desk.play(agent)
    assert shown(desk, "Barn") == pytest.approx(barn())


def test_a_newcomer_lays_out_the_sheet_and_enters_the_figures_but_does_not_know_how_lines_begin_and_go_on() -> None:
    desk = blank()
    desk.play(Apprentice(TOOLS, 1))
    assert shown(desk, "Share_given") == pytest.approx(GROWN["share"][2:])  # type: ignore[index]
    assert shown(desk, "Barn") != pytest.approx(barn())


def test_snapshots_hold_what_was_noted_of_the_house(tmp_path: object) -> None:
    agent, twin = Apprentice(TOOLS, 1), Apprentice(TOOLS, 9)
    agent.learn(finished(2020, 3).play(agent), Outcome("outcome", passed=True))
    agent.snapshot(tmp_path)  # type: ignore[arg-type]
    twin.restore(tmp_path)  # type: ignore[arg-type]
    assert memory_hash(twin) == memory_hash(agent)
    one, other = blank(), blank()
    one.play(agent)
    other.play(twin)
    assert one.cells == other.cells
    assert one.names == other.names


# --- reading ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "periods"),
    [(": Q1 2029 EUR thousand 120, Q2 2029 EUR thousand 134.5.", ["Q1 2029", "Q2 2029"]), (": FY26E 4.5 %, FY27E 5 %.", ["FY26E", "FY27E"]),
     (": 2026 1,159.5, 2027 -3.", ["2026", "2027"]), (": EUR 320.", []), (": 7 in every period from 2026 to 2029.", []), (": Ash 12x, Elm 9.5x.", ["Ash", "Elm"])],
)  # fmt: skip
def test_periods_are_what_stands_before_the_numbers_of_a_list(text: str, periods: list[str]) -> None:
    assert periods_of(text) == periods


def test_lists_of_periods_are_joined_by_line_or_by_a_sentence_that_names_both() -> None:
    assert joined([("Eggs", ["1", "2"]), ("Eggs", ["3", "4"]), ("Hens", ["3", "4"])], Papers({})) == ["1", "2", "3", "4"]
    rules = Papers({"Rules": "FY1 to FY2 are past, FY3 to FY5 are to come."})
    assert joined([("Eggs", ["FY3", "FY4", "FY5"]), ("Hens", ["FY1", "FY2"])], rules) == ["FY1", "FY2", "FY3", "FY4", "FY5"]


def test_lines_stand_as_the_house_orders_them() -> None:
    assert in_order(["Eggs", "Wool", "Milk", "Hens"], ["hens", "eggs", "milk"]) == ["Hens", "Eggs", "Wool", "Milk"]


# --- practice ---------------------------------------------------------------------------------------------------------------------------


class Copies:
    """An environment as practice sees it: each reset opens a copy of a workbook."""

    def __init__(self, copy: Callable[[], Desk]) -> None:
        self.copy, self.opened = copy, 0

    def reset(self, task: object, *, practice: bool) -> Observation:
        assert practice
        self.opened += 1
        self.desk, self.taken = self.copy(), 0
        self.desk.goal = ""
        return self.desk.screen(0, False)

    def step(self, action: Action) -> Observation:
        self.taken += 1
        self.desk.perform(action)
        return self.desk.screen(self.taken, action.tool == "finish")


def room(copies: Copies, left: int) -> Practice:
    return Practice(copies, None, left, Ledger())  # type: ignore[arg-type]


def test_looking_at_copies_in_practice_teaches_what_an_empty_sheet_needs() -> None:
    agent = Apprentice(TOOLS, 1)
    copies = Copies(lambda: finished(2020 + copies.opened, 3))
    before = dict(copies.copy().cells)
    for _ in range(2):
        agent.practise(room(copies, 40))
    assert copies.desk.cells.keys() == before.keys()  # it looked, and touched nothing
    desk = blank()
    desk.play(agent)
    assert shown(desk, "Barn") == pytest.approx(barn())


def test_practice_ends_when_it_has_seen_enough_of_a_house() -> None:
    agent, left = Apprentice(TOOLS, 1), 200
    copies = Copies(lambda: finished(2020, 3))
    for _ in range(12):
        practice = room(copies, left)
        agent.practise(practice)
        left = practice.left
    assert copies.opened <= 4
    assert left > 150


def test_nothing_is_learned_in_practice_from_a_copy_in_which_nothing_is_missing() -> None:
    agent = Apprentice(TOOLS, 1)

    def complete() -> Desk:
        desk = finished(2020, 3)
        desk.cells |= {(7, column): f"={f.column_letters(column)}6*0.9" for column in range(3, 9)}  # wrong, and all of it
        return desk

    agent.practise(room(Copies(complete), 40))
    assert agent.beliefs() == Apprentice(TOOLS, 1).beliefs()
