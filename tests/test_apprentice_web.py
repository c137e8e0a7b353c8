"""What a newcomer knows of any web software: menus, ways out, search boxes, tabs, forms in parts, columns, colours of messages, boxes to tick."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bakeoff.agents.apprentice.workplace.acts import WAY, Act, Actor, Fill
from bakeoff.agents.apprentice.workplace.belief import PRIOR
from bakeoff.agents.apprentice.workplace.entry import Learned
from bakeoff.agents.apprentice.workplace.hand import Hand, Refused
from bakeoff.agents.apprentice.workplace.job import Job
from bakeoff.agents.apprentice.workplace.meanings import Meanings
from bakeoff.agents.apprentice.workplace.page import Page
from bakeoff.agents.apprentice.workplace.survey import Survey
from bakeoff.agents.apprentice.workplace.theory import Command, FieldModel, Theory
from bakeoff.core import Action
from test_apprentice_reach import Screen, walk


def shop(location: str = "/things", *, open_fold: bool = False, rows: bool = True) -> Screen:
    """A list with a navigation that folds, a search form, and a table whose columns can be sorted."""
    screen = Screen(location)
    nav = screen.add("navigation", "")
    listed = screen.add("list", "", nav)
    for name in ("Start", "Help"):
        screen.add("link", name, screen.add("listitem", name, listed))
    item = screen.add("listitem", "Stores", listed)
    screen.add("button", "Stores", item, "expanded" if open_fold else "collapsed")
    if open_fold:
        screen.add("link", "Kettles", item)
    screen.add("button", "Log out", screen.add("form", "", nav))
    screen.add("heading", "Things")
    form = screen.add("form")
    screen.add("textbox", "Number", form)
    screen.add("textbox", "Thing name", form)
    screen.add("button", "Search", form)
    if rows:
        table = screen.add("table", "")
        head = screen.add("row", "", table)
        for name in ("Thing", "State"):
            screen.add("link", name, screen.add("columnheader", f"{name}: press to sort", head))
        for name, state in (("Old kettle", "whole"), ("Lamp", "broken")):
            row = screen.add("row", name, table)
            cell = screen.add("cell", f"{name} More", row)
            screen.add("link", name, cell)
            screen.add("button", "More", cell, "collapsed")
            screen.add("cell", state, row)
    return screen


def test_a_list_is_told_from_its_search_its_menus_and_the_way_out() -> None:
    page = shop().page
    assert [row.title for row in page.rows] == ["Old kettle", "Lamp"], "neither the heads of columns nor menus are records"
    assert page.rows[0].labelled == (("Thing", "Old kettle"), ("State", "whole"))
    assert page.search is not None and page.search.name == "Thing name", "the box called like the column by which rows are called"
    assert page.form is None and not page.inlines and page.search_button is not None
    assert [control.name for control in page.nav] == ["Start", "Help"] and [control.name for control in page.folds] == ["Stores"]
    assert all(control.name != "Log out" for control in (*page.nav, *page.commands)), "nobody practises leaving"


def test_a_menu_outside_the_main_part_is_no_list_of_records() -> None:
    screen = Screen()
    menu = screen.add("list")
    for name in ("Start", "Everything", "Reports"):
        screen.add("link", name, screen.add("listitem", name, menu))
    screen.add("heading", "Old kettle", screen.add("main"))
    assert not screen.page.rows and [control.name for control in screen.page.nav] == ["Start", "Everything", "Reports"]


def test_what_stands_in_a_folded_part_of_the_navigation_is_unfolded_first() -> None:
    hand = Hand(Theory(), shop(open_fold=True).page)
    command = hand.theory.commands["Kettles"]
    assert command.menu == "Stores"
    hand = Hand(hand.theory, shop().page)
    with pytest.raises(Refused):
        walk(hand.begin(command), [shop(open_fold=True).page, shop("/kettles").page])
    assert command.leads == "/kettles" and "/kettles" in hand.theory.places, "it leads to a further list"


def test_practice_unfolds_the_navigation_and_comes_back_from_outside() -> None:
    theory = Theory()
    first = shop().page
    steps = Survey(theory, first).walk()
    seen: list[Action] = []
    action: Action | None = next(steps)
    while action is not None and len(seen) < 40:
        seen.append(action)
        pressed = action.arguments.get("ref")
        outside = Screen("/elsewhere")
        outside.add("heading", "Another house")
        page = first if action.tool == "back" else shop(open_fold=True).page
        if any(element.ref == pressed and element.name == "Help" for element in first.elements):
            page = outside.page
        try:
            action = steps.send(page)
        except StopIteration:
            action = None
    assert "Kettles" in theory.commands and any(action.tool == "back" for action in seen)
    assert "Another house" not in theory.commands


def test_controls_called_alike_bear_the_name_of_their_group() -> None:
    screen = Screen()
    nav = screen.add("navigation")
    for group in ("Things", "Keepers"):
        held = screen.add("generic", "", nav)
        screen.add("text", group, held)
        screen.add("link", "New", held)
    assert [control.name for control in screen.page.nav] == ["Things New", "Keepers New"]


def record(*, tab: str = "", menu: bool = False) -> Screen:
    """A record's page: a menu, two tabs, a path to it, a form in two parts with two buttons and a file to choose."""
    screen = Screen("/things/7")
    path = screen.add("list", "", screen.add("navigation", "breadcrumb"))
    screen.add("link", "Things", screen.add("listitem", "Things", path))
    screen.add("heading", "Old kettle")
    screen.add("button", "Do", None, "expanded" if menu else "collapsed")
    if menu:
        listed = screen.add("list")
        for name in ("Lend", "Throw away"):
            screen.add("link", name, screen.add("listitem", name, listed))
    form = screen.add("form")
    parts = screen.add("list", "", form)
    for name in ("Name", "Store", "Pictures"):
        screen.add("link", name, screen.add("listitem", name, parts))
    if tab == "Store":
        table = screen.add("table", "", form)
        head = screen.add("row", "", table)
        for name in ("Shelf", "Number"):
            screen.add("columnheader", name, head)
        for shelf, number in (("A", "7"), ("", "")):
            row = screen.add("row", "", table)
            cell = screen.add("cell", shelf, row)
            screen.add("combobox", "", cell, value=shelf, options=("", "A", "B"))
            screen.add("combobox", shelf, cell, "collapsed")
            screen.add("spinbutton", "", screen.add("cell", number, row), value=number)
    else:
        screen.add("textbox", "Title", form, value="Old kettle")
        screen.add("checkbox", "Is lent", form, "checked")
        screen.add("button", "Note", form)
        screen.add("textbox", "Remark", form)
        screen.add("button", "Note", form)
    screen.add("link", "Cancel", form)
    screen.add("button", "Choose File", form)
    screen.add("button", "Keep and go on", form)
    screen.add("button", "Keep", form)
    return screen


