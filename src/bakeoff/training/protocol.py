"""What a training engine is: five verbs, those of the Tinker API, so that one loop runs on this processor and, by URL, on a cluster.

    forward_backward   adds the gradient of a loss on some data
    optim_step         moves the weights and forgets the gradient
    sample             draws completions of a prompt, with the log-probability of every token
    save_state         writes weights and optimiser, load_state reads them

Tokens go in and tokens come out; nothing is ever turned into text and back between sampling and training. A prompt is whatever the engine's network
reads: token ids for a language model, a `Screen` for the small policy. Losses are sums over tokens, as Tinker's are; what they are divided by is
the loop's business and part of the weights or advantages it sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bakeoff.core import UsageError

Floats = NDArray[np.float64]
Loss = Literal["cross_entropy", "importance_sampling"]
LOSSES: tuple[Loss, ...] = ("cross_entropy", "importance_sampling")

NEEDS: Mapping[Loss, tuple[str, ...]] = {"cross_entropy": ("weights",), "importance_sampling": ("logprobs", "advantages")}


@dataclass(frozen=True, slots=True)
class Datum:
    """One training example: a prompt, the tokens that followed it, and what the loss needs to know of each token.

    Attributes:
        prompt: what the network reads first.
        tokens: at least one.
        inputs: arrays as long as `tokens`: `weights` for `cross_entropy`; `logprobs` (when sampled) and `advantages` for `importance_sampling`.
    Raises `UsageError` for arrays of another length, or without tokens.
    """

    prompt: Any
    tokens: tuple[int, ...]
    inputs: Mapping[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.tokens:
            raise UsageError("a training example needs at least one token")
        for name, values in self.inputs.items():
            if len(values) != len(self.tokens):
                raise UsageError(f"'{name}' has {len(values)} values for {len(self.tokens)} tokens")

    def need(self, loss: Loss) -> None:
        """Raises `UsageError` when an input of this loss is missing or the loss is unknown."""
        if loss not in NEEDS:
            raise UsageError(f"there is no loss '{loss}'; there are {', '.join(LOSSES)}")
        missing = [name for name in NEEDS[loss] if name not in self.inputs]
        if missing:
            raise UsageError(f"the loss {loss} needs {' and '.join(missing)} with every example")


@dataclass(frozen=True, slots=True)
class ForwardBackward:
    """What came of a pass: the summed loss, and the log-probability of every token of every example under the present weights."""

    loss: float
    logprobs: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class AdamParams:
    """Of one step of AdamW (Loshchilov & Hutter 2019). `clip`: largest norm of the gradient; 0 clips nothing."""

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0
    clip: float = 1.0


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """`temperature` 0 takes the likeliest token; `top_k` draws from so many likeliest ones alone, 0 from all. `max_tokens` and `stop` (token ids) matter to language models; a pointer policy ends by itself."""

    temperature: float = 1.0
    max_tokens: int = 64
    stop: tuple[int, ...] = ()
    seed: int | None = None
    top_k: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sampled completion: its tokens, the log-probability of each at temperature 1, and why it ended (`stop` or `length`)."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    stop_reason: str = "stop"


class Drawing(Protocol):
    """What draws completions: the one verb that an episode needs."""

    def sample(self, prompt: Any, n: int, params: SamplingParams) -> tuple[Drawn, ...]:
        """`n` completions of one prompt."""
        ...


class Engine(Drawing, Protocol):
    """See the module. `bakeoff.training.contract.check_engine` proves of an engine that it is one."""

    def forward(self, data: Sequence[Datum]) -> tuple[Floats, ...]:
        """Log-probabilities of all tokens, without a gradient."""
        ...

    def forward_backward(self, data: Sequence[Datum], loss: Loss) -> ForwardBackward:
        """Adds the gradient of the summed loss. Raises `UsageError` where an example lacks what the loss needs."""
        ...

    def optim_step(self, params: AdamParams) -> float:
        """Moves the weights by the gradient gathered so far, forgets it, and returns its norm before clipping (0 where it is not known)."""
        ...

    def sample(self, prompt: Any, n: int, params: SamplingParams) -> tuple[Drawn, ...]:
        """`n` completions of one prompt."""
        ...

    def save_state(self, path: Path) -> str:
        """Writes weights and optimiser; returns what `load_state` reads: a path, or a name at a remote engine."""
        ...

    def load_state(self, saved: str) -> None:
        """Becomes the engine that saved this. Raises `UsageError` for anything else."""
        ...


def sample_many(engine: Drawing, asked: Sequence[tuple[Any, SamplingParams]]) -> list[Drawn]:
    """One completion of each prompt: in one go where the engine can, else one after the other."""
    together = getattr(engine, "sample_many", None)
    if together is not None:
        return list(together(asked))
    return [engine.sample(prompt, 1, params)[0] for prompt, params in asked]
