"""What the apprentice believes about one product: its commands, their forms, what they do, and what has to follow before anything counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from bakeoff.agents.apprentice.workplace.job import content, date_form, series, shape
from bakeoff.agents.apprentice.workplace.page import Page, blank
from bakeoff.agents.apprentice.workplace.rules import Rules
from bakeoff.agents.apprentice.workplace.widgets import Field as Widget
from bakeoff.agents.apprentice.workplace.widgets import dictated

KEPT_VALUES = 40
TICKED = "several: "
DROP = "onto: "  # on a column of a board
AT = " › "  # between a list other than the first and what belongs to it, in the key of a command


@dataclass
class FieldModel:
    """A field as remembered: label, kind, options, whether it must be filled, and what stood in it."""

    label: str
    kind: str
    options: tuple[str, ...] = ()
    required: bool = False
    filled: bool = False
    hint: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        return content(self.label)


@dataclass
class Command:
    """Something that can be done to a record (`record`) or from anywhere (`list`). `name` is its key: what it is called, with the list it belongs
    to before it where that is not the first.

    `form`: its fields, or None while it has never been opened; an empty form only asks to confirm. `menu`: the control that reveals it.
    `leads`: the location it led to, for mere navigation. `done`, `refused`, `removes`: how often it was carried out, was refused,
    and left no record behind. `changes`: labels of facts that changed.
    """

    name: str
    level: str
    menu: str = ""
    form: tuple[FieldModel, ...] | None = None
    leads: str = ""
    opened: int = 0
    done: int = 0
    refused: int = 0
    removes: int = 0
    confirms: int = 0
    says: str = ""
    titled: str = ""  # of a drag: what the form that then opens is called
    changes: dict[str, int] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The list to which it belongs; empty for the first."""
        return self.name.rpartition(AT)[0]

    @property
    def shown(self) -> str:
        """What it is called on the screen."""
        return self.name.rpartition(AT)[2].removeprefix(TICKED).removeprefix(DROP)

    @property
    def dropped(self) -> bool:
        """Whether it is done by dragging the record to a column of a board."""
        return self.name.rpartition(AT)[2].startswith(DROP)

    @property
    def words(self) -> tuple[str, ...]:
        return content(f"{self.shown} {self.titled}")

    def traits(self) -> tuple[str, ...]:
        """What kind of command this is, apart from what it is called; the same words for every product."""
        found = [f"at {self.level}"]
        if self.form is None:
            found.append("form unseen" if not self.refused else "form unseen, refused")
            return tuple(found)
        kinds = [item.kind for item in self.form]
        found.append(
            "only confirms" if not kinds else "one field" if len(kinds) == 1 else "two fields" if len(kinds) == 2 else "many fields"
        )
        if 0 < len(kinds) < 5:
            found.extend(f"takes {kind}" for kind in sorted({"choice" if kind == "combo" else kind for kind in kinds}))
            if any(item.required and not item.filled for item in self.form):
                found.append("must be filled")
            if any(len(option) > 30 for item in self.form for option in item.options):
                found.append("picks a record")
        if self.removes:
            found.append("removes")
        if self.dropped:
            found.append("by dragging")
        if self.says:
            found.append(f"says {self.says}")
        if self.refused:
            found.append("sometimes refused")
        return tuple(found)


