"""Ideas for one row, from every source, each described by named numbers: where it comes from, whether it fits the past, what it is made of."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np

from bakeoff.agents.apprentice.sheets.formula import Range, Ref, Unknown, Unreadable, cells, numbers, places, reckon
from bakeoff.agents.apprentice.sheets.grid import Row
from bakeoff.agents.apprentice.sheets.ideas import Idea, Operand, outline, probe, slots
from bakeoff.agents.apprentice.sheets.labels import mentions, plain, within
from bakeoff.agents.apprentice.sheets.past import Past
from bakeoff.agents.apprentice.sheets.phrases import Phrases, about, read
from bakeoff.agents.apprentice.sheets.recipes import Recipe, Recipes, describe
from bakeoff.agents.apprentice.sheets.search import Table, search
from bakeoff.agents.apprentice.sheets.surroundings import Surroundings
from bakeoff.agents.apprentice.sheets.targets import Target
from bakeoff.agents.apprentice.sheets.timeline import single
from bakeoff.agents.apprentice.sheets.units import clashes, form

POOL = 9  # operands from which unfitted shapes are made
RECAST = 4  # fits whose rows are put into other shapes
SHAPES = 24  # shapes tried without a fit, the most often seen first
MOST = 160  # candidates described
BASIC = (
    "{0}", "-{0}", "{0}+{1}", "{0}-{1}", "{0}*{1}", "-{0}*{1}", "{0}/{1}", "{0}*(1+{1})", "{0}*(1-{1})", "{0}/{1}-1", "{0}+{1}-{2}", "{0}*{1}*{2}",
    "{0}*{1}/{2}", "({0}-{1})*{2}", "MAX({0},0)", "MIN({0},{1})", "MAX({0}-{1},0)", "MAX({0},0)*{1}", "AVERAGE({0},{1})*{2}", "SUM({0}:{1})", "{0}*{1}/365",
)  # fmt: skip


@dataclass
class Candidate:
    """An idea, or plain contents (`texts`, one a gap), with its features."""

    idea: Idea | None
    texts: tuple[str, ...] = ()
    recipe: Recipe | None = None
    features: dict[str, float] = field(default_factory=dict)

    @property
    def sure(self) -> bool:
        """Whether it comes from a source that is more than a guess."""
        return any(name in self.features for name in ("from row", "from house", "from words", "choice"))

    @property
    def hypothesis(self) -> str:
        """What of it can be put to the test again in another workbook: how it is reckoned, by labels; of a figure, how what papers say was entered."""
        if self.recipe is not None:
            parts = (f"{plain(part.label)}'{part.lag}${part.spot}" for part in self.recipe.parts)
            return f"{self.recipe.shape}|{'|'.join(parts)}"
        return "|".join(
            f"{name} {value:g}" for name, value in self.features.items() if name == "turned" or name.startswith("percent plain")
        )

    @property
    def key(self) -> str:
        if self.idea is None:
            return "texts|" + "|".join(self.texts)
        return f"{self.idea.shape}|" + "|".join(f"{o.row.sheet}!{o.row.number},{o.lag},{o.fixed}" for o in self.idea.operands)


def ideas_for(
    target: Target, around: Surroundings, recipes: Recipes, phrases: Phrases, house: str, fillable: frozenset[Row]
) -> list[Candidate]:
    """All candidates for a row, the most promising features computed; at most `MOST`. `fillable`: rows that will be filled too."""
    maker = _Maker(target, around, recipes, phrases, house, fillable)
    maker.from_row()
    maker.from_choices()
    maker.from_recipes()
    told = maker.from_words()
    fits = maker.from_fits()
    if fits < 2 and not told:
        maker.from_shapes()
    found = list(maker.found.values())
    for candidate in found:
        maker.describe(candidate)
    return found[:MOST]


class _Maker:
    def __init__(
        self, target: Target, around: Surroundings, recipes: Recipes, phrases: Phrases, house: str, fillable: frozenset[Row]
    ) -> None:
        self.target, self.around, self.recipes, self.phrases, self.house, self.fillable = target, around, recipes, phrases, house, fillable
        self.book = around.book
        self.row = target.row
        self.sheet = self.book.sheets[self.row.sheet]
        self.label = self.sheet.label(self.row.number)
        self.blocked = around.downstream(self.row)
        self.found: dict[object, Candidate] = {}
        self.said = around.papers.beside(self.label)  # sentences that name the row
        self.about = about(around.papers, self.label)
        self._ready: dict[Operand, bool] = {}
        self.start = self._start()
        self.past = Past(self.book, self.row, target.known, self.start, around.noise)

    def _start(self) -> int:
        """The column in which the row begins by a formula of its own, taken from fixed cells, which says nothing of how it goes on; 0 for none."""
        begun = [(columns[0], idea) for idea, columns in self.around.visible.get(self.row, {}).items() if len(columns) == 1]
        first = min((column for column in self.target.known if column in self.sheet.series), default=0)
        return next((c for c, idea in begun if c == first and all(o.fixed for o in idea.operands)), 0) if len(self.target.gaps) > 1 else 0

    # --- sources ---------------------------------------------------------------------------------------------------------------------

    def add(self, idea: Idea, **features: float) -> None:
        if any(operand.row == self.row and operand.lag <= 0 and not operand.fixed for operand in idea.operands):
            return
        if any(not self.ready(operand) for operand in idea.operands):
            return
        if ":" in idea.shape and not self.sound(idea):
            return
        mark = probe(idea)
        candidate = self.found.setdefault(mark, Candidate(idea))
        for name, value in features.items():
            name = name.replace("_", " ")
            candidate.features[name] = max(candidate.features.get(name, -math.inf), value)

    def sound(self, idea: Idea) -> bool:
        """Whether a range runs down one column and holds neither the row itself nor what needs it."""
        try:
            tree = idea.tree(self.book, self.row, self.target.gaps[0])
        except Unreadable:
            return False
        for place in places(tree):
            if isinstance(place, Range):
                one, other = place.first, place.last
                if (
                    one.row > other.row
                    or one.column > other.column
                    or (one.row == other.row and one.column == other.column and not one.fixed_column)
                ):
                    return False
                if one.column < other.column and not one.fixed_column:
                    return False
        return not any(
            Row(cell.sheet or self.row.sheet, cell.row) in self.blocked
            and (cell.column == self.target.gaps[0] or cell.row == self.row.number)
            for cell in cells(tree)
        )

    def ready(self, operand: Operand) -> bool:
        """Whether an operand will have a number in the gaps, without a circle."""
        known = self._ready.get(operand)
        if known is None:
            known = self._ready[operand] = self._is_ready(operand)
        return known

    def _is_ready(self, operand: Operand) -> bool:
        aside = operand.row == self.row and operand.fixed and operand.fixed not in self.target.gaps
        if operand.row in self.blocked and operand.lag <= 0 and not aside:
            return False
        if operand.row.sheet not in self.book.sheets:
            return False
        if not operand.fixed and self.target.gaps[0] not in self.sheet.series:  # a cell beside the timeline moves with nothing
            beside = self.book.sheets[operand.row.sheet].at(operand.row.number, self.target.gaps[0])
            if operand.lag or operand.row.sheet != self.row.sheet or (beside.number is None and not beside.formula and not beside.format):
                return False
        if operand.fixed:
            cell = self.book.sheets[operand.row.sheet].at(operand.row.number, operand.fixed)
            return cell.numeric or operand.row in self.fillable
        if operand.row in self.fillable or operand.row == self.row:
            return True
        have = 0
        for column in self.target.gaps:
            at = self.book.column_on(operand.row.sheet, self.row, column) - operand.lag
            cell = self.book.sheets[operand.row.sheet].at(operand.row.number, at)
            have += cell.number is not None or bool(cell.formula)
        return have == len(self.target.gaps)

    def from_row(self) -> None:
        """The row's own formula in other columns."""
        for idea, columns in self.around.visible.get(self.row, {}).items():
            if columns != [self.start]:
                self.add(idea, from_row=1.0, from_row_columns=math.log1p(len(columns)))

    def from_recipes(self) -> None:
        seen = self.recipes.seen
        for recipe, score in self.recipes.near(self.label, self.house):
            here = seen[recipe].houses.get(self.house, 0)
            heading = plain(self.sheet.headings.get(self.row.number, ""))
            same_block = (plain(recipe.heading) == heading and recipe.sheet == self.row.sheet) or self.around.own
            for idea, bound in self.recipes.bind(self.book, recipe, self.row, self.target.gaps[0]):
                features = {"label_alike": score, "operands_alike": bound, "common": math.log1p(seen[recipe].count)}
                if here and score == 1.0 and bound > 0.9:
                    features["from_house" if same_block else "from_house,_other_block"] = 1.0
                else:
                    features["from_elsewhere"] = score * bound
                self.add(idea, **features)

    def from_words(self) -> bool:
        """What the sentences about the row say, in words whose meaning was learned; says whether one of them gives the known numbers."""
        told = False
        for sentence in self.said:
            reading = read(sentence)
            if reading is None or plain(reading.groups[0][0]) != plain(self.label):
                continue
            for meaning, times in self.phrases.meanings(reading):
                ways = self.phrases.ideas(self.book, self.row, reading, meaning, self.house)
                fitting = [(idea, away) for idea, away in ways if self.past.agrees(idea) == (True, True)]
                told |= bool(fitting)
                for idea, away in fitting[:6] or ways[:3]:
                    self.add(idea, from_words=1.0, words_known=math.log1p(times), words_bent=-float(away))
        return told

    def from_fits(self) -> int:
        """Expressions that give the known numbers; returns how many fit at least twice."""
        known = [column for column in self.target.known if column in self.sheet.series and column != self.start]
        known = known or [column for column in self.target.known if column != self.start]
        if not known or len(known) > 40:
            return 0
        table, runs = self.table(known)
        sought = np.array([self.past.actual(column) for column in known], float)
        slack = self.past.slack
        fits = search(table, sought, runs, slack if slack < 0.03 else 0.0)
        for fit in fits:
            self.add(fit.idea)
        self.recast([fit.idea for fit in fits if fit.points >= 2])
        return sum(fit.points >= 2 for fit in fits)

    def recast(self, fits: list[Idea]) -> None:
        """Shapes that rows have elsewhere, here or in other workbooks, over the rows that were found to give the known numbers, if they give them too."""
        counts = Counter(self.around.shapes) + self.recipes.shapes()
        by_slots: dict[int, list[str]] = {}
        for shape, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            by_slots.setdefault(slots(shape), []).append(shape)
        tried = 0
        for idea in fits[:RECAST]:
            if not 2 <= len(idea.operands) <= 3:
                continue
            for shape in by_slots.get(len(idea.operands), [])[:SHAPES]:
                for chosen in permutations(idea.operands):
                    other = Idea(shape, chosen)
                    tried += 1
                    if tried < MOST and self.past.agrees(other) == (True, True):
                        self.add(other, recast=1.0)

    def fails(self, idea: Idea, column: int) -> bool:
        """Whether an idea comes to an error in a column where all that it needs is known."""
        try:
            value = reckon(idea.tree(self.book, self.row, column), self.past.strict)
        except (Unknown, Unreadable, OverflowError):
            return False
        return isinstance(value, float) and not math.isfinite(value)

    def table(self, columns: list[int]) -> tuple[Table, tuple[tuple[int, ...], ...]]:
        operands: list[Operand] = []
        values: list[list[float]] = []
        runs: list[tuple[int, ...]] = []
        for name in sorted(self.book.sheets, key=lambda name: name != self.row.sheet):
            sheet = self.book.sheets[name]
            run: list[int] = []
            for number in sorted(sheet.by_row, key=lambda n: abs(n - self.row.number) if name == self.row.sheet else n)[:150]:
                row = Row(name, number)
                for operand in self.operands(row):
                    if len(operands) < 220:
                        operands.append(operand)
                        values.append([self.number(operand, column) for column in columns])
            place = {operand: at for at, operand in enumerate(operands) if not operand.lag and not operand.fixed}
            for number in sheet.rows:
                at = place.get(Operand(Row(name, number)))
                if at is None or (number == self.row.number and name == self.row.sheet):
                    if len(run) > 1:
                        runs.append(tuple(run))
                    run = []
                else:
                    run.append(at)
            if len(run) > 1:
                runs.append(tuple(run))
        return Table(tuple(operands), np.array(values, float).reshape(len(operands), len(columns))), tuple(runs)

    def operands(self, row: Row) -> list[Operand]:
        """How a row may stand in a formula here."""
        sheet = self.book.sheets[row.sheet]
        numbered = [column for column, cell in sheet.by_row[row.number].items() if cell.number is not None or cell.formula]
        series = [column for column in numbered if column in sheet.series]
        options = []
        alone = single(self.book, row)
        if alone and alone not in sheet.series and (numbered or row in self.fillable):
            options = [Operand(row, fixed=alone)]
        elif len(series) > 1 or row in self.fillable:
            options = [Operand(row), Operand(row, 1)]
        elif len(numbered) == 1:
            options = [Operand(row, fixed=numbered[0])]
        if row == self.row:
            options = [Operand(row, 1)]
        return [operand for operand in options if self.ready(operand)]

    def number(self, operand: Operand, column: int) -> float:
        at = operand.fixed or self.book.column_on(operand.row.sheet, self.row, column) - operand.lag
        found = self.book.cell(Ref(operand.row.sheet, operand.row.number, at)).number
        return math.nan if found is None else found

    def from_shapes(self) -> None:
        """Shapes seen about, filled with the rows that most likely have to do with this one."""
        pool = self.pool()
        counts = Counter(self.around.shapes) + self.recipes.shapes()
        shapes = list(BASIC) + [
            shape for shape, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:SHAPES] if shape not in BASIC
        ]
        for shape in shapes:
            if not 1 <= slots(shape) <= 3:
                continue
            for chosen in permutations(pool[: (POOL, POOL, 6)[slots(shape) - 1]], slots(shape)):
                if len({operand.row for operand in chosen}) == len(chosen):
                    self.add(Idea(shape, chosen), guessed=1.0)
            if len(self.found) > 3000:
                break
        guessed = [(mark, c) for mark, c in self.found.items() if c.idea is not None and set(c.features) == {"guessed"}]
        if len(guessed) > MOST:
            worth = {operand: len(pool) - at for at, operand in enumerate(pool)}
            guessed.sort(key=lambda item: _promise(item[1], worth))
            for mark, _ in guessed[MOST:]:
                del self.found[mark]

    def from_choices(self) -> None:
        """One of several neighbouring rows that are called like this one, chosen by a small whole number that nobody reads."""
        for name, sheet in self.book.sheets.items():
            runs: list[list[int]] = [[]]
            for number in sheet.rows:
                like = (
                    within(self.label, sheet.label(number)) > 0.95
                    and Row(name, number) != self.row
                    and self.ready(Operand(Row(name, number)))
                )
                if like and (not runs[-1] or number == runs[-1][-1] + 1):
                    runs[-1].append(number)
                elif runs[-1]:
                    runs.append([number] if like else [])
            for run in runs:
                if not 2 <= len(run) <= 6:
                    continue
                shape = f"CHOOSE({{0}},{','.join(f'{{{slot}}}' for slot in range(1, len(run) + 1))})"
                for chooser in self.choosers(len(run)):
                    self.add(Idea(shape, (chooser, *(Operand(Row(name, number)) for number in run))), choice=1.0)

    def choosers(self, count: int) -> list[Operand]:
        found = []
        for name, sheet in self.book.sheets.items():
            for number in sheet.labels:
                for operand in self.operands(Row(name, number)):
                    value = self.book.cell(Ref(name, number, operand.fixed)).number if operand.fixed else None
                    if value is not None and value == int(value) and 1 <= value <= count and self.idle(operand.row):
                        found.append(operand)
        return found

    def pool(self) -> list[Operand]:
        scored = []
        for name, sheet in self.book.sheets.items():
            for number in sheet.labels:
                row = Row(name, number)
                for operand in self.operands(row):
                    scored.append((self.relevance(operand), operand))
        scored.sort(key=lambda item: (-item[0], item[1]))
        return [operand for _, operand in scored[: POOL + 3]]

    def relevance(self, operand: Operand) -> float:
        label = self.book.label(operand.row)
        score = 2.0 * any(mentions(line, label) for line in self.said) + 1.0 * mentions(self.around.goal, label)
        score += 1.5 * self.idle(operand.row) + 1.2 * within(self.label, label) + 0.6 * within(label, self.label)
        if operand.row.sheet == self.row.sheet:
            score += 1.5 / (1 + 0.3 * abs(operand.row.number - self.row.number))
        if operand.row == self.row:
            score += 2.0
        return score - 0.8 * operand.lag * (operand.row != self.row)

    def idle(self, row: Row) -> bool:
        """Whether nobody reads a labelled row that holds entered numbers."""
        sheet = self.book.sheets[row.sheet]
        return row not in self.around.users and row != self.row and row.number not in sheet.heads and row not in self.around.reckoned

    # --- description -----------------------------------------------------------------------------------------------------------------

    def describe(self, candidate: Candidate) -> None:
        features = candidate.features
        if candidate.idea is None:
            features["looks entered" if self.row not in self.around.visible else "looks reckoned"] = 1.0
            return
        idea = candidate.idea
        candidate.recipe = describe(self.book, idea, self.row)
        agreed, disagreed = self.past.compare(idea)
        if self.past.telling:
            if agreed and not disagreed:
                features["fit"] = min(agreed, 4) / 2
                features["fit exact"] = float(agreed >= 2)
            elif disagreed:
                features["misfit"] = disagreed / (agreed + disagreed)
            else:
                features["untested"] = 1.0
        elif disagreed:  # a row that always came to nothing: what gives nothing proves little, what gives something is wrong
            features["misfit"] = disagreed / (agreed + disagreed)
        features["operands"] = float(len(idea.operands))
        features["length"] = float(len(idea.shape) - 3 * len(idea.operands))
        labels = [self.book.label(operand.row) for operand in idea.operands]
        orphans = [self.idle(operand.row) for operand in idea.operands]
        features["orphan"] = float(any(orphans))
        features["more orphans"] = float(max(0, sum(orphans) - 1))
        features["said beside"] = sum(any(mentions(line, label) for line in self.said) for label in labels) / len(labels) if labels else 0.0
        features["said in goal"] = sum(mentions(self.around.goal, label) for label in labels) / len(labels) if labels else 0.0
        features["other sheet"] = float(sum(operand.row.sheet != self.row.sheet for operand in idea.operands))
        features["distance"] = sum(
            math.log1p(abs(o.row.number - self.row.number)) for o in idea.operands if o.row.sheet == self.row.sheet
        ) / max(1, len(labels))
        features["label within"] = max(
            (within(self.label, label) for label, o in zip(labels, idea.operands, strict=True) if o.row != self.row), default=0.0
        )
        features["own past"] = float(any(operand.row == self.row for operand in idea.operands))
        odd = [number for number in numbers(outline(idea.shape)) if number not in (0.0, 1.0, 2.0)]
        if odd:
            features["number said"] = float(any(number in reading.numbers for number in odd for reading in self.about))
        value = idea.value(self.book, self.row, self.target.gaps[0])
        last = next((number for number in reversed(self.past.numbers) if number), None)
        if value is None:
            features["no value"] = float(not any(operand.row in self.fillable for operand in idea.operands))
        if any(self.fails(idea, column) for column in self.target.gaps):
            features["gives an error"] = 1.0
        if value is not None and last:
            features["sign turns"] = float(value * last < 0)
            features["jump"] = float(not 0.2 <= abs(value / last) <= 5.0)
            features["near last"] = math.exp(-2.0 * abs(math.log(abs(value / last)))) if value * last > 0 else 0.0
        mixed, differs = clashes(self.book, idea, self.row)
        features["units clash"], features["units differ"] = float(min(mixed, 2)), float(differs)
        name = form(self.book, idea, self.row)
        features["familiar"] = self.recipes.familiar(name)
        features[f"form:{name}"] = 1.0
        features[f"shape:{idea.shape}"] = 1.0
        if candidate.recipe is not None:
            seen = self.recipes.seen.get(candidate.recipe)
            if seen is not None:
                features["passed"], features["failed"] = math.log1p(seen.passed), math.log1p(seen.failed)
            features[
                f"own:{self.house}|{candidate.recipe.label}|{idea.shape}|{','.join(part.label for part in candidate.recipe.parts)}"
            ] = 1.0


def _promise(candidate: Candidate, worth: dict[Operand, int]) -> tuple[float, int]:
    """Sorts guesses: promising operands first, then short shapes."""
    idea = candidate.idea
    return (-sum(worth[o] for o in idea.operands) / len(idea.operands), len(idea.shape)) if idea else (0.0, 0)
