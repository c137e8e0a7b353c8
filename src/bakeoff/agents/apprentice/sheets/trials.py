"""What came of hypotheses that were acted on: evidence for and against each, shared out among all that one job rested on.

A job rests on several hypotheses at once: which rows are meant, how each is reckoned, in which sign a figure stands. A job that failed says that not all
of them were right, and says it loudest of the least certain: the likelihood ratio of *right* against *wrong* for one of them is
`1 - (1 - noise) · Π chances of the others`. A job that passed speaks for all of them. Where the names of failed checks are told, they point to kinds of
hypotheses: which checks go with which kind is learned from the failures themselves, in the shares in which each kind was held to blame.
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
    taken to be wrong; `kind`: what kind of hypothesis it is."""

    place: str
    hypothesis: str
    chance: float
    against: bool = False
    kind: str = ""


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
class Blame:
    """Which checks fail when a kind of hypothesis is wrong: kind -> check -> shares of failures; the empty check counts all failures of the kind."""

    shares: dict[str, dict[str, float]] = field(default_factory=dict)

    def likely(self, kind: str, checks: Sequence[str]) -> float:
        """How likely just these checks fail where a hypothesis of this kind is wrong."""
        known = self.shares.get(kind, {})
        names = {name for shares in self.shares.values() for name in shares if name}
        chance = 1.0
        for name in sorted(names | set(checks)):
            rate = (known.get(name, 0.0) + 0.5) / (known.get("", 0.0) + 1.0)
            chance *= rate if name in checks else 1 - rate
        return chance

    def learn(self, kinds: Sequence[str], shares: Sequence[float], checks: Sequence[str]) -> None:
        """Takes in a failure, shared out among the kinds held to blame."""
        for kind, share in zip(kinds, shares, strict=True):
            known = self.shares.setdefault(kind, {})
            for name in ("", *checks):
                known[name] = known.get(name, 0.0) + share


@dataclass
class Trials:
    """Place and hypothesis -> logarithm of the odds that outcomes give it."""

    odds: dict[str, dict[str, float]] = field(default_factory=dict)
    blame: Blame = field(default_factory=Blame)

    def evidence(self, place: str, hypothesis: str) -> float:
        """What outcomes say of a hypothesis: above 0 for it, below against it."""
        return self.odds.get(place, {}).get(hypothesis, 0.0)

    def weigh(self, place: str, hypotheses: Sequence[str], logits: np.ndarray) -> np.ndarray:
        """The logits of a belief over the hypotheses about a place, and what outcomes say of them."""
        evidence = np.array([self.evidence(place, hypothesis) for hypothesis in hypotheses])
        return np.log(np.maximum(tempered(logits), 1e-12)) + evidence if evidence.any() else logits

    def learn(self, tried: Sequence[Trial], passed: bool, checks: Sequence[str] | None = None) -> None:
        """Takes in how a job came out that rested on these hypotheses. `checks`: those that failed, where that is told."""
        ratios = [1 / LUCK] * len(tried) if passed else self.ratios(tried, checks)
        for trial, ratio in zip(tried, ratios, strict=True):
            self.add(trial.place, trial.hypothesis, math.log(ratio) * (-1 if trial.against else 1))

    def ratios(self, tried: Sequence[Trial], checks: Sequence[str] | None) -> list[float]:
        """For each hypothesis of a job that failed, how likely that is if it was right against if it was wrong."""
        chances = [min(trial.chance, 1 - DOUBT) for trial in tried]
        pointed = [1.0 if checks is None else self.blame.likely(trial.kind, checks) for trial in tried]
        odds = [(1 - chance) / max(chance, DOUBT) for chance in chances]
        usual = sum(map(math.prod, zip(odds, pointed, strict=True))) / sum(odds) if odds else 1.0
        found = []
        for at, mine in enumerate(pointed):
            rest = [(odds[other], pointed[other]) for other in range(len(tried)) if other != at]
            all_right = math.prod(chance for other, chance in enumerate(chances) if other != at)
            others = sum(map(math.prod, rest)) / sum(weight for weight, _ in rest) if rest else 0.0
            ratio = (NOISE * all_right * usual + (1 - all_right) * others) / mine
            found.append(max(NOISE, min(1 / NOISE, ratio)))
        if checks is not None and tried:
            shares = [weight * mine for weight, mine in zip(odds, pointed, strict=True)]
            self.blame.learn([trial.kind for trial in tried], [share / sum(shares) for share in shares], checks)
        return found

    def add(self, place: str, hypothesis: str, evidence: float) -> None:
        """Moves the odds of one hypothesis."""
        known = self.odds.pop(place, {})
        known[hypothesis] = max(-FURTHEST, min(FURTHEST, known.get(hypothesis, 0.0) + evidence))
        self.odds[place] = known
        if len(self.odds) > KEPT:
            del self.odds[next(iter(self.odds))]
