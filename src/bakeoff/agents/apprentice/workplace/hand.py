"""Doing things on a screen, step by step, looking after each: search, open, fill, confirm, and follow what newly appears.

Every method that acts is a generator: it yields an action and is sent the page that came of it.
"""

from __future__ import annotations

import re

from bakeoff.agents.apprentice.workplace.acts import Act
from bakeoff.agents.apprentice.workplace.entry import Entry, Learned, Steps
from bakeoff.agents.apprentice.workplace.job import content, date_form, day
from bakeoff.agents.apprentice.workplace.landmarks import LEAVING
from bakeoff.agents.apprentice.workplace.page import Control, Page, Row, blank
from bakeoff.agents.apprentice.workplace.theory import Command, Theory
from bakeoff.agents.apprentice.workplace.widgets import dictated
from bakeoff.core import Action

MOST_SCREENS = 7


class Refused(Exception):
    """The product does not let this command be carried out now, or it turned out to be something else."""


class Hand(Entry):
    """Hands and eyes for one product."""

    def __init__(self, theory: Theory, page: Page, *, look: bool = True) -> None:
        super().__init__(theory, page)
        self.look = look  # whether to follow what newly appears after a change
        self.changed = 0
        self.pressed = ""  # the role of what was pressed last to begin a command
        self.advanced = False  # whether the open form is past its first screen
        self.doings: list[str] = []  # record, commands and values of what was carried out
        self.sought: tuple[Row, str, str] | None = None  # the record opened last: its row, its list, and what was looked for there
        self.waiting = {control.plain: control.count for control in page.nav if control.count is not None}

    # --- moving about ----------------------------------------------------------------------------------------------------------------

    def leave_form(self) -> Steps[Page]:
        """Leaves an open form without carrying it out."""
        self.open_command = ""
        if self.page.form is not None and self.page.form in self.page.inlines:
            self.page.form = None
            if self.page.location == self.form_place:
                self.form_place = ""
                yield from self.do(Action("back"))
        for _ in range(3):
            form = self.page.form
            if form is None:
                break
            if any(element.role == "listbox" for element in self.page.elements):
                yield from self.do(Action("press", {"key": "Escape"}))
                form = self.page.form
                if form is None:
                    break
            leave = [c for c in form.leave if "opens" not in self.page.by_ref[c.ref].attributes]
            leave = [c for c in leave if LEAVING.match(c.name)] or leave
            if not form.dialog and len(leave) > 1 and not LEAVING.match(leave[-1].name):
                leave = []
            if leave:
                yield from self.press(leave[-1])
            else:
                yield from self.do(Action("back"))
        return self.page

    def go_home(self, place: str = "") -> Steps[Page]:
        """To a list of records."""
        if self.page.form is not None:
            yield from self.leave_form()
        yield from self.come_back()
        for _ in range(3):
            if self.page.listing and (not self.theory.home or self.theory.place_of(self.page) == place):
                return self.page
            wanted = place or self.theory.home_link
            if not wanted and self.record and self.page.location == self.record:
                yield from self.do(Action("back"))
                self.record = ""
                continue
            named = [c for c in self.page.nav if wanted and c.plain == wanted]
            if not named and wanted:
                named = yield from self._unfold(wanted)
            if not named and self.theory.home and not wanted and not self.page.observation.error:
                yield from self.do(Action("back"))
                continue
            if not named and not self.theory.home and (self.page.folds or any(c.menu for c in self.page.nav)):
                yield from self._seek_list()
                continue
            plain = [c for c in self.page.nav if c.count is None]
            links = named or [c for c in plain if "selected" not in c.states] or plain or self.page.commands
            if links:
                yield from self.press(links[0])
            else:
                yield from self.do(Action("back"))
        return self.page

    def come_back(self) -> Steps[None]:
        """Goes back from where hardly any of the product's navigation is."""
        for _ in range(2):
            if not self.theory.astray(self.page):
                return
            yield from self.do(Action("back"))

    def _unfold(self, wanted: str) -> Steps[list[Control]]:
        """The control of the navigation with this name, once the part that it stands in is unfolded."""
        command = self.theory.commands.get(wanted)
        fold = next((c for c in self.page.folds if command is not None and c.plain == command.menu and "collapsed" in c.states), None)
        if fold is not None:
            yield from self.press(fold)
        return [c for c in self.page.nav if c.plain == wanted]

    def unfold(self) -> Steps[None]:
        """Unfolds every part of the navigation that was never unfolded, to see what there is."""
        for name in [fold.plain for fold in self.page.folds if fold.plain not in self.theory.looked]:
            fold = next((c for c in self.page.folds if c.plain == name and "collapsed" in c.states), None)
            self.theory.looked.append(name)
            if fold is not None:
                yield from self.press(fold)
                yield from self.come_back()

    def _seek_list(self) -> Steps[None]:
        """Goes to the next place of the navigation where a list may be; back from where the navigation is another one."""
        for fold in self.page.folds:
            if fold.plain not in self.theory.looked:
                self.theory.looked.append(fold.plain)
                yield from self.press(fold)
                break
        unseen = [
            c for c in self.theory.commands.values() if c.level == "list" and c.menu and c.form is None and not c.leads and not c.refused
        ]
        for command in unseen[:1]:
            links = yield from self._unfold(command.shown)
            if links:
                yield from self.press(links[0])
                command.leads = self.page.location
                if self.page.listing:
                    self.theory.home_link = command.shown
                yield from self.come_back()
        if not unseen:
            yield from self.do(Action("back"))

    def search(self, text: str, place: str = "") -> Steps[Page]:
        """Looks for a text with the list's own search, when it has one."""
        yield from self.go_home(place)
        box = self.page.search
        if box is None:
            return self.page
        if box.value != text:
            yield from self.do(Action("type", {"ref": box.ref, "text": text}))
        button = self.page.search_button
        here = self.page.location
        if button is not None:
            yield from self.do(Action("click", {"ref": button.ref}))
        else:
            yield from self.do(Action("press", {"key": "Enter"}))
        if self.page.location != here and self.theory.place_of(self.page) is None and text and text.lower() in self.page.heading.lower():
            self._stand()  # it went straight to the one record that it found
        return self.page

    def search_everywhere(self, text: str) -> Steps[Page]:
        """Looks for a text with the box that stands on every page."""
        if self.page.form is not None:
            yield from self.leave_form()
        yield from self.come_back()
        box = self.page.everywhere
        if box is not None:
            yield from self.do(Action("type", {"ref": box.ref, "text": text}))
            yield from self.do(Action("press", {"key": "Enter"}))
        return self.page

    def _stand(self) -> None:
        """Takes the page at hand for that of a record."""
        self.record = self.page.location
        self.page.stand()
        if not self.changed:
            self.theory.saw_record(self.page)

    def open_row(self, row: Row) -> Steps[Page]:
        """Opens a record and takes in its commands."""
        self.sought = (row, self.theory.at, self.page.search.value if self.page.search is not None else "")
        yield from self.press(row)
        self.record = self.page.location
        if self.record != self.theory.home:
            self.page.stand()
        if not self.changed:
            self.theory.saw_record(self.page)
        return self.page

    # --- commands --------------------------------------------------------------------------------------------------------------------

    def tick(self, refs: list[str]) -> Steps[None]:
        """Ticks rows of the list that are not ticked yet."""
        for ref in refs:
            place = [row.tick for row in self.page.rows].index(ref) if ref in [row.tick for row in self.page.rows] else -1
            element = self.page.by_ref.get(ref)
            if place >= 0 and element is not None and "checked" not in element.states:
                yield from self.do(Action("click", {"ref": ref}))

    def _begin_ticked(self, command: Command) -> Steps[None]:
        """Chooses what is to be done to the ticked rows."""
        name = command.shown
        box = self.page.bulk
        if box is None or name not in box.options:
            raise Refused(f"{name} is not here")
        yield from self.do(Action("select", {"ref": box.ref, "option": name}))
        button = self.page.bulk_button
        if button is not None:
            yield from self.do(Action("click", {"ref": button.ref}))
        if self.page.form is None:
            command.refused += 1
            raise Refused(f"{name} opens no form")
        new = command.form is None
        self.theory.opened(command, self.page)
        self.open_command = command.name
        if new and command.form:
            raise Learned(command.name)

    def reveal(self, command: Command) -> Steps[Control | None]:
        """The control of a command, opening menus when it is hidden in one."""
        if command.level == "list":
            yield from self.come_back()
        found = self.page.command(command.shown)
        if found is None and command.menu and command.level == "list" and not command.place:
            links = yield from self._unfold(command.shown)
            found = links[0] if links else None
        if found is None and command.level == "list" and self.theory.places:
            yield from self.go_home(command.place)
            found = self.page.command(command.shown)
        if found is not None:
            return found
        openers = sorted(self.page.openers, key=lambda control: control.plain != command.menu)
        for opener in openers[:3]:
            if "expanded" in opener.states:
                continue
            yield from self.press(opener)
            self.theory.saw_record(self.page, opener.plain)
            found = self.page.command(command.shown)
            if found is not None:
                return found
        return None

    def begin(self, command: Command) -> Steps[None]:
        """Presses a command. Raises `Refused` when nothing opens, `Learned` when its form is seen for the first time."""
        if self.open_command == command.name and self.page.form is not None and not self.advanced:
            return
        self.advanced = False
        if self.page.form is not None:
            yield from self.leave_form()
        if command.level == "several":
            yield from self._begin_ticked(command)
            return
        if self.theory.unlock and command.level == "record":
            key = self.page.command(self.theory.unlock)
            if key is not None:
                yield from self.press(key)
        before = (yield from self._drop(command)) if command.dropped else (yield from self._press(command))
        page = self.page
        if page.location != before.location and page.form is None and page.search is None and self.theory.place_of(page) is None:
            page.stand()
        if page.form is None and page.inlines and page.location != before.location and not page.rows:
            self.form_place, self.open_command = page.location, command.name
            self._see(page)
        if page.form is not None:
            new = command.form is None
            self.theory.opened(command, page)
            self.open_command = command.name
            if new and command.form:
                raise Learned(command.name)
            return
        led = page.location != before.location and bool(page.rows) and self.pressed == "link"
        if page.notices and page.notices != before.notices and not led:
            command.form = command.form or ()
            self._done(command, before)
            return
        if self._took_effect(before, command):
            command.form = ()
            self._done(command, before)
            return
        if page.alerts:
            command.refused += 1
        elif page.location != before.location:
            command.leads = page.location
            if command.level == "list":
                self.theory.found_list(page, command.shown)
                if (
                    not self.theory.home_link
                    and page.location == self.theory.home
                    and len(page.rows) > len(self.theory.called_by.get("", ())) / 2
                ):
                    self.theory.home_link = command.shown
        else:
            command.refused += 1
        raise Refused(f"{command.name} opens no form")

    def _took_effect(self, before: Page, command: Command) -> bool:
        """Whether a form that is a mere button did something though nothing is announced: the button is gone, and the page says something new."""
        pressed = next((c for c in before.commands if c.plain == command.shown and c.role == "button"), None)
        if pressed is None or "form" not in before.chain(before.by_ref[pressed.ref]) or self.page.alerts:
            return False
        new = set(self.page.text.split("\n")) - set(before.text.split("\n"))
        return self.page.location == before.location and self.page.command(command.shown) is None and bool(new)

    def _press(self, command: Command) -> Steps[Page]:
        """Presses the control of a command, and first what a refusal names. The page before."""
        control = yield from self.reveal(command)
        if control is None:
            raise Refused(f"{command.name} is not here")
        before = self.page
        self.pressed = control.role
        if control.role == "form":
            self.open_command = command.name
            self._see(self.page)
        else:
            yield from self.press(control)
            key = self._asked_for(before)
            if key is not None:
                yield from self.press(key)
                again = self.page.command(command.shown)
                if again is not None and not self.page.alerts:
                    self.theory.unlock = key.plain
                    before = self.page
                    yield from self.press(again)
        return before

    def _drop(self, command: Command) -> Steps[Page]:
        """Drags the record opened last to a column of its board. The page before."""
        for _ in range(2):
            if self.sought is not None and self.sought[0].column == command.shown:
                raise Refused(f"{command.name} is where it stands already")
            row = yield from self.card()
            target = self.page.columns.get(command.shown, "")
            if row is None or not row.grip or not target or row.column == command.shown:
                raise Refused(f"{command.name} is not possible here")
            before = self.page
            yield from self.do(Action("drag", {"ref": row.grip, "to": target}))
            said = " ".join(alert for alert in self.page.alerts if alert not in before.alerts)
            keys = [c.shown for c in self.theory.commands.values() if re.search(rf"[“\"'‘]{re.escape(c.shown)}[”\"'’]", said)]
            if not keys or self.page.form is not None:
                return before
            card = yield from self.card()
            if card is None:
                raise Refused("the record is gone")
            yield from self.open_row(card)
            key = self.page.command(keys[0])
            if key is None:
                return before
            yield from self.press(key)
            if not self.page.alerts:
                self.theory.unlock = key.plain
        return self.page

    def card(self) -> Steps[Row | None]:
        """The row of the record opened last, on its list."""
        if self.sought is None:
            return None
        row, place, text = self.sought
        yield from self.go_home(place)
        for _ in range(2):
            alike = [r for r in self.page.rows if r.title == row.title]
            if alike:
                return max(alike, key=lambda r: len(set(r.texts) & set(row.texts)))
            if self.page.search is None:
                break
            yield from self.search(text or row.title, place)
        return None

    def _asked_for(self, before: Page) -> Control | None:
        """The control that a refusal names: it is to be pressed first."""
        said = " ".join(alert for alert in self.page.alerts if alert not in before.alerts)
        named = [c for c in self.page.commands if said and re.search(rf"[“\"'‘]{re.escape(c.plain)}[”\"'’]", said)]
        return named[0] if named and self.page.form is None else None

    def carry_out(self, act: Act, said: dict[str, str]) -> Steps[bool]:
        """A command with its fields, through all its screens. `said`: key texts of the record, to tell twins apart. True when it went through."""
        command = self.theory.commands[act.command]
        before = self.page
        counted = command.done
        yield from self.begin(command)
        if command.done > counted:
            yield from self.follow(before, command.shown)
            return True
        notices = self.page.notices
        filled: set[str] = set()
        kept = False
        tried_dates: set[int] = set()
        for _ in range(MOST_SCREENS):
            form = self.page.form
            if form is None:
                break
            if not form.fields and form.buttons:
                command.confirms += 1
            self._expect(act)
            yield from self.fill(act, filled, said)
            yield from self._other_parts(act, filled, said)
            form = self.page.form
            if form is None:
                break
            if not form.buttons:
                yield from self.do(Action("scroll", {"ref": form.ref or form.fields[-1].ref, "dy": 800}))
                if self.page.form is None:
                    break
                yield from self.fill(act, filled, said)
                form = self.page.form
                if form is not None and not form.buttons and filled:  # nothing to press: it is kept when a field is left
                    yield from self.do(Action("press", {"key": "Tab"}))
                    kept = not self.page.alerts
                if form is None or not form.buttons:
                    break
            yield from self._remark()
            form = self.page.form
            if form is None or not form.buttons:
                break
            labels, here = [item.label for item in form.fields], self.page.observation.location
            button = max(reversed(form.buttons), key=lambda c: len(set(content(c.name)) & set(command.words)))
            way = next((fill.value for fill in act.fills if fill.kind == "way"), "")
            if way:
                found = yield from self._way(way)
                button = found or button
            yield from self.press(button)
            if self.page.form in self.page.inlines and self.page.notices and self.page.notices != notices and not self.page.alerts:
                self.page.form = None
            moved = self.page.form is not None and not self.page.form.dialog and self.page.observation.location != here
            if (moved or self.page.form in self.page.inlines) and self._stuck(act):
                self.page.form = None
            again = self.page.form
            if again is None:
                break
            self.advanced = True
            if [item.label for item in again.fields] == labels and labels:
                wrong = [item for item in again.fields if item.invalid or item.complaint]
                if self._partners_left(act):
                    filled.clear()
                    continue
                self.theory.rules.complained(again.fields, {f.label: f.value for f in act.fills if f.kind in ("option", "meant")})
                dates = [f.label for f in act.fills if day(f.value)]
                written = [item.label for item in wrong or again.fields if item.kind == "text" and item.label in dates]
                if not written or len(tried_dates) > 2:
                    break
                tried_dates.add(self.theory.date_form)
                told = date_form(" ".join((*self.page.alerts, *(item.hint for item in wrong))))
                self.theory.date_form = (
                    told if told >= 0 and told not in tried_dates else next(i for i in (0, 1, 2, 3) if i not in tried_dates)
                )
                filled.clear()
            else:
                self.theory.next_step(command, self.page)
        if self.page.form is not None:
            yield from self.leave_form()
            if not kept:
                return False
            if any(control.count is not None for control in self.page.nav):  # what waits is counted anew on the next page only
                yield from self.go_home(self.theory.at)
        self._done(command, before)
        self.doings += [act.command, *(fill.value for fill in act.fills if fill.value), *said.values()]
        yield from self.follow(before, command.shown)
        return True

    def _other_parts(self, act: Act, filled: set[str], said: dict[str, str]) -> Steps[None]:
        """Fills the fields that stand in other parts of the form."""
        for fill in act.fills:
            part = self.theory.parts.get(fill.label, "")
            form = self.page.form
            control = next((c for c in form.parts if c.plain == part), None) if form is not None and part else None
            if fill.label not in filled and control is not None:
                yield from self.press(control)
                yield from self.fill(act, filled, said)

    def _way(self, name: str) -> Steps[Control | None]:
        """The button of the open form with this name; first opens what it may stand behind."""
        for _ in range(3):
            form = self.page.form
            if form is None:
                return None
            found = next((c for c in form.buttons if c.plain == name), None)
            folded = [c for c in form.openers if "collapsed" in c.states]
            if found is not None or not folded:
                return found
            yield from self.press(folded[-1])
        return None

    def _stuck(self, act: Act) -> bool:
        """Whether a form that stays on its page came back without a complaint and shows what was put into it; a remark is gone once it is kept."""
        fields = {item.label: item for item in self.page.form.fields} if self.page.form is not None else {}
        if self.page.alerts or any(item.complaint or item.invalid for item in fields.values()):
            return False
        shown = [(fields[fill.label], fill.value) for fill in act.fills if fill.label in fields]
        if not shown and any(fill.label in self.theory.parts for fill in act.fills):
            return True  # it is shown in another part of the form
        return bool(shown) and all(
            item.value.strip().lower() == self._written(item, value).strip().lower() if item.value else item.kind in ("long", "text")
            for item, value in shown
        )

    def _partners_left(self, act: Act) -> bool:
        """Whether a field that has to fit with one of these was given a guess, and there are more."""
        for fill in act.fills:
            tried = self.tried_partners.get((act.command, fill.label, fill.value), [])
            label, option = self.theory.partner(fill.label, fill.value)
            if tried and not option and len(tried) < sum(not blank(name) for name in self.theory.combos.get(label, ())):
                return True
        return False

    def _remark(self) -> Steps[None]:
        """Says something in a text field that must be filled and that nothing was meant for."""
        for item in self.page.form.fields if self.page.form is not None else ():
            if item.required and item.kind in ("text", "long") and not item.value:
                yield from self.do(Action("type", {"ref": item.ref, "text": dictated(item.label) or "As asked for"}))

    def _expect(self, act: Act) -> None:
        """Raises `Learned` when a field does not offer today what the act wants to choose there."""
        for fill in act.fills:
            item = self.page.field(fill.label)
            if item is not None and item.kind == "choice" and fill.kind in ("slot", "option", "meant") and fill.value not in item.options:
                raise Learned(fill.label)

    def _done(self, command: Command, before: Page) -> None:
        self.open_command = ""
        self.changed += 1
        command.done += 1
        page = self.page
        if page.notices:
            self.theory.notices += 1
        if page.listing and not before.listing and not command.dropped:
            command.removes += 1
        for label, value in page.facts.items():
            if before.facts and before.facts.get(label, value) != value:
                command.changes[label] = command.changes.get(label, 0) + 1

    def follow(self, before: Page, done: str) -> Steps[None]:
        """Presses what newly appeared after a change: the best clue to a step without which nothing counts. What takes the place of the control that
        was pressed and contains its name (`Hold`, then `Unhold`) would only undo the change."""
        known = (
            set(self.theory.baseline)
            | {c.plain for c in (*before.commands, *before.nav)}
            | {c.shown for c in self.theory.commands.values()}
        )
        for _ in range(2):
            new = [c for c in self.page.commands if c.plain not in known and c.role == "button"]
            if not new or not self.look or self.page.listing:
                return
            if self.page.command(done) is None:
                new = [c for c in new if done.lower() not in c.plain.lower()]
            if not new:
                return
            chosen = new[0]
            counts = self.theory.follow_ups.setdefault(chosen.plain, [0, 0])
            counts[0] += 1
            yield from self.press(chosen)
            if self.page.form is not None and not self.page.form.fields and self.page.form.buttons:
                yield from self.press(self.page.form.buttons[0])
            if self.page.command(chosen.plain) is None:
                counts[1] += 1
            known.add(chosen.plain)

    def clear_waiting(self) -> Steps[None]:
        """When the navigation counts something that waits, goes there and presses the button that lets it through."""
        if not self.look:
            return
        if self.page.form is not None:
            yield from self.leave_form()
        if not self.changed:
            return
        for control in self.page.nav:
            if not control.count or control.count <= (self.waiting.get(control.plain) or 0):
                continue
            self.theory.counters[control.plain] = self.theory.counters.get(control.plain, 0) + 1
            for _ in range(control.count - (self.waiting.get(control.plain) or 0)):
                yield from self.press(control)
                now = next((c.count for c in self.page.nav if c.plain == control.plain and c.count), 0)
                button = self._let_through()
                if button is None and (row := self._doing_row()) is not None:  # a change that is looked at before it is let through
                    yield from self.press(row)
                    button = next((c for c in self.page.commands if c.role == "button"), None)
                if button is None or now <= (self.waiting.get(control.plain) or 0):
                    break
                yield from self.press(button)
                if self.page.form is not None and not self.page.form.fields and self.page.form.buttons:
                    yield from self.press(self.page.form.buttons[0])
            return

    def _let_through(self) -> Control | None:
        """The button that lets a waiting change through: in the row that says what was done last, not one that waited before."""
        rows = [e for e in self.page.elements if e.role in ("row", "listitem")]
        buttons = [e for e in self.page.elements if e.role == "button" and e.name]
        best: tuple[float, int, Control] | None = None
        for place, row in enumerate(rows):
            inside = [e for e in buttons if self.page.inside(e, row.ref)]
            if inside:
                score = float(sum(text.lower() in row.name.lower() or self._within(text, row.ref) for text in self.doings))
                if best is None or (score, place) > best[:2]:
                    best = (score, place, Control(inside[0].ref, inside[0].role, inside[0].name))
        if best is not None:
            return best[2]
        known = [c for c in self.page.commands if c.role == "button" and c.plain not in self.theory.baseline]
        return known[0] if known else Control(buttons[0].ref, buttons[0].role, buttons[0].name) if buttons else None

    def _doing_row(self) -> Row | None:
        """The row that says most of what was done last."""
        rows = [(sum(text.lower() in shown.lower() for text in self.doings for shown in row.texts), row) for row in self.page.rows]
        best = max((score for score, _ in rows), default=0)
        return next((row for score, row in reversed(rows) if score == best), None) if best else None

    def _within(self, text: str, ref: str) -> bool:
        return any(text.lower() in e.name.lower() for e in self.page.below(ref))
