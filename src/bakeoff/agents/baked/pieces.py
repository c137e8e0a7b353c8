"""Formulas as pieces that hold in other workbooks: operators and functions before what they work on, numbers, and pointers to lines with a place.

    =MIN(F23, $C$11/$C$12)    MIN:2  Opening @+0  /  Start @1$c$r  Term @1$c$r

A place is a distance in periods from the cell that the formula stands in, or a fixed one: the line's own cell, the first period, the last… Nothing
here knows what a formula is for; which pieces there are is taken from demonstrations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bakeoff.agents.apprentice.sheets import timeline
from bakeoff.agents.apprentice.sheets.formula import Binary, Call, Name, Node, Number, Range, Ref, Text, Unary
from bakeoff.agents.apprentice.sheets.grid import Book, Row

Piece = str | int
"""A word of the grammar, or the number of a line."""

_BINARY = frozenset({"+", "-", "*", "/", "^", "&", "=", "<>", "<", ">", "<=", ">="})
_UNARY = {"neg": "-", "pos": "+", "pct": "%"}
_PLACE = re.compile(r"@(?:(?P<by>[+-]\d+)|(?P<code>\d+))(?P<column>\$c)?(?P<row>\$r)?$")


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a workbook in order, and the way back."""

    rows: tuple[Row, ...]
    index: Mapping[Row, int]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Lines:
        return cls(tuple(rows), {row: at for at, row in enumerate(rows)})


def arity(piece: Piece) -> int:
    """How many parts follow a piece: a pointer is followed by its place."""
    if isinstance(piece, int) or piece in _UNARY:
        return 1
    if piece in _BINARY or piece == ":":
        return 2
    return int(piece.rpartition(":")[2]) if re.fullmatch(r"[A-Z][A-Z0-9.]*:\d+", piece) else 0


def is_place(piece: Piece) -> bool:
    return isinstance(piece, str) and piece.startswith("@")


def spell(book: Book, lines: Lines, tree: Node, home: Row, column: int) -> tuple[Piece, ...] | None:
    """The pieces of a formula that stands in a column of a line; None where a cell has no line or no place."""
    out: list[Piece] = []
    return tuple(out) if _spell(book, lines, tree, home, column, out) else None


def _spell(book: Book, lines: Lines, node: Node, home: Row, column: int, out: list[Piece]) -> bool:
    def inner(*nodes: Node) -> bool:
        return all(_spell(book, lines, part, home, column, out) for part in nodes)

    match node:
        case Number(value):
            out.append(f"n{value:.12g}")
            return True
        case Ref():
            return _point(book, lines, node, home, column, out)
        case Range(first, last):
            out.append(":")
            return inner(first, Ref(first.sheet, last.row, last.column, last.fixed_row, last.fixed_column))
        case Unary(operator, operand):
            out.append(next(name for name, sign in _UNARY.items() if sign == operator))
            return inner(operand)
        case Binary(operator, left, right):
            out.append(operator)
            return inner(left, right)
        case Call(function, arguments):
            out.append(f"{function}:{len(arguments)}")
            return inner(*arguments)
        case Name(name) if name.upper() in ("TRUE", "FALSE"):
            out.append(name.lower())
            return True
        case Text() | Name():
            return False
    return False


def _point(book: Book, lines: Lines, ref: Ref, home: Row, column: int, out: list[Piece]) -> bool:
    row = Row(ref.sheet or home.sheet, ref.row)
    at = lines.index.get(row)
    if at is None:
        return False
    series, own = book.sheets[row.sheet].series, book.sheets[home.sheet].series
    flags = "$c" * ref.fixed_column + "$r" * ref.fixed_row
    if not ref.fixed_column and ref.column in series and column in own:
        place = f"@{series.index(ref.column) - own.index(column):+d}"
    else:
        code = timeline.spot(book, row, ref.column)
        if not code or timeline.placed(book, row, code) != ref.column:
            return False
        place = f"@{code}"
    out += [at, place + flags]
    return True


def build(book: Book, lines: Lines, pieces: Sequence[Piece], home: Row, column: int) -> Node:
    """The formula that pieces say, for a column of a line. What is missing at the end is 0; a place that does not exist here is the cell's own column."""
    node, _ = _build(book, lines, pieces, 0, home, column)
    return node


def _build(book: Book, lines: Lines, pieces: Sequence[Piece], at: int, home: Row, column: int) -> tuple[Node, int]:
    if at >= len(pieces):
        return Number(0.0), at
    piece = pieces[at]
    if isinstance(piece, int):
        place = pieces[at + 1] if at + 1 < len(pieces) else "@+0"
        return _placed(book, lines.rows[piece], str(place), home, column), at + 2
    parts: list[Node] = []
    after = at + 1
    for _ in range(arity(piece)):
        part, after = _build(book, lines, pieces, after, home, column)
        parts.append(part)
    if piece in _UNARY:
        return Unary(_UNARY[piece], parts[0]), after
    if piece in _BINARY:
        return Binary(piece, parts[0], parts[1]), after
    if piece == ":":
        first, last = parts
        if isinstance(first, Ref) and isinstance(last, Ref):
            return Range(first, Ref(first.sheet, last.row, last.column, last.fixed_row, last.fixed_column)), after
        return first, after
    if parts or piece.endswith(":0"):
        return Call(piece.rpartition(":")[0], tuple(parts)), after
    if piece in ("true", "false"):
        return Name(piece.upper()), after
    return Number(float(piece[1:])) if piece.startswith("n") else Number(0.0), after


def _placed(book: Book, row: Row, place: str, home: Row, column: int) -> Ref:
    match = _PLACE.fullmatch(place)
    sheet = "" if row.sheet == home.sheet else row.sheet
    if match is None:
        return Ref(sheet, row.number, column)
    series, own = book.sheets[row.sheet].series, book.sheets[home.sheet].series
    if match["by"] is not None:
        index = (own.index(column) if column in own else 0) + int(match["by"])
        found = series[index] if 0 <= index < len(series) else column
    else:
        found = timeline.placed(book, row, int(match["code"])) or column
    return Ref(sheet, row.number, found, bool(match["row"]), bool(match["column"]))
