"""What came of hypotheses that were acted on: evidence for and against each, shared out among all that one job rested on.

A job rests on several hypotheses at once: which rows are meant, how each is reckoned, in which sign a figure stands. A job that failed says that not all
of them were right, and says it loudest of the least certain: the likelihood ratio of *right* against *wrong* for one of them is
`1 - (1 - noise) · Π chances of the others`. A job that passed speaks for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

NOISE = 0.02  # chance that a job fails although every hypothesis was right
LUCK = 0.15  # chance that a job passes although one hypothesis was wrong: not everything is looked at
DOUBT = 0.03  # is always left to the others: a belief made of many features is surer of itself than it is right
FURTHEST = 8.0  # evidence counts no further than this, in either direction
KEPT = 4000  # places remembered, those met last


@dataclass(frozen=True)
class Trial:
    """A hypothesis that was acted on. `place`: what it is about, the same in the next job of the house; `chance`: how certain that was; `against`: it was
    taken to be wrong."""

    place: str
    hypothesis: str
    chance: float
    against: bool = False


def tempered(logits: np.ndarray) -> np.ndarray:
    """Probabilities, none above what a belief may be sure of: the rest is shared among the others in their proportions."""
    odds = np.exp(logits - logits.max())
    best, chances = int(np.argmax(odds)), odds / odds.sum()
    if len(logits) < 2 or chances[best] <= 1 - DOUBT:
        return np.asarray(chances)
    others = np.exp(logits - np.delete(logits, best).max())
    others[best] = 0.0
    found = DOUBT * others / others.sum()
    found[best] = 1 - DOUBT
    return np.asarray(found)


@dataclass
class Trials:
    """Place and hypothesis -> logarithm of the odds that outcomes give it."""

    odds: dict[str, dict[str, float]] = field(default_factory=dict)

    def evidence(self, place: str, hypothesis: str) -> float:
        """What outcomes say of a hypothesis: above 0 for it, below against it."""
        return self.odds.get(place, {}).get(hypothesis, 0.0)

    def weigh(self, place: str, hypotheses: Sequence[str], logits: np.ndarray) -> np.ndarray:
        """The logits of a belief over the hypotheses about a place, and what outcomes say of them."""
        evidence = np.array([self.evidence(place, hypothesis) for hypothesis in hypotheses])
        return np.log(np.maximum(tempered(logits), 1e-12)) + evidence if evidence.any() else logits

    def learn(self, tried: Sequence[Trial], passed: bool) -> None:
        """Takes in how a job came out that rested on these hypotheses."""
        chances = [min(trial.chance, 1 - DOUBT) for trial in tried]
        for at, trial in enumerate(tried):
            others = math.prod(chances[:at] + chances[at + 1 :])
            ratio = 1 / LUCK if passed else 1 - (1 - NOISE) * others
            self.add(trial.place, trial.hypothesis, math.log(ratio) * (-1 if trial.against else 1))

    def add(self, place: str, hypothesis: str, evidence: float) -> None:
        """Moves the odds of one hypothesis."""
        known = self.odds.pop(place, {})
        known[hypothesis] = max(-FURTHEST, min(FURTHEST, known.get(hypothesis, 0.0) + evidence))
        self.odds[place] = known
        if len(self.odds) > KEPT:
            del self.odds[next(iter(self.odds))]
