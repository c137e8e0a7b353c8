"""Belief over joint hypotheses: which plan is the right one, given how plans are described; updated exactly from pass and fail.

Each plan is described by named features. One plan of those considered is taken to be right, with probability softmax(weights · features).
A pass or fail of the plan that was carried out has the likelihood of that model, with a little noise for luck and clumsiness. All episodes of a
product are fitted together (maximum a posteriori), so that one failure rules out a joint hypothesis without ruling out its parts; weights of
features that mean the same everywhere are fitted to all products and are the prior of the next (empirical Bayes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

PASS_IF_RIGHT, PASS_IF_WRONG = 0.92, 0.03
# What the author bakes in: weights of features before any experience. Everything else starts at 0.
PRIOR: dict[str, float] = {
    "step": -1.2,  # each command beyond the first
    "name said": 3.5,  # share of the command's name that the instruction says
    "label said": 2.5,
    "label beside": 3.0,  # share of the field's label said right beside the value
    "fits options": 4.0, "fits shape": 2.5, "fits values": 3.0, "quoted to set": 3.0, "other shape": -2.5, "long text": 1.0, "sentence in a line": -2.0, "overwrites": -3.0, "nothing said": 5.0, "nothing chosen": -1.5, "twin picked": 4.0, "date field": 4.0,
    "box turned": -2.5,  # a box is ticked, or no longer
    "other way": -0.5,
    "chosen": -2.5,  # an option is chosen although nothing had to be
    "option said": 4.5,  # share of the option's words that the instruction says
    "value unused": -4.0, "record unused": -4.0,
    "asked": 2.0, "reckoning said": 2.0, "reckoning not said": -1.5, "one record reckoned": -1.0, "kind said": 2.0, "other kind said": -2.0, "followed": -0.5,
    "acts though asked": -4.0, "made again": -6.0, "copied": -1.0, "copies": 5.0, "new code": 4.0, "key found": 5.0, "asked for": 2.0, "unit said": 2.0, "left out": 1.5, "nothing filled": -5.0, "title changed": -3.5, "key changed": -3.0, "idle act": -3.0, "required empty": -6.0, "rule broken": -8.0, "field touched": -0.3,
    "at list without record": 3.0, "at list with record": -3.0, "at record without record": -6.0,
    "worked for this": 4.0, "worked for other": -1.5, "failed for this": -3.0, "said, not done": -2.0, "word twice": -3.0, "plain job, plain command": 1.0, "refused": -0.5,
    "unseen form": -0.5, "leaves nothing": -1.0, "warned": -3.0, "words left": -0.5,
    "choice to option": 2.0, "choice unused": -2.5,  # a word that varies from job to job is to be found among the options
    "evidence": 1.0, "meant elsewhere": 3.0, "taken elsewhere": -2.0,
    "worked for same": 4.0, "worked elsewhere": 2.5,
}  # fmt: skip
_SPREAD = {"word": 0.9, "trait": 0.6, "own": 1.2, "relation": 0.4}


def family(name: str) -> str:
    """`word` (word next to label or option), `trait` (word next to what a command is like), `own` (this product only), `relation`."""
    if name.startswith("own:"):
        return "own"
    if "^" in name:
        return "trait"
    return "word" if "~" in name else "relation"


@dataclass
class Episode:
    """What was considered and what came of it: one row of (columns, values) for each plan, the plan carried out, and whether it passed."""

    columns: list[np.ndarray]
    values: list[np.ndarray]
    chosen: int
    passed: bool
    sure: float = 1.0


class Belief:
    """Weights, and the episodes they rest on."""

    def __init__(self, *, use_prior: bool = True) -> None:
        self.use_prior = use_prior
        self.names: dict[str, int] = {}
        self.start = np.zeros(0)
        self.weight = np.zeros(0)
        self.spread = np.zeros(0)
        self.shared = np.zeros(0, bool)
        self.base = np.zeros(0)
        self._table: dict[str, float] = {}

    # --- features --------------------------------------------------------------------------------------------------------------------

    def encode(self, features: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
        """Columns and values of a plan's description; new names get their prior."""
        fresh = [name for name in features if name not in self.names]
        if fresh:
            for name in fresh:
                self.names[name] = len(self.names)
            base = np.array([PRIOR.get(name, 0.0) for name in fresh])
            self.base = np.concatenate([self.base, base])
            self.start = np.concatenate([self.start, base])
            self.weight = np.concatenate([self.weight, base])
            self.spread = np.concatenate([self.spread, [_SPREAD[family(name)] for name in fresh]])
            self.shared = np.concatenate([self.shared, [family(name) != "own" for name in fresh]])
        return np.array([self.names[name] for name in features], np.int32), np.array(list(features.values()), np.float32)

    def weigh(self, name: str) -> float:
        """The present weight of one feature."""
        known = self._table.get(name)
        if known is None:
            at = self.names.get(name)
            known = self._table[name] = float(self.weight[at]) if at is not None else PRIOR.get(name, 0.0)
        return known

    # --- fitting ---------------------------------------------------------------------------------------------------------------------

    def fit(self, episodes: list[Episode], *, rounds: int = 40) -> None:
        """Fits the weights to the episodes of the product at hand."""
        self.weight = _maximise(self.start, self.spread, episodes, rounds)
        self._table = {}

    def absorb(self, episodes: list[Episode]) -> None:
        """Fits what holds in every product to the episodes of all products met so far; the next product starts there."""
        if not self.use_prior:
            return
        fitted = _maximise(self.base, self.spread * 1.6, episodes, 60)
        self.start = np.where(self.shared, fitted, self.base)

    def enter(self) -> None:
        """A product that is new: only what holds everywhere is believed."""
        self.weight = self.start.copy()
        self._table = {}

    # --- snapshots -------------------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        return {"names": list(self.names), "start": self.start.tolist(), "weight": self.weight.tolist()}

    def load(self, data: dict[str, Any]) -> None:
        self.__init__(use_prior=self.use_prior)  # type: ignore[misc]
        self.encode(dict.fromkeys(data["names"], 1.0))
        self._table = {}
        self.start, self.weight = np.array(data["start"]), np.array(data["weight"])


