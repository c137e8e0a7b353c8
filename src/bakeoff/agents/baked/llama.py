"""A language model of the Llama kind with adapters: frozen weights, and on every linear layer a low-rank one that is trained.

Everything goes through one packed sequence. Texts that begin alike are merged into a tree, and every token of the tree is computed once, whatever
number of texts it belongs to: the episodes of a group share their first screen, the turns of an episode share all turns before. A mask lets a token
see its own ancestors alone, so what comes out is what each text by itself would give. While nothing is trained, keys and values of the tree are kept,
and sampling goes on from them: a prompt that continues an earlier one costs only what is new. Logits are computed only where a token is asked for.

Llama: Touvron et al. 2023, arXiv 2302.13971. Adapters: Hu et al. 2021, arXiv 2106.09685; queries, keys and values have one first factor in common, and
so do gate and up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.agents.baked.choice import choose
from bakeoff.core import UsageError

PACK = 768
"""Tokens of a tree that are trained on at once; it bounds memory."""
KEPT = 4096
"""Tokens whose keys and values are kept for sampling."""

Completion = tuple[tuple[int, ...], tuple[float, ...], str]
"""Tokens, the log-probability of each at temperature 1, and `stop` or `length`."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A completion that is asked for: see `SamplingParams` in `bakeoff.training.protocol`."""

    prompt: tuple[int, ...]
    temperature: float
    longest: int
    stop: tuple[int, ...]
    generator: torch.Generator
    top_k: int = 0


class Tree:
    """Texts merged by what they begin with. Node 0 is the first token put in; parents come before their children."""

    def __init__(self) -> None:
        self.index: dict[tuple[int, int], int] = {}
        self.tokens: list[int] = []
        self.parents: list[int] = []
        self.depths: list[int] = []

    def put(self, tokens: Sequence[int], at: int = -1) -> list[int]:
        """The nodes of a text that goes on from a node (-1: from the beginning)."""
        path = []
        for token in tokens:
            node = self.index.get((at, token))
            if node is None:
                node = self.index[(at, token)] = len(self.tokens)
                self.tokens.append(token)
                self.parents.append(at)
                self.depths.append(self.depths[at] + 1 if at >= 0 else 0)
            path.append(node)
            at = node
        return path

    def ancestors(self, first: int) -> np.ndarray:
        """(nodes from `first` on, all nodes): True where the second is the first or an ancestor of it."""
        size = len(self.tokens)
        out = np.zeros((size - first, size), dtype=bool)
        for row in range(first, size):
            parent = self.parents[row]
            if parent >= first:
                out[row - first] = out[parent - first]
            else:
                while parent >= 0:
                    out[row - first, parent] = True
                    parent = self.parents[parent]
            out[row - first, row] = True
        return out


