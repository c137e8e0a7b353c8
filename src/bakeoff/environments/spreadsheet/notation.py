"""From the notation of a line to a formula in A1, for any layout, sign convention and way of writing rates.

A line that the house shows negative is minus what the notation means by it, and a rate may be shown as 5 instead of 0.05. The compiler carries
signs through sums, products and functions, so that `revenue - costs` becomes `=C5+C7` in a house with negative costs, as its analysts write it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from bakeoff.environments.spreadsheet.model import Line, Model
from bakeoff.environments.spreadsheet.spec import Spot

Place = Callable[[str, int], Spot]
"""Key of a line and period (0 is the first of the timeline; any number for a scalar) -> its cell."""

_COMPARISONS = {ast.Gt: ">", ast.Lt: "<", ast.GtE: ">=", ast.LtE: "<=", ast.Eq: "=", ast.NotEq: "<>"}
_ATOM, _POWER, _PRODUCT, _SUM, _COMPARISON = 4, 3, 2, 1, 0
# Which arguments of a function carry their sign through to its result; of others none does.
_CARRIES = {
    "SUM": slice(0, None),
    "AVERAGE": slice(0, None),
    "MEDIAN": slice(0, None),
    "IFERROR": slice(0, None),
    "IF": slice(1, None),
    "CHOOSE": slice(1, None),
    "NPV": slice(1, None),
    "ROUND": slice(0, 1),
    "INDEX": slice(0, 1),
    "LARGE": slice(0, 1),
    "QUARTILE": slice(0, 0),
}


@dataclass(frozen=True, slots=True)
class Style:
    """Idioms: different ways of writing the same thing.

    Attributes:
        sums: `range` writes SUM over neighbouring cells, `plus` a chain of +.
        extremes: `function` writes MIN and MAX, `if` a comparison.
        products: `plain`, or `reversed` with factors the other way round.
        named: scalar key -> a defined name to use instead of its address.
        anchors: `full` writes $C$5 for scalars, `none` leaves them relative (wrong when filled; for mutants).
        sheet: the sheet on which the formula stands; empty for the line's own.
    """

    sums: str = "range"
    extremes: str = "function"
    products: str = "plain"
    named: Mapping[str, str] | None = None
    anchors: str = "full"
    sheet: str = ""


PLAIN = Style()


@dataclass(frozen=True, slots=True)
class Shown:
    """How a house shows numbers: keys of lines shown negative, and what a rate of 1 is written as (1, 100 or 10000)."""

    negative: frozenset[str] = frozenset()
    rate: int = 1

    def scale(self, line: Line) -> float:
        """What stands in the cell is the number times this."""
        return (-1.0 if line.key in self.negative else 1.0) * (self.rate if line.unit == "rate" else 1.0)


@dataclass(frozen=True, slots=True)
class _Term:
    sign: int
    text: str
    precedence: int
    powered: bool = False

    def at_least(self, precedence: int) -> str:
        """The text, without its sign, in brackets where it binds too loosely."""
        return self.text if self.precedence >= precedence else f"({self.text})"

    @property
    def signed(self) -> str:
        """With its sign. A spreadsheet's minus binds tighter than its power, so a power is put into brackets."""
        if self.sign > 0:
            return self.text
        return f"-({self.text})" if self.precedence <= _SUM or self.powered else f"-{self.text}"


@lru_cache(maxsize=4096)
def parse(notation: str) -> ast.expr:
    """The expression of a rule. Raises `SyntaxError` on a slip of the family's author."""
    return ast.parse(notation.strip(), mode="eval").body


@lru_cache(maxsize=4096)
def references(notation: str) -> tuple[tuple[str, str], ...]:
    """The lines a rule refers to, as (key, index); the index is `` for the same period, `-1`, `ahead`, `so_far`, `:`…"""
    found: list[tuple[str, str]] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            found.append((node.value.id, ast.unparse(node.slice)))
        elif isinstance(node, ast.Call):
            for argument in node.args:
                visit(argument)
        elif isinstance(node, ast.Name):
            found.append((node.id, ""))
        else:
            for child in ast.iter_child_nodes(node):
                visit(child)

    visit(parse(notation))
    return tuple(dict.fromkeys(found))