def _maximise(start: np.ndarray, spread: np.ndarray, episodes: list[Episode], rounds: int) -> np.ndarray:
    """Gradient ascent with steps scaled for each weight (Adam) on log likelihood plus log prior."""
    used = [episode for episode in episodes if len(episode.columns) > 1]
    if not used:
        return start.copy()
    columns = np.concatenate([c for e in used for c in e.columns])
    values = np.concatenate([v for e in used for v in e.values]).astype(float)
    sizes = np.array([len(c) for e in used for c in e.columns])
    row = np.repeat(np.arange(len(sizes)), sizes)
    plans = np.array([len(e.columns) for e in used])
    first = np.concatenate([[0], np.cumsum(plans)[:-1]])
    owner = np.repeat(np.arange(len(used)), plans)
    chosen = first + np.array([e.chosen for e in used])
    passed = np.array([e.passed for e in used])
    sure = np.array([e.sure for e in used])
    active = np.unique(columns)
    compact = np.searchsorted(active, columns)
    origin, width = start[active], spread[active]
    weight = origin.copy()
    mean, square = np.zeros(len(active)), np.zeros(len(active))
    for turn in range(1, rounds + 1):
        logits = np.bincount(row, weights=values * weight[compact], minlength=len(sizes))
        logits -= np.maximum.reduceat(logits, first)[owner]
        share = np.exp(logits)
        share /= np.add.reduceat(share, first)[owner]
        p = share[chosen]
        right = np.where(passed, PASS_IF_RIGHT, 1 - PASS_IF_RIGHT)
        wrong = np.where(passed, PASS_IF_WRONG, 1 - PASS_IF_WRONG)
        pull = sure * (right - wrong) / (right * p + wrong * (1 - p)) * p  # d log likelihood / d log p
        direction = -share * pull[owner]
        direction[chosen] += pull
        gradient = np.bincount(compact, weights=values * direction[row], minlength=len(active))
        gradient -= (weight - origin) / width**2
        mean += 0.1 * (gradient - mean)
        square += 0.05 * (gradient**2 - square)
        weight += 0.25 * (mean / (1 - 0.9**turn)) / (np.sqrt(square / (1 - 0.95**turn)) + 1e-3) / np.sqrt(1 + turn / 8)
    fitted = start.copy()
    fitted[active] = weight
    return fitted
