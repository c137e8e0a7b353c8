"""Learning at the spreadsheet, as one engine: works, is told pass or fail, remembers houses and what holds in all of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.agents.apprentice.policy import Decision, Episode
from bakeoff.agents.apprentice.sheets.belief import Belief
from bakeoff.agents.apprentice.sheets.counts import Counts
from bakeoff.agents.apprentice.sheets.phrases import Phrases
from bakeoff.agents.apprentice.sheets.recipes import Recipe, Recipes
from bakeoff.agents.apprentice.sheets.trials import Blame, Trials
from bakeoff.agents.apprentice.sheets.worker import Knowledge, Steps, Worker
from bakeoff.core import Action, Observation, Outcome, Practice

KEPT_EPISODES = 120
THOMPSON = 0.3  # of a standard deviation: how widely weights are drawn around the belief
LOOKS = 3  # copies of a house's workbooks that are looked at in practice
DOUBT = 0.25  # Gumbel noise on choices in a house where nothing has worked yet


class Sheets:
    """The part of the apprentice that works in workbooks. `switches`: the apprentice's ablations."""

    def __init__(self, switches: frozenset[str], random: np.random.Generator) -> None:
        self.switches, self.random = switches, random
        self.belief = Belief(use_prior="no-prior" not in switches)
        self.recipes = Recipes()
        self.phrases = Phrases()
        self.counts = Counts()
        self.trials = Trials()
        self.episodes: list[Episode] = []
        self.record: dict[str, list[bool]] = {}
        self.looks: dict[str, int] = {}
        self.left = -1
        """Practice that was left when nothing more was to be learned from it."""
        self.house = ""
        self.worker: Worker | None = None
        self.steps: Steps | None = None

    @staticmethod
    def suits(tools: frozenset[str]) -> bool:
        """Whether the tools are those of a desk with workbooks."""
        return {"write", "read", "finish", "recalculate"} <= tools

    # --- one episode -----------------------------------------------------------------------------------------------------------------

    def practise(self, room: Practice) -> None:
        """Looks at a copy of a house's workbook before each of the first jobs there: its finished parts show how its rows are reckoned. A copy in which all
        is finished may be wrong, and an empty one shows nothing: the next kind of job may offer a better one."""
        if "no-learning" in self.switches or room.left in (self.left, 0):
            return
        observation = room.reset()
        self.house = house(observation)
        if self.looks.get(self.house, 0) < LOOKS:
            worker = Worker(self.knowledge(0.0, 0.0), observation.goal)
            steps = worker.look(observation)
            action = next(steps, None)
            while action is not None and room.left > 0:
                try:
                    action = steps.send(room.step(action))
                except StopIteration:
                    self.looks[self.house] = self.looks.get(self.house, 0) + (not worker.suspect and not worker.own)
                    return
        self.left = room.left

    def knowledge(self, width: float, doubt: float) -> Knowledge:
        """What a worker brings along, weights drawn so many standard deviations around the belief."""
        deviation = self.belief.draw(self.random, width)
        checks = "no-check" not in self.switches
        return Knowledge(
            self.belief, self.recipes, self.phrases, self.counts, self.trials, self.house, deviation, self.random, doubt, checks
        )

    def begin(self, observation: Observation) -> Action:
        self.house = house(observation)
        past = self.record.get(self.house, [])
        explores = "no-explore" not in self.switches
        recent = past[-6:]
        doubt = DOUBT * (1.0 - (sum(recent) + 0.0) / (len(recent) + 1)) if recent and explores else 0.0
        self.worker = Worker(self.knowledge(THOMPSON if past and explores else 0.0, doubt), observation.goal)
        self.steps = self.worker.run(observation)
        return next(self.steps)

    def act(self, observation: Observation) -> Action:
        if self.steps is None:
            return self.begin(observation)
        try:
            return self.steps.send(observation)
        except StopIteration:
            return Action("finish", {})

    def learn(self, outcome: Outcome) -> None:
        worker, self.worker, self.steps = self.worker, None, None
        if worker is None or outcome.passed is None or outcome.abstained or "no-learning" in self.switches:
            return
        self.record.setdefault(self.house, []).append(outcome.passed)
        if worker.suspect and outcome.passed:
            worker.study()
            self.counts.learn(worker.goal, worker.mended)
        elif worker.suspect:
            worker.glance()
        for choice in worker.choices:
            if choice.recipe is not None and (outcome.passed or len(worker.choices) == 1):
                self.recipes.tried(choice.recipe, self.house, outcome.passed)
        tried = [*worker.tried, *(choice.trial for choice in worker.choices if choice.trial is not None)]
        self.trials.learn(tried, outcome.passed, outcome.failed_checks)
        decisions = [*worker.decisions, *(choice.decision for choice in worker.choices)]
        if decisions:
            self.episodes.append(Episode(decisions, outcome.passed))
            del self.episodes[:-KEPT_EPISODES]
            self.belief.fit(self.episodes)

    # --- what it believes ------------------------------------------------------------------------------------------------------------

    def beliefs(self) -> tuple[str, ...]:
        """How rows of the house at hand are reckoned, the best proven first."""
        found: list[tuple[tuple[int, int], str]] = []
        for recipe, seen in self.recipes.seen.items():
            times = seen.houses.get(self.house, 0)
            if times:
                proof = f", passed {seen.passed} times" if seen.passed else ""
                found.append(((-seen.passed, -times), f"{recipe.label} is {sentence(recipe)}, seen {times} times{proof}."))
        shapes = Counter(recipe.shape for recipe in self.recipes.seen)
        general = [
            f"Rows are often reckoned as {shape.translate(_LETTERS)} ({count} kinds of row)." for shape, count in shapes.most_common(3)
        ]
        return (*[text for _, text in sorted(found)[:12]], *general)

    # --- snapshots -------------------------------------------------------------------------------------------------------------------

    def save(self, directory: Path) -> dict[str, Any]:
        """Writes arrays into the directory and returns the rest, ready for JSON."""
        belief, size = self.belief, len(self.belief.names)
        for name in ("mean", "start", "precision0", "precision"):
            np.save(directory / f"sheets-{name}.npy", getattr(belief, name)[:size])
        decisions = [decision for episode in self.episodes for decision in episode.decisions]
        for part, kind in (("columns", np.int32), ("values", np.float32), ("rows", np.int32)):
            pieces = [getattr(decision, part) for decision in decisions]
            np.save(directory / f"sheets-{part}.npy", np.concatenate(pieces) if pieces else np.zeros(0, kind))
        (directory / "sheets-recipes.json").write_text(
            json.dumps(self.recipes.to_dict(), ensure_ascii=False, sort_keys=True, separators=(",", ":")), encoding="utf-8"
        )
        return {
            "names": list(belief.names),
            "phrases": self.phrases.to_dict(),
            "counts": self.counts.to_dict(),
            "trials": self.trials.odds,
            "blame": self.trials.blame.shares,
            "house": self.house,
            "record": self.record,
            "looks": self.looks,
            "left": self.left,
            "episodes": [[e.passed, [[len(d.columns), len(d.rows), d.chosen] for d in e.decisions]] for e in self.episodes],
        }

    def load(self, directory: Path, data: dict[str, Any]) -> None:
        """The inverse of `save`."""
        belief = self.belief
        belief.names = {name: place for place, name in enumerate(data["names"])}
        for name in ("mean", "start", "precision0", "precision"):
            setattr(belief, name, np.load(directory / f"sheets-{name}.npy"))
        belief.pad()
        parts = {part: np.load(directory / f"sheets-{part}.npy") for part in ("columns", "values", "rows")}
        self.episodes = []
        at = row_at = 0
        for passed, stored in data["episodes"]:
            decisions = []
            for length, rows, chosen in stored:
                piece = slice(at, at + length)
                decisions.append(Decision(parts["columns"][piece], parts["values"][piece], parts["rows"][row_at : row_at + rows], chosen))
                at, row_at = at + length, row_at + rows
            self.episodes.append(Episode(decisions, passed))
        self.recipes.load(json.loads((directory / "sheets-recipes.json").read_text(encoding="utf-8")))
        self.phrases.load(data["phrases"])
        self.counts = Counts.from_dict(data["counts"])
        self.trials = Trials(
            {place: dict(odds) for place, odds in data["trials"].items()},
            Blame({kind: dict(shares) for kind, shares in data["blame"].items()}),
        )
        self.record = {name: list(passed) for name, passed in data["record"].items()}
        self.looks, self.left = dict(data["looks"]), data["left"]
        self.house, self.worker, self.steps = data["house"], None, None


_LETTERS = str.maketrans({"{": "", "}": "", "0": "a", "1": "b", "2": "c", "3": "d"})


def sentence(recipe: Recipe) -> str:
    """A recipe in words: its shape with labels in place."""
    text = recipe.shape
    for slot, part in enumerate(recipe.parts):
        when = f" of {part.lag} before" if part.lag > 0 else " of the next" if part.lag < 0 else ""
        text = text.replace("{" + str(slot) + "}", f"[{part.label}{when}]")
    return text


def house(observation: Observation) -> str:
    """What a house is recognised by: the name of the file."""
    return observation.title.removesuffix(".xlsx").strip() or observation.location
