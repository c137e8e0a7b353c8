"""The apprentice: reads, looks, acts, learns from the outcome, and keeps what it learned. One engine for every piece of software."""

# Learning in persistent products (practice, theory, planning, self-check) lives in workplace/.

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from bakeoff.agents.apprentice.candidates import Candidate, candidates
from bakeoff.agents.apprentice.features import Features
from bakeoff.agents.apprentice.memory import Memory, write_json
from bakeoff.agents.apprentice.policy import Decision, Episode, Policy
from bakeoff.agents.apprentice.progress import Progress
from bakeoff.agents.apprentice.reading import Reading
from bakeoff.agents.apprentice.screen import EDITABLE, Scene
from bakeoff.agents.apprentice.sheets.sheets import Sheets
from bakeoff.agents.apprentice.workplace.workplace import Workplace
from bakeoff.core import Action, Agent, Observation, Outcome, Practice, Step, Tool, UsageError

SWITCHES = ("no-prior", "no-explore", "no-check", "no-learning")
THOMPSON = 0.15
DOUBT = 0.2  # how widely it samples its belief while nothing has worked yet


class Apprentice(Agent):
    """Learns a product from its own attempts. `argument`: words joined by `+`: switches for ablations, and `demos=N` for a worker that may ask
    for N demonstrations in each product that keeps records, each of a kind of job it failed in, where the stream's feedback is `shown`."""

    name: ClassVar[str] = "apprentice"

    def __init__(self, tools: tuple[Tool, ...], seed: int, argument: str = "") -> None:
        super().__init__(tools, seed, argument)
        words = [word for word in argument.split("+") if word]
        asked = [re.fullmatch(r"demos=(\d{1,3})", word) for word in words]
        self.switches = frozenset(word for word, match in zip(words, asked, strict=True) if match is None)
        unknown = self.switches - set(SWITCHES)
        if unknown:
            raise UsageError(f"the apprentice knows no switch '{sorted(unknown)[0]}'; it knows {', '.join(SWITCHES)} and demos=N")
        demonstrations = max((int(match[1]) for match in asked if match is not None), default=0)
        self.tool_names = frozenset(tool.name for tool in tools)
        self.random = np.random.default_rng(seed)
        self.policy = Policy(use_prior="no-prior" not in self.switches)
        self.memory = Memory(self.policy)
        self.workplace = Workplace(self.switches, self.random, demonstrations)
        self.sheets = Sheets(self.switches, self.random) if Sheets.suits(self.tool_names) else None
        self.at_work = False
        self.progress: Progress | None = None
        self.reading: Reading | None = None
        self.decisions: list[Decision] = []
        self.deviation = np.zeros(0)
        self.stir = 0
        self.doubt = 0.0
        self.watch: Callable[[Scene, list[Candidate], np.ndarray, int], None] | None = None

    def act(self, observation: Observation) -> Action:
        if observation.step == 0:
            return self.begin(observation)
        if self.sheets is not None:
            return self.sheets.act(observation)
        if self.at_work:
            return self.workplace.act(observation)
        if self.progress is None or self.reading is None:
            self._begin(observation)
        return self._choose(observation)

    def begin(self, observation: Observation, first: Observation | None = None) -> Action:
        """Begins a job and gives the first action. `first`: the episode's first screen, where somebody else has worked on the job before."""
        first = first or observation
        if self.sheets is not None:
            return self.sheets.begin(observation)
        self.at_work = Workplace.suits(first, self.tool_names)
        if self.at_work:
            return self.workplace.begin(observation, fingerprint(first))
        self._begin(observation)
        return self._choose(observation)

    def _choose(self, observation: Observation) -> Action:
        assert self.reading is not None and self.progress is not None
        scene = Scene(observation)
        self.progress.saw(scene)
        if self.decisions and (self.progress.error or not self.progress.changed) and self.progress.last_role not in ("button", "shape"):
            self.decisions[-1].idle = True
        situation = self.situation = Features(scene, self.reading, self.progress)
        focused = any("focused" in scene.things[index].states for index in range(len(scene.things))) or self.progress.last_role in EDITABLE
        options = candidates(scene, self.reading, self.tool_names, focused)
        if not options:
            return Action("wait") if "wait" in self.tool_names else Action("finish", {})
        rows, spans = [], []
        for option in options:
            features, used = situation.features(option)
            rows.append(features)
            spans.append(used)
        encoded = self.policy.encode(rows)
        logits = self.policy.logits(encoded, self.deviation)
        moved = logits + self._doubts(options, scene)
        best = np.flatnonzero(moved >= moved.max() - 1e-6)
        chosen = int(best[self.random.integers(len(best))])
        self.decisions.append(self.policy.remember(encoded, logits, chosen))
        if self.watch is not None:
            self.watch(scene, options, logits, chosen)
        self.progress.did(options[chosen], scene, spans[chosen])
        return options[chosen].action(scene)

    def _doubts(self, options: list[Candidate], scene: Scene) -> np.ndarray:
        """Gumbel noise, the same for the same candidate throughout an episode: choosing the largest sum samples from the belief."""
        if self.doubt <= 0:
            return np.zeros(len(options))
        marks = [
            f"{o.tool}|{scene.things[o.index].key if o.index >= 0 else ''}|{o.text if o.source != 'slot' else o.slot}|{o.way}"
            for o in options
        ]
        uniform = np.array([(zlib.crc32(f"{self.stir}|{mark}".encode()) + 0.5) / 2**32 for mark in marks])
        return -np.log(-np.log(uniform)) * self.doubt

    def _begin(self, observation: Observation) -> None:
        self.memory.enter(fingerprint(observation))
        self.reading = Reading(observation.goal)
        self.progress = Progress(self.reading)
        self.decisions = []
        product = self.memory.product
        self.stir = int(self.random.integers(2**31))
        self.doubt = DOUBT * (1.0 - product.recent) if product.attempts else 0.0
        self.deviation = self.policy.draw(self.random, THOMPSON if product.attempts else 0.0)

    def learn(self, last: Observation, outcome: Outcome) -> None:
        if self.sheets is not None:
            self.sheets.learn(outcome)
            return
        if self.at_work:
            self.workplace.learn(outcome)
            return
        if "no-learning" in self.switches or outcome.abstained or outcome.passed is None or not self.decisions:
            return
        self.memory.remember(Episode(self.decisions, outcome.passed))
        self.decisions = []
        self.policy.fit(self.memory.product.episodes)

    def witness(self, first: Observation, steps: Sequence[Step], passed: bool | None) -> bool:
        """Watches somebody else's episode, whose verdict it is told; True when it understood a success, which it then knows like one of its own.

        Understood are jobs in products that keep records; from any other software it takes nothing in, and it must not be in an episode itself.
        """
        if self.sheets is not None or not Workplace.suits(first, self.tool_names):
            return False
        return self.workplace.witness(fingerprint(first), first, steps, passed)

    def practise(self, room: Practice) -> None:
        if self.sheets is not None:
            self.sheets.practise(room)
            return
        if "finish" in self.tool_names and self.workplace.wants_practice(room):
            first = room.reset()
            if Workplace.suits(first, self.tool_names):
                self.workplace.practise(room, fingerprint(first), first)

    def snapshot(self, directory: Path) -> None:
        data = self.memory.save(directory)
        data["workplace"] = self.workplace.save(directory)
        if self.sheets is not None:
            data["sheets"] = self.sheets.save(directory)
        data["random"] = self.random.bit_generator.state
        write_json(directory / "memory.json", data)

    def restore(self, directory: Path) -> None:
        data = json.loads((directory / "memory.json").read_text(encoding="utf-8"))
        self.memory.load(directory, data)
        self.workplace.load(directory, data["workplace"])
        if self.sheets is not None:
            self.sheets.load(directory, data["sheets"])
        self.at_work = False
        self.random.bit_generator.state = data["random"]
        self.progress, self.reading, self.decisions = None, None, []

    def beliefs(self) -> tuple[str, ...]:
        return self.workplace.beliefs() if self.sheets is None else self.sheets.beliefs()


def fingerprint(observation: Observation) -> str:
    """What a product is recognised by: the first words of its title, or its address when it has none."""
    return re.split(r"\s+[-–—|·:]\s+", observation.title)[-1].strip() or observation.location.split("?")[0]
