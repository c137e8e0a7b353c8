"""Experts: closed-loop policies that do a job with the agent's tools alone, told by the blueprint what things are called and how they work.

A run is a generator that yields actions and is sent observations; it finds every ref by reading the screen. `Style` says in which of several
right ways the work is done (experts and alternatives) and, for mutants, at which point it is botched.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from bakeoff.core import Action, Element, Observation, Policy
from bakeoff.environments.browser import answers, forms, pages
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.forms import NONE, Part
from bakeoff.environments.browser.schema import TODAY, Act, Entity, Operation, State, changes
from bakeoff.environments.browser.tasks import Assignment

Steps = Generator[Action, Observation, None]


TYPED = ("text", "line", "textarea", "commas", "written", "native", "stepper")
"""Widgets that are typed into."""


class Lost(Exception):
    """The expert does not find what it needs on the screen; it gives up by finishing, and its proof fails."""


class Abandoned(Exception):
    """The style leaves the work undone at this point; the run finishes there."""


@dataclass(frozen=True, slots=True)
class Style:
    """How the work is done.

    Attributes:
        find: by searching for the title, by its contact, by number, or by turning pages.
        submit: click the button, or press Enter where a field has the focus.
        backwards: fill fields from last to first.
        pick: in fields with suggestions: type the value, click the suggestion, or use the arrow keys.
        route: open the record, use the row's own menu, tick the row, or write into the list itself, where the product has that.
        detour: first open another record and go back; first open the form and cancel it; or nothing of the kind.
        release: put waiting changes into effect on the record's page, or on the page where they are collected.
        save, publish, confirm: False leaves that step out (mutants).
        drop, greedy: throws waiting changes away instead of releasing them; releases colleagues' as well (mutants).
    """

    find: Literal["title", "contact", "number", "pages"] = "title"
    submit: Literal["click", "enter"] = "click"
    backwards: bool = False
    pick: Literal["type", "suggestion", "keys"] = "type"
    route: Literal["record", "row", "tick", "grid"] = "record"
    detour: Literal["none", "other", "cancel"] = "none"
    release: Literal["record", "page"] = "record"
    save: bool = True
    publish: bool = True
    confirm: bool = True
    drop: bool = False
    greedy: bool = False


class Hand:
    """Works on one episode. Methods that act are generators to be delegated to with `yield from`."""

    def __init__(self, blueprint: Blueprint, before: State, style: Style) -> None:
        self.blueprint, self.family, self.before, self.style = blueprint, blueprint.family, before, style
        self.users = before.users
        self.at = pages.addresses(blueprint)
        self.screen = Observation("", (), 0)
        self.records = {key: dict(record) for key, record in before.records.items()}
        self.last = False

    # --- reading ---------------------------------------------------------------------------------------------------------------

    def look(self, roles: str, match: str | Callable[[str], bool], within: Element | None = None) -> Element | None:
        """The first element of one of the roles whose name matches; inside the page's main part or dialog if it is in one."""
        wanted = roles.split()
        for element in self.screen.elements:
            named = element.role in wanted and (element.name == match if isinstance(match, str) else match(element.name))
            if named and (within is None or self._inside(element, within)):
                return element
        return None

    def need(self, roles: str, match: str | Callable[[str], bool], within: Element | None = None) -> Element:
        found = self.look(roles, match, within)
        if found is None:
            raise Lost(f"no {roles} called {match if isinstance(match, str) else 'so'} on {self.screen.location}")
        return found

    def _inside(self, element: Element, outer: Element) -> bool:
        parents = {item.ref: item.parent for item in self.screen.elements}
        ref: str | None = element.ref
        while ref is not None:
            if ref == outer.ref:
                return True
            ref = parents.get(ref)
        return False

    def area(self) -> Element | None:
        """The dialog if one is open, else the main part."""
        return self.look("dialog", lambda _: True) or self.look("main", lambda _: True)

    # --- acting ------------------------------------------------------------------------------------------------------------------

    def do(self, tool: str, **arguments: Any) -> Steps:
        self.screen = yield Action(tool, arguments)
        if self.screen.error:
            raise Lost(self.screen.error)

    def click(self, roles: str, match: str | Callable[[str], bool], within: Element | None = None) -> Steps:
        found = self.look(roles, match, within) or (yield from self.seek(roles, match))
        yield from self.do("click", ref=found.ref)

    def seek(self, roles: str, match: str | Callable[[str], bool]) -> Generator[Action, Observation, Element]:
        """Finds an element of the form that is open; scrolls a dialog that is longer than the screen."""
        for way in (0, 400, 400, 400, -400, -400, -400, -400):
            area = self.area()
            if way and area is not None and area.role == "dialog":
                yield from self.do("scroll", ref=area.ref, dy=way)
            found = self.look(roles, match, self.area())
            if found is not None:
                return found
            if area is None or area.role != "dialog":
                break
        return self.need(roles, match, self.area())

    def word(self, term: str) -> str:
        return self.blueprint.word(term)

    def say(self, key: str, **slots: object) -> str:
        return self.blueprint.say(key, **slots)

    def main_menu(self) -> Element | None:
        return self.look("navigation", self.say("main"))

    def entity(self, key: int) -> Entity:
        return self.family.entity_of(self.records[key])

    def title(self, key: int) -> str:
        name = self.entity(key).title
        return forms.shown(self.blueprint, name, self.records[key][name], self.users)

    # --- finding a record --------------------------------------------------------------------------------------------------------

    def go_to_list(self, entity: Entity) -> Steps:
        if self.screen.location != self.at.list_of(entity):
            yield from self.click("link", self.blueprint.nouns(entity), self.main_menu())

    def show_row(self, key: int, twins: bool = False) -> Generator[Action, Observation, Element]:
        """Brings the record's row onto the screen and returns it; with `twins`, in a way that shows its duplicate as well."""
        entity = self.entity(key)
        yield from self.go_to_list(entity)
        find = "title" if twins else self.style.find
        if find == "pages" and self.blueprint.workflow["find"] == "search":
            find = "number"
        if find != "pages":
            record = self.records[key]
            text = {"title": self.title(key), "contact": record[entity.contact], "number": self.blueprint.code(key)}[find]
            box = self.need("searchbox", self.word("ui.query"))
            yield from self.do("type", ref=box.ref, text=text)
            if self.style.submit == "enter" or self.style.backwards:
                yield from self.do("press", key="Enter")
            else:
                yield from self.click("button", self.word("ui.find"), self.look("search", lambda _: True))
        for _ in range(12):
            row = self._row(key)
            if row is not None:
                return row
            yield from self.click("link", self.word("ui.next"), self.look("navigation", self.say("pages")))
        raise Lost(f"{self.blueprint.code(key)} is on no page")

    def _row(self, key: int) -> Element | None:
        by_ref = {item.ref: item for item in self.screen.elements}
        for element in self.screen.elements:
            if element.name == self.blueprint.code(key):
                while element.role not in ("row", "listitem"):
                    if element.parent is None:
                        return None
                    element = by_ref[element.parent]
                return element
        return None

    def open_record(self, key: int) -> Steps:
        if self.screen.location.split("?")[0] != self.at.record(key):
            row = yield from self.show_row(key)
            yield from self.click("link", self.title(key), row)
        lock = self.look("button", self.word("ui.lock")) if self.blueprint.workflow["lock"] else None
        if lock is not None:
            yield from self.do("click", ref=lock.ref)

    def open_action(self, key: int, action: str) -> Steps:
        """Opens the form of an action on a record."""
        word = pages.action_word(self.blueprint, action)
        inline = self.blueprint.edits_in_place and self.blueprint.is_edit(action)
        moved = action in self.blueprint.moves(self.entity(key))
        if moved and self.blueprint.workflow["lock"]:
            yield from self.open_record(key)
        by_row = moved or (
            self.style.route == "row"
            and self.blueprint.workflow["actions"] == "rows"
            and not self.blueprint.workflow["lock"]
            and not inline
        )
        if by_row:
            row = yield from self.show_row(key)
            yield from self.click("button", f"{self.word('ui.menu')}: {self.title(key)}", row)
            yield from self.click("link", word, self._row(key))
            return
        yield from self.open_record(key)
        if inline:
            if self.look("link", self.word("ui.details")) and self.screen.location.endswith("?t=2"):
                yield from self.click("link", self.word("ui.details"))
            return
        if self.blueprint.workflow["actions"] == "menu":
            yield from self.click("button", self.word("ui.menu"), self.area())
        yield from self.click("link", word, self.area())

    # --- filling a form -----------------------------------------------------------------------------------------------------------

    def fill(self, names: Sequence[str], values: dict[str, Any]) -> Steps:
        order = [name for name in names if name in values]
        for name in reversed(order) if self.style.backwards else order:
            held = forms.enter(self.blueprint, name, values[name], self.users)
            for part in forms.parts(self.blueprint, name, self.users):
                yield from self.enter(part, held[part.key])

    def enter(self, part: Part, value: Any) -> Steps:
        """Puts a value into one widget."""
        if part.widget in TYPED:
            yield from self.do("type", ref=(yield from self.seek("textbox spinbutton", part.label)).ref, text=value)
        elif part.widget == "slider":
            yield from self._enter_slider(part, int(value))
        elif part.widget == "lookup":
            yield from self._enter_lookup(part, value)
        elif part.widget == "transfer":
            yield from self._enter_transfer(part, value)
        elif part.widget in ("select", "yesno"):
            yield from self.do("select", ref=(yield from self.seek("combobox", part.label)).ref, option=value)
        elif part.widget == "combobox":
            yield from self._enter_combobox(part, "" if value == NONE else value)
        elif part.widget == "radio":
            yield from self.click("radio", value, (yield from self.seek("group radiogroup", part.label)))
        elif part.widget == "segmented":
            yield from self.click("button", value, (yield from self.seek("group", part.label)))
        elif part.widget == "dropdown":
            yield from self._enter_dropdown(part, value)
        elif part.widget in ("checkbox", "switch"):
            box = yield from self.seek(part.widget, part.label)
            if ("checked" in box.states) != (value == self.say("yes")):
                yield from self.do("click", ref=box.ref)
        elif part.widget in ("checkboxes", "chips"):
            for option in reversed(part.options) if self.style.backwards else part.options:
                group = yield from self.seek("group", part.label)
                box = self.need("checkbox button", option, group)
                if bool({"checked", "pressed", "selected"} & box.states) != (option in value):
                    yield from self.do("click", ref=box.ref)
        elif part.widget == "triple":
            day = date.fromisoformat(value)
            for name, text in (("day", str(day.day)), ("month", self.say(f"month-{day.month}")), ("year", str(day.year))):
                yield from self.do("select", ref=(yield from self.seek("combobox", f"{part.label}: {self.say(name)}")).ref, option=text)
        elif part.widget == "calendar":
            yield from self._enter_calendar(part, value)
        else:
            raise Lost(f"unknown widget {part.widget}")

    def _enter_combobox(self, part: Part, value: str) -> Steps:
        box = yield from self.seek("combobox", part.label)
        yield from self.do("type", ref=box.ref, text=value if self.style.pick == "type" else value[:3])
        if value == value[:3]:
            return
        if self.style.pick == "suggestion":
            yield from self.click("option", value)
        elif self.style.pick == "keys":
            options = [item.name for item in self.screen.elements if item.role == "option"]
            for _ in range(options.index(value) + 1 if value in options else 0):
                yield from self.do("press", key="ArrowDown")
            yield from self.do("press", key="Enter")

    def _enter_dropdown(self, part: Part, value: str) -> Steps:
        button = yield from self.seek("button", lambda name: name == part.label or name.startswith(f"{part.label} "))
        yield from self.do("click", ref=button.ref)
        if self.style.pick == "keys":
            for _ in range(part.options.index(value) + 1):
                yield from self.do("press", key="ArrowDown")
            yield from self.do("press", key="Enter")
        else:
            yield from self.click("option", value)

    def _enter_slider(self, part: Part, value: int) -> Steps:
        box = yield from self.seek("slider", part.label)
        if self.style.pick != "keys":
            yield from self.do("type", ref=box.ref, text=str(value))
            return
        yield from self.do("click", ref=box.ref)
        yield from self.do("press", key="Home")
        stride = max(1, int(part.options[1]) // 10)
        for stroke in ["PageUp"] * (value // stride) + ["ArrowRight"] * (value % stride):
            yield from self.do("press", key=stroke)

    def _enter_lookup(self, part: Part, value: str) -> Steps:
        button = yield from self.seek("button", lambda name: name == part.label or name.startswith(f"{part.label} "))
        yield from self.do("click", ref=button.ref)
        if self.style.pick != "suggestion":
            sheet = self.look("dialog", part.label)
            yield from self.do("type", ref=self.need("searchbox", self.word("ui.query"), sheet).ref, text=value)
        yield from self.click("button", value, self.look("dialog", part.label))

    def _enter_transfer(self, part: Part, value: Any) -> Steps:
        """Drags what belongs over to the chosen ones and the rest back; with keys in mind, clicks it over."""
        for option in reversed(part.options) if self.style.backwards else part.options:
            group = yield from self.seek("group", part.label)
            there = self.need("list", self.word("ui.chosen"), group)
            button = self.need("button", option, group)
            if self._inside(button, there) == (option in value):
                continue
            target = there if option in value else self.need("list", self.word("ui.available"), group)
            if self.style.pick == "type":
                yield from self.do("drag", ref=button.ref, to=target.ref)
            else:
                yield from self.do("click", ref=button.ref)

    def _enter_calendar(self, part: Part, value: str) -> Steps:
        day = date.fromisoformat(value)
        button = yield from self.seek("button", lambda name: name == part.label or name.startswith(f"{part.label} "))
        shown = button.name.removeprefix(part.label).strip()
        now = date.fromisoformat(shown) if len(shown) == 10 else TODAY
        yield from self.do("click", ref=button.ref)
        months = (day.year - now.year) * 12 + day.month - now.month
        for _ in range(abs(months)):
            yield from self.click("button", self.say("next-month" if months > 0 else "previous-month"))
        yield from self.click("button", f"{day.day} {self.blueprint.month(day.month)} {day.year}")

    # --- an act --------------------------------------------------------------------------------------------------------------------

    def perform(self, act: Act) -> Steps:
        """Carries out one act on all its records."""
        operation = self.family.operation(act.operation)
        if operation.kind == "create":
            if operation.entity:
                yield from self.go_to_list(self.family.entity(operation.entity))
            yield from self.click(
                "link", self.word(f"op.{operation.name}"), self.look("main", lambda _: True) if operation.entity else self.main_menu()
            )
            yield from self.submit_form(operation.name, act, dict(act.values))
            return
        if operation.kind == "merge":
            yield from self.merge(act)
            return
        if self.style.route == "grid" and in_grid(self.blueprint, act):
            yield from self.write_in_list(act)
            return
        for key in act.records:
            ticked = self.style.route == "tick" and act.operation in self.blueprint.bulk_actions
            action, values = (act.operation, dict(act.values)) if ticked else self.action_for(act)
            if self.style.detour == "other":
                yield from self.visit_another(key)
            if ticked:
                yield from self.tick([key], act.operation)
            elif self.drags(act, key):
                if not self.style.save or (not self.style.confirm and not self.family.operation(act.operation).fields):
                    raise Abandoned
                yield from self.drag_card(key, operation)
            else:
                if self.style.detour == "cancel" and not (self.blueprint.is_edit(action) and self.blueprint.edits_in_place):
                    yield from self.open_action(key, action)
                    yield from self.click("link", self.word("ui.cancel"), self.area())
                yield from self.open_action(key, action)
            if self.drags(act, key) and not ticked and not operation.fields and not self.blueprint.confirmed(act.operation):
                yield from self.settle(act)
            else:
                yield from self.submit_form(action, act, values, key)
            if operation.kind in ("edit", "verb"):
                for other, fields in changes(self.family, self.records, operation, key, act.values).items():
                    self.records[other] |= fields

    def drags(self, act: Act, key: int) -> bool:
        """Whether this style does the act by dragging the record's card to another lane of its board."""
        return act.operation in self.blueprint.moves(self.entity(key)) and self.style.route == "record" and self.style.pick == "type"

    def drag_card(self, key: int, operation: Operation) -> Steps:
        entity = self.entity(key)
        if self.blueprint.workflow["lock"]:
            yield from self.open_record(key)
        row = yield from self.show_row(key)
        lane = forms.value_word(self.blueprint, self.family.field(entity.status), operation.sets[entity.status])
        yield from self.do("drag", ref=row.ref, to=self.need("list", lane).ref)

    def write_in_list(self, act: Act) -> Steps:
        """Changes the field that the list holds, and saves the list."""
        ((name, value),) = act.values.items()
        text = next(iter(forms.enter(self.blueprint, name, value, self.users).values()))
        for key in act.records:
            row = yield from self.show_row(key)
            label = f"{forms.label(self.blueprint, name)}: {self.title(key)} {self.blueprint.code(key)}"
            yield from self.do("type", ref=self.need("textbox", label, row).ref, text=text)
            yield from self.click("button", self.word("ui.grid"), self.area())
            self.records[key][name] = value

    def action_for(self, act: Act) -> tuple[str, dict[str, Any]]:
        """The product's action for an act, and what to fill in."""
        action = self.blueprint.action_for(act.operation)
        operation = self.family.operation(act.operation)
        status = self.family.entity(operation.entity).status
        chosen = {status: operation.sets[status]} if action.startswith("status-form") else {}
        return action, {**chosen, **act.values}

    def visit_another(self, key: int) -> Steps:
        other = next(number for number in sorted(self.records) if number != key and self.entity(number) is self.entity(key))
        row = yield from self.show_row(other)
        yield from self.click("link", self.title(other), row)
        yield from self.click("link", self.word("ui.back"), self.area())

    def tick(self, keys: Sequence[int], action: str) -> Steps:
        if self.blueprint.workflow["lock"]:
            for key in keys:
                yield from self.open_record(key)
        for position, key in enumerate(keys):
            row = (yield from self.show_row(key, twins=len(keys) > 1)) if position == 0 else self._row(key)
            if row is None:
                raise Lost(f"#{key} is not beside the other")
            yield from self.click("checkbox", lambda name: name.startswith(self.word("ui.select")), row)
        yield from self.do("select", ref=self.need("combobox", self.word("ui.bulk")).ref, option=pages.action_word(self.blueprint, action))
        yield from self.click("button", self.word("ui.go"), self.area())

    def merge(self, act: Act) -> Steps:
        gone, into = act.records[0], act.values["into"]
        way = self.blueprint.workflow["merge"]
        if way == "bulk":
            yield from self.tick([gone, into], act.operation)
            label, target = self.word("ui.keep"), into
        else:
            here, target = (gone, into) if way == "into" else (into, gone)
            label = self.word("ui.into" if way == "into" else "ui.absorb")
            yield from self.open_action(here, act.operation)
        group = yield from self.seek("group radiogroup", label)
        yield from self.click("radio", lambda name: name.startswith(f"{self.blueprint.code(target)} "), group)
        yield from self.submit_form(act.operation, act, {}, None if way == "bulk" else here)

    def submit_form(self, action: str, act: Act, values: dict[str, Any], key: int | None = None) -> Steps:
        """Fills the form that is open, step by step, and gets the change into effect as far as the style goes."""
        if self.blueprint.is_edit(action) and self.blueprint.workflow["edit"] == "autosave":
            yield from self.fill_and_leave(action, values)
            return
        steps = self.blueprint.steps(action)
        for index, names in enumerate(steps):
            last = index == len(steps) - 1
            yield from self.fill(names, values)
            if last and self.blueprint.is_edit(action) and self.blueprint.justifies:
                yield from self.do("type", ref=(yield from self.seek("textbox", self.word("ui.justify"))).ref, text="As asked")
            bare = not names and not self.blueprint.is_merge(action)
            if last and not (self.style.save and (self.style.confirm or not bare)):
                raise Abandoned
            if bare:
                yield from self.type_number(action, key)
            yield from self.press_submit(action, last)
        if self.blueprint.asks_back(act.operation, action) and (steps[0] or self.blueprint.is_merge(action)):
            if not self.style.confirm:
                raise Abandoned
            yield from self.type_number(action, key)
            yield from self.click("button", self.word("ui.confirm"), self.area())
        yield from self.settle(act)

    def settle(self, act: Act) -> Steps:
        """Sees that the act was accepted, and publishes it where that is done act by act."""
        alert = self.look("alert", lambda _: True)
        if alert is not None:
            raise Lost(alert.name)
        if self.style.publish and self.blueprint.workflow["commit"] == "draft" and self.blueprint.deferred(act.operation):
            drop = self.style.drop and self.last
            button = self.look("button", self.word("ui.publish")) if self.style.release == "record" else None
            if button is not None and not drop:
                yield from self.do("click", ref=button.ref)
            else:
                yield from self.release_all(drop)

    def type_number(self, action: str, key: int | None) -> Steps:
        """Answers a question that wants the record's number, where this product asks one so."""
        if key is not None and self.blueprint.types_to_confirm(action):
            code = self.blueprint.code(key)
            yield from self.do("type", ref=(yield from self.seek("textbox", f"{self.word('ui.type')} {code}")).ref, text=code)

    def fill_and_leave(self, action: str, values: dict[str, Any]) -> Steps:
        """Fills a form that saves each field when it is left. Without saving, the last field is never left, or none is touched."""
        names = [name for name in self.blueprint.form_fields(action) if name in values]
        parts = forms.parts(self.blueprint, names[0 if self.style.backwards else -1], self.users)
        last = parts[-1]
        typed = last.widget in TYPED
        if not self.style.save and not (typed and len(names) == len(parts) == 1):  # what is left is saved, and might be all
            raise Abandoned
        yield from self.fill(names, values)
        if not self.style.save:
            raise Abandoned
        yield from self.do("press", key="Enter" if self.style.submit == "enter" and typed and last.widget != "textarea" else "Tab")
        said = self.look("status", lambda _: True)
        if said is None or not said.name:
            raise Lost(f"nothing was saved on {self.screen.location}")

    def press_submit(self, action: str, last: bool) -> Steps:
        word = self.word("ui.continue")
        if last:
            general = not action.startswith("status-form") and self.family.operation(action).kind in ("edit", "create")
            word = self.word("ui.save") if general else pages.action_word(self.blueprint, action)
            if not self.blueprint.form_fields(action) and not self.blueprint.is_merge(action):
                word = self.word("ui.confirm")
        focused = next((item for item in self.screen.elements if "focused" in item.states), None)
        if self.style.submit == "enter" and focused is not None and focused.role == "textbox" and focused.attributes.get("type") == "text":
            yield from self.do("press", key="Enter")
        else:
            yield from self.click("button", word, self.area())

    def release_all(self, drop: bool) -> Steps:
        """Puts all the worker's own waiting changes into effect on the page that collects them, or drops them; lets colleagues' through if so styled."""
        place, *verbs = (self.word(term) for term in self.blueprint.waiting_terms)
        yield from self.click("link", lambda name: name.startswith(f"{place} ("), self.main_menu())
        authors = (self.say("you"), *((self.say("colleague"),) if self.style.greedy else ()))
        for author in authors:
            for _ in range(24):
                found = next((item for item in self.screen.elements if item.role == "cell" and item.name == author), None)
                if found is None:
                    break
                row = next(item for item in self.screen.elements if item.ref == found.parent)
                if self.blueprint.workflow["commit"] == "approval":
                    yield from self.click("link", self.word("ui.review"), row)
                    row = self.need("main", lambda _: True)
                yield from self.click("button", verbs[drop], row)

    def work(self, acts: Sequence[Act], answer: str = "", sources: Sequence[int] = ()) -> Steps:
        """Reads the sources, does all acts, then whatever has to be sent, then `finish`."""
        try:
            for key in sources:
                row = yield from self.show_row(key)
                yield from self.click("link", self.title(key), row)
            for act in acts:
                self.last = act is acts[-1]
                yield from self.perform(act)
            if self.style.publish and self.blueprint.workflow["commit"] in ("outbox", "approval"):
                yield from self.release_all(self.style.drop)
        except Abandoned:
            pass
        yield from self.do("finish", **({"answer": answer} if answer else {}))


def policy(blueprint: Blueprint, before: State, acts: Sequence[Act], style: Style, answer: str = "", sources: Sequence[int] = ()) -> Policy:
    """A policy that reads the sources, carries out the acts in this style and answers. It finishes when it is lost, saying why."""
    hand = Hand(blueprint, before, style)
    steps: Steps | None = None

    def act(observation: Observation) -> Action:
        nonlocal steps
        try:
            if steps is None:
                hand.screen = observation
                steps = hand.work(acts, answer, sources)
                return next(steps)
            return steps.send(observation)
        except (Lost, StopIteration) as reason:
            return Action("finish", {"answer": f"lost: {reason}"})

    return act


def in_grid(blueprint: Blueprint, act: Act) -> bool:
    """Whether an act can be done in the list itself: it edits the one field that stands there to be written into."""
    operation = blueprint.family.operation(act.operation)
    gridded = blueprint.gridded(blueprint.family.entity(operation.entity)) if operation.kind == "edit" else ""
    return bool(gridded) and tuple(act.values) == (gridded,) and not blueprint.workflow["lock"]


def expert(found: Assignment) -> Policy:
    """The expert of a task."""
    job = found.job
    return policy(found.blueprint, found.before, job.acts, Style(), answers.said(job.answer), job.sources)


def estimate(blueprint: Blueprint, before: State, acts: Sequence[Act], sources: int = 0) -> int:
    """How many actions the expert needs for the acts and for reading so many sources, at most; what step limits are made from."""
    total = 1 + 6 * sources
    for act in acts:
        operation = blueprint.family.operation(act.operation)
        each = 4 + int(blueprint.workflow["lock"]) + 2 + 2
        names = list(act.values) if operation.kind != "merge" else []
        for name in names:
            for part in forms.parts(blueprint, name, before.users):
                each += {"checkboxes": 3, "chips": 3, "transfer": 3, "triple": 3, "calendar": 5, "dropdown": 2, "lookup": 3}.get(
                    part.widget, 1
                )
        each += len(blueprint.steps(act.operation)) - 1 + 2 * (operation.kind == "merge")
        each += 3 * int(blueprint.deferred(act.operation)) + 2 * int(act.operation in blueprint.moves(blueprint.form_entity(act.operation)))
        each += int(blueprint.workflow["justify"])
        each += int(blueprint.workflow["confirm"] == "typed") + int(blueprint.workflow["edit"] == "autosave")
        total += each * max(1, len(act.records))
    return total
