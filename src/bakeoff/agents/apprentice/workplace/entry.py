"""Putting values into fields of every kind, one action at a time.

Every method that acts is a generator: it yields an action and is sent the page that came of it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from bakeoff.agents.apprentice.reading import MONTHS
from bakeoff.agents.apprentice.workplace.acts import Act, Fill
from bakeoff.agents.apprentice.workplace.asking import as_number
from bakeoff.agents.apprentice.workplace.job import content, date_form, day, same, shape, turned, write_date
from bakeoff.agents.apprentice.workplace.page import Control, Page, Row, blank
from bakeoff.agents.apprentice.workplace.theory import AT, Theory
from bakeoff.agents.apprentice.workplace.widgets import Field
from bakeoff.core import Action

MOST_TURNS = 16  # of a calendar's leaves
T = TypeVar("T")
Steps = Generator[Action, Page, T]


class Learned(Exception):
    """Something about the command was seen for the first time: think again before going on."""


class WrongStart(Exception):
    """The record on the screen is not the one from which this can be done: its twin is."""


class Entry:
    """Hands on the fields of one product. `page` is what is seen now; everything seen goes into the theory."""

    def __init__(self, theory: Theory, page: Page) -> None:
        self.theory = theory
        self.page = page
        self.actions = 0
        self.open_command = ""
        self.record = ""  # where the record opened last is
        self.form_place = ""  # where the open command's form is, when it stands among other things to do
        self.tried_partners: dict[tuple[str, str, str], list[str]] = {}
        self._see(page)

    def _see(self, page: Page) -> None:
        """Takes in a page; a form that stands on the record's own page is open when its command was begun."""
        if page.location == self.record != self.theory.home:
            page.stand()
        if page.form is None and self.open_command:
            page.form = next((form for form in page.inlines if form.heading == self.open_command.rpartition(AT)[2]), None)
            if page.form is None and page.inlines and page.location == self.form_place != "":
                page.form = max(page.inlines, key=lambda form: len(form.fields))
            page.facts = {} if page.form is not None else page.facts
        self.page = page
        self.theory.saw(page)

    def do(self, action: Action) -> Steps[Page]:
        """One action and what came of it."""
        self.actions += 1
        self._see((yield action))
        return self.page

    def press(self, control: Control | Row) -> Steps[Page]:
        page = yield from self.do(Action("click", {"ref": control.ref}))
        return page

    def fill(self, act: Act, filled: set[str], said: dict[str, str]) -> Steps[None]:
        """Fills the act's fields that stand on this screen and are not filled yet."""
        for fill in act.fills:
            if fill.label in filled:
                continue
            labels = fill.label.split("\n") if fill.kind == "pair" else [fill.label]
            if any(self.page.field(label) is None for label in labels):
                continue
            filled.add(fill.label)
            if fill.kind == "pair":
                first, _, last = fill.value.rpartition(" ")
                for label, text in zip(labels, (first, last), strict=True):
                    item = self.page.field(label)
                    if item is not None:
                        yield from self.enter(item, text)
            else:
                item = self.page.field(fill.label)
                if item is not None:
                    yield from self.put(item, fill, said)
                    yield from self._partner(act, fill)
                    rest = self._other_part(fill.label)
                    if rest is not None and as_number(fill.value) is not None and not any(other.label == rest.label for other in act.fills):
                        yield from self.enter(rest, fill.value)

    def _other_part(self, label: str) -> Field | None:
        """Of an amount that is asked for in two fields, `Costs: euros` and `Costs: cents`: the other field."""
        stem, _, part = label.partition(": ")
        beside = [
            item for item in (self.page.form.fields if self.page.form is not None else ()) if part and item.label.startswith(stem + ": ")
        ]
        others = [item for item in beside if item.label != label and item.kind == "text"]
        cents = any("cent" in content(item.label) for item in beside)
        return others[0] if len(beside) == 2 and others and cents else None

    def _partner(self, act: Act, fill: Fill) -> Steps[None]:
        """Fills the field that has to fit with this one; an option after the other is tried when the right one was never seen."""
        label, option = self.theory.partner(fill.label, fill.value)
        item = self.page.field(label) if label else None
        if item is None or any(other.label == label for other in act.fills):
            return
        options = [name for name in item.options or self.theory.combos.get(label, ()) if not blank(name)]
        tried = self.tried_partners.setdefault((act.command, fill.label, fill.value), [])
        left = [name for name in ([option] if option else options) if name not in tried]
        if left:
            tried.append(left[0])
            if item.value != left[0]:
                yield from self.enter(item, left[0])

    def put(self, item: Field, fill: Fill, said: dict[str, str]) -> Steps[None]:
        if fill.kind == "twin" or fill.kind == "look":
            yield from self._pick(item, fill, said)
        elif fill.kind == "set":
            yield from self._mark(item, fill.value.split("\n"))
        else:
            yield from self.enter(item, fill.value)

    def enter(self, item: Field, text: str) -> Steps[None]:
        """Puts one value into one field, whatever kind of field it is."""
        if item.kind == "choice":
            if item.value == text:
                return
            if item.refs:
                ref = next((ref for ref, option in zip(item.refs, item.options, strict=True) if option == text), "")
                if ref:
                    yield from self.do(Action("click", {"ref": ref}))
            else:
                yield from self.do(Action("select", {"ref": item.ref, "option": text}))
        elif item.kind == "combo" and item.label in self.theory.calendars:
            yield from self._date(item, text)
        elif item.kind == "combo":
            if item.value != text:
                yield from (self._pressed(item, text) if item.opener else self._combo(item, text))
        elif item.kind == "flag":
            if item.value != text:
                yield from self.do(Action("click", {"ref": item.ref}))
        elif item.kind == "date" and (item.refs or item.opener or item.label in self.theory.calendars):
            yield from self._date(item, text)
        else:
            written = self._written(item, text)
            if item.value != written:
                yield from self.do(Action("type", {"ref": item.ref, "text": written}))

    def _written(self, item: Field, text: str) -> str:
        """A value the way this field wants it."""
        when = day(text)
        if when is not None:
            if item.kind == "date":
                return write_date(when, 0)
            told = date_form(item.hint)
            if told < 0 and item.value:
                told = date_form(item.value)
            return write_date(when, told if told >= 0 else max(self.theory.date_form, 0))
        whole = text.lstrip("$€£").replace(",", "")
        number = as_number(text)
        if ": " in item.label and number is not None and self._other_part(item.label) is not None:  # euros and cents apart
            return f"{int(number * 100) % 100:02d}" if "cent" in content(item.label) else str(int(number))
        if "cent" in content(f"{item.label} {item.hint}") and whole.isdigit():
            return str(100 * int(whole))
        samples = self.theory.samples(item.label)
        if samples and 2 * sum(shape(value) == "name" and ", " in value for value in samples) > len(samples):
            return turned(text)
        if text[:1].isdigit() and "," in text and text.replace(",", "").replace(".", "").isdigit():
            return text.replace(",", "")
        return text

    def _date(self, item: Field, text: str) -> Steps[None]:
        """A date into three lists, or into a calendar that is turned until the month is right."""
        when = day(text)
        if when is None:
            return
        if item.refs:
            for place, part in enumerate((when[2], when[1], when[0])):
                now = self.page.field(item.label)
                box = self.page.by_ref.get(now.refs[place]) if now is not None and now.refs else None
                if box is None:
                    return
                wanted = {str(part), f"{part:02d}"} if place != 1 else {f"{part:02d}", str(part), MONTHS[part - 1], MONTHS[part - 1][:3]}
                option = next((option for option in box.options if option.lower() in wanted), "")
                if option and box.value != option:
                    yield from self.do(Action("select", {"ref": box.ref, "option": option}))
            return
        yield from self.do(Action("click", {"ref": item.ref}))
        for _ in range(MOST_TURNS):
            table = next(
                (e for e in self.page.elements if e.role in ("table", "grid") and e.parent and "group" in self.page.chain(e)), None
            )
            holder = self.page.below(table.parent) if table is not None and table.parent is not None else []
            shown = next(((y, m) for e in holder if e.role in ("text", "heading") for y, m in (_month_of(e.name),) if y), None)
            if shown is None:
                return
            cells = [e for e in self.page.below(table.ref) if e.role == "button"] if table is not None else []
            if shown == when[:2]:
                box = next((e for e in cells if day(e.name) == when or e.name.strip() == str(when[2])), None)
                if box is not None:
                    yield from self.do(Action("click", {"ref": box.ref}))
                return
            turns = [e for e in holder if e.role == "button" and e not in cells]
            if len(turns) < 2:
                return
            yield from self.do(Action("click", {"ref": (turns[0] if shown > when[:2] else turns[1]).ref}))

    def _pressed(self, item: Field, text: str) -> Steps[None]:
        """A list that opens when its button is pressed."""
        options = self.page.options_of(item.label)
        if not options:
            yield from self.do(Action("click", {"ref": item.ref}))
            options = self.page.options_of(item.label)
        if not options:
            yield from self.do(Action("wait"))
            options = self.page.options_of(item.label)
        if self.page.picker is not None and not any(same(e.name, text) for e in options):
            self.theory.learned_options(item.label, [e.name for e in options])
            yield from self.do(Action("type", {"ref": self.page.picker.search.ref, "text": text}))
            options = self.page.options_of(item.label)
        exact = next((e for e in options if same(e.name, text)), None)
        if exact is not None:
            yield from self.do(Action("click", {"ref": exact.ref}))
            return
        if self.page.picker is None:
            self.theory.learned_options(item.label, [e.name for e in options])
        if options or self.page.picker is not None:
            yield from self.shut(item.label)
            raise Learned(item.label)

    def _combo(self, item: Field, text: str) -> Steps[None]:
        yield from self.do(Action("type", {"ref": item.ref, "text": text}))
        options = self.page.options_of(item.label)
        if not options:  # a list may take a moment to open
            yield from self.do(Action("wait"))
            options = self.page.options_of(item.label)
        exact = next((e for e in options if same(e.name, text)), None)
        if exact is not None:
            yield from self.do(Action("click", {"ref": exact.ref}))
        elif options:
            yield from self._shut(item, text)

    def _shut(self, item: Field, text: str) -> Steps[None]:
        """What was typed is not on offer: looks at all that is, and thinks again."""
        now = self.page.field(item.label)
        if now is None:
            return
        yield from self.do(Action("type", {"ref": now.ref, "text": ""}))
        if not self.page.options_of(item.label):
            yield from self.do(Action("wait"))
        options = [e.name for e in self.page.options_of(item.label)]
        self.theory.learned_options(item.label, options)
        yield from self.do(Action("press", {"key": "Escape"}))
        if options and text not in options:
            raise Learned(item.label)

    def look_into(self, item: Field) -> Steps[tuple[str, ...]]:
        """Opens a field to see its options."""
        yield from self.do(Action("click", {"ref": item.ref}))
        if not self.page.options_of(item.label):
            yield from self.do(Action("wait"))
        options = [e.name for e in self.page.options_of(item.label)]
        if (
            not options
            and self.page.picker is None
            and any(e.role in ("table", "grid") and "group" in self.page.chain(e) for e in self.page.elements)
        ):
            self.theory.learned_calendar(item.label)
        self.theory.learned_options(item.label, options)
        return tuple(options)

    def shut(self, label: str) -> Steps[None]:
        """Closes a list, window or calendar that was opened to be looked at."""
        if self.page.picker is not None and self.page.picker.leave is not None:
            yield from self.press(self.page.picker.leave)
            return
        yield from self.do(Action("press", {"key": "Escape"}))
        item = self.page.field(label)
        opener = self.page.by_ref.get(item.ref) if item is not None and item.opener else None
        if opener is not None and "expanded" in opener.states:
            yield from self.do(Action("click", {"ref": opener.ref}))

    def _pick(self, item: Field, fill: Fill, said: dict[str, str]) -> Steps[None]:
        options = item.options
        if not options:
            options = yield from self.look_into(item)
            fresh = self.page.field(item.label)
            item = fresh if fresh is not None else item
            if fill.kind == "look":
                raise Learned(item.label)
        mark, holds = said.get("mark", ""), said.get("holds", "") == "yes"
        keys = [text for name, text in said.items() if name not in ("mark", "holds")]
        alike = [option for option in options if keys and all(text.lower() in option.lower() for text in keys)]
        if not alike and keys:
            alike = [option for option in options if keys[0].lower() in option.lower()]
        fitting = [option for option in alike if (mark.lower() in option.lower()) != holds] if mark else alike
        if mark and not fitting and alike and any("@" in option for option in alike):
            raise WrongStart(item.label)
        for option in fitting or alike or [option for option in options if not blank(option)]:
            if item.kind == "combo":
                box = next((e for e in self.page.options_of(item.label) if e.name == option), None)
                if box is not None:
                    yield from self.do(Action("click", {"ref": box.ref}))
                    return
                yield from self._combo(item, option)
            else:
                yield from self.enter(item, option)
            return

    def _mark(self, item: Field, wanted: list[str]) -> Steps[None]:
        """Marks exactly these options."""
        if item.kind == "listing":
            yield from self.do(Action("type", {"ref": item.ref, "text": ", ".join(wanted)}))
            return
        marked = {part.strip() for part in item.value.split(", ")}
        for option in item.options:
            if (option in wanted) != (option in marked):
                now = self.page.field(item.label)
                if now is None:
                    return
                yield from self.do(Action("click", {"ref": now.refs[now.options.index(option)]}))


def _month_of(text: str) -> tuple[int, int]:
    """Year and month of a calendar's leaf, (0, 0) when a text is none."""
    words = text.lower().replace(",", " ").split()
    month = next((index + 1 for index, name in enumerate(MONTHS) if name in words or name[:3] in words), 0)
    year = next((int(word) for word in words if len(word) == 4 and word.isdigit()), 0)
    return (year, month) if month and year and len(words) == 2 else (0, 0)
