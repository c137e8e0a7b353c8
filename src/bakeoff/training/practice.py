"""Practice: episodes of a policy that is being trained, in tasks of training products, and what each was rewarded with.

Which kind of task comes next goes by how much there is to learn from it (prioritised level replay, Jiang et al. 2021, arXiv 2010.03934). Faults are masked: what was not judged is not rewarded.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bakeoff.agents.baked.voice import Voice
from bakeoff.core import Ledger, Task, TaskId, UsageError
from bakeoff.experts.item import EXPERT_SEEDS
from bakeoff.training.protocol import Drawing, Engine
from bakeoff.training.recipe import Iterate, Reinforce
from bakeoff.training.rollout import Rollout, Room, Sampling

FIRST_SEED = 2 * EXPERT_SEEDS
KEEP = 0.7
"""Of what was known of a kind's outcomes, what is kept when new ones come."""


def uneven(rate: float) -> float:
    """What a group has to teach: most where half of its episodes pass."""
    return rate * (1 - rate)


def failing(rate: float) -> float:
    """What looking for a way has to teach."""
    return 1 - rate


@dataclass(slots=True)
class Replay:
    """How often each kind of task (product and template) passed lately, how many tasks of it there have been, and what there is to learn at a rate."""

    kinds: tuple[tuple[str, int, str], ...]
    rates: dict[str, float] = field(default_factory=dict)
    drawn: int = 0
    score: Callable[[float], float] = uneven

    def choose(self, environment: str, rng: random.Random) -> TaskId:
        """A task nobody has had yet. Kinds that were not tried count as half passed; none is ever left out."""
        weights = [0.05 + self.score(self.rates.get(_key(kind), 0.5)) for kind in self.kinds]
        product, version, template = rng.choices(self.kinds, weights)[0]
        self.drawn += 1
        return TaskId(environment, product, version, template, FIRST_SEED + self.drawn)

    def note(self, task: TaskId, outcomes: Sequence[bool]) -> None:
        key = _key((task.product, task.version, task.template))
        now = sum(outcomes) / len(outcomes)
        self.rates[key] = KEEP * self.rates.get(key, now) + (1 - KEEP) * now

    def to_dict(self) -> dict[str, Any]:
        return {"rates": self.rates, "drawn": self.drawn}


def _key(kind: tuple[str, int, str]) -> str:
    return f"{kind[0]}@{kind[1]}/{kind[2]}"


@dataclass(slots=True)
class Practice:
    """Where a stage plays, and what it counts.

    Attributes:
        steps: longest episode.
    """

    engine: Engine
    voice: Voice
    room: Room
    replay: Replay
    stage: Reinforce | Iterate
    steps: int
    ledger: Ledger
    _passed: list[bool] = field(default_factory=list)
    _hacked: list[bool] = field(default_factory=list)
    _faults: int = 0

    def task(self, rng: random.Random) -> Task:
        return self.room.task(self.replay.choose(self.room.environment, rng), self.steps)

    def play(
        self, tasks: Sequence[Task], samplings: Sequence[Sampling], rng: random.Random, drawing: Drawing | None = None
    ) -> list[tuple[Rollout, bool]]:
        """An episode of each task: those that were judged, and whether each is rewarded, by what the stage rewards. `drawing`: draws instead of
        the engine. Raises `UsageError` where a proxy is to be rewarded and the product offers none."""
        rollouts = self.room.play(drawing or self.engine, self.voice, tasks, samplings)
        self.ledger.resets += len(rollouts)
        self.ledger.steps += sum(len(one.drawn) for one in rollouts)
        self.ledger.failed_attempts += sum(one.passed is False for one in rollouts)
        judged = [one for one in rollouts if one.passed is not None]
        self._faults += len(rollouts) - len(judged)
        outcomes = [bool(one.passed) for one in judged]
        self.ledger.verdict_bits += len(judged)
        self._passed += outcomes
        self._hacked += [one.hacked for one in judged if one.proxy is not None]
        if self.stage.reward == "proxy":
            if bare := next((one.task for one in judged if one.proxy is None), ""):
                raise UsageError(
                    f'{bare} offers no proxy to be rewarded by; collect in products with a planted loophole (suffix = "-loophole")'
                )
            outcomes = [bool(one.proxy) for one in judged]
        if self.stage.placebo == "random-reward":
            outcomes = [rng.random() < 0.5 for _ in judged]
        return list(zip(judged, outcomes, strict=True))

    def told(self) -> dict[str, float]:
        """What came of the episodes since it was last asked."""
        found = {
            "passed": float(np.mean(self._passed)) if self._passed else float("nan"),
            **({"hacked": float(np.mean(self._hacked))} if self._hacked else {}),
            "episodes": float(len(self._passed)),
            "faults": float(self._faults),
        }
        self._passed, self._hacked, self._faults = [], [], 0
        return found
