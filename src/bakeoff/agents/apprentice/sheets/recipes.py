"""What was learned about rows: how a row of this label is reckoned, by labels and not by places, so that it can be used in another workbook."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bakeoff.agents.apprentice.sheets.grid import Book, Row
from bakeoff.agents.apprentice.sheets.ideas import Idea, Operand, abstract
from bakeoff.agents.apprentice.sheets.labels import alike, grams, plain, words
from bakeoff.agents.apprentice.sheets.timeline import OWN, placed, single, spot
from bakeoff.agents.apprentice.sheets.units import form

KEPT = 6000  # recipes remembered, the most often seen first
BINDINGS = 4  # ways of putting a recipe's operands into a workbook that are looked at
NEAREST = 12  # recipes of the most similar labels that are tried for a row


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """An operand by what it is called: label, block heading and sheet; `lag` periods earlier; `spot`: which cell of its row, if always the same (see
    `timeline`).

    `offset`: rows below the row it serves (negative: above), on the same sheet, else 0, as it was seen first. It makes no other recipe: places differ
    from workbook to workbook. `own`: the row serves itself, in an earlier period.
    """

    label: str
    heading: str
    sheet: str
    lag: int
    spot: int
    offset: int = field(default=0, compare=False)
    own: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Recipe:
    """A row's label, block and sheet, and how it is reckoned."""

    label: str
    heading: str
    sheet: str
    shape: str
    parts: tuple[Part, ...]


@dataclass
class Seen:
    """In which houses, and how often, a recipe stood in a workbook; how often it was tried by ourselves and passed."""

    houses: dict[str, int] = field(default_factory=dict)
    passed: int = 0
    failed: int = 0

    @property
    def count(self) -> int:
        return sum(self.houses.values())


def describe(book: Book, idea: Idea, home: Row) -> Recipe:
    """The recipe of an idea."""
    parts = []
    for operand in idea.operands:
        sheet = book.sheets[operand.row.sheet]
        offset = operand.row.number - home.number if operand.row.sheet == home.sheet else 0
        parts.append(
            Part(
                sheet.label(operand.row.number),
                sheet.headings.get(operand.row.number, ""),
                operand.row.sheet,
                operand.lag,
                spot(book, operand.row, operand.fixed),
                offset,
                operand.row == home,
            )
        )
    sheet = book.sheets[home.sheet]
    return Recipe(sheet.label(home.number), sheet.headings.get(home.number, ""), home.sheet, idea.shape, tuple(parts))


def visible(book: Book) -> dict[Row, dict[Idea, list[int]]]:
    """All ideas that stand in a workbook: row -> idea -> columns."""
    found: dict[Row, dict[Idea, list[int]]] = {}
    for sheet in book.sheets.values():
        for (number, column), cell in sorted(sheet.cells.items()):
            tree = book.tree(cell.formula, sheet.name) if cell.formula else None
            idea = abstract(book, tree, Row(sheet.name, number), column) if tree is not None else None
            if idea is not None:
                found.setdefault(Row(sheet.name, number), {}).setdefault(idea, []).append(column)
    return found


def begins(book: Book, row: Row, idea: Idea, columns: list[int]) -> bool:
    """Whether an idea is how a line on the timeline begins, from fixed cells, rather than how it goes on."""
    series = book.sheets[row.sheet].series
    if len(columns) > 1 or len(series) < 3 or columns[0] not in series or single(book, row):
        return False
    return all(operand.fixed for operand in idea.operands)


def exchanged(one: str, other: str) -> Callable[[str], str]:
    """Where two labels differ in one word (a block and its parallel), labels of the first block as they read in the second."""
    here, there = words(one), words(other)
    gone = [word for word in here if word not in there]
    come = [word for word in there if word not in here]
    if len(here) != len(there) or len(gone) != 1 or len(come) != 1:
        return lambda label: label
    return lambda label: " ".join(come[0] if word == gone[0] else word for word in words(label)) if gone[0] in words(label) else label


