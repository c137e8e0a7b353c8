"""Reinforcement learning on verified outcomes, in groups: the same task several times, and what the better episodes did is made likelier.

Tasks are of training products alone (`practice`). Groups that passed or failed as one are replaced (dynamic sampling, DAPO), judged by the outcome. A
group is made of the episodes that were judged.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from bakeoff.core import TaskId
from bakeoff.training.advantages import advantages, correct, mixed, variant
from bakeoff.training.practice import Practice
from bakeoff.training.protocol import AdamParams, Datum, Engine, SamplingParams
from bakeoff.training.recipe import Reinforce
from bakeoff.training.rollout import Rollout

WARM = 3
"""Updates over which the learning rate rises: the optimiser knows nothing of these gradients yet."""


@dataclass(slots=True)
class Group:
    """Episodes of one task that were judged, and their rewards."""

    task: TaskId
    rollouts: list[Rollout]
    rewards: list[float]


def reinforce(practice: Practice, stage: Reinforce, seed: int, first: int) -> Iterator[dict[str, float]]:
    """Updates from `first` on; yields what came of each. What a group is drawn with depends on seed, update and place alone."""
    how, engine = variant(stage.variant), practice.engine
    for update in range(first, stage.updates):
        rng = random.Random(f"reinforce/{seed}/{update}")
        kept: list[Group] = []
        tried = 0
        while len(kept) < stage.groups and tried < stage.groups * stage.patience:
            tried += 1
            task = practice.task(rng)
            bases = [rng.randrange(1 << 30) for _ in range(stage.size)]
            episodes = practice.play([task] * stage.size, [partial(_sampling, stage, base) for base in bases], rng)
            if not episodes:
                continue
            judged, outcomes = [one for one, _ in episodes], [rewarded for _, rewarded in episodes]
            practice.replay.note(task.id, [bool(one.passed) for one in judged] if stage.placebo else outcomes)
            if len(judged) > 1 and mixed(outcomes):
                kept.append(Group(task.id, judged, [float(outcome) for outcome in outcomes]))
        data = [datum for group in kept for datum in _data(group, stage, len(kept))]
        norm = 0.0
        for turn in range(stage.passes if data else 0):
            turned = data if turn == 0 else _corrected(engine, data, how)
            engine.forward_backward(turned, "importance_sampling")
            norm = engine.optim_step(AdamParams(learning_rate=stage.learning_rate * min(1.0, (update + 1) / WARM)))
        yield {
            **practice.told(),
            "groups": float(len(kept)),
            "same": float(tried - len(kept)),
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
