"""Slips that analysts make in a line: the errors that repair tasks seed, and the near misses that a verifier must refuse."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bakeoff.environments.spreadsheet import formulas
from bakeoff.environments.spreadsheet.draft import Draft
from bakeoff.environments.spreadsheet.layout import Layout
from bakeoff.environments.spreadsheet.model import DATA, Line
from bakeoff.environments.spreadsheet.notation import PLAIN, parse, references
from bakeoff.environments.spreadsheet.spec import Spot, Values

Change = Callable[[Draft, Layout, Values], Draft | None]


@dataclass(frozen=True, slots=True)
class Slip:
    """One wrong way to write a line. `apply` gives the draft with the slip in it, or None where it cannot be made there.

    `kind`: wrong-range, broken-anchor, sign, unit, hard-code, stale-link, off-by-one, and for mutants alone pasted, short, basis…
    `repairable`: may be seeded for a repair task.
    """

    kind: str
    claim: str
    line: Line
    change: Change
    repairable: bool = True

    def apply(self, draft: Draft, layout: Layout, base: Values) -> Draft | None:
        return self.change(draft, layout, base)


def slips(layout: Layout, line: Line, rng: random.Random) -> list[Slip]:
    """Slips in a line, each of another kind where that is possible."""
    label = layout.house.label(line)
    found = [*_notational(layout, line, label, rng)]
    if not line.scalar:
        found.append(Slip("broken-anchor", f"{label}: references that should stay fixed move along when filled", line, _unanchored(line)))
        period = rng.randrange(layout.model.past, layout.model.span)
        found.append(Slip("hard-code", f"{label}: {layout.caption(period)} is a typed number", line, _typed(line, period, 1.0)))
        found.append(
            Slip(
                "stale-number",
                f"{label}: {layout.caption(period)} is a typed number from an older version",
                line,
                _typed(line, period, rng.choice((0.9, 1.05, 1.12))),
            )
        )
    found.append(Slip("unit", f"{label}: a thousand times too large", line, _wrapped(line, lambda text: f"=({text})*1000")))
    return found


def rewritten(line: Line, notation: str) -> Change:
    """The line written after another rule, over all forecast periods."""

    def change(draft: Draft, layout: Layout, base: Values) -> Draft | None:
        other = draft.copy()
        for index, spot in enumerate(layout.spots(line.key)):
            period = layout.model.past + index
            if any(index.lstrip("-+").isdigit() and not 0 <= period + int(index) < layout.model.span for _, index in references(notation)):
                return None
            other.put(spot, layout.compiler.formula(line, notation, period, PLAIN))
        return other

    return change


def _wrapped(line: Line, wrap: Callable[[str], str]) -> Change:
    def change(draft: Draft, layout: Layout, base: Values) -> Draft | None:
        other = draft.copy()
        for spot in layout.spots(line.key):
            other.put(spot, wrap(str(draft.content(spot)).removeprefix("=")))
        return other

    return change


def _typed(line: Line, period: int, factor: float) -> Change:
    def change(draft: Draft, layout: Layout, base: Values) -> Draft | None:
        spot = layout.spot(line.key, period)
        value = draft.values([spot])[spot]
        if not isinstance(value, int | float) or value == 0:
            return None
        other = draft.copy()
        other.put(spot, round(float(value) * factor, 6))
        return other

    return change


def _unanchored(line: Line) -> Change:
    """The first formula without its dollar signs, filled over the rest."""

    def change(draft: Draft, layout: Layout, base: Values) -> Draft | None:
        spots = layout.spots(line.key)
        first = str(draft.content(spots[0]))
        loose = formulas.rewritten(first, _loosened)
        if loose == first or len(spots) < 2:
            return None
        other = draft.copy()
        for spot in spots:
            other.put(spot, shifted(loose, spots[0], spot))
        return other

    return change


def _loosened(reference: formulas.Reference) -> formulas.Reference:
    def corner(old: formulas.Corner) -> formulas.Corner:
        return replace(old, fixed_row=False, fixed_column=False)

    return replace(reference, first=corner(reference.first), last=None if reference.last is None else corner(reference.last))


def shifted(formula: str, origin: Spot, target: Spot) -> str:
    """A formula as it reads when copied from one cell to another."""
    return formulas.moved(formula, target.row - origin.row, target.column - origin.column)


# --- slips in the rule itself ----------------------------------------------------------------------------------------------------------


def _notational(layout: Layout, line: Line, label: str, rng: random.Random) -> Iterator[Slip]:
    tree = parse(line.ahead)
    model = layout.model
    for kind, claim, notation in _edits(tree, layout, line, rng):
        if notation != ast.unparse(tree) and all(key in model.keys for key, _ in references(notation)):
            yield Slip(kind, f"{label}: {claim}", line, rewritten(line, notation))


def _edits(tree: ast.expr, layout: Layout, line: Line, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Other rules that differ in one place: (kind, claim, notation)."""
    nodes = list(ast.walk(tree))
    sums = [
        node
        for node in nodes
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and not isinstance(node.right, ast.Constant)
    ]
    if sums:
        node = rng.choice(sums)
        flipped = ast.BinOp(node.left, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add(), node.right)
        yield "sign", "one term has the wrong sign", _with(tree, node, flipped)
        node = rng.choice(sums)
        yield "missing-term", "one term is left out", _with(tree, node, node.left)
    for call in [node for node in nodes if isinstance(node, ast.Call)]:
        name = ast.unparse(call.func)
        if name == "SUM" and len(call.args) > 1:
            dropped = rng.randrange(len(call.args))
            rest = [item for index, item in enumerate(call.args) if index != dropped]
            yield "wrong-range", "the sum leaves a row out", _with(tree, call, ast.Call(call.func, rest, []))
        if name in ("MIN", "MAX"):
            other = "MAX" if name == "MIN" else "MIN"
            yield "basis", f"{other} where it should be {name}", _with(tree, call, ast.Call(ast.Name(other), call.args, []))
        if name == "IF":
            branches = [call.args[0], call.args[2], call.args[1]]
            yield "basis", "the two branches are the wrong way round", _with(tree, call, ast.Call(call.func, branches, []))
    divisions = [
        node for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant)
    ]
    if divisions:
        node = rng.choice(divisions)
        yield "unit", "not brought to the sheet's unit", _with(tree, node, node.left)
    yield from _reference_edits(tree, layout, line, rng)


