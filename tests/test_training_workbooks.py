"""The small policy for workbooks: formulas survive being taken to pieces, experts can be said, and a bake goes from expert data to a worker."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

from bakeoff.agents.apprentice.sheets.formula import Binary, Call, Node, Number, Range, Ref, Unary, relative
from bakeoff.agents.baked.deskwork import DeskGrammar, writes
from bakeoff.agents.baked.kinds import has_desk
from bakeoff.agents.baked.pieces import arity, build, spell
from bakeoff.agents.baked.workbook import Cloze, Desk, Eyes
from bakeoff.core import Environment, TaskId, Trajectory, make_agent, make_environment, run_episode
from bakeoff.experts.collect import Wanted, collect
from bakeoff.experts.shelf import Shelf
from bakeoff.training.bake import Bake
from bakeoff.training.examples import examples
from bakeoff.training.local import LocalEngine
from bakeoff.training.local import build as build_network
from bakeoff.training.protocol import AdamParams, SamplingParams
from bakeoff.training.recipe import Imitate, Recipe

FOUR = ("fill-row", "fill-rows", "schedule", "repair-one")
TINY = {"width": 16, "layers": 1, "heads": 2, "texts": 8}


@lru_cache
def environment() -> Environment:
    return make_environment("spreadsheet")


@lru_cache
def demonstrations() -> tuple[Trajectory, ...]:
    """Experts in five training houses: some across and some down, on one sheet or several, with costs of either sign."""
    found = []
    for number, product in enumerate(environment().products(family="loan", split="train")[:5]):
        for template in (FOUR[number % 4], FOUR[(number + 2) % 4]):
            task = environment().task(TaskId("spreadsheet", product.id, product.version, template, 100_000_000 + number))
            policy = environment().expert(task)
            assert policy is not None
            found.append(run_episode(environment(), policy, task, agent="expert"))
    return tuple(found)


def moments(demo: Trajectory) -> list[tuple[Desk, object]]:
    eyes, seen, found = Eyes(), demo.first, []
    for step in demo.steps:
        found.append((eyes.look(seen), step.action))
        eyes.did(step.action, seen)
        seen = step.observation
    return found


@lru_cache
def desks() -> tuple[Desk, ...]:
    """The last screens of some episodes."""
    return tuple(moments(demo)[-1][0] for demo in demonstrations()[:6])


# --- formulas ----------------------------------------------------------------------------------------------------------------------------


@st.composite
def written(draw: st.DrawFn) -> tuple[Desk, Node, int, int]:
    """A formula in an open column of a line."""
    desk = desks()[draw(st.integers(0, len(desks()) - 1))]
    home = draw(st.integers(0, len(desk.lines.rows) - 1).filter(lambda line: len(desk.columns(line)) > 3))
    row = desk.lines.rows[home]
    column = draw(st.sampled_from(desk.book.sheets[row.sheet].series))

    def cell(line: int, at: int, fixed_row: bool, fixed_column: bool) -> Ref:
        to = desk.lines.rows[line]
        series = desk.book.sheets[to.sheet].series
        where = series[at % len(series)] if series else desk.columns(line)[0]
        return Ref("" if to.sheet == row.sheet else to.sheet, to.number, where, fixed_row, fixed_column)

    cells = st.builds(cell, st.integers(0, len(desk.lines.rows) - 1), st.integers(0, 20), st.booleans(), st.booleans())
    spans = st.builds(
        lambda one, other: Range(one, Ref(one.sheet, one.row, other.column, other.fixed_row, other.fixed_column)), cells, cells
    )
    leaves = st.one_of(cells, st.sampled_from([0.0, 1.0, 0.5, 365.0]).map(Number), spans.map(lambda span: Call("SUM", (span,))))
    trees = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "^", "<="]), inner, inner),
            st.builds(Unary, st.just("-"), inner),
            st.builds(lambda *parts: Call("IF", parts), inner, inner, inner),
        ),
        max_leaves=8,
    )
    return desk, draw(trees), home, column


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(written())
def test_a_formula_taken_to_pieces_comes_back(case: tuple[Desk, Node, int, int]) -> None:
    desk, tree, home, column = case
    row = desk.lines.rows[home]
    pieces = spell(desk.book, desk.lines, tree, row, column)
    if pieces is None:
        return  # a fixed place that has no name, on a sheet without periods
    assert sum(arity(piece) - 1 for piece in pieces) == -1, "pieces make one whole formula"
    assert build(desk.book, desk.lines, pieces, row, column) == tree


def test_what_experts_write_can_be_said_and_read_back() -> None:
    grammar = examples(demonstrations(), environment().tools).grammar
    assert isinstance(grammar, DeskGrammar)
    said = 0
    for demo in demonstrations():
        for desk, action in moments(demo):
            ids = grammar.write(action, desk)  # type: ignore[arg-type]
            assert ids is not None, f"{demo.task.id}: {action}"
            assert grammar.read(ids, desk) == action
            said += 1
    assert said > 50


def test_the_same_pieces_say_the_same_line_in_another_workbook() -> None:
    """Two workbooks of one house have other periods and margins; what the expert writes into a line there is the same in pieces."""
    product = environment().products(family="loan", split="train")[0]
    found = []
    for seed in (1, 2):
        task = environment().task(TaskId("spreadsheet", product.id, product.version, "statement", seed))
        policy = environment().expert(task)
        assert policy is not None
        demo = run_episode(environment(), policy, task, agent="expert")
        lines: dict[tuple[str, str], object] = {}
        for desk, _ in moments(demo)[-1:]:
            for line in range(len(desk.lines.rows)):
                for pieces in desk.present(line)[:1]:
                    names = tuple(desk.names[desk.first + p] if isinstance(p, int) else p for p in pieces or ())
                    lines[desk.names[desk.first + line], desk.headings[desk.first + line]] = names
        found.append(lines)
    one, other = found
    assert len(one) > 8 and one == other


def test_formulas_that_stand_there_are_asked_for_but_never_shown() -> None:
    data = examples(demonstrations(), environment().tools).data
    clozes = [datum for datum in data if isinstance(datum.prompt, Cloze)]
    assert len(clozes) >= 2 * len(demonstrations())
    desk, line = clozes[0].prompt.desk, clozes[0].prompt.line
    known = desk.source(line)
    row = desk.lines.rows[line]
    sheet = desk.book.sheets[row.sheet]
    for column in desk.columns(line):  # whatever stood in the open periods, the source is the same
        cell = sheet.at(row.number, column)
        if cell.formula and relative_form(cell.formula, row.number, column):
            assert known == desk.source(line)
    assert {token.segment for token in known} >= {0, 1}


def relative_form(formula: str, row: int, column: int) -> str:
    from bakeoff.agents.apprentice.sheets.formula import parse

    return relative(parse(formula), row, column)


# --- the network -------------------------------------------------------------------------------------------------------------------------


def test_what_a_batch_says_is_what_each_example_says_and_draws_are_scored_alike() -> None:
    found = examples(demonstrations()[:3], environment().tools)
    engine = LocalEngine(build_network({"network": "workbook", "shape": TINY, "grammar": found.grammar.to_dict()}, 3), 3)
    data = found.data[:12] + found.data[-4:]
    together = engine.forward(data)
    for datum, values in zip(data, together, strict=True):
        assert np.allclose(engine.forward([datum])[0], values, atol=2e-4)
    for datum in found.data[:8]:
        (drawn,) = engine.sample(datum.prompt, 1, SamplingParams(temperature=1.0, seed=5))
        if datum.prompt.kinds and len(drawn.tokens) < 60:
            scored = engine.forward([type(datum)(datum.prompt, drawn.tokens, {"weights": np.ones(len(drawn.tokens))})])[0]
            assert np.allclose(scored, drawn.logprobs, atol=2e-3)


@pytest.mark.parametrize(
    "task", ["spreadsheet/statements-flint@1/from-scratch#3", "spreadsheet/loan-eden@1/answer#3", "spreadsheet/saas-dune@1/extend#1"]
)
def test_whatever_is_drawn_on_whatever_desk_is_an_action(task: str) -> None:
    """In an empty workbook there is no line to write into, and a policy that knows only full ones wants to."""
    found = examples(demonstrations()[:3], environment().tools)
    names = {tool.name for tool in environment().tools}
    for seed in range(4):
        engine = LocalEngine(build_network({"network": "workbook", "shape": TINY, "grammar": found.grammar.to_dict()}, seed), seed)
        grammar, eyes = found.grammar, Eyes()
        seen = environment().reset(environment().task(TaskId.parse(task)).with_limits(steps=6))
        while not seen.done:
            desk = eyes.look(seen)
            for drawn in engine.sample(desk, 12, SamplingParams(temperature=5.0, seed=seed)):
                action = grammar.read(drawn.tokens, desk)
                assert action.tool in names
            eyes.did(action, seen)
            seen = environment().step(action)


def test_two_bakes_of_one_recipe_are_one_and_the_worker_plays(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "data")
    collect(Wanted("spreadsheet", 2, family="loan", products=1, templates=FOUR, sample=0), shelf)
    weights = []
    for name in ("one", "two"):
        recipe = Recipe("loans", "spreadsheet", tmp_path / "data", (Imitate(steps=3, batch=4),), policy=TINY, examine=1, steps=4)
        result = Bake(recipe, tmp_path / name).run()
        weights.append((result.checkpoint / "weights.safetensors").read_bytes())
    assert weights[0] == weights[1]
    worker = make_agent(f"baked:{result.checkpoint}", environment().tools, 0)
    seen = environment().reset(environment().task(TaskId.parse("spreadsheet/loan-eden@1/fill-row#3")))
    while not seen.done and seen.step < 4:
        action = worker.act(seen)
        assert has_desk(environment().tools) and (writes(action.tool) or action.tool in {tool.name for tool in environment().tools})
        seen = environment().step(action)


def test_a_step_makes_what_was_done_likelier() -> None:
    found = examples(demonstrations()[:2], environment().tools)
    engine = LocalEngine(build_network({"network": "workbook", "shape": TINY, "grammar": found.grammar.to_dict()}, 0), 0)
    before = engine.forward_backward(found.data, "cross_entropy").loss
    for _ in range(4):
        engine.optim_step(AdamParams(learning_rate=1e-2))
        after = engine.forward_backward(found.data, "cross_entropy").loss
    assert after < before
