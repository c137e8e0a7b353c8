"""What products of today do and these do as well: boards, approval queues, business rules, every widget in every family."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import urlencode

import pytest

from bakeoff.core import TaskId
from bakeoff.environments.browser import census, forms, pages, products, server, tasks, verify
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.families import FAMILIES
from bakeoff.environments.browser.office import Office
from bakeoff.environments.browser.schema import Act, apply_all, objection
from bakeoff.environments.browser.world import open_copy, snapshot
from open_products import OPEN, product_with


def _office(drawn: Blueprint, seed: int = 1) -> Office:
    return Office(drawn, open_copy(snapshot(drawn, "task", seed)))


def _send(office: Office, path: str, form: dict[str, object]) -> tuple[int, str]:
    answer = server._accept(office, path, urlencode({"csrf": office.csrf, **form}, doseq=True).encode())
    return answer.status_code, bytes(answer.body).decode()


def _form(office: Office, action: str, values: dict[str, object]) -> dict[str, object]:
    """A form as the product's page would send it."""
    drawn = office.blueprint
    held: dict[str, object] = {"step": str(len(drawn.steps(action)) - 1), "j": "As asked"}
    for name in drawn.form_fields(action):
        value = values.get(name, drawn.family.field(name).empty)
        held |= forms.enter(drawn, name, value, office.users)
    return held


# --- what there is ------------------------------------------------------------------------------------------------------------------

EVERYWHERE = (
    "select radio combobox segmented dropdown lookup native written triple calendar checkbox yesno switch checkboxes commas chips transfer text "
    "stepper slider board"
).split()
WAYS = (
    "commit: direct", "commit: draft", "commit: outbox", "commit: approval", "confirm: verbs", "confirm: all", "confirm: typed",
    "edit: page", "edit: dialog", "edit: inline", "edit: wizard", "edit: autosave", "grid", "ticked rows", "one form for the status",
    "home: home", "find: search", "actions: rows", "lock", "justify",
)  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_every_widget_and_way_of_working_exists_in_every_family(family: str) -> None:
    counted = census.census(family)
    rare = {feature: counted[feature] for feature in (*EVERYWHERE, *WAYS) if counted[feature] < 8}
    assert not rare


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_asks_for_answers_of_several_types_and_for_what_cannot_be_done(family: str) -> None:
    name = OPEN[family][0]
    kinds: Counter[str] = Counter()
    impossible, reading, several = set(), set(), set()
    for template in FAMILIES[family].templates:
        for seed in range(5):
            job = tasks.assignment(TaskId("browser", name, 1, template, seed)).job
            if job.answer is not None:
                kinds[job.answer.kind] += 1
                impossible |= {template} if job.tempting else set()
            reading |= {template} if job.sources and job.acts else set()
            several |= {template} if sum(len(act.records) for act in job.acts) > 1 else set()
    assert {"number", "date", "list"} <= set(kinds) and (kinds["money"] or family == "helpdesk")
    assert len(impossible) >= 2 and len(reading) >= 2 and len(several) >= 2


@pytest.mark.parametrize("family", FAMILIES)
def test_no_job_breaks_a_rule_of_its_own_house(family: str) -> None:
    for seed in range(2):
        for template in FAMILIES[family].templates:
            found = tasks.assignment(TaskId("browser", OPEN[family][seed + 50], 1, template, seed))
            state = found.before
            for act in found.job.acts:
                operation = found.blueprint.family.operation(act.operation)
                for key in act.records or (None,):
                    against = objection(state.records, operation, key, act.values)
                    assert against is None, (found.id, act, against)
                    one = Act(act.operation, () if key is None else (key,), act.values)
                    state = apply_all(found.blueprint.family, state, (one,))


# --- rules --------------------------------------------------------------------------------------------------------------------------


def _refused(family: str, operation: str, key: int, values: dict[str, object], said: str, office: Office) -> None:
    """Sends an operation's form by hand: it must be refused with this message, and change nothing."""
    before = office.store.state()
    office.flash.clear()
    status, page = _send(office, pages.addresses(office.blueprint).action(key, operation), _form(office, operation, values))
    told = page + " ".join(text for _, text in office.flash)
    assert status in (422, 303) and said in told, (family, operation, status, office.flash, re.sub("<[^>]+>", " ", page)[-900:])
    assert office.store.state() == before


