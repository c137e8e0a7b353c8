"""How many lines of a workbook are wrong, by the words of the instruction: learned from the jobs that passed, because no number word is known beforehand."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from bakeoff.agents.apprentice.sheets.grid import QUOTED


@dataclass
class Counts:
    """Word of an instruction -> number of lines mended -> in how many jobs that passed."""

    seen: dict[str, dict[int, int]] = field(default_factory=dict)

    def learn(self, goal: str, mended: int) -> None:
        """A job passed after so many lines were mended."""
        for word in _words(goal):
            numbers = self.seen.setdefault(word, {})
            numbers[mended] = numbers.get(mended, 0) + 1

    def said(self, goal: str, paper: str = "") -> int:
        """How many lines the instruction, or a paper that it names, speaks of: a digit, or what the words that always went with one number tell; 0 where
        nothing is known."""
        words = _words(goal)
        digits = [int(word) for word in {*words, *_words(QUOTED.sub("", paper))} if len(word) == 1 and word.isdigit()]
        if len(digits) == 1:
            return digits[0]
        votes: Counter[int] = Counter()
        for word in words:
            numbers = self.seen.get(word, {})
            if len(numbers) == 1:
                votes.update(numbers)
        if len({number for numbers in self.seen.values() for number in numbers}) < 2:
            return 0  # it always was the same number: the words were not put to the test
        return max(votes, key=lambda number: (votes[number], -number), default=0)

    def to_dict(self) -> dict[str, dict[str, int]]:
        return {word: {str(number): times for number, times in numbers.items()} for word, numbers in self.seen.items()}

    @classmethod
    def from_dict(cls, data: dict[str, dict[str, int]]) -> Counts:
        return cls({word: {int(number): times for number, times in numbers.items()} for word, numbers in data.items()})


def _words(goal: str) -> list[str]:
    return sorted(set(re.findall(r"[^\W\d_]+|\d+", goal.lower())))
