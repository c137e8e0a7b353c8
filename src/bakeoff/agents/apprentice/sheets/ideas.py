"""An idea of how a row is reckoned: a shape with places for operands, and the rows that stand there. Independent of where the row stands."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from bakeoff.agents.apprentice.sheets.formula import (
    Node,
    Ref,
    Unknown,
    Unreadable,
    Value,
    as_number,
    parse,
    places,
    rebuild,
    reckon,
    render,
)
from bakeoff.agents.apprentice.sheets.grid import Book, Row

FAR = 3  # references further away than this many periods are taken to mean a fixed cell


@dataclass(frozen=True, slots=True, order=True)
class Operand:
    """A row at the same period, `lag` periods earlier, or, where `fixed` is a column, always that one cell."""

    row: Row
    lag: int = 0
    fixed: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Idea:
    """`shape` is a formula with `{0}`, `{1}`, … for its operands, e.g. `{0}*(1+{1})`."""

    shape: str
    operands: tuple[Operand, ...]

    def tree(self, book: Book, home: Row, column: int) -> Node:
        """The formula for one cell of the home row. Raises `Unreadable` for an operand left of the first column."""

        def change(slot: Ref) -> Ref:
            operand = self.operands[slot.row - 1]
            if operand.fixed:
                return Ref(operand.row.sheet, operand.row.number, operand.fixed, fixed_column=True)
            at = book.column_on(operand.row.sheet, home, column) - operand.lag
            if at < 1:
                raise Unreadable("left of the sheet")
            return Ref(operand.row.sheet, operand.row.number, at)

        return rebuild(outline(self.shape), change)

    def formula(self, book: Book, home: Row, column: int) -> str:
        """What is typed into the cell."""
        return book.written(self.tree(book, home, column), home.sheet)

    def value(self, book: Book, home: Row, column: int, look: Callable[[Ref], Value] | None = None) -> float | None:
        """What it gives there; None where it cannot be known."""
        try:
            value = reckon(self.tree(book, home, column), look or book.look)
        except (Unknown, Unreadable, OverflowError):
            return None
        if value is None or isinstance(value, str):
            return None
        return float(value) if math.isfinite(float(value)) else None


@lru_cache(maxsize=4000)
def outline(shape: str) -> Node:
    """A shape as a tree whose cells are its slots: slot `{0}` is row 1."""
    text = shape
    for slot in range(20):
        text = text.replace("{" + str(slot) + "}", f"A{slot + 1}")
    return parse(text)


@lru_cache(maxsize=4000)
def slots(shape: str) -> int:
    """How many operands a shape takes."""
    return max((int(piece.split("}")[0]) + 1 for piece in shape.split("{")[1:]), default=0)


def abstract(book: Book, tree: Node, home: Row, column: int) -> Idea | None:
    """The idea behind a formula that stands in a cell of the home row; None for one with too many operands."""
    found: list[Operand] = []
    scalar = column not in book.sheets[home.sheet].series

    def slot(ref: Ref) -> Ref:
        sheet = ref.sheet or home.sheet
        lag = book.column_on(sheet, home, column) - ref.column
        fixed = ref.fixed_column or scalar or abs(lag) > FAR or ref.column not in book.sheets.get(sheet, book.sheets[home.sheet]).series
        operand = Operand(Row(sheet, ref.row), fixed=ref.column) if fixed else Operand(Row(sheet, ref.row), lag)
        if operand not in found:
            found.append(operand)
        return Ref("", found.index(operand) + 1, 1)

    shape = rebuild(tree, slot)
    if len(found) > 12 or sum(1 for _ in places(tree)) > 16:
        return None
    return Idea(render(shape, lambda ref: f"{{{ref.row - 1}}}"), tuple(found))


def anchored(shape: str) -> int:
    """How many characters a shape has, as a measure of how simple it is: each operand counts for one."""
    text = shape
    for slot in range(20):
        text = text.replace("{" + str(slot) + "}", "x")
    return len(text)


def probe(idea: Idea) -> tuple[object, ...]:
    """Equal for ideas that reckon the same from the same rows, however they are written: tried with numbers, with numbers of mixed signs, with zeros."""
    if ":" in idea.shape:
        return (idea,)
    marks = [zlib.crc32(f"{o.row.sheet}|{o.row.number}|{o.lag}|{o.fixed}".encode()) for o in idea.operands]
    above = [0.5 + mark / 2**32 for mark in marks]
    mixed = [number if mark & 1 else -number for number, mark in zip(above, marks, strict=True)]
    tree = outline(idea.shape)

    def at(line: list[float]) -> float | str:
        value = as_number(reckon(tree, lambda slot: line[slot.row - 1]))
        return round(value, 9) + 0.0 if math.isfinite(value) else "error"

    try:
        return (frozenset(idea.operands), *map(at, (above, mixed, [-number for number in mixed], [0.0] * len(above))))
    except (Unknown, OverflowError):
        return (idea,)
