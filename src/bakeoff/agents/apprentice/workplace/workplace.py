"""Learning in a persistent product, as one engine: practises, works, learns, remembers, and says what it believes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.agents.apprentice.workplace.belief import Belief, Episode
from bakeoff.agents.apprentice.workplace.entry import Steps
from bakeoff.agents.apprentice.workplace.job import Job, content
from bakeoff.agents.apprentice.workplace.page import Page
from bakeoff.agents.apprentice.workplace.phrasing import Phrasing
from bakeoff.agents.apprentice.workplace.plans import Past, Plan
from bakeoff.agents.apprentice.workplace.survey import Survey
from bakeoff.agents.apprentice.workplace.theory import Theory
from bakeoff.agents.apprentice.workplace.watching import Watching
from bakeoff.agents.apprentice.workplace.worker import Worker
from bakeoff.core import Action, BudgetExhausted, Observation, Outcome, Practice, Step, Trajectory

SHARED_PLANS = 12  # of each past episode, how many plans are kept for what holds in all products
SHARED_EPISODES = 400


@dataclass
class Store:
    """All that is known of one product."""

    theory: Theory = field(default_factory=Theory)
    past: list[Past] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    absorbed: bool = False
    shown: list[str] = field(default_factory=list)  # kinds of job that were demonstrated
    understood: int = 0  # how many of these demonstrations agreed with a plan


class Workplace:
    """The part of the apprentice that works in products with records that stay. `switches`: the apprentice's ablations; `demonstrations`: how
    many it may ask for in each product, where the stream shows any."""

    def __init__(self, switches: frozenset[str], random: np.random.Generator, demonstrations: int = 0) -> None:
        self.switches = switches
        self.demonstrations = demonstrations
        self.random = random
        self.belief = Belief(use_prior="no-prior" not in switches)
        self.stores: dict[str, Store] = {}
        self.phrasing = Phrasing()
        self.current = ""
        self.worker: Worker | None = None
        self.steps: Steps[None] | None = None
        self.room_left = -1

    @staticmethod
    def suits(observation: Observation, tools: frozenset[str]) -> bool:
        """Whether this looks like a product that keeps records: work ends when the worker says so, and a navigation leads through it."""
        roles = {element.role for element in observation.elements}
        if "finish" not in tools or "navigation" not in roles:
            return False
        return bool(roles & {"table", "list", "row", "search", "searchbox"}) or len(Page(observation).nav) > 1

    @property
    def store(self) -> Store:
        return self.stores[self.current]

    def enter(self, mark: str) -> None:
        """Turns to a product; what the last one taught that holds everywhere becomes the prior of a new one."""
        if mark == self.current:
            return
        if self.current:
            self._leave()
        self.current = mark
        known = mark in self.stores
        self.stores.setdefault(mark, Store(Theory(title=mark)))
        self.belief.enter()
        if known:
            self.belief.fit(self.store.episodes)

    def _leave(self) -> None:
        every = [episode for store in self.stores.values() for episode in store.episodes]
        self.belief.absorb([_shortened(episode) for episode in every[-SHARED_EPISODES:]])

    # --- practice --------------------------------------------------------------------------------------------------------------------

    def wants_practice(self, room: Practice) -> bool:
        """Whether there is practice to be had in a product not yet walked through: the room left by the last walk is not entered again."""
        return "no-explore" not in self.switches and room.left > 1 and room.left != self.room_left

    def practise(self, room: Practice, mark: str, first: Observation) -> None:
        """Walks through the practice copy until all is seen or the room is spent."""
        self.enter(mark)
        theory = self.store.theory
        if theory.surveyed:
            self.room_left = room.left
            return
        theory.surveyed = True
        walk = Survey(theory, Page(first)).walk()
        try:
            action = next(walk)
            while True:
                observation = room.step(action)
                if observation.done:
                    return
                action = walk.send(Page(observation))
        except (StopIteration, BudgetExhausted):
            return
        finally:
            self.room_left = room.left

    # --- work ------------------------------------------------------------------------------------------------------------------------

    def begin(self, observation: Observation, mark: str) -> Action:
        """The first action of an episode."""
        self.enter(mark)
        self.worker = self._worker(observation)
        self.steps = self.worker.work()
        return next(self.steps)

    def _worker(self, first: Observation) -> Worker:
        """Somebody to do this job, with all that is known here."""
        wonder = np.random.default_rng(int(self.random.integers(2**31))) if "no-learning" not in self.switches else None
        job = Job(first.goal, self.store.theory.labels())
        store = self.store
        store.theory.today.clear()
        tokens = job.tokens
        job.mark_choices(self.phrasing.choices(tokens))
        self.phrasing.hear(tokens)
        job.without(store.theory.heard(job.words))
        return Worker(
            job,
            store.theory,
            store.past,
            self.belief.weigh,
            Page(first),
            check="no-check" not in self.switches,
            wonder=wonder,
            others=[other.past for mark, other in self.stores.items() if mark != self.current] if self.belief.use_prior else [],
        )

    def act(self, observation: Observation) -> Action:
        """The next action."""
        assert self.steps is not None
        try:
            return self.steps.send(Page(observation))
        except StopIteration:
            return Action("finish", {})

    def learn(self, outcome: Outcome) -> None:
        """Takes in the verdict on what was tried."""
        worker, self.worker, self.steps = self.worker, None, None
        if worker is not None and outcome.passed is False and outcome.demonstrate is not None and not outcome.abstained:
            self._be_shown(worker, outcome.demonstrate)
        if worker is None or outcome.passed is None or outcome.abstained or "no-learning" in self.switches or self.current == "":
            return
        tried, store = worker.tried, self.store
        if tried.chosen < 0:
            self.belief.fit(store.episodes)
            return
        plan = tried.plans[tried.chosen]
        encoded = [self.belief.encode(item.features) for item in tried.plans]
        sure = 1.0 if tried.complete or outcome.passed else 0.3
        store.episodes.append(Episode([c for c, _ in encoded], [v for _, v in encoded], tried.chosen, bool(outcome.passed), sure))
        names = tuple(sorted(act.command for act in plan.acts))
        job = worker.job
        store.past.append(Past(job.words, plan.key, names, bool(outcome.passed), job.signature, plan.detail, _meant(plan, job)))
        for detail in tried.refused:
            store.past.append(Past(job.words, "", (), False, job.signature, detail))
        self.belief.fit(store.episodes)

    def _be_shown(self, worker: Worker, demonstrate: Callable[[], object]) -> None:
        """Asks for a demonstration of a kind of job not shown here yet, while the product's allowance lasts, and takes it in like a success."""
        store, job = self.store, worker.job
        if len(store.shown) >= self.demonstrations or job.signature in store.shown or "no-learning" in self.switches:
            return
        store.shown.append(job.signature)
        shown = demonstrate()
        if not isinstance(shown, Trajectory):
            return
        watching = Watching(store.theory)
        watching.follow(shown.first, shown.steps)
        if self._take_in(worker, watching):
            store.understood += 1

    def witness(self, mark: str, first: Observation, steps: Sequence[Step], passed: bool | None) -> bool:
        """Takes in a run that somebody else did here. What it shows of commands and forms is learned whatever became of it; if it passed, and one of the
        plans that the job allows does what was done, that plan is taken in like a success of its own: then the answer is True."""
        self.enter(mark)
        if "no-learning" in self.switches:
            return False
        worker = self._worker(first)
        watching = Watching(self.store.theory)
        watching.follow(first, steps, worker.job)
        worker.targets, worker.facts = watching.opened, watching.facts
        understood = bool(passed) and self._take_in(worker, watching)
        if understood:
            self.belief.fit(self.store.episodes)
        return understood

    def _take_in(self, worker: Worker, watching: Watching) -> bool:
        """Finds the plan that does what was watched and takes it in like a success; False when there is none."""
        store, job = self.store, worker.job
        plans = worker.consider()
        chosen = watching.likest(plans)
        if chosen < 0:
            return False
        encoded = [self.belief.encode(plan.features) for plan in plans]
        store.episodes.append(Episode([c for c, _ in encoded], [v for _, v in encoded], chosen, True, 1.0))
        plan = plans[chosen]
        names = tuple(sorted(act.command for act in plan.acts))
        store.past.append(Past(job.words, plan.key, names, True, job.signature, plan.detail, _meant(plan, job)))
        return True

    # --- words -----------------------------------------------------------------------------------------------------------------------

    def beliefs(self) -> tuple[str, ...]:
        """What is believed of the product at hand, most certain first."""
        if not self.current:
            return ()
        store = self.store
        said: list[tuple[float, str]] = []
        groups: dict[str, list[Past]] = {}
        for past in (past for past in store.past if past.key):
            groups.setdefault(past.key, []).append(past)
        for key, pasts in groups.items():
            worked = sum(past.passed for past in pasts)
            words = " ".join(pasts[-1].words)
            if worked:
                said.append(
                    (worked + worked / len(pasts), f"For jobs like “{words}”: {_told(key)} (worked {worked} of {len(pasts)} times).")
                )
            elif len(pasts) > 1:
                said.append((0.1 * len(pasts), f"For jobs like “{words}”, {_told(key)} is wrong (failed {len(pasts)} times)."))
        theory = store.theory
        for name, (pressed, helped) in sorted(theory.follow_ups.items()):
            if helped:
                said.append((0.9 + helped, f"After a change, “{name}” has to be pressed ({helped} of {pressed} times it then went away)."))
        for command in theory.commands.values():
            if command.removes:
                said.append((0.5, f"“{command.name}” leaves no record behind."))
        said.sort(key=lambda item: (-item[0], item[1]))
        return tuple(text for _, text in said)

    # --- snapshots -------------------------------------------------------------------------------------------------------------------

    def save(self, directory: Path) -> dict[str, Any]:
        """Writes arrays into the directory and returns the rest, ready for JSON."""
        products = {}
        for place, (mark, store) in enumerate(self.stores.items()):
            columns = [column for episode in store.episodes for column in episode.columns]
            values = [value for episode in store.episodes for value in episode.values]
            np.save(directory / f"workplace-{place}-columns.npy", np.concatenate(columns) if columns else np.zeros(0, np.int32))
            np.save(directory / f"workplace-{place}-values.npy", np.concatenate(values) if values else np.zeros(0, np.float32))
            products[mark] = {
                "theory": store.theory.to_dict(),
                "shown": store.shown,
                "understood": store.understood,
                "past": [asdict(past) for past in store.past],
                "episodes": [[[len(c) for c in e.columns], e.chosen, e.passed, e.sure] for e in store.episodes],
            }
        return {
            "belief": self.belief.to_dict(),
            "products": products,
            "current": self.current,
            "room left": self.room_left,
            "phrasing": self.phrasing.to_dict(),
        }

    def load(self, directory: Path, data: dict[str, Any]) -> None:
        """The inverse of `save`."""
        self.belief.load(data["belief"])
        self.stores = {}
        self.phrasing = Phrasing.from_dict(data["phrasing"])
        for place, (mark, stored) in enumerate(data["products"].items()):
            columns = np.load(directory / f"workplace-{place}-columns.npy")
            values = np.load(directory / f"workplace-{place}-values.npy")
            store = Store(Theory.from_dict(stored["theory"]))
            store.shown, store.understood = list(stored["shown"]), stored["understood"]
            store.past = [_past(p) for p in stored["past"]]
            at = 0
            for sizes, chosen, passed, sure in stored["episodes"]:
                cuts = [at + int(cut) for cut in np.cumsum([0, *sizes])]
                spans = list(itertools.pairwise(cuts))
                store.episodes.append(Episode([columns[a:b] for a, b in spans], [values[a:b] for a, b in spans], chosen, passed, sure))
                at = cuts[-1]
            self.stores[mark] = store
        self.current, self.room_left = data["current"], data["room left"]
        self.worker, self.steps = None, None