class Compiler:
    """Writes formulas of one model in one layout.

    Args:
        place: where lines stand.
        across: whether time runs to the right; a range of periods is then anchored by its columns, else by its rows.
    """

    def __init__(self, model: Model, place: Place, shown: Shown, *, across: bool) -> None:
        self.model, self.place, self.shown, self.across = model, place, shown, across
        self._lines = {line.key: line for line in model.lines}
        self._beside = {line.beside for line in model.lines if line.beside}

    def formula(self, line: Line, notation: str, period: int, style: Style = PLAIN) -> str:
        """The formula of a line in a period, with its equals sign."""
        home = style.sheet or self.place(line.key, period).sheet
        term = self._emit(parse(notation), period, home, style)
        if line.unit == "rate" and self.shown.rate != 1:
            term = self._as_shown(term)
        if line.key in self.shown.negative:
            term = _negated(term)
        return f"={term.signed}"

    def _as_shown(self, term: _Term) -> _Term:
        """A rate, written as the house writes rates; one that is merely another cell stays as it is."""
        rate = str(self.shown.rate)
        bare = term.text.removesuffix(f"/{rate}")
        if bare != term.text and not set(bare) & set("+*/^(,-"):
            return _Term(term.sign, bare, _ATOM)
        return _Term(term.sign, f"{term.at_least(_PRODUCT)}*{rate}", _PRODUCT, term.powered)

    # --- expressions -------------------------------------------------------------------------------------------------------------

    def _emit(self, node: ast.expr, period: int, home: str, style: Style) -> _Term:
        if isinstance(node, ast.Constant):
            return _Term(1, repr(node.value), _ATOM)
        if isinstance(node, ast.Name):
            return self._cell(node.id, "", period, home, style)
        if isinstance(node, ast.Subscript):
            assert isinstance(node.value, ast.Name)
            return self._cell(node.value.id, ast.unparse(node.slice), period, home, style)
        if isinstance(node, ast.UnaryOp):
            term = self._emit(node.operand, period, home, style)
            return _negated(term) if isinstance(node.op, ast.USub) else term
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.Add | ast.Sub):
                terms = [(minus, self._emit(item, period, home, style)) for minus, item in _addends(node)]
                return _sum([_negated(term) if minus else term for minus, term in terms])
            return self._product(node, period, home, style)
        if isinstance(node, ast.Compare):
            left, right = (self._emit(side, period, home, style).signed for side in (node.left, node.comparators[0]))
            return _Term(1, f"{left}{_COMPARISONS[type(node.ops[0])]}{right}", _COMPARISON)
        if isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Name)
            return self._call(node.func.id, node.args, period, home, style)
        raise SyntaxError(f"the notation has no {type(node).__name__}")

    def _product(self, node: ast.BinOp, period: int, home: str, style: Style) -> _Term:
        left, right = self._emit(node.left, period, home, style), self._emit(node.right, period, home, style)
        sign = left.sign * right.sign
        if isinstance(node.op, ast.Pow):
            exponent = right.text if right.precedence == _ATOM and right.sign > 0 else f"({right.signed})"
            base = left.at_least(_ATOM) if left.sign > 0 else f"({left.signed})"
            return _Term(1, f"{base}^{exponent}", _POWER, powered=True)
        if isinstance(node.op, ast.Div):
            return _Term(sign, f"{left.at_least(_PRODUCT)}/{right.at_least(_POWER)}", _PRODUCT, left.powered)
        if style.products == "reversed" and left.precedence >= _POWER:
            left, right = right, left
        return _Term(sign, f"{left.at_least(_PRODUCT)}*{right.at_least(_PRODUCT)}", _PRODUCT, left.powered)

    def _is_scaled(self, arguments: list[ast.expr]) -> bool:
        """Whether the house writes these rows otherwise than the reference: dividing a whole range is not for SUM to do."""
        keys = [item.value.id for item in arguments if isinstance(item, ast.Subscript) and isinstance(item.value, ast.Name)]
        return self.shown.rate != 1 and any(self._lines[key].unit == "rate" for key in keys if key in self._lines)

    def _call(self, name: str, arguments: list[ast.expr], period: int, home: str, style: Style) -> _Term:
        if name == "SUM" and all(isinstance(item, ast.Name | ast.Subscript) for item in arguments) and not self._is_scaled(arguments):
            return self._total(arguments, period, home, style)
        terms = [self._emit(item, period, home, style) for item in arguments]
        if name in ("MIN", "MAX"):
            return _extreme(name, terms, style)
        sign = 1
        if name == "ABS":
            terms = [replace(terms[0], sign=1)]
        elif name == "SUMPRODUCT":
            for term in terms:
                sign *= term.sign
            terms = [replace(term, sign=1) for term in terms]
        else:
            carried = terms[_CARRIES.get(name, slice(0, 0))]
            if carried and _common(carried) < 0:
                sign = -1
                terms[_CARRIES[name]] = [_negated(term) for term in carried]
        # A range of rates is written as the house writes rates; what a function makes of it is brought back to a share of one.
        rate = f"/{self.shown.rate}"
        scaled = [term for term in terms if ":" in term.text and term.text.endswith(rate)]
        if scaled:
            terms = [replace(term, text=term.text.removesuffix(rate)) if term in scaled else term for term in terms]
            return _Term(sign, f"{name}({','.join(term.signed for term in terms)}){rate * len(scaled)}", _PRODUCT)
        return _Term(sign, f"{name}({','.join(term.signed for term in terms)})", _ATOM)

    def _total(self, arguments: list[ast.expr], period: int, home: str, style: Style) -> _Term:
        """A sum of lines: over a range where they stand together, else one after another."""
        terms = [self._emit(item, period, home, style) for item in arguments]
        if len(arguments) == 1:
            return _Term(terms[0].sign, f"SUM({terms[0].text})", _ATOM) if ":" in terms[0].text else terms[0]
        keys = [item.id for item in arguments if isinstance(item, ast.Name)]
        spots = [self.place(key, period) for key in keys]
        together = (
            len(keys) == len(arguments)
            and len({term.sign for term in terms}) == 1
            and len({spot.sheet for spot in spots}) == 1
            and len({self._lines[key].scalar for key in keys}) == 1
            and all(term.precedence == _ATOM for term in terms)
            and _run(spots)
        )
        if style.sums == "range" and together:
            ordered = sorted(spots)
            fixed = self._lines[keys[0]].scalar
            ends = ":".join(_anchored(spot, column=fixed, row=fixed) for spot in (ordered[0], ordered[-1]))
            return _Term(terms[0].sign, f"SUM({_from(ordered[0], home)}{ends})", _ATOM)
        return _sum(terms)

    # --- references --------------------------------------------------------------------------------------------------------------

    def _cell(self, key: str, index: str, period: int, home: str, style: Style) -> _Term:
        line = self._lines[key]
        sign = -1 if key in self.shown.negative else 1
        text = self._address(line, index, period, home, style)
        if line.unit == "rate" and self.shown.rate != 1:
            return _Term(sign, f"{text}/{self.shown.rate}", _PRODUCT)
        return _Term(sign, text, _ATOM)

    def _address(self, line: Line, index: str, period: int, home: str, style: Style) -> str:
        key, last, fixed = line.key, self.model.span - 1, style.anchors != "none"
        if line.scalar:
            if style.named and key in style.named:
                return style.named[key]
            spot = self.place(key, 0)
            beside = key in self._beside
            return _from(spot, home) + _anchored(
                spot, column=fixed and (self.across or not beside), row=fixed and not (self.across and beside)
            )
        if index == "" or index.lstrip("+-").isdigit():
            spot = self.place(key, period + int(index or 0))
            return _from(spot, home) + spot.a1
        if index in ("last", "latest", "opening"):
            spot = self.place(key, {"last": last, "latest": self.model.past - 1, "opening": 0}[index])
            return _from(spot, home) + _anchored(spot, column=self.across and fixed, row=not self.across and fixed)
        start, end = {"ahead": (self.model.past, last), ":": (0, last), "so_far": (0, period), "since": (self.model.past, period)}[index]
        first, final = self.place(key, start), self.place(key, end)
        held = fixed and index in ("ahead", ":")
        head = _anchored(first, column=self.across and fixed, row=not self.across and fixed)
        tail = _anchored(final, column=self.across and held, row=not self.across and held)
        return f"{_from(first, home)}{head}:{tail}"


