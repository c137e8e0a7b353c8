"""Which small expressions of other rows give a row's known numbers exactly? Thousands are tried at once, simplest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bakeoff.agents.apprentice.sheets.formula import reckon
from bakeoff.agents.apprentice.sheets.ideas import Idea, Operand, outline

EXACT = 1e-9  # of the largest number involved
ENOUGH = 40  # ideas returned
_NUMBERS = (12.0, 365.0, 360.0, 100.0, 1000.0, 4.0, 2.0)


@dataclass(frozen=True)
class Table:
    """Operands and their numbers, one row each, in the columns of the sought row; nan where there is none."""

    operands: tuple[Operand, ...]
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.operands)


@dataclass(frozen=True, slots=True)
class Fit:
    """An idea that reproduces all known numbers where it can be reckoned: in `points` columns."""

    idea: Idea
    points: int


def search(table: Table, sought: np.ndarray, runs: tuple[tuple[int, ...], ...] = (), slack: float = 0.0) -> list[Fit]:
    """Fits of `sought` (nan where unknown), simplest first, at most `ENOUGH`.

    `runs`: places in the table of rows that stand directly one under the other, for sums over ranges. `slack`: numbers may differ by this much,
    for a row that is written rounded.
    """
    known = np.isfinite(sought)
    if not known.any() or not len(table):
        return []
    finder = _Finder(table, sought[known], table.values[:, known], slack)
    finder.links()
    finder.sums(runs)
    finder.pairs()
    if len(finder.found) < 4:
        finder.threes()
    if len(finder.found) < 2:
        finder.fours()
    return sorted(finder.found.values(), key=lambda fit: (-fit.points, len(fit.idea.operands), len(fit.idea.shape)))[:ENOUGH]


class _Finder:
    def __init__(self, table: Table, sought: np.ndarray, values: np.ndarray, slack: float) -> None:
        self.table, self.sought, self.values, self.slack = table, sought, values, slack
        self.found: dict[Idea, Fit] = {}
        self.scale = float(np.max(np.abs(sought))) or 1.0
        self.trivial = not np.any(sought)  # all known numbers are zero: almost everything fits
        full = np.isfinite(values).all(axis=1) & (np.abs(values) > 0).any(axis=1)
        self.full = np.flatnonzero(full)  # operands without gaps, for the wider searches

    def keep(self, shape: str, places: tuple[int, ...], guess: np.ndarray, least: int = 1) -> None:
        """Keeps the idea if its guess holds wherever it is defined."""
        defined = np.isfinite(guess)
        points = int(defined.sum())
        if points < least or self.trivial:
            return
        if np.all(np.abs(guess[defined] - self.sought[defined]) <= self.tolerance(guess[defined])):
            idea = Idea(shape, tuple(self.table.operands[place] for place in places))
            self.found.setdefault(idea, Fit(idea, points))

    def tolerance(self, guess: np.ndarray) -> np.ndarray:
        return EXACT * np.maximum(np.abs(guess), self.scale) + self.slack

    def hits(self, guesses: np.ndarray) -> np.ndarray:
        """Which of many guesses (last axis: columns) hold wherever they are defined, in one column at least."""
        defined = np.isfinite(guesses)
        off = np.abs(guesses - self.sought) > self.tolerance(np.where(defined, guesses, 0.0))
        return np.asarray(defined.any(axis=-1) & ~(off & defined).any(axis=-1))

    def links(self) -> None:
        for shape, sign in (("{0}", 1.0), ("-{0}", -1.0)):
            for place in np.flatnonzero(self.hits(sign * self.values)):
                self.keep(shape, (int(place),), sign * self.values[place])
        for place in np.flatnonzero(self.hits(1.0 - self.values)):
            self.keep("1-{0}", (int(place),), 1.0 - self.values[place])
        for number in _NUMBERS:
            for shape, guesses in ((f"{{0}}*{number:g}", self.values * number), (f"{{0}}/{number:g}", self.values / number)):
                for place in np.flatnonzero(self.hits(guesses)):
                    self.keep(shape, (int(place),), guesses[place])
        for places in self.steps():
            one = self.values[places[0]] + 1.0
            self.keep("{0}+1", places, one)

    def steps(self) -> list[tuple[int]]:
        return [(int(place),) for place in np.flatnonzero(self.hits(self.values + 1.0))]

    def sums(self, runs: tuple[tuple[int, ...], ...]) -> None:
        for run in runs:
            lines = np.nan_to_num(self.values[list(run)])
            totals = np.vstack([np.zeros((1, lines.shape[1])), np.cumsum(lines, axis=0)])
            for first in range(len(run)):
                for last in range(first + 1, len(run)):
                    guess = totals[last + 1] - totals[first]
                    for sign, mark in ((1.0, ""), (-1.0, "-")):
                        self.keep(f"{mark}SUM({{0}}:{{1}})", (run[first], run[last]), sign * guess, len(self.sought))
            if 2 < len(run) <= 8 or len(run) > 8:
                self._signed(run[-7:])

    def _signed(self, run: tuple[int, ...]) -> None:
        """Sums with signs over neighbouring rows; rows may be left out."""
        lines = np.nan_to_num(self.values[list(run)])
        signs = np.array(np.meshgrid(*[[-1.0, 0.0, 1.0]] * len(run))).reshape(len(run), -1).T
        signs = signs[np.count_nonzero(signs, axis=1) > 2]
        for row in signs[self.hits(signs @ lines)][:20]:
            chosen = sorted(np.flatnonzero(row), key=lambda at: (row[at] < 0, at))
            shape = "".join(f"{'-' if row[at] < 0 else '+'}{{{slot}}}" for slot, at in enumerate(chosen)).removeprefix("+")
            self.keep(shape, tuple(run[at] for at in chosen), row @ lines, len(self.sought))

    def pairs(self) -> None:
        a, b = self.values[:, None, :], self.values[None, :, :]
        count = len(self.values)
        later = np.triu(np.ones((count, count), bool), 1)
        other = ~np.eye(count, dtype=bool)
        with np.errstate(all="ignore"):
            forms = (
                ("{0}+{1}", a + b, later),
                ("{0}-{1}", a - b, other),
                ("-{0}-{1}", -a - b, later),
                ("{0}*{1}", a * b, later),
                ("-{0}*{1}", -a * b, later),
                ("{0}/{1}", a / b, other),
                ("-{0}/{1}", -a / b, other),
                ("{0}/{1}-1", a / b - 1, other),
                ("{0}*(1+{1})", a * (1 + b), other),
                ("{0}*(1-{1})", a * (1 - b), other),
                ("{0}/(1+{1})", a / (1 + b), other),
                ("MIN({0},{1})", np.minimum(a, b), later),
                ("MAX({0},{1})", np.maximum(a, b), later),
                ("AVERAGE({0},{1})", (a + b) / 2, later),
            )
            for shape, guesses, allowed in forms:
                for first, second in np.argwhere(self.hits(guesses) & allowed)[:60]:
                    guess = guesses[first, second]
                    if shape.startswith("M") and (np.array_equal(guess, self.values[first]) or np.array_equal(guess, self.values[second])):
                        continue  # one of the two by itself says as much
                    self.keep(shape, (int(first), int(second)), guess)
            clamped = np.maximum(a - b, 0.0)
            if (self.sought == 0).any() and (self.sought != 0).any():
                for first, second in np.argwhere(self.hits(clamped) & other)[:60]:
                    self.keep("MAX({0}-{1},0)", (int(first), int(second)), clamped[first, second])

    # --- three and four operands, by meeting in the middle ---------------------------------------------------------------------------

    def threes(self) -> None:
        """`pair ∘ c`, for pairs without gaps."""
        rows = self.full[:90]
        if len(rows) < 2 or len(self.sought) < 2:
            return
        v = self.values[rows]
        first, second = np.triu_indices(len(rows), 1)
        table = {
            "{0}+{1}": (first, second, v[first] + v[second]),
            "{0}-{1}": (first, second, v[first] - v[second]),
            "{1}-{0}": (first, second, v[second] - v[first]),
            "{0}*{1}": (first, second, v[first] * v[second]),
        }
        with np.errstate(all="ignore"):
            for pair, (one, two, guess) in table.items():
                seeker = _Seeker(guess, max(self.scale, 1.0), self.slack)
                summed = "*" not in pair
                body = f"({pair})" if summed else pair
                for third, place in enumerate(rows):
                    c = v[third]
                    wanted = [
                        (f"{body}*{{2}}", self.sought / c),
                        (f"-{body}*{{2}}", -self.sought / c),
                        (f"{body}/{{2}}", self.sought * c),
                        (f"{pair}+{{2}}", self.sought - c),
                        (f"{pair}-{{2}}", self.sought + c),
                    ]
                    if pair == "{0}+{1}":
                        wanted += [("AVERAGE({0},{1})*{2}", 2 * self.sought / c), ("-{0}-{1}-{2}", -self.sought - c)]
                    if pair == "{0}*{1}":
                        wanted += [("{2}-{0}*{1}", c - self.sought), ("{0}*{1}/365", self.sought * 365), ("{0}*{1}/12", self.sought * 12)]
                    for shape, goal in wanted:
                        if not np.isfinite(goal).all():
                            continue
                        for hit in seeker.find(goal):
                            spots = (int(rows[one[hit]]), int(rows[two[hit]]), int(place))
                            if len(set(spots)) < 3:
                                continue
                            places = spots if "{2}" in shape else spots[:2]
                            self._check(shape, places)
                            if len(self.found) > ENOUGH:
                                return

    def fours(self) -> None:
        """Sums with signs of four rows."""
        rows = self.full[:60]
        if len(rows) < 4 or len(self.sought) < 2:
            return
        v = self.values[rows]
        first, second = np.triu_indices(len(rows), 1)
        sides = {"++": v[first] + v[second], "+-": v[first] - v[second], "-+": v[second] - v[first], "--": -v[first] - v[second]}
        for left, one in sides.items():
            seeker = _Seeker(one, self.scale, self.slack)
            for right, two in sides.items():
                for at, goal in enumerate(self.sought - two):
                    for hit in seeker.find(goal):
                        places = [rows[first[hit]], rows[second[hit]], rows[first[at]], rows[second[at]]]
                        if len(set(places)) < 4 or hit > at:
                            continue
                        order = sorted(range(4), key=lambda k: ((left + right)[k] == "-", places[k]))
                        shape = "".join(f"{(left + right)[k]}{{{slot}}}" for slot, k in enumerate(order)).removeprefix("+")
                        self._check(shape, tuple(int(places[k]) for k in order))
                        if len(self.found) > ENOUGH:
                            return

    def _check(self, shape: str, places: tuple[int, ...]) -> None:
        """Reckons the shape itself, so that what is kept is what was tested."""
        tree = outline(shape)
        guess = np.full(len(self.sought), np.nan)
        for column in range(len(self.sought)):
            line = self.values[list(places), column]
            value = reckon(tree, lambda slot, line=line: float(line[slot.row - 1]))  # type: ignore[misc]
            guess[column] = value if isinstance(value, float) else np.nan
        self.keep(shape, places, guess, len(self.sought))


class _Seeker:
    """Finds vectors that equal a given one, by their first number."""

    def __init__(self, vectors: np.ndarray, scale: float, slack: float) -> None:
        self.order = np.argsort(vectors[:, 0], kind="stable")
        self.vectors = vectors[self.order]
        self.width = EXACT * scale + slack

    def find(self, goal: np.ndarray) -> list[int]:
        width = max(self.width, EXACT * float(np.abs(goal).max()))
        low = np.searchsorted(self.vectors[:, 0], goal[0] - width)
        high = np.searchsorted(self.vectors[:, 0], goal[0] + width, side="right")
        if low == high:
            return []
        close = np.all(np.abs(self.vectors[low:high] - goal) <= width, axis=1)
        return [int(self.order[low + at]) for at in np.flatnonzero(close)]
