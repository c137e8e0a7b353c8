"""Expert iteration: the policy looks for successes of its own in tasks it fails, and learns to say them (Anthony et al. 2017, arXiv 1705.08439; for
language models Havrilla et al. 2024, arXiv 2403.04642).

Each task is done once as the policy would do it. When that is not rewarded, it is done again, the same but for an action or two that are drawn from the
likeliest few at a high temperature, there where the policy was least sure (limited discrepancy search, Harvey & Ginsberg 1995, with luck), until one
episode is rewarded or `size` were tried; that one is kept. (With `branch = false` all of its actions are drawn, as suits a language model, which is less sure.) A task that goes well teaches nothing new and costs one episode. Where a policy is sure and
wrong, as one that learned by heart is, groups drawn from it fail as one and have no gradient; this finds a way as long as few actions have to be others.

After each round the kept successes are imitated beside the demonstrations. What is said badly comes more often.
"""

from __future__ import annotations

import math
import pickle
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.core import Task, UsageError
from bakeoff.training.imitate import HARD, Focus, weighed
from bakeoff.training.practice import Practice
from bakeoff.training.protocol import AdamParams, Datum, Drawn, Engine, SamplingParams
from bakeoff.training.recipe import Iterate
from bakeoff.training.rollout import Rollout

MOST = 3000
"""Actions of successes that are kept; the oldest go first."""
DRAWS = 12
"""How often another completion is looked for."""
LEAST, SECOND = 0.02, 0.3
"""Weight of a step of which the policy was certain, beside 1 where it was not sure at all; how often a second action is drawn anew, too."""
FILE = "found.pickle"
_OURS = ("bakeoff.agents.", "bakeoff.training.protocol")
_PLAIN = {
    *(("builtins", name) for name in ("frozenset", "set", "slice", "range")),
    *(("collections", name) for name in ("Counter", "defaultdict", "OrderedDict", "deque")),
    *(("numpy", name) for name in ("ndarray", "dtype")),
    *((module, name) for module in ("numpy._core.multiarray", "numpy.core.multiarray") for name in ("_reconstruct", "scalar")),
    *((module, "_frombuffer") for module in ("numpy._core.numeric", "numpy.core.numeric")),
}


