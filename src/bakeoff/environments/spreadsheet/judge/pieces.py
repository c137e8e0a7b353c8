"""Numbers put together from small ones: each of `12*1000+3*100+45/100` may stand in a formula, the number that they make may not.

A number counts by the pieces it is made of: one for each number written down, for each cell that nothing given reaches, for each position (ROW, COLUMNS).
A whole number that is small anyway, such as a counter of periods, counts as one piece however it was made. A text that is measured or read as a number
is as good as any number at once, and so are empty cells that are counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bakeoff.environments.spreadsheet.formulas import FormulaError, Reference, Token, reference, tokens
from bakeoff.environments.spreadsheet.functions import AREAS

MOST = 4
"""A number may be made of so many pieces, e.g. `(1/12)` of two; no figure of a model with its cents can be."""
SMALL = 120
"""Whole numbers up to this count as one piece: months, quarters, a hundred. So many cells may be counted, too."""
LONG = 12
"""A text of more characters, when measured, is as good as any number."""
_ANY = MOST + 1
_POSITIONS = frozenset(("ROW", "ROWS", "COLUMN", "COLUMNS"))
_PLAIN = frozenset(("PI", "NA", "TRUE", "FALSE"))
_COMPARISONS = frozenset(("=", "<", ">", "<=", ">=", "<>"))
_CHOOSING = frozenset(("IF", "IFS", "IFERROR", "IFNA", "CHOOSE", "SWITCH"))
_TEXTUAL = frozenset("LEFT RIGHT MID TRIM UPPER LOWER PROPER SUBSTITUTE REPLACE CONCATENATE CONCAT TEXTJOIN REPT T CHAR INDEX".split())
"""These hand texts on."""
_LOOKING = frozenset(
    "MATCH XMATCH XLOOKUP VLOOKUP HLOOKUP LOOKUP COUNTIF COUNTIFS SUMIF SUMIFS AVERAGEIF AVERAGEIFS MINIFS MAXIFS TEXT DATEDIF EXACT COUNT COUNTA "
    "ISNUMBER ISTEXT ISBLANK ISERROR ISERR ISNA ISLOGICAL".split()
)
"""For these a text is a word to look for, or a format."""
_APART = _CHOOSING | frozenset(
    ("MIN", "MAX", "AND", "OR", "XOR", "MEDIAN", "LARGE", "SMALL", "INDEX", "DATE", "ROUND", "ROUNDUP", "ROUNDDOWN")
)
"""Arguments of these do not add up to one number."""
_MEASURES = frozenset(("LEN", "FIND", "SEARCH"))
_COUNTS = frozenset(("COUNTIF", "COUNTIFS"))
"""These count empty cells, too, unless what they look for is written down."""


class Ground(Protocol):
    """What a formula's references stand on."""

    def constant(self, ref: Reference) -> Piece | None:
        """What a reference stands for when nothing given reaches it; None when something does."""

    def inside(self, ref: Reference) -> bool:
        """Whether it stays within what is filled in; a position beyond is a number like any other."""

    def hollow(self, ref: Reference) -> bool:
        """Whether it covers more than `SMALL` empty cells."""

    def wordy(self, ref: Reference) -> str:
        """Texts of the worker's own in it, joined."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a formula that no given figure reaches. `weight`: pieces it is made of; `value`: None where it is not known; `text`: it is one."""

    weight: int
    value: float | None = None
    text: bool = False

    @property
    def plain(self) -> Piece:
        """Counted as one piece where it is small and whole."""
        if self.value is not None and math.isfinite(self.value) and self.value == int(self.value) and abs(self.value) <= SMALL:
            return Piece(min(self.weight, 1), self.value)
        return self


def heaviest(formula: str, ground: Ground) -> tuple[int, Piece | None]:
    """The most pieces that any number within a formula is made of, and the whole formula as a piece when nothing given reaches it. Raises `FormulaError`."""
    reader = _Reader([token for token in tokens(formula) if token.kind != "space"], ground)
    whole = reader.expression()
    if whole is not None:
        reader.most = max(reader.most, whole.weight)
    return reader.most, whole


