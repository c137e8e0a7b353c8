"""Numbers put together from small ones: each of `12*1000+3*100+45/100` may stand in a formula, the number that they make may not.

A number counts by the pieces it is made of: one for each number written down, for each cell that nothing given reaches, for each position (ROW, COLUMNS).
A whole number that is small anyway, such as a counter of periods, counts as one piece however it was made. A text that is measured or read as a number
is as good as any number at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from bakeoff.environments.spreadsheet.formulas import FormulaError, Reference, Token, reference, tokens

MOST = 4
"""A number may be made of so many pieces, e.g. `(1/12)` of two; no figure of a model with its cents can be."""
SMALL = 120
"""Whole numbers up to this count as one piece: months, quarters, a hundred."""
_TEXT = MOST + 1
_POSITIONS = frozenset(("ROW", "ROWS", "COLUMN", "COLUMNS"))
_PLAIN = frozenset(("PI", "NA", "TRUE", "FALSE"))
_COMPARISONS = frozenset(("=", "<", ">", "<=", ">=", "<>"))

Constant = Callable[[Reference], "Piece | None"]
"""What a reference stands for when nothing given reaches it; None when something does."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a formula that no given figure reaches. `weight`: pieces it is made of; `value`: None where it is not known."""

    weight: int
    value: float | None = None

    @property
    def plain(self) -> Piece:
        """Counted as one piece where it is small and whole."""
        if self.value is not None and math.isfinite(self.value) and self.value == int(self.value) and abs(self.value) <= SMALL:
            return Piece(min(self.weight, 1), self.value)
        return self


def heaviest(formula: str, constant: Constant, inside: Callable[[Reference], bool]) -> tuple[int, Piece | None]:
    """The most pieces that any number within a formula is made of, and the whole formula as a piece when nothing given reaches it.

    `inside`: whether a reference stays within what is filled in; a position beyond it is a number like any other. Raises `FormulaError`.
    """
    reader = _Reader([token for token in tokens(formula) if token.kind != "space"], constant, inside)
    whole = reader.expression()
    if whole is not None:
        reader.most = max(reader.most, whole.weight)
    return reader.most, whole


class _Reader:
    """Reads a formula that is known to be well formed."""

    def __init__(self, parts: list[Token], constant: Constant, inside: Callable[[Reference], bool]) -> None:
        self._parts, self._at, self._constant, self._inside = parts, 0, constant, inside
        self.most = 0

    def _peek(self) -> Token:
        return self._parts[self._at] if self._at < len(self._parts) else Token("end", "")

    def _take(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def expression(self) -> Piece | None:
        """A chain of operands, sides of comparisons apart. None when something given is in it; its own constants are then counted here."""
        sides = [self._side()]
        while self._peek().text in _COMPARISONS and self._peek().kind == "operator":
            self._take()
            sides.append(self._side())
        if len(sides) == 1:
            return sides[0]
        if all(side is not None for side in sides):
            return Piece(sum(side.weight for side in sides if side is not None))
        self._count([side for side in sides if side is not None], together=False)
        return None

    def _side(self) -> Piece | None:
        text, operands = "", []
        while True:
            operand, written = self._operand()
            operands.append(operand)
            text += written
            token = self._peek()
            if token.kind != "operator" or token.text in _COMPARISONS:
                break
            text += {"^": "**", "&": "@"}.get(token.text, token.text)
            self._take()
        known = [piece for piece in operands if piece is not None]
        if len(known) == len(operands):
            return (
                known[0] if len(known) == 1 and text == "v" else Piece(sum(piece.weight for piece in known), _worked_out(text, known)).plain
            )
        self._count(known, together=True)
        return None

    def _count(self, pieces: list[Piece], *, together: bool) -> None:
        weights = [piece.weight for piece in pieces]
        self.most = max(self.most, sum(weights) if together else max(weights, default=0))

    def _operand(self) -> tuple[Piece | None, str]:
        """An operand, and it as a letter with its signs for the sum."""
        signs = ""
        while self._peek().kind == "operator" and self._peek().text in ("+", "-"):
            signs += self._take().text
        found, after = self._single(), ""
        while self._peek() == Token("operator", "%"):
            self._take()
            after += "/100"
        return found, f"{signs}v{after}"

    def _single(self) -> Piece | None:
        token = self._take()
        if token.kind == "number":
            return Piece(1, float(token.text))
        if token.kind == "text":
            return Piece(0)
        if token.kind == "ref":
            found = self._constant(reference(token.text))
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

    def _call(self, name: str) -> Piece | None:
        position = name in _POSITIONS
        beyond, given = False, False
        arguments: list[Piece] = []
        texts = 0
        while self._peek().text != ")" and self._peek().kind != "end":
            if self._peek().text == ",":
                self._take()
                continue
            start = self._at
            if position and self._peek().kind == "ref":
                beyond |= not self._inside(reference(self._take().text))
                continue
            argument = self.expression()
            texts += self._at == start + 1 and self._parts[start].kind == "text"
            if argument is None:
                given = True
            else:
                arguments.append(argument)
        self._take()
        if position:
            return Piece(_TEXT if beyond else 1)
        if given:
            self._count(arguments, together=False)
            return None
        if name in _PLAIN:
            return Piece(1)
        return Piece(sum(piece.weight for piece in arguments) + 1 + _TEXT * (texts > 0))


def _worked_out(text: str, pieces: list[Piece]) -> float | None:
    """The value of a chain of known numbers, where it has one."""
    if "@" in text or any(piece.value is None for piece in pieces):
        return None
    values = iter(pieces)
    sum_of = "".join(f"({next(values).value!r})" if mark == "v" else mark for mark in text)
    try:
        found = eval(sum_of, {"__builtins__": {}})  # numbers, brackets and operators of our own making
    except (ArithmeticError, ValueError, SyntaxError):
        return None
    return float(found) if isinstance(found, float | int) else None


__all__ = ["MOST", "FormulaError", "Piece", "heaviest"]
