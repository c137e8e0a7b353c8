"""The engine on this machine: torch, on the processor; any network that can score given tokens and draw new ones."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bakeoff.agents.baked.checkpoint import ABOUT, WEIGHTS, fill, read
from bakeoff.agents.baked.kinds import policy
from bakeoff.agents.baked.llama import Llama, Wish
from bakeoff.core import UsageError
from bakeoff.training.protocol import AdamParams, Datum, Drawn, Floats, ForwardBackward, Loss, SamplingParams

MOMENTS = "optimiser.safetensors"

BATCH = 16
"""Examples that go through the network at once, whatever number is asked for: it bounds memory and changes no result but by rounding."""


class Network(Protocol):
    """What the engine asks of a network beside being a torch module."""

    def log_probabilities(self, prompts: Sequence[Any], targets: Sequence[Sequence[int]]) -> Tensor:
        """(B, longest): log-probability of each token given the prompt and the tokens before it; 0 beyond an end."""
        ...

    def draw(self, prompt: Any, n: int, params: SamplingParams, generator: torch.Generator) -> list[Drawn]: ...

    def describe(self) -> dict[str, Any]: ...


class Pointing(nn.Module):
    """The small policy as an engine's network."""

    def __init__(self, policy: Any) -> None:
        super().__init__()
        self.policy = policy

    def log_probabilities(self, prompts: Sequence[Any], targets: Sequence[Sequence[int]]) -> Tensor:
        found: Tensor = self.policy.log_probabilities(prompts, targets)
        return found

    def draw(self, prompt: Any, n: int, params: SamplingParams, generator: torch.Generator) -> list[Drawn]:
        found = self.policy.draw(prompt, n, params.temperature, generator, params.top_k)
        return [Drawn(tuple(ids), tuple(values)) for ids, values in found]

    def describe(self) -> dict[str, Any]:
        found: dict[str, Any] = self.policy.describe()
        return found


class Writing(nn.Module):
    """A language model with adapters as an engine's network."""

    def __init__(self, policy: Llama) -> None:
        super().__init__()
        self.policy = policy

    def log_probabilities(self, prompts: Sequence[Any], targets: Sequence[Sequence[int]]) -> Tensor:
        return self.policy.log_probabilities(prompts, targets)

    def batches(self, data: Sequence[Datum]) -> list[list[int]]:
        return self.policy.batches(data)

    def draw(self, prompt: Any, n: int, params: SamplingParams, generator: torch.Generator) -> list[Drawn]:
        return [Drawn(*found) for found in self.policy.draw(prompt, n, params, generator)]

    def draw_many(self, asked: Sequence[tuple[Any, SamplingParams]], generator: torch.Generator) -> list[Drawn]:
        wishes = []
        for prompt, how in asked:
            seed = int(torch.randint(1 << 62, (1,), generator=generator)) if how.seed is None else how.seed
            wishes.append(Wish(tuple(prompt), how.temperature, how.max_tokens, how.stop, torch.Generator().manual_seed(seed), how.top_k))
        return [Drawn(*found) for found in self.policy.complete(wishes)]

    def describe(self) -> dict[str, Any]:
        return self.policy.describe()


def _token_model(description: Mapping[str, Any]) -> nn.Module:
    from bakeoff.training.tokens import TokenModel

    return TokenModel.build(description)


BUILDERS: Mapping[str, Callable[[Mapping[str, Any]], nn.Module]] = {
    "pointer": lambda description: Pointing(policy(description)),
    "workbook": lambda description: Pointing(policy(description)),
    "llama": lambda description: Writing(Llama.build(description)),
    "tokens": _token_model,
}
"""Networks by the name that their description gives."""


def build(description: Mapping[str, Any], seed: int) -> nn.Module:
    """A network with fresh weights, drawn from the seed. Raises `UsageError` for an unknown kind."""
    if description.get("network") not in BUILDERS:
        raise UsageError(f"there is no network '{description.get('network')}'; there are {', '.join(BUILDERS)}")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return BUILDERS[description["network"]](description)


