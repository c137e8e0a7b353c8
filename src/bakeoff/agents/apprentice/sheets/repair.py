"""What looks wrong in a finished workbook: cells that break their row's rule, rows that break what the house does, totals that leave something out."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace

from bakeoff.agents.apprentice.sheets.formula import Node, Range, Ref, Unknown, Unreadable, places, rebuild
from bakeoff.agents.apprentice.sheets.grid import Book, Row
from bakeoff.agents.apprentice.sheets.ideas import Idea, abstract
from bakeoff.agents.apprentice.sheets.labels import mentions
from bakeoff.agents.apprentice.sheets.papers import Papers
from bakeoff.agents.apprentice.sheets.recipes import Recipes
from bakeoff.agents.apprentice.sheets.reckoner import Reckoner

ZERO = 1e-6


@dataclass
class Fault:
    """A suspicion and its remedy: contents for cells of one row. `features` speak for or against it."""

    row: Row
    texts: dict[int, str]
    kind: str
    features: dict[str, float] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Row, tuple[tuple[int, str], ...]]:
        return self.row, tuple(sorted(self.texts.items()))


def faults(book: Book, recipes: Recipes, house: str, goal: str, papers: Papers) -> list[Fault]:
    """All suspicions, each remedy once."""
    finder = _Finder(book, recipes, house)
    for name, sheet in book.sheets.items():
        for number in sheet.by_row:
            finder.row(Row(name, number))
    found: dict[object, Fault] = {}
    for fault in finder.found:
        known = found.setdefault(fault.key, fault)
        known.features.update({**fault.features, f"fault:{fault.kind}": 1.0})
    weighed = list(found.values())
    before = zero_rows(book)
    for fault in weighed:
        label = book.label(fault.row)
        fault.features["row said in goal"] = float(mentions(goal, label))
        fault.features["row said in paper"] = float(bool(papers.beside(label)))
        fault.features.update(_effect(book, fault, before))
    return weighed


def zero_rows(book: Book) -> dict[Row, int]:
    """Rows of formulas that give nothing but zeros in some columns -> in how many they do not."""
    found = {}
    for name, sheet in book.sheets.items():
        for number, line in sheet.by_row.items():
            values = [cell.number for cell in line.values() if cell.formula and cell.number is not None]
            zeros = sum(abs(value) < ZERO for value in values)
            if zeros and len(values) >= 2:
                found[Row(name, number)] = len(values) - zeros
    return found


def _effect(book: Book, fault: Fault, before: dict[Row, int]) -> dict[str, float]:
    """What a remedy would do to the workbook: rows brought to zero or away from it, errors made or mended."""
    instead: dict[tuple[str, int, int], Node | float] = {}
    for column, text in fault.texts.items():
        tree = book.tree(text, fault.row.sheet) if text.startswith("=") else None
        try:
            instead[fault.row.sheet, fault.row.number, column] = tree if tree is not None else float(text)
        except ValueError:
            return {}
    reckoner = Reckoner(book, instead)
    mended = broken = changed = 0
    try:
        for name, number, column in sorted(reckoner.affected):
            old = book.cell(Ref(name, number, column)).number
            new = reckoner.value(name, number, column)
            if not isinstance(new, float | int) or isinstance(new, bool) or old is None:
                continue
            changed += not math.isclose(old, new, rel_tol=1e-9, abs_tol=1e-9)
            mended += abs(old) > ZERO and abs(new) < ZERO
            broken += abs(old) < ZERO < abs(new) and before.get(Row(name, number), 9) == 0
    except (Unknown, RecursionError):
        return {"effect unknown": 1.0}
    return {"mends zeros": min(mended, 3) / 3, "breaks zeros": min(broken, 3) / 3, "changes nothing": float(not changed)}


class _Finder:
    def __init__(self, book: Book, recipes: Recipes, house: str) -> None:
        self.book, self.recipes, self.house = book, recipes, house
        self.found: list[Fault] = []
        self.users = book.users()

    def row(self, row: Row) -> None:
        sheet = self.book.sheets[row.sheet]
        line = sheet.by_row[row.number]
        columns = [column for column in sheet.series if column in line and line[column].kind not in ("text", "empty")]
        ideas: dict[int, Idea | None] = {}
        for column in columns:
            tree = self.book.tree(line[column].formula, row.sheet) if line[column].formula else None
            ideas[column] = abstract(self.book, tree, row, column) if tree is not None else None
        self._odd_ones(row, columns, ideas)
        self._whole(row, [column for column in columns if ideas[column] is not None], ideas)
        for column, cell in line.items():
            if column not in columns and cell.formula:
                tree = self.book.tree(cell.formula, row.sheet)
                idea = abstract(self.book, tree, row, column) if tree is not None else None
                if idea is not None:
                    self._whole(row, [column], {column: idea})

    def _odd_ones(self, row: Row, columns: list[int], ideas: dict[int, Idea | None]) -> None:
        """Cells that are reckoned otherwise than their neighbours on both sides, or than all before them."""
        for at, column in enumerate(columns):
            left = [ideas[c] for c in columns[:at]]
            right = [ideas[c] for c in columns[at + 1 :]]
            near: Idea | None = None
            sure = 0.0
            if left and right and left[-1] is not None and left[-1] == right[0]:
                near, sure = left[-1], 1.0
            elif len(left) >= 2 and not right and left[-1] is not None and left[-1] == left[-2]:
                near, sure = left[-1], 0.7
            elif ideas[column] is not None and len(right) >= 2 and right[0] is not None and right[0] == right[1]:
                near, sure = right[0], 0.2
            if near is None or near == ideas[column]:
                continue
            text = self._text(near, row, column)
            if text:
                kind = "number among formulas" if ideas[column] is None else "other formula"
                share = Counter(idea for c, idea in ideas.items() if c != column)[near] / max(1, len(columns) - 1)
                self.found.append(Fault(row, {column: text}, kind, {"neighbours agree": sure, "share of row": share}))

    def _whole(self, row: Row, columns: list[int], ideas: dict[int, Idea | None]) -> None:
        """A row that is consistent in itself and yet not what the house does, or what its past says."""
        counts = Counter(ideas[column] for column in columns)
        if not counts:
            return
        idea, times = counts.most_common(1)[0]
        if idea is None or times < 0.6 * len(columns):
            return
        same = [column for column in columns if ideas[column] == idea]
        self._short_range(row, same)
        label = self.book.label(row)
        for recipe, score in self.recipes.near(label, self.house):
            seen = self.recipes.seen[recipe].houses
            if score < 1.0 or self.house not in seen:
                continue
            for other, bound in self.recipes.bind(self.book, recipe, row, same[0])[:1]:
                if other == idea or bound < 0.95:
                    continue
                texts = {column: text for column in same if (text := self._text(other, row, column))}
                if len(texts) == len(same):
                    weight = math.log1p(seen[self.house])
                    self.found.append(Fault(row, texts, "not as in this house", {"seen in house": weight}))

    def _short_range(self, row: Row, columns: list[int]) -> None:
        """A range that stops beside a row that nobody reads."""
        sheet = self.book.sheets[row.sheet]
        tree = self.book.tree(sheet.at(row.number, columns[0]).formula, row.sheet)
        if tree is None:
            return
        for down, end in ((1, "last"), (-1, "first")):

            def grow(ref: Ref, down: int = down) -> Ref:
                return replace(ref, row=ref.row + down)

            for place in _ranges(tree):
                edge = place.last if end == "last" else place.first
                beyond = Row(edge.sheet or row.sheet, edge.row + down)
                if place.first.row == place.last.row or beyond == row or beyond in self.users or not self._filled(beyond, edge.column):
                    continue
                texts = {}
                for column in columns:
                    formula = self.book.tree(sheet.at(row.number, column).formula, row.sheet)
                    if formula is not None:
                        texts[column] = self.book.written(_grown(formula, end, grow), row.sheet)
                self.found.append(Fault(row, texts, "range too short"))

    def _filled(self, row: Row, column: int) -> bool:
        return self.book.cell(Ref(row.sheet, row.number, column)).number is not None

    def _text(self, idea: Idea, row: Row, column: int) -> str:
        try:
            return idea.formula(self.book, row, column)
        except Unreadable:
            return ""


def _ranges(tree: Node) -> list[Range]:
    return [place for place in places(tree) if isinstance(place, Range)]


def _grown(tree: Node, end: str, grow: object) -> Node:
    """The formula with one end of its ranges moved."""
    ends = {id(place.last if end == "last" else place.first) for place in _ranges(tree)}
    assert callable(grow)
    return rebuild(tree, lambda ref: grow(ref) if id(ref) in ends else ref)