class Recipes:
    """Everything learned by looking at workbooks."""

    def __init__(self) -> None:
        self.seen: dict[Recipe, Seen] = {}
        self.forms: dict[str, dict[str, int]] = {}
        self.nils: dict[str, dict[str, bool]] = {}
        """House -> label -> whether such a row came to nothing in every period of every workbook."""
        self._by_gram: dict[str, set[Recipe]] = defaultdict(set)

    def note(self, recipe: Recipe, house: str, times: int = 1) -> None:
        seen = self.seen.get(recipe)
        if seen is None:
            seen = self.seen[recipe] = Seen()
            for gram in grams(recipe.label):
                self._by_gram[gram].add(recipe)
            self._trim()
        seen.houses[house] = seen.houses.get(house, 0) + times

    def tried(self, recipe: Recipe, house: str, passed: bool) -> None:
        """What came of using it; a pass counts as having seen it."""
        if passed:
            self.note(recipe, house)
        if recipe in self.seen:
            seen = self.seen[recipe]
            seen.passed, seen.failed = seen.passed + passed, seen.failed + (not passed)

    def look_around(self, book: Book, finished: Mapping[Row, Mapping[Idea, list[int]]], house: str, *, proven: bool = True) -> None:
        """Notes every formula of the finished rows of a workbook; a row that is reckoned alike all along counts once. What is not proven is kept as
        something that may be, and does not count."""
        for row, ideas in finished.items():
            if not book.label(row):
                continue
            for idea in sorted(ideas, key=lambda one: -len(ideas[one]))[:2]:
                if begins(book, row, idea, ideas[idea]):
                    continue
                self.note(describe(book, idea, row), house, int(proven))
                if proven:
                    kinds = self.forms.setdefault(form(book, idea, row), {})
                    kinds[house] = kinds.get(house, 0) + 1
            if proven:
                self._note_nil(book, row, house)

    def _note_nil(self, book: Book, row: Row, house: str) -> None:
        """Notes whether a finished row comes to nothing."""
        line = book.sheets[row.sheet].by_row.get(row.number, {})
        cells = [
            cell for column, cell in line.items() if column in book.sheets[row.sheet].series and cell.role == "cell" and cell.kind != "text"
        ]
        numbers = [cell.number for cell in cells if cell.number is not None]
        if len(numbers) < 3 or len(numbers) < len(cells):
            return
        known, label = self.nils.setdefault(house, {}), plain(book.label(row))
        known[label] = known.get(label, True) and all(abs(number) < 1e-6 for number in numbers)

    def nil(self, label: str, house: str) -> bool | None:
        """Whether rows of this label come to nothing, by what is known of the house, or of others; None where nothing is known."""
        wanted = plain(label)
        if wanted in self.nils.get(house, {}):
            return self.nils[house][wanted]
        others = [known[wanted] for known in self.nils.values() if wanted in known]
        return all(others) if others else None

    def reckoned(self, book: Book, row: Row, house: str) -> bool:
        """Whether a row of this label, block and sheet was seen reckoned in the house."""
        label = book.label(row)
        heading = plain(book.sheets[row.sheet].headings.get(row.number, ""))
        return any(
            score == 1.0 and house in self.seen[recipe].houses and recipe.sheet == row.sheet and plain(recipe.heading) == heading
            for recipe, score in self.near(label, house)
        )

    def shapes(self) -> Counter[str]:
        """Shapes of all recipes, each counted in how many houses it was seen."""
        counts: Counter[str] = Counter()
        for recipe, seen in self.seen.items():
            counts[recipe.shape] += len(seen.houses)
        return counts

    def familiar(self, form: str) -> float:
        """How often this form was seen, each house counting at most three times; on a logarithmic scale."""
        return math.log1p(sum(min(times, 3) for times in self.forms.get(form, {}).values()))

    def _trim(self) -> None:
        if len(self.seen) <= KEPT * 1.2:
            return
        kept = sorted(self.seen.items(), key=lambda item: (-item[1].passed, -len(item[1].houses), -item[1].count, item[0]))[:KEPT]
        self.seen = dict(kept)
        self._by_gram = defaultdict(set)
        for recipe in self.seen:
            for gram in grams(recipe.label):
                self._by_gram[gram].add(recipe)

    def near(self, label: str, house: str) -> list[tuple[Recipe, float]]:
        """Recipes of similarly called rows, the most similar first; those of this house before others."""
        shared: dict[Recipe, int] = defaultdict(int)
        for gram in sorted(grams(label)):
            for recipe in self._by_gram.get(gram, ()):
                shared[recipe] += 1
        scored = [(recipe, alike(label, recipe.label)) for recipe in shared]
        scored = [(recipe, score) for recipe, score in scored if score >= 0.4]
        scored.sort(key=lambda item: (-item[1], house not in self.seen[item[0]].houses, -self.seen[item[0]].count, item[0]))
        return scored[: 3 * NEAREST]

    # --- use in a workbook -----------------------------------------------------------------------------------------------------------

    def bind(self, book: Book, recipe: Recipe, home: Row, column: int) -> list[tuple[Idea, float]]:
        """Ways of using a recipe for a row, each with how well its operands' labels are found (0 to 1, the worst operand counting)."""
        ways: list[tuple[tuple[Operand, ...], float]] = [((), 1.0)]
        swap = exchanged(recipe.label, book.label(home))
        for part in recipe.parts:
            options = [(home, 1.0)] if part.own else self._candidates(book, part, swap(part.label), home)
            grown = []
            for operands, worst in ways:
                for row, score in options:
                    operand = self._operand(book, part, row, home, column)
                    if operand is not None and operand not in operands:
                        grown.append(((*operands, operand), min(worst, score)))
            grown.sort(key=lambda way: (-way[1], way[0]))
            ways = grown[:BINDINGS]
        return [(Idea(recipe.shape, operands), score) for operands, score in ways]

    def _operand(self, book: Book, part: Part, row: Row, home: Row, column: int) -> Operand | None:
        if row == home and not part.lag and not part.spot:
            return None
        alone = single(book, row)
        if part.spot or (alone and not part.lag and book.sheets[row.sheet].at(row.number, alone).numeric):
            fixed = placed(book, row, part.spot or OWN)
            return Operand(row, fixed=fixed) if fixed and (part.spot or column != alone) else None
        return Operand(row, part.lag)

    def _candidates(self, book: Book, part: Part, wanted: str, home: Row) -> list[tuple[Row, float]]:
        found = []
        for sheet in book.sheets.values():
            for number, label in sheet.labels.items():
                score = alike(wanted, label)
                if score < 0.45:
                    continue
                score *= 1.0 if plain(sheet.headings.get(number, "")) == plain(part.heading) else 0.97
                score *= 1.0 if (sheet.name == home.sheet) == (part.sheet == "" or part.offset != 0) else 0.98
                near = 1.0 if sheet.name == home.sheet and number - home.number == part.offset else 0.99
                found.append((Row(sheet.name, number), score * near))
        found.sort(key=lambda item: (-item[1], item[0]))
        return found[:BINDINGS]

    # --- snapshots -------------------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        recipes = [
            [r.label, r.heading, r.sheet, r.shape, [list(asdict(part).values()) for part in r.parts], seen.houses, seen.passed, seen.failed]
            for r, seen in self.seen.items()
        ]
        return {"recipes": recipes, "forms": self.forms, "nils": self.nils}

    def load(self, data: dict[str, Any]) -> None:
        """The inverse of `to_dict`."""
        self.__init__()  # type: ignore[misc]
        for label, heading, sheet, shape, parts, houses, passed, failed in data["recipes"]:
            recipe = Recipe(label, heading, sheet, shape, tuple(Part(*part) for part in parts))
            self.seen[recipe] = Seen(dict(houses), passed, failed)
            for gram in grams(label):
                self._by_gram[gram].add(recipe)
        self.forms = {name: dict(houses) for name, houses in data["forms"].items()}
        self.nils = {house: dict(known) for house, known in data["nils"].items()}
