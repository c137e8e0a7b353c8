"""Practice without a goal: goes where it has not been, opens every command's form, carries some through, and sees what newly appears."""

from __future__ import annotations

import contextlib
import re

from bakeoff.agents.apprentice.workplace.acts import Act, Fill
from bakeoff.agents.apprentice.workplace.entry import Learned, Steps, WrongStart
from bakeoff.agents.apprentice.workplace.hand import Hand, Refused
from bakeoff.agents.apprentice.workplace.job import day
from bakeoff.agents.apprentice.workplace.page import Page, blank
from bakeoff.agents.apprentice.workplace.theory import Command, FieldModel, Theory
from bakeoff.core import Action

MOST_RECORDS = 4
COMMON = ("a", "e")  # letters that most names and titles contain
MOST_SCREENS = 4
MOST_OPENED = 6  # menus and tabs of one record
MOST_OPENERS = 2  # of a form that are looked behind


class Survey:
    """One walk through the practice copy of a product."""

    def __init__(self, theory: Theory, page: Page) -> None:
        self.theory = theory
        self.hand = Hand(theory, page)
        self.opened: list[str] = []

    def walk(self) -> Steps[None]:
        """Forms first, then options that show only when opened, then effects."""
        yield from self.hand.go_home()
        yield from self._list()
        if (yield from self._next_record()):
            yield from self._forms()
        yield from self._from_anywhere()
        for place in list(self.theory.places.values()):
            if (yield from self._next_record(place)):
                yield from self._forms()
            yield from self._from_anywhere()
        for _ in range(MOST_RECORDS - 1):
            unknown = [c for c in self.theory.record_commands() if c.form is None]
            if not unknown or not (yield from self._next_record()):
                break
            yield from self._forms()
        yield from self._ticked_forms()
        for place in ("", *self.theory.places.values()):
            yield from self._effects(place)

    def _from_anywhere(self) -> Steps[None]:
        yield from self.hand.unfold()
        for command in [c for c in self.theory.commands.values() if c.level == "list" and c.form is None and not c.leads]:
            with contextlib.suppress(Refused, Learned, WrongStart):
                yield from self.hand.begin(command)
            yield from self._look_into_fields()
            yield from self.hand.leave_form()

    def _next_record(self, place: str = "") -> Steps[bool]:
        """Opens a record that was not opened yet; one that differs most in its row from those opened."""
        yield from self._list(place)
        rows = self.hand.page.rows
        fresh = [row for row in rows if "\n".join(row.texts) not in self.opened]
        if not fresh:
            return False
        seen = {text for texts in self.opened for text in texts.split("\n")}
        row = max(fresh, key=lambda r: (sum(text not in seen for text in r.texts), -rows.index(r)))
        if not self.opened:
            row = fresh[0]
        self.opened.append("\n".join(row.texts))
        yield from self.hand.open_row(row)
        return True

    def _list(self, place: str = "") -> Steps[None]:
        """To a list; one that shows nothing before something is looked for is asked for a letter that most names have."""
        yield from self.hand.go_home(place)
        for text in COMMON:
            if self.hand.page.rows or self.hand.page.search is None:
                return
            yield from self.hand.search(text, place)

    def _forms(self) -> Steps[None]:
        """Opens each command of this record whose form was never seen."""
        record = self.hand.page.location
        for command in [c for c in self.theory.record_commands(self.theory.at) if c.form is None]:
            control = self.hand.page.command(command.shown)
            if control is not None and control.role == "form":
                with contextlib.suppress(Refused, Learned, WrongStart):
                    yield from self.hand.begin(command)
                yield from self._look_into_fields()
                yield from self.hand.leave_form()
        for opener in self.hand.page.openers[:MOST_OPENED]:
            if (
                any(c.menu == opener.plain for c in self.theory.record_commands(self.theory.at))
                or self.theory.key(opener.plain) in self.theory.looked
            ):
                continue
            now = next((c for c in self.hand.page.openers if c.name == opener.name), None)
            if now is not None and self.hand.page.location == record:
                self.theory.looked.append(self.theory.key(opener.plain))
                yield from self.hand.press(now)
                self.theory.saw_record(self.hand.page, opener.plain)
        away = {c.shown for c in self.theory.commands.values() if c.leads and not c.place}
        unseen = [c for c in self.theory.record_commands(self.theory.at) if c.form is None and (not c.place or c.shown not in away)]
        for command in sorted(unseen, key=lambda c: c.dropped):
            with contextlib.suppress(Refused, Learned, WrongStart):
                yield from self.hand.begin(command)
            yield from self._look_into_fields()
            if command.dropped:
                yield from self._back_to_board()
                continue
            if self.hand.page.form is not None:
                yield from self.hand.leave_form()
            if self.hand.page.location != record:
                row = yield from self.hand.card()
                if row is None:
                    return
                yield from self.hand.open_row(row)

    def _back_to_board(self) -> Steps[None]:
        """From a form that a drag opened, the shortest way to the next drag."""
        if self.hand.page.form is not None and not self.hand.page.form.dialog:
            self.hand.open_command = ""
            yield from self.hand.do(Action("back"))
        if self.hand.page.form is not None:
            yield from self.hand.leave_form()

    def _look_around(self) -> Steps[None]:
        """Looks into the other parts of the open form, and behind the buttons that hide further ways to carry it out."""
        form = self.hand.page.form
        command = self.theory.commands.get(self.hand.open_command)
        if form is None or command is None or command.name in self.theory.looked:
            return
        self.theory.looked.append(command.name)
        names = [c.name for c in form.openers]
        for opener in [c for c in form.openers if names.count(c.name) == 1][-MOST_OPENERS:]:
            now = next((c for c in self.hand.page.form.openers if c.name == opener.name), None) if self.hand.page.form is not None else None
            if now is not None and "collapsed" in now.states:
                yield from self.hand.press(now)
        form = self.hand.page.form
        if form is not None and not form.dialog and len(form.buttons) > 1:
            self.theory.ways[command.name] = [c.plain for c in form.buttons]
        for part in form.parts if form is not None else ():
            now = next((c for c in self.hand.page.form.parts if c.name == part.name), None) if self.hand.page.form is not None else None
            if now is None or "selected" in now.states:
                continue
            yield from self.hand.press(now)
            if self.hand.page.form is not None:
                for item in self.hand.page.form.fields:
                    if all(item.label != known.label for known in command.form or ()):
                        self.theory.parts[item.label] = part.plain
                self.theory.next_step(command, self.hand.page)

    def _look_into_fields(self) -> Steps[None]:
        """Opens fields whose options are hidden; of a form in several screens, on all of them."""
        yield from self._look_around()
        for _ in range(MOST_SCREENS):
            form = self.hand.page.form
            if form is None:
                return
            for item in form.fields:
                if item.kind == "combo" and not self.theory.combos.get(item.label) and item.label not in self.theory.calendars:
                    now = self.hand.page.field(item.label)
                    if now is not None:
                        yield from self.hand.look_into(now)
                        yield from self.hand.shut(item.label)
                        if self.hand.page.form is None:
                            return
            command = self.theory.commands.get(self.hand.open_command)
            more = any(_more_to_come(e.name) for e in self.hand.page.below(form.ref) if e.role == "text")
            if command is None or not more or not form.buttons:
                return
            yield from self._required()
            form = self.hand.page.form
            if form is None or not form.buttons:
                return
            before = [item.label for item in form.fields]
            yield from self.hand.press(form.buttons[-1])
            if self.hand.page.form is None or [item.label for item in self.hand.page.form.fields] == before:
                return
            self.theory.next_step(command, self.hand.page)

    def _required(self) -> Steps[None]:
        """Fills what must be filled before the next screen comes."""
        for item in self.hand.page.form.fields if self.hand.page.form is not None else ():
            if item.required and blank(item.value):
                made = self._made_up(self.theory.model(item), None)
                if made is not None and made.kind != "twin":
                    with contextlib.suppress(Learned):
                        yield from self.hand.put(item, made, {})

    def _ticked_forms(self) -> Steps[None]:
        """Opens what can be done to two ticked rows and to no single record."""
        for command in [c for c in self.theory.ticked_commands() if c.form is None]:
            yield from self._list()
            yield from self.hand.tick([row.tick for row in self.hand.page.rows[:2] if row.tick])
            with contextlib.suppress(Refused, Learned, WrongStart):
                yield from self.hand.begin(command)
            if self.hand.page.form is not None:
                yield from self.hand.leave_form()

    def _effects(self, place: str) -> Steps[None]:
        """Carries commands through with made-up values: those with few fields first, those that may remove something last."""
        order = sorted(self.theory.record_commands(place), key=lambda c: (c.form is None, not c.form, len(c.form or ())))
        for command in order:
            if command.done or command.form is None:
                continue
            if not (yield from self._next_record(place)):
                return
            act = Act(command.name, tuple(fill for item in command.form if (fill := self._made_up(item, command)) is not None))
            try:
                yield from self.hand.carry_out(act, {})
            except (Refused, Learned, WrongStart):
                continue

    def _made_up(self, item: FieldModel, command: Command | None) -> Fill | None:
        """A value that fits a field that must be filled (or the first of an optional few)."""
        if command is not None and not (item.required and not item.filled) and len(command.form or ()) > 2:
            return None
        if item.kind in ("choice", "combo"):
            options = [option for option in item.options if not blank(option)]
            return Fill(item.label, options[-1], (), "option") if options else Fill(item.label, "", (), "twin")
        if item.kind in ("set", "listing"):
            return Fill(item.label, item.options[0], (), "set") if item.options else None
        if item.kind in ("flag", "number"):
            return None
        samples = self.theory.samples(item.label)
        if item.kind == "date" or self.theory.shape_of(item) == "date":
            seen = [value for value in samples if day(value)]
            return Fill(item.label, seen[-1] if seen else "2026-05-05")
        return Fill(item.label, samples[-1] if samples else "Trial")


def _more_to_come(text: str) -> bool:
    """Whether a text counts screens and this is not the last: `Step 1 of 3`."""
    found = re.search(r"(\d+) ?(?:of|/) ?(\d+)", text)
    return found is not None and int(found[1]) < int(found[2])
