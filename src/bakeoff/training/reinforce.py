"""Reinforcement learning on verified outcomes, in groups: the same task several times, and what the better episodes did is made likelier.

Tasks are of training products alone. Which kind of task comes next goes by how much there is to learn from it (prioritised level replay, Jiang et
al. 2021, arXiv 2010.03934, with p(1 - p) of the kind's outcomes as its score). Groups that passed or failed as one are replaced (dynamic sampling,
DAPO), judged by the outcome. Faults are masked: a group is made of the episodes that were judged.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from bakeoff.agents.baked.voice import Voice
from bakeoff.core import Ledger, TaskId, UsageError
from bakeoff.experts.item import EXPERT_SEEDS
from bakeoff.training.advantages import advantages, correct, mixed, variant
from bakeoff.training.protocol import AdamParams, Datum, Engine, SamplingParams
from bakeoff.training.recipe import Reinforce
from bakeoff.training.rollout import Rollout, Room

FIRST_SEED = 2 * EXPERT_SEEDS
WARM = 3
"""Updates over which the learning rate rises: the optimiser knows nothing of these gradients yet."""
KEEP = 0.7
"""Of what was known of a kind's outcomes, what is kept when new ones come."""


@dataclass(slots=True)
class Replay:
    """How often each kind of task (product and template) passed lately, and how many tasks of it there have been."""

    kinds: tuple[tuple[str, int, str], ...]
    rates: dict[str, float] = field(default_factory=dict)
    drawn: int = 0

    def choose(self, environment: str, rng: random.Random) -> TaskId:
        """A task nobody has had yet. Kinds that were not tried count as half passed; none is ever left out."""
        weights = [0.05 + (rate := self.rates.get(_key(kind), 0.5)) * (1 - rate) for kind in self.kinds]
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
class Group:
    """Episodes of one task that were judged, and their rewards."""

    task: TaskId
    rollouts: list[Rollout]
    rewards: list[float]


def reinforce(
    engine: Engine,
    voice: Voice,
    room: Room,
    replay: Replay,
    stage: Reinforce,
    seed: int,
    first: int,
    steps: int,
    ledger: Ledger,
    told: Callable[[str], None] = lambda what: None,
) -> Iterator[dict[str, float]]:
    """Updates from `first` on; yields what came of each. What a group is drawn with depends on seed, update and place alone."""
    how = variant(stage.variant)
    for update in range(first, stage.updates):
        rng = random.Random(f"reinforce/{seed}/{update}")
        kept: list[Group] = []
        passed: list[bool] = []
        hacked: list[bool] = []
        tried = faults = 0
        while len(kept) < stage.groups and tried < stage.groups * stage.patience:
            tried += 1
            task = room.task(replay.choose(room.environment, rng), steps)
            told(f"update {update + 1}: group {tried}")
            bases = [rng.randrange(1 << 30) for _ in range(stage.size)]
            rollouts = room.play(engine, voice, [task] * stage.size, [partial(_sampling, stage, base) for base in bases])
            ledger.resets += len(rollouts)
            ledger.steps += sum(len(one.drawn) for one in rollouts)
            ledger.failed_attempts += sum(one.passed is False for one in rollouts)
            judged = [one for one in rollouts if one.passed is not None]
            faults += len(rollouts) - len(judged)
            if not judged:
                continue
            outcomes = [bool(one.passed) for one in judged]
            ledger.verdict_bits += len(judged)
            passed += outcomes
            hacked += [one.hacked for one in judged if one.proxy is not None]
            if stage.reward == "proxy":
                if any(one.proxy is None for one in judged):
                    raise UsageError(
                        f'{task.id} offers no proxy to be rewarded by; collect in products with a planted loophole (suffix = "-loophole")'
                    )
                outcomes = [bool(one.proxy) for one in judged]
            replay.note(task.id, outcomes)
            if stage.placebo == "random-reward":
                outcomes = [rng.random() < 0.5 for _ in judged]
            if len(judged) > 1 and mixed(outcomes):
                kept.append(Group(task.id, judged, [float(outcome) for outcome in outcomes]))
        data = [datum for group in kept for datum in _data(group, stage, len(kept))]
        norm = 0.0
        for turn in range(stage.passes if data else 0):
            turned = data if turn == 0 else _corrected(engine, data, how)
            engine.forward_backward(turned, "importance_sampling")
            norm = engine.optim_step(AdamParams(learning_rate=stage.learning_rate * min(1.0, (update + 1) / WARM)))
        yield {
            "passed": float(np.mean(passed)) if passed else float("nan"),
            **({"hacked": float(np.mean(hacked))} if hacked else {}),
            "episodes": float(len(passed)),
            "groups": float(len(kept)),
            "same": float(tried - len(kept)),
            "faults": float(faults),
            "norm": norm,
            "actions": float(np.mean([len(one.drawn) for group in kept for one in group.rollouts])) if kept else 0.0,
        }


def _sampling(stage: Reinforce, base: int, step: int) -> SamplingParams:
    return SamplingParams(temperature=stage.temperature, seed=base + step)


def _data(group: Group, stage: Reinforce, groups: int) -> list[Datum]:
    """Every action of every episode of a group, each token with its advantage; groups count the same."""
    worth = advantages(group.rewards, [one.tokens for one in group.rollouts], variant(stage.variant)) / groups
    out = []
    for rollout, value in zip(group.rollouts, worth, strict=True):
        for prompt, drawn in zip(rollout.prompts, rollout.drawn, strict=True):
            size = len(drawn.tokens)
            out.append(Datum(prompt, drawn.tokens, {"logprobs": np.asarray(drawn.logprobs), "advantages": np.full(size, value)}))
    return out


def _corrected(engine: Engine, data: Sequence[Datum], how: Any) -> list[Datum]:
    """The same data for a further pass, with what clipping makes of its advantages under the present weights."""
    return [
        replace(datum, inputs={**datum.inputs, "advantages": correct(datum.inputs["advantages"], datum.inputs["logprobs"], now, how)})
        for datum, now in zip(data, engine.forward(data), strict=True)
    ]