class Llama(nn.Module):
    """A `Network` of the local engine.

    Args:
        sizes: vocabulary, width, layers, queries and shared (heads of queries, and of keys and values), inner, theta, context. rank: of the adapters.
        base: weights by their names in transformers; drawn from `seed` where there are none.
        dtype: `bfloat16` or `float32`, for all but the adapters and the sums over layers, which are kept in float32.
    It is on a graphics card where torch finds one (not tried yet), else on the processor.
    """

    embedding: Tensor
    cosine: Tensor
    sine: Tensor

    def __init__(
        self,
        sizes: Mapping[str, int],
        rank: int = 16,
        base: Mapping[str, Tensor] | None = None,
        name: str = "",
        seed: int = 0,
        dtype: str = "bfloat16",
    ) -> None:
        super().__init__()
        self.sizes, self.rank, self.name, self.seed = dict(sizes), rank, name, seed
        self.dtype, self.device = getattr(torch, dtype), torch.device("cuda" if torch.cuda.is_available() else "cpu")
        weights = _random(sizes, seed) if base is None else base
        width, inner, self.head = sizes["width"], sizes["inner"], sizes["width"] // sizes["queries"]
        between = (sizes["queries"] + 2 * sizes["shared"]) * self.head

        def frozen(key: str, *names: str) -> None:
            found = torch.cat([weights[one] for one in names])
            self.register_buffer(key, found.to(self.device, torch.float32 if "norm" in key else self.dtype), persistent=False)

        frozen("embedding", "model.embed_tokens.weight")
        frozen("norm", "model.norm.weight")
        shapes = {"qkv": (width, between), "out": (width, width), "up": (width, 2 * inner), "down": (inner, width)}
        self.first, self.second = nn.ParameterDict(), nn.ParameterDict()
        for layer in range(sizes["layers"]):
            of = f"model.layers.{layer}"
            frozen(f"norm1_{layer}", f"{of}.input_layernorm.weight")
            frozen(f"norm2_{layer}", f"{of}.post_attention_layernorm.weight")
            frozen(f"qkv_{layer}", *(f"{of}.self_attn.{one}_proj.weight" for one in "qkv"))
            frozen(f"out_{layer}", f"{of}.self_attn.o_proj.weight")
            frozen(f"up_{layer}", f"{of}.mlp.gate_proj.weight", f"{of}.mlp.up_proj.weight")
            frozen(f"down_{layer}", f"{of}.mlp.down_proj.weight")
            for part, (inside, outside) in shapes.items():
                self.first[f"{part}_{layer}"] = nn.Parameter(torch.randn(rank, inside, device=self.device) / inside**0.5)
                self.second[f"{part}_{layer}"] = nn.Parameter(torch.zeros(outside, rank, device=self.device))
        turns = torch.outer(torch.arange(sizes["context"]).float(), 1.0 / sizes["theta"] ** (torch.arange(0, self.head, 2) / self.head))
        self.register_buffer("cosine", turns.cos().repeat(1, 2).to(self.device), persistent=False)
        self.register_buffer("sine", turns.sin().repeat(1, 2).to(self.device), persistent=False)
        self._cast: dict[str, tuple[Tensor, Tensor]] = {}
        self._kept: _Kept | None = None
        self._version = -1

    # --- one pass ----------------------------------------------------------------------------------------------------------------

    def _linear(self, x: Tensor, key: str) -> Tensor:
        pair = self._cast.get(key)
        first, second = (self.first[key].to(self.dtype), self.second[key].to(self.dtype)) if pair is None else pair
        return F.linear(x, getattr(self, key)) + F.linear(F.linear(x, first), second)

    def _normal(self, x: Tensor, key: str) -> Tensor:
        return F.rms_norm(x, x.shape[-1:], getattr(self, key), 1e-5).to(self.dtype)

    def _turn(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        left, right = x[..., : self.head // 2], x[..., self.head // 2 :]
        return (x * cosine + torch.cat([-right, left], dim=-1) * sine).to(self.dtype)

    def _states(self, ids: Tensor, depths: Tensor, mask: Tensor, kept: _Kept | None) -> Tensor:
        """(N, width): what the model makes of N tokens. `mask` (N, keys): what each may see, of the kept ones first and then of these."""
        heads, shared, head = self.sizes["queries"], self.sizes["shared"], self.head
        size = len(ids)
        x = F.embedding(ids, self.embedding).float()  # the sum over layers is kept in full precision
        cosine, sine = self.cosine[depths].unsqueeze(1), self.sine[depths].unsqueeze(1)
        group = heads // shared
        hidden = torch.zeros_like(mask, dtype=self.dtype).masked_fill(~mask, float("-inf")).repeat(group, 1)
        for layer in range(self.sizes["layers"]):
            seen = self._normal(x, f"norm1_{layer}")
            qkv = self._linear(seen, f"qkv_{layer}").view(size, heads + 2 * shared, head)
            turned = self._turn(qkv[:, : heads + shared], cosine, sine)
            q, k, v = turned[:, :heads].transpose(0, 1), turned[:, heads:].transpose(0, 1), qkv[:, heads + shared :].transpose(0, 1)
            if kept is not None:
                k, v = kept.add(layer, k, v)
            # the heads that share keys stand in one row of queries, so that no key is copied
            q = q.reshape(1, shared, group * size, head)
            found = F.scaled_dot_product_attention(q, k.unsqueeze(0), v.unsqueeze(0), attn_mask=hidden)
            x = x + self._linear(found.reshape(heads, size, head).transpose(0, 1).reshape(size, heads * head), f"out_{layer}")
            seen = self._normal(x, f"norm2_{layer}")
            gate, up = self._linear(seen, f"up_{layer}").chunk(2, dim=-1)
            x = x + self._linear(F.silu(gate) * up, f"down_{layer}")
        return self._normal(x, "norm")

    def _logits(self, states: Tensor) -> Tensor:
        return F.linear(states, self.embedding).float()

    # --- what an engine asks of a network ------------------------------------------------------------------------------------------

    def log_probabilities(self, prompts: Sequence[Any], targets: Sequence[Sequence[int]]) -> Tensor:
        """(B, longest): log-probability of each token given the prompt and the tokens before it; 0 beyond an end."""
        tree = Tree()
        rows: list[list[int]] = []
        for prompt, target in zip(prompts, targets, strict=True):
            path = tree.put([*prompt, *target[:-1]])
            rows.append(path[len(prompt) - 1 :])
        asked = {node: at for at, node in enumerate(sorted({node for row in rows for node in row}))}
        mask = torch.from_numpy(tree.ancestors(0)).to(self.device)
        self._cast = {}
        states = self._states(self._long(tree.tokens), self._long(tree.depths), mask, None)
        found = self._logits(states[self._long(list(asked))]).log_softmax(-1)
        most = max(len(target) for target in targets)
        at = torch.tensor([[*(asked[node] for node in row), *[0] * (most - len(row))] for row in rows])
        token = torch.tensor([[*target, *[0] * (most - len(target))] for target in targets])
        there = torch.tensor([[True] * len(target) + [False] * (most - len(target)) for target in targets])
        return torch.where(there, found[at, token].cpu(), 0.0)

    def batches(self, data: Sequence[Any]) -> list[list[int]]:
        """Positions of examples, those that begin alike together, in trees of at most `PACK` tokens (or one example)."""
        order = sorted(range(len(data)), key=lambda row: (*data[row].prompt, *data[row].tokens))
        out: list[list[int]] = []
        tree = Tree()
        for row in order:
            text = [*data[row].prompt, *data[row].tokens[:-1]]
            before = len(tree.tokens)
            if out and (tree.put(text), len(tree.tokens))[1] <= PACK:
                out[-1].append(row)
            else:
                if before:
                    tree = Tree()
                tree.put(text)
                out.append([row])
        return out

    def draw(self, prompt: Any, n: int, params: Any, generator: torch.Generator) -> list[Completion]:
        """`n` completions of one prompt, side by side; each has a generator of its own, seeded from this one."""
        seeds = torch.randint(1 << 62, (n,), generator=generator).tolist()
        wishes = [
            Wish(tuple(prompt), params.temperature, params.max_tokens, params.stop, torch.Generator().manual_seed(seed), params.top_k)
            for seed in seeds
        ]
        return self.complete(wishes)

    @torch.no_grad()
    def complete(self, wishes: Sequence[Wish]) -> list[Completion]:
        """One completion of each, all side by side."""
        self._refresh()
        kept = self._kept
        assert kept is not None
        paths = [kept.tree.put(wish.prompt)[-1] for wish in wishes]
        self._compute()
        tokens: list[list[int]] = [[] for _ in wishes]
        values: list[list[float]] = [[] for _ in wishes]
        ended = ["length"] * len(wishes)
        logits = self._logits(torch.stack([kept.states[path] for path in paths]))
        alive = list(range(len(wishes)))
        while True:
            scores = logits.log_softmax(-1).cpu()
            going: list[int] = []
            for row, at in enumerate(alive):
                wish = wishes[at]
                token = choose(logits[row].cpu(), wish.temperature, wish.top_k, wish.generator)
                tokens[at].append(token)
                values[at].append(float(scores[row, token]))
                if token in wish.stop:
                    ended[at] = "stop"
                elif len(tokens[at]) < wish.longest:
                    going.append(at)
            if not going:
                break
            alive = going
            nodes = [kept.tree.put([tokens[at][-1]], paths[at])[0] for at in alive]
            self._compute()
            for at, node in zip(alive, nodes, strict=True):
                paths[at] = node
            logits = self._logits(torch.stack([kept.states[node] for node in nodes]))
        return [(tuple(a), tuple(b), reason) for a, b, reason in zip(tokens, values, ended, strict=True)]

    # --- what is kept between completions --------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Forgets what was computed with other weights."""
        version = sum(one._version for one in self.parameters())
        if version != self._version or self._kept is None or len(self._kept.tree.tokens) > KEPT // 2:
            self._version = version
            self._kept = _Kept(self)
        self._cast = {key: (self.first[key].to(self.dtype), self.second[key].to(self.dtype)) for key in self.first}

    def _compute(self) -> None:
        """Computes the nodes of the kept tree that are new."""
        kept = self._kept
        assert kept is not None
        first = kept.size
        tree = kept.tree
        if len(tree.tokens) == first:
            return
        mask = torch.from_numpy(tree.ancestors(first)).to(self.device)
        states = self._states(self._long(tree.tokens[first:]), self._long(tree.depths[first:]), mask, kept)
        kept.states += states
        kept.size = len(tree.tokens)

    def _long(self, values: Sequence[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.long, device=self.device)

    # --- what it is ----------------------------------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        about: dict[str, Any] = {"network": "llama", "base": self.name, "sizes": self.sizes, "rank": self.rank}
        about["dtype"] = str(self.dtype).removeprefix("torch.")
        return about if self.name else {**about, "seed": self.seed}

    @classmethod
    def build(cls, description: Mapping[str, Any]) -> Llama:
        """The inverse of `describe`, with fresh adapters. Raises `UsageError` where the model it goes on from is not here."""
        from bakeoff.agents.baked import smollm

        name = description["base"]
        if name not in ("", smollm.NAME):
            raise UsageError(f"this checkpoint goes on from the model '{name}', and this version of bakeoff has {smollm.NAME}")
        weights = smollm.base() if name else None
        return cls(description["sizes"], description["rank"], weights, name, description.get("seed", 0), description["dtype"])


class _Kept:
    """A tree whose keys, values and last states are known for its first `size` nodes."""

    def __init__(self, model: Llama) -> None:
        self.tree, self.size = Tree(), 0
        self.states: list[Tensor] = []
        shape = (model.sizes["layers"], model.sizes["shared"], KEPT, model.head)
        self._keys = torch.zeros(shape, dtype=model.dtype, device=model.device)
        self._values = torch.zeros(shape, dtype=model.dtype, device=model.device)

    def add(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of all nodes, these last."""
        most = self.size + k.shape[1]
        if most > self._keys.shape[2]:
            self._keys, self._values = (F.pad(one, (0, 0, 0, most)) for one in (self._keys, self._values))
        self._keys[layer, :, self.size : most] = k
        self._values[layer, :, self.size : most] = v
        return self._keys[layer, :, :most], self._values[layer, :, :most]


def _random(sizes: Mapping[str, int], seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    width, inner, head = sizes["width"], sizes["inner"], sizes["width"] // sizes["queries"]

    def drawn(rows: int, columns: int) -> Tensor:
        return torch.randn(rows, columns, generator=generator) / columns**0.5

    out = {"model.embed_tokens.weight": drawn(sizes["vocabulary"], width), "model.norm.weight": torch.ones(width)}
    for layer in range(sizes["layers"]):
        of = f"model.layers.{layer}"
        out |= {f"{of}.input_layernorm.weight": torch.ones(width), f"{of}.post_attention_layernorm.weight": torch.ones(width)}
        for one, rows in (("q", width), ("k", sizes["shared"] * head), ("v", sizes["shared"] * head), ("o", width)):
            out[f"{of}.self_attn.{one}_proj.weight"] = drawn(rows, width)
        out |= {f"{of}.mlp.gate_proj.weight": drawn(inner, width), f"{of}.mlp.up_proj.weight": drawn(inner, width)}
        out[f"{of}.mlp.down_proj.weight"] = drawn(width, inner)
    return out
