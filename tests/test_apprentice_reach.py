"""Software far from what the apprentice knows: boards, windows to pick from, forms on the page, complaints, answers in other units."""

from __future__ import annotations

from typing import Any

import pytest

from bakeoff.agents.apprentice.workplace.acts import Act, Fill
from bakeoff.agents.apprentice.workplace.asking import Sources, answers
from bakeoff.agents.apprentice.workplace.entry import Learned, Steps
from bakeoff.agents.apprentice.workplace.hand import Hand, Refused
from bakeoff.agents.apprentice.workplace.job import Job
from bakeoff.agents.apprentice.workplace.page import Page, Row
from bakeoff.agents.apprentice.workplace.rules import Rules
from bakeoff.agents.apprentice.workplace.theory import Command, Theory
from bakeoff.agents.apprentice.workplace.widgets import Field, dictated
from bakeoff.core import Action, Element, Observation


class Screen:
    """Builds an observation line by line; `within` is the element that holds the next ones."""

    def __init__(self, location: str = "/things") -> None:
        self.elements: list[Element] = []
        self.location = location

    def add(self, role: str, name: str = "", within: str | None = None, *states: str, **more: Any) -> str:
        ref = f"e{len(self.elements)}"
        self.elements.append(Element(ref, role, name, parent=within, states=frozenset(states), **more))
        return ref

    @property
    def page(self) -> Page:
        return Page(Observation("", tuple(self.elements), 1, location=self.location))


def board(*cards: tuple[str, str]) -> Screen:
    """A board of three columns with these cards: column and title."""
    screen = Screen()
    main = screen.add("main")
    screen.add("heading", "Things", main)
    for column in ("Raw", "Half done", "Whole"):
        listed = screen.add("list", column, main)
        for title in (title for where, title in cards if where == column):
            card = screen.add("listitem", title, listed)
            grip = screen.add("generic", "", card, attributes={"cursor": "grab"})
            screen.add("link", title, grip)
    return screen


def walk(steps: Steps[Any], pages: list[Page]) -> list[Action]:
    """The actions of these steps, each answered with the next page."""
    done = []
    try:
        action = next(steps)
        while True:
            done.append(action)
            action = steps.send(pages.pop(0))
    except StopIteration:
        return done


def test_a_board_is_read_and_a_record_is_dragged_to_another_column() -> None:
    page = board(("Raw", "Kettle"), ("Whole", "Lamp")).page
    assert list(page.columns) == ["Raw", "Half done", "Whole"]
    assert [(row.title, row.column) for row in page.rows] == [("Kettle", "Raw"), ("Lamp", "Whole")]
    theory = Theory()
    hand = Hand(theory, page)
    command = next(c for c in theory.commands.values() if c.dropped and c.shown == "Whole")
    hand.sought = (page.rows[0], "", "")
    asked = Screen("/things/1/finish")
    dialog = asked.add("dialog", "Finish: Kettle")
    asked.add("heading", "Finish: Kettle", dialog)
    asked.add("button", "Yes", dialog)
    (action,) = walk(hand.begin(command), [asked.page])
    assert action.tool == "drag" and action.arguments == {"ref": page.rows[0].grip, "to": page.columns["Whole"]}
    assert command.form == () and "finish" in command.words, "what opens after the drag says what the drag does"


def test_a_record_is_not_dragged_to_where_it_stands() -> None:
    page = board(("Raw", "Kettle")).page
    hand = Hand(Theory(), page)
    hand.sought = (page.rows[0], "", "")
    command = next(c for c in hand.theory.commands.values() if c.shown == "Raw")
    with pytest.raises(Refused):
        walk(hand.begin(command), [])


def test_rows_that_cannot_be_dragged_make_no_board() -> None:
    screen = Screen()
    listed = screen.add("list", "Things", screen.add("main"))
    screen.add("link", "Kettle", screen.add("listitem", "Kettle", listed))
    assert screen.page.columns == {} and screen.page.rows == [Row("e3", "Kettle", ("Kettle",))]


def test_a_window_to_pick_from_is_looked_through_and_picked_from() -> None:
    screen = Screen()
    dialog = screen.add("dialog", "Keeper")
    box = screen.add("searchbox", "Find", dialog)
    listed = screen.add("list", "", dialog)
    buttons = [screen.add("button", name, screen.add("listitem", name, listed)) for name in ("Ada Byron", "Carl Gauss")]
    screen.add("button", "Away", dialog)
    page = screen.page
    assert page.form is None and not page.listing and page.picker is not None and page.picker.search.ref == box
    assert [option.ref for option in page.options_of("Keeper")] == buttons
    form = Screen()
    held = form.add("form", "", form.add("dialog", "Change"))
    form.add("text", "Keeper", held)
    opener = form.add("button", "Keeper Emmy Noether", held)
    form.add("button", "Carry out", held)
    field = form.page.field("Keeper")
    assert field is not None and (field.kind, field.value) == ("combo", "Emmy Noether")
    hand = Hand(Theory(), form.page)
    actions = walk(hand.enter(field, "Carl Gauss"), [page, form.page])
    assert [action.arguments["ref"] for action in actions] == [opener, buttons[1]]


def test_a_form_laid_out_as_a_table_has_its_labels_and_is_no_list() -> None:
    screen = Screen("/thing7")
    form = screen.add("form", "", screen.add("main"))
    table = screen.add("table", "", form)
    for label, kind in (("Title", "textbox"), ("State", "combobox")):
        row = screen.add("row", label, table)
        screen.add("columnheader", label, row)
        cell = screen.add("cell", "now", row)
        screen.add(kind, "", cell, value="now", options=("now", "later") if kind == "combobox" else ())
        screen.add("link", "(help)", cell)
    screen.add("button", "Keep", form)
    page = screen.page
    assert not page.rows and page.form is not None
    assert [(item.label, item.kind) for item in page.form.fields] == [("Title", "text"), ("State", "choice")]


