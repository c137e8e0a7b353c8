"""One episode: find the record, choose a plan, carry it out, look whether it shows, finish; and think again at every surprise."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field

import numpy as np

from bakeoff.agents.apprentice.workplace.acts import Weigh
from bakeoff.agents.apprentice.workplace.asking import Sources, wanted
from bakeoff.agents.apprentice.workplace.entry import Learned, Steps, WrongStart
from bakeoff.agents.apprentice.workplace.finding import Finder, Target
from bakeoff.agents.apprentice.workplace.hand import Hand, Refused
from bakeoff.agents.apprentice.workplace.job import Job, content, same
from bakeoff.agents.apprentice.workplace.page import Page, blank
from bakeoff.agents.apprentice.workplace.plans import Past, Plan, Planner
from bakeoff.agents.apprentice.workplace.sight import Sight
from bakeoff.agents.apprentice.workplace.theory import Theory
from bakeoff.core import Action

MOST_TRIES = 7
WONDER = 0.2  # scale of the Gumbel noise on a plan's score: sampling from a sharpened belief (Thompson sampling)
MOST_PEEKS = 4
PATIENCE = 60  # actions after which an episode is brought to its end


@dataclass
class Tried:
    """What was considered and carried out in one episode, for learning."""

    plans: list[Plan] = field(default_factory=list)
    chosen: int = -1
    complete: bool = False
    refused: list[str] = field(default_factory=list)  # plans that the product did not accept
    shown: bool = True


class Worker(Finder):
    """Works on one job in one product."""

    def __init__(
        self,
        job: Job,
        theory: Theory,
        past: list[Past],
        weigh: Weigh,
        page: Page,
        *,
        check: bool = True,
        wonder: np.random.Generator | None,
        others: list[list[Past]] | None = None,
    ) -> None:
        self.others = others or []
        super().__init__(job, Hand(theory, page, look=check))
        self.past, self.weigh, self.check = past, weigh, check
        self.wonder = wonder
        self.noise: dict[str, float] = {}
        self.tried = Tried()
        self.refusals: list[Plan] = []
        self.done_acts = 0
        self.done: set[tuple[str, tuple[str, ...], str]] = set()  # record and command: what was carried out in this episode
        self.sources: Sources | None = None
        self.copied: tuple[dict[str, str], dict[str, str]] = (
            {},
            {},
        )  # what may be copied into a new record, and into the one that is named
        self.facts: dict[str, str] = {}  # what the record showed when plans were made
        self.answer = ""
        self.peeked = False

    def work(self) -> Steps[None]:
        """The whole episode."""
        yield from self.locate()
        if wanted(self.job):
            self.sources = yield from Sight(self.hand, self.theory).read(self)
        elif self.theory.places:
            self.copied = yield from Sight(self.hand, self.theory).model(self)
        self.take_all()
        ruled_out: set[str] = set()
        for _ in range(MOST_TRIES):
            if self.hand.actions > PATIENCE:
                break
            try:
                plan = yield from self.choose(frozenset(ruled_out))
            except Refused:
                break
            if plan is None:
                break
            try:
                done = yield from self.carry_out(plan)
            except WrongStart:
                yield from self.hand.leave_form()
                continue
            except Refused:
                self.refusals.append(plan)
                ruled_out |= self._refused(plan)
                continue
            except Learned:
                continue
            self.tried.complete = done
            if done or self.hand.changed:
                break
            self.tried.refused.append(plan.detail)
        yield from self.hand.clear_waiting()
        yield Action("finish", {"answer": self.answer} if self.answer else {})

    def _refused(self, plan: Plan) -> set[str]:
        """The command of a plan that could not be opened: the first that was not carried out."""
        at = min(self.done_acts, len(plan.acts) - 1)
        return {plan.acts[at].command}

    # --- opening a record ------------------------------------------------------------------------------------------------------------

    def open(self, target: Target, pick: str) -> Steps[None]:
        """Opens a record; of twins the one whose page holds, or lacks, the value that tells them apart."""
        if target.location and self.hand.page.location == target.location and self.hand.page.form is None:
            return
        mark = self._mark()
        for place in range(max(target.twins, 1)):
            here = self.hand.page.listing and (not self.theory.places or self.theory.place_of(self.hand.page) == target.place)
            rows = self.fitting(target, self.hand.page.rows) if here else []
            if not rows:
                found = yield from self.rows(target.title, target.place)
                rows = self.fitting(target, found)
                if self.landed(target.title):
                    target.location = self.hand.page.location
                    return
                if not rows and self.hand.page.everywhere is not None:
                    yield from self.hand.search_everywhere(target.title)
                    rows = self.fitting(target, self.hand.page.rows)
            if not rows:
                raise Refused("the record is gone")
            yield from self.hand.open_row(rows[min(place, len(rows) - 1)])
            if self.hand.page.location in target.wrong:
                continue
            if target.twins == 1 or not mark or not pick or target.wrong:
                break
            if (mark in self.hand.page.text) == (pick == "holds"):
                break
        target.location = self.hand.page.location

    def _mark(self) -> str:
        """The value that tells twins apart: an email address that the job names."""
        return next((slot.text for slot in self.job.slots if slot.kind == "email"), "")

    # --- planning --------------------------------------------------------------------------------------------------------------------

    def choose(self, ruled_out: frozenset[str]) -> Steps[Plan | None]:
        """The most believed plan; a record is opened first when its commands are not known yet."""
        fresh = {target.place: target for target in reversed(self.targets) if not self.theory.record_commands(target.place)}
        for target in [*fresh.values()] or self.targets[:1]:
            if fresh or self.hand.page.listing or any(self.copied):
                yield from self.open(target, "holds")
            said = self.job.every_stem
            openers = sorted(self.hand.page.openers, key=lambda opener: not said & set(content(opener.name)))
            for opener in openers[:1] if fresh else ():
                yield from self.hand.press(opener)
                self.theory.saw_record(self.hand.page, opener.plain)
        if len(self.targets) == 1 and self.wonder is not None and not self.done and not self.peeked:
            yield from self._peek(self.targets[0])
        self.facts = self.hand.page.facts
        plans = self.consider(ruled_out)
        begun = {command for _, _, command in self.done}
        plans = [plan for plan in plans if begun <= {act.command for act in plan.acts}] or plans
        if not plans:
            return None
        plans = [plan for plan in plans if plan.detail not in self.tried.refused]
        if not plans:
            return None
        chosen = max(range(len(plans)), key=lambda place: plans[place].score + self._whim(plans[place].detail))
        self.tried.plans, self.tried.chosen = plans, chosen
        return plans[chosen]

    def _peek(self, target: Target) -> Steps[None]:
        """Opens what can be done to the record and was never opened, where it is safe: a link, or a drag where drags ask before they count."""
        commands = self.theory.record_commands(target.place)
        asks = any(c.dropped and c.opened for c in commands)
        links = {c.plain for c in self.hand.page.commands if c.role == "link"}
        unseen = [c for c in commands if c.form is None and not c.refused and (asks if c.dropped else c.shown in links)]
        self.peeked, here = True, self.hand.page.location
        for command in unseen[:MOST_PEEKS]:
            with contextlib.suppress(Refused, Learned):
                yield from self.hand.begin(command)
            if command.dropped and self.hand.page.form is not None and not self.hand.page.form.dialog:
                self.hand.open_command = ""
                yield from self.hand.do(Action("back"))
            elif self.hand.page.form is not None:
                yield from self.hand.leave_form()
            if not command.dropped and self.hand.page.location != here:
                yield from self.hand.do(Action("back"))
        if unseen:
            yield from self.open(target, "holds")

    def consider(self, ruled_out: frozenset[str] = frozenset()) -> list[Plan]:
        """The plans worth considering for this job, the most believed first."""
        keys = frozenset(slot for target in (*self.targets, *self.models) for slot in target.slots) | self._shown()
        twins = any(target.twins > 1 for target in self.targets) and bool(self._mark())
        planner = Planner(self.job, self.theory, self.past, self.weigh, self.facts, self.others, self.copied)
        places = tuple(dict.fromkeys(target.place for target in self.targets))
        return planner.plans(keys, found=bool(self.targets), places=places, twins=twins, ruled_out=ruled_out, sources=self.sources)

    def _shown(self) -> frozenset[int]:
        """Values of the job that the one record shows: they say which record is meant."""
        if len(self.targets) != 1 or self.targets[0].twins > 1 or self.copied != ({}, {}):
            return frozenset()
        shown = {text for text in self.facts.values() if not blank(text)}
        slots = self.job.slots
        sought = self.hand.sought[0] if self.hand.sought is not None else None
        called = set(re.findall(r"\d+", f"{sought.title} {sought.texts[:2]} {self.hand.page.heading}")) if sought is not None else set()
        return frozenset(
            i
            for i, slot in enumerate(slots)
            if (slot.kind in ("name", "quoted") and any(same(slot.text, text) for text in shown))
            or (slot.text.isdigit() and slot.text in called and i not in self.targets[0].slots)
        )

    def _whim(self, key: str) -> float:
        """Noise on a plan's score, the same for the same plan throughout an episode."""
        if self.wonder is None:
            return 0.0
        if key not in self.noise:
            self.noise[key] = WONDER * float(self.wonder.gumbel())
        return self.noise[key]

    # --- doing -----------------------------------------------------------------------------------------------------------------------

    def carry_out(self, plan: Plan) -> Steps[bool]:
        """All acts of a plan on all its records."""
        self.done_acts = 0
        if plan.target == "ask":
            self.answer = plan.answer
            return True
        if plan.target == "several":
            return (yield from self._ticked(plan))
        if plan.target == "list":
            for act in plan.acts:
                done = yield from self.hand.carry_out(act, {})
                self.done_acts += 1
                if not done:
                    return False
            return True
        slots = self.job.slots
        for target in self.targets:
            self.done_acts = 0
            said = {f"key {place}": slots[index].text for place, index in enumerate(target.slots)}
            if plan.pick:
                said["mark"], said["holds"] = self._mark(), "yes" if plan.pick == "holds" else "no"
            for act in plan.acts:
                mark = (target.title, target.texts, act.command)
                if self.theory.commands[act.command].place != target.place or mark in self.done:
                    continue
                if self.hand.open_command != act.command or self.hand.page.form is None:
                    yield from self.open(target, plan.pick)
                try:
                    done = yield from self.hand.carry_out(act, said)
                except WrongStart:
                    target.wrong.append(target.location)
                    target.location = ""
                    raise
                except Refused:
                    if not target.texts:
                        raise
                    done = False
                self.done_acts += 1
                if not done and target.texts:
                    break  # not every record that fits is one of those meant
                if not done:
                    return False
                self.done.add(mark)
        return True

    def _ticked(self, plan: Plan) -> Steps[bool]:
        """A command on rows that are ticked in the list: all twins of the record."""
        target = self.targets[0]
        rows = self.fitting(target, (yield from self.rows(target.title)))
        said = {f"key {place}": self.job.slots[index].text for place, index in enumerate(target.slots)}
        said["mark"], said["holds"] = self._mark(), "no" if plan.pick == "holds" else "yes"
        yield from self.hand.tick([row.tick for row in rows])
        for act in plan.acts:
            if not (yield from self.hand.carry_out(act, said)):
                return False
        return True