def opened(screen: Screen) -> Page:
    page = screen.page
    page.stand()
    return page


def test_a_record_is_told_from_its_path_and_its_menu() -> None:
    page = opened(record(menu=True))
    assert not page.rows and not page.nav and {"Lend", "Throw away"} <= {control.name for control in page.commands}
    (form,) = page.inlines
    assert [control.name for control in form.buttons] == ["Keep and go on", "Keep"], "buttons among the fields, or for a file, send nothing"
    assert [control.name for control in form.parts] == ["Name", "Store", "Pictures"]
    assert form.heading == "Keep and go on", "a form headed by what the record is called is named by its button"


def test_fields_of_a_table_are_called_like_their_columns_and_count_once() -> None:
    (form,) = opened(record(tab="Store")).inlines
    assert [(item.label, item.value) for item in form.fields] == [("Shelf", "A"), ("Number", "7")]


def test_practice_looks_into_the_parts_of_a_form_and_work_goes_there() -> None:
    theory = Theory(home="/things", looked=[])
    survey = Survey(theory, record().page)
    survey.hand.record = "/things/7"
    survey.hand._see(opened(record()))
    command = theory.command("Keep and go on", "record")
    with pytest.raises(Learned):
        walk(survey.hand.begin(command), [])
    walk(survey._look_around(), [record().page, record(tab="Store").page, record().page])
    assert theory.parts == {"Shelf": "Store", "Number": "Store"} and theory.ways[command.name] == ["Keep and go on", "Keep"]
    assert command.form is not None and "Number" in {item.label for item in command.form}
    hand = survey.hand
    hand._see(opened(record()))
    act = Act(command.name, (Fill("Number", "9", (0,)), Fill(WAY, "Keep", (), "way")))
    done = Screen("/things")
    done.add("heading", "Things")
    actions = walk(hand.carry_out(act, {}), [record(tab="Store").page, record(tab="Store").page, done.page, done.page, done.page])
    names = [name for action in actions if (name := _name(record(tab="Store"), record(), action))]
    assert names[:3] == ["Store", "9", "Keep"]


def _name(second: Screen, first: Screen, action: Action) -> str:
    if action.tool == "type":
        return str(action.arguments["text"])
    for screen in (first, second):
        found = next((e.name for e in screen.elements if e.ref == action.arguments.get("ref") and e.name in ("Store", "Keep")), "")
        if found:
            return found
    return ""


