"""A workbook's own formulas: who reads whom, which shapes are about, which rows nobody reads."""

from __future__ import annotations

from collections import Counter

from bakeoff.agents.apprentice.sheets.grid import Book, Row
from bakeoff.agents.apprentice.sheets.ideas import Idea
from bakeoff.agents.apprentice.sheets.papers import Papers
from bakeoff.agents.apprentice.sheets.past import noise
from bakeoff.agents.apprentice.sheets.recipes import visible
from bakeoff.agents.apprentice.sheets.reckoner import followed
from bakeoff.agents.apprentice.sheets.timeline import parted


class Surroundings:
    """A workbook's own formulas: who reads whom, which shapes are about, which rows nobody reads. `own`: the worker laid it out itself, without blocks."""

    def __init__(self, book: Book, papers: Papers, goal: str, own: bool = False) -> None:
        self.book, self.papers, self.goal, self.own = book, papers, goal, own
        self.visible = visible(book)
        self.noise = noise(book)
        self.users = book.users()
        self.shapes = Counter(idea.shape for ideas in self.visible.values() for idea in ideas)
        self.now: dict[Row, set[Row]] = {}
        self.reckoned: set[Row] = set()
        """Rows with formulas in open periods. Past ratios of a row that is entered for the future need nothing then."""
        for row, ideas in self.visible.items():
            past = set(parted(book, row.sheet)[0])
            for idea, columns in ideas.items():
                if not past.issuperset(columns):
                    self.reckoned.add(row)
                    self.now.setdefault(row, set()).update(o.row for o in idea.operands if not o.lag)

    def chose(self, row: Row, idea: Idea) -> None:
        """Takes an idea for a row into account, so that later choices make no circle and find fewer rows that nobody reads."""
        self.now.setdefault(row, set()).update(o.row for o in idea.operands if not o.lag)
        for operand in idea.operands:
            self.users.setdefault(operand.row, set()).add(row)

    def downstream(self, row: Row) -> set[Row]:
        """The row and all rows that need it in the same period."""
        readers: dict[Row, list[Row]] = {}
        for reader, sources in self.now.items():
            for one in sources:
                readers.setdefault(one, []).append(reader)
        return followed([row], readers)
