"""Mid-training: imitation of demonstrations, one optimiser step after the other. Which actions a step learns from depends on the seed, the step and how
well each was said before."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bakeoff.agents.baked.screen import Screen
from bakeoff.core import Trajectory
from bakeoff.training.examples import Examples
from bakeoff.training.protocol import AdamParams, Datum, Engine
from bakeoff.training.recipe import Imitate
from bakeoff.training.rename import renamed

WARM = 50
"""Steps over which the learning rate rises, or a tenth of all where that is less; afterwards it falls to a twentieth."""
EASY, HARD = 0.1, 1.0
"""Losses below and above which examples are drawn as often as at these: nats of an action."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Examples to learn from, and examples of other demonstrations to watch."""

    learn: tuple[Datum, ...]
    watch: tuple[Datum, ...]


def divide(examples: Examples, share: float) -> Lesson:
    """This share of the demonstrations is watched, drawn by their names, so that no kind is preferred; at least one is learned from."""
    tasks = sorted(dict.fromkeys(examples.tasks), key=lambda task: zlib.crc32(task.encode()))
    watched = set(tasks[: min(int(len(tasks) * share), len(tasks) - 1)])
    pairs = list(zip(examples.data, examples.tasks, strict=True))
    return Lesson(tuple(d for d, task in pairs if task not in watched), tuple(d for d, task in pairs if task in watched))


def shuffled(demos: Sequence[Trajectory], seed: int) -> list[Trajectory]:
    """The placebo: each demonstration under the question of another one of its product and template, so that what is done answers nothing.

    A demonstration that is alone of its kind keeps its question.
    """
    rng = random.Random(f"placebo/{seed}")
    kinds: dict[tuple[str, str], list[int]] = {}
    for at, demo in enumerate(demos):
        kinds.setdefault((demo.task.id.product, demo.task.id.template), []).append(at)
    out = list(demos)
    for places in kinds.values():
        order = list(places)
        rng.shuffle(order)
        for at, other in zip(order, order[1:] + order[:1], strict=True):
            goal = demos[other].first.goal
            steps = tuple(replace(step, observation=replace(step.observation, goal=goal)) for step in demos[at].steps)
            out[at] = replace(demos[at], first=replace(demos[at].first, goal=goal), steps=steps)
    return out


def rate(stage: Imitate, step: int) -> float:
    """The learning rate of a step."""
    return stage.learning_rate * min(1.0, (step + 1) / min(WARM, max(1, stage.steps // 10))) * max(0.05, 1 - step / stage.steps)


@dataclass(slots=True)
class Focus:
    """How badly each example was said when it was last learned from: those that are hard come more often. Easy ones are most of every job."""

    losses: list[float]

    def draw(self, rng: random.Random, count: int) -> list[int]:
        return rng.choices(range(len(self.losses)), [min(max(loss, EASY), HARD) for loss in self.losses], k=count)


def imitate(
    engine: Engine, lesson: Lesson, stage: Imitate, seed: int, first: int, focus: Focus | None = None
) -> Iterator[dict[str, float]]:
    """Steps from `first` on; yields what came of each: loss of an action, norm of the gradient, learning rate. `focus`: as the steps before left it;
    it is moved on."""
    focus = focus or Focus([HARD] * len(lesson.learn))
    for step in range(first, stage.steps):
        rng = random.Random(f"imitate/{seed}/{step}")
        rows = focus.draw(rng, stage.batch)
        data = weighed([lesson.learn[row] for row in rows], rng, stage.rename)
        passed = engine.forward_backward(data, "cross_entropy")
        for row, values in zip(rows, passed.logprobs, strict=True):
            focus.losses[row] = -float(values.sum())
        speed = rate(stage, step)
        norm = engine.optim_step(AdamParams(learning_rate=speed))
        yield {"loss": passed.loss, "norm": norm, "rate": speed}


def weighed(batch: Sequence[Datum], rng: random.Random, rename: float) -> list[Datum]:
    """A batch to be imitated, its actions together worth 1."""
    return [Datum(_prompt(datum.prompt, rng, rename), datum.tokens, {"weights": datum.inputs["weights"] / len(batch)}) for datum in batch]


def _prompt(prompt: Any, rng: random.Random, share: float) -> Any:
    return renamed(prompt, rng, share) if share and isinstance(prompt, Screen) else prompt


def watch(engine: Engine, lesson: Lesson, most: int = 400) -> dict[str, float]:
    """On demonstrations that were not learned from: loss of an action, and how often it is likelier than all others together."""
    if not lesson.watch:
        return {}
    some = lesson.watch[:: max(1, len(lesson.watch) // most)]
    sums = np.array([float(values.sum()) for values in engine.forward(some)])
    return {"watched_loss": float(-sums.mean()), "watched_right": float((sums > np.log(0.5)).mean())}
