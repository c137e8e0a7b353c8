"""Learning from a demonstration: which commands somebody carried out, with what in their fields, and which plan that is.

What is seen goes into the same theory as what was tried: commands, forms, values. The acts are then looked for among the plans that the job allows;
the one that agrees with them is taken in like a job that passed. A demonstration that agrees with no plan teaches only what it showed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bakeoff.agents.apprentice.workplace.acts import Fill
from bakeoff.agents.apprentice.workplace.asking import as_day, as_number
from bakeoff.agents.apprentice.workplace.finding import Target, parts, titled_by
from bakeoff.agents.apprentice.workplace.job import Job, same
from bakeoff.agents.apprentice.workplace.page import Control, Page, blank
from bakeoff.agents.apprentice.workplace.plans import Plan
from bakeoff.agents.apprentice.workplace.theory import AT, TICKED, Theory
from bakeoff.core import Action, Observation, Step


@dataclass
class Doing:
    """A command that was carried out and the fields that were changed for it."""

    command: str
    fills: dict[str, str] = field(default_factory=dict)


class Watching:
    """Follows a demonstration screen by screen. `doings`: what was carried out, each once; `answer`: what was said at the end; `opened`: the records
    that were opened, with the job's values that their rows show; `facts`: what the first of them showed."""

    def __init__(self, theory: Theory) -> None:
        self.theory = theory
        self.doings: list[Doing] = []
        self.answer = ""
        self.opened: list[Target] = []
        self.facts: dict[str, str] = {}
        self._open: Doing | None = None
        self._before: dict[str, str] = {}

    def follow(self, first: Observation, steps: Sequence[Step], job: Job | None = None) -> None:
        """Takes in a whole demonstration; with its job, also which records were opened for it."""
        pages = [Page(observation) for observation in (first, *(step.observation for step in steps))]
        self._see(pages[0])
        for before, step, after in zip(pages, steps, pages[1:], strict=False):
            if step.action.tool == "finish":
                self.answer = str(step.action.arguments.get("answer", ""))
                break
            self._see(after)
            if job is not None:
                self._note_opened(job, before, step.action, after)
            self._did(before, step.action, after)

    def _note_opened(self, job: Job, before: Page, action: Action, after: Page) -> None:
        row = next((row for row in before.rows if row.ref and row.ref == action.arguments.get("ref")), None)
        if row is None or not before.listing or after.listing:
            return
        title = [i for i, slot in enumerate(job.slots) if titled_by(row, slot.text)]
        beside = [i for i, slot in enumerate(job.slots) if i not in title and any(same(slot.text, text) for text in parts(row))]
        if title and all(target.location != after.location for target in self.opened):
            text = job.slots[title[0]].text
            twins = sum(
                titled_by(other, text) and all(any(same(job.slots[i].text, t) for t in parts(other)) for i in beside)
                for other in before.rows
            )
            place = self.theory.place_of(before) or ""
            self.opened.append(Target((title[0], *beside), text, max(twins, 1), after.location, place))
            self.facts = self.facts or dict(after.facts)

    def _see(self, page: Page) -> None:
        if self._open is not None and page.form is None:
            page.form = next((form for form in page.inlines if form.heading == self._open.command.rpartition(AT)[2]), None)
        self.theory.saw(page)
        if page.form is None and not page.listing and page.facts:
            self.theory.saw_record(page)

    def _did(self, before: Page, action: Action, after: Page) -> None:
        ref = str(action.arguments.get("ref", ""))
        if self._open is not None:
            if before.form is not None and after.form is not None:
                self._before = {item.label: item.value for item in after.form.fields} | self._before
            pressed = before.form is not None and any(button.ref == ref for button in before.form.buttons)
            if pressed and before.form is not None:
                for item in before.form.fields:
                    if item.value != self._before.get(item.label, "") and not blank(item.value):
                        self._open.fills[item.label] = item.value
            if after.form is None:
                if pressed and self._open.command not in {doing.command for doing in self.doings}:
                    self.doings.append(self._open)
                self._open = None
            return
        control = next((c for c in (*before.commands, *before.openers, *before.nav) if c.ref == ref), None)
        if action.tool == "click" and control is not None:
            self._pressed(control, before, after)
        elif before.bulk_button is not None and ref == before.bulk_button.ref and before.bulk is not None and after.form is not None:
            self._begin(self.theory.key(TICKED + before.bulk.value), "several", after)

    def _pressed(self, control: Control, before: Page, after: Page) -> None:
        """A control was pressed: a form opens, a menu unfolds, or it takes effect at once."""
        key, level = self.theory.key(control.plain), "record"
        if before.listing or any(control.ref == c.ref for c in before.nav):
            key, level = (control.plain if any(control.ref == c.ref for c in before.nav) else key), "list"
        if control in before.openers:
            self.theory.saw_record(after, control.plain)
        elif after.form is not None:
            self._begin(key, level, after)
        elif after.notices and after.notices != before.notices and key in self.theory.commands and control.role != "button":
            command = self.theory.commands[key]
            command.form = command.form or ()
            self.doings.append(Doing(key))

    def _begin(self, key: str, level: str, page: Page) -> None:
        command = self.theory.command(key, level)
        self.theory.opened(command, page)
        self._open = Doing(key)
        self._before = {item.label: item.value for item in page.form.fields} if page.form is not None else {}

    # --- which plan it was -----------------------------------------------------------------------------------------------------------

    def likest(self, plans: Sequence[Plan]) -> int:
        """The place of the plan that does what was shown; -1 when there is none."""
        if not self.doings:
            answers = [
                place for place, plan in enumerate(plans) if self.answer and plan.target == "ask" and _alike(plan.answer, self.answer)
            ]
            return answers[0] if answers else -1
        wanted = {doing.command: doing.fills for doing in self.doings}
        for place, plan in enumerate(plans):
            if {act.command for act in plan.acts} != set(wanted) or len(plan.acts) != len(wanted):
                continue
            if all(self._agrees(dict(self._filled(act.fills)), wanted[act.command]) for act in plan.acts):
                return place
        return -1

    def _filled(self, fills: Sequence[Fill]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for fill in fills:
            if fill.kind == "pair":
                first, _, last = fill.value.rpartition(" ")
                found += list(zip(fill.label.split("\n"), (first, last), strict=True))
            elif fill.kind in ("twin", "look"):
                found.append((fill.label, "*"))
            else:
                found.append((fill.label, ", ".join(fill.value.split("\n"))))
        return found

    def _agrees(self, filled: dict[str, str], shown: dict[str, str]) -> bool:
        """Whether a plan's fields hold what was shown; fields that belong together with one of the plan's need not be in it."""
        stems = {label.split(": ")[0] for label in filled if ": " in label}
        needed = {
            label: value for label, value in shown.items() if not (": " in label and label.split(": ")[0] in stems and label not in filled)
        }
        if set(needed) - set(filled):
            return False
        return all(label in needed and (value == "*" or _alike(value, needed[label])) for label, value in filled.items())


def _alike(one: str, other: str) -> bool:
    """Whether two texts say the same: letter case, order of a name or of several options, forms of dates and numbers aside."""
    if same(one, other) or sorted(one.lower().split(", ")) == sorted(other.lower().split(", ")):
        return True
    a, b = as_day(one), as_day(other)
    if a is not None and b is not None:
        return a == b
    left, right = as_number(one), as_number(other)
    return left is not None and left == right