def test_nobody_gets_back_more_than_was_paid() -> None:
    office = _office(product_with("shop", commit="direct", confirm="none", status="verbs"))
    key, record = next((key, item) for key, item in office.store.records().items() if item["entity"] == "order" and item["total"] > 0)
    left = record["total"] - record["refunded"]
    shown = forms.shown(office.blueprint, "refund", left, office.users)
    _refused("shop", "refund", key, {"refund": left + 100}, f"at most {shown}", office)
    status, _ = _send(office, pages.addresses(office.blueprint).action(key, "refund"), _form(office, "refund", {"refund": left}))
    assert status == 303 and office.store.records()[key]["refunded"] == record["total"]


def test_nobody_gets_more_holiday_than_is_left() -> None:
    office = _office(product_with("hr", commit="direct", confirm="none", status="verbs"))
    records = office.store.records()
    people = {record["name"]: key for key, record in records.items() if record["entity"] == "employee"}
    key = next(
        key
        for key, item in records.items()
        if item["entity"] == "leave" and (item["leave_kind"], item["leave_status"]) == ("holiday", "requested") and item["name"] in people
    )
    office.store.update(people[records[key]["name"]], {"days_left": 0})
    _refused("hr", "grant", key, {}, "at most 0", office)


def test_blocked_suppliers_are_not_paid_and_nothing_is_paid_twice() -> None:
    office = _office(product_with("payables", commit="direct", confirm="none", status="verbs"))
    records = office.store.records()
    key = next(key for key, item in records.items() if item["entity"] == "invoice" and item["status"] == "approved")
    supplier = next(
        other for other, item in records.items() if item["entity"] == "supplier" and item["supplier"] == records[key]["supplier"]
    )
    office.store.update(supplier, {"supplier_status": "blocked"})
    blocked = office.blueprint.word("value.supplier_status.blocked")
    _refused("payables", "schedule", key, {"pay_on": "2026-04-01"}, blocked, office)
    office.store.update(supplier, {"supplier_status": "active"})
    office.store.insert({**records[key], "status": "scheduled", "pay_on": "2026-04-01"})
    _refused("payables", "schedule", key, {"pay_on": "2026-04-02"}, office.blueprint.word("value.status.scheduled"), office)


def test_a_room_is_used_by_one_meeting_at_a_time_and_holds_everybody() -> None:
    office = _office(product_with("travel", commit="direct", confirm="none", status="verbs", fold="none"))
    records = office.store.records()
    meetings = [key for key, item in records.items() if item["entity"] == "meeting" and item["meeting_status"] == "planned"]
    first, second = meetings[:2]
    taken = {name: records[first][name] for name in ("room", "day", "slot")}
    office.store.update(second, {"room": taken["room"]})
    _refused("travel", "reschedule", second, {"day": taken["day"], "slot": taken["slot"]}, "is not free then", office)
    _refused("travel", "place", second, {"room": "Atrium"}, "is not known", office)
    small = min(
        (item for item in records.values() if item["entity"] == "room" and item["room_status"] == "open"), key=lambda item: item["seats"]
    )
    office.store.update(second, {"people": 40})
    _refused("travel", "place", second, {"room": small["room"]}, f"at most {small['seats']}", office)


def test_addresses_of_leads_are_their_own_and_tickets_are_escalated_once() -> None:
    office = _office(product_with("crm", commit="direct", confirm="none"))
    mail = next(iter(office.store.records().values()))["email"]
    before = office.store.state()
    status, page = _send(
        office, pages.addresses(office.blueprint).new, _form(office, "create", {"name": "Ann Lee", "company": "Acme", "email": mail})
    )
    assert status == 422 and f"{mail} exists already" in page and office.store.state() == before
    desk = _office(product_with("helpdesk", commit="direct", confirm="none", status="verbs"))
    key = next(key for key, item in desk.store.records().items() if item["escalated"] and item["status"] != "closed")
    _refused("helpdesk", "escalate", key, {"escalation": "Again"}, desk.blueprint.word("field.escalated"), desk)


def test_a_rule_that_came_to_hold_meanwhile_stops_a_change_that_waits() -> None:
    office = _office(product_with("shop", commit="approval", confirm="all", status="board"))
    key, record = next(
        (key, item) for key, item in office.store.records().items() if item["entity"] == "order" and item["total"] > item["refunded"]
    )
    left = record["total"] - record["refunded"]
    for _ in range(2):
        office.store.wait(key, "refund", {"refund": left})
    numbers = [number for number, target, action, *_ in office.store.waiting() if action == "refund"]
    assert [office.release(number) for number in numbers] == [True, True]
    assert office.store.records()[key]["refunded"] == record["total"]
    assert [kind for kind, _ in office.flash] == ["status", "alert"]


