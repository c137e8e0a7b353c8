"""From rewards to what each token is worth: the variants of policy-gradient learning in groups, as transforms that any engine can use.

An engine knows one loss for this, `importance_sampling`: the sum over tokens of  -exp(logp - logprobs) * advantage. All that tells the variants apart
is how advantages are made, so it is done here, once, and no server has to know about it:

    name      baseline            scale     token weight                clipped
    rloo      mean of the others  1         1/G                         no       Ahmadian et al. 2024, arXiv 2402.14740
    dr_grpo   mean of the group   1         1/G                         low/high Liu et al. 2025, arXiv 2503.20783
    grpo      mean of the group   1/std     1/(G * own length)          low/high Shao et al. 2024, arXiv 2402.03300
    dapo      mean of the group   1/std     1/(tokens of the group)     low/high, wider above  Yu et al. 2025, arXiv 2503.14476
    cispo     mean of the group   1/std     1/(tokens of the group)     the weight itself      MiniMax 2025, arXiv 2506.13585

With one update for each batch the ratio is 1 and nothing is clipped. With more, `correct` turns clipping into a factor on the advantage: where the
clipped objective has no gradient the factor is 0; where CISPO bounds the importance weight, the factor is bound / ratio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from bakeoff.core import UsageError
from bakeoff.training.protocol import Floats

EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Variant:
    """See the table above. `low` and `high` bound the ratio to [1 - low, 1 + high]; None where nothing is clipped."""

    name: str
    baseline: Literal["others", "group"]
    scaled: bool
    weight: Literal["sequence", "own-length", "group-tokens"]
    clip: Literal["none", "objective", "weight"]
    low: float = 0.2
    high: float = 0.2


VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        "rloo": Variant("rloo", "others", False, "sequence", "none"),
        "dr_grpo": Variant("dr_grpo", "group", False, "sequence", "objective"),
        "grpo": Variant("grpo", "group", True, "own-length", "objective"),
        "dapo": Variant("dapo", "group", True, "group-tokens", "objective", 0.2, 0.28),
        "cispo": Variant("cispo", "group", True, "group-tokens", "weight", 1.0, 2.0),
    }
)


def variant(name: str) -> Variant:
    """The variant of this name. Raises `UsageError` when there is none."""
    if name not in VARIANTS:
        raise UsageError(f"there is no variant '{name}'; there are {', '.join(VARIANTS)}")
    return VARIANTS[name]


def centred(rewards: Sequence[float], how: Variant) -> Floats:
    """What each of a group's episodes did better than the baseline. All 0 where all rewards are the same (such a group teaches nothing).

    Raises `UsageError` for fewer than two episodes.
    """
    found = np.asarray(rewards, dtype=np.float64)
    size = len(found)
    if size < 2:
        raise UsageError("a group needs at least two episodes to be compared")
    if np.ptp(found) < EPSILON:
        return np.zeros(size)
    spare = found - found.mean()
    if how.baseline == "others":
        spare = spare * size / (size - 1)  # reward less the mean of the others
    return spare / (found.std() + EPSILON) if how.scaled else spare


def token_weights(lengths: Sequence[int], how: Variant) -> Floats:
    """What one token of each episode of a group is multiplied by. `lengths`: tokens of each episode, at least 1."""
    own = np.asarray(lengths, dtype=np.float64)
    if np.any(own < 1):
        raise UsageError("an episode without tokens cannot be learned from")
    if how.weight == "sequence":
        return np.full(len(own), 1 / len(own))
    if how.weight == "own-length":
        return np.asarray(1 / (len(own) * own))
    return np.full(len(own), 1 / own.sum())


def advantages(rewards: Sequence[float], lengths: Sequence[int], how: Variant) -> Floats:
    """The advantage of every token of each episode of one group (the same for all its tokens)."""
    return np.asarray(centred(rewards, how) * token_weights(lengths, how))


def correct(advantage: Floats, old: Floats, new: Floats, how: Variant) -> Floats:
    """Advantages after clipping, for a second and later update on the same batch.

    Args:
        advantage: of each token. old: log-probabilities when it was sampled. new: under the present weights.
    """
    ratio = np.exp(np.clip(new - old, -20, 20))
    if how.clip == "none":
        return advantage
    if how.clip == "weight":
        return np.asarray(advantage * np.clip(ratio, 1 - how.low, 1 + how.high) / ratio)
    beyond = ((advantage > 0) & (ratio > 1 + how.high)) | ((advantage < 0) & (ratio < 1 - how.low))
    return np.asarray(np.where(beyond, 0.0, advantage))


def mixed(outcomes: Sequence[bool]) -> bool:
    """Whether a group passed and failed at once. Dynamic sampling keeps these alone, by the outcome and never by a shaped reward: groups that all
    fail differ in shaped rewards too, and teach noise."""
    return len(set(outcomes)) > 1