def _extreme(name: str, terms: list[_Term], style: Style) -> _Term:
    sign = _common(terms)
    if sign < 0:
        name, terms = ("MAX" if name == "MIN" else "MIN"), [_negated(term) for term in terms]
    if style.extremes == "if" and len(terms) == 2 and not any(":" in term.text for term in terms):
        first, second = (term.signed for term in terms)
        return _Term(sign, f"IF({first}{'<' if name == 'MIN' else '>'}{second},{first},{second})", _ATOM)
    return _Term(sign, f"{name}({','.join(term.signed for term in terms)})", _ATOM)


def _addends(node: ast.expr) -> list[tuple[bool, ast.expr]]:
    """The terms of a sum, each with whether it is taken away."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        minus = isinstance(node.op, ast.Sub)
        return _addends(node.left) + [(was != minus, item) for was, item in _addends(node.right)]
    return [(False, node)]


def _sum(terms: list[_Term]) -> _Term:
    """A sum with its first positive term in front; all negative: the sign is taken out."""
    flat = [term for term in terms if term.text != "0"] or terms[:1]
    if len(flat) == 1:
        return flat[0]
    sign = _common(flat)
    if sign < 0:
        flat = [_negated(term) for term in flat]
    lead = next(index for index, term in enumerate(flat) if term.sign > 0)
    ordered = [flat[lead], *flat[:lead], *flat[lead + 1 :]]
    text = ordered[0].at_least(_SUM)
    for term in ordered[1:]:
        text += ("+" if term.sign > 0 else "-") + term.at_least(_SUM if term.sign > 0 else _PRODUCT)
    return _Term(sign, text, _SUM, ordered[0].powered)


def _negated(term: _Term) -> _Term:
    return term if term.text == "0" else replace(term, sign=-term.sign)


def _common(terms: list[_Term]) -> int:
    """-1 when every term but zeros is negative, else 1."""
    telling = [term for term in terms if term.text != "0"]
    return -1 if telling and all(term.sign < 0 for term in telling) else 1


def _run(spots: list[Spot]) -> bool:
    """Whether cells stand next to each other in one row or one column."""
    rows, columns = sorted(spot.row for spot in spots), sorted(spot.column for spot in spots)
    down, right = ({b - a for a, b in pairwise(places)} for places in (rows, columns))
    return (down == {1} and right == {0}) or (down == {0} and right == {1})


def _from(spot: Spot, home: str) -> str:
    return "" if spot.sheet == home else str(spot).rpartition("!")[0] + "!"


def _anchored(spot: Spot, *, column: bool, row: bool) -> str:
    letters = spot.a1.rstrip("0123456789")
    return f"{'$' if column else ''}{letters}{'$' if row else ''}{spot.row}"
