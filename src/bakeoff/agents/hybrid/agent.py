"""Baked and learning: a policy trained beforehand and the apprentice share the work; its own certainty and what came of it say who does what.

Before each job one of them is sent first (see `choice`). A baked policy that was sent goes on for as long as it is sure of all it has done (`EVEN`); then it
takes back what the tools can take back, and the apprentice does the job from where it stands. What is baked thus comes first where it helps, in an unmet
product too, and outcomes overrule it. The apprentice watches the jobs that the baked policy does to the end: a run that passed is a demonstration to
it, from which it learns what the words of the job mean here; one that failed still shows it commands and forms. In software for which the policy was
not trained the apprentice works alone.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import ClassVar

import numpy as np

from bakeoff.agents.apprentice.agent import Apprentice, fingerprint
from bakeoff.agents.apprentice.workplace.job import Job
from bakeoff.agents.baked.agent import Baked, OtherTools
from bakeoff.agents.baked.deskwork import changes
from bakeoff.agents.hybrid.choice import Choice
from bakeoff.agents.moves import read_memory, write_memory
from bakeoff.core import Action, Agent, Observation, Outcome, Practice, Step, Tool, UsageError

BAKED, LEARNER = "baked", "apprentice"

EVEN = 0.5
"""Where it gives all that it has done in an episode, its next action included, less than this probability, it hands over."""


class Hybrid(Agent):
    """`hybrid:<checkpoint>`; the apprentice's own words may follow: `hybrid:<checkpoint>;demos=2`. Raises `UsageError` without a checkpoint."""

    name: ClassVar[str] = "hybrid"

    def __init__(self, tools: tuple[Tool, ...], seed: int, argument: str = "") -> None:
        super().__init__(tools, seed, argument)
        folder, _, rest = argument.partition(";")
        if not folder:
            raise UsageError("name a checkpoint, e.g. hybrid:bakes/crm/checkpoint; `bakeoff bake` makes one")
        self.apprentice = Apprentice(tools, seed, rest)
        self.baked: Baked | None = None
        try:
            self.baked = Baked(tools, seed, folder)
        except OtherTools:
            self.baked = None  # trained for other software
        self.choice = Choice((BAKED, LEARNER))
        self.random = np.random.default_rng([seed, 1])
        self._at_work = LEARNER
        self._chances: dict[str, float] = {}
        self._undo = 0  # changes to be taken back before the apprentice begins
        self._takes_over = False
        self._product, self._words = "", frozenset[str]()
        self._first: Observation | None = None
        self._steps: list[Step] = []
        self._last: Action | None = None

    def act(self, observation: Observation) -> Action:
        if observation.step == 0:
            self._first, self._steps, self._last = observation, [], None
            self._product, self._words = fingerprint(observation), frozenset(Job(observation.goal).words)
            self._at_work, self._undo, self._takes_over = LEARNER, 0, False
            if self.baked is not None:
                self._chances = self.choice.draw(self._product, self._words, self.random)
                self._at_work = BAKED if self._chances[BAKED] >= self._chances[LEARNER] else LEARNER
        else:
            self._saw(observation)
        self._last = self._next(observation)
        return self._last

    def _next(self, observation: Observation) -> Action:
        if self._at_work == BAKED and self.baked is not None:
            action = self.baked.act(observation)
            sure = math.exp(self.baked.certainty)
            if sure >= EVEN and sure * self._chances[BAKED] >= self._chances[LEARNER]:
                return action
            self._at_work, self._takes_over = LEARNER, True
            if any(tool.name == "undo" for tool in self.tools):
                self._undo = sum(changes(step.action.tool) and not step.observation.error for step in self._steps)
        if self._undo:
            self._undo -= 1
            return Action("undo")
        if self._takes_over:
            self._takes_over = False
            return self.apprentice.begin(observation, self._first)
        return self.apprentice.act(observation)

    def _saw(self, observation: Observation) -> None:
        if self._last is not None:
            self._steps.append(Step(self._last, observation))
            self._last = None

    def learn(self, last: Observation, outcome: Outcome) -> None:
        self._saw(last)
        if self._at_work == LEARNER:
            self.apprentice.learn(last, outcome)
        if outcome.abstained:
            return
        if self._at_work == BAKED and self._first is not None:
            self.apprentice.witness(self._first, self._steps, outcome.passed)
        if outcome.passed is not None and self.baked is not None:
            self.choice.note(self._at_work, self._product, self._words, outcome.passed)
        self._first, self._steps = None, []

    def practise(self, room: Practice) -> None:
        """The apprentice walks through; a baked policy learns nothing from it."""
        self.apprentice.practise(room)

    def snapshot(self, directory: Path) -> None:
        data = {"agent": self.name, "choice": self.choice.to_list(), "random": self.random.bit_generator.state, "seed": self.seed}
        write_memory(directory, data)
        parts: dict[str, Agent] = {LEARNER: self.apprentice} | ({BAKED: self.baked} if self.baked is not None else {})
        for name, part in parts.items():
            (directory / name).mkdir()
            part.snapshot(directory / name)

    def restore(self, directory: Path) -> None:
        data = read_memory(directory)
        if (directory / BAKED).is_dir() != (self.baked is not None):
            raise UsageError("this snapshot was made with other tools")
        self.choice.read(data["choice"])
        self.random.bit_generator.state = data["random"]
        self.seed = data["seed"]
        self.apprentice.restore(directory / LEARNER)
        if self.baked is not None:
            self.baked.restore(directory / BAKED)
            self.baked.seed = self.seed
        self._at_work, self._chances = LEARNER, {}
        self._undo, self._takes_over = 0, False
        self._first, self._steps, self._last = None, [], None

    def beliefs(self) -> tuple[str, ...]:
        counts = [(name, self.choice.here(name, self._product, self._words)) for name in self.choice.workers]
        told = [f"{name} passed {sum(made)} of {len(made)}" for name, made in counts if made]
        said = (f"In jobs like the last one here, {' and '.join(told)}.",) if told else ()
        return (*self.apprentice.beliefs(), *said)