@dataclass(slots=True)
class Found:
    """Demonstrations and successes, each action with how badly it was said last.

    Attributes:
        known: actions of demonstrations; they are read anew when a bake goes on.
        own: actions of successes.
    """

    known: Sequence[Datum]
    known_losses: list[float] = field(default_factory=list)
    own: list[Datum] = field(default_factory=list)
    own_losses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        if len(self.known_losses) != len(self.known):
            self.known_losses = [HARD] * len(self.known)

    def keep(self, rollout: Rollout) -> None:
        for prompt, drawn in zip(rollout.prompts, rollout.drawn, strict=True):
            self.own.append(Datum(prompt, drawn.tokens, {"weights": np.ones(len(drawn.tokens))}))
            self.own_losses.append(-float(sum(drawn.logprobs)))
        del self.own[:-MOST], self.own_losses[:-MOST]

    def learn(self, engine: Engine, stage: Iterate, rate: float, rng: random.Random) -> float:
        """One step of imitation, half of it of demonstrations while there are successes. Returns the loss of an action."""
        shares = [share for share in ((self.known, self.known_losses), (self.own, self.own_losses)) if share[0]]
        drawn = [(data, losses, Focus(losses).draw(rng, max(1, stage.batch // len(shares)))) for data, losses in shares]
        batch = weighed([data[row] for data, _, rows in drawn for row in rows], rng, stage.rename)
        passed = engine.forward_backward(batch, "cross_entropy")
        said = iter(passed.logprobs)
        for _, losses, rows in drawn:
            for row in rows:
                losses[row] = -float(next(said).sum())
        engine.optim_step(AdamParams(learning_rate=rate))
        return passed.loss

    def save(self, folder: Path) -> None:
        """Into a folder of a bake's state."""
        with (folder / FILE).open("wb") as file:
            pickle.dump((self.known_losses, self.own, self.own_losses), file)

    def load(self, folder: Path) -> None:
        """What `save` wrote. Raises `UsageError` for a file that is missing, damaged, or holds anything but training examples."""
        path = folder / FILE
        try:
            with path.open("rb") as file:
                self.known_losses, self.own, self.own_losses = _Reader(file).load()
        except (OSError, pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, ImportError) as broken:
            raise UsageError(f"'{path}' cannot be read: {broken}; delete the bake's folder and bake again") from broken


class _Reader(pickle.Unpickler):
    """Reads training examples and nothing that runs."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        if module.startswith(_OURS) and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is no training example")


def iterate(practice: Practice, stage: Iterate, found: Found, seed: int, first: int) -> Iterator[dict[str, float]]:
    """Rounds from `first` on; yields what came of each. `found` is added to."""
    other = _Other(practice.engine) if stage.branch else None
    for at in range(first, stage.updates):
        rng = random.Random(f"iterate/{seed}/{at}")
        looking = [_Looking(practice.task(rng)) for _ in range(stage.groups)]
        for _ in range(stage.size):
            asked = [one for one in looking if one.waits]
            samplings = [partial(_sampling, stage, one.others(stage, rng), rng.randrange(1 << 30)) for one in asked]
            played = {
                rollout.task: (rollout, rewarded) for rollout, rewarded in practice.play([one.task for one in asked], samplings, rng, other)
            }
            for one in asked:
                one.take(played.get(str(one.task.id)))
        for one in looking:
            if one.plain is not None:
                practice.replay.note(one.task.id, [bool(one.plain.passed) if stage.placebo else one.found is one.plain])
            if one.found is not None and one.found.drawn:
                found.keep(one.found)
        tried = [one for one in looking if one.plain is not None]
        failed = [one for one in tried if one.found is not one.plain]
        rate = stage.learning_rate * max(0.1, 1 - at / stage.updates)
        losses = [found.learn(practice.engine, stage, rate, rng) for _ in range(stage.steps)] if found.known or found.own else []
        yield {
            **practice.told(),
            "at once": (len(tried) - len(failed)) / max(1, len(tried)),
            "found": sum(one.found is not None for one in failed) / max(1, len(failed)),
            "loss": float(np.mean(losses)) if losses else 0.0,
        }


@dataclass(slots=True)
class _Looking:
    """A task that a way is looked for: the episode with the likeliest actions, and the first rewarded one."""

    task: Task
    plain: Rollout | None = None
    found: Rollout | None = None
    faulty: bool = False

    @property
    def waits(self) -> bool:
        return self.found is None and not self.faulty

    def take(self, played: tuple[Rollout, bool] | None) -> None:
        if played is None:  # not judged
            self.faulty = self.plain is None
            return
        rollout, rewarded = played
        self.plain = self.plain or rollout
        if rewarded:
            self.found = rollout

    def others(self, stage: Iterate, rng: random.Random) -> frozenset[int] | None:
        """Steps that are drawn at the stage's temperature, by how unsure the policy was there; None for all."""
        if self.plain is None:
            return frozenset()
        if not stage.branch:
            return None
        doubts = [LEAST + math.sqrt(max(0.0, 1 - math.exp(sum(one.logprobs)))) for one in self.plain.drawn] or [1.0]
        return frozenset(rng.choices(range(len(doubts)), doubts, k=2 if rng.random() < SECOND else 1))


class _Other:
    """Draws something else than the likeliest completion where a temperature is asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sample(self, prompt: Any, n: int, params: SamplingParams) -> tuple[Drawn, ...]:
        likeliest = self._engine.sample(prompt, 1, replace(params, temperature=0.0, top_k=0))
        if params.temperature == 0:
            return likeliest
        drawn = self._engine.sample(prompt, DRAWS, params)
        return (next((one for one in drawn if one.tokens != likeliest[0].tokens), likeliest[0]),)


def _sampling(stage: Iterate, others: frozenset[int] | None, base: int, step: int) -> SamplingParams:
    if others is None or step in others:
        return SamplingParams(temperature=stage.temperature, top_k=stage.top_k, seed=base + step)
    return SamplingParams(temperature=0)
