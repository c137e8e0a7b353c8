"""Fields of every make are read alike: rows of buttons, chips, lists behind buttons, dates in three parts, calendars, forms beside commands."""

from __future__ import annotations

from typing import Any

from bakeoff.agents.apprentice.workplace.acts import Act, Fill
from bakeoff.agents.apprentice.workplace.hand import Hand
from bakeoff.agents.apprentice.workplace.page import Page
from bakeoff.agents.apprentice.workplace.theory import Command, Theory
from bakeoff.core import Action, Element, Observation

MONTHS = "January February March April May June July August September October November December".split()


class Screen:
    """Builds an observation line by line; `within` is the element that holds the next ones."""

    def __init__(self) -> None:
        self.elements: list[Element] = []

    def add(self, role: str, name: str = "", within: str | None = None, *states: str, **more: Any) -> str:
        ref = f"e{len(self.elements)}"
        self.elements.append(Element(ref, role, name, parent=within, states=frozenset(states), **more))
        return ref

    @property
    def page(self) -> Page:
        return Page(Observation("", tuple(self.elements), 1, location="/things/1"))


def test_buttons_in_a_row_are_one_choice_and_chips_take_several() -> None:
    screen = Screen()
    form = screen.add("form", "", screen.add("dialog", "Change"))
    row = screen.add("group", "Shade", form)
    for name, *states in (("Pale", "selected"), ("Deep",)):
        screen.add("button", name, row, *states)
    chips = screen.add("group", "Marks", form)
    for name in ("Dotted", "Striped", "Plain"):
        screen.add("button", name, chips, *(("selected",) if name != "Plain" else ()))
    screen.add("button", "Carry out", form)
    page = screen.page
    shade, marks = page.field("Shade"), page.field("Marks")
    assert shade is not None and marks is not None and page.form is not None
    assert (shade.kind, shade.value, shade.options) == ("choice", "Pale", ("Pale", "Deep"))
    assert (marks.kind, marks.value) == ("set", "Dotted, Striped")
    assert [button.name for button in page.form.buttons] == ["Carry out"]


def test_a_list_behind_a_button_has_the_label_before_it_and_the_rest_as_value() -> None:
    screen = Screen()
    form = screen.add("form", "", screen.add("dialog", "Change"))
    screen.add("text", "Shade", form)
    screen.add("text", "*", form)
    screen.add("button", "Shade Pale", form, "collapsed")
    screen.add("button", "Carry out", form)
    shade = screen.page.field("Shade")
    assert shade is not None
    assert (shade.kind, shade.value, shade.opener, shade.required) == ("combo", "Pale", True, True)


def test_three_lists_are_a_date_and_are_set_one_by_one() -> None:
    screen = Screen()
    form = screen.add("form", "", screen.add("dialog", "Change"))
    group = screen.add("group", "Due", form)
    screen.add("combobox", "Due: month", group, value="–", options=("–", *MONTHS))
    screen.add("combobox", "Due: day", group, value="–", options=("–", *map(str, range(1, 32))))
    screen.add("combobox", "Due: year", group, value="–", options=("–", "2026", "2027"))
    screen.add("button", "Carry out", form)
    page = screen.page
    due = page.field("Due")
    assert due is not None and due.kind == "date"
    hand = Hand(Theory(), page)
    done = []
    steps = hand.enter(due, "9 April 2027")
    try:
        action = next(steps)
        while True:
            done.append((page.by_ref[action.arguments["ref"]].name, action.arguments["option"]))
            action = steps.send(page)
    except StopIteration:
        pass
    assert done == [("Due: day", "9"), ("Due: month", "April"), ("Due: year", "2027")]


def calendar(year: int, month: int) -> Screen:
    screen = Screen()
    form = screen.add("form", "", screen.add("dialog", "Change"))
    screen.add("text", "Due", form)
    screen.add("button", "Due –", form, "expanded")
    group = screen.add("group", "Due", form)
    screen.add("button", "Earlier", group)
    screen.add("text", f"{MONTHS[month - 1]} {year}", group)
    screen.add("button", "Later", group)
    row = screen.add("row", "", screen.add("table", "", group))
    for day in range(1, 29):
        screen.add("button", f"{day} {MONTHS[month - 1]} {year}", screen.add("cell", "", row))
    screen.add("button", "Carry out", form)
    return screen


def test_a_calendar_is_turned_until_the_month_is_right() -> None:
    shown = (2026, 11)
    page = calendar(*shown).page
    due = page.field("Due")
    assert due is not None and page.form is not None
    assert [item.label for item in page.form.fields] == ["Due"], "the days are no fields"
    theory = Theory()
    theory.learned_calendar("Due")
    steps = Hand(theory, page).enter(due, "2027-01-05")
    pressed: list[str] = []
    try:
        action = next(steps)
        while True:
            pressed.append(page.by_ref[action.arguments["ref"]].name)
            if pressed[-1] == "Later":
                shown = (shown[0] + shown[1] // 12, shown[1] % 12 + 1)
                page = calendar(*shown).page
            action = steps.send(page)
    except StopIteration:
        pass
    assert pressed == ["Due –", "Later", "Later", "5 January 2027"]


def record(*, locked: bool = False, alert: str = "", status: str = "") -> Page:
    screen = Screen()
    main = screen.add("main")
    if alert:
        screen.add("alert", alert, main)
    if status:
        screen.add("status", status, main)
    screen.add("heading", "Red Ltd", main)
    if locked:
        screen.add("button", "Zorp", screen.add("form", "", main))
    screen.add("link", "Plim", main)
    screen.add("link", "Vark", main)
    block = screen.add("generic", "", main)
    screen.add("heading", "Kest", block)
    form = screen.add("form", "", block)
    screen.add("textbox", "Lum", form, value="old")
    screen.add("textbox", "Dor", form, value="older")
    screen.add("button", "Hep", form)
    return screen.page


def test_a_form_on_the_records_own_page_is_a_command_named_by_its_heading() -> None:
    page = record()
    assert page.form is None and len(page.inlines) == 1
    assert [command.name for command in page.commands] == ["Plim", "Vark", "Kest"]
    assert page.facts == {"Lum": "old", "Dor": "older"}
    theory = Theory(commands={"Kest": Command("Kest", "record", form=())})
    steps = Hand(theory, page).carry_out(Act("Kest", (Fill("Lum", "new"),)), {})
    done: list[tuple[str, str]] = []
    action: Action | None = next(steps)
    while action is not None:
        done.append((action.tool, page.by_ref[action.arguments["ref"]].name))
        page = record(status="Kept.") if action.tool == "click" else record()
        try:
            action = steps.send(page)
        except StopIteration as end:
            assert end.value is True
            action = None
    assert done == [("type", "Lum"), ("click", "Hep")]


def test_what_a_refusal_names_is_pressed_first_and_remembered() -> None:
    theory = Theory(commands={"Plim": Command("Plim", "record")})
    page = record(locked=True)
    hand = Hand(theory, page)
    steps = hand.begin(theory.commands["Plim"])
    pressed: list[str] = []
    action: Action | None = next(steps)
    while action is not None:
        pressed.append(page.by_ref[action.arguments["ref"]].name)
        if pressed == ["Plim"]:
            page = record(locked=True, alert="Nothing can be done here. Use “Zorp” first.")
        else:
            page = record(status="It is yours." if pressed[-1] == "Zorp" else "Plim: done.")
        try:
            action = steps.send(page)
        except StopIteration:
            action = None
    assert pressed == ["Plim", "Zorp", "Plim"]
    assert theory.unlock == "Zorp" and theory.commands["Plim"].done == 1