def _reference_edits(tree: ast.expr, layout: Layout, line: Line, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    model = layout.model
    indexed = [node for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    inside = {id(part) for node in indexed for part in ast.walk(node)}
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    plain = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in inside | called]
    series = [node for node in plain if not model.line(node.id).scalar]
    if not line.scalar and model.past > 0:
        for node in rng.sample(series, k=min(1, len(series))):
            before = ast.Subscript(ast.Name(node.id), ast.UnaryOp(ast.USub(), ast.Constant(1)))
            if node.id != line.key and (model.past > 1 or model.line(node.id).past != ""):
                yield "off-by-one", f"takes {layout.house.label(model.line(node.id))} from the period before", _with(tree, node, before)
        for item in indexed:
            key = ast.unparse(item.value)
            if ast.unparse(item.slice) == "-1" and key != line.key and not _reaches(layout, key, line.key):
                yield "off-by-one", f"takes {layout.house.label(model.line(key))} from the same period", _with(tree, item, ast.Name(key))
    for node in rng.sample(plain, k=len(plain)):
        taken = model.line(node.id)
        near = [
            other
            for other in model.lines
            if other.key not in (taken.key, line.key)
            and other.unit == taken.unit
            and other.scalar == taken.scalar
            and not other.check
            and (other.section == taken.section or other.term == taken.term)
            and other.ahead != ""
            and not _reaches(layout, other.key, line.key)
        ]
        if near:
            other = rng.choice(near)
            yield (
                "stale-link",
                f"takes {layout.house.label(other)} instead of {layout.house.label(taken)}",
                _with(tree, node, ast.Name(other.key)),
            )
            return


def _reaches(layout: Layout, key: str, target: str) -> bool:
    """Whether a line takes its figures, in the same period, from another: then the other way round would be a circle."""
    seen, todo = set(), [key]
    while todo:
        at = todo.pop()
        if at == target:
            return True
        if at in seen:
            continue
        seen.add(at)
        line = layout.model.line(at)
        if line.ahead not in (DATA, ""):
            todo += [other for other, _ in references(line.ahead)]
    return False


def _with(tree: ast.expr, old: ast.AST, new: ast.expr) -> str:
    """The notation in which one node is another."""

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return new if node is old else ast.NodeTransformer.generic_visit(self, _copy(node))

    swapped = Swap().visit(tree)
    return ast.unparse(ast.fix_missing_locations(swapped))


def _copy(node: ast.AST) -> ast.AST:
    """A shallow copy, so that the parsed rule, which is shared, stays as it is."""
    fields = {name: list(value) if isinstance(value, list) else value for name, value in ast.iter_fields(node)}
    return type(node)(**fields)
