"""The worker whose skills were baked in: acts with a policy that was trained beforehand, and learns nothing on the job."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from bakeoff.agents.baked.kinds import KINDS, policy
from bakeoff.agents.baked.voice import Pointing, Voice
from bakeoff.agents.moves import read_memory, write_memory
from bakeoff.core import Action, Agent, Observation, Tool, UsageError

Draw = Callable[[Any, float, Any], tuple[Sequence[int], Sequence[float]]]
"""The tokens of an action and their log-probabilities, from a prompt, a temperature and a generator."""


class OtherTools(UsageError):
    """The policy was trained with tools that the environment does not have."""


class Baked(Agent):
    """Acts with a trained policy: `baked:<checkpoint>`, or `baked:<checkpoint>;temperature=0.5`. Learns nothing on the job.

    A worker may bring several skills along, `baked:<checkpoint>+<checkpoint>`: it works with the first that was trained with this environment's tools.
    At temperature 0, the default, it takes the likeliest action; when that is what it did before on the very same screen, which led nowhere, it
    draws one instead. A checkpoint is a folder that `bakeoff bake` wrote. Raises `UsageError` without one, or when none fits the environment's tools.
    """

    name: ClassVar[str] = "baked"

    def __init__(self, tools: tuple[Tool, ...], seed: int, argument: str = "") -> None:
        super().__init__(tools, seed, argument)
        folder, _, options = argument.partition(";")
        if not folder:
            raise UsageError("name a checkpoint, e.g. baked:bakes/crm/checkpoint; `bakeoff bake` makes one")
        self._temperature = _temperature(options)
        try:
            import torch

            from bakeoff.agents.baked.checkpoint import read
        except ModuleNotFoundError as missing:
            raise UsageError(
                f"agent 'baked' needs the Python package '{missing.name}'; install it with pip install 'bakeoff[train]'"
            ) from missing
        self._generator = torch.Generator()
        makers = {**dict.fromkeys(KINDS, _pointing), "llama": _speaking}
        places = folder.split("+")
        for place in places:
            about, weights = read(Path(place))
            kind = about["description"].get("network")
            if kind not in makers:
                raise UsageError(f"'{place}' holds a network of the kind '{kind}'; agent 'baked' works with {' and '.join(makers)}")
            own = {name.removeprefix("policy."): value for name, value in weights.items()}
            try:
                self._voice, self._draw = makers[kind](about["description"], own, tools, place)
                break
            except OtherTools:
                if place == places[-1]:
                    raise
        self._sha256: str = about["sha256"]
        self._episodes = 0
        self._talk = self._voice.begin()
        self._tried: set[tuple[int, str]] = set()
        self.certainty = 0.0
        """Log-probability (nats) that it gives to all its actions of this episode together, the latest included."""
        torch.set_num_threads(1)  # one worker, one core: several run side by side

    def act(self, observation: Observation) -> Action:
        if observation.step == 0:
            self._episodes += 1
            self._talk, self._tried, self.certainty = self._voice.begin(), set(), 0.0
        prompt = self._talk.see(observation)
        generator = self._generator.manual_seed(zlib.crc32(f"{self.seed}/{self._episodes}/{observation.step}".encode()))
        screen = hash((observation.text, observation.location))
        ids, logprobs = self._draw(prompt, self._temperature, generator)
        if self._temperature == 0 and (screen, str(ids)) in self._tried:
            ids, logprobs = self._draw(prompt, 1.0, generator)
        self._tried.add((screen, str(ids)))
        self.certainty += sum(logprobs)
        return self._talk.read(ids)

    def snapshot(self, directory: Path) -> None:
        write_memory(directory, {"agent": self.name, "weights": self._sha256, "episodes": self._episodes})

    def restore(self, directory: Path) -> None:
        memory = read_memory(directory)
        if memory["weights"] != self._sha256:
            raise UsageError("this snapshot belongs to another checkpoint")
        self._episodes = memory["episodes"]


def _pointing(description: Mapping[str, Any], weights: Mapping[str, Any], tools: tuple[Tool, ...], folder: str) -> tuple[Voice, Draw]:
    published = [tool.name for tool in tools]
    strange = [name for name in description["grammar"]["tools"] if name not in published]
    if strange:
        raise OtherTools(f"the policy in '{folder}' was trained with the tool '{strange[0]}', which this environment does not have")
    from bakeoff.agents.baked.checkpoint import fill

    network = policy(description)
    fill(network, weights, folder)
    network.eval()
    return Pointing(network.grammar), lambda prompt, temperature, generator: network.draw(prompt, 1, temperature, generator)[0]


def _speaking(description: Mapping[str, Any], weights: Mapping[str, Any], tools: tuple[Tool, ...], folder: str) -> tuple[Voice, Draw]:
    from bakeoff.agents.baked.checkpoint import fill
    from bakeoff.agents.baked.language import Speaking
    from bakeoff.agents.baked.llama import Llama, Wish
    from bakeoff.agents.baked.smollm import tokenizer

    model = Llama.build(description)
    fill(model, weights, folder)
    voice = Speaking(tools, tokenizer())

    def draw(prompt: Any, temperature: float, generator: Any) -> tuple[Sequence[int], Sequence[float]]:
        ids, logprobs, _ = model.complete([Wish(prompt, temperature, voice.longest, voice.stop, generator)])[0]
        return ids, logprobs

    return voice, draw


def _temperature(options: str) -> float:
    if not options:
        return 0.0
    name, _, text = options.partition("=")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if name != "temperature" or not 0 <= value <= 10:
        raise UsageError(f"'{options}' is no option of agent 'baked'; write temperature=0.5, between 0 and 10")
    return value
