"""What phrases of a job mean in a product: which option of a field each stands for, weighed exactly over all ways of pairing them.

Two phrases do not mean the same option of one field. A job that passed settles its pairs; one that failed speaks against its pairs together, the
more so the surer the rest of what was done is. All pairings (at most a few hundred) are weighed by that; nothing else is assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

MOST_PHRASES, MOST_OPTIONS = 5, 6
CERTAIN = 6.0  # no evidence counts for more, in log odds
SLIP = 0.03  # that a job passes though a pair is wrong, or fails though all is right


@dataclass(frozen=True, slots=True)
class Trial:
    """Phrases and the options chosen for them in one field, in one job. `rest`: how likely all else that was done was right."""

    label: str
    phrases: tuple[str, ...]
    options: tuple[str, ...]
    passed: bool
    rest: float


class Meanings:
    """Beliefs on one product's pairs of phrase and option."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        self.trials: dict[str, list[Trial]] = {}
        for trial in trials:
            self.trials.setdefault(trial.label, []).append(trial)
        self._known: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[tuple[dict[str, str], float]]] = {}

    def evidence(self, label: str, options: Sequence[str], pairs: Sequence[tuple[str, str]]) -> float:
        """How much more likely these pairs are than before anything was tried, in log odds within ±`CERTAIN`; 0 without evidence."""
        trials = self.trials.get(label, [])
        if not trials or not 1 < len(options) <= MOST_OPTIONS:
            return 0.0
        phrases = tuple(dict.fromkeys(phrase for phrase, _ in pairs))
        worlds = self._worlds(label, phrases, tuple(options))
        wanted: frozenset[str] = frozenset(option for _, option in pairs)
        share = sum(w for world, w in worlds if _fits(world, phrases, wanted, pairs))
        before = sum(_fits(world, phrases, wanted, pairs) for world, _ in worlds) / max(len(worlds), 1)
        total = sum(w for _, w in worlds)
        if not before or not total or before == 1:
            return 0.0
        after = min(max(share / total, 1e-4), 1 - 1e-4)
        moved = math.log(after / (1 - after)) - math.log(before / (1 - before))
        return max(-CERTAIN, min(CERTAIN, moved))

    def _worlds(self, label: str, phrases: tuple[str, ...], options: tuple[str, ...]) -> list[tuple[dict[str, str], float]]:
        """All pairings of the phrases that matter with options, each with its weight."""
        mark = (label, phrases, options)
        if mark not in self._known:
            trials = [t for t in self.trials[label] if set(t.options) <= set(options)]
            others = [phrase for t in reversed(trials) for phrase in t.phrases if phrase not in phrases]
            matter = (*phrases, *dict.fromkeys(others))[: max(MOST_PHRASES, len(phrases))]
            ways = permutations(options, len(matter)) if len(matter) <= len(options) else product(options, repeat=len(phrases))
            names = matter if len(matter) <= len(options) else phrases
            found = []
            for way in ways:
                world = dict(zip(names, way, strict=True))
                weight = 1.0
                for trial in trials:
                    weight *= _likelihood(world, trial)
                found.append((world, weight))
            self._known[mark] = found
        return self._known[mark]


def _fits(world: dict[str, str], phrases: tuple[str, ...], wanted: frozenset[str], pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether a pairing gives these options for these phrases; of several phrases for one field, whichever for which."""
    if len(phrases) > 1:
        return frozenset(world[phrase] for phrase in phrases) == wanted
    return all(world[phrase] == option for phrase, option in pairs)


def _likelihood(world: dict[str, str], trial: Trial) -> float:
    if any(phrase not in world for phrase in trial.phrases):
        return 1.0
    right = frozenset(world[phrase] for phrase in trial.phrases) == frozenset(trial.options)
    if trial.passed:
        return 1 - SLIP if right else SLIP
    return max(1 - trial.rest, SLIP) if right else 1.0