class LocalEngine:
    """An engine that holds its network. `seed` decides sampling; it is part of the saved state.

    Attributes:
        network: the module.
        steps: optimiser steps so far.
        tokens: tokens that went through `forward_backward` so far.
    """

    def __init__(self, network: nn.Module, seed: int = 0) -> None:
        self.network: Any = network
        self.generator = torch.Generator().manual_seed(seed)
        self._optimiser: torch.optim.AdamW | None = None
        self._pending: dict[str, Tensor] = {}
        self.steps = 0
        self.tokens = 0

    # --- the verbs ---------------------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def forward(self, data: Sequence[Datum]) -> tuple[Floats, ...]:
        found: list[Floats | None] = [None] * len(data)
        for rows in self._batches(data):
            values = self.network.log_probabilities([data[row].prompt for row in rows], [data[row].tokens for row in rows])
            for row, value in zip(rows, values, strict=True):
                found[row] = value[: len(data[row].tokens)].double().numpy()
        return tuple(value for value in found if value is not None)

    def forward_backward(self, data: Sequence[Datum], loss: Loss) -> ForwardBackward:
        for datum in data:
            datum.need(loss)
        total = 0.0
        found: list[Floats | None] = [None] * len(data)
        for rows in self._batches(data):
            values = self.network.log_probabilities([data[row].prompt for row in rows], [data[row].tokens for row in rows])
            if loss == "cross_entropy":
                summed = -(values * _padded([data[row].inputs["weights"] for row in rows], values)).sum()
            else:
                old = _padded([data[row].inputs["logprobs"] for row in rows], values)
                worth = _padded([data[row].inputs["advantages"] for row in rows], values)
                summed = -((values - old).clamp(-20, 20).exp() * worth).sum()
            summed.backward()
            total += float(summed.detach())
            for row, value in zip(rows, values.detach(), strict=True):
                found[row] = value[: len(data[row].tokens)].double().numpy()
        if not np.isfinite(total):
            raise UsageError("the loss is not a number; lower the learning rate")
        self.tokens += sum(len(datum.tokens) for datum in data)
        return ForwardBackward(total, tuple(value for value in found if value is not None))

    def optim_step(self, params: AdamParams) -> float:
        optimiser = self._adam()
        for group in optimiser.param_groups:
            group.update(lr=params.learning_rate, betas=(params.beta1, params.beta2), eps=params.eps, weight_decay=params.weight_decay)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), params.clip if params.clip > 0 else float("inf"))
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        self.steps += 1
        return float(norm)

    def forget(self) -> None:
        """Lets go of the optimiser's moments: those of one loss are wrong for another, whose gradients have another size."""
        self._optimiser = None

    def sample(self, prompt: Any, n: int, params: SamplingParams) -> tuple[Drawn, ...]:
        generator = self.generator if params.seed is None else torch.Generator().manual_seed(params.seed)
        return tuple(self.network.draw(prompt, n, params, generator))

    def sample_many(self, asked: Sequence[tuple[Any, SamplingParams]]) -> tuple[Drawn, ...]:
        """One completion of each prompt, side by side where the network can do that."""
        if hasattr(self.network, "draw_many"):
            return tuple(self.network.draw_many(asked, self.generator))
        return tuple(self.sample(prompt, 1, params)[0] for prompt, params in asked)

    # --- state -------------------------------------------------------------------------------------------------------------------

    def save_state(self, path: Path) -> str:
        """A folder with `weights.safetensors`, `optimiser.safetensors` and `engine.json`; whole or not there at all."""
        part = path.with_name(f"{path.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_file({name: value.contiguous() for name, value in self.network.state_dict().items()}, part / WEIGHTS)
        moments: dict[str, Tensor] = {"generator": self.generator.get_state()}
        if self._optimiser is not None:
            for name, parameter in self.network.named_parameters():
                for key, value in self._optimiser.state.get(parameter, {}).items():
                    moments[f"{key}/{name}"] = value.clone().contiguous()
        save_file(moments, part / MOMENTS)
        weights = hashlib.sha256((part / WEIGHTS).read_bytes()).hexdigest()
        about = {"description": self.network.describe(), "steps": self.steps, "tokens": self.tokens, "sha256": weights}
        (part / ABOUT).write_text(json.dumps(about, indent=1))
        if path.exists():
            shutil.rmtree(path)
        part.rename(path)
        return str(path)

    def load_state(self, saved: str) -> None:
        path = Path(saved)
        about, weights, moments = read_state(path)
        if about["description"] != json.loads(json.dumps(self.network.describe())):
            raise UsageError(f"'{path}' holds another network; build the engine with `LocalEngine.open` instead")
        fill(self.network, weights, path)
        self.steps, self.tokens = about["steps"], about["tokens"]
        self.generator.set_state(moments.pop("generator"))
        self._optimiser = None
        if moments:
            optimiser = self._adam()
            for name, parameter in self.network.named_parameters():
                own = {
                    key.split("/")[0]: value if key.startswith("step/") else value.to(parameter.device)
                    for key, value in moments.items()
                    if key.partition("/")[2] == name
                }
                if own:
                    optimiser.state[parameter] = own

    @classmethod
    def open(cls, path: Path) -> LocalEngine:
        """The engine that wrote a folder."""
        about, _, _ = read_state(path)
        engine = cls(build(about["description"], 0))
        engine.load_state(str(path))
        return engine

    def _batches(self, data: Sequence[Datum]) -> list[list[int]]:
        found: list[list[int]] = self.network.batches(data) if hasattr(self.network, "batches") else _batches(data)
        return found

    def _adam(self) -> torch.optim.AdamW:
        if self._optimiser is None:
            self._optimiser = torch.optim.AdamW(self.network.parameters(), lr=1e-3, foreach=True)
        return self._optimiser


def read_state(path: Path) -> tuple[dict[str, Any], dict[str, Tensor], dict[str, Tensor]]:
    """What a folder of `save_state` holds: its description, weights and optimiser. Raises `UsageError` when it is missing or damaged."""
    about, weights = read(path)
    try:
        return about, weights, load_file(path / MOMENTS)
    except FileNotFoundError as missing:
        raise UsageError(f"training cannot go on from '{path}': {MOMENTS} is missing") from missing
    except SafetensorError as broken:
        raise UsageError(f"the checkpoint '{path}' is damaged: {broken}") from broken


def _batches(data: Sequence[Datum]) -> list[list[int]]:
    """Positions, in batches of similar size."""
    order = sorted(range(len(data)), key=lambda row: (_size(data[row].prompt), len(data[row].tokens)))
    return [order[at : at + BATCH] for at in range(0, len(order), BATCH)]


def _size(prompt: Any) -> int:
    refs = getattr(prompt, "refs", prompt)
    return len(refs) + len(getattr(prompt, "pieces", ()))


def _padded(arrays: Sequence[Floats], like: Tensor) -> Tensor:
    out = torch.zeros_like(like)
    for row, array in enumerate(arrays):
        out[row, : len(array)] = torch.from_numpy(np.ascontiguousarray(array)).to(like.dtype)
    return out