def _shortened(episode: Episode) -> Episode:
    """The plan carried out and the likeliest others."""
    keep = sorted({episode.chosen, *range(min(SHARED_PLANS, len(episode.columns)))})
    return Episode(
        [episode.columns[i] for i in keep], [episode.values[i] for i in keep], keep.index(episode.chosen), episode.passed, episode.sure
    )


def _told(key: str) -> str:
    """A plan's key in words."""
    target, _, acts = key.partition(":")
    if target == "ask":
        return f"read the records and answer with the {acts}"
    parts = []
    for act in acts.split(";"):
        name, _, fills = act.rstrip(")").partition("(")
        said = []
        for label, _, value in (fill.partition("=") for fill in fills.split("|") if fill):
            shown = ", ".join(f"“{part}”" for part in value.split("\n")) if value and not value.startswith("<") else ""
            said.append(" and ".join(f"“{part}”" for part in label.split("\n")) + (f" as {shown}" if shown else ""))
        parts.append(f"press “{name}”" + (f" and fill {', '.join(said)}" if said else ""))
    where = "open the record" if target.startswith("record") else "from the list"
    which = {"holds": " that stays", "lacks": " that goes"}.get(target.removeprefix("record"), "")
    return f"{where}{which}, " + ", then ".join(parts)


def _past(stored: dict[str, Any]) -> Past:
    meant = tuple((label, tuple(phrases), tuple(options)) for label, phrases, options in stored["meant"])
    return Past(**{**stored, "words": tuple(stored["words"]), "commands": tuple(stored["commands"]), "meant": meant})


def _meant(plan: Plan, job: Job) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Which options were chosen for which phrases of the job."""
    found: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    for fill in (fill for act in plan.acts for fill in act.fills):
        if fill.kind == "meant":
            found.append((fill.label, (job.slots[fill.slots[0]].text,), (fill.value,)))
        elif fill.kind == "set":
            phrases = tuple(" ".join(content(job.slots[index].text)) for index in fill.slots)
            found.append((fill.label, phrases, tuple(fill.value.split("\n"))))
    return tuple(found)
