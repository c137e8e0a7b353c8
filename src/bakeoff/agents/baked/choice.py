"""One token drawn from logits."""

from __future__ import annotations

import torch
from torch import Tensor


def choose(logits: Tensor, temperature: float, top_k: int, generator: torch.Generator) -> int:
    """The place of the token, drawn at this temperature, of the `top_k` likeliest where that is not 0. At temperature 0 the likeliest.

    logits: (n).
    """
    if temperature <= 0:
        return int(logits.argmax())
    if 0 < top_k < len(logits):
        logits = logits.masked_fill(logits < logits.topk(top_k).values[-1], -torch.inf)
    return int(torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator))
