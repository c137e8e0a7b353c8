"""The known numbers of a row, and whether an idea gives them: the test that every idea is put to before anything is written."""

from __future__ import annotations

import numpy as np

from bakeoff.agents.apprentice.sheets.formula import Ref, Value
from bakeoff.agents.apprentice.sheets.grid import Book, Row
from bakeoff.agents.apprentice.sheets.ideas import Idea

CLOSE = 1e-7  # of the number itself
RESIDUE = 1e-11  # of what is large in the workbook: so little is what remains of a difference that is nothing


class Past:
    """A row's known columns. `start`: the column in which the row begins by a formula of its own, which says nothing of how it goes on; 0 for none.
    `noise`: numbers no larger than this are nothing (see `noise`)."""

    def __init__(self, book: Book, row: Row, known: tuple[int, ...], start: int = 0, noise: float = 0.0) -> None:
        self.book, self.row, self.start, self.noise = book, row, start, noise
        self.sheet = book.sheets[row.sheet]
        self.known = known
        self.slack = slack(book, row, known)
        self.numbers = [number for column in known if (number := self.actual(column)) is not None]

    @property
    def telling(self) -> bool:
        """Whether any known number is more than nothing: almost every idea gives a row of zeros somehow."""
        return any(self.numbers)

    def actual(self, column: int) -> float | None:
        """The number of a known column; nothing is 0."""
        number = self.sheet.at(self.row.number, column).number
        return 0.0 if number is not None and abs(number) <= self.noise else number

    def compare(self, idea: Idea) -> tuple[int, int]:
        """In how many known columns the idea gives the known number, and in how many another."""
        agreed = disagreed = 0
        for column in self.known:
            if column == self.start:
                continue
            value, actual = idea.value(self.book, self.row, column, self.strict), self.actual(column)
            if value is None or actual is None:
                continue
            close = abs(value - actual) <= CLOSE * max(abs(actual), abs(value), 1e-6) + self.slack + self.noise
            agreed, disagreed = agreed + close, disagreed + (not close)
        return agreed, disagreed

    def agrees(self, idea: Idea) -> tuple[bool, bool]:
        """Whether an idea can be reckoned for some known numbers, and whether it then gives them."""
        agreed, disagreed = self.compare(idea)
        return agreed + disagreed > 0, disagreed == 0

    def strict(self, ref: Ref) -> Value:
        """A cell's value; an empty one is not taken for 0."""
        value = self.book.look(ref)
        if value is None:
            raise OverflowError("empty")
        return value


def noise(book: Book) -> float:
    """Below this, a number in a workbook is the rounding that is left of larger ones."""
    sizes = [
        abs(number) for sheet in book.sheets.values() for cell in sheet.cells.values() if cell.role == "cell" and (number := cell.number)
    ]
    return RESIDUE * float(np.quantile(sizes, 0.75)) if sizes else 0.0


def slack(book: Book, row: Row, columns: tuple[int, ...]) -> float:
    """How far typed numbers may be off because they were rounded; 0 for reckoned ones."""
    cells = [book.sheets[row.sheet].at(row.number, column) for column in columns]
    if any(cell.formula for cell in cells) or not cells:
        return 0.0
    digits = max((len(f"{cell.number:.10f}".rstrip("0").partition(".")[2]) for cell in cells if cell.number is not None), default=0)
    if 2 <= digits <= 6:
        return 2.5 * 10.0**-digits
    large = min((abs(cell.number) for cell in cells if cell.number), default=0.0) > 100 * 10.0**-digits
    return 0.6 * 10.0**-digits if digits == 1 and large else 0.0
