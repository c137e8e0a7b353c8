"""The apprentice at a spreadsheet: formulas as trees, search over rows, what carries over from one workbook to the next, faults."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.agents.apprentice.agent import Apprentice
from bakeoff.agents.apprentice.sheets import formula as f
from bakeoff.agents.apprentice.sheets.grid import Row
from bakeoff.agents.apprentice.sheets.ideas import Idea, Operand
from bakeoff.agents.apprentice.sheets.labels import alike
from bakeoff.agents.apprentice.sheets.search import Table, search
from bakeoff.core import Action, Element, Observation, Outcome, Tool, memory_hash

# --- a desk of our own: one sheet, reckoned by the agent's own reader of formulas -------------------------------------------------------

TOOLS = tuple(
    Tool(name, name, {"type": "object", "properties": {}}) for name in ("read", "open", "write", "write_block", "recalculate", "finish")
)
LETTERS = "ABCDEFGH"


@dataclass
class Toy:
    """A workbook of one sheet as cells by address; what a screen of it looks like; what the worker wrote."""

    goal: str
    cells: dict[str, object]
    papers: dict[str, str] = field(default_factory=dict)
    title: str = "house-one.xlsx"
    percent: tuple[int, ...] = ()

    def value(self, ref: f.Ref) -> f.Value:
        content = self.cells.get(f"{LETTERS[ref.column - 1]}{ref.row}")
        if isinstance(content, str) and content.startswith("="):
            return f.reckon(f.parse(content), self.value)
        return content if isinstance(content, str | float) else None if content is None else float(content)  # type: ignore[arg-type]

    def screen(self, step: int, *, done: bool = False) -> Observation:
        elements = [Element("tab:Model", "tab", "Model", states=frozenset({"selected"}))]
        elements += [Element(f"document:{title}", "document", title, text) for title, text in self.papers.items()]
        rows = sorted({int(address[1:]) for address in self.cells})
        for row in rows:
            for column, letter in enumerate(LETTERS[:6], 1):
                address = f"{letter}{row}"
                content = self.cells.get(address)
                if content is None and (column == 1 or row == 1 or f"A{row}" not in self.cells):
                    continue
                value = self.value(f.Ref("", row, column))
                attributes = {"kind": "empty" if value is None else "text" if isinstance(value, str) else "number"}
                if isinstance(content, str) and content.startswith("="):
                    attributes["formula"] = content
                if row in self.percent:
                    attributes["number_format"] = "0.0%"
                elif column > 1:
                    attributes["number_format"] = "#,##0"
                role = "columnheader" if row == 1 else "rowheader" if column == 1 else "cell"
                shown = "" if value is None else repr(value) if isinstance(value, float) else str(value)
                name = shown if role != "cell" else str(self.cells.get(f"A{row}", ""))
                elements.append(Element(f"Model!{address}", role, name, shown, attributes=attributes))
        return Observation(self.goal, tuple(elements), step, self.title, "Model!A1:T40", ended="finished" if done else None)

    def play(self, agent: Apprentice) -> None:
        observation = self.screen(0)
        while not observation.done:
            action = agent.act(observation)
            self.perform(action)
            observation = self.screen(observation.step + 1, done=action.tool == "finish")
            assert observation.step < 60
        self.last = observation

    def perform(self, action: Action) -> None:
        if action.tool == "write_block":
            start = f.read_ref(str(action.arguments["cell"]))
            assert start is not None
            for column, text in enumerate(action.arguments["rows"][0], start.column):
                self.cells[f"{LETTERS[column - 1]}{start.row}"] = (
                    text if text.startswith("=") else float(text.rstrip("%")) / (100 if "%" in text else 1)
                )


def model(*, growth: float = 0.05, label: str = "Turnips sold", title: str = "house-one.xlsx", filled: bool = False) -> Toy:
    """Two past years (B, C) and three to come (D to F): a line that grows, a share of it, and what is left."""
    cells: dict[str, object] = {
        "A1": "Year",
        "A2": f"Rise of {label.lower()}",
        "A3": label,
        "A4": "Seed share",
        "A5": "Seed",
        "A6": "Left over",
    }
    for column, letter in enumerate("BCDEF"):
        cells[f"{letter}1"] = f"{2024 + column}"
        if column < 2:
            cells |= {f"{letter}3": 100.0 + 13 * column, f"{letter}5": -40.0 - column, f"{letter}6": f"={letter}3+{letter}5"}
        else:
            before = LETTERS[column]
            cells |= {f"{letter}2": growth + column / 100, f"{letter}4": 0.4 + column / 50, f"{letter}6": f"={letter}3+{letter}5"}
            if filled:
                cells |= {f"{letter}3": f"={before}3*(1+{letter}2)", f"{letter}5": f"=-{letter}3*{letter}4"}
    return Toy(f"Please complete {label} for the years to come.", cells, title=title, percent=(2, 4))


RIGHT = [100.0 * 1.13 * 1.07, 100.0 * 1.13 * 1.07 * 1.08, 100.0 * 1.13 * 1.07 * 1.08 * 1.09]


def grown(toy: Toy) -> list[float]:
    return [float(toy.value(f.Ref("", 3, column))) for column in (4, 5, 6)]  # type: ignore[arg-type]


# --- formulas ---------------------------------------------------------------------------------------------------------------------------

REFS = st.builds(f.Ref, st.sampled_from(["", "Model", "Debt plan"]), st.integers(1, 99), st.integers(1, 60), st.booleans(), st.booleans())
NODES = st.recursive(
    REFS | st.integers(0, 500).map(lambda n: f.Number(float(n))) | st.just(f.Number(0.25)),
    lambda inner: (
        st.builds(f.Binary, st.sampled_from(["+", "-", "*", "/", "^", "<", ">="]), inner, inner)
        | st.builds(f.Unary, st.just("-"), inner)
        | st.builds(lambda *a: f.Call("IF", a), inner, inner, inner)
        | st.builds(lambda *a: f.Call("MAX", a), inner, inner)
    ),
    max_leaves=8,
)


@given(NODES)
@settings(max_examples=200, deadline=None)
def test_a_formula_that_is_written_reads_the_same(node: f.Node) -> None:
    assert f.parse(f.write(node)) == node


@given(NODES, st.integers(0, 5), st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_a_formula_that_moves_keeps_its_relative_form(node: f.Node, down: int, across: int) -> None:
    assert f.relative(f.move(node, down, across), 10 + down, 10 + across) == f.relative(node, 10, 10)


@pytest.mark.parametrize(
    ("text", "value"),
    [("=-2^2", 4.0), ("=10%*50", 5.0), ("=SUM(A1:A3,4)", 10.0), ("=IF(A1>1,2,MAX(A2,A3))", 3.0), ('=IF("a"="A",1,2)', 1.0), ("=ROUND(-2.5,0)", -3.0),
     ("=CHOOSE(2,7,8)", 8.0), ("=IFERROR(1/0,9)", 9.0), ("=SUMPRODUCT(A1:A2,A2:A3)", 8.0), ("=2--3", 5.0)],
)  # fmt: skip
def test_formulas_are_reckoned_as_a_spreadsheet_does(text: str, value: float) -> None:
    assert f.reckon(f.parse(text), lambda ref: float(ref.row)) == pytest.approx(value)


@pytest.mark.parametrize("text", ["=A1+", "=(A1", "=SUM(A1", "=A1 B2 C3", "=)"])
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(f.Unreadable):
        f.parse(text)


# --- search -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "rows"),
    [("{0}-{1}", (3, 7)), ("{0}*(1+{1})", (4, 12)), ("({0}-{1})*{2}", (2, 9, 13)), ("{0}+{1}-{2}-{3}", (1, 5, 6, 8)), ("AVERAGE({0},{1})*{2}", (1, 2, 14)),
     ("{0}*{1}/365", (3, 5)), ("MIN({0},{1})", (4, 6)), ("SUM({0}:{1})", (2, 5))],
)  # fmt: skip
def test_the_search_finds_how_a_row_was_made(shape: str, rows: tuple[int, ...]) -> None:
    random = np.random.default_rng(3)
    values = np.vstack([random.uniform(10, 900, (10, 4)).round(1), random.uniform(0, 0.3, (6, 4)).round(3)])
    operands = tuple(Operand(Row("Model", at)) for at in range(16))
    idea = Idea(shape, tuple(operands[at] for at in rows))
    if ":" in shape:
        sought = values[rows[0] : rows[1] + 1].sum(axis=0)
    else:
        from bakeoff.agents.apprentice.sheets.ideas import outline

        sought = np.array([f.reckon(outline(shape), lambda ref, c=c: values[rows[ref.row - 1], c]) for c in range(4)], float)  # type: ignore[misc]
    found = search(Table(operands, values), sought, (tuple(range(10)),))
    assert idea in [fit.idea for fit in found[:3]]


def test_the_search_says_nothing_where_nothing_fits() -> None:
    random = np.random.default_rng(4)
    table = Table(tuple(Operand(Row("Model", at)) for at in range(30)), random.uniform(0, 100, (30, 4)))
    assert search(table, random.uniform(0, 100, 4)) == []


# --- at work ----------------------------------------------------------------------------------------------------------------------------


def test_a_line_is_filled_from_its_past_and_the_share_beside_it() -> None:
    toy = model()
    toy.play(Apprentice(TOOLS, 1))
    assert grown(toy) == pytest.approx(RIGHT)


def test_a_total_is_found_by_its_past_numbers() -> None:
    toy = model(filled=True)
    for letter in "BC":
        toy.cells[f"{letter}6"] = toy.value(f.Ref("", 6, LETTERS.index(letter) + 1))
    for letter in "DEF":
        del toy.cells[f"{letter}6"]
    toy.goal = "Fill in Left over."
    toy.play(Apprentice(TOOLS, 1))
    assert toy.cells["D6"] in ("=D3+D5", "=D5+D3")


def test_what_was_seen_in_one_workbook_is_used_in_the_next() -> None:
    agent = Apprentice(TOOLS, 1)
    seen = model(filled=True)
    seen.cells["D3"] = "=C3*(1+D2/2)"  # this house's own way
    seen.cells["E3"], seen.cells["F3"] = "=D3*(1+E2/2)", "=E3*(1+F2/2)"
    for letter in "DEF":
        del seen.cells[f"{letter}6"]
    seen.goal = "Fill in Left over."
    seen.play(agent)
    agent.learn(seen.last, Outcome("outcome", passed=True))
    toy = model()
    toy.play(agent)
    assert toy.cells["D3"] == "=C3*(1+D2/2)"
    assert any("Turnips sold" in belief for belief in agent.beliefs())


def test_what_was_learned_carries_over_to_a_house_with_other_labels() -> None:
    agent = Apprentice(TOOLS, 1)
    for _ in range(3):
        seen = model(filled=True)
        for letter, before in zip("DEF", "CDE", strict=True):
            seen.cells[f"{letter}3"] = f"={before}3/(1-{letter}2)"
            del seen.cells[f"{letter}6"]
        seen.goal = "Fill in Left over."
        seen.play(agent)
    other = model(label="Sold turnips", title="house-two.xlsx")
    other.play(agent)
    assert other.cells["D3"] == "=C3/(1-D2)"


def test_an_idea_that_failed_gives_way_to_another() -> None:
    agent = Apprentice(TOOLS, 1)
    tried = set()
    for _ in range(6):
        toy = model()
        toy.play(agent)
        tried.add(toy.cells["D3"])
        agent.learn(toy.last, Outcome("outcome", passed=False))
    assert len(tried) >= 3


def test_odd_cells_are_mended() -> None:
    toy = model(filled=True)
    toy.goal = "Something is wrong in this file; find it and put it right."
    toy.cells["E6"] = "=E3+D5"
    toy.play(Apprentice(TOOLS, 1))
    assert toy.cells["E6"] == "=E3+E5"
    assert toy.cells["D6"] == "=D3+D5"


def test_a_number_among_formulas_is_mended_and_nothing_else_is_touched() -> None:
    toy = model(filled=True)
    toy.goal = "Something is wrong in this file; find it and put it right."
    before = dict(toy.cells)
    toy.cells["E5"] = -51.0
    toy.play(Apprentice(TOOLS, 1))
    assert toy.cells == before


def test_snapshots_hold_everything(tmp_path: Path) -> None:
    agent = Apprentice(TOOLS, 1)
    for passed in (False, True, False):
        toy = model()
        toy.play(agent)
        agent.learn(toy.last, Outcome("outcome", passed=passed))
    agent.snapshot(tmp_path)
    twin = Apprentice(TOOLS, 5)
    twin.restore(tmp_path)
    assert memory_hash(twin) == memory_hash(agent)
    for one in range(3):
        first, second = model(growth=0.03 + one / 50), model(growth=0.03 + one / 50)
        first.play(agent)
        second.play(twin)
        assert first.cells == second.cells
        agent.learn(first.last, Outcome("outcome", passed=False))
        twin.learn(second.last, Outcome("outcome", passed=False))
    assert memory_hash(twin) == memory_hash(agent)
    json.loads((tmp_path / "memory.json").read_text())


# --- reading ----------------------------------------------------------------------------------------------------------------------------


def test_labels_are_alike_by_their_letters() -> None:
    assert alike("Net revenue", "1. net  Revenue") == 1.0 > alike("Revenue (A)", "Revenue (B)")
    assert alike("Revenues", "Net revenue") > alike("Revenues", "Tax rate")
