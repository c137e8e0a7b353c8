"""The agent contract: acts from observations alone, learns from outcomes, and keeps all it knows in its snapshot."""

from __future__ import annotations

import hashlib
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Literal

from bakeoff.core.action import Action, Tool
from bakeoff.core.environment import Environment, Policy
from bakeoff.core.errors import BudgetExhausted
from bakeoff.core.ledger import Ledger
from bakeoff.core.observation import Observation
from bakeoff.core.stream import Outcome
from bakeoff.core.task import Task

Privilege = Literal["none", "recordings", "expert"]


class Practice:
    """A room to practise in: a copy of the product with other data, no goal and no verdict. Every action and reset is billed.

    `left`: actions that remain of this product's budget. `step` raises `BudgetExhausted` at 0. `reset` opens a fresh copy and costs
    one action, so that resets are not free.
    """

    def __init__(self, environment: Environment, task: Task, left: int, ledger: Ledger) -> None:
        self._environment, self._task, self._ledger = environment, task, ledger
        self.left = left
        self._open = False

    def _bill(self) -> None:
        if self.left <= 0:
            raise BudgetExhausted("the practice budget of this product is spent")
        self.left -= 1
        self._ledger.practice_steps += 1

    def reset(self) -> Observation:
        """Opens a fresh copy and returns its first screen."""
        self._bill()
        self._ledger.resets += 1
        self._open = True
        return self._environment.reset(self._task, practice=True)

    def step(self, action: Action) -> Observation:
        """Takes one action in the open copy; opens one first if need be. Reopens after the copy ended."""
        if not self._open:
            self.reset()
        self._bill()
        observation = self._environment.step(action)
        self._open = not observation.done
        return observation


class Agent(ABC):
    """A worker. Constructed with the environment's tools, a seed and, where its name carries one, an argument (`name:argument`).

    Two agents with equal snapshots behave equally: random state belongs to the snapshot. A call to `act` with `observation.step == 0`
    begins an episode. An agent never imports an environment and knows of it only what it observes.

    `privilege` says what help beyond observations it is given through `assist`; anything but `none` is marked in every report.
    """

    name: ClassVar[str]
    privilege: ClassVar[Privilege] = "none"

    def __init__(self, tools: tuple[Tool, ...], seed: int, argument: str = "") -> None:
        self.tools = tools
        self.seed = seed
        self.argument = argument

    @abstractmethod
    def act(self, observation: Observation) -> Action:
        """Chooses the next action. Called only while the observation is not `done`."""

    def learn(self, last: Observation, outcome: Outcome) -> None:
        """Told once after each episode of a stream (never in exams): the last observation and what the feedback level allows."""

    def practise(self, room: Practice) -> None:
        """Offered before each episode while practice budget is left; may take as much of it as it likes, or none."""

    def assist(self, help: Policy | tuple[Action, ...]) -> None:
        """Before each episode, for privileged agents only: an expert's policy for this task (`expert`), or the actions of an expert's
        run of another seed of the same template (`recordings`)."""

    @abstractmethod
    def snapshot(self, directory: Path) -> None:
        """Writes everything it has learned into an existing, empty directory, deterministically."""

    @abstractmethod
    def restore(self, directory: Path) -> None:
        """Becomes the agent that wrote this snapshot."""

    def spent_tokens(self) -> tuple[int, int]:
        """Language-model tokens in and out since this was last asked. Asked after every call of `act`, `learn`, `practise` and `assist`, whatever
        became of it, and entered in the ledger. An agent that pays for no tokens leaves it as it is."""
        return 0, 0

    def beliefs(self) -> tuple[str, ...]:
        """What it now believes about the product it last worked in, in plain sentences, most certain first. For reports."""
        return ()


def content_hash(directory: Path) -> str:
    """SHA-256 over the relative paths and bytes of all files below a directory, in sorted order: the identity of a snapshot."""
    digest = hashlib.sha256()
    for path in sorted(item for item in directory.rglob("*") if item.is_file()):
        relative = path.relative_to(directory).as_posix().encode()
        content = path.read_bytes()
        digest.update(len(relative).to_bytes(8, "big") + relative + len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def memory_hash(agent: Agent) -> str:
    """The content hash of what the agent knows now."""
    with tempfile.TemporaryDirectory() as directory:
        agent.snapshot(Path(directory))
        return content_hash(Path(directory))
