"""The proof that an engine is one: small facts that every engine must satisfy, whatever its network and wherever it runs. For authors of engines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.core import UsageError
from bakeoff.training.protocol import AdamParams, Datum, Engine, SamplingParams

EXACT = 1e-4
"""How far two computations of one log-probability may lie apart."""


def check_engine(make: Callable[[], Engine], prompts: Sequence[Any], folder: Path, rate: float = 1e-2) -> None:
    """Raises `AssertionError` naming the first fact that does not hold.

    Args:
        make: a fresh engine, the same one each time.
        prompts: at least two that the engine's network reads.
        folder: for its saved states.
        rate: a learning rate at which a few steps make a difference.
    """
    assert len(prompts) >= 2, "the contract needs two prompts"
    engine = make()
    greedy = SamplingParams(temperature=0, max_tokens=6)
    data = []
    for prompt in prompts:
        drawn = engine.sample(prompt, 3, SamplingParams(temperature=1.0, max_tokens=6, seed=5))
        assert len(drawn) == 3, "sample gives as many completions as were asked for"
        for one in drawn:
            assert len(one.tokens) == len(one.logprobs) >= 1, "every sampled token has its log-probability"
            assert all(value <= 1e-6 for value in one.logprobs), "a log-probability is not above 0"
        again = engine.sample(prompt, 3, SamplingParams(temperature=1.0, max_tokens=6, seed=5))
        assert [one.tokens for one in again] == [one.tokens for one in drawn], "the same seed draws the same tokens"
        data.append(Datum(prompt, drawn[0].tokens, _inputs(drawn[0].logprobs, 1.0)))
    sampled = [np.asarray(datum.inputs["logprobs"]) for datum in data]
    for known, scored in zip(sampled, engine.forward(data), strict=True):
        assert np.allclose(known, scored, atol=EXACT), "tokens score as they did when they were sampled: token in, token out"
    passed = engine.forward_backward(data, "cross_entropy")
    assert np.isclose(passed.loss, -sum(float(values.sum()) for values in sampled), atol=EXACT * 10), "cross_entropy sums -weight * log p"
    passed = engine.forward_backward(
        [Datum(d.prompt, d.tokens, {**d.inputs, "advantages": -2 * d.inputs["advantages"]}) for d in data], "importance_sampling"
    )
    count = sum(len(datum.tokens) for datum in data)
    assert np.isclose(passed.loss, 2 * count, rtol=1e-3), (
        "importance_sampling sums -ratio * advantage, and the ratio is 1 when nothing has moved"
    )
    for loss in ("cross_entropy", "importance_sampling"):
        try:
            engine.forward_backward([Datum(prompts[0], data[0].tokens)], loss)
        except UsageError:
            continue
        raise AssertionError(f"{loss} without its inputs is refused")

    engine = make()
    before = engine.forward(data)
    engine.forward_backward(data, "cross_entropy")
    assert all(np.allclose(a, b, atol=EXACT) for a, b in zip(before, engine.forward(data), strict=True)), "only optim_step moves weights"
    for _ in range(5):
        engine.forward_backward(data, "cross_entropy")
        engine.optim_step(AdamParams(learning_rate=rate))
    after = engine.forward(data)
    assert _sum(after) > _sum(before), "imitation makes what was shown likelier"

    engine = make()
    for _ in range(5):
        bad = [
            Datum(d.prompt, d.tokens, {"logprobs": old, "advantages": -np.ones(len(d.tokens))}) for d, old in zip(data, before, strict=True)
        ]
        engine.forward_backward(bad, "importance_sampling")
        engine.optim_step(AdamParams(learning_rate=rate))
    assert _sum(engine.forward(data)) < _sum(before), "a negative advantage makes a completion less likely"

    saved = engine.save_state(folder / "state")
    there = engine.forward(data)
    told = [one.tokens for one in engine.sample(prompts[0], 1, greedy)]
    engine.forward_backward(data, "cross_entropy")
    engine.optim_step(AdamParams(learning_rate=rate))
    moved = engine.forward(data)
    other = make()
    other.load_state(saved)
    assert all(np.allclose(a, b, atol=EXACT) for a, b in zip(there, other.forward(data), strict=True)), "load_state brings the weights back"
    assert [one.tokens for one in other.sample(prompts[0], 1, greedy)] == told, "and what is sampled"
    other.forward_backward(data, "cross_entropy")
    other.optim_step(AdamParams(learning_rate=rate))
    assert all(np.allclose(a, b, atol=EXACT) for a, b in zip(moved, other.forward(data), strict=True)), "and the optimiser with them"
    try:
        make().load_state(str(folder / "nothing"))
    except UsageError:
        return
    raise AssertionError("a state that is not there is refused")


def _inputs(logprobs: Sequence[float], advantage: float) -> dict[str, Any]:
    size = len(logprobs)
    return {"weights": np.ones(size), "logprobs": np.asarray(logprobs), "advantages": np.full(size, advantage)}


def _sum(values: Sequence[Any]) -> float:
    return float(sum(value.sum() for value in values))