# --- boards and queues --------------------------------------------------------------------------------------------------------------


def _moved(office: Office, key: int, lane: str) -> tuple[int, str]:
    entity = office.blueprint.family.entity_of(office.store.records()[key])
    return _send(office, pages.addresses(office.blueprint).moved(entity), {"id": key, "to": lane})


def test_a_card_moves_to_the_lane_of_its_new_status() -> None:
    drawn = next(
        found
        for name in OPEN["crm"]
        if (found := products.blueprint(name)).widgets["status"] == "board"
        and found.workflow["commit"] == "direct"
        and found.workflow["confirm"] in ("none", "verbs")
        and not found.workflow["lock"]
    )
    office = _office(drawn)
    status = drawn.family.field("status")
    new = [key for key, item in office.store.records().items() if item["status"] == "new"]
    lane = forms.value_word(drawn, status, "qualified")
    before = office.store.state()
    code, _ = _moved(office, new[0], lane)
    want = apply_all(drawn.family, before, (Act("qualify", (new[0],)),))
    if drawn.confirmed("qualify"):
        assert code == 303 and office.store.state() == before
    else:
        assert code == 303 and office.store.state().records == want.records
    # A lane that asks for more opens the form; one that no operation leads to refuses.
    now = office.store.state()
    assert _moved(office, new[1], forms.value_word(drawn, status, "disqualified"))[0] == 303 and office.store.state() == now
    _moved(office, new[1], forms.value_word(drawn, status, "contacted"))
    assert office.store.state() == now and office.flash[-1][0] == "alert"
    assert _moved(office, new[1], "No such lane")[0] == 404
    offered = pages.addresses(drawn).action(new[1], "qualify")
    assert offered not in pages.record_page(office, new[1]), "a board's moves are no actions of the record's page"
    assert offered in pages.list_page(office, {"q": drawn.code(new[1])}, drawn.family.entities[0]), (
        "the card's own menu is the way without a mouse"
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_what_waits_for_approval_is_not_done_until_it_is_approved(family: str) -> None:
    drawn = next(
        found
        for name in OPEN[family]
        if (found := products.blueprint(name)).workflow["commit"] == "approval" and not found.workflow["lock"] and not found.justifies
    )
    office, at = _office(drawn), pages.addresses(drawn)
    first = drawn.family.entities[0]
    key = next(
        key
        for key, item in office.store.records().items()
        if drawn.family.entity_of(item) is first and not any(target == key for _, target, *_ in office.store.waiting())
    )
    before = verify.final_state(drawn, office.connection)
    operation = drawn.family.editing(first)
    office.perform(operation.name, operation, [key], {first.contact: "new@house.example"})
    act = Act(operation.name, (key,), {first.contact: "new@house.example"})
    waiting = verify.judge(drawn.family, before, verify.final_state(drawn, office.connection), (act,))
    assert {"published", f"goal-{first.contact}"} <= set(waiting.failed_checks)
    number = max(number for number, *_ in office.store.waiting())
    review = bytes(server._get(office, at.waits(number), {}).body).decode()
    assert "new@house.example" in review and before.records[key][first.contact] in review and drawn.word("ui.approve") in review
    assert _send(office, at.waits(number, "release"), {})[0] == 303
    assert verify.judge(drawn.family, before, verify.final_state(drawn, office.connection), (act,)).passed
    assert server._get(office, at.waits(number), {}).status_code == 404


def test_a_date_in_three_parts_survives_an_error_and_odd_input() -> None:
    drawn = product_with("hr", date="triple", commit="direct")
    office = _office(drawn)
    key = next(key for key, item in office.store.records().items() if item["entity"] == "employee" and item["status"] == "active")
    name = forms.field_key(drawn, "last_day")
    action = drawn.action_for("dismiss")
    if drawn.workflow["lock"]:
        office.store.lock(key)
    path = pages.addresses(drawn).action(key, action)
    chosen = {f"{name}d": "31", f"{name}m": drawn.month(2), f"{name}y": "2026", "step": "9"}
    status, page = _send(office, path, chosen)
    assert status == 422 and f"<option selected>{drawn.month(2)}</option>" in page
    assert _send(office, path, {**chosen, name: "2026-99-99"})[0] == 422
    assert _send(office, path, {**chosen, name: "###"})[0] == 422
