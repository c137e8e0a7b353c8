"""A tiny language model over token ids: what proves the engine with plain tokens, and what a real language model takes the place of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.agents.baked.choice import choose
from bakeoff.training.protocol import Drawn, SamplingParams


class TokenModel(nn.Module):
    """A causal transformer. Prompts and completions are token ids below `vocabulary`; id 0 fills up.

    Args:
        vocabulary: number of tokens. width, layers, heads: sizes. context: longest sequence.
    """

    def __init__(self, vocabulary: int, width: int = 32, layers: int = 2, heads: int = 2, context: int = 128) -> None:
        super().__init__()
        self.sizes = {"vocabulary": vocabulary, "width": width, "layers": layers, "heads": heads, "context": context}
        self.token = nn.Embedding(vocabulary, width)
        self.place = nn.Embedding(context, width)
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, F.gelu, batch_first=True, norm_first=True)
        self.trunk = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, ids: Tensor) -> Tensor:
        """(B, T) ids to (B, T, vocabulary) logits of the next token."""
        size = ids.shape[1]
        ahead = torch.ones(size, size, dtype=torch.bool).triu(1)
        out: Tensor = self.head(self.trunk(self.token(ids) + self.place.weight[:size], mask=ahead))
        return out

    def log_probabilities(self, prompts: Sequence[Any], targets: Sequence[Sequence[int]]) -> Tensor:
        rows = [[*prompt, *ids] for prompt, ids in zip(prompts, targets, strict=True)]
        longest = max(len(row) for row in rows)
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        scored = self(ids[:, :-1]).log_softmax(-1).gather(-1, ids[:, 1:].unsqueeze(-1)).squeeze(-1)
        most = max(len(target) for target in targets)
        found = []
        for row, (prompt, target) in enumerate(zip(prompts, targets, strict=True)):
            own = scored[row, len(prompt) - 1 : len(prompt) - 1 + len(target)]
            found.append(F.pad(own, (0, most - len(target))))
        return torch.stack(found)

    @torch.no_grad()
    def draw(self, prompt: Sequence[int], n: int, params: SamplingParams, generator: torch.Generator) -> list[Drawn]:
        out = []
        for _ in range(n):
            ids, reason = list(prompt), "length"
            values: list[float] = []
            while len(values) < params.max_tokens and len(ids) < self.sizes["context"]:
                logits = self(torch.tensor([ids]))[0, -1]
                at = choose(logits, params.temperature, params.top_k, generator)
                ids.append(at)
                values.append(float(logits.log_softmax(-1)[at]))
                if at in params.stop:
                    reason = "stop"
                    break
            out.append(Drawn(tuple(ids[len(prompt) :]), tuple(values), reason))
        return out

    def describe(self) -> dict[str, Any]:
        return {"network": "tokens", **self.sizes}

    @classmethod
    def build(cls, description: Mapping[str, Any]) -> TokenModel:
        """The inverse of `describe`, with fresh weights."""
        return cls(**{name: value for name, value in description.items() if name != "network"})
