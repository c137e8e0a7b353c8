"""One episode: find the record, choose a plan, carry it out, look whether it shows, finish; and think again at every surprise."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bakeoff.agents.apprentice.workplace.acts import Weigh
from bakeoff.agents.apprentice.workplace.entry import Learned, Steps, WrongStart
from bakeoff.agents.apprentice.workplace.hand import Hand, Refused
from bakeoff.agents.apprentice.workplace.job import Job, same, turned
from bakeoff.agents.apprentice.workplace.page import Page, Row
from bakeoff.agents.apprentice.workplace.plans import Past, Plan, Planner
from bakeoff.agents.apprentice.workplace.theory import Theory
from bakeoff.core import Action

MOST_TRIES = 5
WONDER = 0.2  # scale of the Gumbel noise on a plan's score: sampling from a sharpened belief (Thompson sampling)
PATIENCE = 60  # actions after which an episode is brought to its end


@dataclass
class Target:
    """A record that the job names: which slots name it, how its row is titled, and the rows that fit equally well."""

    slots: tuple[int, ...]
    title: str
    twins: int = 1
    location: str = ""
    wrong: list[str] = field(default_factory=list)  # twins from which it cannot be done


@dataclass
class Tried:
    """What was considered and carried out in one episode, for learning."""

    plans: list[Plan] = field(default_factory=list)
    chosen: int = -1
    complete: bool = False
    refused: list[str] = field(default_factory=list)  # plans that the product did not accept
    shown: bool = True


class Worker:
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
        self.job, self.theory, self.past, self.weigh, self.check = job, theory, past, weigh, check
        self.wonder = wonder
        self.noise: dict[str, float] = {}
        self.hand = Hand(theory, page, look=check)
        self.targets: list[Target] = []
        self.tried = Tried()
        self.refusals: list[Plan] = []
        self.done_acts = 0

    def work(self) -> Steps[None]:
        """The whole episode."""
        yield from self.locate()
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
        yield Action("finish", {})

    def _refused(self, plan: Plan) -> set[str]:
        """The command of a plan that could not be opened: the first that was not carried out."""
        at = min(self.done_acts, len(plan.acts) - 1)
        return {plan.acts[at].command}

    # --- finding the record ----------------------------------------------------------------------------------------------------------

    def locate(self) -> Steps[None]:
        """Finds the records that the job names: a row whose title is one value and that shows the next value too."""
        slots = self.job.slots
        able = [index for index, slot in enumerate(slots) if slot.kind in ("name", "quoted")]
        pairs = [(a, b) for a in able for b in able if b == a + 1]
        pairs.sort(key=lambda pair: -self.theory.title_kind.get(slots[pair[0]].kind, 0))
        maybe: list[tuple[int, int]] = []
        for a, b in pairs:
            taken = {slot for target in self.targets for slot in target.slots}
            if a in taken or b in taken:
                continue
            if self.targets and slots[a].kind != slots[self.targets[0].slots[0]].kind:
                continue
            rows = yield from self._rows(slots[a].text)
            titled = [row for row in rows if same(row.title, slots[a].text)]
            exact = [row for row in titled if any(same(slots[b].text, text) for text in _parts(row))]
            if exact:
                self.targets.append(Target((a, b), exact[0].title, len(exact)))
                self.theory.title_kind[slots[a].kind] = self.theory.title_kind.get(slots[a].kind, 0) + 1
                if not self._more(a, b):
                    break
            elif titled:
                maybe.append((a, b))
        if not self.targets:
            yield from self._try_maybe(maybe)
        if not self.targets and not pairs and able:
            rows = yield from self._rows(slots[able[0]].text)
            titled = [row for row in rows if same(row.title, slots[able[0]].text)]
            if titled:
                self.targets.append(Target((able[0],), titled[0].title, len(titled)))

    def _more(self, a: int, b: int) -> bool:
        """Whether another pair of values of the same kinds follows or went before."""
        slots = self.job.slots
        kinds = (slots[a].kind, slots[b].kind)
        taken = {slot for target in self.targets for slot in target.slots}
        return any(
            (slots[i].kind, slots[i + 1].kind) == kinds and not taken & {i, i + 1} for i in range(len(slots) - 1)
        )  # fmt: skip

    def _try_maybe(self, maybe: list[tuple[int, int]]) -> Steps[None]:
        """Opens records whose title fits, to see whether the other value stands on their page."""
        slots = self.job.slots
        for a, b in maybe:
            for place in range(3):
                rows = yield from self._rows(slots[a].text)
                titled = [row for row in rows if same(row.title, slots[a].text)]
                if place >= len(titled):
                    break
                yield from self.hand.open_row(titled[place])
                if slots[b].text in self.hand.page.text or turned(slots[b].text) in self.hand.page.text:
                    self.targets.append(Target((a, b), slots[a].text, 1, self.hand.page.location))
                    return

    def _rows(self, text: str) -> Steps[list[Row]]:
        """Rows that a search for this text shows; without a search box, those of the first pages."""
        yield from self.hand.go_home()
        page = self.hand.page
        if page.search is not None:
            wanted = turned(text) if self.theory.last_first() and not self.theory.knows_title(text) else text
            if page.search.value != wanted:
                yield from self.hand.search(wanted)
            if not self.hand.page.rows and text.count(" ") == 1:
                yield from self.hand.search(turned(text) if wanted == text else text)
            return self.hand.page.rows
        rows = list(page.rows)
        for _ in range(4):
            if any(same(row.title, text) for row in rows) or not self.hand.page.pager:
                break
            before = [row.title for row in self.hand.page.rows]
            yield from self.hand.press(self.hand.page.pager[-1])
            if [row.title for row in self.hand.page.rows] == before:
                break
            rows = list(self.hand.page.rows)
        return rows

    def _fitting(self, target: Target, rows: list[Row]) -> list[Row]:
        slots = self.job.slots
        fitting = [row for row in rows if same(row.title, target.title)]
        for index in target.slots[1:]:
            closer = [row for row in fitting if any(same(slots[index].text, text) for text in _parts(row))]
            fitting = closer or fitting
        return fitting

    def open(self, target: Target, pick: str) -> Steps[None]:
        """Opens a record; of twins the one whose page holds, or lacks, the value that tells them apart."""
        if target.location and self.hand.page.location == target.location and self.hand.page.form is None:
            return
        mark = self._mark()
        for place in range(max(target.twins, 1)):
            rows = self._fitting(target, self.hand.page.rows) if self.hand.page.listing else []
            if not rows:
                found = yield from self._rows(target.title)
                rows = self._fitting(target, found)
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
        known = self.theory.record_commands()
        if self.targets and (not known or self.hand.page.listing):
            yield from self.open(self.targets[0], "holds")
            for opener in self.hand.page.openers if not known else ():
                yield from self.hand.press(opener)
                self.theory.saw_record(self.hand.page, opener.plain)
                break
        keys = frozenset(slot for target in self.targets for slot in target.slots)
        twins = any(target.twins > 1 for target in self.targets) and bool(self._mark())
        planner = Planner(self.job, self.theory, self.past, self.weigh, self.hand.page.facts, self.others)
        plans = planner.plans(keys, found=bool(self.targets), twins=twins, ruled_out=ruled_out)
        if not plans:
            return None
        plans = [plan for plan in plans if plan.detail not in self.tried.refused]
        if not plans:
            return None
        chosen = max(range(len(plans)), key=lambda place: plans[place].score + self._whim(plans[place].detail))
        self.tried.plans, self.tried.chosen = plans, chosen
        return plans[chosen]

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
                if self.hand.open_command != act.command or self.hand.page.form is None:
                    yield from self.open(target, plan.pick)
                try:
                    done = yield from self.hand.carry_out(act, said)
                except WrongStart:
                    target.wrong.append(target.location)
                    target.location = ""
                    raise
                self.done_acts += 1
                if not done:
                    return False
        return True

    def _ticked(self, plan: Plan) -> Steps[bool]:
        """A command on rows that are ticked in the list: all twins of the record."""
        target = self.targets[0]
        rows = self._fitting(target, (yield from self._rows(target.title)))
        said = {f"key {place}": self.job.slots[index].text for place, index in enumerate(target.slots)}
        said["mark"], said["holds"] = self._mark(), "no" if plan.pick == "holds" else "yes"
        yield from self.hand.tick([row.tick for row in rows])
        for act in plan.acts:
            if not (yield from self.hand.carry_out(act, said)):
                return False
        return True


def _parts(row: Row) -> list[str]:
    """The texts of a row, and those behind a label such as `Group: Frontline`."""
    return [*row.texts, *(value for _, value in row.labelled)]
