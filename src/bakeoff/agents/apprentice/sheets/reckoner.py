"""What would stand in a cell if other formulas stood elsewhere: recalculation in the head, before anything is written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from bakeoff.agents.apprentice.sheets.formula import Node, Ref, Unknown, Value, rebuild, reckon
from bakeoff.agents.apprentice.sheets.grid import Book, Row

DEEPEST = 400
Spot = tuple[str, int, int]
Thing = TypeVar("Thing")


class Reckoner:
    """Values of a workbook with some cells replaced by other formulas or numbers."""

    def __init__(self, book: Book, instead: Mapping[Spot, Node | float]) -> None:
        self.book, self.instead = book, instead
        self.values: dict[Spot, Value] = {}
        self.unknown: set[Spot] = set()
        self.depth = 0
        self.affected = self._affected()

    def _affected(self) -> set[Spot]:
        """Cells whose value may change: the replaced ones and all that read them, however indirectly."""
        return followed(self.instead, self.book.readers())

    def value(self, sheet: str, row: int, column: int) -> Value:
        """Raises `Unknown` where a formula cannot be reckoned; a circle is not a number."""
        spot = (sheet, row, column)
        if spot not in self.affected:
            return self.book.cell(Ref(sheet, row, column)).value
        if spot in self.unknown:
            raise Unknown("reckoned from what is not known")
        if spot in self.values:
            return self.values[spot]
        self.values[spot] = math.nan  # seen again before it is known: a circle
        self.depth += 1
        try:
            self.values[spot] = self._reckon(spot)
        except (Unknown, RecursionError):
            del self.values[spot]
            self.unknown.add(spot)
            raise
        finally:
            self.depth -= 1
        return self.values[spot]

    def _reckon(self, spot: Spot) -> Value:
        sheet, row, column = spot
        if self.depth > DEEPEST:
            raise Unknown("too deep")
        tree = self.instead.get(spot)
        if isinstance(tree, float | int):
            return float(tree)
        if tree is None:
            formula = self.book.cell(Ref(sheet, row, column)).formula
            tree = self.book.tree(formula, sheet) if formula else None
            if tree is None:
                raise Unknown(formula)
        return reckon(tree, lambda ref: self.value(ref.sheet or sheet, ref.row, ref.column))


def followed(starts: Iterable[Thing], readers: Mapping[Thing, Iterable[Thing]]) -> set[Thing]:
    """These things and all that read them, however indirectly."""
    reached = set(starts)
    frontier = list(reached)
    while frontier:
        for reader in readers.get(frontier.pop(), ()):
            if reader not in reached:
                reached.add(reader)
                frontier.append(reader)
    return reached


def at_home(tree: Node, sheet: str) -> Node:
    """The same formula with its own sheet written out."""
    return rebuild(tree, lambda ref: ref if ref.sheet else Ref(sheet, ref.row, ref.column, ref.fixed_row, ref.fixed_column))


def enter(book: Book, row: Row, texts: Mapping[int, str]) -> None:
    """Puts what was typed into a row into what is known of the workbook, and reckons anew all that follows from it: no screen shows all of that."""
    sheet = book.sheets[row.sheet]
    instead: dict[Spot, Node | float] = {}
    for column, text in texts.items():
        content = book.tree(text, row.sheet) if text.startswith("=") else _typed(text)
        true = sheet.true(row.number, column)[:2]
        if content is None or true not in sheet.raw:
            continue
        instead[row.sheet, row.number, column] = content
        sheet.raw[true] = replace(sheet.raw[true], formula=text if text.startswith("=") else "", kind="number", value=None)
    book.changed({row.sheet})
    reckoner = Reckoner(book, instead)
    values: dict[Spot, Value] = {}
    for spot in sorted(reckoner.affected):
        try:
            values[spot] = reckoner.value(*spot)
        except (Unknown, RecursionError):
            values[spot] = None  # what stood there is no longer true
    for (name, number, column), value in values.items():
        raw, true = book.sheets[name].raw, book.sheets[name].true(number, column)[:2]
        if true in raw:
            raw[true] = replace(raw[true], value="#" if isinstance(value, float) and not math.isfinite(value) else value)
    book.changed({row.sheet, *(name for name, _, _ in values)})


def _typed(text: str) -> float | None:
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return None
