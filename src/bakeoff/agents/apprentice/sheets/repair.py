"""What looks wrong in a finished workbook: forecasts that are reckoned otherwise than the past was, or than the words about the row say."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field

from bakeoff.agents.apprentice.sheets.candidates import Surroundings, ideas_for, probe
from bakeoff.agents.apprentice.sheets.formula import Node, Ref, Unknown, Unreadable
from bakeoff.agents.apprentice.sheets.grid import Book, Row
from bakeoff.agents.apprentice.sheets.ideas import Idea, abstract
from bakeoff.agents.apprentice.sheets.labels import mentions
from bakeoff.agents.apprentice.sheets.papers import Papers
from bakeoff.agents.apprentice.sheets.phrases import Phrases
from bakeoff.agents.apprentice.sheets.recipes import Recipes
from bakeoff.agents.apprentice.sheets.reckoner import Reckoner
from bakeoff.agents.apprentice.sheets.targets import Target

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


def past_columns(book: Book, papers: Papers, name: str) -> tuple[list[int], list[int]]:
    """Known and open periods of a sheet, as a paper parts them: a sentence that names two spans of periods, one after the other.

    Without such a sentence nothing is known, and all periods are open.
    """
    sheet = book.sheets[name]
    titles = {column: sheet.head(10**9, column) for column in sheet.series}
    for line in papers.lines:
        spots = []
        for column, title in titles.items():
            match = re.search(r"(?<![\w-])" + re.escape(title) + r"(?![\w-])", line) if title else None
            if match:
                spots.append((match.start(), column))
        order = [column for _, column in sorted(spots)]
        if 2 <= len(order) <= 4 and order[0] == sheet.series[0] and order[-1] == sheet.series[-1] and order == sorted(order):
            cut = [column for column in order if column not in (order[0], order[-1])]
            first_open = cut[-1] if cut else order[-1]
            if len(cut) == 1 and sheet.series.index(cut[0]) + 1 < len(sheet.series) and len(order) == 3:
                first_open = cut[0] if sheet.series.index(cut[0]) == 1 else sheet.series[sheet.series.index(cut[0]) + 1]
            return [c for c in sheet.series if c < first_open], [c for c in sheet.series if c >= first_open]
    return [], list(sheet.series)


def faults(book: Book, recipes: Recipes, phrases: Phrases, house: str, goal: str, papers: Papers) -> list[Fault]:
    """All suspicions with their remedies, each weighed by what it would do."""
    around = Surroundings(book, papers, goal)
    found: list[Fault] = []
    for name, sheet in book.sheets.items():
        known, open_ = past_columns(book, papers, name)
        for number in sheet.by_row:
            row = Row(name, number)
            if row in around.visible and sheet.label(number):
                found += _suspicions(book, around, recipes, phrases, house, row, known, open_)
    unique = {fault.key: fault for fault in found}
    for fault in unique.values():
        label = book.label(fault.row)
        fault.features["row said in goal"] = float(mentions(goal, label))
        heading = book.sheets[fault.row.sheet].headings.get(fault.row.number, "")
        fault.features["block said"] = float(bool(heading) and any(mentions(line, heading) for line in papers.lines))
        fault.features.update(_effect(book, fault))
    return list(unique.values())


def _suspicions(
    book: Book, around: Surroundings, recipes: Recipes, phrases: Phrases, house: str, row: Row, known: list[int], open_: list[int]
) -> list[Fault]:
    sheet = book.sheets[row.sheet]
    line = sheet.by_row[row.number]
    ideas: dict[int, Idea | None] = {}
    for column in [*known, *open_]:
        if column in line and line[column].kind not in ("text", "empty"):
            tree = book.tree(line[column].formula, row.sheet) if line[column].formula else None
            ideas[column] = abstract(book, tree, row, column) if tree is not None else None
    now = {column: ideas[column] for column in open_ if column in ideas}
    if not any(idea is not None for idea in now.values()):
        return []
    found: list[Fault] = []
    past = Counter(ideas[column] for column in known if ideas.get(column) is not None)
    live = past.most_common(1)[0][0] if past else None
    counts = Counter(idea for idea in now.values() if idea is not None)
    usual, times = counts.most_common(1)[0]
    if live is not None and past[live] >= 2:
        odd = tuple(column for column, idea in now.items() if _other(idea, live))
        if odd:
            found.append(Fault(row, live, odd, {"fault:past formula": 1.0, "share odd": len(odd) / len(now)}))
        return found
    if times >= 2 and times < len(now):
        begun = min(column for column, idea in now.items() if idea is not None)  # typed numbers before that are history
        odd = tuple(column for column, idea in now.items() if _other(idea, usual) and (known or column > begun))
        typed_in = float(any(now[column] is None for column in odd))
        found.append(Fault(row, usual, odd, {"fault:odd cell": 1.0, "number among formulas": typed_in, "share of row": times / len(now)}))
    typed = tuple(column for column in known if column in line and line[column].number is not None)
    if typed:
        target = Target(row, tuple(now), typed)
        options = ideas_for(target, around, recipes, phrases, house, frozenset({row}))
        fits = {probe(c.idea): c for c in options if c.idea is not None and c.features.get("fit", 0) >= 1.0}
        if usual is not None and probe(usual) not in fits and fits:
            best = max(fits.values(), key=lambda c: (_trust(c), -len(c.idea.shape if c.idea else ""), c.key))
            assert best.idea is not None
            features = {"fault:contradicts past": 1.0, "said in words": best.features.get("from words", 0.0)}
            features["known in house"] = max(best.features.get("from house", 0.0), best.features.get("from house, other block", 0.0))
            found.append(Fault(row, best.idea, tuple(now), features))
        elif usual is not None and probe(usual) in fits:
            for fault in found:
                fault.features["usual fits past"] = 1.0
    return found


def _trust(candidate: object) -> float:
    features: dict[str, float] = getattr(candidate, "features")  # noqa: B009 - any candidate
    return 3 * features.get("from words", 0.0) + 2 * features.get("from house", 0.0) + features.get("from elsewhere", 0.0)


def _other(one: Idea | None, other: Idea) -> bool:
    return one is None or (one != other and probe(one) != probe(other))


def _effect(book: Book, fault: Fault) -> dict[str, float]:
    """What a remedy would do to the workbook: cells brought to zero or away from it."""
    instead: dict[tuple[str, int, int], Node | float] = {}
    mended = broken = changed = 0
    try:
        for column in fault.columns:
            instead[fault.row.sheet, fault.row.number, column] = fault.idea.tree(book, fault.row, column)
        reckoner = Reckoner(book, instead)
        for name, number, column in sorted(reckoner.affected):
            old = book.cell(Ref(name, number, column)).number
            new = reckoner.value(name, number, column)
            if not isinstance(new, float | int) or isinstance(new, bool) or old is None:
                continue
            changed += not math.isclose(old, new, rel_tol=1e-9, abs_tol=1e-9)
            mended += abs(old) > ZERO > abs(new)
            broken += abs(old) < ZERO < abs(new)
    except (Unknown, Unreadable, RecursionError):
        return {"effect unknown": 1.0}
    return {"mends zeros": min(mended, 3) / 3, "breaks zeros": min(broken, 3) / 3, "changes nothing": float(not changed)}