def test_two_forms_on_the_page_of_a_record_are_two_commands() -> None:
    screen = Screen("/thing7")
    main = screen.add("main")
    for label, button in (("Keeper", "Hand on"), ("Remark", "Say it")):
        form = screen.add("form", "", main)
        screen.add("textbox", label, form)
        screen.add("button", button, form)
    page = screen.page
    assert page.form is None and [control.name for control in page.commands] == ["Hand on", "Say it"]
    hand = Hand(Theory(), page)
    command = hand.theory.command("Say it", "record")
    with pytest.raises(Learned):
        walk(hand.begin(command), [])
    assert command.form is not None and [item.label for item in command.form] == ["Remark"]


def test_what_a_refusal_says_is_kept_to() -> None:
    state = Field("State", "choice", "e1", "Sent", ("Raw", "Sent", "Lost"))
    reason = Field("Reason", "choice", "e2", "Late", ("Late", "Broken"), complaint="Leave this empty for Sent")
    code = Field("Code", "text", "e3", complaint="Code is required")
    rules = Rules()
    assert rules.complained((state, reason, code), {"State": "Sent", "Reason": "Late"})
    assert not rules.complained((state, reason, code), {"State": "Sent", "Reason": "Late"}), "nothing new the second time"
    assert rules.clash({"State": "Sent", "Reason": "Broken"}, {}) == 1 and rules.clash({"State": "Lost", "Reason": "Late"}, {}) == 0
    assert rules.clash({"Reason": "Late"}, {"State": "sent"}) == 1, "it holds for what the record shows already, too"
    assert rules.missing({"State": "Sent"}, {}) == 1 and rules.missing({"State": "Sent", "Code": "X 1"}, {}) == 0
    stuck = Field("State", "choice", "e1", "Raw", ("Raw", "Sent"), complaint="Raw cannot be set by hand")
    rules.complained((stuck,), {})
    assert rules.clash({"State": "Raw"}, {}) == 1 and rules.clash({"State": "Lost"}, {"State": "raw"}) == 0


def test_a_complaint_belongs_to_the_field_before_it() -> None:
    screen = Screen()
    form = screen.add("form", "", screen.add("dialog", "Change"))
    screen.add("alert", "Please look below.", form)
    screen.add("textbox", "Code", form)
    screen.add("alert", "Code is required", form)
    screen.add("textbox", "Remark", form)
    screen.add("button", "Carry out", form)
    page = screen.page
    assert page.form is not None and [item.complaint for item in page.form.fields] == ["Code is required", ""]


def test_rules_survive_a_snapshot() -> None:
    theory = Theory()
    theory.rules.apart.append(("State", "Sent", "Reason"))
    theory.commands["Go"] = Command("Go", "record")
    again = Theory.from_dict(theory.to_dict())
    assert again.rules.clash({"State": "Sent", "Reason": "Late"}, {}) == 1 and again.to_dict() == theory.to_dict()


def test_answers_come_in_the_units_asked_for_and_leave_out_what_is_to_be_left_out() -> None:
    records = [
        {"Cost (cents)": "1250", "State": "Open"},
        {"Cost (cents)": "500", "State": "Open"},
        {"Cost (cents)": "300", "State": "Lost"},
    ]
    job = Job("What do all things of Ada Byron cost, lost ones left out? Finish with the sum in euros as the answer.")
    found = {(a.way, a.label, a.only): a.text for a in answers(Sources(records=records), job)}
    assert found["sum", "Cost (cents)", ("", "")] == "20.50" and found["sum", "Cost (cents)", ("State", "not Lost")] == "17.50"
    plain = {(a.way, a.only) for a in answers(Sources(records=records), Job("Finish with the number as the answer."))}
    assert ("sum", ("State", "not Lost")) not in plain


def test_a_code_to_be_written_down_is_recognised() -> None:
    assert dictated("Write here: N-00715") == "N-00715" and dictated("Write here: #6741") == "#6741"
    assert dictated("Keeper: person") == "" and dictated("Amount: 3") == ""


def test_a_form_that_stays_on_its_page_was_taken_when_it_shows_what_was_put_in() -> None:
    def screen(value: str, *, complaint: str = "") -> Page:
        made = Screen("/thing7")
        main = made.add("main")
        for label, button in (("Keeper", "Hand on"), ("Remark", "Say it")):
            form = made.add("form", "", main)
            made.add("textbox", label, form, value=value if label == "Keeper" else "")
            if complaint and label == "Keeper":
                made.add("alert", complaint, form)
            made.add("button", button, form)
        return made.page

    act = Act("Hand on", (Fill("Keeper", "Ada Byron", (0,)),))
    for complaint, taken in (("", True), ("Nobody is called so", False)):
        hand = Hand(Theory(), screen(""))
        hand.theory.opened(hand.theory.command("Hand on", "record"), _open(hand))
        result: list[bool] = []

        def run(hand: Hand = hand, result: list[bool] = result) -> Steps[None]:
            result.append((yield from hand.carry_out(act, {})))

        walk(run(), [screen("Ada Byron"), screen("Ada Byron", complaint=complaint), *[screen("")] * 4])
        assert result == [taken]


def _open(hand: Hand) -> Page:
    """The page with the first of its forms open."""
    page = hand.page
    page.form = page.inlines[0]
    return page
