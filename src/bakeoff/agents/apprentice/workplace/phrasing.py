"""How jobs are worded: which words of an instruction are a choice that varies from job to job, found by laying instructions side by side.

Two instructions that are alike but for a few words (`… priority to urgent`, `… priority to low`) show what may stand there: those words are
values like names and dates, except that the software may call them something else. Nothing is known beforehand; jobs of all products count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

KEPT_JOBS = 400
LONGEST = 4  # content words of one choice
ASIDE = 3  # content words of a part that some jobs have and others lack
Tokens = tuple[str, ...]


@dataclass
class Phrasing:
    """Instructions as they were worded, and the phrases found to vary. A token is the stem of a content word, or the kind of a value in
    angle brackets; a full stop stands between sentences."""

    jobs: list[Tokens] = field(default_factory=list)
    phrases: dict[str, int] = field(default_factory=dict)  # stems of a phrase → in how many jobs it was found to be a choice
    said: dict[str, int] = field(default_factory=dict)  # token → in how many jobs it was said

    def choices(self, tokens: Tokens) -> list[tuple[int, int]]:
        """Spans of an instruction (from, to) that are choices, in order."""
        found: list[tuple[int, int]] = []
        partners = sorted(self._alike(tokens), key=lambda item: (-item[0], item[1]))
        for _, spans in partners:
            for span in spans:
                if span[1] > span[0] and not any(span[0] < end and start < span[1] for start, end in found):
                    found.append(span)
        split: list[tuple[int, int]] = []
        for start, end in found:
            inner = [span for span in self._spotted(tokens, start, end) if span != (start, end)]
            split += inner if inner and (start, end) not in inner else [(start, end)]
        for span in self._spotted(tokens, 0, len(tokens)):
            if not any(span[0] < end and start < span[1] for start, end in split):
                split.append(span)
        return sorted(split)

    def _spotted(self, tokens: Tokens, first: int, last: int) -> list[tuple[int, int]]:
        """Phrases that are choices wherever they are said, longest first."""
        found: list[tuple[int, int]] = []
        for size in range(LONGEST, 0, -1):
            for start in range(first, last - size + 1):
                phrase = " ".join(tokens[start : start + size])
                said = min(self.said.get(token, 0) for token in tokens[start : start + size])
                sure = 5 * self.phrases.get(phrase, 0) >= 2 * max(said, 2)
                if sure and not any(start < b and a < start + size for a, b in found):
                    found.append((start, start + size))
        return found

    def hear(self, tokens: Tokens) -> None:
        """Keeps an instruction, and the phrases that it and an earlier one show to vary."""
        mine: set[str] = set()
        for other in self.jobs:
            spans = _differences(tokens, other) or []
            for (a, b), (c, d) in spans:
                if b > a and d > c and (len(spans) == 1 or b - a == d - c == 1):
                    mine.add(" ".join(tokens[a:b]))
                    self.phrases.setdefault(" ".join(other[c:d]), 1)
        for phrase in mine:
            self.phrases[phrase] = self.phrases.get(phrase, 0) + 1
        for token in set(tokens):
            self.said[token] = self.said.get(token, 0) + 1
        if tokens not in self.jobs:
            self.jobs = [*self.jobs, tokens][-KEPT_JOBS:]

    def _alike(self, tokens: Tokens) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
        found = []
        for other in self.jobs:
            spans = _differences(tokens, other)
            if spans:
                differing = sum(end - start for (start, end), _ in spans)
                found.append((len(tokens) - differing, tuple(mine for mine, _ in spans)))
        return found

    def to_dict(self) -> dict[str, Any]:
        return {"jobs": [list(tokens) for tokens in self.jobs], "phrases": self.phrases, "said": self.said}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Phrasing:
        return cls([tuple(tokens) for tokens in data["jobs"]], dict(data["phrases"]), dict(data["said"]))


def _differences(one: Tokens, other: Tokens) -> list[tuple[tuple[int, int], tuple[int, int]]] | None:
    """Where two instructions of one kind differ; None when they are of different kinds, or the same."""
    if one == other or one[:1] != other[:1] or abs(len(one) - len(other)) > LONGEST:
        return None
    kinds = [token for token in one if token[0] == "<"]
    if kinds != [token for token in other if token[0] == "<"]:
        return None
    spans = []
    same = 0
    for what, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if what == "equal":
            same += b - a
        elif what == "replace" and b - a <= LONGEST and d - c <= LONGEST and abs((b - a) - (d - c)) < 2:
            mine, theirs = one[a:b], other[c:d]
            if any(token[0] in "<." for token in (*mine, *theirs)) or "." in (one[a - 1], other[c - 1]):
                return None
            spans.append(((a, b), (c, d)))
        elif what != "replace" and (b - a) + (d - c) <= ASIDE:  # said in one and not in the other: a part that some jobs have
            if any(token[0] in "<." for token in (*one[a:b], *other[c:d])) or not a or not c or "." in (one[a - 1], other[c - 1]):
                return None
            spans.append(((a, b), (c, d)))
        else:
            return None
    differing = sum(b - a for (a, b), _ in spans)
    words = sum(token[0] not in "<." for token in one)
    return spans if spans and same >= 3 and 2 * differing <= words + 1 else None