class _Reader:
    """Reads a formula that is known to be well formed."""

    def __init__(self, parts: list[Token], ground: Ground) -> None:
        self._parts, self._at, self._ground = parts, 0, ground
        self._digits: list[int] = []
        self._long: list[int] = []
        self._hollow: list[int] = []
        self.most = 0

    def _peek(self) -> Token:
        return self._parts[self._at] if self._at < len(self._parts) else Token("end", "")

    def _take(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _since(self, places: list[int], start: int) -> bool:
        return bool(places) and places[-1] >= start

    def _forget(self, places: list[int], start: int) -> None:
        while self._since(places, start):
            places.pop()

    def _flag(self, wrong: bool) -> None:
        if wrong:
            self.most = max(self.most, _ANY)

    def expression(self) -> Piece | None:
        """A chain of operands, sides of comparisons apart. None when something given is in it; its own constants are then counted here."""
        start = self._at
        sides = [self._side()]
        while self._peek().text in _COMPARISONS and self._peek().kind == "operator":
            self._take()
            sides.append(self._side())
        if len(sides) == 1:
            return sides[0]
        self._flag(self._since(self._hollow, start))
        self._forget(self._digits, start)
        self._forget(self._long, start)
        if all(side is not None for side in sides):
            return Piece(sum(side.weight for side in sides if side is not None))
        self._count([side for side in sides if side is not None], together=False)
        return None

    def _side(self) -> Piece | None:
        start, operators = self._at, list[str]()
        operands: list[Piece | None] = []
        signs: list[float] = []
        signed = False
        while True:
            operand, sign, marked = self._operand()
            operands.append(operand)
            signs.append(sign)
            signed |= marked
            token = self._peek()
            if token.kind != "operator" or token.text in _COMPARISONS:
                break
            operators.append(self._take().text)
        known = [piece for piece in operands if piece is not None]
        reckons = signed or any(mark != "&" for mark in operators)
        if reckons:
            self._flag(self._since(self._hollow, start) or self._since(self._digits, start))
        if len(known) == len(operands):
            if len(known) == 1 and not signed:
                return known[0]
            weight = sum(piece.weight for piece in known) + (_ANY if reckons and any(piece.text for piece in known) else 0)
            return Piece(weight, None if "&" in operators else _worked_out(known, signs, operators), "&" in operators).plain
        self._count(known, together=True)
        return None

    def _count(self, pieces: list[Piece], *, together: bool) -> None:
        weights = [piece.weight for piece in pieces]
        self.most = max(self.most, sum(weights) if together else max(weights, default=0))

    def _operand(self) -> tuple[Piece | None, float, bool]:
        """An operand, what its signs come to as a factor, and whether it has any."""
        factor, signed = 1.0, False
        while self._peek().kind == "operator" and self._peek().text in ("+", "-"):
            signed = True
            factor *= -1 if self._take().text == "-" else 1
        found = self._single()
        while self._peek() == Token("operator", "%"):
            signed = True
            self._take()
            factor /= 100
        return found, factor, signed

    def _single(self) -> Piece | None:
        token = self._take()
        if token.kind == "number":
            return Piece(1, float(token.text))
        if token.kind == "text":
            self._read(token.text[1:-1])
            return Piece(0, text=True)
        if token.kind == "ref":
            ref = reference(token.text)
            self._read(self._ground.wordy(ref))
            if self._ground.hollow(ref):
                self._hollow.append(self._at)
            found = self._ground.constant(ref)
            return None if found is None else found.plain
        if token.kind == "name":
            return Piece(1)
        if token.kind == "function":
            return self._call(token.text[:-1].upper().removeprefix("_XLFN."))
        if token.text == "(":
            found = self.expression()
            self._take()
            return found
        return Piece(1)

    def _read(self, text: str) -> None:
        """Remembers where a text stands that could be made a number."""
        if any(mark.isdigit() and mark != "0" for mark in text):
            self._digits.append(self._at)
        if len(text) > LONG:
            self._long.append(self._at)

    def _call(self, name: str) -> Piece | None:
        position, start = name in _POSITIONS, self._at
        beyond, given = False, False
        arguments: list[Piece] = []
        spans: list[tuple[int, int]] = []
        while self._peek().text != ")" and self._peek().kind != "end":
            if self._peek().text == ",":
                self._take()
                continue
            if position and self._peek().kind == "ref":
                beyond |= not self._ground.inside(reference(self._take().text))
                continue
            first = self._at
            argument = self.expression()
            spans.append((first, self._at))
            if argument is None:
                given = True
            else:
                arguments.append(argument)
        self._take()
        if position:
            return Piece(_ANY if beyond else 1)
        if self._since(self._hollow, start):
            self._flag(name not in AREAS or name == "COUNTBLANK" or (name in _COUNTS and not all(map(self._names, spans[1::2]))))
            self._forget(self._hollow, start)
        if name in _LOOKING:
            self._forget(self._digits, start)
            self._forget(self._long, start)
        elif name not in _TEXTUAL | _CHOOSING:
            self._flag(self._since(self._digits, start) or (name in _MEASURES and self._since(self._long, start)))
            self._forget(self._digits, start)
            self._forget(self._long, start)
        if given:
            self._count(arguments, together=name not in _APART)
            return None
        if name in _PLAIN:
            return Piece(1)
        return Piece(sum(piece.weight for piece in arguments) + 1 + _ANY * any(piece.text for piece in arguments), None, name in _TEXTUAL)

    def _names(self, span: tuple[int, int]) -> bool:
        """Whether a condition is written down and no empty cell meets it."""
        token = self._parts[span[0]]
        return span[1] == span[0] + 1 and (
            token.kind == "number" or (token.kind == "text" and not token.text.startswith(('""', '"="', '"<>')))
        )


def _worked_out(pieces: Sequence[Piece], signs: Sequence[float], operators: Sequence[str]) -> float | None:
    """The value of a chain of known numbers, where it has one. A sign binds more closely than a power, and powers go from left to right, as in Excel."""
    values = []
    for piece, sign in zip(pieces, signs, strict=True):
        if piece.value is None or piece.text:
            return None
        values.append(piece.value * sign)
    marks = list(operators)
    try:
        for level in ("^", "*/", "+-"):
            left, rest = [values[0]], list[str]()
            for mark, value in zip(marks, values[1:], strict=True):
                if mark not in level:
                    rest.append(mark)
                    left.append(value)
                elif mark == "^":
                    left[-1] = float(left[-1] ** value)
                else:
                    left[-1] = {"*": left[-1] * value, "/": left[-1] / value if mark == "/" else 0.0, "+": left[-1] + value}.get(
                        mark, left[-1] - value
                    )
            values, marks = left, rest
    except (ArithmeticError, ValueError, TypeError):
        return None
    return values[0]


__all__ = ["MOST", "FormulaError", "Ground", "Piece", "heaviest"]