@dataclass
class Theory:
    """One product."""

    title: str = ""
    home: str = ""
    home_link: str = ""  # what leads there
    places: dict[str, str] = field(default_factory=dict)  # address of a further list of records → what leads there
    at: str = ""  # the list last seen, empty for the first
    called_by: dict[str, list[str]] = field(default_factory=dict)  # list → what its records are called
    coded: dict[str, list[str]] = field(default_factory=dict)  # list → series of the codes that its rows show
    called: str = ""  # heading of the list of records
    commands: dict[str, Command] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    follow_ups: dict[str, list[int]] = field(default_factory=dict)  # control that newly appears after a change → [pressed, helped]
    counters: dict[str, int] = field(default_factory=dict)  # navigation with a count → how often it rose after a change
    date_form: int = -1
    baseline: list[str] = field(default_factory=list)  # controls seen on records before anything was changed
    notices: int = 0
    surveyed: bool = False
    combos: dict[str, list[str]] = field(default_factory=dict)
    title_kind: dict[str, int] = field(default_factory=dict)
    today: list[str] = field(default_factory=list)  # fields whose options were seen in this episode
    words: dict[str, int] = field(default_factory=dict)  # in how many jobs here a word was said
    jobs: int = 0
    titles: list[str] = field(default_factory=list)  # what records are called
    unlock: str = ""  # the control that has to be pressed before a record's commands work
    calendars: list[str] = field(default_factory=list)  # fields that open a calendar
    many: list[str] = field(default_factory=list)  # fields that take several options, or none
    rules: Rules = field(default_factory=Rules)  # what it refused in forms
    parts: dict[str, str] = field(default_factory=dict)  # field of a form shown in parts → the control that shows it
    ways: dict[str, list[str]] = field(default_factory=dict)  # command → the buttons that carry it out, where there are several
    menu: list[str] = field(default_factory=list)  # what the navigation held on the first screen
    looked: list[str] = field(default_factory=list)  # menus of records, tabs and folded parts of the navigation that were opened
    _title_labels: tuple[int, set[str]] | None = None

    # --- taking in screens -----------------------------------------------------------------------------------------------------------

    def saw(self, page: Page) -> None:
        """Takes in what any screen shows: commands, values under labels, the way dates are written."""
        if not self.menu:
            self.menu = [control.plain for control in (*page.nav, *page.folds)]
        if page.listing and page.rows and not self.home:
            self.home, self.called = page.location, page.heading
        if page.listing and page.location == self.home:
            self.home_link = next((control.plain for control in page.nav if "selected" in control.states), self.home_link)
        if (place := self.place_of(page)) is not None:
            self.at = place
        if self.date_form < 0:
            for element in page.elements[:60]:
                if element.role == "text" and any(mark.isdigit() for mark in element.name) and date_form(element.name) >= 0:
                    self.date_form = date_form(element.name)
                    break
        for control in page.nav if not self.astray(page) else ():
            if "selected" not in control.states and control.count is None:
                command = self.command(control.plain, "list")
                command.menu = command.menu or control.menu
        for control in page.commands if page.rows and self.place_of(page) is not None else ():
            if control.role == "link":
                self.command(self.key(control.plain), "list")
        for column in page.columns if self.place_of(page) is not None else ():
            self.command(self.key(DROP + column), "record")
        for option in page.bulk.options if page.bulk is not None else ():
            if not blank(option):
                self.command(self.key(TICKED + option), "several")
        for row in page.rows:
            if row.title not in self.titles and len(self.titles) < 4 * KEPT_VALUES:
                self.titles.append(row.title)
            called = self.called_by.setdefault(self.at, [])
            if self.place_of(page) is not None and row.title not in called and len(called) < KEPT_VALUES:
                called.append(row.title)
            for text in (*row.texts, *(value for _, value in row.labelled)):
                if (code := series(text)) and self.place_of(page) is not None and code not in self.coded.setdefault(self.at, []):
                    self.coded[self.at].append(code)
            for label, value in row.labelled:
                self.value(label, value)
        for label, value in page.facts.items():
            self.value(label, value)
        if page.form is not None:
            for item in page.form.fields:
                if item.options:
                    self.combos.setdefault(item.label, list(item.options))
                if item.kind == "set" or self._listed(item):
                    self._takes_many(item.label)

    def saw_record(self, page: Page, menu: str = "") -> None:
        """Takes in the commands of a record's page; `menu` is the control that was just opened."""
        for control in page.commands:
            key = self.key(control.plain)
            if key not in self.commands:
                self.command(key, "record").menu = menu if control.plain not in self.baseline else ""
        if not menu:
            self.baseline.extend(control.plain for control in page.commands if control.plain not in self.baseline)

    def key(self, shown: str) -> str:
        """The key of a command of the list last seen, or of its records."""
        return f"{self.at}{AT}{shown}" if self.at else shown

    def place_of(self, page: Page) -> str | None:
        """Which list a page is: empty for the first, None for a page that is no list, or none that is known."""
        if not page.listing:
            return None
        return "" if page.location == self.home else self.places.get(page.location)

    def astray(self, page: Page) -> bool:
        """Whether a page lies outside the product, or is a dead end: hardly any of the navigation is there, and nothing to fill in."""
        if not self.menu or page.form is not None or page.picker is not None:
            return False
        here = {control.plain for control in (*page.nav, *page.folds)}
        return 3 * len(here & set(self.menu)) < len(self.menu)

    def found_list(self, page: Page, link: str) -> None:
        """Something in the navigation led to a list of other records."""
        if page.location != self.home and page.search is not None:
            self.places.setdefault(page.location, link)
            self.saw(page)

    def command(self, name: str, level: str) -> Command:
        return self.commands.setdefault(name, Command(name, level))

    def value(self, label: str, value: str) -> None:
        kept = self.values.setdefault(label, [])
        if not blank(value) and value not in kept and len(kept) < KEPT_VALUES:
            kept.append(value)

    def opened(self, command: Command, page: Page) -> None:
        """A command was pressed and this screen came."""
        command.opened += 1
        if page.form is None:
            return
        if command.dropped:
            command.titled = page.form.heading.split(": ")[0]
        if all(dictated(item.label) for item in page.form.fields):
            command.says = next((e.name[:40] for e in page.below(page.form.ref) if e.role in ("listitem", "text") and " " in e.name), "")
        self.today.extend(item.label for item in page.form.fields if item.options and item.kind == "choice")
        before = {item.label: item for item in command.form or ()}
        models = []
        for item in page.form.fields:
            if not dictated(item.label):
                models.append(self.model(item))
            before.pop(item.label, None)
        command.form = (*models, *before.values())

    def model(self, item: Widget) -> FieldModel:
        """A field as it is remembered; it has just been opened, so what stands in it is what stood there before."""
        if item.kind in ("text", "date", "long", "combo") and item.value:
            self.value(item.label, item.value)
        kind = "date" if item.label in self.calendars else "set" if item.kind == "choice" and item.label in self.many else item.kind
        options = item.options or tuple(self.combos.get(item.label, ()))
        if kind == "flag":
            options = ("no",) if item.value == "yes" else ("yes",)
        return FieldModel(item.label, kind, options, item.required, not blank(item.value), item.hint)

    def _listed(self, item: Widget) -> bool:
        """Whether several options of a field were seen as its value at once."""
        options = set(item.options)
        return item.kind == "choice" and any(", " in value and set(value.split(", ")) <= options for value in self.samples(item.label))

    def _takes_many(self, label: str) -> None:
        if label not in self.many:
            self.many.append(label)
            for command in self.commands.values():
                for item in command.form or ():
                    if item.label == label and item.kind == "choice":
                        item.kind = "set"

    def learned_calendar(self, label: str) -> None:
        """A field turned out to open a calendar."""
        if label not in self.calendars:
            self.calendars.append(label)
        for command in self.commands.values():
            for item in command.form or ():
                if item.label == label:
                    item.kind = "date"

    def next_step(self, command: Command, page: Page) -> None:
        """A further screen of the same command: its fields belong to it too."""
        if page.form is None or command.form is None:
            return
        known = {item.label for item in command.form}
        more = [
            self.model(w) for w in page.form.fields if w.label not in known and not dictated(w.label)
        ]  # fmt: skip
        command.form = (*command.form, *more)

    def learned_options(self, label: str, options: Iterable[str]) -> None:
        """The options of a field became visible."""
        found = [option for option in options if option]
        if not found:
            return
        self.today.append(label)
        known = self.combos.setdefault(label, [])
        known.extend(option for option in found if option not in known)
        for command in self.commands.values():
            for item in command.form or ():
                if item.label == label and item.kind == "combo":
                    item.options = tuple(known)

    def heard(self, words: tuple[str, ...]) -> frozenset[str]:
        """Counts the words of a new job; returns those that say nothing here: said in most jobs, or the name of the list of records."""
        self.jobs += 1
        for word in words:
            self.words[word] = self.words.get(word, 0) + 1
        return self.dull()

    def dull(self) -> frozenset[str]:
        """Words that say nothing here."""
        often = {word for word, count in self.words.items() if self.jobs >= 4 and count > 0.6 * self.jobs}
        return frozenset(often.union(*(content(name) for name in (self.called, *self.places.values()))))

    # --- questions -------------------------------------------------------------------------------------------------------------------

    def record_commands(self, place: str = "") -> list[Command]:
        """What can be done to a record of a list."""
        return [c for c in self.commands.values() if c.level == "record" and not c.leads and c.name != self.unlock and c.place == place]

    def place_for(self, text: str, words: frozenset[str]) -> list[str]:
        """Lists in which a record of this name may be, the likeliest first. A code belongs where codes of its series do."""
        if series(text):
            titled = [place for place in self._lists() if any(series(title) == series(text) for title in self.called_by.get(place, ()))]
            return titled or [place for place in self._lists() if series(text) in self.coded.get(place, ())]
        kind = shape(text)

        def promise(place: str) -> float:
            called = self.called_by.get(place, [])
            like = sum((shape(title) == "name") == (kind == "name") for title in called) / max(len(called), 1)
            coded = sum(bool(series(title)) for title in called) > len(called) / 2
            said = 1.5 * bool(words & set(content(place or self.called)))
            if text.isdigit():
                return said + 2.0 * (2 * sum(title.isdigit() and len(title) == len(text) for title in called) > len(called))
            return 3.0 * (text in called) + like - 2.0 * coded + said

        return sorted(self._lists(), key=lambda place: -promise(place))

    def _lists(self) -> list[str]:
        return ["", *self.places.values()]

    def list_commands(self) -> list[Command]:
        return [c for c in self.commands.values() if c.level == "list" and not c.leads and c.form is not None]

    def ticked_commands(self) -> list[Command]:
        """What can be done to rows ticked in the list and to no single record."""
        return [c for c in self.commands.values() if c.level == "several" and c.shown not in self.commands and not c.place]

    def labels(self) -> frozenset[str]:
        """What fields are called, in small letters."""
        fields = {item.label for command in self.commands.values() for item in command.form or ()}
        return frozenset(label.strip(" :*").lower() for label in fields)

    def numbered(self, text: str) -> bool:
        """Whether some list's records are called by plain numbers as long as this one."""
        return text.isdigit() and any(
            2 * sum(title.isdigit() and len(title) == len(text) for title in called) > len(called) for called in self.called_by.values()
        )

    def last_first(self) -> bool:
        """Whether records are titled by names with the last name first."""
        return 2 * sum(shape(title) == "name" and ", " in title for title in self.titles) > max(len(self.titles), 1)

    def knows_title(self, text: str) -> bool:
        return text in self.titles

    def partner(self, label: str, value: str) -> tuple[str, str]:
        """Of a value chosen in two fields that belong together (`Owner: group`, `Owner: person`): the other field, and its option that was
        seen beside this one; empty when it was never seen."""
        stem, _, part = label.partition(": ")
        others = [name for name in self.combos if name != label and part and name.startswith(stem + ": ")]
        for other in others:
            for shown in self.values.get(stem, ()):
                if value.lower() in shown.lower():
                    found = [option for option in self.combos[other] if not blank(option) and option.lower() in shown.lower()]
                    if found:
                        return other, max(found, key=len)
        return (others[0], "") if others else ("", "")

    def samples(self, label: str) -> list[str]:
        """Values seen under this label; a label with a unit or remark is matched without it."""
        found = self.values.get(label)
        if found:
            return found
        plain = label.split(" (")[0].strip().lower()
        return next((kept for name, kept in self.values.items() if name.split(" (")[0].strip().lower() == plain), [])

    def ends_like(self, text: str, but: str) -> bool:
        """Whether a value ends with a word that many values under one other label end with, as the names of firms do."""
        last = text.split(" ")[-1]
        for label, kept in self.values.items():
            if label != but:
                count = sum(value.split(" ")[-1] == last for value in kept)
                if count >= 3 and count > 0.1 * len(kept):
                    return True
        return False

    def whole(self, first: str, second: str) -> str:
        """The label under which two parts of a value are shown together, or nothing."""
        for a in self.values.get(first, ()):
            for b in self.values.get(second, ()):
                for label, kept in self.values.items():
                    if "\n" not in label and f"{a} {b}" in kept:
                        return label
        return ""

    def titled(self, samples: list[str]) -> bool:
        """Whether values like these title records."""
        return sum(value in self.titles for value in samples) * 2 > len(samples)

    def title_labels(self) -> set[str]:
        """Labels whose values are what records are called by."""
        if self._title_labels is None or self._title_labels[0] != len(self.titles):
            found = {label for label, kept in self.values.items() if kept and self.titled(kept)}
            self._title_labels = (len(self.titles), found)
        return self._title_labels[1]

    def shape_of(self, item: FieldModel | Widget) -> str:
        """What values of this field look like: the commonest shape of those seen."""
        shapes = [shape(value) for value in self.samples(item.label)]
        return max(sorted(set(shapes)), key=shapes.count) if shapes else ""

    def series_of(self, item: FieldModel | Widget) -> frozenset[str]:
        """The letters that codes in this field begin with; lists may share a label."""
        return frozenset(series(value) for value in self.samples(item.label))

    # --- snapshots -------------------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        data = asdict(self)
        del data["_title_labels"]
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Theory:
        rules = Rules(**{kind: [tuple(rule) for rule in kept] for kind, kept in data["rules"].items()})
        theory = cls(**{**data, "commands": {}, "rules": rules})
        for name, stored in data["commands"].items():
            form = stored["form"]
            fields = None if form is None else tuple(FieldModel(**{**item, "options": tuple(item["options"])}) for item in form)
            theory.commands[name] = Command(**{**stored, "form": fields})
        return theory
