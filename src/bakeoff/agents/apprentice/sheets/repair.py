"""What looks wrong in a finished workbook: lines that are reckoned otherwise than their past was, than the words say, or than the house does elsewhere."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field

from bakeoff.agents.apprentice.sheets.candidates import ideas_for
from bakeoff.agents.apprentice.sheets.formula import Node, Ref, Unknown, Unreadable, numbers
from bakeoff.agents.apprentice.sheets.grid import Book, Row
from bakeoff.agents.apprentice.sheets.ideas import Idea, abstract, outline, probe
from bakeoff.agents.apprentice.sheets.labels import mentions, plain
from bakeoff.agents.apprentice.sheets.papers import Papers
from bakeoff.agents.apprentice.sheets.past import Past
from bakeoff.agents.apprentice.sheets.phrases import Phrases, read
from bakeoff.agents.apprentice.sheets.recipes import Recipes
from bakeoff.agents.apprentice.sheets.reckoner import Reckoner
from bakeoff.agents.apprentice.sheets.surroundings import Surroundings
from bakeoff.agents.apprentice.sheets.targets import Target
from bakeoff.agents.apprentice.sheets.timeline import parted, single

ZERO = 1e-6


@dataclass
class Fault:
    """A suspicion and its remedy: an idea for some cells of one row. `features` speak for or against it."""

    row: Row
    idea: Idea
    columns: tuple[int, ...]
    features: dict[str, float] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Row, Idea, tuple[int, ...]]:
        return self.row, self.idea, self.columns


def faults(book: Book, recipes: Recipes, phrases: Phrases, house: str, goal: str, papers: Papers) -> list[Fault]:
    """All suspicions with their remedies, each weighed by what it would do."""
    seeker = _Seeker(book, recipes, phrases, house, Surroundings(book, papers, goal))
    unique: dict[object, Fault] = {}
    for name, sheet in book.sheets.items():
        for number in sheet.by_row:
            row = Row(name, number)
            if row in seeker.around.visible and sheet.label(number):
                for fault in seeker.suspicions(row):
                    unique.setdefault(fault.key, fault).features.update(fault.features)
    for fault in unique.values():
        label = book.label(fault.row)
        said = seeker.odd_numbers(fault.row)
        usual = {number for idea in seeker.around.visible[fault.row] for number in numbers(outline(idea.shape))}
        fault.features["number not said"] = float(bool(set(numbers(outline(fault.idea.shape))) - said))
        fault.features["sheds number"] = float(bool(usual - said) and not fault.features["number not said"])
        fault.features["row said in goal"] = float(mentions(goal, label))
        heading = book.sheets[fault.row.sheet].headings.get(fault.row.number, "")
        fault.features["block said"] = float(bool(heading) and any(mentions(line, heading) for line in papers.lines))
        fault.features.update(_effect(book, fault))
    return list(unique.values())


class _Seeker:
    """Looks at one line after the other, with what is known of the house and what the other lines of this workbook show."""

    def __init__(self, book: Book, recipes: Recipes, phrases: Phrases, house: str, around: Surroundings) -> None:
        self.book, self.recipes, self.phrases, self.house, self.around = book, recipes, phrases, house, around
        self.here = Phrases(signs=phrases.signs, scales=phrases.scales)  # what sentences mean by this workbook itself, wrong lines included
        self.counts = self.here.learn_book(book, around.visible, around.papers, house)

    def suspicions(self, row: Row) -> list[Fault]:
        sheet = self.book.sheets[row.sheet]
        known, open_ = parted(self.book, row.sheet)
        line = sheet.by_row[row.number]
        ideas: dict[int, Idea | None] = {}
        for column, cell in line.items():
            if cell.role == "cell" and cell.kind not in ("text", "empty"):
                tree = self.book.tree(cell.formula, row.sheet) if cell.formula else None
                ideas[column] = abstract(self.book, tree, row, column) if tree is not None else None
        found: list[Fault] = []
        alone = single(self.book, row)
        aside = {column: idea for column, idea in ideas.items() if (column not in sheet.series or column == alone) and idea is not None}
        for column, idea in aside.items():
            found += self.contradictions(row, {column: idea}, idea)
        now = {column: ideas[column] for column in open_ if column in ideas and column not in aside}
        if any(idea is not None for idea in now.values()):
            found += self.along(row, ideas, known, now)
        return found

    def along(self, row: Row, ideas: dict[int, Idea | None], known: list[int], now: dict[int, Idea | None]) -> list[Fault]:
        """Suspicions about a line's open periods."""
        line = self.book.sheets[row.sheet].by_row[row.number]
        past = Counter(idea for column in known if (idea := ideas.get(column)) is not None)
        live = past.most_common(1)[0][0] if past else None
        counts = Counter(idea for idea in now.values() if idea is not None)
        usual, times = counts.most_common(1)[0]
        if live is not None and past[live] >= 2:
            odd = tuple(column for column, idea in now.items() if _other(idea, live))
            return [Fault(row, live, odd, {"fault:past formula": 1.0, "share odd": len(odd) / len(now)})] if odd else []
        begun = min(column for column, idea in now.items() if idea is not None)
        if (start := now[begun]) is not None and all(operand.fixed for operand in start.operands) and counts[start] == 1 and len(now) > 1:
            now = {column: idea for column, idea in now.items() if column != begun}  # a line may begin by a formula of its own
            counts = Counter(idea for idea in now.values() if idea is not None)
            if not counts:
                return []
            usual, times = counts.most_common(1)[0]
        found: list[Fault] = []
        if times >= 2 and times < len(now):
            odd = tuple(column for column, idea in now.items() if _other(idea, usual) and (known or column > begun))
            typed_in = float(any(now[column] is None for column in odd))
            if odd:
                features = {"fault:odd cell": 1.0, "number among formulas": typed_in, "share of row": times / len(now)}
                found.append(Fault(row, usual, odd, features))
        said = self.contradictions(row, now, usual)
        found += said
        typed = tuple(column for column in known if column in line and line[column].number is not None)
        if typed and not said and not self.expected(row):
            found += self.against_past(row, now, typed, usual)
        return found

    def contradictions(self, row: Row, now: dict[int, Idea | None], usual: Idea) -> list[Fault]:
        """What the words about a line, or other workbooks of the house, say against how it is reckoned."""
        expected = self.expected(row)
        if not expected:
            return []
        confirmed = [one for one in expected if probe(one[0]) == probe(usual)]
        best = max(confirmed or expected, key=lambda one: (sum(one[1].values()), -len(one[0].shape), one[0]))
        odd = tuple(column for column, idea in now.items() if _other(idea, best[0]))
        if confirmed:  # the line as a whole is right: doubtful are other formulas in it, but not how a line that looks back begins
            first = min(now) if any(operand.lag > 0 for operand in best[0].operands) else 0
            odd = tuple(column for column in odd if now[column] is not None and column != first)
        return [Fault(row, best[0], odd, best[1])] if odd else []

    def expected(self, row: Row) -> list[tuple[Idea, dict[str, float]]]:
        """How a line should be reckoned by words whose meaning is known and by what stood in other workbooks of the house."""
        label = self.book.label(row)
        found: dict[object, tuple[Idea, dict[str, float]]] = {}
        for sentence in self.around.papers.beside(label):
            reading = read(sentence)
            if reading is None or plain(reading.groups[0][0]) != plain(label):
                continue
            own = self.counts.get(row)
            meanings = dict(self.phrases.meanings(reading))
            for meaning, times in self.here.meanings(reading):
                left = times - (own == (reading.template, meaning))
                if left > 0:
                    meanings[meaning] = meanings.get(meaning, 0) + left
            most = max(meanings.values(), default=0)
            for meaning, times in meanings.items():
                ways = self.phrases.ideas(self.book, row, reading, meaning, self.house) if 3 * times >= most else []
                for idea, away in ways:
                    if away == 0 and self.holds(row, idea):
                        features = {"fault:contradicts words": 1.0, "words known": math.log1p(times)}
                        found.setdefault(probe(idea), (idea, features))
        for recipe, score in self.recipes.near(label, self.house):
            times = self.recipes.seen[recipe].houses.get(self.house, 0)
            if not times or score < 1.0 or recipe.sheet != row.sheet:
                continue
            if plain(recipe.heading) != plain(self.book.sheets[row.sheet].headings.get(row.number, "")):
                continue
            for idea, bound in self.recipes.bind(self.book, recipe, row, self.columns(row)[-1])[:1]:
                if bound > 0.95 and (off := self.off(row, idea)) is not None:
                    features = found.setdefault(probe(idea), (idea, {}))[1]
                    features["fault:contradicts house"] = 1.0
                    features["common"] = math.log1p(times)
                    features["off the past"] = off
        return list(found.values())

    def odd_numbers(self, row: Row) -> set[float]:
        """Numbers that a formula of a row may hold: those said in its sentences, and the commonest of all."""
        said = " ".join(self.around.papers.beside(self.book.label(row)))
        return {0.0, 0.5, 1.0, 2.0, 100.0, *(float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", said))}

    def columns(self, row: Row) -> list[int]:
        return sorted(c for c, cell in self.book.sheets[row.sheet].by_row[row.number].items() if cell.formula) or [1]

    def holds(self, row: Row, idea: Idea) -> bool:
        """Whether an idea does not contradict the typed past and does not need the line itself."""
        off = self.off(row, idea)
        return off is not None and off <= 0.5

    def off(self, row: Row, idea: Idea) -> float | None:
        """In which share of the typed past an idea gives another number; None for one that needs the line itself."""
        if any(operand.row == row and operand.lag <= 0 and not operand.fixed for operand in idea.operands):
            return None
        sheet = self.book.sheets[row.sheet]
        known = [c for c in parted(self.book, row.sheet)[0] if sheet.at(row.number, c).number is not None]
        typed = tuple(c for c in known if not sheet.at(row.number, c).formula)
        disagreed = Past(self.book, row, typed, noise=self.around.noise).compare(idea)[1]
        return disagreed / len(known) if known else 0.0

    def against_past(self, row: Row, now: dict[int, Idea | None], typed: tuple[int, ...], usual: Idea) -> list[Fault]:
        """A line whose formula does not give its typed past, while another idea does."""
        options = ideas_for(Target(row, tuple(now), typed), self.around, self.recipes, self.phrases, self.house, frozenset({row}))
        fits = {probe(c.idea): c for c in options if c.idea is not None and c.features.get("fit", 0) >= 1.0}
        if not fits or probe(usual) in fits:
            return []
        best = max(fits.values(), key=lambda c: (_trust(c.features), -len(c.idea.shape if c.idea else ""), c.key))
        assert best.idea is not None
        features = {"fault:contradicts past": 1.0, "said in words": best.features.get("from words", 0.0)}
        features["known in house"] = max(best.features.get("from house", 0.0), best.features.get("from house, other block", 0.0))
        return [Fault(row, best.idea, tuple(now), features)]


def _trust(features: dict[str, float]) -> float:
    return 3 * features.get("from words", 0.0) + 2 * features.get("from house", 0.0) + features.get("from elsewhere", 0.0)


def _other(one: Idea | None, other: Idea) -> bool:
    return one is None or (one != other and probe(one) != probe(other))


def _effect(book: Book, fault: Fault) -> dict[str, float]:
    """What a remedy would do to the workbook: cells brought to zero or away from it."""
    instead: dict[tuple[str, int, int], Node | float] = {}
    mended = broken = changed = lost = 0
    try:
        for column in fault.columns:
            instead[fault.row.sheet, fault.row.number, column] = fault.idea.tree(book, fault.row, column)
        reckoner = Reckoner(book, instead)
        for name, number, column in sorted(reckoner.affected):
            old = book.cell(Ref(name, number, column)).number
            new = reckoner.value(name, number, column)
            if not isinstance(new, float | int) or isinstance(new, bool) or old is None:
                continue
            lost += not math.isfinite(new)
            changed += not math.isclose(old, new, rel_tol=1e-9, abs_tol=1e-9)
            mended += abs(old) > ZERO > abs(new)
            broken += abs(old) < ZERO < abs(new)
    except (Unknown, Unreadable, RecursionError):
        return {"effect unknown": 1.0}
    return {
        "mends zeros": min(mended, 3) / 3,
        "breaks zeros": min(broken, 3) / 3,
        "changes nothing": float(not changed),
        "loses numbers": float(lost > 0),
    }