def acts(goal: str, *form: FieldModel, facts: dict[str, str] | None = None, ways: tuple[str, ...] = ()) -> Iterator[Act]:
    """The ways to use a command with this form for this job, the most believed first."""
    theory = Theory()
    theory.commands["Keep"] = command = Command("Keep", "record", form=form)
    if ways:
        theory.ways["Keep"] = list(ways)
    job = Job(goal)
    actor = Actor(job, theory, lambda name: PRIOR.get(name, 0.0), facts or {}, Meanings([]), {})
    found = actor.acts(command, frozenset(range(len(job.slots))), False)
    return iter([item.act for item in sorted(found, key=lambda item: -item.promise)])


def test_a_box_is_ticked_or_no_longer_when_the_job_names_it() -> None:
    title, box = FieldModel("Title", "text", filled=True), FieldModel("Is public", "flag", ("no",))
    best = next(acts("The kettle shall no longer be public.", title, box, facts={"Is public": "yes"}))
    assert [(fill.label, fill.value) for fill in best.fills] == [("Is public", "no")]
    assert next(acts("Clean the kettle.", title, box)).fills == ()


def test_nobody_stands_for_the_option_that_means_no_choice() -> None:
    keeper = FieldModel("Assigned to", "choice", ("- no selection -", "ada", "carl"), filled=True)
    best = next(acts("Nobody shall be assigned to the kettle any more.", keeper, facts={"Assigned to": "ada"}))
    assert [fill.value for fill in best.fills] == ["- no selection -"]


def test_one_of_several_buttons_is_chosen_by_its_name() -> None:
    title = FieldModel("Title", "text", filled=True)
    best = next(acts("Publish the kettle.", title, ways=("Save draft", "Publish")))
    assert [(fill.label, fill.value) for fill in best.fills] == [(WAY, "Publish")]


def test_what_is_to_be_written_word_for_word_is_one_value() -> None:
    job = Job("Put this note on order 100007: Leave the parcel with Ada Byron, please. Thank you.")
    assert [(slot.kind, slot.text) for slot in job.slots][-1] == ("quoted", "Leave the parcel with Ada Byron, please. Thank you.")
    assert all("parcel" not in word for word in job.words)
    names = Job("Assign these leads to Sofia Lima: Elena Adeyemi (Yard Foods) and Yuki Rahman (Labs).")
    assert "Elena Adeyemi" in [slot.text for slot in names.slots], "a list of names is no sentence"
    assert [slot.text for slot in Job("The lamp has the wrong UPC. Set it to 91230.", frozenset({"upc"})).slots] == ["91230"]


def test_a_long_text_goes_into_an_empty_box_of_several_lines() -> None:
    fields = (FieldModel("Name", "text"), FieldModel("Description", "long", filled=True), FieldModel("Comment", "long"))
    best = next(acts("Reply to the kettle: The part has been ordered and comes on Thursday.", *fields))
    assert [fill.label for fill in best.fills] == ["Comment"]


def test_an_alert_in_green_or_blue_is_no_refusal() -> None:
    screen = Screen()
    for colour in ("green", "blue", "red"):
        screen.add("button", "Close", screen.add("alert", f"It is {colour}", attributes={"color": colour}))
    screen.add("alert", "It is plain")
    page = screen.page
    assert page.notices == ("It is green", "It is blue") and page.alerts == ("It is red", "It is plain") and not page.commands


def test_the_control_that_takes_the_place_of_the_one_pressed_is_left_alone() -> None:
    def page(*buttons: str, said: str = "") -> Page:
        screen = Screen("/things/7")
        main = screen.add("main")
        screen.add("heading", "Old kettle", main)
        screen.add("status", said, main)
        for name in buttons:
            screen.add("button", name, screen.add("form", "", main))
        return screen.page

    hand = Hand(Theory(home="/things"), page("Hold"))
    before = hand.page
    assert not walk(hand.follow(before, "Hold"), [])
    hand._see(page("Unhold", said="done"))
    assert not walk(hand.follow(before, "Hold"), []), "pressing it would undo the change"
    hand._see(page("Hold", "Confirm the change", said="done"))
    assert len(walk(hand.follow(before, "Hold"), [page("Hold")])) == 1


def test_what_tables_and_texts_beside_each_other_say_is_known_of_a_record() -> None:
    screen = Screen("/orders/3")
    table = screen.add("table")
    head, row = screen.add("row", "", table), screen.add("row", "", table)
    for label, value in (("Name", "Ada Byron"), ("Email", "ada@mail.example")):
        screen.add("columnheader", label, head)
        screen.add("cell", value, row)
    screen.add("text", "Priority")
    screen.add("text", "High")
    page = screen.page
    assert page.facts == {"Name": "Ada Byron", "Email": "ada@mail.example"} and page.beside["Priority"] == "High"


def test_a_theory_with_parts_and_ways_survives_a_snapshot() -> None:
    theory = Theory(parts={"Number": "Store"}, ways={"Keep": ["Keep", "Publish"]}, menu=["Start"], looked=["Stores"])
    assert Theory.from_dict(theory.to_dict()) == theory
