"""Training examples from expert data in workbooks: what was done, and formulas that could be seen beside it.

A demonstration shows some thirty lines, of which the expert writes one to ten. The others' formulas are right too where the expert left them alone, so
some of them are asked for as well: the line's label, the sentence about it and its past are shown, its formula ahead is to be said. In a part of the
demonstrations all labels have made-up names.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bakeoff.agents.baked.deskwork import DeskGrammar, formulas, writes
from bakeoff.agents.baked.pieces import Piece, spell
from bakeoff.agents.baked.workbook import Cloze, Desk, Eyes, Row, spans, tree_of
from bakeoff.core import Action, Tool, Trajectory
from bakeoff.training.examples import RARE, Examples
from bakeoff.training.protocol import Datum

CLOZES = 8
"""Formulas asked for beside each demonstration."""
MADE_UP = 0.5
"""Share of demonstrations whose labels are shown under made-up names: what a line is called differs from house to house, how papers speak of it less."""


def desk_examples(demos: Sequence[Trajectory], tools: Sequence[Tool], grammar: DeskGrammar | None = None) -> Examples:
    """All examples of some demonstrations; with a grammar, in its words, else with the pieces of their formulas as lexicon."""
    found: list[tuple[str, Desk, Action]] = []
    clozes: list[tuple[str, Cloze, tuple[Piece, ...]]] = []
    needed: Counter[str] = Counter()
    for demo in demos:
        task, eyes, seen = str(demo.task.id), Eyes(), demo.first
        salt = task if random.Random(f"made up/{task}").random() < MADE_UP else ""
        words: set[str] = set()
        written: set[Row] = set()
        for step in demo.steps:
            desk = replace(eyes.look(seen), salt=salt)
            found.append((task, desk, step.action))
            for home, pieces in _written(step.action, desk):
                written.add(home)
                words.update(piece for piece in pieces if isinstance(piece, str))
            if step.action.tool == "finish":
                for line, pieces in _others(desk, written, task):
                    clozes.append((task, Cloze(desk, line), pieces))
                    words.update(piece for piece in pieces if isinstance(piece, str))
            eyes.did(step.action, seen)
            seen = step.observation
        needed.update(words)
    if grammar is None:
        grammar = DeskGrammar.of(tools, tuple(sorted(word for word, count in needed.items() if count >= RARE)))
    out = Examples([], [], grammar)
    for task, desk, action in found:
        ids = grammar.write(action, desk)
        if ids is None:
            out.unsaid += 1
            out.faults[action.tool] += 1
        else:
            out.data.append(Datum(desk, ids, {"weights": np.ones(len(ids))}))
            out.tasks.append(task)
    for task, cloze, pieces in clozes:
        said = grammar.formula(pieces)
        if said is not None:
            out.data.append(Datum(cloze, tuple(said), {"weights": np.ones(len(said))}))
            out.tasks.append(task)
    return out


def _written(action: Action, desk: Desk) -> list[tuple[Row, tuple[Piece, ...]]]:
    """Lines that an action writes, with the pieces of their formulas."""
    if not writes(action.tool):
        return []
    where = spans(desk.book, str(action.arguments["cell"]))
    if where is None:
        return []
    (row, column), _ = where
    out = []
    for number, content in enumerate(formulas(action) or ()):
        home = Row(row.sheet, row.number + number)
        tree = tree_of(desk.book, content, home.sheet) if content.startswith("=") else None
        out.append((home, (tree is not None and spell(desk.book, desk.lines, tree, home, column)) or ()))
    return out


def _others(desk: Desk, written: set[Row], task: str) -> list[tuple[int, tuple[Piece, ...]]]:
    """Some lines that the expert left alone, with the one formula that stands in all their open periods."""
    found = []
    for line, row in enumerate(desk.lines.rows):
        present = desk.present(line)
        if row not in written and len(present) == 1 and present[0]:
            found.append((line, present[0]))
    return random.Random(f"others/{task}").sample(found, k=min(CLOZES, len(found)))
