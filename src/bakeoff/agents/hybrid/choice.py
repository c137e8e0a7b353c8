"""Which of several workers to send to a job: Thompson sampling over what has come of sending each, here and elsewhere.

A job is known by its product and the words of its instruction without its values. What came of sending a worker to jobs like this one in this product
is counted in full. What came of other jobs here, and of other products (like jobs first), is only a prior: together it is worth less than `PRIOR` episodes, so a few
outcomes of the job itself overrule it. A worker that learns is not what it was: only the `RECENT` latest outcomes of each count. So no worker is ever
certain to be the worse one, and each is tried again now and then, for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

PRIOR = 2.0
"""Episodes that all experience from elsewhere together is worth. It is the mean over all times that a worker was sent: a learner that is slow at first and
sure later is worth what it passes in between, which is what sending it here will bring."""

RECENT = 8
"""Latest outcomes of a worker in jobs like this one that count."""

ALIKE = 0.5
"""Share of their words that two jobs of one kind have in common: the same job is asked for in several ways."""


LIKE_JOB, SAME_PRODUCT = 4.0, 2.0
"""How much more than another outcome from elsewhere one counts that came of a job like this one, in another product, or of another job in this product."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A worker was sent to a job, and what came of it."""

    worker: str
    product: str
    words: frozenset[str]
    passed: bool


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= ALIKE * len(one | other)


class Choice:
    """Chooses between workers by name and keeps the count."""

    def __init__(self, workers: tuple[str, ...]) -> None:
        self.workers = workers
        self.past: list[Sent] = []

    def here(self, worker: str, product: str, words: frozenset[str]) -> list[bool]:
        """What came of sending a worker to jobs like this one in this product, oldest first."""
        return [one.passed for one in self.past if one.worker == worker and one.product == product and alike(one.words, words)]

    def chances(self, worker: str, product: str, words: frozenset[str]) -> tuple[float, float]:
        """The Beta distribution of a worker's chance to pass: successes and failures, each with what it starts from."""
        own = self.here(worker, product, words)
        passed = tried = 0.0
        for one in self.past:
            if one.worker == worker and not (one.product == product and alike(one.words, words)):
                weight = LIKE_JOB if alike(one.words, words) else SAME_PRODUCT if one.product == product else 1.0
                passed, tried = passed + weight * one.passed, tried + weight
        rate, worth = (passed + 1) / (tried + 2), PRIOR * (tried + 2) / (tried + 4)
        latest = own[-RECENT:]
        return rate * worth + sum(latest), (1 - rate) * worth + len(latest) - sum(latest)

    def draw(self, product: str, words: frozenset[str], random: np.random.Generator) -> dict[str, float]:
        """A chance to pass for each worker, drawn from what is believed of it."""
        return {worker: float(random.beta(*self.chances(worker, product, words))) for worker in self.workers}

    def note(self, worker: str, product: str, words: frozenset[str], passed: bool) -> None:
        self.past.append(Sent(worker, product, words, passed))

    def to_list(self) -> list[list[Any]]:
        return [[one.worker, one.product, sorted(one.words), one.passed] for one in self.past]

    def read(self, saved: Iterable[list[Any]]) -> None:
        self.past = [Sent(worker, product, frozenset(words), passed) for worker, product, words, passed in saved]
