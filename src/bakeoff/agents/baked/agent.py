"""The worker whose skills were baked in: acts with a policy that was trained beforehand, and learns nothing on the job."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import ClassVar

from bakeoff.agents.baked.kinds import KINDS, Eyes, eyes, policy
from bakeoff.agents.moves import read_memory, write_memory
from bakeoff.core import Action, Agent, Observation, Tool, UsageError


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
        published = {tool.name for tool in tools}
        strange: list[str] = []
        for place in folder.split("+"):
            about, weights = read(Path(place))
            description = about["description"]
            if description.get("network") not in KINDS:
                raise UsageError(
                    f"'{place}' holds a network of the kind '{description.get('network')}'; agent 'baked' works with the small policies"
                )
            strange = [name for name in description["grammar"]["tools"] if name not in published]
            if not strange:
                break
        else:
            raise OtherTools(f"the policy in '{place}' was trained with the tool '{strange[0]}', which this environment does not have")
        self._policy = policy(description)
        self._policy.load_state_dict({name.removeprefix("policy."): value for name, value in weights.items()})
        self._policy.eval()
        self._sha256: str = about["sha256"]
        self._episodes = 0
        self._eyes: Eyes = eyes(self._policy.grammar)
        self._tried: set[tuple[int, str]] = set()
        torch.set_num_threads(1)  # one worker, one core: several run side by side

    def act(self, observation: Observation) -> Action:
        if observation.step == 0:
            self._episodes += 1
            self._eyes, self._tried = eyes(self._policy.grammar), set()
        screen = self._eyes.look(observation)
        generator = self._generator.manual_seed(zlib.crc32(f"{self.seed}/{self._episodes}/{observation.step}".encode()))
        here = hash((observation.text, observation.location))
        ((ids, _),) = self._policy.draw(screen, 1, self._temperature, generator)
        action: Action = self._policy.grammar.read(ids, screen)
        if self._temperature == 0 and (here, str(action)) in self._tried:
            ((ids, _),) = self._policy.draw(screen, 1, 1.0, generator)
            action = self._policy.grammar.read(ids, screen)
        self._tried.add((here, str(action)))
        self._eyes.did(action, observation)
        return action

    def snapshot(self, directory: Path) -> None:
        write_memory(directory, {"agent": self.name, "weights": self._sha256, "episodes": self._episodes})

    def restore(self, directory: Path) -> None:
        memory = read_memory(directory)
        if memory["weights"] != self._sha256:
            raise UsageError("this snapshot belongs to another checkpoint")
        self._episodes = memory["episodes"]


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
